// Insights: the questions to the timeline, their answers, who is behind a number, and what is saved of them.
// The server's words are in internal/engine/query; instants are microseconds UTC.
import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import type { EventKind, Node, Test } from './expr'
import type { CustomerRow } from './types'

export type InsightKind = 'trend' | 'funnel' | 'retention' | 'growth' | 'stickiness'
export const insightKinds: InsightKind[] = ['trend', 'funnel', 'retention', 'growth', 'stickiness']
export type Interval = 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'
export type Range = { last: string } | { from: string; to: string }
export type EventPick = { kind?: EventKind | 'signal'; event?: string; where?: Test[] }
export type Breakdown = { by?: 'property' | 'trait' | 'stage'; property: string; at?: 'event' | 'now'; top?: number }

export type TrendMeasure = 'count' | 'customers' | 'per_customer' | 'sum' | 'mean' | 'min' | 'max' | 'median' | 'percentile' | 'active'
export type Series = EventPick & { label?: string; measure?: TrendMeasure; property?: string; percentile?: number; days?: number; money?: boolean }
export type Trend = { series: Series[]; formulas?: { label?: string; formula: string }[]; interval: Interval; breakdown?: Breakdown; compare?: 'previous' | 'last_year'; average?: number; cumulative?: boolean }
export type FunnelStep = EventPick & { label?: string; optional?: boolean }
export type Exclusion = EventPick & { from?: number; to?: number }
export type Funnel = { steps: FunnelStep[]; order?: 'free' | 'strict' | 'any'; window?: string; exclude?: Exclusion[]; counting?: 'customers' | 'all'; breakdown?: Omit<Breakdown, 'at'> & { at?: 'first' | 'last' | 'step' | 'each'; step?: number } }
export type Retention = { start: EventPick; return?: EventPick; entry?: 'recurring' | 'first_time' | 'first_ever'; unit: 'day' | 'week' | 'month'; mode?: 'calendar' | 'rolling'; on_or_after?: boolean; periods?: number; brackets?: [number, number][]; at_least?: number; property?: string; breakdown?: Breakdown }
export type Growth = EventPick & { interval: Interval; new?: 'event' | 'first_seen' }
export type Stickiness = EventPick & { interval: Interval; group?: number; at_least?: number }

export type Spec = { kind: InsightKind; range: Range; where?: Test[]; who?: Node; bots?: boolean; as_known?: string; trend?: Trend; funnel?: Funnel; retention?: Retention; growth?: Growth; stickiness?: Stickiness }

export type BreakValue = { text: string; none?: boolean; other?: boolean; all?: boolean }
export type Bucket = { start: number; end: number; incomplete?: boolean }
export type Point = { value: number | null; numerator: number; denominator?: number }
export type ResultLine = { series: string; label?: string; value: BreakValue; points: Point[]; average?: (number | null)[]; total: Point; before?: ResultLine }
export type Spread = { n: number; mean: number; p25: number; median: number; p75: number; p90: number }
export type FunnelGroup = { value: BreakValue; entered: number; converted: number; excluded: number; pending: number; steps: { reached: number; entered: number; before: number; pending: number; time?: Spread }[]; time?: Spread; curve?: { time: number; share: number }[] }
export type RetentionCell = { size: number; returned: number; share: number | null; sum?: number; count?: number; kept?: number | null; incomplete?: boolean }
export type RetentionGroup = { value: BreakValue; rows: RetentionCell[][]; average: RetentionCell[] }
export type GrowthRow = Bucket & { active: number; new: number; returning: number; resurrecting: number; dormant: number; ratio: number | null }
export type Hint = { code: string; name?: string; text: string }
export type Result = {
  kind: InsightKind
  from: number
  to: number
  computed_at: number
  trend?: { interval: Interval; buckets: Bucket[]; before?: Bucket[]; lines: ResultLine[] | null }
  funnel?: { window: number; labels: string[]; total: FunnelGroup; groups?: FunnelGroup[] }
  retention?: { unit: 'day' | 'week' | 'month'; columns: [number, number][]; buckets: Bucket[]; groups: RetentionGroup[] | null }
  growth?: { interval: Interval; rows: GrowthRow[] | null }
  stickiness?: { interval: Interval; customers: number; bars: { intervals: number; customers: number; or_more: number }[] | null }
  meta: { rows: number; passed: number; customers: number; passes: number; values?: number; truncated?: boolean; hints?: Hint[] }
  cached?: boolean
  definition_version?: number
}

