import { Autocomplete, Button, Checkbox, Group, Pill, Popover, Select, Stack, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { q, type StageModel } from '~/api'
import type { Op } from '~/api/condition'
import { takes } from '~/conditions/kinds'
import { useOpName } from '~/conditions/words'
import { segments } from '~/api/segments'
import { IconFilter, IconPlus, IconSearch } from '~/ui/icons'

export type ListSearch = { q?: string; segment?: string | number; model?: string; stage?: string; from?: string; to?: string; has?: string[]; sort?: string; trait?: string[]; cols?: string }

/** Search text with a short delay, so that typing does not ask the server at every key. */
export function SearchBox({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useLingui()
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  const later = useDebouncedCallback(onChange, 250)
  return (
    <TextInput
      aria-label={t`Search customers`}
      placeholder={t`Name, e-mail or any identifier`}
      leftSection={<IconSearch size={16} />}
      w={280}
      maw="100%"
      value={text}
      onChange={(e) => {
        setText(e.currentTarget.value)
        later(e.currentTarget.value)
      }}
    />
  )
}

export function Filters({ search, set, model }: { search: ListSearch; set: (patch: Partial<ListSearch>) => void; model: StageModel | undefined }) {
  const { t } = useLingui()
  const opName = useOpName()
  const has = search.has ?? []
  const traits = search.trait ?? []
  return (
    <Group gap="xs">
      <SearchBox value={search.q ?? ''} onChange={(text) => set({ q: text })} />
      <Select aria-label={t`Stage`} placeholder={t`Any stage`} clearable clearButtonProps={{ 'aria-label': t`Clear` }} w={170} data={(model?.stages ?? []).map((s) => ({ value: s.key, label: s.label }))} value={search.stage ?? null} onChange={(stage) => set({ stage: stage ?? undefined })} />
      <SegmentFilter value={search.segment} onChange={(segment) => set({ segment })} />
      <Popover position="bottom-start" trapFocus returnFocus>
        <Popover.Target>
          <Button variant="default" leftSection={<IconFilter size={16} />}>{t`Filters`}</Button>
        </Popover.Target>
        <Popover.Dropdown aria-label={t`Filters`}>
          <Stack gap="sm" w={300}>
            <Checkbox.Group label={t`Has`} value={has} onChange={(value) => set({ has: value })}>
              <Group mt={6}>
                <Checkbox value="orders" label={t`Orders`} />
                <Checkbox value="email" label={t`E-mail`} />
                <Checkbox value="user_id" label={t`User id`} />
              </Group>
            </Checkbox.Group>
            <Group gap="xs" grow>
              <TextInput type="date" label={t`Seen from`} value={search.from ?? ''} onChange={(e) => set({ from: e.currentTarget.value })} />
              <TextInput type="date" label={t`Seen to`} value={search.to ?? ''} onChange={(e) => set({ to: e.currentTarget.value })} />
            </Group>
            <TraitFilter add={(text) => set({ trait: [...traits.filter((x) => x !== text), text] })} />
          </Stack>
        </Popover.Dropdown>
      </Popover>
      {traits.map((text) => {
        const [name, op, ...value] = text.split(':')
        return (
          <Pill key={text} size="md" withRemoveButton removeButtonProps={{ 'aria-label': t`Remove the filter`, 'aria-hidden': false, tabIndex: 0 }} onRemove={() => set({ trait: traits.filter((x) => x !== text) })}>
            {name} {opName((op ?? 'is') as Op)} {value.join(':')}
          </Pill>
        )
      })}
    </Group>
  )
}

function SegmentFilter({ value, onChange }: { value?: string | number; onChange: (id: string | undefined) => void }) {
  const { t } = useLingui()
  const { data } = useQuery(segments.list())
  const list = data?.segments ?? []
  if (list.length === 0) return null
  return <Select aria-label={t`Segment`} placeholder={t`Any segment`} clearable searchable clearButtonProps={{ 'aria-label': t`Clear` }} w={190} data={list.map((s) => ({ value: String(s.id), label: s.name }))} value={value === undefined ? null : String(value)} onChange={(id) => onChange(id ?? undefined)} />
}

const ops: Op[] = ['is', 'is_not', 'contains', 'set', 'not_set', 'gt', 'lt', 'is_true', 'is_false']

function TraitFilter({ add }: { add: (text: string) => void }) {
  const { t } = useLingui()
  const opName = useOpName()
  const { data } = useQuery(q.traitNames())
  const [name, setName] = useState('')
  const [op, setOp] = useState<Op>('is')
  const [value, setValue] = useState('')
  const needs = takes(op) !== 'none'
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (!name || (needs && !value)) return
        add(`${name}:${op}:${needs ? value : ''}`)
        setName('')
        setValue('')
      }}
    >
      <Stack gap={6}>
        <Autocomplete label={t`Trait`} data={(data ?? []).map((x) => x.name)} value={name} onChange={setName} comboboxProps={{ withinPortal: false }} />
        <Group gap={6} wrap="nowrap">
          <Select aria-label={t`Comparison`} data={ops.map((o) => ({ value: o, label: opName(o) }))} value={op} allowDeselect={false} onChange={(o) => setOp(o as Op)} comboboxProps={{ withinPortal: false }} />
          {needs && <TextInput aria-label={t`Value`} placeholder={t`Value`} value={value} onChange={(e) => setValue(e.currentTarget.value)} />}
        </Group>
        <Button type="submit" variant="light" size="compact-sm" leftSection={<IconPlus size={14} />}>{t`Add the filter`}</Button>
      </Stack>
    </form>
  )
}
