import { Button, Checkbox, Select } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { type Match, eventTime, itself, type Op } from '~/api/condition'
import { useWorkspace } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconPlus } from '~/ui/icons'
import { RemoveButton } from './lines'
import { choiceOf, groupsFor, ignoresCase, type OpChoice, opGroups, readSpan, takes, timed, type TypeGroup, withChoice } from './kinds'
import { NumberField, SpanField, Toggles } from './fields'
import { DayField } from './moment'
import { momentOf } from './moments'
import { NameField, type Source, useTypes, ValueInput, ValuesInput } from './suggest'
import { useWords } from './words'
import classes from './builder.module.css'

/** The operator, those that fit the type first. */
export function OpField({ value, best, only, onChange }: { value: OpChoice; best: TypeGroup; only?: TypeGroup[]; onChange: (op: OpChoice) => void }) {
  const { t } = useLingui()
  const words = useWords()
  const groups = groupsFor(best).filter((g) => !only || only.includes(g))
  return <Select size="xs" w={178} aria-label={t`Comparison`} allowDeselect={false} searchable maxDropdownHeight={360} data={groups.map((g) => ({ group: words.group(g), items: opGroups[g].map((op) => ({ value: op, label: words.op(op) })) }))} value={value} onChange={(op) => op && onChange(op as OpChoice)} comboboxProps={{ width: 230, position: 'bottom-start' }} />
}

