import { Autocomplete, NumberInput, Select, TagsInput, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import { arity, type Op, parseSpan, parseValue, type Test, withOp } from '~/api/expr'
import { useOpName, useUnitName } from '~/ui/op-names'
import classes from './models.module.css'

const ops: Op[] = ['is', 'is_not', 'set', 'not_set', 'in', 'not_in', 'contains', 'not_contains', 'starts', 'not_starts', 'ends', 'not_ends', 'matches', 'not_matches', 'gt', 'gte', 'lt', 'lte', 'between', 'is_true', 'is_false', 'before', 'after', 'in_last', 'more_than_ago']

/** A comparison of a trait or of a property of an event. */
export function TestFields({ test, onChange, names, event }: { test: Test; onChange: (next: Test) => void; names: 'traits' | 'properties'; event?: string }) {
  const { t } = useLingui()
  const opName = useOpName()
  const traits = useQuery({ ...q.traitNames(), enabled: names === 'traits' })
  const properties = useQuery({ ...q.propertyNames(event ?? ''), enabled: names === 'properties' && !!event })
  const known = (names === 'traits' ? traits.data : properties.data) ?? []
  return (
    <>
      <Autocomplete size="xs" aria-label={names === 'traits' ? t`Trait` : t`Property`} placeholder={names === 'traits' ? t`Trait` : t`Property`} data={[...new Set(known.map((x) => x.name))]} value={test.name} onChange={(name) => onChange({ ...test, name })} w={150} />
      <Select size="xs" aria-label={t`Comparison`} data={ops.map((o) => ({ value: o, label: opName(o) }))} value={test.op} allowDeselect={false} searchable onChange={(op) => op && onChange(withOp(test, op as Op))} w={165} />
      <ValueField test={test} onChange={onChange} />
    </>
  )
}

function ValueField({ test, onChange }: { test: Test; onChange: (next: Test) => void }) {
  const { t } = useLingui()
  const count = arity(test.op)
  if (count === 0) return null
  if (count === 'list') {
    return <TagsInput size="xs" aria-label={t`Values`} placeholder={t`Values, each with Enter`} value={(Array.isArray(test.value) ? test.value : []).map(String)} onChange={(list) => onChange({ ...test, value: list.map(parseValue) })} miw={180} />
  }
  if (count === 2) {
    const [a, b] = Array.isArray(test.value) ? test.value : [0, 0]
    return (
      <>
        <NumberInput size="xs" aria-label={t`From`} className={classes.n} hideControls value={Number(a)} onChange={(v) => onChange({ ...test, value: [Number(v), Number(b)] })} />
        <span>{t`and`}</span>
        <NumberInput size="xs" aria-label={t`To`} className={classes.n} hideControls value={Number(b)} onChange={(v) => onChange({ ...test, value: [Number(a), Number(v)] })} />
      </>
    )
  }
  if (test.op === 'in_last' || test.op === 'more_than_ago') return <SpanField value={String(test.value)} onChange={(value) => onChange({ ...test, value })} />
  if (test.op === 'before' || test.op === 'after') {
    return <TextInput size="xs" type="date" aria-label={t`Date`} value={String(test.value ?? '').slice(0, 10)} onChange={(e) => onChange({ ...test, value: e.currentTarget.value })} />
  }
  const number = test.op === 'gt' || test.op === 'gte' || test.op === 'lt' || test.op === 'lte'
  if (number) return <NumberInput size="xs" aria-label={t`Value`} className={classes.n} hideControls value={typeof test.value === 'number' ? test.value : ''} onChange={(v) => onChange({ ...test, value: v === '' ? '' : Number(v) })} />
  return <TextInput size="xs" aria-label={t`Value`} placeholder={t`Value`} value={test.value === undefined ? '' : String(test.value)} onChange={(e) => onChange({ ...test, value: e.currentTarget.value })} onBlur={(e) => onChange({ ...test, value: test.op === 'is' || test.op === 'is_not' ? parseValue(e.currentTarget.value) : e.currentTarget.value })} w={140} />
}

/** A length of time such as 30d: a number and a unit. */
export function SpanField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t } = useLingui()
  const unitName = useUnitName()
  const span = parseSpan(value) ?? { n: 30, unit: 'd' }
  return (
    <>
      <NumberInput size="xs" aria-label={t`Length of time`} className={classes.n} min={1} allowDecimal={false} value={span.n} onChange={(v) => onChange(`${Math.max(1, Number(v) || 1)}${span.unit}`)} />
      <Select size="xs" aria-label={t`Unit`} w={110} allowDeselect={false} data={['m', 'h', 'd', 'w'].map((u) => ({ value: u, label: unitName(u) }))} value={span.unit} onChange={(u) => onChange(`${span.n}${u}`)} />
    </>
  )
}
