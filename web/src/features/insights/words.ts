import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { q } from '~/api'
import type { BreakValue, Bucket, EventPick, FunnelMode, InsightKind, Interval, Result, Series, Spec, TrendMeasure } from '~/api/insights'
import type { X } from '~/charts/lines'
import { minorDigits, useFormat } from '~/ui/format'
import { useKindName } from '~/ui/names'

export function useInsightKind() {
  const { t } = useLingui()
  return (kind: InsightKind) => ({ trend: t`Trend`, funnel: t`Funnel`, retention: t`Retention`, growth: t`Growth`, stickiness: t`Stickiness`, paths: t`Paths`, composition: t`Composition`, table: t`Table`, attribution: t`Attribution`, journey: t`Journey map` })[kind] ?? kind
}

/** What each kind answers, as a question. */
export function useKindQuestion() {
  const { t } = useLingui()
  return (kind: InsightKind) =>
    ({
      trend: t`How often does something happen, and how does it change?`,
      funnel: t`How many get from one step to the next, and where do they leave?`,
      retention: t`How many come back, and after how long?`,
      growth: t`Who is new, who stays, who returns and who is lost?`,
      stickiness: t`On how many days does a customer come?`,
      paths: t`Which way do customers go, and where do they leave?`,
      composition: t`What are customers or events made of?`,
      table: t`Which values or customers lead, in several numbers side by side?`,
      attribution: t`Which channels were on the way to a conversion, by several models side by side?`,
      journey: t`Which touchpoints do customers really pass, and where do they stay away?`,
    })[kind]
}

/** Why a model of attribution gives no credits. An unknown reason is shown as it came. */
export function useReasonOfModel() {
  const { t } = useLingui()
  return (reason: string): string =>
    ({
      'no conversion in the range': t`There is no conversion in this range.`,
      'the query names no event that makes a lead or an opportunity': t`It needs an event that makes a lead or an opportunity; name one under “Models”.`,
      'the paths have too many different sequences for this order': t`There are too many different sequences for this order.`,
      'the sum of the removal effects is 0': t`No channel has a removal effect, so there is nothing to share out by.`,
    })[reason] ?? reason
}

export function useTrendMeasure() {
  const { t } = useLingui()
  return (m: TrendMeasure): string =>
    ({ count: t`number of events`, customers: t`number of customers`, per_customer: t`events per customer`, sum: t`sum of`, mean: t`mean of`, min: t`least`, max: t`greatest`, median: t`median of`, percentile: t`percentile of`, active: t`active customers` })[m]
}

/** How events of one instant count in a funnel. */
export function useModeName() {
  const { t } = useLingui()
  return (mode: FunnelMode) => ({ ciclo: t`in the order of the steps, each once`, window_funnel: t`one event may serve several steps`, strict_increase: t`no two steps at one instant` })[mode]
}

export function useIntervalName() {
  const { t } = useLingui()
  return (i: Interval) => ({ hour: t`hour`, day: t`day`, week: t`week`, month: t`month`, quarter: t`quarter`, year: t`year` })[i]
}

/** A value of a breakdown as a person says it: stages by their labels, segments by being in them or not. */
export function useValueLabel(breakdown?: { by?: string; property: string }) {
  const { t } = useLingui()
  const models = useQuery({ ...q.models(), enabled: breakdown?.by === 'stage' })
  const stages = breakdown?.by === 'stage' ? models.data?.find((m) => m.key === breakdown.property)?.stages : undefined
  const segment = breakdown?.by === 'segment'
  return useCallback(
    (v: BreakValue): string => {
      if (v.all) return t`Everybody`
      if (v.none) return breakdown?.by === 'stage' ? t`(no stage)` : t`(none)`
      if (v.other) return t`(other)`
      if (v.text === '') return t`(empty)`
      if (segment) return v.text === 'in' ? t`in the segment` : t`not in the segment`
      return stages?.find((s) => s.key === v.text)?.label ?? v.text
    },
    [t, stages, segment, breakdown?.by],
  )
}

const channelKeys = ['direct', 'email', 'sms', 'push', 'affiliate', 'paid_social', 'display', 'paid_search', 'organic_social', 'organic_search', 'referral', 'other'] as const

/** A channel as a person says it; own channels by their own name. */
export function useChannelName() {
  const { t } = useLingui()
  const names: Record<(typeof channelKeys)[number], string> = { direct: t`Direct`, email: t`E-mail`, sms: t`SMS`, push: t`Push`, affiliate: t`Affiliates`, paid_social: t`Paid social`, display: t`Display`, paid_search: t`Paid search`, organic_social: t`Organic social`, organic_search: t`Organic search`, referral: t`Referral`, other: t`Other` }
  return (key: string): string => (key === '' ? t`(no visit before)` : (names[key as keyof typeof names] ?? key))
}

