import { afterEach, describe, expect, it, vi } from 'vitest'
import { api, ApiError, apiPath, setCsrf, setLanguage, upload } from './client'
import { digests } from './digests'

afterEach(() => vi.unstubAllGlobals())

const answer = (status: number, body: unknown) => vi.stubGlobal('fetch', vi.fn(async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })))

it('leaves out empty values and repeats lists', () => {
  expect(apiPath('/customers', { q: '', stage: undefined, limit: 10, trait: ['a:is:b', 'c:set:'] })).toBe('/api/v1/customers?limit=10&trait=a%3Ais%3Ab&trait=c%3Aset%3A')
})

describe('errors', () => {
  it('carries the detail and the fields of a problem document', async () => {
    answer(422, { title: 'Invalid', detail: 'Not saved.', code: 'invalid', errors: [{ location: 'body.name', message: 'Too long.' }] })
    const error = await api.post('/users', {}).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ApiError)
    const e = error as ApiError
    expect([e.status, e.message, e.code]).toEqual([422, 'Not saved.', 'invalid'])
    expect(e.field('name')).toBe('Too long.')
    expect(e.field('ame')).toBeUndefined()
  })
  it('does not fail on an answer that is not JSON', async () => {
    answer(502, '<html>')
    const e = (await api.get('/status').catch((x: unknown) => x)) as ApiError
    expect(e.status).toBe(502)
  })
  it('tells a server that is away from one that refuses', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('Failed to fetch'))))
    const e = (await api.get('/status').catch((x: unknown) => x)) as ApiError
    expect(e.status).toBe(0)
  })
})

it('sends the token with changes and not with reads', async () => {
  const calls: RequestInit[] = []
  vi.stubGlobal('fetch', vi.fn(async (_: string, init: RequestInit) => (calls.push(init), new Response('{}', { status: 200 }))))
  setCsrf('t-1')
  await api.get('/status')
  await api.patch('/me', { name: 'A' })
  expect((calls[0]!.headers as Record<string, string>)['X-CSRF-Token']).toBeUndefined()
  expect((calls[1]!.headers as Record<string, string>)['X-CSRF-Token']).toBe('t-1')
})

it('says the language of the page with every request', async () => {
  const said: (string | undefined)[] = []
  vi.stubGlobal('fetch', vi.fn(async (_: string, init: RequestInit) => (said.push((init.headers as Record<string, string>)['Accept-Language']), new Response('{}', { status: 200 }))))
  await api.get('/status')
  setLanguage('ro')
  await api.get('/status')
  await api.post('/segments', {})
  await api.post('/imports', new FormData())
  await api.delete('/segments/1')
  await digests.drawDashboard(1, 'pdf')
  setLanguage('it')
  await api.get('/status')
  class Request extends EventTarget {
    upload = new EventTarget()
    status = 200
    responseText = '{}'
    open() {}
    setRequestHeader(name: string, value: string) {
      if (name === 'Accept-Language') said.push(value)
    }
    send() {
      this.dispatchEvent(new Event('load'))
    }
  }
  vi.stubGlobal('XMLHttpRequest', Request)
  await upload('/imports/uploads', new File(['a'], 'a.csv'), () => {})
  expect(said).toEqual(['en', 'ro', 'ro', 'ro', 'ro', 'ro', 'it', 'it'])
  setLanguage('en')
})
