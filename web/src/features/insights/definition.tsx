import { Skeleton, Switch, TextInput, UnstyledButton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, lazy, Suspense, useRef } from 'react'
import { q } from '~/api'
import { type InsightKind, insightKinds, type Spec } from '~/api/insights'
import { useFormat } from '~/ui/format'
import { GrowthForm, RetentionForm, StickinessForm } from './cohort-forms'
import { eventsOf, withKind } from './draft'
import { ProblemLine } from './problems'
import { kindIcons } from './kind-icons'
import { FunnelForm } from './funnel-form'
import { Section } from './section'
import { TrendForm } from './trend-form'
import { Who } from './who'
import { useInsightKind, useKindQuestion } from './words'
import { Where } from './where'
import classes from './insights.module.css'

const CustomerWhere = lazy(() => import('./customer-where'))
const PathsForm = lazy(() => import('./paths-form'))
const CompositionForm = lazy(() => import('./composition-form'))
const TableForm = lazy(() => import('./table-form'))
const JourneyForm = lazy(() => import('./journey-form'))
const AttributionForm = lazy(() => import('./attribution-form'))

/** The left side of the explorer: everything that makes the question. */
export default function Definition({ spec, onChange }: { spec: Spec; onChange: (spec: Spec) => void }) {
  const { t } = useLingui()
  const question = useKindQuestion()
  const events = eventsOf(spec)
  const event = events[0]?.event
  // Paths may do without events; the next kind begins with those of the one before.
  const before = useRef(events)
  if (events.length > 0) before.current = events
  const models = useQuery(q.models())
  const main = models.data?.find((m) => m.is_default) ?? models.data?.[0]
  return (
    <div className={classes.side}>
      <KindPicker kind={spec.kind} onChange={(kind) => onChange(withKind(spec, kind, main?.key, before.current))} />
      <p className={classes.gap}>{question(spec.kind)}</p>
      {spec.trend && <TrendForm trend={spec.trend} onChange={(trend) => onChange({ ...spec, trend })} />}
      {spec.funnel && <FunnelForm funnel={spec.funnel} onChange={(funnel) => onChange({ ...spec, funnel })} />}
      {spec.retention && <RetentionForm retention={spec.retention} onChange={(retention) => onChange({ ...spec, retention })} />}
      {spec.growth && <GrowthForm growth={spec.growth} onChange={(growth) => onChange({ ...spec, growth })} />}
      {spec.stickiness && <StickinessForm stickiness={spec.stickiness} onChange={(stickiness) => onChange({ ...spec, stickiness })} />}
      <Suspense fallback={<Skeleton height={200} />}>
        {spec.paths && <PathsForm paths={spec.paths} onChange={(paths) => onChange({ ...spec, paths })} />}
        {spec.composition && <CompositionForm composition={spec.composition} onChange={(composition) => onChange({ ...spec, composition })} />}
        {spec.table && <TableForm table={spec.table} onChange={(table) => onChange({ ...spec, table })} />}
        {spec.journey && <JourneyForm journey={spec.journey} onChange={(journey) => onChange({ ...spec, journey })} />}
        {spec.attribution && <AttributionForm attribution={spec.attribution} onChange={(attribution) => onChange({ ...spec, attribution })} />}
      </Suspense>
      <Section title={t`Which customers count, as they are now`}>
        <Who who={spec.who} onChange={(who) => onChange({ ...spec, who })} />
      </Section>
      <Section title={t`What the customer was, event by event`}>
        <Suspense fallback={<Skeleton height={22} width={170} />}>
          <CustomerWhere list={spec.where_customer ?? []} onChange={(where_customer) => onChange({ ...spec, where_customer })} />
        </Suspense>
      </Section>
      <Section title={t`Which events count`}>
        <Where where={spec.where ?? []} source={{ of: 'property', event, kind: events[0]?.kind }} place="where" onChange={(where) => onChange({ ...spec, where })} />
        <ProblemLine path="where" />
        <Switch size="sm" label={t`Count bots, tests and own people as well`} checked={spec.bots ?? false} onChange={(e) => onChange({ ...spec, bots: e.currentTarget.checked || undefined })} />
        <AsKnown value={spec.as_known} onChange={(as_known) => onChange({ ...spec, as_known })} />
      </Section>
    </div>
  )
}

/** Counts only what had been received by a moment, to see what was known then. */
function AsKnown({ value, onChange }: { value: string | undefined; onChange: (value: string | undefined) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  return (
    <>
      <Switch size="sm" label={t`As it was known at an earlier moment`} checked={value !== undefined} onChange={(e) => onChange(e.currentTarget.checked ? new Date().toISOString() : undefined)} />
      {value !== undefined && <TextInput size="xs" type="datetime-local" aria-label={t`As it was known at`} description={f.dateTimeZone(value)} value={localInput(value)} onChange={(e) => e.currentTarget.value && onChange(new Date(e.currentTarget.value).toISOString())} />}
      <ProblemLine path="as_known" />
    </>
  )
}

/** A moment as the browser's own date field writes it, in the zone of the browser. */
function localInput(iso: string): string {
  const at = new Date(iso)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** The kinds as one group of choices: one stop for Tab, arrows choose. */
function KindPicker({ kind, onChange }: { kind: InsightKind; onChange: (kind: InsightKind) => void }) {
  const { t } = useLingui()
  const name = useInsightKind()
  const onKey = (e: KeyboardEvent<HTMLDivElement>) => {
    const by = e.key === 'ArrowRight' || e.key === 'ArrowDown' ? 1 : e.key === 'ArrowLeft' || e.key === 'ArrowUp' ? -1 : 0
    if (by === 0) return
    e.preventDefault()
    const next = insightKinds[(insightKinds.indexOf(kind) + by + insightKinds.length) % insightKinds.length]!
    onChange(next)
    e.currentTarget.querySelector<HTMLElement>(`[data-kind=${next}]`)?.focus()
  }
  return (
    <div role="radiogroup" aria-label={t`Kind of insight`} className={classes.kinds} onKeyDown={onKey} tabIndex={-1}>
      {insightKinds.map((k) => {
        const Icon = kindIcons[k]
        return (
          <UnstyledButton key={k} role="radio" aria-checked={k === kind} data-kind={k} tabIndex={k === kind ? 0 : -1} className={classes.kind} onClick={() => onChange(k)}>
            <Icon size={16} stroke={1.8} aria-hidden />
            {name(k)}
          </UnstyledButton>
        )
      })}
    </div>
  )
}
