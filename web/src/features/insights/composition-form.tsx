import { NativeSelect, SegmentedControl, TagsInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Breakdown, Composition, Numbers } from '~/api/insights'
import { AtField, ByFields, RowsGap } from './breakdown-field'
import { EventRow } from './fields'
import { ProblemLine } from './problems'
import { OptionalNumber, Section } from './section'
import classes from './insights.module.css'

/** Whose make-up is shown, and by which values or numbers. */
export default function CompositionForm({ composition: c, onChange }: { composition: Composition; onChange: (next: Composition) => void }) {
  const { t } = useLingui()
  const set = (patch: Partial<Composition>) => onChange({ ...c, ...patch })
  const n = c.numbers
  const b = c.breakdown ?? { property: '' }
  const percentiles = (list: string[]) => [...new Set(list.map(Number).filter((x) => x >= 0 && x <= 100))].sort((x, y) => x - y).slice(0, 20)
  return (
    <>
      <Section title={t`Made up are`}>
        <NativeSelect
          size="xs"
          aria-label={t`What is made up`}
          data={[
            { value: 'customers', label: t`the customers who did this, each once` },
            { value: 'events', label: t`the events themselves` },
          ]}
          value={c.of ?? 'customers'}
          onChange={(e) => set({ of: e.currentTarget.value === 'events' ? 'events' : undefined })}
        />
        <EventRow label={t`Event`} path="composition" value={c} onPick={(kind, event) => set({ kind, event })} onWhere={(where) => set({ where })} />
        {c.of !== 'events' && <p className={classes.gap}>{t`A customer counts with the value at its newest event.`}</p>}
      </Section>
      <Section title={t`By`}>
        <SegmentedControl
          size="xs"
          aria-label={t`Values or numbers`}
          value={n ? 'numbers' : 'values'}
          data={[
            { value: 'values', label: t`Shares of values` },
            { value: 'numbers', label: t`Spread of numbers` },
          ]}
          onChange={(v) => onChange(v === 'numbers' ? { ...c, breakdown: undefined, numbers: { property: '' } } : { ...c, numbers: undefined, breakdown: { property: '' } })}
        />
        {n ? (
          <>
            <ByFields<Numbers> value={n} event={c.event} numeric onChange={(numbers) => set({ numbers })} />
            <div className={classes.two}>
              <AtField<Numbers> value={n} onChange={(numbers) => set({ numbers })} />
              <OptionalNumber label={t`Bars at most`} value={n.bins} max={200} placeholder="20" onChange={(bins) => set({ numbers: { ...n, bins } })} />
            </div>
            <TagsInput size="xs" label={t`Percentiles`} placeholder={n.percentiles?.length ? undefined : '5, 25, 50, 75, 95'} splitChars={[',', ' ', ';']} value={(n.percentiles ?? []).map(String)} onChange={(list) => set({ numbers: { ...n, percentiles: list.length > 0 ? percentiles(list) : undefined } })} />
            <RowsGap path="composition.numbers" />
            <ProblemLine path="composition.numbers" />
          </>
        ) : (
          <>
            <ByFields<Breakdown> value={b} event={c.event} onChange={(breakdown) => set({ breakdown })} />
            <div className={classes.two}>
              <OptionalNumber label={t`Values shown, the rest together`} value={b.top} max={1000} placeholder="25" onChange={(top) => set({ breakdown: { ...b, top } })} />
              <AtField<Breakdown> value={b} onChange={(breakdown) => set({ breakdown })} />
            </div>
            <RowsGap path="composition.breakdown" />
            <ProblemLine path="composition.breakdown" />
          </>
        )}
      </Section>
    </>
  )
}
