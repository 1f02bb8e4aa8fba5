// Alerts on KPIs and on lines of saved trends.
import { queryOptions } from '@tanstack/react-query'
import { api } from './client'

export type Watched = { kpi?: string; stage?: string; model?: number; period?: string; insight?: number; line?: string; value?: string }
export type Rule = { kind: 'threshold' | 'change' | 'anomaly'; op?: 'above' | 'below'; value?: number; direction?: 'up' | 'down' | 'both'; by?: number; deviations?: number; seasons?: number; least?: number }
export type Schedule = { every: string; at?: string }
export type Alert = { id: number; name: string; enabled: boolean; watched: Watched; rule: Rule; schedule: Schedule; webhook?: number; emails: string[]; language: 'en' | 'it' | 'ro'; mail_problem?: string; state: 'ok' | 'firing' | 'recovered'; since: number; checked_at: number | null; next_at: number | null; problem?: string; created_at: number; updated_at: number; by: string }
export type AlertBody = Pick<Alert, 'name' | 'watched' | 'rule' | 'schedule'> & { enabled?: boolean; webhook?: number; emails?: string[] }
export type AlertEntry = { n: number; at: number; state: 'firing' | 'recovered'; value: number | null; limit?: number; expected?: number; change?: number; deviation?: number; low?: number; high?: number; history?: number }

/** An endpoint that can be told. */
export type HookName = { id: number; name: string; url: string; events: string[]; enabled: boolean }

/** Whether letters can be sent, from whom, and for administrators through which server. */
export type MailState = { ready: boolean; from?: string; server?: string }
export const mail = {
  state: () => queryOptions({ queryKey: ['mail'], queryFn: () => api.get<MailState>('/settings/mail'), staleTime: 60_000 }),
  test: () => api.post<{ to: string }>('/settings/mail/test', {}),
}

export const alerts = {
  hooks: () => queryOptions({ queryKey: ['webhooks', 'names'], queryFn: () => api.get<{ webhooks: HookName[] }>('/webhooks').then((r) => r.webhooks), staleTime: 30_000, retry: false }),
  list: () => queryOptions({ queryKey: ['alerts'], queryFn: () => api.get<{ alerts: Alert[] }>('/alerts').then((r) => r.alerts), refetchInterval: 15_000 }),
  history: (id: number) => queryOptions({ queryKey: ['alerts', id, 'history'], queryFn: () => api.get<{ history: AlertEntry[] }>(`/alerts/${id}/history`).then((r) => r.history) }),
  create: (body: AlertBody) => api.post<Alert>('/alerts', body),
  change: (id: number, body: Partial<AlertBody>) => api.patch<Alert>(`/alerts/${id}`, body),
  remove: (id: number) => api.delete(`/alerts/${id}`),
}
