// What the forms of conditions know without a screen: fresh conditions, operators by the type of value, what an
// operator takes, and what is still missing.
import type { Compare, Cond, Did, DidOp, EventKind, LeafKind, Match, Measure, Op, Pick, Sequence, Stage, Value, Window } from '~/api/condition'
import { eventTime, itself } from '~/api/condition'
import { isGroup } from './tree'

/** What can be added to a group. */
export type Addable = LeafKind | 'keyed' | 'all' | 'any'

/** A fresh condition of a kind, ready to be filled in. */
export function fresh(kind: Addable): Cond {
  switch (kind) {
    case 'all':
      return { all: [fresh('did')] }
    case 'any':
      return { any: [fresh('did')] }
    case 'keyed':
      return { keyed: { by: '', when: { all: [fresh('did')] } } }
    case 'did':
      return { did: { event: '' } }
    case 'trait':
      return { trait: { name: '', op: 'is', value: '' } }
    case 'sequence':
      return { sequence: { steps: [{ event: '' }, { event: '', not: true, within: '1d' }] } }
    case 'lapse':
      return { lapse: { event: '', days: 30 } }
    case 'compare':
      return { compare: { a: { event: '', window: { last: '90d' } }, op: 'gt', b: { event: '', window: { last: '90d', before: '90d' } } } }
    case 'stage':
      return { stage: { in: [] } }
    case 'segment':
      return { segment: { key: '' } }
    case 'consent':
      return { consent: { channel: 'email', state: ['subscribed'] } }
    case 'message':
      return { message: { did: 'opened', channel: 'email', window: { last: '30d' } } }
    case 'rfm':
      return { rfm: { r: [4, 5], f: [4, 5] } }
    case 'sample':
      return { sample: { salt: 'test', from: 0, to: 10 } }
  }
}

export type TypeGroup = 'any' | 'text' | 'number' | 'boolean' | 'date' | 'list'
/** An operator as the menu shows it: `between` compares numbers, `between@date` days. */
export type OpChoice = Op | 'between@date' | 'not_between@date'

export const opGroups: Record<TypeGroup, OpChoice[]> = {
  any: ['is', 'is_not', 'in', 'not_in', 'set', 'not_set'],
  text: ['contains', 'not_contains', 'starts', 'not_starts', 'ends', 'not_ends', 'matches', 'not_matches', 'empty', 'not_empty'],
  number: ['gt', 'gte', 'lt', 'lte', 'between', 'not_between'],
  boolean: ['is_true', 'is_false'],
  date: ['in_last', 'not_in_last', 'more_than_ago', 'in_next', 'before', 'after', 'on', 'between@date', 'not_between@date', 'anniversary', 'weekday', 'hour'],
  list: ['all_of', 'length_is', 'length_gt', 'length_gte', 'length_lt', 'length_lte', 'element'],
}
const order: TypeGroup[] = ['any', 'text', 'number', 'boolean', 'date', 'list']

const dayPattern = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$/

/** The group whose operators fit values of some types best. */
export function groupFor(types: string[], samples: string[]): TypeGroup {
  if (types.includes('list')) return 'list'
  if (types.includes('boolean')) return 'boolean'
  if (types.includes('number')) return 'number'
  if (types.includes('text')) return samples.length > 0 && samples.every((s) => dayPattern.test(s)) ? 'date' : 'text'
  return 'any'
}

/** The groups of operators, those that fit first. */
export function groupsFor(best: TypeGroup): TypeGroup[] {
  return best === 'any' ? order : ['any', best, ...order.filter((g) => g !== 'any' && g !== best)]
}

export type Takes = 'none' | 'value' | 'values' | 'text' | 'number' | 'numbers' | 'span' | 'day' | 'days' | 'weekdays' | 'hours' | 'where'

