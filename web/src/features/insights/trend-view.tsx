import { SegmentedControl } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMemo } from 'react'
import type { Annotation, Cell, ResultLine, Series } from '~/api/insights'
import { placeOf } from '~/charts/axis'
import { BarChart } from '~/charts/bars'
import { BigNumber } from '~/charts/big'
import { type Line, LineChart, type Mark } from '~/charts/lines'
import { minorDigits, useFormat } from '~/ui/format'
import type { ViewProps } from './view'
import { useBuckets, useSeriesFormat, useSeriesLabel, useValueLabel } from './words'

export type TrendForm = 'lines' | 'bars' | 'number'

/** A trend as lines, bars or one number for each line. */
export function TrendView({ answer, onDrill, compact, height, annotations, form, setForm }: ViewProps & { form?: TrendForm; setForm?: (form: TrendForm) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const seriesLabel = useSeriesLabel()
  const formatOf = useSeriesFormat()
  const buckets = useBuckets()
  const spec = answer.spec.trend!
  const valueLabel = useValueLabel(spec.breakdown)
  const result = answer.result.trend!
  const drawn = result.lines ?? []
  const xs = useMemo(() => buckets(result.buckets, result.interval), [result, buckets])
  const beforeXs = useMemo(() => result.before && buckets(result.before, result.interval), [result, buckets])
  const series = (l: ResultLine): Series | undefined => (l.series.startsWith('F') ? undefined : spec.series[l.series.charCodeAt(0) - 65])
  const formula = (l: ResultLine) => spec.formulas?.[Number(l.series.slice(1)) - 1]
  const name = (l: ResultLine) => {
    const own = series(l)
    const base = l.label || (own ? seriesLabel(own) : (formula(l)?.label ?? formula(l)?.formula ?? l.series))
    const several = spec.series.length + (spec.formulas?.length ?? 0) > 1
    return l.value.all || !spec.breakdown ? base : several ? `${base} · ${valueLabel(l.value)}` : valueLabel(l.value)
  }
  const lines: Line[] = useMemo(
    () =>
      drawn.map((l, i) => {
        const format = formatOf(series(l))
        return { key: `${l.series}\0${l.value.text}\0${l.value.none ?? ''}${l.value.other ?? ''}`, label: name(l), slot: i, values: l.points.map((p) => p.value), before: l.before && fit(l.before.points.map((p) => p.value), xs.length), average: l.average, format, total: l.total.value === null ? '–' : format(l.total.value) }
      }),
    [answer, xs, valueLabel],
  )
  const marks: Mark[] = useMemo(() => marksOf(annotations ?? [], result.buckets), [annotations, result])
  const whole = drawn.every((l) => {
    const m = series(l)?.measure ?? 'count'
    return !!series(l) && (m === 'count' || m === 'customers' || m === 'active')
  })
  const money = drawn.length > 0 && drawn.every((l) => series(l)?.money)
  const axisFormat = money ? (n: number) => f.money(n * 10 ** minorDigits(f.currency), f.currency, { notation: 'compact', maximumFractionDigits: 1 }) : (n: number) => (Math.abs(n) < 10 && !whole ? f.decimal(n) : f.compact(n))
  const cell = (line: number, bucket?: number): Cell => {
    const l = drawn[line]!
    return { series: l.series, ...(bucket === undefined ? {} : { bucket }), ...(spec.breakdown && !l.value.all ? { value: l.value } : {}) }
  }
  // Nobody stands behind a formula, only behind its parts.
  const canDrill = (line: number) => !!drawn[line] && !!series(drawn[line])
  const drill = (line: number, bucket?: number) => {
    const l = lines[line]!
    const value = bucket === undefined ? drawn[line]!.total.value : l.values[bucket]
    if (canDrill(line) && value !== null) onDrill?.(cell(line, bucket), `${l.label} · ${bucket === undefined ? t`whole range` : xs[bucket]!.long}`)
  }
  const label = lines.map((l) => l.label).slice(0, 3).join(', ') || t`Trend`
  const shown = form ?? 'lines'
  const extra = setForm && !compact && (
    <SegmentedControl
      size="xs"
      aria-label={t`How to draw it`}
      value={shown}
      onChange={(v) => setForm(v as TrendForm)}
      data={[
        { value: 'lines', label: t`Lines` },
        { value: 'bars', label: t`Bars` },
        { value: 'number', label: t`Number` },
      ]}
    />
  )
  if (shown === 'number') {
    return (
      <div>
        {extra}
        <div style={{ display: 'grid', gap: 18, gridTemplateColumns: `repeat(auto-fill, minmax(${compact ? 120 : 220}px, 1fr))`, padding: compact ? 0 : '20px 0' }}>
          {lines.map((l, i) => (
            <BigNumber key={l.key} value={drawn[i]!.total.value} before={drawn[i]!.before?.total.value} format={l.format} label={l.label} spark={l.values} onOpen={onDrill && canDrill(i) ? () => drill(i) : undefined} />
          ))}
        </div>
      </div>
    )
  }
  const shared = { label, file: 'trend', xHead: t`Time`, xs, axisFormat, whole, compact, height, extra }
  if (shown === 'bars') return <BarChart {...shared} series={lines.slice(0, 8).map((l) => ({ ...l, values: l.values.map((v) => v ?? 0), hatched: l.slot % 2 === 1 }))} onOpen={onDrill && drill} />
  // Another question has other lines: which are hidden begins anew.
  return <LineChart key={lines.map((l) => l.key).join('\n')} {...shared} beforeXs={beforeXs} lines={lines} marks={marks} area onOpen={onDrill && drill} onTotal={onDrill && drill} />
}

/** Cuts or fills the values of the period before, which may have another number of buckets. */
const fit = (values: (number | null)[], n: number) => Array.from({ length: n }, (_, i) => values[i] ?? null)

/** Annotations in range, at their place on the axis. */
export function marksOf(annotations: Annotation[], buckets: { start: number; end: number }[]): Mark[] {
  return annotations.flatMap((a) => {
    const start = a.at
    const end = a.until
    const first = buckets[0]
    const last = buckets[buckets.length - 1]
    if (!first || !last || start >= last.end || (end ?? start) < first.start) return []
    const at = placeOf(Math.max(start, first.start), buckets)
    return at === undefined ? [] : [{ at, until: end === undefined ? undefined : (placeOf(Math.min(end, last.end - 1), buckets) ?? at), text: a.text }]
  })
}
