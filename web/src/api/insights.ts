// Insights: the questions to the timeline, their answers, who is behind a number, and what is saved of them.
// The server's words are in internal/engine/query; instants are microseconds UTC.
import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import type { Cond, EventKind, Match } from './condition'
import type { CustomerRow } from './types'

export type InsightKind = 'trend' | 'funnel' | 'retention' | 'growth' | 'stickiness' | 'paths' | 'composition' | 'table' | 'attribution' | 'journey'
export const insightKinds: InsightKind[] = ['trend', 'funnel', 'retention', 'growth', 'stickiness', 'paths', 'composition', 'table', 'attribution', 'journey']
export type Interval = 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'
export type Range = { last: string } | { from: string; to: string }
export type EventPick = { kind?: EventKind; event?: string; where?: Match[] }
/** property names what by looks at: a property, a trait, the key of a stage model or of a segment. */
export type Breakdown = { by?: 'property' | 'trait' | 'stage' | 'segment'; property: string; at?: 'event' | 'now'; top?: number }
/** A condition on the customer of an event: as it was then, or now. */
export type CustomerMatch = Match & { by: 'trait' | 'stage' | 'segment'; at?: 'event' | 'now' }

export type TrendMeasure = 'count' | 'customers' | 'per_customer' | 'sum' | 'mean' | 'min' | 'max' | 'median' | 'percentile' | 'active'
export type Series = EventPick & { label?: string; measure?: TrendMeasure; property?: string; percentile?: number; days?: number; money?: boolean }
export type Trend = { series: Series[]; formulas?: { label?: string; formula: string }[]; interval: Interval; breakdown?: Breakdown; compare?: 'previous' | 'last_year'; average?: number; cumulative?: boolean }
export type FunnelStep = EventPick & { label?: string; optional?: boolean }
export type Exclusion = EventPick & { from?: number; to?: number }
export type FunnelMode = 'ciclo' | 'window_funnel' | 'strict_increase'
export type Funnel = { steps: FunnelStep[]; order?: 'free' | 'strict' | 'any'; window?: string; exclude?: Exclusion[]; counting?: 'customers' | 'all'; mode?: FunnelMode; breakdown?: Omit<Breakdown, 'at'> & { at?: 'first' | 'last' | 'step' | 'each' | 'now'; step?: number } }
export type Retention = { start: EventPick; return?: EventPick; entry?: 'recurring' | 'first_time' | 'first_ever'; unit: 'day' | 'week' | 'month'; mode?: 'calendar' | 'rolling'; on_or_after?: boolean; periods?: number; brackets?: [number, number][]; at_least?: number; property?: string; breakdown?: Breakdown }
export type Growth = EventPick & { interval: Interval; new?: 'event' | 'first_seen' }
export type Stickiness = EventPick & { interval: Interval; group?: number; at_least?: number }
export type PathEvent = EventPick & { item?: string }
export type PathGroup = { name: string; pattern?: string; regex?: string }
export type Paths = { events?: PathEvent[]; gap?: string; steps?: number; edges?: number; groups?: PathGroup[]; start?: string; end?: string }
export type Numbers = { by?: 'property' | 'trait'; property: string; at?: 'event' | 'now'; bins?: number; percentiles?: number[] }
export type Composition = EventPick & { of?: 'customers' | 'events'; breakdown?: Breakdown; numbers?: Numbers }
/** sort is a column (A, B …) or row, with - for falling. */
export type Table = { rows?: 'value' | 'customer'; breakdown?: Breakdown; columns: Series[]; sort?: string; limit?: number }
export type ChannelRule = { channel: string; click_ids?: string[]; source?: string[]; medium?: string[]; campaign?: string[]; referrer?: string[]; events?: string[] }
export type Attribution = {
  conversion: EventPick
  value?: string
  order?: string
  refunds?: EventPick[]
  refund_value?: string
  touches?: EventPick[]
  not_touches?: string[]
  gap?: string
  split_midnight?: boolean
  split_campaign?: boolean
  channels?: ChannelRule[]
  own?: string[]
  look_back?: string
  keep_path?: boolean
  direct?: 'ignored' | 'counts'
  half_life?: string
  lead?: EventPick
  opportunity?: EventPick
  markov?: number[]
  resamples?: number
  seed?: number
}
export type Touchpoint = { name: string; channel?: string; events: EventPick[]; section?: string }
export type Journey = { touchpoints?: Touchpoint[]; stage?: string; sections?: number; moves?: number; quiet?: string; percentiles?: number[] }