/** What an operator takes. */
export function takes(op: OpChoice): Takes {
  switch (op) {
    case 'set': case 'not_set': case 'is_true': case 'is_false': case 'empty': case 'not_empty':
      return 'none'
    case 'in': case 'not_in': case 'all_of':
      return 'values'
    case 'contains': case 'not_contains': case 'starts': case 'not_starts': case 'ends': case 'not_ends': case 'matches': case 'not_matches':
      return 'text'
    case 'gt': case 'gte': case 'lt': case 'lte': case 'length_is': case 'length_gt': case 'length_gte': case 'length_lt': case 'length_lte': case 'anniversary':
      return 'number'
    case 'between': case 'not_between':
      return 'numbers'
    case 'between@date': case 'not_between@date':
      return 'days'
    case 'in_last': case 'not_in_last': case 'in_next': case 'more_than_ago':
      return 'span'
    case 'before': case 'after': case 'on':
      return 'day'
    case 'weekday':
      return 'weekdays'
    case 'hour':
      return 'hours'
    case 'element':
      return 'where'
    default:
      return 'value'
  }
}

export const ignoresCase = (op: OpChoice): boolean => ['is', 'is_not', 'in', 'not_in', 'all_of', 'contains', 'not_contains', 'starts', 'not_starts', 'ends', 'not_ends', 'matches', 'not_matches'].includes(op)
/** Whether a comparison changes as time passes; such a one cannot be asked to have held. */
export const timed = (op: OpChoice): boolean => ['in_last', 'not_in_last', 'in_next', 'more_than_ago', 'anniversary', 'element'].includes(op)

type Compared = { op?: DidOp; value?: Value | Value[] }

/** The operator as the menu shows it. */
export function choiceOf(m: Compared): OpChoice {
  const op = (m.op === 'eq' ? 'is' : (m.op ?? 'is')) as Op
  if ((op === 'between' || op === 'not_between') && Array.isArray(m.value) && typeof m.value[0] === 'string') return `${op}@date`
  return op
}

const blank: Record<Takes, () => Value | Value[] | undefined> = {
  none: () => undefined,
  where: () => undefined,
  value: () => '',
  values: () => [],
  text: () => '',
  number: () => 1,
  numbers: () => [1, 10],
  span: () => '30d',
  day: () => '',
  days: () => ['', ''],
  weekdays: () => [1, 2, 3, 4, 5],
  hours: () => [9, 17],
}

/** Takes another operator, and keeps of the value what the operator can take. */
export function withChoice(m: Match, choice: OpChoice): Match {
  const [before, after] = [takes(choiceOf(m)), takes(choice)]
  const op = choice.replace('@date', '') as Op
  const first = Array.isArray(m.value) ? m.value[0] : m.value
  let value = blank[after]()
  if (before === after) value = m.value
  else if (after === 'values' && first !== undefined && first !== '' && before === 'value') value = [first]
  else if (after === 'value' && before === 'values' && first !== undefined) value = first
  else if ((after === 'text' || after === 'value') && (before === 'text' || before === 'value') && first !== undefined) value = after === 'text' ? String(first) : first
  else if (after === 'number' && typeof first === 'number') value = first
  else if (after === 'numbers' && typeof first === 'number') value = [first, first]
  else if (after === 'day' && before === 'days' && first !== undefined) value = first
  const next: Match = { name: m.name, op }
  if (value !== undefined) next.value = value
  if (m.ignore_case && ignoresCase(choice)) next.ignore_case = true
  if (after === 'where') next.where = m.where ?? [{ name: itself, op: 'is', value: '' }]
  if (m.for && !timed(choice)) next.for = m.for
  return next
}

const spanPattern = /^(\d+)([smhdw])$/
export function readSpan(text: unknown): { n: number; unit: string } | undefined {
  const m = spanPattern.exec(String(text))
  return m ? { n: Number(m[1]), unit: m[2]! } : undefined
}

