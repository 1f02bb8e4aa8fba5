import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q, type Kpi } from '~/api'
import type { Rule, Schedule, Watched } from '~/api/alerts'
import { insights } from '~/api/insights'
import { minorDigits, useFormat } from '~/ui/format'
import { useKpiName } from '~/ui/names'

export const spans = ['5m', '15m', '1h', '6h', '1d', '7d'] as const

export function useSpanName() {
  const { t } = useLingui()
  return (span: string) => ({ '5m': t`every 5 minutes`, '15m': t`every 15 minutes`, '1h': t`every hour`, '6h': t`every 6 hours`, '1d': t`every day`, '7d': t`every week` })[span] ?? span
}

/** What an alert looks at, by name, and how its numbers are written. */
export function useWatched() {
  const { t } = useLingui()
  const f = useFormat()
  const kpiName = useKpiName()
  const kpis = useQuery(q.kpis({}))
  const saved = useQuery(insights.list())
  const kpiOf = (w: Watched): Kpi | undefined => kpis.data?.find((k) => k.key === w.kpi && (!w.stage || k.stage === w.stage))
  return {
    kpis: kpis.data ?? [],
    trends: (saved.data ?? []).filter((i) => i.kind === 'trend'),
    kpiOf,
    name: (w: Watched): string => {
      if (w.kpi) return [kpiName(kpiOf(w) ?? { key: w.kpi, name: w.kpi }), w.stage].filter(Boolean).join(' · ')
      const insight = saved.data?.find((i) => Number(i.id) === w.insight)
      return [insight?.name ?? t`Insight ${w.insight ?? ''}`, w.line && w.line !== 'A' ? w.line : '', w.value].filter(Boolean).join(' · ')
    },
    value: (w: Watched, n: number | null | undefined): string => {
      const kpi = kpiOf(w)
      if (n === null || n === undefined) return '–'
      return kpi ? f.unit(n, kpi.unit, kpi.currency) : f.decimal(n)
    },
    /** Factor between the stored value and what a person types. */
    factor: (w: Watched): number => {
      const kpi = kpiOf(w)
      if (kpi?.unit === 'ratio') return 0.01
      if (kpi?.unit === 'money') return 10 ** minorDigits(kpi.currency ?? f.currency)
      return 1
    },
    suffix: (w: Watched): string => {
      const kpi = kpiOf(w)
      return kpi?.unit === 'ratio' ? ' %' : kpi?.unit === 'money' ? ` ${kpi.currency ?? f.currency}` : kpi?.unit === 'days' ? ` ${t`days`}` : ''
    },
  }
}

/** A rule as a sentence. */
export function useRuleText() {
  const { t } = useLingui()
  const f = useFormat()
  const { value } = useWatched()
  return (rule: Rule, watched: Watched): string => {
    if (rule.kind === 'threshold') return rule.op === 'below' ? t`when it is below ${value(watched, rule.value)}` : t`when it is above ${value(watched, rule.value)}`
    if (rule.kind === 'change') {
      const by = f.percent(rule.by ?? 0, 0)
      return rule.direction === 'up' ? t`when it rises by ${by} or more` : rule.direction === 'down' ? t`when it falls by ${by} or more` : t`when it changes by ${by} or more`
    }
    const n = f.decimal(rule.deviations || 3.5, 1)
    return rule.direction === 'up' ? t`when it is unusually high (${n} deviations)` : rule.direction === 'down' ? t`when it is unusually low (${n} deviations)` : t`when it is unusual (${n} deviations)`
  }
}

export function useScheduleText() {
  const { t } = useLingui()
  const spanName = useSpanName()
  return (s: Schedule) => (s.at ? t`${spanName(s.every)} at ${s.at}` : spanName(s.every))
}
