import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Breakdown, Series, Table } from '~/api/insights'
import { IconPlus } from '~/ui/icons'
import { AtField, ByFields, RowsGap } from './breakdown-field'
import { shifted } from './draft'
import { EventRow } from './fields'
import { ProblemLine } from './problems'
import { OptionalNumber, Section } from './section'
import { MeasureFields } from './trend-form'
import { useSeriesLabel } from './words'
import classes from './insights.module.css'

const letter = (i: number) => String.fromCharCode(65 + i)

/** What the rows are, and a measure for each column. */
export default function TableForm({ table, onChange }: { table: Table; onChange: (next: Table) => void }) {
  const { t } = useLingui()
  const seriesLabel = useSeriesLabel()
  const set = (patch: Partial<Table>) => onChange({ ...table, ...patch })
  const columns = (list: Series[]) => set({ columns: list })
  const b = table.breakdown ?? { property: '' }
  const sort = table.sort ?? '-A'
  const by = sort.replace('-', '')
  const falling = sort.startsWith('-')
  const customers = table.rows === 'customer'
  return (
    <>
      <Section title={t`Rows`}>
        <NativeSelect
          size="xs"
          aria-label={t`A row for each`}
          data={[
            { value: 'value', label: t`a row for each value` },
            { value: 'customer', label: t`a row for each customer` },
          ]}
          value={customers ? 'customer' : 'value'}
          onChange={(e) => onChange(e.currentTarget.value === 'customer' ? { ...table, rows: 'customer', breakdown: undefined } : { ...table, rows: undefined, breakdown: { property: '' } })}
        />
        {!customers && (
          <>
            <ByFields<Breakdown> value={b} event={table.columns[0]?.event} onChange={(breakdown) => set({ breakdown })} />
            <AtField<Breakdown> value={b} onChange={(breakdown) => set({ breakdown })} />
            <RowsGap path="table.breakdown" />
            <ProblemLine path="table.breakdown" />
          </>
        )}
      </Section>
      <Section title={t`Columns`}>
        {table.columns.map((s, i) => (
          <EventRow
            key={i}
            badge={letter(i)}
            label={t`Column ${letter(i)}`}
            path={`table.columns[${i}]`}
            value={s}
            onPick={(kind, event) => columns(table.columns.with(i, { ...s, kind, event }))}
            onWhere={(where) => columns(table.columns.with(i, { ...s, where }))}
            actions={[
              { label: t`Duplicate`, run: () => columns(table.columns.toSpliced(i + 1, 0, structuredClone(s))) },
              { label: t`Move up`, run: () => columns(shifted(table.columns, i, -1)), disabled: i === 0 },
              { label: t`Move down`, run: () => columns(shifted(table.columns, i, 1)), disabled: i === table.columns.length - 1 },
              { label: t`Remove`, run: () => columns(table.columns.toSpliced(i, 1)), disabled: table.columns.length === 1 },
            ]}
          >
            <MeasureFields series={s} label={t`Column ${letter(i)}`} without="active" onChange={(next) => columns(table.columns.with(i, next))} />
            <TextInput size="xs" aria-label={t`Name of column ${letter(i)}`} placeholder={t`Name`} value={s.label ?? ''} onChange={(e) => columns(table.columns.with(i, { ...s, label: e.currentTarget.value || undefined }))} />
          </EventRow>
        ))}
        <Button size="compact-sm" variant="light" style={{ justifySelf: 'start' }} leftSection={<IconPlus size={14} />} disabled={table.columns.length >= 26} onClick={() => columns([...table.columns, { kind: 'track', event: table.columns[table.columns.length - 1]?.event ?? '' }])}>
          {t`Add a column`}
        </Button>
      </Section>
      <Section title={t`Order`}>
        <div className={classes.two}>
          <NativeSelect size="xs" label={t`Sorted by`} data={[...table.columns.map((s, i) => ({ value: letter(i), label: `${letter(i)} · ${seriesLabel(s)}` })), { value: 'row', label: customers ? t`number of the customer` : t`name of the row` }]} value={by} onChange={(e) => set({ sort: `${falling ? '-' : ''}${e.currentTarget.value}` })} />
          <NativeSelect
            size="xs"
            label={t`Direction`}
            data={[
              { value: '-', label: t`the greatest first` },
              { value: '', label: t`the least first` },
            ]}
            value={falling ? '-' : ''}
            onChange={(e) => set({ sort: `${e.currentTarget.value}${by}` })}
          />
          <OptionalNumber label={t`Rows at most`} value={table.limit} max={1000} placeholder="50" onChange={(limit) => set({ limit })} />
        </div>
        <ProblemLine path="table.sort" />
        <ProblemLine path="table.limit" />
      </Section>
    </>
  )
}
