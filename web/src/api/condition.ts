// The whole condition language, as the builder edits it; internal/engine/expr is its home.

export type Value = string | number | boolean
export type Op =
  | 'is' | 'is_not' | 'set' | 'not_set' | 'in' | 'not_in' | 'contains' | 'not_contains' | 'starts' | 'not_starts' | 'ends' | 'not_ends' | 'matches' | 'not_matches'
  | 'gt' | 'gte' | 'lt' | 'lte' | 'between' | 'not_between' | 'is_true' | 'is_false' | 'before' | 'after' | 'on' | 'in_last' | 'not_in_last' | 'in_next' | 'more_than_ago'
  | 'empty' | 'not_empty' | 'all_of' | 'length_is' | 'length_gt' | 'length_gte' | 'length_lt' | 'length_lte' | 'element' | 'anniversary' | 'weekday' | 'hour'

export type Match = { name: string; op: Op; value?: Value | Value[]; ignore_case?: boolean; where?: Match[]; for?: string }
/** last, with before: the span ends that long ago; or calendar; or the half-open range from to. */
export type Window = { last?: string; before?: string; calendar?: string; from?: string; to?: string }
export type Measure = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'distinct_days' | 'distinct' | 'first' | 'last' | 'first_time' | 'last_time'
export type EventKind = 'track' | 'page' | 'screen' | 'identify' | 'group' | 'signal' | 'any'
export type Pick = { kind?: EventKind; event?: string; where?: Match[] }
export type DidOp = Op | 'eq' | 'never'
export type Did = Pick & { measure?: Measure; property?: string; op?: DidOp; value?: Value | Value[]; ignore_case?: boolean; window?: Window }
export type Step = Pick & { not?: boolean; within?: string }
export type Sequence = { steps: Step[]; window?: Window }
export type Compare = { a: Did; op: 'gt' | 'gte' | 'lt' | 'lte'; b: Did; factor?: number }
export type Keyed = { by: string; when: Cond }
export type Lapse = Pick & { days: number; gap_multiple?: number; min_days?: number; max_days?: number }
export type Sample = { salt: string; from?: number; to: number }
export type Stage = { model?: string; was?: string; in?: string[]; since?: Match; from?: string; entered?: string[]; window?: Window }
export type Consent = { channel: string; topic?: string; state: string[] }
export type Message = { did: string; channel?: string; message?: string; journey?: string; op?: DidOp; value?: Value | Value[]; window?: Window }
export type Rfm = { r?: number[]; f?: number[]; m?: number[] }

export type Group = { all: Cond[] } | { any: Cond[] }
export type Leaf =
  | { trait: Match } | { did: Did } | { sequence: Sequence } | { compare: Compare } | { lapse: Lapse } | { sample: Sample }
  | { stage: Stage } | { segment: { key: string } } | { consent: Consent } | { message: Message } | { rfm: Rfm }
export type Cond = Group | { not: Cond } | { keyed: Keyed } | Leaf

export const leafKinds = ['did', 'trait', 'sequence', 'lapse', 'compare', 'stage', 'segment', 'consent', 'message', 'rfm', 'sample'] as const
export type LeafKind = (typeof leafKinds)[number]
/** What can be asked about the events of one key. */
export const keyedKinds: LeafKind[] = ['did', 'sequence', 'lapse', 'compare']

/** The name of the event's own instant among its properties, and of the element itself in the conditions of an element. */
export const eventTime = '$time'
export const itself = '.'
