// Drawings of dashboards: one at once, or on a schedule.
import { queryOptions } from '@tanstack/react-query'
import { api, ApiError, apiPath, problem, reader, type Query } from './client'

export type Drawn = 'pdf' | 'png' | 'svg'
export type Digest = { id: number; name: string; dashboard: number; language: 'en' | 'it' | 'ro'; format: Drawn; every: 'day' | 'week' | 'month'; on: number; hour: number; enabled: boolean; webhook: number; /** Microseconds; 0: switched off. */ next: number; /** Microseconds; 0: never. */ last: number; problem: string; by: string }
export type DigestBody = Omit<Digest, 'id' | 'next' | 'last' | 'problem' | 'by'>
export type DigestFile = { /** Microseconds; also its number. */ at: number; format: Drawn; size: number }

/** What the server takes of a digest. */
export const bodyOf = ({ id: _id, next: _next, last: _last, problem: _problem, by: _by, ...body }: Digest): DigestBody => body

/** Reads a file that the server makes. */
async function blob(path: string, query?: Query): Promise<Blob> {
  let response: Response
  try {
    response = await fetch(apiPath(path, query), { headers: reader(), credentials: 'same-origin' })
  } catch {
    throw new ApiError(0, 'offline', '')
  }
  if (!response.ok) throw await problem(response)
  return response.blob()
}

export const digests = {
  list: () => queryOptions({ queryKey: ['digests'], queryFn: () => api.get<{ digests: Digest[] }>('/digests').then((r) => r.digests), refetchInterval: 30_000 }),
  files: (id: number) => queryOptions({ queryKey: ['digests', id, 'files'], queryFn: () => api.get<{ files: DigestFile[] }>(`/digests/${id}/files`).then((r) => r.files) }),
  create: (body: DigestBody) => api.post<Digest>('/digests', body),
  change: (id: number, body: DigestBody) => api.put<Digest>(`/digests/${id}`, body),
  remove: (id: number) => api.delete(`/digests/${id}`),
  run: (id: number) => api.post<DigestFile>(`/digests/${id}/run`),
  file: (id: number, at: number) => blob(`/digests/${id}/files/${at}`),
  drawDashboard: (id: number, format: Drawn) => blob(`/dashboards/${id}/export`, { format }),
}
