import { ActionIcon, Button, Group, Skeleton, Stack, Tabs } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useMemo, useState } from 'react'
import { type Cost, costs } from '~/api/costs'
import { useCan, useWorkspace } from '~/app/session'
import { saveFile, toCsv } from '~/charts/csv'
import { minorDigits, useFormat } from '~/ui/format'
import { IconChevron, IconCoin, IconDownload, IconPlus, IconUpload } from '~/ui/icons'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { isoDay } from '~/ui/time'
import { useToast } from '~/ui/toast'
import { cellKey, type CellChange, type Column, columnKey, columnsOf, daysOf, monthBy } from './sheet'
import { SheetTable } from './table'
import classes from './costs.module.css'

const AddColumn = lazy(() => import('./add-column'))
const ImportDialog = lazy(() => import('./import-dialog'))
const RatesPanel = lazy(() => import('./rates'))

/** What channels cost, and the exchange rates by which amounts in other currencies count. */
export default function CostsScreen() {
  const [search, set] = useSearchState<{ tab?: string; month?: string }>()
  const { t } = useLingui()
  const tab = search.tab === 'rates' ? 'rates' : 'costs'
  const tabs = (content: ReactNode) => (
    <Tabs value={tab} onChange={(value) => set({ tab: value === 'rates' ? value : undefined })} keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="costs">{t`Costs`}</Tabs.Tab>
        <Tabs.Tab value="rates">{t`Exchange rates`}</Tabs.Tab>
      </Tabs.List>
      {(['costs', 'rates'] as const).map((value) => (
        <Tabs.Panel key={value} value={value}>
          <Stack>{value === tab && content}</Stack>
        </Tabs.Panel>
      ))}
    </Tabs>
  )
  if (tab === 'costs') return <CostsSheet tabs={tabs} />
  return (
    <Page title={t`Costs`}>
      {tabs(
        <Suspense fallback={<Skeleton height={460} radius="lg" />}>
          <RatesPanel />
        </Suspense>,
      )}
    </Page>
  )
}

