import { Button, NativeSelect, Skeleton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { pages } from '~/api'
import { toCsv, saveFile } from '~/charts/csv'
import { ErrorBox } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconDownload } from '~/ui/icons'
import { useCauseName } from '~/ui/names'
import { Card, Empty, Page, StageName, ui } from '~/ui/page'
import { ModelPicker, useModel } from '~/ui/pickers'
import { useSearchState } from '~/ui/search-state'
import { useStages } from '~/ui/stage-colors'
import classes from './flow.module.css'

type Search = { model?: string; from_stage?: string; to_stage?: string; from?: string; to?: string }

/** The customers behind a number of the board or a band of the flow. */
export default function MovesScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const cause = useCauseName()
  const { model } = useModel()
  const stageOf = useStages(model)
  const [search, set] = useSearchState<Search>()
  const query = { from_stage: search.from_stage, to_stage: search.to_stage, from: search.from, to: search.to }
  const list = useInfiniteQuery({
    queryKey: ['moves', model?.id, query],
    queryFn: ({ pageParam }) => pages.moves(model!.id, { ...query, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    enabled: !!model,
  })
  const moves = list.data?.pages.flatMap((p) => p.moves) ?? []
  const stages = (model?.stages ?? []).map((s) => ({ value: s.key, label: s.label }))
  return (
    <Page
      title={t`Moves between stages`}
      sub={search.from && search.to ? `${f.dateTime(search.from)} – ${f.dateTime(search.to)} (${f.timeZone})` : t`all time`}
      actions={
        <div className={classes.controls}>
          <ModelPicker />
          <NativeSelect aria-label={t`From stage`} data={[{ value: '', label: t`From any stage` }, ...stages]} value={search.from_stage ?? ''} onChange={(e) => set({ from_stage: e.currentTarget.value })} />
          <NativeSelect aria-label={t`To stage`} data={[{ value: '', label: t`To any stage` }, ...stages]} value={search.to_stage ?? ''} onChange={(e) => set({ to_stage: e.currentTarget.value })} />
          <Button variant="default" leftSection={<IconDownload size={16} />} disabled={moves.length === 0} onClick={() => saveFile('moves.csv', toCsv([['customer', 'name', 'at', 'from', 'to', 'cause'], ...moves.map((m) => [m.customer, m.name, m.at, m.from, m.to, m.cause])]))}>
            CSV
          </Button>
        </div>
      }
    >
      {list.isError && <ErrorBox error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height={360} radius="lg" />}
      {list.data && (
        <Card pad={false}>
          {moves.length === 0 ? (
            <Empty title={t`Nobody moved`}>{t`No customer made this move in this period.`}</Empty>
          ) : (
            <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Moves between stages`}>
              <table className={ui.table}>
                <thead>
                  <tr>
                    <th scope="col">{t`Customer`}</th>
                    <th scope="col">{t`When`}</th>
                    <th scope="col">{t`From`}</th>
                    <th scope="col">{t`To`}</th>
                    <th scope="col">{t`Why`}</th>
                  </tr>
                </thead>
                <tbody>
                  {moves.map((m) => (
                    <tr key={m.customer + m.at + m.to}>
                      <td>
                        <Link to="/customers/$id" params={{ id: m.customer }}>
                          {m.name || m.customer}
                        </Link>
                      </td>
                      <td>{f.dateTime(m.at)}</td>
                      <td>{m.from ? <StageName color={stageOf(m.from).color} label={stageOf(m.from).label} /> : <span style={{ color: 'var(--mantine-color-dimmed)' }}>{t`new`}</span>}</td>
                      <td>
                        <StageName color={stageOf(m.to).color} label={stageOf(m.to).label} />
                      </td>
                      <td>{cause(m.cause)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Card>
      )}
      {list.hasNextPage && <Button variant="default" justify="center" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t`Show more`}</Button>}
    </Page>
  )
}
