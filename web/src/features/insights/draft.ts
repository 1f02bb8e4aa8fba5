// Drafts of insights: what a fresh one holds, what is still to fill in, and what is sent.
import type { CustomerMatch, EventPick, Exclusion, FunnelStep, InsightKind, PathEvent, Range, Series, Spec } from '~/api/insights'
import type { Match } from '~/api/condition'
import { filled, gaps, readSpan } from '~/conditions/kinds'

/** A place in a spec that is not filled in yet, named as the server names it. */
export type Missing = { path: string; what: 'event' | 'property' | 'range' | 'formula' | 'rows' | 'name' }

export const defaultRange: Range = { last: '30d' }

/** A fresh insight of a kind; names of events and of a stage model that exist make it answer at once. */
export function emptySpec(kind: InsightKind, event = '', second = '', model = ''): Spec {
  const pick: EventPick = { kind: 'track', event }
  switch (kind) {
    case 'trend':
      return { kind, range: defaultRange, trend: { series: [pick], interval: 'day' } }
    case 'funnel':
      return { kind, range: defaultRange, funnel: { steps: [pick, { kind: 'track', event: second }], window: '14d' } }
    case 'retention':
      return { kind, range: { last: '90d' }, retention: { start: pick, unit: 'week', entry: 'first_time' } }
    case 'growth':
      return { kind, range: { last: '180d' }, growth: { ...pick, interval: 'month' } }
    case 'stickiness':
      return { kind, range: defaultRange, stickiness: { ...pick, interval: 'day' } }
    case 'paths':
      // Page views need no event to be chosen.
      return { kind, range: defaultRange, paths: { steps: 4, ...(event ? {} : { events: [pick] }) } }
    case 'composition':
      return { kind, range: defaultRange, composition: { ...pick, breakdown: model ? { by: 'stage', property: model } : { property: '' } } }
    case 'table':
      return { kind, range: defaultRange, table: { rows: 'customer', columns: [pick] } }
    case 'attribution':
      return { kind, range: defaultRange, attribution: { conversion: pick } }
    case 'journey':
      // The touchpoints of a shop need no event to be chosen.
      return { kind, range: { last: '90d' }, journey: event ? {} : { touchpoints: [{ name: '', events: [pick] }] } }
  }
}

/** The events that a spec names, in order, so that another kind begins with them. */
export function eventsOf(spec: Spec): EventPick[] {
  const list: EventPick[] = [...(spec.trend?.series ?? []), ...(spec.funnel?.steps ?? []), ...(spec.retention ? [spec.retention.start, ...(spec.retention.return ? [spec.retention.return] : [])] : []), ...(spec.growth ? [spec.growth] : []), ...(spec.stickiness ? [spec.stickiness] : []), ...(spec.paths?.events ?? []), ...(spec.composition ? [spec.composition] : []), ...(spec.table?.columns ?? []), ...(spec.attribution ? [spec.attribution.conversion] : []), ...(spec.journey?.touchpoints?.flatMap((p) => p.events) ?? [])]
  return list.map(({ kind, event, where }) => ({ kind, event, ...(where ? { where } : {}) }))
}

/** Turns a question into one of another kind over the same events, or over those that were chosen before. */
export function withKind(spec: Spec, kind: InsightKind, model = '', before: EventPick[] = []): Spec {
  if (spec.kind === kind) return spec
  const own = eventsOf(spec)
  const events = own.length > 0 ? own : before
  const first = events[0] ?? { kind: 'track' as const, event: '' }
  const next = emptySpec(kind, '', '', model)
  if (next.trend) next.trend.series = events.length > 0 ? events : [first]
  if (next.funnel) next.funnel.steps = [first, events[1] ?? { kind: 'track', event: '' }, ...events.slice(2)]
  if (next.retention) next.retention = { ...next.retention, start: first, ...(events[1] ? { return: events[1] } : {}) }
  if (next.growth) next.growth = { ...next.growth, ...first }
  if (next.stickiness) next.stickiness = { ...next.stickiness, ...first }
  if (next.composition) next.composition = { ...next.composition, ...first }
  if (next.table) next.table.columns = events.length > 0 ? events : [first]
  if (next.attribution) next.attribution.conversion = first
  // Paths are of page views until events are chosen.
  if (next.paths) delete next.paths.events
  if (next.journey) next.journey = {}
  return { ...next, ...(spec.where ? { where: spec.where } : {}), ...(spec.who ? { who: spec.who } : {}), ...(spec.where_customer ? { where_customer: spec.where_customer } : {}), ...(spec.bots ? { bots: true } : {}), ...(spec.as_known ? { as_known: spec.as_known } : {}) }
}

const numericMeasures = ['sum', 'mean', 'min', 'max', 'median', 'percentile']

