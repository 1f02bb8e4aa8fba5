import { NativeSelect, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { Range } from '~/api/insights'
import { useWorkspace } from '~/app/session'
import { SpanField } from '~/conditions/fields'
import { dayOf, isoDay, midnight, shiftDay } from '~/ui/time'
import { ProblemLine } from './problems'
import classes from './insights.module.css'

const presets = ['7d', '30d', '90d', '180d', '365d']

/** The range of an insight: up to now, or fixed days of the workspace's zone. */
export function RangeField({ value, onChange, size = 'xs' }: { value: Range; onChange: (range: Range) => void; size?: 'xs' | 'sm' }) {
  const { t } = useLingui()
  const { time_zone } = useWorkspace()
  const today = dayOf(new Date(), time_zone)
  const month = (by: number): Range => ({ from: isoDay(midnight(today.year, today.month + by, 1, time_zone), time_zone), to: isoDay(midnight(today.year, today.month + by + 1, 1, time_zone), time_zone) })
  const same = (a: Range) => JSON.stringify(a) === JSON.stringify(value)
  const mode = 'last' in value ? (presets.includes(value.last) ? value.last : 'last') : same(month(0)) ? 'month' : same(month(-1)) ? 'last-month' : 'dates'
  const labels: Record<string, string> = { '7d': t`Last 7 days`, '30d': t`Last 30 days`, '90d': t`Last 90 days`, '180d': t`Last 180 days`, '365d': t`Last 365 days`, last: t`Last …`, month: t`This month`, 'last-month': t`Last month`, dates: t`Own dates` }
  const change = (m: string) => {
    if (m === 'last') onChange({ last: '14d' })
    else if (m === 'month') onChange(month(0))
    else if (m === 'last-month') onChange(month(-1))
    else if (m === 'dates') {
      const to = isoDay(midnight(today.year, today.month, today.day + 1, time_zone), time_zone)
      onChange('from' in value ? { ...value } : { from: shiftDay(to, -30, time_zone), to })
      setOwn(true)
    } else onChange({ last: m })
  }
  // Dates that happen to be a whole month are still own dates while they are being chosen.
  const [own, setOwn] = useState(mode === 'dates')
  const shown = own && 'from' in value ? 'dates' : mode
  return (
    <div className={classes.range} role="group" aria-label={t`Range`}>
      <NativeSelect size={size} aria-label={t`Range`} data={[...presets, 'month', 'last-month', 'last', 'dates'].map((m) => ({ value: m, label: labels[m]! }))} value={shown} onChange={(e) => (setOwn(false), change(e.currentTarget.value))} />
      {shown === 'last' && 'last' in value && (
        <SpanField value={value.last} onChange={(last) => onChange({ last })} />
      )}
      {shown === 'dates' && 'from' in value && (
        <>
          <TextInput size={size} type="date" aria-label={t`From`} value={value.from} onChange={(e) => onChange({ from: e.currentTarget.value, to: value.to })} />
          <span aria-hidden>–</span>
          <TextInput size={size} type="date" aria-label={t`To, that day included`} value={shiftDay(value.to, -1, time_zone)} onChange={(e) => onChange({ from: value.from, to: shiftDay(e.currentTarget.value, 1, time_zone) })} />
        </>
      )}
      <p className={classes.gap}>{t`Days begin at midnight in ${time_zone}.`}</p>
      <ProblemLine path="range" />
    </div>
  )
}

