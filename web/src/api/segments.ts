// Segments, their members and history, RFM, and the values that conditions can name.
import { queryOptions } from '@tanstack/react-query'
import { type Raw, customers as adaptCustomers } from './adapt'
import { api, type Query } from './client'
import type { Cond } from './condition'
import type { CustomerRow, PropertyName } from './types'

export type Segment = {
  id: number
  key: string
  name: string
  description: string
  kind: 'dynamic' | 'static'
  version: number
  when: Cond
  sentence: string
  size: number
  share: number | null
  building: boolean
  /** Customers are still being put on its list. */
  filling: boolean
  by: string
  created_at: string
  updated_at: string
  used_by: { id: number; key: string; name: string }[]
}
export type SegmentList = { segments: Segment[]; population: number }
export type SegmentBody = { key?: string; name: string; description?: string; kind?: 'dynamic' | 'static'; when?: Cond }
export type WarningCode = 'matches_nobody' | 'matches_all' | 'never_leaves' | 'unknown_event' | 'unknown_trait' | 'unknown_property' | 'type_mismatch'
export type PreviewRow = Partial<CustomerRow> & { id: string }
export type Preview = {
  size: number
  population: number
  share: number | null
  sentence: string
  sample: PreviewRow[]
  enters: number | null
  leaves: number | null
  enter_sample: PreviewRow[]
  leave_sample: PreviewRow[]
  warnings: { code: WarningCode; name?: string }[]
  rests_on: string[]
  took_ms: number
}
export type SegmentVersion = { version: number; status: 'building' | 'live' | 'retired'; when: Cond | null; sentence: string; by: string; created_at: string }
export type SizePeriod = { start: string; end: string; size: number; entered: number; left: number }
export type CompositionGroup = { value: string; missing?: boolean; rest?: boolean; members: number; population: number }
export type Cause = { timer: boolean; event_id?: string; event?: string; kind?: string; at?: string }
export type Stay = { n: number; entered_at: string; left_at: string | null; entered_by: Cause | null; left_by: Cause | null }
export type Reason = { sentence: string; when: Cond; holds: boolean; value?: string; parts?: Reason[] }
export type Explained = { customer: number; member: boolean; at: string; stay: Stay | null; next: string | null; why: Reason }
export type CustomerSegment = { id: number; key: string; name: string; member: boolean; stays: Stay[] }
export type Overlap = { segments: number[]; customers: number }
export type ReadySegment = { key: string; name: string; description: string; when: Cond; sentence: string; needs?: 'rfm'; made: boolean }
export type RfmCell = { customers: number; money: number }
export type RfmRun = { taken_at: string; by: string; property: string; days: number[]; orders: number[]; money: number[]; customers: number; cells: RfmCell[][]; by_money: number[] }
export type Imported = { rows: number; changed: number; unknown: number; unknown_samples: string[] }
export type Values = { values: { value: string | number | boolean; count: number }[]; sampled: number; having: number }

const rows = (list: Raw[] | null): PreviewRow[] => (list ?? []).map((r) => ({ ...r, id: String(r.id) }))
const preview = (r: Raw): Preview => ({ ...(r as Preview), sample: rows(r.sample), enter_sample: rows(r.enter_sample), leave_sample: rows(r.leave_sample) })