/** Whether a measure reads a property. */
export const readsProperty = (s: Series) => numericMeasures.includes(s.measure ?? 'count') || (s.measure === 'per_customer' && s.property !== undefined)

/** What has to be filled in before the question can be asked. */
export function missing(spec: Spec): Missing[] {
  const out: Missing[] = []
  const event = (e: EventPick, path: string) => {
    if ((e.kind ?? 'track') === 'track' && !e.event) out.push({ path, what: 'event' })
  }
  spec.trend?.series.forEach((s, i) => {
    event(s, `trend.series[${i}]`)
    if (numericMeasures.includes(s.measure ?? 'count') && !s.property) out.push({ path: `trend.series[${i}]`, what: 'property' })
  })
  spec.trend?.formulas?.forEach((f, i) => f.formula.trim() || out.push({ path: `trend.formulas[${i}]`, what: 'formula' }))
  spec.funnel?.steps.forEach((s, i) => event(s, `funnel.steps[${i}]`))
  spec.funnel?.exclude?.forEach((x, i) => event(x, `funnel.exclude[${i}]`))
  if (spec.retention) {
    event(spec.retention.start, 'retention.start')
    if (spec.retention.return) event(spec.retention.return, 'retention.return')
  }
  if (spec.growth) event(spec.growth, 'growth')
  if (spec.stickiness) event(spec.stickiness, 'stickiness')
  missingOfMore(spec, out, event)
  const range = spec.range
  if ('last' in range ? !readSpan(range.last) : !range.from || !range.to || range.from >= range.to) out.push({ path: 'range', what: 'range' })
  return out
}

function missingOfMore(spec: Spec, out: Missing[], event: (e: EventPick, path: string) => void) {
  const { paths, composition, table, attribution } = spec
  paths?.events?.forEach((e, i) => event(e, `paths.events[${i}]`))
  paths?.groups?.forEach((g, i) => (g.name && (g.pattern || g.regex)) || out.push({ path: `paths.groups[${i}]`, what: 'name' }))
  if (composition) {
    event(composition, 'composition')
    if (!(composition.numbers ?? composition.breakdown)?.property) out.push({ path: composition.numbers ? 'composition.numbers' : 'composition.breakdown', what: 'rows' })
  }
  table?.columns.forEach((s, i) => {
    event(s, `table.columns[${i}]`)
    if (numericMeasures.includes(s.measure ?? 'count') && !s.property) out.push({ path: `table.columns[${i}]`, what: 'property' })
  })
  if (table && table.rows !== 'customer' && !table.breakdown?.property) out.push({ path: 'table.breakdown', what: 'rows' })
  spec.journey?.touchpoints?.forEach((p, i) => {
    if (!p.name.trim()) out.push({ path: `journey.touchpoints[${i}]`, what: 'name' })
    p.events.forEach((e, k) => event(e, `journey.touchpoints[${i}].events[${k}]`))
  })
  if (!attribution) return
  event(attribution.conversion, 'attribution.conversion')
  attribution.refunds?.forEach((e, i) => event(e, `attribution.refunds[${i}]`))
  attribution.touches?.forEach((e, i) => event(e, `attribution.touches[${i}]`))
  if (attribution.lead) event(attribution.lead, 'attribution.lead')
  if (attribution.opportunity) event(attribution.opportunity, 'attribution.opportunity')
  attribution.channels?.forEach((c, i) => (c.channel && rulePatterns(c)) || out.push({ path: `attribution.channels[${i}]`, what: 'name' }))
}

const rulePatterns = (c: NonNullable<NonNullable<Spec['attribution']>['channels']>[number]) => [c.click_ids, c.source, c.medium, c.campaign, c.referrer, c.events].some((l) => l && l.length > 0)

function tidyWhere<T extends { where?: Match[] }>(o: T): T {
  const where = o.where?.filter(filled)
  const { where: _, ...rest } = o
  return (where && where.length > 0 ? { ...rest, where } : rest) as T
}

const tidyEvent = <T extends EventPick>(e: T): T => {
  const next = tidyWhere(e)
  if (!next.event) delete next.event
  return next
}

