import { NumberInput, Select } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Lapse } from '~/api/expr'
import { EventField } from './did'
import classes from './models.module.css'

/** Silence: no such event for some days, or for a multiple of the customer's own gap. */
export function LapseFields({ lapse, onChange }: { lapse: Lapse; onChange: (next: Lapse) => void }) {
  const { t } = useLingui()
  const own = lapse.gap_multiple !== undefined
  const n = (label: string, value: number, set: (v: number) => void) => <NumberInput size="xs" aria-label={label} title={label} className={classes.n} min={1} hideControls value={value} onChange={(v) => set(Math.max(0, Number(v) || 0))} />
  return (
    <>
      <span>{t`none of`}</span>
      <EventField kind={lapse.kind ?? 'track'} event={lapse.event} onChange={(kind, event) => onChange({ ...lapse, kind, event })} />
      <span>{t`for`}</span>
      <Select
        size="xs"
        aria-label={t`Rule`}
        w={190}
        allowDeselect={false}
        value={own ? 'own' : 'days'}
        data={[
          { value: 'days', label: t`a number of days` },
          { value: 'own', label: t`a multiple of the own gap` },
        ]}
        onChange={(mode) => onChange(mode === 'own' ? { ...lapse, gap_multiple: 3, min_days: 30, max_days: 365 } : { event: lapse.event, kind: lapse.kind, where: lapse.where, days: lapse.days })}
      />
      {own ? (
        <>
          {n(t`Multiple of the own gap`, lapse.gap_multiple!, (gap_multiple) => onChange({ ...lapse, gap_multiple }))}
          <span>{t`times, at least`}</span>
          {n(t`Least days`, lapse.min_days ?? 1, (min_days) => onChange({ ...lapse, min_days }))}
          <span>{t`and at most`}</span>
          {n(t`Most days`, lapse.max_days ?? 365, (max_days) => onChange({ ...lapse, max_days }))}
          <span>{t`days; with fewer than 2 gaps`}</span>
          {n(t`Days`, lapse.days, (days) => onChange({ ...lapse, days }))}
          <span>{t`days`}</span>
        </>
      ) : (
        <>
          {n(t`Days`, lapse.days, (days) => onChange({ ...lapse, days }))}
          <span>{t`days`}</span>
        </>
      )}
    </>
  )
}