/** Locates one number of a result. */
export type CellValue = { text: string; none?: boolean; other?: boolean }
export type Cell =
  | { series: string; bucket?: number; before?: boolean; value?: CellValue }
  | { step: number; outcome: 'reached' | 'dropped' | 'pending' | 'excluded' | 'converted'; value?: CellValue }
  | { row: number; column: number; outcome: 'returned' | 'lost' | 'size'; value?: CellValue }
  | { bucket: number; state: 'active' | 'new' | 'returning' | 'resurrecting' | 'dormant' }
  | { intervals: number; or_more: boolean }

export type PeoplePage = { total: number; distinct: number; customers: (Partial<CustomerRow> & { id: number | string; times?: number })[]; next?: number }

/** An event that decided something. actor is the number of the identifier that tracked it. */
export type SeenEvent = { id: string; kind: string; name: string; time: number; received: number; actor: number }
export type Reason = { code: string; event?: SeenEvent; previous?: SeenEvent; condition?: Test & { by?: string }; by?: number; until?: number; step?: number; state?: string; count?: number; needed?: number }
export type Period = { bucket: number; state?: string; count: number; events?: SeenEvent[] }
export type Explained = {
  customer: number
  kind: InsightKind
  in: boolean
  times?: number
  reason?: Reason
  trend?: { count: number; events: SeenEvent[] | null }
  funnel?: { outcome: string; depth: number; window: number; ends?: number; steps: { label: string; made: boolean; event?: SeenEvent; reason?: Reason }[]; attempts: { start: number; depth: number; counts?: boolean }[] | null; tries: number; pieces: number }
  retention?: { needed: number; entries: { row: number; event: SeenEvent; periods: Period[] | null }[] | null }
  growth?: { first_seen?: SeenEvent; before?: SeenEvent; periods: Period[] | null }
  stickiness?: { intervals: number; needed: number; periods: Period[] | null }
}

export type SavedInsight = { id: number | string; name: string; description: string; kind: InsightKind; spec: Spec; version: number; built_in?: string; created_at: number; updated_at: number; by: string }
export type InsightVersion = { version: number; spec: Spec; created_at: number; by?: string }
export type Progress = { state: 'queued' | 'running' | 'done' | 'unknown'; done: number; total: number }
export type Annotation = { id: number; at: number; until?: number; text: string; by: string }

const token = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('')

/** Asks a question. onId gets the id under which its progress can be read. */
export function runInsight(spec: Spec, signal?: AbortSignal, onId?: (id: string) => void): Promise<Result> {
  const id = token()
  onId?.(id)
  return api.post<Result>(`/insights/run?progress=${id}`, spec, signal)
}

export const insights = {
  list: () => queryOptions({ queryKey: ['insights'], queryFn: () => api.get<{ insights: SavedInsight[] }>('/insights').then((r) => r.insights) }),
  one: (id: string) => queryOptions({ queryKey: ['insights', id], queryFn: () => api.get<SavedInsight>(`/insights/${id}`) }),
  versions: (id: string) => queryOptions({ queryKey: ['insights', id, 'versions'], queryFn: () => api.get<{ versions: InsightVersion[] }>(`/insights/${id}/versions`).then((r) => r.versions) }),
  progress: (id: string) => queryOptions({ queryKey: ['insight-progress', id], queryFn: () => api.get<Progress>(`/insights/progress/${id}`), refetchInterval: 500, retry: false, gcTime: 0 }),
  annotations: () => queryOptions({ queryKey: ['annotations'], queryFn: () => api.get<{ annotations: Annotation[] }>('/annotations').then((r) => r.annotations), staleTime: 60_000, retry: false }),
  people: (spec: Spec, cell: Cell, after: number | string | undefined, signal?: AbortSignal) => api.post<PeoplePage>('/insights/people', { spec, cell, ...(after === undefined ? {} : { after }), limit: 50 }, signal),
  explain: (spec: Spec, cell: Cell, customer: string) =>
    queryOptions({ queryKey: ['insight-explain', spec, cell, customer], queryFn: ({ signal }) => api.post<Explained>('/insights/explain', { spec, cell, customer: Number(customer) }, signal), retry: false, staleTime: 60_000 }),
  create: (body: { name: string; description: string; spec: Spec }) => api.post<SavedInsight>('/insights', body),
  change: (id: string, body: Partial<{ name: string; description: string; spec: Spec }>) => api.patch<SavedInsight>(`/insights/${id}`, body),
  remove: (id: string) => api.delete(`/insights/${id}`),
}