/** What is sent: without conditions that are still being typed, and without empty parts. */
export function tidy(spec: Spec): Spec {
  const next: Spec = tidyWhere({ ...spec })
  if (next.who && gaps(next.who).length > 0) delete next.who
  if (next.where_customer) {
    next.where_customer = next.where_customer.filter((m) => filled(m) && (m.op !== 'is' || m.value !== undefined)).map((m): CustomerMatch => ({ ...m }))
    if (next.where_customer.length === 0) delete next.where_customer
  }
  if (next.trend) {
    next.trend = { ...next.trend, series: next.trend.series.map((s) => tidySeries(tidyEvent({ ...s }))) }
    if (!next.trend.formulas?.length) delete next.trend.formulas
    if (!next.trend.breakdown?.property) delete next.trend.breakdown
  }
  if (next.funnel) {
    next.funnel = { ...next.funnel, steps: next.funnel.steps.map((s) => tidyEvent<FunnelStep>({ ...s })) }
    if (next.funnel.exclude?.length) next.funnel.exclude = next.funnel.exclude.map((x) => tidyEvent<Exclusion>({ ...x }))
    else delete next.funnel.exclude
    if (!next.funnel.breakdown?.property) delete next.funnel.breakdown
  }
  if (next.retention) {
    next.retention = { ...next.retention, start: tidyEvent({ ...next.retention.start }), ...(next.retention.return ? { return: tidyEvent({ ...next.retention.return }) } : {}) }
    if (!next.retention.breakdown?.property) delete next.retention.breakdown
    if (!next.retention.property) delete next.retention.property
  }
  if (next.growth) next.growth = tidyEvent({ ...next.growth })
  if (next.stickiness) next.stickiness = tidyEvent({ ...next.stickiness })
  tidyMore(next)
  return JSON.parse(JSON.stringify(next)) as Spec
}

function tidyMore(next: Spec) {
  if (next.paths) {
    next.paths = { ...next.paths }
    if (next.paths.events?.length) next.paths.events = next.paths.events.map((e) => tidyEvent<PathEvent>({ ...e, item: e.item || undefined }))
    else delete next.paths.events
    if (!next.paths.groups?.length) delete next.paths.groups
    if (!next.paths.start) delete next.paths.start
    if (!next.paths.end) delete next.paths.end
  }
  if (next.composition) next.composition = tidyEvent({ ...next.composition })
  if (next.table) {
    next.table = { ...next.table, columns: next.table.columns.map((s) => tidySeries(tidyEvent({ ...s }))) }
    if (next.table.rows === 'customer') delete next.table.breakdown
    // A column that was taken away cannot be sorted by.
    const by = next.table.sort?.replace('-', '')
    if (by && by !== 'row' && by.charCodeAt(0) - 65 >= next.table.columns.length) delete next.table.sort
  }
  if (next.journey) {
    next.journey = { ...next.journey, stage: next.journey.stage || undefined }
    if (next.journey.touchpoints?.length) next.journey.touchpoints = next.journey.touchpoints.map((p) => ({ ...p, name: p.name.trim(), channel: p.channel || undefined, section: p.section || undefined, events: p.events.map((e) => tidyEvent({ ...e })) }))
    else delete next.journey.touchpoints
  }
  const a = next.attribution
  if (a) {
    const events = (list: EventPick[] | undefined) => (list ? list.map((e) => tidyEvent({ ...e })) : undefined)
    next.attribution = { ...a, conversion: tidyEvent({ ...a.conversion }), value: a.value || undefined, order: a.order || undefined, refund_value: a.refund_value || undefined, refunds: a.value ? events(a.refunds) : undefined, touches: a.touches?.length ? events(a.touches) : undefined }
    for (const key of ['not_touches', 'own', 'channels'] as const) if (!a[key]?.length) delete next.attribution[key]
    if (a.lead) next.attribution.lead = tidyEvent({ ...a.lead })
    if (a.opportunity) next.attribution.opportunity = tidyEvent({ ...a.opportunity })
  }
}

function tidySeries(s: Series): Series {
  if (!readsProperty(s) || !s.property) {
    delete s.property
    delete s.money
  }
  if (s.measure !== 'percentile') delete s.percentile
  if (s.measure !== 'active') delete s.days
  if (s.measure === 'count') delete s.measure
  return s
}

/** Reads brackets such as "0, 1-3, 4-7"; undefined when a part makes no sense. */
export function parseBrackets(text: string): [number, number][] | undefined {
  const out: [number, number][] = []
  for (const part of text.split(',').map((p) => p.trim()).filter(Boolean)) {
    const m = /^(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?$/.exec(part)
    if (!m) return undefined
    const from = Number(m[1])
    const to = m[2] === undefined ? from : Number(m[2])
    if (to < from || (out.length > 0 && from <= out[out.length - 1]![1])) return undefined
    out.push([from, to])
  }
  return out
}

/** Writes a bracket as it is read. */
export const bracketText = ([from, to]: [number, number]) => (from === to ? String(from) : `${from}–${to}`)

/** Moves an item of a list one place up (-1) or down (1); at an end it stays. */
export function shifted<T>(list: T[], i: number, by: -1 | 1): T[] {
  const j = i + by
  if (j < 0 || j >= list.length) return list
  const next = [...list]
  ;[next[i], next[j]] = [next[j]!, next[i]!]
  return next
}
