/** One field that the server refused. */
export type FieldError = { location: string; message: string }

/** A problem document (RFC 9457), or a failure to reach the server at all (status 0). */
export class ApiError extends Error {
  status: number
  code: string
  fields: FieldError[]

  constructor(status: number, title: string, detail: string, code = '', fields: FieldError[] = []) {
    super(detail || title)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.fields = fields
  }

  /** The message for a form field, matched by the last part of the location; a field with a list answers for its items. */
  field(name: string): string | undefined {
    return this.fields.find(({ location }) => [location, location.replace(/\[\d+\]$/, '')].some((at) => at === name || at.endsWith(`.${name}`) || at.endsWith(`/${name}`)))?.message
  }
}

let csrf = ''
let language = 'en'

/** Sets the language in which the server says what it refuses: that of the page, which need not be the browser's. */
export function setLanguage(code: string) {
  language = code
}

/** What every request says of its reader. */
export const reader = (): Record<string, string> => ({ 'Accept-Language': language })

/** Sets the token that every changing request sends. It comes with the session. */
export function setCsrf(token: string) {
  csrf = token
}

export type Query = Record<string, string | number | boolean | string[] | null | undefined>

/** Builds a path of the API with its query; empty values are left out. */
export function apiPath(path: string, query?: Query): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '' || value === false) continue
    if (Array.isArray(value)) value.forEach((v) => params.append(key, v))
    else params.set(key, String(value))
  }
  const text = params.toString()
  return `/api/v1${path}${text ? `?${text}` : ''}`
}

/** What a refused request says. */
export async function problem(response: Response): Promise<ApiError> {
  try {
    const body = await response.json()
    const fields: FieldError[] = (Array.isArray(body.errors) ? body.errors : []).map((e: FieldError) => ({ location: String(e.location ?? ''), message: String(e.message ?? '') }))
    return new ApiError(response.status, String(body.title ?? response.statusText), String(body.detail ?? ''), String(body.code ?? ''), fields)
  } catch {
    return new ApiError(response.status, response.statusText, '')
  }
}

async function send<T>(method: string, path: string, options: { query?: Query; body?: unknown; signal?: AbortSignal } = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...reader() }
  let body: BodyInit | undefined
  if (options.body instanceof FormData) body = options.body
  else if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    body = JSON.stringify(options.body)
  }
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf
  let response: Response
  try {
    response = await fetch(apiPath(path, options.query), { method, headers, body, signal: options.signal, credentials: 'same-origin' })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'offline', '')
  }
  if (!response.ok) throw await problem(response)
  if (response.status === 204 || response.headers.get('content-length') === '0') return undefined as T
  return (await response.json()) as T
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => send<T>('GET', path, { query, signal }),
  post: <T>(path: string, body?: unknown, signal?: AbortSignal) => send<T>('POST', path, { body: body ?? {}, signal }),
  put: <T>(path: string, body?: unknown) => send<T>('PUT', path, { body }),
  patch: <T>(path: string, body?: unknown) => send<T>('PATCH', path, { body }),
  delete: <T>(path: string, body?: unknown) => send<T>('DELETE', path, { body }),
}

/** Uploads a file with progress, which fetch cannot report. */
export function upload<T>(path: string, file: File, onProgress: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', apiPath(path))
    for (const [name, value] of Object.entries({ Accept: 'application/json', ...reader() })) request.setRequestHeader(name, value)
    if (csrf) request.setRequestHeader('X-CSRF-Token', csrf)
    request.upload.addEventListener('progress', (e) => e.lengthComputable && onProgress(e.loaded / e.total))
    request.addEventListener('error', () => reject(new ApiError(0, 'offline', '')))
    request.addEventListener('load', async () => {
      const response = new Response(request.responseText, { status: request.status, headers: { 'Content-Type': 'application/json' } })
      if (request.status < 300) resolve((await response.json()) as T)
      else reject(await problem(response))
    })
    const form = new FormData()
    form.append('file', file)
    request.send(form)
  })
}
