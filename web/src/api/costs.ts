// What marketing cost, by day, channel and campaign.
import { queryOptions } from '@tanstack/react-query'
import { api, apiPath } from './client'

export type CostKind = 'ads' | 'salaries' | 'other'
export type Cost = { day: string; channel: string; campaign?: string; kind?: CostKind; amount: number; currency: string }
export type CostChange = { rows: number; added: number; changed: number; same: number }

export const costs = {
  list: (from: string, to: string) => queryOptions({ queryKey: ['costs', from, to], queryFn: () => api.get<{ costs: Cost[] }>('/costs', { from, to }).then((r) => r.costs), placeholderData: (before) => before }),
  put: (rows: Cost[]) => api.put<CostChange>('/costs', { costs: rows }),
  /** Takes away one row; without a campaign the one that has none. */
  remove: (row: Pick<Cost, 'day' | 'channel' | 'campaign'>) => api.delete(`/costs?${new URLSearchParams({ from: row.day, to: row.day, channel: row.channel, campaign: row.campaign ?? '' })}`),
  importPath: (options: { currency?: string; kind?: string; dates?: string; decimal?: string }) => apiPath('/costs/import', options).replace('/api/v1', ''),
}
