// The shapes of /api/v1, as the screens use them. Only files of src/api import from here directly or re-export it,
// so that generated types can take its place.
import type { Cond } from './condition'

export type Money = { minor: number; currency: string }
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type Role = 'owner' | 'admin' | 'marketer' | 'analyst' | 'support' | 'developer'

export type Session = {
  user: { id: string; email: string; name: string; role: Role; locale: string }
  workspace: Workspace
  csrf_token: string
}
/** staff: own people, by address or by what follows the @. week_start: 1 is Monday, 7 is Sunday. refund_date: on which date refunds count. */
export type Workspace = { id: string; name: string; time_zone: string; currency: string; week_start: 1 | 7; lapse_days: number; refund_date: 'refund' | 'order'; backup_retention_days: number; staff: string[] }

export type Work = { id: string; kind: string; label: string; done: number; total: number; rate: number; eta_seconds: number | null }
export type Status = {
  version: string
  inbox: { pending_events: number; pending_batches: number; oldest_age_seconds: number }
  pipeline: { processed?: number; events_per_second?: number; last_event_at: string | null }
  work: Work[]
}

export type Stage = { key: string; label: string; description?: string; color: string; off_path: boolean; when: Cond | null; min_stay?: string; touchpoints?: string[]; kpis?: string[] }
export type Definition = { name: string; key: string; stages: Stage[]; activity?: Record<string, unknown> }
export type StageModel = { id: string; key: string; name: string; template?: string; version: number; is_default: boolean; stages: Stage[]; updated_at: string; activity?: Record<string, unknown> }
export type Template = { key: string; name: string; description: string; industry: string; stages: Stage[] }
export type ModelVersion = { version: number; created_at: string; by?: string; status?: string; stages: Stage[] }
export type Preview = {
  stages: { key: string; before: number; after: number }[]
  none: { before: number; after: number }
  moves: { from: string; to: string; customers: number }[]
  evaluated: number
  took_ms: number
}
export type LiveCounts = { stages: { key: string; count: number }[]; none: number }

export type KpiStatus = 'ok' | 'warn' | 'bad' | 'none'
export type KpiUnit = 'ratio' | 'money' | 'count' | 'seconds' | 'days' | 'number'
export type Kpi = {
  key: string
  name: string
  /** The stage it is shown with; scope says whether it is about that stage only. */
  stage: string | null
  scope?: 'all' | 'stage' | 'customer'
  unit: KpiUnit
  /** Money is in minor units of the workspace currency. */
  value: number | null
  numerator: number | null
  denominator: number | null
  low: number | null
  high: number | null
  previous: number | null
  target: number | null
  direction?: 'up' | 'down'
  warn?: number | null
  status: KpiStatus
  formula: string
  definition: string
  note: string
  /** Currencies that the value leaves out, since exchange rates are missing. */
  unrated?: string[]
  version: number
  computed_at: string
  spark: (number | null)[]
  owner?: string
  currency?: string
}

export type BoardStage = {
  key: string
  label: string
  color: string
  off_path: boolean
  count: number
  share: number
  in: number
  out: number
  net: number
  converted: { rate: number | null; numerator: number; denominator: number; low: number | null; high: number | null; pending: number } | null
  dwell: { median_seconds: number | null; p90_seconds: number | null; n: number; open: number } | null
  kpis: Kpi[]
  kpi_keys: string[]
  spark: number[]
}
export type Board = {
  model: { id: string; name: string; key?: string } | string
  version: number
  from: string
  to: string
  at: string
  time_zone: string
  window: string
  computed_at: string
  customers: number
  stages: BoardStage[]
  none: { count: number }
}

export type Flow = { periods: string[]; nodes: FlowNode[]; links: FlowLink[] }
export type FlowNode = { id: string; stage: string; period: string; customers: number }
export type FlowLink = { source: string; target: string; customers: number }
export type Timelapse = { times: string[]; stages: string[]; counts: number[][]; in: number[][]; out: number[][] }
export type Move = { customer: string; name: string; at: string; from: string; to: string; cause: Cause }
export type Cause = 'event' | 'timer' | 'recompute'

