import { Button, NativeSelect, NumberInput, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Interval, Series, Trend, TrendMeasure } from '~/api/insights'
import { Remove } from '~/ui/remove'
import { IconPlus } from '~/ui/icons'
import { BreakdownField } from './breakdown-field'
import { OptionalNumber, Section } from './section'
import { readsProperty, shifted } from './draft'
import { EventRow, PropertyField } from './fields'
import { ProblemLine } from './problems'
import { useIntervalName, useTrendMeasure } from './words'
import classes from './insights.module.css'

const measures: TrendMeasure[] = ['count', 'customers', 'per_customer', 'active', 'sum', 'mean', 'median', 'min', 'max', 'percentile']
const intervals: Interval[] = ['hour', 'day', 'week', 'month', 'quarter', 'year']
const letter = (i: number) => String.fromCharCode(65 + i)

/** Lines, formulas over them, and how they are drawn over time. */
export function TrendForm({ trend, onChange }: { trend: Trend; onChange: (next: Trend) => void }) {
  const { t } = useLingui()
  const series = (list: Series[]) => onChange({ ...trend, series: list })
  const formulas = trend.formulas ?? []
  return (
    <>
      <Section title={t`Lines`}>
        {trend.series.map((s, i) => (
          <EventRow
            key={i}
            badge={letter(i)}
            label={t`Line ${letter(i)}`}
            path={`trend.series[${i}]`}
            value={s}
            onPick={(kind, event) => series(trend.series.with(i, { ...s, kind, event }))}
            onWhere={(where) => series(trend.series.with(i, { ...s, where }))}
            actions={[
              { label: t`Duplicate`, run: () => series(trend.series.toSpliced(i + 1, 0, structuredClone(s))) },
              { label: t`Move up`, run: () => series(shifted(trend.series, i, -1)), disabled: i === 0 },
              { label: t`Move down`, run: () => series(shifted(trend.series, i, 1)), disabled: i === trend.series.length - 1 },
              { label: t`Remove`, run: () => series(trend.series.toSpliced(i, 1)), disabled: trend.series.length === 1 },
            ]}
          >
            <MeasureFields series={s} label={t`Line ${letter(i)}`} onChange={(next) => series(trend.series.with(i, next))} />
          </EventRow>
        ))}
        <div className={classes.fields}>
          <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} disabled={trend.series.length >= 26} onClick={() => series([...trend.series, { kind: 'track', event: '' }])}>
            {t`Add a line`}
          </Button>
          <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} />} onClick={() => onChange({ ...trend, formulas: [...formulas, { formula: trend.series.length > 1 ? 'A / B' : '' }] })}>
            {t`Add a formula`}
          </Button>
        </div>
        {formulas.map((x, i) => (
          <div key={i} className={classes.row} role="group" aria-label={t`Formula ${i + 1}`}>
            <div className={classes.rowHead}>
              <span className={classes.badge} aria-hidden>{`F${i + 1}`}</span>
              <TextInput size="xs" aria-label={t`Formula ${i + 1}`} placeholder="A / B * 100" value={x.formula} onChange={(e) => onChange({ ...trend, formulas: formulas.with(i, { ...x, formula: e.currentTarget.value }) })} />
              <TextInput size="xs" aria-label={t`Name of the formula`} placeholder={t`Name`} w={110} value={x.label ?? ''} onChange={(e) => onChange({ ...trend, formulas: formulas.with(i, { ...x, label: e.currentTarget.value || undefined }) })} />
              <Remove onClick={() => onChange({ ...trend, formulas: formulas.toSpliced(i, 1) })} />
            </div>
            <ProblemLine path={`trend.formulas[${i}]`} />
          </div>
        ))}
        <ProblemLine path="trend.series" />
      </Section>
      <TimeFields trend={trend} onChange={onChange} />
      <BreakdownField value={trend.breakdown} event={trend.series[0]?.event} path="trend.breakdown" onChange={(breakdown) => onChange({ ...trend, breakdown })} />
    </>
  )
}

function TimeFields({ trend, onChange }: { trend: Trend; onChange: (next: Trend) => void }) {
  const { t } = useLingui()
  const intervalName = useIntervalName()
  return (
    <Section title={t`Over time`}>
      <div className={classes.two}>
        <NativeSelect size="xs" label={t`Interval`} data={intervals.map((i) => ({ value: i, label: intervalName(i) }))} value={trend.interval} onChange={(e) => onChange({ ...trend, interval: e.currentTarget.value as Interval })} />
        <NativeSelect
          size="xs"
          label={t`Compare with`}
          data={[
            { value: '', label: t`nothing` },
            { value: 'previous', label: t`the period before` },
            { value: 'last_year', label: t`the year before` },
          ]}
          value={trend.compare ?? ''}
          onChange={(e) => onChange({ ...trend, compare: (e.currentTarget.value || undefined) as Trend['compare'] })}
        />
        <OptionalNumber label={t`Moving average over`} value={trend.average || undefined} max={366} placeholder={t`no average`} onChange={(average) => onChange({ ...trend, average })} />
      </div>
      <Switch size="sm" label={t`Add up from the start of the range`} checked={trend.cumulative ?? false} onChange={(e) => onChange({ ...trend, cumulative: e.currentTarget.checked || undefined })} />
      <ProblemLine path="trend.interval" />
      <ProblemLine path="trend.average" />
      <ProblemLine path="trend.compare" />
    </Section>
  )
}

/** What is counted of the events of a line or a column. */
export function MeasureFields({ series: s, label, onChange, without }: { series: Series; label: string; onChange: (next: Series) => void; without?: TrendMeasure }) {
  const { t } = useLingui()
  const measureName = useTrendMeasure()
  const m = s.measure ?? 'count'
  const property = readsProperty(s)
  return (
    <div className={classes.fields}>
      <NativeSelect size="xs" aria-label={t`What to count: ${label}`} data={measures.filter((x) => x !== without).map((x) => ({ value: x, label: measureName(x) }))} value={m} onChange={(e) => onChange({ ...s, measure: e.currentTarget.value as TrendMeasure, ...(e.currentTarget.value === 'active' ? { days: s.days ?? 7 } : {}), ...(e.currentTarget.value === 'percentile' ? { percentile: s.percentile ?? 90 } : {}) })} />
      {property && <PropertyField label={t`Number property`} numeric value={s.property ?? ''} event={s.event} w={140} onChange={(name) => onChange({ ...s, property: name })} />}
      {m === 'percentile' && <NumberInput size="xs" aria-label={t`Percentile`} w={70} min={0} max={100} hideControls suffix=" %" value={s.percentile ?? 90} onChange={(v) => onChange({ ...s, percentile: Number(v) })} />}
      {m === 'active' && (
        <>
          <span>{t`in the last`}</span>
          <NumberInput size="xs" aria-label={t`Days`} w={84} min={1} max={366} hideControls allowDecimal={false} suffix={` ${t`days`}`} value={s.days ?? 7} onChange={(v) => onChange({ ...s, days: Number(v) || 1 })} />
        </>
      )}
      {property && <Switch size="xs" label={t`money`} checked={s.money ?? false} onChange={(e) => onChange({ ...s, money: e.currentTarget.checked || undefined })} />}
    </div>
  )
}
