import { ActionIcon, Autocomplete, Select, TagsInput, Tooltip } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { q } from '~/api'
import { type EventKind, eventTime, itself, type Pick, type Value } from '~/api/condition'
import { arrived } from '~/api/segments'
import { useFormat } from '~/ui/format'
import { useKindName } from '~/ui/names'
import { useFault } from './context'
import { groupFor, readValue, type TypeGroup } from './kinds'
import classes from './builder.module.css'

/** Where values come from: a trait, or a property of an event. */
export type Source = { of: 'trait' } | { of: 'property'; event?: string; kind?: EventKind } | { of: 'element' }

function useOption(counts: Map<string, number | string>) {
  const f = useFormat()
  return ({ option }: { option: { value: string; label?: string } }) => {
    const n = counts.get(option.value)
    return (
      <div className={classes.option}>
        <span>{option.label ?? option.value}</span>
        {n !== undefined && <small>{typeof n === 'number' ? f.compact(n) : n}</small>}
      </div>
    )
  }
}

/** An event, from what has arrived, with how often it came; a name that never came can be typed. */
export function EventField({ value, onChange, place, label }: { value: Pick; onChange: (kind: EventKind | undefined, event: string | undefined) => void; place: string; label?: string }) {
  const { t } = useLingui()
  const kindName = useKindName()
  const fault = useFault(`${place}.event`)
  const [text, setText] = useState('')
  const [debounced] = useDebouncedValue(text.trim(), 200)
  const names = useQuery(q.eventNames(''))
  const kinds: EventKind[] = ['track', 'page', 'screen', 'identify', 'group']
  const special: Partial<Record<EventKind, string>> = { page: t`Any page`, screen: t`Any screen`, identify: t`Told about traits`, group: t`Joined a group`, any: t`Anything at all` }
  const keyOf = (kind: EventKind | undefined, event: string | undefined) => `${kind ?? 'track'}|${event ?? ''}`
  const list = (names.data ?? []).filter((e) => e.name !== '' && (kinds as string[]).includes(e.kind))
  const counts = new Map<string, number | string>(list.map((e) => [keyOf(e.kind as EventKind, e.name), e.count]))
  const chosen = value.event || (value.kind && value.kind !== 'track') ? keyOf(value.kind, value.event) : null
  const label_ = (kind: EventKind | undefined, event: string | undefined) => event || special[kind ?? 'track'] || ''
  const specials = (['page', 'screen', 'identify', 'any'] as const).map((kind) => ({ value: keyOf(kind, ''), label: special[kind]! }))
  const known = new Set([...counts.keys(), ...specials.map((s) => s.value)])
  const typed = debounced && !list.some((e) => e.name.toLowerCase() === debounced.toLowerCase()) ? [{ value: keyOf('track', debounced), label: debounced }] : []
  const own = [...(chosen && !known.has(chosen) ? [{ value: chosen, label: label_(value.kind, value.event) }] : []), ...typed.filter((x) => x.value !== chosen)]
  const option = useOption(counts)
  return (
    <Select
      size="xs"
      w={190}
      aria-label={label ?? t`Event`}
      placeholder={t`Choose an event`}
      searchable
      allowDeselect={false}
      maxDropdownHeight={340}
      error={!!fault.error}
      data-gap={fault.gap || undefined}
      nothingFoundMessage={t`No such event`}
      data={[...kinds.map((kind) => ({ group: kindName(kind), items: list.filter((e) => e.kind === kind).map((e) => ({ value: keyOf(kind, e.name), label: e.name })) })).filter((g) => g.items.length > 0), { group: t`General`, items: specials }, ...(own.length > 0 ? [{ group: t`Other name`, items: own }] : [])]}
      value={chosen}
      onSearchChange={setText}
      onChange={(v) => {
        const [kind, ...name] = (v ?? '').split('|')
        if (kind) onChange(kind === 'track' ? undefined : (kind as EventKind), name.join('|') || undefined)
      }}
      renderOption={option}
      comboboxProps={{ width: 320, position: 'bottom-start' }}
    />
  )
}

/** Names with types, from what has arrived. */
export function useNames(source: Source) {
  const properties = useQuery({ ...arrived.properties(source.of === 'property' ? (source.event ?? '') : '', source.of === 'property' ? (source.kind ?? 'track') : 'track'), enabled: source.of === 'property' && (!!source.event || (!!source.kind && source.kind !== 'track' && source.kind !== 'any')) })
  const traits = useQuery({ ...q.traitNames(), enabled: source.of === 'trait' })
  return (source.of === 'trait' ? traits.data : source.of === 'property' ? properties.data : undefined) ?? []
}

/** The types and the samples of one name. */
export function useTypes(source: Source, name: string): { types: string[]; best: TypeGroup } {
  const names = useNames(source)
  const found = names.find((n) => n.name === name)
  if (name === eventTime) return { types: ['date'], best: 'date' }
  return found ? { types: found.types, best: groupFor(found.types, (found.samples ?? []).map(String)) } : { types: [], best: 'any' }
}

