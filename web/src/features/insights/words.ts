import { useLingui } from '@lingui/react/macro'
import { useMemo } from 'react'
import type { BreakValue, Bucket, EventPick, InsightKind, Interval, Result, Series, Spec, TrendMeasure } from '~/api/insights'
import type { X } from '~/charts/lines'
import { minorDigits, useFormat } from '~/ui/format'
import { useKindName } from '~/ui/names'

export function useInsightKind() {
  const { t } = useLingui()
  return (kind: InsightKind) => ({ trend: t`Trend`, funnel: t`Funnel`, retention: t`Retention`, growth: t`Growth`, stickiness: t`Stickiness` })[kind] ?? kind
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
    })[kind]
}

export function useTrendMeasure() {
  const { t } = useLingui()
  return (m: TrendMeasure): string =>
    ({ count: t`number of events`, customers: t`number of customers`, per_customer: t`events per customer`, sum: t`sum of`, mean: t`mean of`, min: t`least`, max: t`greatest`, median: t`median of`, percentile: t`percentile of`, active: t`active customers` })[m]
}

export function useIntervalName() {
  const { t } = useLingui()
  return (i: Interval) => ({ hour: t`hour`, day: t`day`, week: t`week`, month: t`month`, quarter: t`quarter`, year: t`year` })[i]
}

export function useValueLabel() {
  const { t } = useLingui()
  return (v: BreakValue): string => (v.all ? t`Everybody` : v.none ? t`(none)` : v.other ? t`(other)` : v.text === '' ? t`(empty)` : v.text)
}

/** An event as a person says it. */
export function useEventLabel() {
  const { t } = useLingui()
  const kindName = useKindName()
  return (e: EventPick): string => {
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
        return t`Events in another currency than the workspace’s were left out. Break down by currency to see them.`
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
    const first = spec.trend?.series[0] ?? spec.retention?.start ?? spec.growth ?? spec.stickiness
    return first ? `${kind(spec.kind)}: ${event(first)}` : kind(spec.kind)
  }
}