export type Spec = {
  kind: InsightKind
  range: Range
  where?: Match[]
  who?: Cond
  where_customer?: CustomerMatch[]
  bots?: boolean
  as_known?: string
  trend?: Trend
  funnel?: Funnel
  retention?: Retention
  growth?: Growth
  stickiness?: Stickiness
  paths?: Paths
  composition?: Composition
  table?: Table
  attribution?: Attribution
  journey?: Journey
}

export type BreakValue = { text: string; none?: boolean; other?: boolean; all?: boolean }
export type Bucket = { start: number; end: number; incomplete?: boolean }
export type Point = { value: number | null; numerator: number; denominator?: number }
export type ResultLine = { series: string; label?: string; value: BreakValue; points: Point[]; average?: (number | null)[]; total: Point; before?: ResultLine }
export type Spread = { n: number; mean: number; p25: number; median: number; p75: number; p90: number; bins: { from: number; to: number; n: number }[] | null }
export type FunnelGroup = { value: BreakValue; entered: number; converted: number; excluded: number; pending: number; steps: { reached: number; entered: number; before: number; pending: number; dropped: number; time?: Spread }[]; time?: Spread; curve?: { time: number; share: number }[] }
export type RetentionCell = { size: number; returned: number; share: number | null; sum?: number; count?: number; kept?: number | null; incomplete?: boolean }
export type RetentionGroup = { value: BreakValue; rows: RetentionCell[][]; average: RetentionCell[] }
export type GrowthRow = Bucket & { active: number; new: number; returning: number; resurrecting: number; dormant: number; ratio: number | null }
export type PathsNode = { key: string; position: number; item: string; in: number; customers: number; starts: number; out: number; beyond: number; drop_off: number }
export type PathsResult = { paths: number; customers: number; nodes: PathsNode[]; edges: { from: string; to: string; paths: number; customers: number }[]; more_nodes: number; more_edges: number }
export type NumberShape = { n: number; missing: number; mean: number; min: number; max: number; percentiles: { percent: number; value: number }[]; bins: { from: number; to: number; count: number }[] }
export type CompositionResult = { total: number; parts?: { value: BreakValue; count: number; share: number }[]; numbers?: NumberShape }
export type TableRow = { value?: BreakValue; customer?: number; points: Point[] }
export type TableResult = { rows: TableRow[]; count: number; total: TableRow }
export type AttributionChannel = { channel: string; touches: number; converted: number; first: number; last: number; lost: number }
/** low and high are the 95 % interval of conversions, removal the share of conversions lost without the channel. */
export type Credit = { channel: string; conversions: number; share: number; low?: number; high?: number; value?: number; removal?: number }
export type AttributionModel = { model: string; order?: number; reason?: string; p?: number; credits: Credit[]; resamples: number }
export type AttributionResult = {
  conversions: number
  customers: number
  value?: number
  refunded?: number
  currency?: string
  unvalued?: number
  untouched?: number
  lost: number
  rule: { look_back: number; gap: number; direct: 'ignored' | 'counts'; reset: boolean; half_life: number; seed: number; resamples: number }
  channels: AttributionChannel[]
  models: AttributionModel[]
  paths: { path: string[]; conversions: number; lost: number; value?: number }[]
  more_paths: number
}
export type JourneyTime = { n: number; median: number; percentiles: { percent: number; value: number }[] | null }
export type JourneyPoint = { key: string; name: string; channel?: string; position: number; customers: number; share: number; visits: number; starts: number; ended: number; under_way: number; drop_off: number; before: JourneyTime | null }
export type JourneyMove = { from: string; to: string; customers: number; times: number; share: number; time: JourneyTime | null }
export type JourneyResult = { customers: number; quiet: number; stages: { stage: BreakValue; customers: number; points: JourneyPoint[] | null }[] | null; moves: JourneyMove[] | null; more_moves: number }
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
  paths?: PathsResult
  composition?: CompositionResult
  table?: TableResult
  attribution?: AttributionResult
  journey?: JourneyResult
  meta: { rows: number; passed: number; customers: number; passes: number; values?: number; truncated?: boolean; hints?: Hint[] }
  cached?: boolean
  definition_version?: number
}

