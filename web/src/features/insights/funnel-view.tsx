import { SegmentedControl, Switch } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMemo, useState } from 'react'
import type { Cell, FunnelGroup } from '~/api/insights'
import { ConversionCurve } from '~/charts/curve'
import { FunnelChart } from '~/charts/funnel'
import type { FunnelView as View } from '~/charts/steps'
import { useFormat } from '~/ui/format'
import type { ViewProps } from './view'
import { useEventLabel, useValueLabel } from './words'
import classes from './insights.module.css'

/** A funnel: its steps, or how the conversion grows with time. */
export function FunnelView({ answer, onDrill, compact, height }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const eventLabel = useEventLabel()
  const valueLabel = useValueLabel()
  const [form, setForm] = useState<'steps' | 'time'>('steps')
  const [apart, setApart] = useState(true)
  const spec = answer.spec.funnel!
  const result = answer.result.funnel!
  const split = !!result.groups?.length && apart && !!spec.breakdown
  const groups = split ? result.groups! : [result.total]
  const names = spec.steps.map((s) => s.label || eventLabel(s))
  const views: View[] = useMemo(() => groups.map((g, i) => ({ key: `${g.value.text}${g.value.none}${g.value.other}`, label: valueLabel(g.value), slot: i, entered: g.entered, converted: g.converted, excluded: g.excluded, pending: g.pending, steps: g.steps.map((s, k) => ({ reached: s.reached, entered: s.entered, before: s.before, pending: s.pending, median: s.time?.median ?? null, optional: !!spec.steps[k]?.optional })) })), [answer, split])
  const drill = (group: number, cell: Extract<Cell, { step: number }>, what: string) => {
    const g = groups[group]!
    onDrill?.({ ...cell, ...(split ? { value: g.value } : {}) }, split ? `${what} · ${valueLabel(g.value)}` : what)
  }
  const stepName = (i: number) => `${i + 1}. ${names[i]}`
  const words = { reached: (i: number) => t`reached ${stepName(i)}`, dropped: (i: number) => t`left before ${stepName(i)}`, pending: (i: number) => t`waiting at ${stepName(i)}` }
  const label = names.join(' → ')
  const extra = !compact && (
    <div className={classes.controls}>
      <SegmentedControl
        size="xs"
        aria-label={t`How to draw it`}
        value={form}
        onChange={(v) => setForm(v as 'steps' | 'time')}
        data={[
          { value: 'steps', label: t`Steps` },
          { value: 'time', label: t`Conversion over time` },
        ]}
      />
      {spec.breakdown && !!result.groups?.length && <Switch size="sm" label={t`Values apart`} checked={apart} onChange={(e) => setApart(e.currentTarget.checked)} />}
    </div>
  )
  const curves = groups.slice(0, 8).flatMap((g, i) => (g.curve?.length ? [{ key: views[i]!.key, label: views[i]!.label, slot: i, points: g.curve }] : []))
  return (
    <div className={classes.stack}>
      {form === 'steps' || compact ? (
        <FunnelChart
          label={label}
          file="funnel"
          names={names}
          groups={views}
          extra={extra}
          pieces={spec.counting === 'all'}
          compact={compact}
          height={height ? Math.max(60, height - 90) : undefined}
          onOpen={onDrill && ((g, step, outcome) => drill(g, { step: step + 1, outcome }, words[outcome](step)))}
          onExcluded={onDrill && ((g) => drill(g, { step: 1, outcome: 'excluded' }, t`excluded`))}
        />
      ) : curves.length > 0 ? (
        <ConversionCurve extra={extra} label={t`Conversion over time: ${label}`} file="conversion" curves={curves} window={result.window} />
      ) : (
        <>
          {extra}
          <p className={classes.note}>{t`Nobody has converted yet, so there is no curve.`}</p>
        </>
      )}
      {!compact && result.total.time && <TimeLine group={result.total} />}
      {!compact && <p className={classes.note}>{t`A conversion counts within ${f.seconds(result.window / 1e6)} of step 1. Customers whose time still runs are shown as waiting and count as neither converted nor lost.`}</p>}
    </div>
  )
}

function TimeLine({ group }: { group: FunnelGroup }) {
  const { t } = useLingui()
  const f = useFormat()
  const s = group.time!
  const time = (micros: number) => f.seconds(micros / 1e6)
  return <p className={classes.note}>{t`From the first step to the last: a quarter needs up to ${time(s.p25)}, half up to ${time(s.median)}, three quarters up to ${time(s.p75)}, nine in ten up to ${time(s.p90)}.`}</p>
}
