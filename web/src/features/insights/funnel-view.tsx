import { Button, SegmentedControl, Skeleton, Switch } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { lazy, Suspense, useMemo, useState } from 'react'
import type { Cell, FunnelGroup, FunnelMode } from '~/api/insights'
import { BarChart } from '~/charts/bars'
import { ConversionCurve } from '~/charts/curve'
import { FunnelChart } from '~/charts/funnel'
import type { FunnelView as View } from '~/charts/steps'
import { useFormat } from '~/ui/format'
import type { ViewProps } from './view'
import { useEventLabel, useModeName, useValueLabel } from './words'
import classes from './insights.module.css'

const Correlation = lazy(() => import('./correlation'))

/** A funnel: its steps, how the conversion grows with time, or how long it takes. */
export function FunnelView({ answer, onDrill, compact, height }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const eventLabel = useEventLabel()
  const [form, setForm] = useState<'steps' | 'time' | 'spread'>('steps')
  const [apart, setApart] = useState(true)
  const spec = answer.spec.funnel!
  const valueLabel = useValueLabel(spec.breakdown)
  const result = answer.result.funnel!
  const split = !!result.groups?.length && apart && !!spec.breakdown
  const groups = split ? result.groups! : [result.total]
  const names = spec.steps.map((s) => s.label || eventLabel(s))
  const views: View[] = useMemo(() => groups.map((g, i) => ({ key: `${g.value.text}${g.value.none}${g.value.other}`, label: valueLabel(g.value), slot: i, entered: g.entered, converted: g.converted, excluded: g.excluded, pending: g.pending, steps: g.steps.map((s, k) => ({ reached: s.reached, entered: s.entered, before: s.before, pending: s.pending, median: s.time?.median ?? null, optional: !!spec.steps[k]?.optional })) })), [answer, split, valueLabel])
  const drill = (group: number, cell: Cell, what: string) => {
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
        onChange={(v) => setForm(v as typeof form)}
        data={[
          { value: 'steps', label: t`Steps` },
          { value: 'time', label: t`Conversion over time` },
          { value: 'spread', label: t`Time taken` },
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
          onExcluded={onDrill && ((g) => drill(g, { outcome: 'excluded' }, t`excluded`))}
        />
      ) : form === 'spread' ? (
        <TimeTaken extra={extra} names={names} group={groups[0]!} others={groups.length - 1} height={height} />
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
      {!compact && onDrill && <Ties answer={answer} onDrill={onDrill} />}
      {!compact && spec.counting !== 'all' && spec.steps.length > 1 && <WhatGoesWith answer={answer} />}
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

/** How long it took, of those who made it: from the first step to the last, or from one to the next. */
function TimeTaken({ group, names, others, extra, height }: { group: FunnelGroup; names: string[]; others: number; extra: React.ReactNode; height?: number }) {
  const { t } = useLingui()
  const f = useFormat()
  const [step, setStep] = useState(0)
  const spread = step === 0 ? group.time : group.steps[step]?.time
  const bins = spread?.bins ?? []
  const time = (micros: number) => f.seconds(micros / 1e6)
  const long = (i: number) => (i === bins.length - 1 && i > 0 ? t`${time(bins[i]!.from)} or longer` : t`from ${time(bins[i]!.from)} to below ${time(bins[i]!.to)}`)
  const parts = [t`the whole way`, ...names.slice(1).map((name, i) => t`to ${i + 2}. ${name}`)]
  const pick = (
    <div className={classes.controls}>
      {extra}
      <SegmentedControl size="xs" aria-label={t`Time of which part`} value={String(step)} onChange={(v) => setStep(Number(v))} data={parts.slice(0, 8).map((label, i) => ({ value: String(i), label }))} />
    </div>
  )
  if (!spread || bins.length === 0) {
    return (
      <>
        {pick}
        <p className={classes.note}>{t`Nobody has come so far yet, so there is no time to show.`}</p>
      </>
    )
  }
  return (
    <>
      <BarChart label={t`Time taken: ${parts[step] ?? ''}`} file="time-taken" xHead={t`Time taken`} xs={bins.map((b, i) => ({ label: time(b.from), long: long(i) }))} whole height={height} axisFormat={(n) => f.compact(n)} series={[{ key: 'n', label: t`Conversions`, slot: 0, values: bins.map((b) => b.n), format: f.int }]} note={(i) => f.percent(bins[i]!.n / spread.n)} extra={pick} />
      <p className={classes.note}>
        {t`${f.int(spread.n)} in all; half need up to ${time(spread.median)}, nine in ten up to ${time(spread.p90)}. The last bar takes all that is longer.`} {others > 0 && t`Shown is the first value; switch “Values apart” off for all.`}
      </p>
    </>
  )
}

/** Who would come out otherwise if events of one instant counted by another rule. */
function Ties({ answer, onDrill }: Pick<ViewProps, 'answer'> & { onDrill: NonNullable<ViewProps['onDrill']> }) {
  const { t } = useLingui()
  const modeName = useModeName()
  const { funnel } = answer.spec
  const mode = funnel!.mode ?? 'ciclo'
  if (funnel!.order === 'any') return null
  const others = (['ciclo', 'window_funnel', 'strict_increase'] as FunnelMode[]).filter((m) => m !== mode)
  return (
    <p className={classes.note}>
      {t`Events of one instant:`} {modeName(mode)}.{' '}
      {others.map((m) => (
        <Button key={m} size="compact-xs" variant="subtle" onClick={() => onDrill({ outcome: 'differs', mode: m }, t`comes out otherwise with “${modeName(m)}”`)}>
          {t`Who differs with “${modeName(m)}”?`}
        </Button>
      ))}
    </p>
  )
}

/** Opened when it is asked for: it reads the timeline again. */
function WhatGoesWith({ answer }: Pick<ViewProps, 'answer'>) {
  const { t } = useLingui()
  const [open, setOpen] = useState(false)
  return (
    <section className={classes.section} aria-label={t`What goes with conversion`}>
      <Button size="compact-sm" variant="default" style={{ justifySelf: 'start' }} data-open="correlation" aria-expanded={open} onClick={() => setOpen(!open)}>{t`What goes with conversion?`}</Button>
      {open && (
        <Suspense fallback={<Skeleton height={80} />}>
          <Correlation spec={answer.spec} />
        </Suspense>
      )}
    </section>
  )
}
