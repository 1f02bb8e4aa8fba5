import { Button, NativeSelect, NumberInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { Exclusion, Funnel, FunnelMode, FunnelStep } from '~/api/insights'
import { SpanField } from '~/conditions/fields'
import { IconPlus } from '~/ui/icons'
import { BreakdownField } from './breakdown-field'
import { Section } from './section'
import { shifted } from './draft'
import { EventRow } from './fields'
import { ProblemLine } from './problems'
import { useModeName } from './words'
import classes from './insights.module.css'

const modes: FunnelMode[] = ['ciclo', 'window_funnel', 'strict_increase']

/** Steps, the time they may take, and what takes a customer out. */
export function FunnelForm({ funnel, onChange }: { funnel: Funnel; onChange: (next: Funnel) => void }) {
  const { t } = useLingui()
  const modeName = useModeName()
  const [fresh, setFresh] = useState<number>()
  const steps = (list: FunnelStep[]) => onChange({ ...funnel, steps: list.map((s, i) => (i === 0 || i === list.length - 1 ? { ...s, optional: undefined } : s)) })
  const exclude = funnel.exclude ?? []
  const exclusions = (list: Exclusion[]) => onChange({ ...funnel, exclude: list.length > 0 ? list : undefined })
  const n = funnel.steps.length
  const between = (x: Exclusion, patch: Partial<Exclusion>) => ({ ...x, ...patch })
  return (
    <>
      <Section title={t`Steps`}>
        {funnel.steps.map((s, i) => (
          <EventRow
            key={i}
            badge={String(i + 1)}
            label={t`Step ${i + 1}`}
            path={`funnel.steps[${i}]`}
            value={s}
            fresh={fresh === i}
            onPick={(kind, event) => steps(funnel.steps.with(i, { ...s, kind, event }))}
            onWhere={(where) => steps(funnel.steps.with(i, { ...s, where }))}
            actions={[
              { label: t`Add a step after it`, run: () => (setFresh(i + 1), steps(funnel.steps.toSpliced(i + 1, 0, { kind: 'track', event: '' }))) },
              { label: s.optional ? t`Make it required` : t`Make it optional`, run: () => steps(funnel.steps.with(i, { ...s, optional: s.optional ? undefined : true })), disabled: i === 0 || i === n - 1 || funnel.order === 'any' },
              { label: t`Move up`, run: () => steps(shifted(funnel.steps, i, -1)), disabled: i === 0 },
              { label: t`Move down`, run: () => steps(shifted(funnel.steps, i, 1)), disabled: i === n - 1 },
              { label: t`Remove`, run: () => steps(funnel.steps.toSpliced(i, 1)), disabled: n === 1 },
            ]}
          >
            {s.optional && <p className={classes.gap}>{t`Optional: customers may skip it.`}</p>}
          </EventRow>
        ))}
        <Button size="compact-sm" variant="light" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={14} />} disabled={n >= 50} onClick={() => (setFresh(n), steps([...funnel.steps, { kind: 'track', event: '' }]))}>
          {t`Add a step`}
        </Button>
        <ProblemLine path="funnel.order" />
      </Section>
      <Section title={t`Counting`}>
        <div className={classes.fields}>
          <span>{t`All steps within`}</span>
          <SpanField value={funnel.window ?? '14d'} onChange={(window) => onChange({ ...funnel, window })} />
        </div>
        <ProblemLine path="funnel.window" />
        <div className={classes.two}>
          <NativeSelect
            size="xs"
            label={t`Order of the steps`}
            data={[
              { value: 'free', label: t`in this order` },
              { value: 'strict', label: t`in this order, nothing between` },
              { value: 'any', label: t`any order` },
            ]}
            value={funnel.order ?? 'free'}
            onChange={(e) => {
              const order = e.currentTarget.value as Funnel['order']
              onChange({ ...funnel, order: order === 'free' ? undefined : order, ...(order === 'any' ? { mode: undefined, steps: funnel.steps.map((s) => ({ ...s, optional: undefined })), exclude: funnel.exclude?.map((x) => ({ ...x, from: undefined, to: undefined })) } : {}) })
            }}
          />
          <NativeSelect
            size="xs"
            label={t`Count`}
            data={[
              { value: 'customers', label: t`each customer once` },
              { value: 'all', label: t`every conversion` },
            ]}
            value={funnel.counting ?? 'customers'}
            onChange={(e) => onChange({ ...funnel, counting: e.currentTarget.value === 'all' ? 'all' : undefined })}
          />
          {funnel.order !== 'any' && <NativeSelect size="xs" label={t`Events of one instant`} data={modes.map((m) => ({ value: m, label: modeName(m) }))} value={funnel.mode ?? 'ciclo'} onChange={(e) => onChange({ ...funnel, mode: e.currentTarget.value === 'ciclo' ? undefined : (e.currentTarget.value as FunnelMode) })} />}
        </div>
      </Section>
      <Section title={t`Take out who did`}>
        {exclude.map((x, i) => (
          <EventRow key={i} label={t`Exclusion ${i + 1}`} path={`funnel.exclude[${i}]`} value={x} onPick={(kind, event) => exclusions(exclude.with(i, { ...x, kind, event }))} onWhere={(where) => exclusions(exclude.with(i, { ...x, where }))} actions={[{ label: t`Remove`, run: () => exclusions(exclude.toSpliced(i, 1)) }]}>
            {funnel.order !== 'any' && (
              <div className={classes.fields}>
                <span>{t`between step`}</span>
                <NumberInput size="xs" aria-label={t`From step`} w={56} min={1} max={n - 1} hideControls value={x.from ?? 1} onChange={(v) => exclusions(exclude.with(i, between(x, { from: Number(v) })))} />
                <span>{t`and step`}</span>
                <NumberInput size="xs" aria-label={t`To step`} w={56} min={2} max={n} hideControls value={x.to ?? n} onChange={(v) => exclusions(exclude.with(i, between(x, { to: Number(v) })))} />
              </div>
            )}
          </EventRow>
        ))}
        <Button size="compact-sm" variant="subtle" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={14} />} disabled={exclude.length >= 10} onClick={() => exclusions([...exclude, { kind: 'track', event: '' }])}>
          {t`Add an exclusion`}
        </Button>
      </Section>
      <BreakdownField value={funnel.breakdown} event={funnel.steps[0]?.event} path="funnel.breakdown" moment={false} onChange={(breakdown) => onChange({ ...funnel, breakdown })}>
        {funnel.breakdown && (
          <>
            <NativeSelect
              size="xs"
              label={t`Value taken at`}
              data={[
                { value: 'first', label: t`the first step` },
                { value: 'last', label: t`the last step made` },
                { value: 'step', label: t`a given step` },
                { value: 'each', label: t`each value on its own` },
                ...(funnel.breakdown.by && funnel.breakdown.by !== 'property' ? [{ value: 'now', label: t`now` }] : []),
              ]}
              value={funnel.breakdown.at ?? 'first'}
              onChange={(e) => {
                const at = e.currentTarget.value as NonNullable<NonNullable<Funnel['breakdown']>['at']>
                onChange({ ...funnel, breakdown: { ...funnel.breakdown!, at: at === 'first' ? undefined : at, step: at === 'step' ? 1 : undefined } })
              }}
            />
            {funnel.breakdown.at === 'step' && <NumberInput size="xs" label={t`Step`} min={1} max={n} value={funnel.breakdown.step ?? 1} onChange={(v) => onChange({ ...funnel, breakdown: { ...funnel.breakdown!, step: Number(v) } })} />}
          </>
        )}
      </BreakdownField>
    </>
  )
}