/** A model of attribution by name. */
export function useAttributionModel() {
  const { t } = useLingui()
  return (m: { model: string; order?: number }): string =>
    ({ first: t`First touch`, last: t`Last touch`, last_non_direct: t`Last non-direct touch`, linear: t`Linear`, time_decay: t`Time decay`, position: t`By position`, w_shaped: t`W-shaped`, shapley: t`Shapley`, markov: t`Markov, order ${m.order ?? 1}` })[m.model] ?? m.model
}

/** An event as a person says it. */
export function useEventLabel() {
  const { t } = useLingui()
  const kindName = useKindName()
  return (e: EventPick): string => {
    if (e.kind === 'signal' && e.event) return { 'Segment Entered': t`Segment entered`, 'Segment Left': t`Segment left`, 'Stage Entered': t`Stage entered`, 'Stage Left': t`Stage left` }[e.event] ?? e.event
    if (e.event) return e.event
    if (e.kind === 'any') return t`any event`
    if (e.kind === 'page') return t`any page`
    if (e.kind === 'screen') return t`any screen`
    return kindName(e.kind ?? 'track')
  }
}

export function useSeriesLabel() {
  const event = useEventLabel()
  const measure = useTrendMeasure()
  return (s: Series): string => {
    if (s.label) return s.label
    const m = s.measure ?? 'count'
    if (m === 'count') return event(s)
    return s.property ? `${event(s)} · ${measure(m)} ${s.property}` : `${event(s)} · ${measure(m)}`
  }
}

/** How the values of a series are written. Money comes in major units, as it stood in the events. */
export function useSeriesFormat() {
  const f = useFormat()
  return (s: Series | undefined): ((n: number) => string) => {
    if (s?.money) return (n) => f.money(n * 10 ** minorDigits(f.currency))
    const m = s?.measure ?? 'count'
    return s && (m === 'count' || m === 'customers' || m === 'active') ? f.int : (n) => f.decimal(n)
  }
}

/** Labels of buckets: short on the axis, long in the tooltip. */
export function useBuckets() {
  const f = useFormat()
  const { t } = useLingui()
  return useMemo(
    () =>
      (buckets: Bucket[], interval: Interval): X[] =>
        buckets.map((b) => {
          const start = b.start / 1000
          const words: Record<Interval, [string, string]> = {
            hour: [f.hour(start), f.dateTime(start)],
            day: [f.dayMonth(start), f.longDate(start)],
            week: [f.dayMonth(start), t`week of ${f.date(start)}`],
            month: [f.monthYear(start), f.monthYear(start)],
            quarter: [f.monthYear(start), t`quarter from ${f.monthYear(start)}`],
            year: [f.year(start), f.year(start)],
          }
          const [label, long] = words[interval]
          return { label, long, incomplete: b.incomplete }
        }),
    [f, t],
  )
}

/** What the server noticed, in plain words. */
export function useHintText() {
  const { t } = useLingui()
  return (h: { code: string; name?: string; text: string }): string => {
    const name = h.name ?? ''
    switch (h.code) {
      case 'unknown_event':
        return t`No event called “${name}” has ever arrived. Check the spelling, or choose it from the list.`
      case 'no_events':
        return t`“${name}” exists, but nothing of it counts in this range and with these conditions.`
      case 'unknown_property':
        return t`None of these events has the property “${name}”.`
      case 'sum_too_large':
        return t`The sum of “${name}” is too large to be written exactly and was cut.`
      case 'rest_counts_twice':
        return t`In “(other)” a customer counts once for each value, so the parts add up to more than the whole.`
      case 'other_currency':
        return t`Left out, since no exchange rate is known: ${name}.`
    }
    return h.text
  }
}

/** The range of an answer, with its time zone. */
export function useRangeText() {
  const f = useFormat()
  return (r: Pick<Result, 'from' | 'to'>) => `${f.date(r.from / 1000)} – ${f.date(r.to / 1000 - 1)} · ${f.timeZone}`
}

/** A name for an insight that nobody has named. */
export function useAutoName() {
  const kind = useInsightKind()
  const event = useEventLabel()
  return (spec: Spec): string => {
    if (spec.funnel) return spec.funnel.steps.map((s) => s.label || event(s)).filter(Boolean).join(' → ')
    if (spec.journey && !spec.journey.touchpoints) return kind('journey')
    const first = spec.trend?.series[0] ?? spec.retention?.start ?? spec.growth ?? spec.stickiness ?? spec.composition ?? spec.table?.columns[0] ?? spec.attribution?.conversion ?? spec.paths?.events?.[0] ?? (spec.paths ? { kind: 'page' as const } : undefined)
    return first ? `${kind(spec.kind)}: ${event(first)}` : kind(spec.kind)
  }
}
