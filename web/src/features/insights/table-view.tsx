import { useLingui } from '@lingui/react/macro'
import { useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { q } from '~/api'
import type { Spec, TableRow } from '~/api/insights'
import { NumberTable } from '~/charts/number-table'
import { useFormat } from '~/ui/format'
import { SortButton } from '~/ui/sort'
import type { ViewProps } from './view'
import { useSeriesFormat, useSeriesLabel, useValueLabel } from './words'
import classes from './insights.module.css'

/** How many customers of a table are asked for their names. */
const named = 50

/** A row for each value or customer, a column for each measure. The head of a column sorts by it. */
export default function TableView({ answer, onDrill, compact, onSpec }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const seriesLabel = useSeriesLabel()
  const formatOf = useSeriesFormat()
  const spec = answer.spec.table!
  const valueLabel = useValueLabel(spec.breakdown)
  const result = answer.result.table!
  const rows = compact ? result.rows.slice(0, 20) : result.rows
  const names = useNames(rows)
  const sort = spec.sort ?? '-A'
  const letter = (i: number) => String.fromCharCode(65 + i)
  const most = spec.columns.map((_, k) => Math.max(...rows.map((r) => r.points[k]?.value ?? 0)))
  const rowName = (r: TableRow) => (r.customer !== undefined ? names(r.customer) : r.value ? valueLabel(r.value) : '')
  const cells = (r: TableRow, bars: boolean, name: string) =>
    spec.columns.map((s, k) => {
      const p = r.points[k]
      const value = p?.value ?? null
      const format = formatOf(s)
      return {
        text: value === null ? '–' : format(value),
        value,
        ...(bars && value !== null && value >= 0 && most[k]! > 0 ? { bar: value / most[k]! } : {}),
        // Behind a row of one customer stands that customer.
        ...(onDrill && value && r.customer === undefined ? { onOpen: () => onDrill({ series: letter(k), ...(r.value && !r.value.all ? { value: r.value } : {}) }, `${name} · ${seriesLabel(s)}`) } : {}),
      }
    })
  const head = (id: string, name: string) =>
    onSpec ? (
      <SortButton id={id} sort={sort} onSort={(next) => onSpec({ ...answer.spec, table: { ...spec, sort: next } } as Spec)}>
        {name}
      </SortButton>
    ) : (
      name
    )
  const order = (id: string) => (sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : undefined)
  return (
    <div className={classes.stack} style={compact ? { height: '100%' } : undefined}>
      <NumberTable
        label={t`Table`}
        file="table"
        corner={spec.rows === 'customer' ? t`Customer` : t`Value`}
        compact={compact}
        tall
        columns={spec.columns.map((s, k) => ({ key: letter(k), name: seriesLabel(s), head: head(letter(k), seriesLabel(s)), sort: order(letter(k)) }))}
        rows={rows.map((r, i) => {
          const name = rowName(r)
          return {
            key: String(r.customer ?? `${r.value?.text}${r.value?.none}${r.value?.other}${i}`),
            name,
            head:
              r.customer === undefined ? (
                name
              ) : (
                <Link to="/customers/$id" params={{ id: String(r.customer) }}>
                  {name}
                </Link>
              ),
            cells: cells(r, !r.value?.other, name),
          }
        })}
        total={{ key: 'total', name: t`All rows`, head: t`All rows`, cells: cells(result.total, false, t`All rows`) }}
      />
      {!compact && <p className={classes.note}>{result.count > rows.length ? t`${f.int(rows.length)} of ${f.int(result.count)} rows are shown. The last line counts all of them.` : t`${f.int(result.count)} rows. The last line counts all of them together.`}</p>}
    </div>
  )
}

/** Names of customers, asked for one by one and kept. */
function useNames(rows: TableRow[]): (id: number) => string {
  const { t } = useLingui()
  const ids = rows.flatMap((r) => (r.customer === undefined ? [] : [String(r.customer)])).slice(0, named)
  const found = useQueries({ queries: ids.map((id) => ({ ...q.customer(id), staleTime: 300_000, retry: false })) })
  const names = new Map(found.flatMap((x, i) => (x.data ? [[ids[i], x.data.name || x.data.email || ''] as const] : [])))
  return (id) => names.get(String(id)) || t`Customer ${id}`
}