export const segments = {
  list: () => queryOptions({ queryKey: ['segments'], queryFn: () => api.get<SegmentList>('/segments'), refetchInterval: (s) => (s.state.data?.segments.some((x) => x.building || x.filling) ? 1500 : 15_000) }),
  one: (id: string | number) => queryOptions({ queryKey: ['segments', String(id)], queryFn: () => api.get<Segment>(`/segments/${id}`), refetchInterval: (s) => (s.state.data?.building || s.state.data?.filling ? 1000 : 15_000) }),
  preview: (when: Cond, segment?: number) => queryOptions({ queryKey: ['segment-preview', when, segment], queryFn: ({ signal }) => api.post<Raw>('/segments/preview', { when, ...(segment ? { segment } : {}) }, signal).then(preview), placeholderData: (before) => before, staleTime: 30_000, retry: false }),
  versions: (id: number) => queryOptions({ queryKey: ['segments', String(id), 'versions'], queryFn: () => api.get<{ versions: SegmentVersion[] | null }>(`/segments/${id}/versions`).then((r) => r.versions ?? []) }),
  history: (id: number, query: Query) => queryOptions({ queryKey: ['segments', String(id), 'history', query], queryFn: ({ signal }) => api.get<{ periods: SizePeriod[] }>(`/segments/${id}/history`, query, signal).then((r) => r.periods), placeholderData: (before) => before, staleTime: 30_000 }),
  composition: (id: number, by: 'stage' | 'trait', name: string) =>
    queryOptions({ queryKey: ['segments', String(id), 'composition', by, name], queryFn: ({ signal }) => api.get<{ groups: CompositionGroup[] }>(`/segments/${id}/composition`, { by, name }, signal).then((r) => r.groups), placeholderData: (before) => before, staleTime: 30_000, retry: false }),
  explain: (id: number, customer: string, at?: string) => queryOptions({ queryKey: ['segments', String(id), 'explain', customer, at], queryFn: ({ signal }) => api.get<Explained>(`/segments/${id}/explain`, { customer, at }, signal), placeholderData: (before) => before, retry: false }),
  members: (id: number, query: Query, signal?: AbortSignal) => api.get<Raw>(`/segments/${id}/members`, query, signal).then(adaptCustomers),
  of: (customer: string) => queryOptions({ queryKey: ['customers', customer, 'segments'], queryFn: () => api.get<{ segments: CustomerSegment[] }>(`/customers/${customer}/segments`).then((r) => r.segments) }),
  overlap: (ids: number[]) => queryOptions({ queryKey: ['segments', 'overlap', ids], queryFn: ({ signal }) => api.get<{ overlaps: Overlap[] }>('/segments/overlap', { segments: ids.join(',') }, signal).then((r) => r.overlaps), placeholderData: (before) => before, retry: false }),
  ready: () => queryOptions({ queryKey: ['segments', 'ready'], queryFn: () => api.get<{ segments: ReadySegment[] }>('/segments/ready').then((r) => r.segments) }),
  rfm: () => queryOptions({ queryKey: ['segments', 'rfm'], queryFn: () => api.get<{ run: RfmRun | null }>('/segments/rfm').then((r) => r.run) }),
  takeRfm: () => api.post<{ run: RfmRun }>('/segments/rfm'),
  create: (body: SegmentBody) => api.post<Segment>('/segments', body),
  change: (id: number, body: { name?: string; description?: string; when?: Cond; emit?: boolean }) => api.patch<Segment>(`/segments/${id}`, body),
  remove: (id: number) => api.delete(`/segments/${id}`),
  put: (id: number, customers: string[]) => api.post<{ changed: number }>(`/segments/${id}/members`, { customers: customers.map(Number) }),
  take: (id: number, customers: string[]) => api.delete<{ changed: number }>(`/segments/${id}/members`, { customers: customers.map(Number) }),
}

/** What arrived: names and values to choose from. */
export const arrived = {
  properties: (event: string, kind = 'track') => queryOptions({ queryKey: ['property-names', event, kind], queryFn: () => api.get<{ properties: PropertyName[] }>('/events/properties', { event, kind }).then((r) => r.properties), staleTime: 60_000 }),
  values: (query: { of: 'property' | 'trait'; name: string; event?: string; kind?: string; q?: string }) =>
    queryOptions({ queryKey: ['values', query], queryFn: ({ signal }) => api.get<Values>('/data/values', query, signal), staleTime: 60_000, placeholderData: (before) => before, retry: false }),
}