/** Reads typed text as what the known values are: types matter to a comparison. */
export function readValue(text: string, types: string[]): Value {
  const trimmed = text.trim()
  const number = /^-?(0|[1-9]\d*)(\.\d+)?$/.test(trimmed) && trimmed.length < 16
  const known = types.filter((x) => x === 'text' || x === 'number' || x === 'boolean')
  if (number && (known.includes('number') || known.length === 0)) return Number(trimmed)
  if ((trimmed === 'true' || trimmed === 'false') && (known.includes('boolean') || known.length === 0)) return trimmed === 'true'
  return text
}

export const picks = (m: Measure | undefined): boolean => m === 'first' || m === 'last' || m === 'first_time' || m === 'last_time'
export const needsProperty = (m: Measure | undefined): boolean => m !== undefined && !['count', 'distinct_days', 'first_time', 'last_time'].includes(m)
/** Whether each event counts once in a measure: only then it can be taken over a span that ended before now. */
export const sums = (m: Measure | undefined): boolean => m === undefined || ['count', 'sum', 'mean', 'min', 'max'].includes(m)

/** The comparison of a `did` that picks one event. */
export function didMatch(d: Did): Match {
  return { name: d.measure === 'first_time' || d.measure === 'last_time' ? eventTime : (d.property ?? ''), op: choiceOf(d).replace('@date', '') as Op, value: d.value, ignore_case: d.ignore_case }
}

/** Takes another measure, with a comparison that the measure can have. */
export function withMeasure(d: Did, measure: Measure): Did {
  const next: Did = { ...d, measure: measure === 'count' ? undefined : measure, property: needsProperty(measure) ? d.property : undefined }
  if (picks(measure) !== picks(d.measure) || measure.endsWith('_time') !== !!d.measure?.endsWith('_time')) {
    delete next.ignore_case
    if (!picks(measure)) Object.assign(next, { op: undefined, value: undefined })
    else if (measure.endsWith('_time')) Object.assign(next, { op: 'in_last', value: '30d' })
    else Object.assign(next, { op: 'is', value: '' })
  }
  if (next.window?.before && !sums(measure)) next.window = { last: next.window.last }
  return tidy(next)
}

/** Without the members that are not set. */
export function tidy<T extends object>(o: T): T {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as T
}

export const kindNeedsName = (kind: EventKind | undefined): boolean => kind === undefined || kind === 'track' || kind === 'signal'

export type What = 'event' | 'trait' | 'property' | 'value' | 'stage' | 'segment' | 'state' | 'score' | 'empty' | 'dates' | 'salt' | 'key' | 'share'
export type Gap = { place: string; what: What }

/** What is missing before a condition can be computed, each with its place as the server would name it. */
export function gaps(node: Cond, place = 'when'): Gap[] {
  if ('not' in node) return gaps(node.not, `${place}.not`)
  if (isGroup(node)) {
    const [name, list] = 'any' in node ? ['any', node.any] : ['all', node.all]
    return list.length === 0 ? [{ place, what: 'empty' }] : list.flatMap((child, i) => gaps(child, `${place}.${name}[${i}]`))
  }
  if ('keyed' in node) return [...(node.keyed.by ? [] : [{ place: `${place}.keyed.by`, what: 'key' as const }]), ...gaps(node.keyed.when, `${place}.keyed.when`)]
  if ('trait' in node) return matchGaps(node.trait, `${place}.trait`, 'trait')
  if ('did' in node) return didGaps(node.did, `${place}.did`)
  if ('compare' in node) return compareGaps(node.compare, `${place}.compare`)
  if ('sequence' in node) return sequenceGaps(node.sequence, `${place}.sequence`)
  if ('lapse' in node) return [...pickGaps(node.lapse, `${place}.lapse`), ...(node.lapse.days > 0 ? [] : [{ place: `${place}.lapse.days`, what: 'value' as const }])]
  if ('stage' in node) return stageGaps(node.stage, `${place}.stage`)
  if ('segment' in node) return node.segment.key ? [] : [{ place: `${place}.segment.key`, what: 'segment' }]
  if ('consent' in node) return [...(node.consent.channel ? [] : [{ place: `${place}.consent.channel`, what: 'value' as const }]), ...(node.consent.state.length > 0 ? [] : [{ place: `${place}.consent.state`, what: 'state' as const }])]
  if ('message' in node) return windowGaps(node.message.window, `${place}.message.window`)
  if ('rfm' in node) return (node.rfm.r?.length ?? 0) + (node.rfm.f?.length ?? 0) + (node.rfm.m?.length ?? 0) > 0 ? [] : [{ place: `${place}.rfm`, what: 'score' }]
  if ('sample' in node) return [...(node.sample.salt ? [] : [{ place: `${place}.sample.salt`, what: 'salt' as const }]), ...((node.sample.from ?? 0) < node.sample.to && node.sample.to <= 100 ? [] : [{ place: `${place}.sample.to`, what: 'share' as const }])]
  return []
}

