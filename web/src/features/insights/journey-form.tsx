import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import type { EventPick, Journey, Touchpoint } from '~/api/insights'
import { Remove } from '~/ui/remove'
import { SpanField } from '~/conditions/fields'
import { IconPlus } from '~/ui/icons'
import { EventRow, PropertyField } from './fields'
import { ProblemLine, useProblems } from './problems'
import { OptionalNumber, Section } from './section'
import classes from './insights.module.css'

/** Which touchpoints there are, by which stages they are told apart, and when a customer has left. */
export default function JourneyForm({ journey: j, onChange }: { journey: Journey; onChange: (next: Journey) => void }) {
  const { t } = useLingui()
  const models = useQuery(q.models())
  const set = (patch: Partial<Journey>) => onChange({ ...j, ...patch })
  const points = j.touchpoints ?? []
  const put = (list: Touchpoint[]) => set({ touchpoints: list.length > 0 ? list : undefined })
  return (
    <>
      <Section title={t`Touchpoints`}>
        <NativeSelect
          size="xs"
          aria-label={t`Touchpoints`}
          data={[
            { value: 'ready', label: t`those of a shop: pages, cart, orders, e-mail and more` },
            { value: 'own', label: t`touchpoints of my own` },
          ]}
          value={points.length > 0 ? 'own' : 'ready'}
          onChange={(e) => put(e.currentTarget.value === 'own' ? [{ name: t`Page`, channel: 'web', events: [{ kind: 'page', event: '' }], section: 'path' }] : [])}
        />
        {points.map((p, i) => (
          <PointRow key={i} n={i} point={p} onChange={(next) => put(points.with(i, next))} onRemove={() => put(points.toSpliced(i, 1))} />
        ))}
        {points.length > 0 && (
          <Button size="compact-sm" variant="light" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={14} />} disabled={points.length >= 50} onClick={() => put([...points, { name: '', events: [{ kind: 'track', event: '' }] }])}>
            {t`Add a touchpoint`}
          </Button>
        )}
        <ProblemLine path="journey.touchpoints" />
      </Section>
      <Section title={t`The map`}>
        <NativeSelect size="xs" label={t`Touchpoints by the stage of the customer`} data={[{ value: '', label: t`all in one` }, ...(models.data ?? []).map((m) => ({ value: m.key, label: m.name }))]} value={j.stage ?? ''} onChange={(e) => set({ stage: e.currentTarget.value || undefined })} />
        <div className={classes.fields}>
          <span>{t`Has left who is silent for`}</span>
          <SpanField value={j.quiet ?? '30d'} onChange={(quiet) => set({ quiet: quiet === '30d' ? undefined : quiet })} />
        </div>
        <ProblemLine path="journey.quiet" />
        <div className={classes.two}>
          <OptionalNumber label={t`Parts of a site at most`} value={j.sections} max={50} placeholder="10" onChange={(sections) => set({ sections })} />
          <OptionalNumber label={t`Moves shown`} value={j.moves} max={500} placeholder="50" onChange={(moves) => set({ moves })} />
        </div>
        <ProblemLine path="journey.stage" />
      </Section>
    </>
  )
}

function PointRow({ n, point: p, onChange, onRemove }: { n: number; point: Touchpoint; onChange: (next: Touchpoint) => void; onRemove: () => void }) {
  const { t } = useLingui()
  const path = `journey.touchpoints[${n}]`
  const { gap } = useProblems(path)
  const events = (list: EventPick[]) => onChange({ ...p, events: list })
  return (
    <div className={classes.section} role="group" aria-label={t`Touchpoint ${n + 1}`}>
      <div className={classes.rowHead}>
        <span className={classes.badge} aria-hidden>{n + 1}</span>
        <TextInput size="xs" aria-label={t`Name of touchpoint ${n + 1}`} placeholder={t`Name`} value={p.name} onChange={(e) => onChange({ ...p, name: e.currentTarget.value })} />
        <TextInput size="xs" aria-label={t`Channel of touchpoint ${n + 1}`} placeholder={t`Channel`} w={90} value={p.channel ?? ''} onChange={(e) => onChange({ ...p, channel: e.currentTarget.value || undefined })} />
        <Remove onClick={onRemove} />
      </div>
      {gap === 'name' && <p className={classes.gap}>{t`Give the touchpoint a name.`}</p>}
      {p.events.map((e, k) => (
        <EventRow key={k} label={t`Event ${k + 1} of touchpoint ${n + 1}`} path={`${path}.events[${k}]`} value={e} onPick={(kind, event) => events(p.events.with(k, { ...e, kind, event }))} onWhere={(where) => events(p.events.with(k, { ...e, where }))} actions={[{ label: t`Remove`, run: () => events(p.events.toSpliced(k, 1)), disabled: p.events.length === 1 }]} />
      ))}
      <div className={classes.fields}>
        <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} onClick={() => events([...p.events, { kind: 'track', event: '' }])}>
          {t`Add an event`}
        </Button>
        <span>{t`parts told apart by`}</span>
        <PropertyField label={t`no property`} value={p.section ?? ''} event={p.events[0]?.event} w={120} onChange={(section) => onChange({ ...p, section: section || undefined })} />
      </div>
    </div>
  )
}
