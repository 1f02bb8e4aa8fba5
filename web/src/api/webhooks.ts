// Webhooks: addresses that are told what happens, and what became of each message.
import { queryOptions } from '@tanstack/react-query'
import { api } from './client'

export type Webhook = { id: number; name: string; url: string; events: string[]; segments: number[]; enabled: boolean; stopped: string; by: string; created_at: string; updated_at: string }
export type WebhookBody = Pick<Webhook, 'name' | 'url' | 'events' | 'segments' | 'enabled'>
export type Delivery = { id: number; message: string; event: string; state: 'waiting' | 'done' | 'failed'; attempts: number; made_at: string; next_at: string | null; ended_at: string | null; note: string; customer: number | null }

export const webhooks = {
  list: () => queryOptions({ queryKey: ['webhooks'], queryFn: () => api.get<{ webhooks: Webhook[]; events: string[] }>('/webhooks'), refetchInterval: 15_000 }),
  deliveries: (id: number, limit: number) => queryOptions({ queryKey: ['webhooks', id, 'deliveries', limit], queryFn: () => api.get<{ deliveries: Delivery[] }>(`/webhooks/${id}/deliveries`, { limit }).then((r) => r.deliveries), refetchInterval: 3000, placeholderData: (before) => before }),
  create: (body: WebhookBody) => api.post<{ webhook: Webhook; secret: string }>('/webhooks', body),
  change: (id: number, body: WebhookBody) => api.put<Webhook>(`/webhooks/${id}`, body),
  remove: (id: number) => api.delete(`/webhooks/${id}`),
  rotate: (id: number) => api.post<{ secret: string }>(`/webhooks/${id}/secret`),
  test: (id: number) => api.post(`/webhooks/${id}/test`),
  replay: (id: number, delivery: number) => api.post(`/webhooks/${id}/deliveries/${delivery}/replay`),
}