function matchGaps(m: Match, place: string, what: 'trait' | 'property'): Gap[] {
  const out: Gap[] = m.name ? [] : [{ place: `${place}.name`, what }]
  const t = takes(choiceOf(m))
  const list = Array.isArray(m.value) ? m.value : []
  const missing =
    t === 'none' ? false
    : t === 'where' ? !m.where?.length
    : t === 'values' || t === 'weekdays' ? list.length === 0
    : t === 'numbers' || t === 'hours' ? list.length !== 2 || list.some((v) => v === '')
    : t === 'days' ? list.length !== 2 || list.some((v) => !v)
    : m.value === undefined || m.value === ''
  if (missing) out.push({ place: `${place}.value`, what: 'value' })
  m.where?.forEach((x, i) => out.push(...matchGaps(x, `${place}.where[${i}]`, 'property')))
  return out
}

/** Whether a comparison can be sent as it is. */
export const filled = (m: Match): boolean => matchGaps(m, '', 'property').length === 0

function pickGaps(p: Pick, place: string): Gap[] {
  const out: Gap[] = kindNeedsName(p.kind) && !p.event ? [{ place: `${place}.event`, what: 'event' }] : []
  p.where?.forEach((m, i) => out.push(...matchGaps(m, `${place}.where[${i}]`, 'property')))
  return out
}

function windowGaps(w: Window | undefined, place: string): Gap[] {
  if (!w || w.last || w.calendar) return []
  return (!w.from && !w.to) || (w.from && w.to && Date.parse(w.from) >= Date.parse(w.to)) ? [{ place, what: 'dates' }] : []
}

function didGaps(d: Did, place: string): Gap[] {
  const out = pickGaps(d, place)
  if (needsProperty(d.measure) && !d.property) out.push({ place: `${place}.property`, what: 'property' })
  if (picks(d.measure)) out.push(...matchGaps({ ...didMatch(d), name: 'x' }, place, 'property'))
  else if (Array.isArray(d.value) ? d.value.some((v) => v === '') : d.value === '') out.push({ place: `${place}.value`, what: 'value' })
  return [...out, ...windowGaps(d.window, `${place}.window`)]
}

const compareGaps = (c: Compare, place: string): Gap[] => [...didGaps(c.a, `${place}.a`), ...didGaps(c.b, `${place}.b`)]

const sequenceGaps = (s: Sequence, place: string): Gap[] => [...s.steps.flatMap((step, i) => pickGaps(step, `${place}.steps[${i}]`)), ...windowGaps(s.window, `${place}.window`)]

function stageGaps(s: Stage, place: string): Gap[] {
  if (!s.was && !s.in?.length && !s.entered?.length) return [{ place, what: 'stage' }]
  const since = s.since ? matchGaps(s.since, `${place}.since`, 'property') : []
  return [...since, ...windowGaps(s.window, `${place}.window`)]
}

/** Which conditions of a tree have faults: the places of faults inside a place, the place itself included. */
export const inside = (place: string, fault: string): boolean => fault === place || (fault.startsWith(place) && /^[.[]/.test(fault.slice(place.length)))
