import { Autocomplete, Button, NumberInput, Select, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import type { Did, EventKind, Measure, Test, Window } from '~/api/expr'
import { IconPlus } from '~/ui/icons'
import { useKindName } from '~/ui/names'
import { useCountOpName, useMeasureName } from '~/ui/op-names'
import { Remove } from './condition'
import { SpanField, TestFields } from './test-fields'
import classes from './models.module.css'

const kinds: EventKind[] = ['track', 'page', 'screen', 'identify', 'group', 'any']
const measures: Measure[] = ['count', 'distinct_days', 'sum', 'mean', 'min', 'max', 'distinct']
const ops = ['gte', 'gt', 'lte', 'lt', 'eq', 'between'] as const

/** An event: which, with which properties, how often or how much, and in which time. */
export function DidFields({ did, onChange }: { did: Did; onChange: (next: Did) => void }) {
  const { t } = useLingui()
  const measureName = useMeasureName()
  const countOp = useCountOpName()
  const measure = did.measure ?? 'count'
  const properties = useQuery({ ...q.propertyNames(did.event ?? ''), enabled: measure !== 'count' && !!did.event })
  const op = did.op ?? 'gte'
  const [a, b] = Array.isArray(did.value) ? did.value : [did.value ?? 1, did.value ?? 1]
  return (
    <>
      <EventField kind={did.kind ?? 'track'} event={did.event ?? ''} onChange={(kind, event) => onChange({ ...did, kind, event: event || undefined })} />
      <Select size="xs" aria-label={t`What to measure`} w={165} allowDeselect={false} data={measures.map((m) => ({ value: m, label: measureName(m) }))} value={measure} onChange={(m) => onChange({ ...did, measure: m === 'count' ? undefined : (m as Measure), property: m === 'count' || m === 'distinct_days' ? undefined : did.property })} />
      {measure !== 'count' && measure !== 'distinct_days' && <Autocomplete size="xs" aria-label={t`Property`} placeholder={t`Property`} w={130} data={(properties.data ?? []).map((p) => p.name)} value={did.property ?? ''} onChange={(property) => onChange({ ...did, property })} />}
      <Select size="xs" aria-label={t`Comparison`} w={110} allowDeselect={false} data={ops.map((o) => ({ value: o, label: countOp(o) }))} value={op} onChange={(o) => onChange({ ...did, op: o as Did['op'], value: o === 'between' ? [a!, b!] : a })} />
      <NumberInput size="xs" aria-label={t`Value`} className={classes.n} hideControls value={a} onChange={(v) => onChange({ ...did, value: op === 'between' ? [Number(v), b!] : Number(v) })} />
      {op === 'between' && (
        <>
          <span>{t`and`}</span>
          <NumberInput size="xs" aria-label={t`To`} className={classes.n} hideControls value={b} onChange={(v) => onChange({ ...did, value: [a!, Number(v)] })} />
        </>
      )}
      <WindowField window={did.window} onChange={(window) => onChange({ ...did, window })} />
      <WhereFields where={did.where ?? []} event={did.event} onChange={(where) => onChange({ ...did, where: where.length ? where : undefined })} />
    </>
  )
}

/** The kind of event, and its name with suggestions from what has arrived. */
export function EventField({ kind, event, onChange }: { kind: EventKind; event: string; onChange: (kind: EventKind, event: string) => void }) {
  const { t } = useLingui()
  const kindName = useKindName()
  const [debounced] = useDebouncedValue(event, 200)
  const names = useQuery(q.eventNames(debounced))
  const list = [...new Set((names.data ?? []).filter((e) => kind === 'any' || e.kind === kind).map((e) => e.name))]
  return (
    <>
      <Select size="xs" aria-label={t`Kind of event`} w={100} allowDeselect={false} data={kinds.map((k) => ({ value: k, label: kindName(k) }))} value={kind} onChange={(k) => onChange(k as EventKind, event)} />
      {kind !== 'identify' && kind !== 'group' && <Autocomplete size="xs" aria-label={t`Event name`} placeholder={kind === 'track' ? t`Event name` : t`any name`} w={180} data={list} value={event} onChange={(name) => onChange(kind, name)} />}
    </>
  )
}

function WindowField({ window, onChange }: { window: Window | undefined; onChange: (next: Window | undefined) => void }) {
  const { t } = useLingui()
  const mode = !window ? 'any' : 'last' in window ? 'last' : 'range'
  return (
    <>
      <Select
        size="xs"
        aria-label={t`When`}
        w={165}
        allowDeselect={false}
        value={mode}
        data={[
          { value: 'any', label: t`at any time` },
          { value: 'last', label: t`in the last` },
          { value: 'range', label: t`between dates` },
        ]}
        onChange={(m) => onChange(m === 'last' ? { last: '30d' } : m === 'range' ? { from: '', to: '' } : undefined)}
      />
      {window && 'last' in window && <SpanField value={window.last} onChange={(last) => onChange({ last })} />}
      {window && 'from' in window && (
        <>
          <TextInput size="xs" type="date" aria-label={t`From`} value={window.from.slice(0, 10)} onChange={(e) => onChange({ ...window, from: rfc(e.currentTarget.value) })} />
          <TextInput size="xs" type="date" aria-label={t`To`} value={window.to.slice(0, 10)} onChange={(e) => onChange({ ...window, to: rfc(e.currentTarget.value) })} />
        </>
      )}
    </>
  )
}

const rfc = (day: string) => (day ? `${day}T00:00:00Z` : '')

function WhereFields({ where, event, onChange }: { where: Test[]; event?: string; onChange: (next: Test[]) => void }) {
  const { t } = useLingui()
  return (
    <>
      {where.map((test, i) => (
        <div key={i} className={classes.where}>
          <span>{t`where`}</span>
          <TestFields test={test} onChange={(next) => onChange(where.with(i, next))} names="properties" event={event} />
          <Remove onClick={() => onChange(where.toSpliced(i, 1))} />
        </div>
      ))}
      <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} onClick={() => onChange([...where, { name: '', op: 'is', value: '' }])}>{t`where`}</Button>
    </>
  )
}