/** What an operator compares with. */
export function MatchValue({ match, source, onChange, place, zero = '' }: { match: Match; source: Source; onChange: (m: Match) => void; place: string; /** Where the value stands, below the place. */ zero?: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const { time_zone: zone } = useWorkspace()
  const kind = takes(choiceOf(match))
  const here = `${place}${zero}.value`
  const set = (value: Match['value']) => onChange({ ...match, value })
  const list = Array.isArray(match.value) ? match.value : []
  switch (kind) {
    case 'none':
      return null
    case 'values':
      return <ValuesInput source={source} name={match.name} value={list} onChange={set} place={here} />
    case 'value':
    case 'text':
      return <ValueInput source={source} name={match.name} value={Array.isArray(match.value) ? match.value[0] : match.value} forceText={kind === 'text'} onChange={set} place={here} />
    case 'number':
      // A date is compared as one, though the form offers the words of dates for it.
      if (typeof match.value === 'string' && momentOf(match.value, zone)) return <DayField label={t`Day`} value={match.value} onChange={set} place={here} />
      return <NumberField label={t`Value`} value={match.value} onChange={set} place={here} whole={match.op.startsWith('length') || match.op === 'anniversary'} min={match.op.startsWith('length') || match.op === 'anniversary' ? 0 : undefined} />
    case 'numbers':
      return (
        <span className={classes.pair}>
          <NumberField label={t`From`} value={list[0]} onChange={(v) => set([v, list[1] ?? ''])} place={here} />
          <span>{t`and`}</span>
          <NumberField label={t`To`} value={list[1]} onChange={(v) => set([list[0] ?? '', v])} place={here} />
        </span>
      )
    case 'span':
      return <SpanField value={readSpan(match.value) ? match.value : '30d'} onChange={set} place={here} />
    case 'day':
      return <DayField label={t`Day`} value={match.value} whole={match.op === 'on'} onChange={set} place={here} />
    case 'days':
      return (
        <span className={classes.pair}>
          <DayField label={t`From`} value={list[0]} onChange={(v) => set([v, list[1] ?? ''])} place={here} />
          <span>{t`and`}</span>
          <DayField label={t`To`} value={list[1]} onChange={(v) => set([list[0] ?? '', v])} place={here} />
        </span>
      )
    case 'weekdays': {
      const days = [1, 2, 3, 4, 5, 6, 7].map((d) => ({ value: d, label: new Intl.DateTimeFormat(f.locale, { weekday: 'short', timeZone: 'UTC' }).format(Date.UTC(2024, 0, d)) }))
      return <Toggles label={t`Weekdays`} items={days} value={(typeof match.value === 'number' ? [match.value] : list).map(Number)} onChange={set} />
    }
    case 'hours':
      return (
        <span className={classes.pair}>
          <NumberField label={t`From the hour`} value={list[0] ?? match.value} min={0} max={23} whole onChange={(v) => set([v, list[1] ?? 24])} place={here} />
          <span>{t`to`}</span>
          <NumberField label={t`To the hour`} value={list[1]} min={0} max={24} whole onChange={(v) => set([list[0] ?? 0, v])} place={here} />
        </span>
      )
    case 'where':
      return null
  }
}

/** A comparison of a trait, a property, or a part of an element. */
export function MatchFields({ match, source, onChange, place, held = source.of === 'trait' }: { match: Match; source: Source; onChange: (m: Match) => void; place: string; /** Can be asked to have held for some time. */ held?: boolean }) {
  const { t } = useLingui()
  const { best } = useTypes(source, match.name)
  const choice = choiceOf(match)
  const trait = source.of === 'trait'
  const rename = (name: string) => {
    if (name === eventTime && !opGroups.date.includes(choice)) onChange(withChoice({ ...match, name }, 'hour'))
    else onChange({ ...match, name })
  }
  return (
    <>
      <NameField source={source} value={match.name} onChange={rename} place={`${place}.name`} label={trait ? t`Trait` : source.of === 'element' ? t`Part of the element` : t`Property`} times={source.of === 'property'} />
      <OpField value={choice} best={best} only={match.name === eventTime ? ['date'] : undefined} onChange={(op) => onChange(withChoice(match, op))} />
      <MatchValue match={match} source={source} onChange={onChange} place={place} />
      {ignoresCase(choice) && (match.ignore_case || typeof match.value === 'string' || Array.isArray(match.value)) && <Checkbox size="xs" label={t`ignore case`} checked={!!match.ignore_case} onChange={(e) => onChange(e.currentTarget.checked ? { ...match, ignore_case: true } : { ...match, ignore_case: undefined })} />}
      {held && !timed(choice) && <HeldFor match={match} onChange={onChange} place={place} />}
      {choice === 'element' && <WhereLines where={match.where ?? []} source={{ of: 'element' }} place={place} onChange={(where) => onChange({ ...match, where })} fresh={{ name: itself, op: 'is' as Op, value: '' }} />}
    </>
  )
}

function HeldFor({ match, onChange, place }: { match: Match; onChange: (m: Match) => void; place: string }) {
  const { t } = useLingui()
  return match.for ? (
    <span className={classes.pair}>
      <span>{t`for at least`}</span>
      <SpanField value={match.for} place={`${place}.for`} label={t`How long it has held`} onChange={(span) => onChange({ ...match, for: span })} />
      <RemoveButton label={t`However long`} onClick={() => onChange({ ...match, for: undefined })} />
    </span>
  ) : (
    <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} onClick={() => onChange({ ...match, for: '7d' })}>{t`held for…`}</Button>
  )
}

/** Conditions on properties, all of which must hold. */
export function WhereLines({ where, source, onChange, place, fresh }: { where: Match[]; source: Source; onChange: (where: Match[] | undefined) => void; place: string; fresh?: Match }) {
  const { t } = useLingui()
  const set = (next: Match[]) => onChange(next.length > 0 ? next : undefined)
  return (
    <>
      {where.map((m, i) => (
        <div key={i} className={classes.where} role="group" aria-label={t`Condition ${i + 1} on a property`}>
          <span>{i === 0 ? t`where` : t`and`}</span>
          <MatchFields match={m} source={source} place={`${place}.where[${i}]`} onChange={(next) => set(where.with(i, next))} />
          <RemoveButton label={t`Remove the condition on ${m.name || t`a property`}`} onClick={() => set(where.toSpliced(i, 1))} />
        </div>
      ))}
      <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} style={{ justifySelf: 'start' }} onClick={() => set([...where, fresh ?? { name: '', op: 'is', value: '' }])}>
        {where.length === 0 ? t`where…` : t`and…`}
      </Button>
    </>
  )
}