/** The name of a trait or property. */
export function NameField({ source, value, onChange, place, label, times = false, w = 150 }: { source: Source; value: string; onChange: (name: string) => void; place: string; label: string; /** Offers the instant of the event, too. */ times?: boolean; w?: number }) {
  const { t } = useLingui()
  const fault = useFault(place)
  const names = useNames(source)
  const special: Record<string, string> = source.of === 'element' ? { [itself]: t`the element` } : times ? { [eventTime]: t`time of the event` } : {}
  const counts = useMemo(() => new Map<string, number | string>(names.map((n) => [n.name, n.count])), [names])
  const option = useOption(counts)
  const shown = special[value] ?? value
  const back = (text: string) => Object.keys(special).find((k) => special[k] === text) ?? text
  return <Autocomplete size="xs" w={w} aria-label={label} placeholder={label} error={!!fault.error} data-gap={fault.gap || undefined} maxDropdownHeight={300} data={[...new Set([...names.map((n) => n.name), ...Object.values(special)])]} value={shown} onChange={(text) => onChange(back(text))} renderOption={option} comboboxProps={{ width: 240, position: 'bottom-start' }} />
}

const shownValue = (v: Value) => String(v)

function useValues(source: Source, name: string, text: string, on: boolean) {
  const [debounced] = useDebouncedValue(text.trim(), 200)
  const query = source.of === 'property' ? { of: 'property' as const, name, event: source.event, kind: source.kind, q: debounced } : { of: 'trait' as const, name, q: debounced }
  const able = on && name !== '' && !name.startsWith('$') && source.of !== 'element' && !(source.of === 'property' && source.kind === 'any')
  const { data } = useQuery({ ...arrived.values(query), enabled: able })
  const list = able ? (data?.values ?? []) : []
  return { typed: new Map(list.toReversed().map((v) => [shownValue(v.value), v.value])), counts: new Map<string, number | string>(list.toReversed().map((v) => [shownValue(v.value), v.count])), labels: [...new Set(list.map((v) => shownValue(v.value)))] }
}

/** One value, with the common ones to choose from. What looks like a number can be meant as a text. */
export function ValueInput({ source, name, value, onChange, place, forceText = false, label }: { source: Source; name: string; value: Value | undefined; onChange: (v: Value) => void; place: string; forceText?: boolean; label?: string }) {
  const { t } = useLingui()
  const fault = useFault(place)
  const { types } = useTypes(source, name)
  const read = (s: string): Value => (forceText ? s : readValue(s, types))
  const [text, setText] = useState(value === undefined ? '' : shownValue(value))
  const [on, setOn] = useState(false)
  const values = useValues(source, name, '', on)
  useEffect(() => {
    const here = shownValue(value ?? '')
    if (text !== here && (read(text) !== value || !on)) setText(here)
    // Only a value that came from elsewhere replaces what is being typed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [value])
  const ambiguous = !forceText && (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))))
  const option = useOption(values.counts)
  const asNumber = typeof value === 'number'
  const toggle = asNumber ? t`Compared as a number. Compare as text` : t`Compared as text. Compare as a number`
  return (
    <span className={classes.pair}>
      <Autocomplete
        size="xs"
        w={160}
        aria-label={label ?? t`Value`}
        placeholder={t`Value`}
        error={!!fault.error}
        data-gap={fault.gap || undefined}
        data={values.labels}
        value={text}
        onFocus={() => setOn(true)}
        onBlur={() => setOn(false)}
        onChange={(s) => {
          setText(s)
          onChange(values.typed.get(s) ?? read(s))
        }}
        renderOption={option}
        comboboxProps={{ width: 240, position: 'bottom-start' }}
      />
      {ambiguous && (
        <Tooltip label={toggle}>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={toggle} onClick={() => onChange(asNumber ? String(value) : Number(value))}>
            <span className={classes.kindOfValue} aria-hidden>
              {asNumber ? '12' : '“ ”'}
            </span>
          </ActionIcon>
        </Tooltip>
      )}
    </span>
  )
}

/** Several values, each with Enter. */
export function ValuesInput({ source, name, value, onChange, place }: { source: Source; name: string; value: Value[]; onChange: (list: Value[]) => void; place: string }) {
  const { t } = useLingui()
  const fault = useFault(place)
  const { types } = useTypes(source, name)
  const [on, setOn] = useState(false)
  const values = useValues(source, name, '', on)
  const option = useOption(values.counts)
  const typedOf = (s: string): Value => value.find((v) => shownValue(v) === s) ?? values.typed.get(s) ?? readValue(s, types)
  return <TagsInput size="xs" miw={200} maw={420} aria-label={t`Values`} placeholder={value.length > 0 ? '' : t`Values, each with Enter`} error={!!fault.error} data-gap={fault.gap || undefined} data={values.labels} value={value.map(shownValue)} onFocus={() => setOn(true)} onBlur={() => setOn(false)} acceptValueOnBlur maxDropdownHeight={280} onChange={(list) => onChange(list.map(typedOf))} renderOption={option} comboboxProps={{ position: 'bottom-start' }} />
}
