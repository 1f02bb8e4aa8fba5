import { ActionIcon, Autocomplete, Menu, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { q } from '~/api'
import type { EventKind, Match } from '~/api/condition'
import type { EventPick } from '~/api/insights'
import { useFormat } from '~/ui/format'
import { IconDots } from '~/ui/icons'
import { useKindName } from '~/ui/names'
import { useEventLabel } from './words'
import { ProblemLine, useProblems } from './problems'
import { Where } from './where'
import classes from './insights.module.css'

const any: EventKind[] = ['any', 'page', 'screen']
/** Events that follow from the stays of customers, with the names of the API. */
const moves = ['Segment Entered', 'Segment Left', 'Stage Entered', 'Stage Left']

/** An event, chosen from what has arrived, with how often it came. A name that never came can be typed as well. */
export function EventSelect({ value, onChange, label, fresh = false }: { value: EventPick; onChange: (kind: EventPick['kind'], event: string) => void; label: string; /** Just added: the focus goes to it. */ fresh?: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const kindName = useKindName()
  const eventLabel = useEventLabel()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (fresh) input.current?.focus()
  }, [fresh])
  const [text, setText] = useState('')
  const [debounced] = useDebouncedValue(text, 200)
  const names = useQuery(q.eventNames(debounced))
  const keyOf = (e: EventPick) => `${e.kind ?? 'track'}|${e.event ?? ''}`
  const list = (names.data ?? []).filter((e) => ['track', 'page', 'screen'].includes(e.kind) && e.name !== '')
  const counts = new Map(list.map((e) => [`${e.kind}|${e.name}`, e.count]))
  const chosen = value.event || (value.kind && value.kind !== 'track') ? keyOf(value) : null
  const own = text.trim()
  const item = (kind: string, name: string) => ({ value: `${kind}|${name}`, label: name })
  const groups = ['track', 'page', 'screen'].map((kind) => ({ group: kindName(kind), items: list.filter((e) => e.kind === kind).map((e) => item(e.kind, e.name)) }))
  const specials = any.map((kind) => ({ value: `${kind}|`, label: eventLabel({ kind }) }))
  const moved = moves.map((event) => ({ value: `signal|${event}`, label: eventLabel({ kind: 'signal', event }) }))
  const known = new Set([...counts.keys(), ...specials.map((s) => s.value), ...moved.map((s) => s.value)])
  const more = [...(chosen && !known.has(chosen) ? [{ value: chosen, label: eventLabel(value) }] : []), ...(own && !counts.has(`track|${own}`) && chosen !== `track|${own}` ? [{ value: `track|${own}`, label: own }] : [])]
  return (
    <Select
      size="xs"
      aria-label={label}
      placeholder={t`Choose an event`}
      searchable
      allowDeselect={false}
      ref={input}
      maxDropdownHeight={340}
      nothingFoundMessage={t`No such event`}
      data={[...groups.filter((g) => g.items.length > 0), { group: t`General`, items: specials }, { group: t`Moves`, items: moved }, ...(more.length > 0 ? [{ group: t`Other name`, items: more }] : [])]}
      value={chosen}
      onSearchChange={setText}
      onChange={(v) => {
        const [kind, ...name] = (v ?? '').split('|')
        if (kind) onChange(kind as EventPick['kind'], name.join('|'))
      }}
      renderOption={({ option }) => (
        <div className={classes.option}>
          <span>{option.label}</span>
          {counts.has(option.value) && <small>{f.compact(counts.get(option.value)!)}</small>}
        </div>
      )}
      comboboxProps={{ width: 320, position: 'bottom-start' }}
    />
  )
}

/** The name of a property, with suggestions from the events. */
export function PropertyField({ value, event, onChange, label, numeric = false, w = 150 }: { value: string; event?: string; onChange: (name: string) => void; label: string; numeric?: boolean; w?: number | string }) {
  const properties = useQuery({ ...q.propertyNames(event ?? ''), enabled: !!event })
  const list = (properties.data ?? []).filter((p) => !numeric || p.types.some((x) => x !== 'text' && x !== 'list' && x !== 'object' && x !== 'bool'))
  return <Autocomplete size="xs" aria-label={label} placeholder={label} w={w} data={[...new Set(list.map((p) => p.name))]} value={value} onChange={onChange} />
}

export type RowAction = { label: string; run: () => void; disabled?: boolean }

/** One event of the definition: its letter or number, its name, what can be done with it, and its conditions. */
export function EventRow({ badge, label, path, value, onPick, onWhere, actions = [], fresh, children }: { badge?: string; label: string; path: string; value: EventPick; onPick: (kind: EventPick['kind'], event: string) => void; onWhere: (where: Match[] | undefined) => void; actions?: RowAction[]; fresh?: boolean; children?: ReactNode }) {
  const { t } = useLingui()
  const { refused, gap } = useProblems(path)
  const words = { event: t`Choose an event here.`, property: t`Choose the property to compute with.`, range: '', formula: '', rows: '', name: '' }
  return (
    <div className={classes.row} role="group" aria-label={label} data-bad={refused.length > 0}>
      <div className={classes.rowHead}>
        {badge && <span className={classes.badge} aria-hidden>{badge}</span>}
        <div className={classes.grow}>
          <EventSelect value={value} onChange={onPick} label={label} fresh={fresh} />
        </div>
        {actions.length > 0 && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t`Actions for ${label}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {actions.map((a) => (
                <Menu.Item key={a.label} disabled={a.disabled} onClick={a.run}>
                  {a.label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {children}
      <Where where={value.where ?? []} source={{ of: 'property', event: value.event, kind: value.kind }} place={path} onChange={onWhere} />
      {gap && <p className={classes.gap}>{words[gap]}</p>}
      <ProblemLine path={path} />
    </div>
  )
}