/** Spend by day and channel, as a sheet of a month. Every cell is saved when it is left, and can be taken back. */
function CostsSheet({ tabs }: { tabs: (content: ReactNode) => ReactNode }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const { time_zone, currency } = useWorkspace()
  const client = useQueryClient()
  const toast = useToast()
  const [search, set] = useSearchState<{ month?: string }>()
  const today = isoDay(new Date(), time_zone)
  const month = /^\d{4}-\d{2}$/.test(search.month ?? '') ? search.month! : today.slice(0, 7)
  const days = useMemo(() => daysOf(month), [month])
  const query = useQuery(costs.list(days[0]!, days[days.length - 1]!))
  // Channels of the quarter before stay on the sheet, so that a new month does not begin empty.
  const known = useQuery(costs.list(`${monthBy(month, -3)}-01`, days[days.length - 1]!))
  const [own, setOwn] = useState<Column[]>([])
  const [dialog, setDialog] = useState<'column' | 'import'>()
  const columns = useMemo(() => {
    const list = columnsOf([...(known.data ?? []), ...(query.data ?? [])])
    return [...list, ...own.filter((c) => !list.some((x) => x.key === c.key))]
  }, [known.data, query.data, own])
  const cells = useMemo(() => new Map((query.data ?? []).map((c) => [cellKey(c.day, columnKey(c.channel, c.campaign)), c])), [query.data])
  const refresh = () => client.invalidateQueries({ predicate: (x) => ['costs', 'rates', 'kpis', 'board'].includes(String(x.queryKey[0])) })
  const save = useMutation({
    mutationFn: async (changes: CellChange[]) => {
      const rows: Cost[] = []
      for (const c of changes) {
        const column = columns.find((x) => x.key === c.column)!
        const before = cells.get(cellKey(c.day, c.column))
        const row: Cost = { day: c.day, channel: column.channel, ...(column.campaign ? { campaign: column.campaign } : {}), kind: before?.kind ?? column.kind, amount: c.amount ?? 0, currency: before?.currency ?? currency }
        if (c.amount === null) await costs.remove(row)
        else rows.push(row)
      }
      if (rows.length > 0) await costs.put(rows)
    },
    onSuccess: refresh,
    onError: async (error) => {
      toast.error(error)
      await refresh()
    },
  })
  const apply = (changes: CellChange[]) => {
    const real = changes.filter((c) => (cells.get(cellKey(c.day, c.column))?.amount ?? null) !== c.amount)
    if (real.length === 0) return
    const before = real.map((c) => ({ ...c, amount: cells.get(cellKey(c.day, c.column))?.amount ?? null }))
    save.mutate(real, { onSuccess: () => toast.undo(real.length === 1 ? t`Saved.` : t`${f.int(real.length)} amounts saved.`, () => save.mutate(before)) })
  }
  const label = f.monthYear(`${month}-15T12:00:00Z`)
  const csv = () => saveFile(`costs-${month}.csv`, toCsv([['day', 'channel', 'campaign', 'amount', 'currency', 'kind'], ...(query.data ?? []).map((c) => [c.day, c.channel, c.campaign ?? '', c.amount / 10 ** minorDigits(c.currency), c.currency, c.kind ?? 'ads'])]))
  return (
    <Page
      title={t`Costs`}
      sub={t`What channels cost, by day. CAC, ROAS, ROI and payback are computed from it, in ${currency}.`}
      actions={
        <Group gap="xs">
          <Group gap={2} wrap="nowrap" role="group" aria-label={t`Month`}>
            <ActionIcon variant="default" size={36} aria-label={t`Month before`} onClick={() => set({ month: monthBy(month, -1) })}>
              <IconChevron size={16} style={{ transform: 'rotate(90deg)' }} />
            </ActionIcon>
            <span role="status" style={{ minWidth: 92, textAlign: 'center', fontWeight: 600 }}>{label}</span>
            <ActionIcon variant="default" size={36} aria-label={t`Month after`} onClick={() => set({ month: monthBy(month, 1) })}>
              <IconChevron size={16} style={{ transform: 'rotate(-90deg)' }} />
            </ActionIcon>
          </Group>
          {can && <Button variant="default" leftSection={<IconUpload size={16} />} onClick={() => setDialog('import')}>{t`Import CSV`}</Button>}
          <Button variant="default" leftSection={<IconDownload size={16} />} disabled={!query.data?.length} onClick={csv}>
            CSV
          </Button>
          {can && <Button leftSection={<IconPlus size={16} />} onClick={() => setDialog('column')}>{t`Add a channel`}</Button>}
        </Group>
      }
    >
      {tabs(
        <>
          <Loaded query={query} height={460}>
            {() => (
              <Card pad={false}>
                {columns.length === 0 ? (
                  <Empty icon={<IconCoin size={22} />} title={t`No costs yet`} action={can && <Button variant="light" onClick={() => setDialog('column')}>{t`Add a channel`}</Button>}>
                    {t`Add a channel such as Google Ads and type or paste what it cost each day, or import a CSV file with day, channel, amount and currency.`}
                  </Empty>
                ) : (
                  <SheetTable days={days} today={today} columns={columns} cells={cells} readOnly={!can} apply={apply} refused={(n) => toast.error(new Error(t`${f.int(n)} cells were left out because they are no amounts.`))} />
                )}
              </Card>
            )}
          </Loaded>
          {columns.length > 0 && can && <p className={classes.note}>{t`A cell is saved when you leave it. Arrows and Enter go up and down. A block copied from a spreadsheet can be pasted into any cell; it is laid out from there. An empty cell means that nothing is known, not that it cost 0.`}</p>}
        </>,
      )}
      <Suspense>
        {dialog === 'column' && <AddColumn close={() => setDialog(undefined)} add={(c) => setOwn([...own, c])} taken={columns.map((c) => c.key)} />}
        {dialog === 'import' && <ImportDialog close={() => setDialog(undefined)} done={refresh} />}
      </Suspense>
    </Page>
  )
}
