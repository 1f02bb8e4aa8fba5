import { useLingui } from '@lingui/react/macro'
import type { BreakValue } from '~/api/insights'
import { BarChart } from '~/charts/bars'
import { RowBars } from '~/charts/row-bars'
import { useFormat } from '~/ui/format'
import type { ViewProps } from './view'
import { useEventLabel, useValueLabel } from './words'
import classes from './insights.module.css'

/** Shares of values as lying bars, or the spread of numbers as a histogram. */
export default function CompositionView(props: ViewProps) {
  return props.answer.result.composition!.numbers ? <NumbersView {...props} /> : <PartsView {...props} />
}

function PartsView({ answer, onDrill, compact }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const eventLabel = useEventLabel()
  const spec = answer.spec.composition!
  const valueLabel = useValueLabel(spec.breakdown)
  const result = answer.result.composition!
  const parts = result.parts ?? []
  const most = Math.max(...parts.map((p) => p.share), 0.0001)
  const unit = spec.of === 'events' ? t`Events` : t`Customers`
  const key = (v: BreakValue) => `${v.text}\0${v.none ?? ''}${v.other ?? ''}`
  return (
    <div className={classes.stack}>
      <RowBars
        label={t`Composition of ${eventLabel(spec)}`}
        file="composition"
        scale={{ kind: 'linear', max: most }}
        compact={compact}
        rows={(compact ? parts.slice(0, 12) : parts).map((p) => ({ key: key(p.value), label: valueLabel(p.value), name: valueLabel(p.value), value: p.share, text: f.percent(p.share), sub: f.int(p.count), slot: p.value.other || p.value.none ? 4 : 0, weak: p.value.other || p.value.none }))}
        table={{ head: [t`Value`, unit, t`Share`], formats: [undefined, f.int, (n) => f.percent(n)], rows: parts.map((p) => [valueLabel(p.value), p.count, p.share]) }}
        onOpen={onDrill && ((i) => parts[i] && onDrill({ value: parts[i].value }, valueLabel(parts[i].value)))}
      />
      {!compact && <p className={classes.note}>{spec.of === 'events' ? t`${f.int(result.total)} events in all.` : t`${f.int(result.total)} customers in all, each with the value at the newest event.`}</p>}
    </div>
  )
}

function NumbersView({ answer, onDrill, compact, height }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const spec = answer.spec.composition!
  const result = answer.result.composition!
  const shape = result.numbers!
  const property = spec.numbers!.property
  const bins = shape.bins ?? []
  const range = (i: number) => t`from ${f.decimal(bins[i]!.from)} to below ${f.decimal(bins[i]!.to)}`
  const unit = spec.of === 'events' ? t`Events` : t`Customers`
  if (shape.n === 0) return <p className={classes.note}>{t`None of them has a number called “${property}”.`}</p>
  return (
    <div className={classes.stack}>
      <BarChart
        label={t`Spread of ${property}`}
        file="spread"
        xHead={property}
        xs={bins.map((b, i) => ({ label: f.decimal(b.from), long: range(i) }))}
        whole
        compact={compact}
        height={height}
        axisFormat={(n) => f.compact(n)}
        series={[{ key: 'count', label: unit, slot: 0, values: bins.map((b) => b.count), format: f.int }]}
        note={(i) => f.percent(bins[i]!.count / shape.n)}
        onOpen={onDrill && ((_, i) => bins[i]!.count > 0 && onDrill({ bucket: i }, `${property} ${range(i)}`))}
      />
      {!compact && (
        <>
          <dl className={classes.facts}>
            {[[t`Least`, shape.min], ...shape.percentiles.map((p) => [t`${f.decimal(p.percent)} % are at most`, p.value] as const), [t`Greatest`, shape.max], [t`Mean`, shape.mean]].map(([name, n]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{f.decimal(Number(n))}</dd>
              </div>
            ))}
          </dl>
          <p className={classes.note}>
            {spec.of === 'events' ? t`${f.int(shape.n)} events have this number.` : t`${f.int(shape.n)} customers have this number.`} {shape.missing > 0 && t`${f.int(shape.missing)} have none and are not shown.`}
          </p>
        </>
      )}
    </div>
  )
}
