// Exchange rates into the currency of the workspace, by currency and day.
import { queryOptions } from '@tanstack/react-query'
import { api, apiPath } from './client'
import type { CostChange } from './costs'

export type Rate = { currency: string; day: string; rate: string }
export type MissingRate = { currency: string; first: string; last: string; events: number; costs: number }

export const rates = {
  page: (cursor?: string) => api.get<{ rates: Rate[]; next_cursor?: string }>('/rates', { limit: 200, cursor }),
  missing: () => queryOptions({ queryKey: ['rates', 'missing'], queryFn: ({ signal }) => api.get<{ currencies: MissingRate[] }>('/rates/missing', undefined, signal).then((r) => r.currencies) }),
  put: (rows: Rate[]) => api.put<CostChange>('/rates', { rates: rows }),
  remove: (row: Rate) => api.delete(`/rates?${new URLSearchParams({ currency: row.currency, from: row.day, to: row.day })}`),
  importPath: (options: { dates?: string; decimal?: string }) => apiPath('/rates/import', options).replace('/api/v1', ''),
}