export type CustomerRow = {
  id: string
  name: string
  email: string
  user_id: string
  identified: boolean
  first_seen: string
  last_seen: string
  events: number
  orders: number
  revenue: Money | null
  stage: { key: string; label: string; since: string } | null
  traits: Record<string, Json>
}
export type CustomerPage = { customers: CustomerRow[]; next_cursor: string | null; /** Null where counting would take too long. */ total: number | null }
export type Trait = { name: string; value: Json; at: string | null; source?: string; event_id: string }
export type Identifier = { type: string; value: string; number: number; first_seen: string | null; last_seen?: string | null; valid_from?: string | null }
export type Customer = {
  id: string
  /** The id in the address, when that customer was merged into this one. */
  asked_for?: string
  name: string
  email: string
  identified: boolean
  first_seen: string
  last_seen: string
  events: number
  orders: number
  revenue: Money | null
  flags: string[]
  traits: Trait[]
  identifiers: Identifier[]
  stages: { model: string; model_name: string; stage: string | null; label: string; since: string; evidence?: unknown }[]
}
export type TimelineEvent = {
  id: string
  seq: number
  time: string
  received: string
  kind: string
  name: string
  source: string
  flags: string[]
  context: Record<string, Json>
  properties: Record<string, Json>
  stage?: { from: string; to: string; model: string }
}
export type TimelinePage = { events: TimelineEvent[]; next_cursor: string | null }
export type Evidence = { cause: Cause; event: { id: string; name: string; time: string; kind: string } | null; at: string; condition: Cond | null; sentence: string; version: number }
export type StageWhy = {
  model: string
  version: number
  stage: string | null
  label: string
  since: string
  evidence: Evidence | null
  history: { from: string; to: string; at: string; cause: Cause; event_name: string; sentence: string; version: number }[]
  next: { at: string | null } | null
  stages: { key: string; label: string; holds: boolean; sentence: string }[]
}
export type Note = { id: string; text: string; author: string; created_at: string; updated_at?: string }
export type ConsentState = 'subscribed' | 'unsubscribed' | 'pending' | 'unknown'
export type Consent = { channel: string; topic: string; state: ConsentState; at?: string | null; source?: string }
export type IdentityEntry = { id: string; at: string; rule: string; reason: string; actor: string; event_id: string; from: string; into: string; identifiers: { type: string; value: string }[]; undone_at: string | null; can_undo: boolean }
export type Identity = { identifiers: Identifier[]; log: IdentityEntry[] }

export type ImportKind = 'customers' | 'events' | 'orders'
export type Upload = { upload_id: string; name: string; bytes: number; encoding: string; delimiter: string; columns: { name: string; samples: string[] }[]; rows_estimate: number; suggested: { kind: ImportKind; preset: string | null; map: Record<string, string>; options?: Partial<ImportOptions> } }
export type ImportField = { key: string; label: string; required: boolean; help: string }
/** Presets carry further options; what the screens do not know goes back as it came. */
export type ImportOptions = { time_zone: string; currency: string; decimal_comma: boolean; date_order?: 'ymd' | 'dmy' | 'mdy'; event?: string; cancel_prefix?: string; ignore_rest?: boolean }
export type DryRun = {
  counts: { new: number; changed: number; unchanged: number; refused: number }
  sample: { line: number; event: Record<string, Json> }[]
  refused: { reason: string; count: number; samples: { line: number; column: string; message: string }[] }[]
}
export type ImportRun = { id: string; kind: ImportKind; file: string; status: 'running' | 'done' | 'failed' | 'paused'; rows: number; total_rows: number; events: number; rejected: number; rate: number; eta_seconds: number | null; started_at: string; finished_at: string | null; error: string | null }
export type ImportPreset = { id: string; name: string; kind: ImportKind; map: Record<string, string>; options?: Partial<ImportOptions> }

export type Source = { id: string; name: string; kind: 'browser' | 'server' | 'mobile'; enabled: boolean; write_key_prefix: string; ip_policy: 'keep' | 'truncate' | 'remove'; created_at: string; last_event_at: string | null; events: number; duplicates: number; quarantined: number; dedupe_days: number; settings: SourceSettings; write_key?: string }
export type PlanMode = 'flag' | 'omit' | 'block'
export type PlanItem = { block?: boolean; schema?: unknown }
export type Plan = { unplanned_events?: PlanMode; unplanned_properties?: PlanMode; violations?: PlanMode; events?: Record<string, PlanItem>; identify?: PlanItem; group?: PlanItem; common?: unknown }
export type PropertyAction = 'allow' | 'hash' | 'encrypt' | 'drop'
export type SourceSettings = { dedupe_days: number; rate_per_second?: number; burst?: number; takes_unknown_keys?: boolean; plan?: Plan; properties?: { path: string; action: PropertyAction }[]; only_listed?: boolean; test?: boolean; bots?: { networks?: string[]; per_anonymous_id?: number; per_address?: number } }
export type QuarantineGroup = { reason: string; event: string; source: string; count: number; last_seen: string; samples: { id: string; received: string; raw: string; message: string }[] }
export type UnknownKey = { key: string; count: number; first_seen: string; last_seen: string; sent_by?: string }
export type LiveEvent = TimelineEvent & { customer?: string; customer_name?: string }
export type EventName = { kind: string; name: string; count: number; last_seen: string }
export type PropertyName = { name: string; types: string[]; count: number; samples: Json[] }

export type User = { id: string; email: string; name: string; role: Role; enabled: boolean; last_seen: string | null; created_at: string }
export type ApiKey = { id: string; name: string; role: Role; prefix: string; created_at: string; last_used_at: string | null }
export type AuditEntry = { id: string; at: string; actor: string; action: string; target: string; detail?: string; ip?: string }
export type IdentityLimit = { type: string; max: number; window: 'ever' | 'week' | 'month' | 'year' }
export type IdentitySettings = { limits: IdentityLimit[]; blocked_values: string[]; trait_types: string[]; shared_device: 'split_at_switch' | 'stay_with_first' }
export type IdentityPreview = { join: number; split: number; who: { change: 'join' | 'split'; customer: number; with: number }[] }
