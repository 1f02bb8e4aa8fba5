// Erasures: requests, their receipts, and reading identifiers out of pasted text.
import { queryOptions } from '@tanstack/react-query'
import { api } from './client'

export type ErasureAction = 'suppress' | 'delete' | 'delete_and_suppress' | 'unsuppress' | 'anonymise'
export type ErasureStatus = 'accepted' | 'filtered' | 'rewritten' | 'verified'
export type ErasureScope = { kind: 'customer' | 'range' | 'properties'; from?: string | null; to?: string | null; properties?: string[] }
export type Receipt = {
  id: number
  action: ErasureAction
  status: ErasureStatus
  scope: ErasureScope
  customer: number
  requested: number
  customers: number
  unknown: number
  by: string
  reason: string
  requested_at: string
  filtered_at: string | null
  rewritten_at: string | null
  verified_at: string | null
  done: number
  total: number
  attempts: number
  error: string
  failed_at: string | null
  stores: { store: string; before: number; after: number }[]
  kept: { import: number; file: string }[]
  backups: { name: string; made_at: string; due_at: string; is_due: boolean }[]
}
export type ErasureAsk = { action: ErasureAction; scope: ErasureScope; reason: string }
export type GivenIdentifier = { type: string; value: string }

/** The most that one request takes. */
export const maxErased = 5000

const moving = (r?: Receipt) => r !== undefined && r.status !== 'verified'

export const erasures = {
  list: () =>
    queryOptions({
      queryKey: ['erasures'],
      queryFn: () => api.get<{ erasures: Receipt[] }>('/erasures', { limit: 500 }).then((r) => r.erasures),
      refetchInterval: (s) => (s.state.data?.some(moving) ? 1000 : 15_000),
    }),
  one: (id: number) => queryOptions({ queryKey: ['erasures', id], queryFn: () => api.get<Receipt>(`/erasures/${id}`), refetchInterval: (s) => (moving(s.state.data) ? 1000 : false) }),
  ofCustomer: (id: string, ask: ErasureAsk) => api.post<Receipt>(`/customers/${id}/erase`, ask),
  many: (identifiers: GivenIdentifier[], ask: ErasureAsk) => {
    const customers = identifiers.filter((i) => i.type === 'customer').map((i) => Number(i.value))
    return api.post<Receipt>('/erasures', { ...ask, customers, identifiers: identifiers.filter((i) => i.type !== 'customer') })
  },
}

/** What a value most likely is, when the text does not say. */
function guess(value: string): string {
  if (/^[^\s@]+@[^\s@]+$/.test(value)) return 'email'
  if (/^\+\d[\d\s().-]{6,}$/.test(value)) return 'phone'
  return 'user_id'
}

/** Reads identifiers from pasted text: one a line, alone or as type,value. A type chosen by hand holds for lines that name none. */
export function readIdentifiers(text: string, fallback: string): GivenIdentifier[] {
  const seen = new Set<string>()
  const out: GivenIdentifier[] = []
  for (const line of text.split(/\r?\n/)) {
    const cells = line.split(/[,;\t]/).map((c) => c.trim().replace(/^"(.*)"$/, '$1'))
    const [first = '', second = ''] = cells
    if (!first || (first === 'type' && second === 'value')) continue
    const named = second !== '' && /^[a-z][a-z0-9_]*$/.test(first)
    const value = named ? second : first
    const type = named ? first : fallback === 'auto' ? guess(value) : fallback
    if (type === 'customer' && !/^\d+$/.test(value)) continue
    if (!seen.has(`${type}\0${value}`)) {
      seen.add(`${type}\0${value}`)
      out.push({ type, value })
    }
  }
  return out
}
