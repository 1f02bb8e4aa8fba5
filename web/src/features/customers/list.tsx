import { Button, Checkbox, Popover, Skeleton, Stack } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { Link } from '@tanstack/react-router'
import { apiPath, pages, type CustomerRow } from '~/api'
import { useWorkspace } from '~/app/session'
import { ErrorBox } from '~/ui/errors'
import { useCustomersText } from '~/ui/format'
import { IconColumns, IconDownload, IconUsers } from '~/ui/icons'
import { Card, Empty, Page, ui } from '~/ui/page'
import { ModelPicker, useModel } from '~/ui/pickers'
import { useSearchState } from '~/ui/search-state'
import { SortButton } from '~/ui/sort'
import { useStages } from '~/ui/stage-colors'
import { fromIsoDay } from '~/ui/time'
import { type ColumnId, columnIds, defaultColumns, features, numeric, sortable, useColumnNames, useColumns } from './columns'
import { Filters, type ListSearch } from './filters'
import classes from './customers.module.css'

const none: CustomerRow[] = []

/** All customers, with the filters, the order and the columns in the address. */
export default function CustomersScreen() {
  const { t } = useLingui()
  const [search, set] = useSearchState<ListSearch>()
  const { model } = useModel()
  const { time_zone } = useWorkspace()
  const customersText = useCustomersText()
  const sort = search.sort ?? '-last_seen'
  const query = {
    q: search.q,
    model: model?.id,
    stage: search.stage,
    segment: search.segment,
    from: fromIsoDay(search.from, time_zone)?.toISOString(),
    to: fromIsoDay(search.to, time_zone, 1)?.toISOString(),
    has: search.has?.join(','),
    trait: search.trait,
    sort,
  }
  const list = useInfiniteQuery({
    queryKey: ['customers', 'list', query],
    queryFn: ({ pageParam, signal }) => pages.customers({ ...query, limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  })
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.customers) ?? none, [list.data])
  const total = list.data?.pages[0]?.total
  const filtered = !!(search.q || search.segment || search.stage || search.from || search.to || search.has?.length || search.trait?.length)

  return (
    <Page
      title={t`Customers`}
      sub={total === undefined || total === null ? undefined : customersText(total)}
      actions={
        <div className={classes.actions}>
          <ModelPicker />
          <ColumnsMenu search={search} set={set} />
          <Button variant="default" component="a" href={apiPath('/customers.csv', query)} download leftSection={<IconDownload size={16} />}>
            CSV
          </Button>
        </div>
      }
    >
      <Filters search={search} set={set} model={model} />
      {list.isError && <ErrorBox error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height={420} radius="lg" />}
      {list.data && rows.length === 0 && (
        <Card>
          {filtered ? (
            <Empty icon={<IconUsers size={22} />} title={t`No customer matches`} action={<Button variant="light" onClick={() => set({ q: undefined, segment: undefined, stage: undefined, from: undefined, to: undefined, has: undefined, trait: undefined })}>{t`Clear all filters`}</Button>}>
              {t`Take away a filter, or search by a whole identifier.`}
            </Empty>
          ) : (
            <Empty icon={<IconUsers size={22} />} title={t`No customers yet`} action={<Button component={Link} to="/imports/new">{t`Import a file`}</Button>}>
              {t`A customer appears with the first event that carries an identifier. Connect a source, or import a CSV file of customers or orders.`}
            </Empty>
          )}
        </Card>
      )}
      {rows.length > 0 && <Table rows={rows} total={total ?? rows.length} search={search} set={set} sort={sort} more={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} stale={list.isPlaceholderData} />}
    </Page>
  )
}

function Table({ rows, total, search, set, sort, more, stale }: { rows: CustomerRow[]; total: number; search: ListSearch; set: (patch: Partial<ListSearch>) => void; sort: string; more: () => void; stale: boolean }) {
  const { t } = useLingui()
  const { model } = useModel()
  const columns = useColumns(useStages(model))
  const chosen = shownColumns(search)
  const columnVisibility = useMemo(() => Object.fromEntries(columnIds.map((id) => [id, chosen.includes(id)])), [chosen.join()])
  const table = useTable({ features, columns, data: rows, state: { columnVisibility }, getRowId: (r) => r.id })
  const box = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => 40, overscan: 12 })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= rows.length - 20) more()
  }, [last, rows.length])
  const before = items[0]?.start ?? 0
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)
  const model_ = table.getRowModel().rows
  return (
    <Card pad={false}>
      {/* Scrolls, so it must be reachable by keyboard. */}
      <div ref={box} className={classes.box} data-stale={stale} tabIndex={0} role="group" aria-label={t`Customers`}>
        <table className={ui.table} aria-rowcount={total + 1}>
          <thead className={classes.head}>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} aria-rowindex={1}>
                {group.headers.map((header) => (
                  <th key={header.id} scope="col" data-num={numeric.has(header.column.id) || undefined} aria-sort={sort.replace('-', '') === header.column.id ? (sort.startsWith('-') ? 'descending' : 'ascending') : undefined}>
                    {sortable.has(header.column.id) ? (
                      <SortButton id={header.column.id} sort={sort} onSort={(s) => set({ sort: s === '-last_seen' ? undefined : s })}>
                        <table.FlexRender header={header} />
                      </SortButton>
                    ) : (
                      <table.FlexRender header={header} />
                    )}
                  </th>
                ))}
              </tr>
            ))}
          </thead>
          <tbody>
            {before > 0 && <tr aria-hidden style={{ height: before }} />}
            {items.map((item) => {
              const row = model_[item.index]
              return (
                row && (
                  <tr key={row.id} aria-rowindex={item.index + 2} className={classes.row}>
                    {row.getVisibleCells().map((cell) => (
                      <td key={cell.id} data-num={numeric.has(cell.column.id) || undefined}>
                        <table.FlexRender cell={cell} />
                      </td>
                    ))}
                  </tr>
                )
              )
            })}
            {after > 0 && <tr aria-hidden style={{ height: after }} />}
          </tbody>
        </table>
      </div>
    </Card>
  )
}

function shownColumns(search: ListSearch): ColumnId[] {
  const chosen = search.cols?.split('.').filter((c): c is ColumnId => columnIds.includes(c as ColumnId))
  return chosen?.length ? ['name', ...chosen.filter((c) => c !== 'name')] : defaultColumns
}

function ColumnsMenu({ search, set }: { search: ListSearch; set: (patch: Partial<ListSearch>) => void }) {
  const { t } = useLingui()
  const names = useColumnNames()
  const shown = shownColumns(search)
  return (
    <Popover position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns size={16} />}>{t`Columns`}</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t`Columns`}>
        <Checkbox.Group
          aria-label={t`Columns`}
          value={shown}
          onChange={(value) => {
            const next = columnIds.filter((c) => value.includes(c))
            set({ cols: next.join() === defaultOrder ? undefined : next.join('.') })
          }}
        >
          <Stack gap={8}>
            {columnIds.map((id) => (
              <Checkbox key={id} value={id} label={names[id]} disabled={id === 'name'} />
            ))}
          </Stack>
        </Checkbox.Group>
      </Popover.Dropdown>
    </Popover>
  )
}

const defaultOrder = columnIds.filter((c) => defaultColumns.includes(c)).join()