/** Locates one number of a result. */
export type CellValue = { text: string; none?: boolean; other?: boolean }
export type Cell =
  | { series: string; bucket?: number; before?: boolean; value?: CellValue }
  | { step: number; outcome: 'reached' | 'dropped' | 'pending'; value?: CellValue }
  | { outcome: 'excluded' | 'converted'; value?: CellValue }
  | { outcome: 'differs'; mode: FunnelMode }
  | { row: number; column: number; outcome: 'returned' | 'lost' | 'size'; value?: CellValue }
  | { bucket: number; state: 'active' | 'new' | 'returning' | 'resurrecting' | 'dormant' }
  | { intervals: number; or_more: boolean }
  | { node?: string; next?: string; outcome?: 'reached' | 'continued' | 'dropped' | 'pending' }
  | { value?: CellValue; bucket?: number }
  | { channel?: string; outcome?: 'converted' | 'first' | 'last' | 'lost' }

export type PeoplePage = { total: number; distinct: number; customers: (Partial<CustomerRow> & { id: number | string; times?: number })[]; next?: number }

/** An event that decided something. actor is the number of the identifier that tracked it. */
export type SeenEvent = { id: string; kind: string; name: string; time: number; received: number; actor: number }
export type Reason = { code: string; event?: SeenEvent; previous?: SeenEvent; condition?: Match & { by?: string }; by?: number; until?: number; step?: number; state?: string; count?: number; needed?: number }
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
  paths?: { sessions: { start: SeenEvent; path: string[] | null; counts?: boolean }[] | null }
}

/** What goes with conversion: odds with its 95 % interval, and rate, the share of false discoveries. */
export type Factor = { kind: 'event' | 'property' | 'trait'; name: string; value?: BreakValue; converted: number; dropped: number; odds: number; low: number; high: number; p: number; rate: number }
export type Correlation = { converted: number; dropped: number; pending: number; tried: number; factors: Factor[] }
export type CorrelateOptions = { events?: boolean; properties?: string[]; traits?: string[]; least?: number; limit?: number }
export type SegmentName = { id: number; key: string; name: string; size: number; building: boolean }

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
  people: (spec: Spec, cell: Cell, after: number | string | undefined, signal?: AbortSignal, limit = 50) => api.post<PeoplePage>('/insights/people', { spec, cell, ...(after === undefined ? {} : { after }), limit }, signal),
  explain: (spec: Spec, cell: Cell, customer: string) =>
    queryOptions({ queryKey: ['insight-explain', spec, cell, customer], queryFn: ({ signal }) => api.post<Explained>('/insights/explain', { spec, cell, customer: Number(customer) }, signal), retry: false, staleTime: 60_000 }),
  correlate: (spec: Spec, options: CorrelateOptions) => queryOptions({ queryKey: ['insight-correlate', spec, options], queryFn: ({ signal }) => api.post<Correlation>('/insights/correlate', { spec, ...options }, signal), retry: false, staleTime: 60_000 }),
  segments: () => queryOptions({ queryKey: ['segments', 'names'], queryFn: () => api.get<{ segments: SegmentName[] }>('/segments').then((r) => r.segments), staleTime: 30_000, retry: false }),
  /** Keeps the customers behind a number as a static segment, which fills in the background. */
  saveSegment: (body: { name: string; description?: string; spec: Spec; cell: Cell }) => api.post<SegmentName>('/segments/from-insight', body),
  removeSegment: (id: number) => api.delete(`/segments/${id}`),
  create: (body: { name: string; description: string; spec: Spec }) => api.post<SavedInsight>('/insights', body),
  change: (id: string, body: Partial<{ name: string; description: string; spec: Spec }>) => api.patch<SavedInsight>(`/insights/${id}`, body),
  remove: (id: string) => api.delete(`/insights/${id}`),
  /** Undoes remove: the insight comes back under its number, with its versions. */
  restore: (id: string) => api.post<SavedInsight>(`/insights/${id}/restore`),
}

