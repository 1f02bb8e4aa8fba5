import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { PathEvent, PathGroup, Paths } from '~/api/insights'
import { Remove } from '~/ui/remove'
import { SpanField } from '~/conditions/fields'
import { IconPlus } from '~/ui/icons'
import { EventRow, PropertyField } from './fields'
import { ProblemLine, useProblems } from './problems'
import { OptionalNumber, Section } from './section'
import classes from './insights.module.css'

/** What makes a step of the way, where ways begin and end, and what is called the same. */
export default function PathsForm({ paths, onChange }: { paths: Paths; onChange: (next: Paths) => void }) {
  const { t } = useLingui()
  const set = (patch: Partial<Paths>) => onChange({ ...paths, ...patch })
  const events = paths.events ?? []
  const put = (list: PathEvent[]) => set({ events: list.length > 0 ? list : undefined })
  return (
    <>
      <Section title={t`A way leads through`}>
        <NativeSelect
          size="xs"
          aria-label={t`A way leads through`}
          data={[
            { value: 'pages', label: t`pages, by their path` },
            { value: 'events', label: t`events of my choice` },
          ]}
          value={events.length > 0 ? 'events' : 'pages'}
          onChange={(e) => put(e.currentTarget.value === 'pages' ? [] : [{ kind: 'any', event: '' }])}
        />
        {events.map((e, i) => (
          <EventRow key={i} label={t`Event ${i + 1}`} path={`paths.events[${i}]`} value={e} onPick={(kind, event) => put(events.with(i, { ...e, kind, event }))} onWhere={(where) => put(events.with(i, { ...e, where }))} actions={[{ label: t`Remove`, run: () => put(events.toSpliced(i, 1)) }]}>
            <div className={classes.fields}>
              <span>{t`called by`}</span>
              <PropertyField label={t`its name, or a property`} value={e.item ?? ''} event={e.event} w={190} onChange={(item) => put(events.with(i, { ...e, item: item || undefined }))} />
            </div>
          </EventRow>
        ))}
        {events.length > 0 && (
          <Button size="compact-sm" variant="light" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={14} />} disabled={events.length >= 20} onClick={() => put([...events, { kind: 'track', event: '' }])}>
            {t`Add an event`}
          </Button>
        )}
      </Section>
      <Section title={t`From where to where`}>
        <div className={classes.two}>
          <TextInput size="xs" label={t`Begins at`} placeholder={t`anywhere`} value={paths.start ?? ''} onChange={(e) => set({ start: e.currentTarget.value || undefined })} />
          <TextInput size="xs" label={t`Ends at`} placeholder={t`anywhere`} value={paths.end ?? ''} onChange={(e) => set({ end: e.currentTarget.value || undefined })} />
          <OptionalNumber label={t`Steps shown`} value={paths.steps} min={2} max={20} placeholder="5" onChange={(steps) => set({ steps })} />
          <OptionalNumber label={t`Connections shown`} value={paths.edges} max={500} placeholder="50" onChange={(edges) => set({ edges })} />
        </div>
        <ProblemLine path="paths.start" />
        <ProblemLine path="paths.end" />
        <ProblemLine path="paths.steps" />
        <div className={classes.fields}>
          <span>{t`A visit ends after a pause of`}</span>
          <SpanField value={paths.gap ?? '30m'} onChange={(gap) => set({ gap: gap === '30m' ? undefined : gap })} />
        </div>
        <ProblemLine path="paths.gap" />
      </Section>
      <Groups groups={paths.groups ?? []} onChange={(groups) => set({ groups: groups.length > 0 ? groups : undefined })} />
    </>
  )
}

/** Items that are called the same, by a pattern or a regular expression. */
function Groups({ groups, onChange }: { groups: PathGroup[]; onChange: (groups: PathGroup[]) => void }) {
  const { t } = useLingui()
  return (
    <Section title={t`Called the same`}>
      {groups.map((g, i) => (
        <GroupRow key={i} n={i} group={g} onChange={(next) => onChange(groups.with(i, next))} onRemove={() => onChange(groups.toSpliced(i, 1))} />
      ))}
      <Button size="compact-sm" variant="subtle" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={14} />} disabled={groups.length >= 50} onClick={() => onChange([...groups, { name: '', pattern: '' }])}>
        {t`Add a group`}
      </Button>
    </Section>
  )
}

function GroupRow({ n, group: g, onChange, onRemove }: { n: number; group: PathGroup; onChange: (next: PathGroup) => void; onRemove: () => void }) {
  const { t } = useLingui()
  const { gap } = useProblems(`paths.groups[${n}]`)
  const regex = g.regex !== undefined
  return (
    <div className={classes.row} role="group" aria-label={t`Group ${n + 1}`}>
      <div className={classes.fields}>
        <NativeSelect
          size="xs"
          aria-label={t`How it is found`}
          data={[
            { value: 'pattern', label: t`pattern` },
            { value: 'regex', label: t`regular expression` },
          ]}
          value={regex ? 'regex' : 'pattern'}
          onChange={(e) => onChange(e.currentTarget.value === 'regex' ? { name: g.name, regex: g.pattern ?? '' } : { name: g.name, pattern: g.regex ?? '' })}
        />
        <TextInput size="xs" aria-label={regex ? t`Regular expression` : t`Pattern, * for any text`} placeholder={regex ? '^/p/\\d+' : '/p/*'} w={120} value={g.regex ?? g.pattern ?? ''} onChange={(e) => onChange(regex ? { name: g.name, regex: e.currentTarget.value } : { name: g.name, pattern: e.currentTarget.value })} />
        <span>{t`is called`}</span>
        <TextInput size="xs" aria-label={t`Name of the group`} placeholder={t`Product page`} w={120} value={g.name} onChange={(e) => onChange({ ...g, name: e.currentTarget.value })} />
        <Remove onClick={onRemove} />
      </div>
      {gap && <p className={classes.gap}>{t`A group needs a pattern and a name.`}</p>}
      <ProblemLine path={`paths.groups[${n}]`} />
    </div>
  )
}
