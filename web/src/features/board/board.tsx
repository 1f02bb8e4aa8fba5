import { Button, NativeSelect, Tooltip } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { q, type Board, type BoardStage, type Kpi } from '~/api'
import { useFormat } from '~/ui/format'
import { IconModel } from '~/ui/icons'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { ModelPicker, PeriodPicker, useModel, usePeriod } from '~/ui/pickers'
import { useSearchState } from '~/ui/search-state'
import { Live } from '~/ui/live'
import { Ribbon } from './ribbon'
import { StageCard } from './stage-card'
import classes from './board.module.css'

const windows = ['7d', '14d', '30d', '60d', '90d', '180d']

/** The home screen: the customers of every stage, now, and how they move. */
export default function BoardScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const { model, query: modelsQuery } = useModel()
  const period = usePeriod()
  const [search, set] = useSearchState<{ window?: string }>()
  const window = windows.includes(search.window ?? '') ? search.window! : '30d'
  const kpis = useQuery({ ...q.kpis({ from: period.from, to: period.to, model: model?.id }), enabled: !!model, refetchInterval: 30_000 })
  const board = useQuery({ ...q.board(model?.id ?? '', { from: period.from, to: period.to, window }), enabled: !!model })

  if (modelsQuery.data?.length === 0) {
    return (
      <Page title={t`Board`}>
        <Card>
          <Empty icon={<IconModel size={22} />} title={t`No stage model yet`} action={<Button component={Link} to="/stage-models">{t`Choose a template`}</Button>}>
            {t`A stage model says which stages your customers go through and what makes a customer enter each. Start from a template and change it later.`}
          </Empty>
        </Card>
      </Page>
    )
  }
  return (
    <Page
      title={t`Board`}
      heading={model?.name ?? t`Board`}
      sub={board.data ? t`As of ${f.dateTimeZone(board.data.at)}` : undefined}
      actions={
        <div className={classes.controls}>
          <ModelPicker />
          <Tooltip label={t`How long a customer may take to reach the next stage and still count as converted`} multiline w={260}>
            <NativeSelect aria-label={t`Conversion window`} w={150} value={window} data={windows.map((w) => ({ value: w, label: t`within ${Number.parseInt(w)} days` }))} onChange={(e) => set({ window: e.currentTarget.value === '30d' ? undefined : e.currentTarget.value })} />
          </Tooltip>
          <PeriodPicker />
        </div>
      }
    >
      <Loaded query={board} height={560}>
        {(data) => <BoardView board={withKpis(data, kpis.data)} model={model?.id ?? ''} />}
      </Loaded>
    </Page>
  )
}

/** Puts the KPIs that a stage names on its card, unless the answer already has them. */
function withKpis(board: Board, kpis: Kpi[] | undefined): Board {
  if (!kpis) return board
  const find = (s: BoardStage) => s.kpi_keys.flatMap((key) => kpis.find((k) => k.key === key && k.stage === s.key) ?? kpis.find((k) => k.key === key) ?? [])
  return { ...board, stages: board.stages.map((s) => (s.kpis.length > 0 ? s : { ...s, kpis: find(s) })) }
}

function BoardView({ board, model }: { board: Board; model: string }) {
  const { t } = useLingui()
  const path = board.stages.filter((s) => !s.off_path)
  const off = board.stages.filter((s) => s.off_path)
  if (board.customers === 0) {
    return (
      <Card>
        <Empty title={t`No customers yet`} action={<Button component={Link} to="/data/sources">{t`Connect a source`}</Button>}>
          {t`Customers appear here seconds after their first event. Put ciclo.js on your site or point your existing tracking at this server; or import your past orders under Imports.`}
        </Empty>
      </Card>
    )
  }
  return (
    <>
      <Summary board={board} />
      <h2 className="sr-only">{t`Stages of the path`}</h2>
      {/* Scrolls sideways when there are more stages than fit, so it must be reachable by keyboard. */}
      <div className={classes.track} tabIndex={0} role="group" aria-label={t`Stages of the path`}>
        <div className={classes.inner} style={{ '--columns': path.length } as React.CSSProperties}>
          <Ribbon stages={path} window={board.window} />
          {path.map((stage, i) => (
            <StageCard key={stage.key} stage={stage} next={path[i + 1]} model={model} board={board} />
          ))}
        </div>
      </div>
      {(off.length > 0 || board.none.count > 0) && (
        <section aria-labelledby="off-path">
          <h2 className={classes.offTitle} id="off-path">
            {t`Off the path`}
          </h2>
          <div className={classes.off}>
            {off.map((stage) => (
              <StageCard key={stage.key} stage={stage} model={model} board={board} wide />
            ))}
          </div>
        </section>
      )}
    </>
  )
}

function Summary({ board }: { board: Board }) {
  const { t } = useLingui()
  const f = useFormat()
  const on = board.stages.filter((s) => !s.off_path).reduce((a, s) => a + s.count, 0)
  const off = board.stages.filter((s) => s.off_path).reduce((a, s) => a + s.count, 0)
  const moves = board.stages.reduce((a, s) => a + s.in, 0)
  const all = Math.max(1, board.customers)
  const items = [
    { label: t`Customers`, value: board.customers, note: t`all stages` },
    { label: t`On the path`, value: on, note: f.percent(on / all) },
    { label: t`Dormant or lost`, value: off, note: f.percent(off / all) },
    { label: t`In no stage`, value: board.none.count, note: f.percent(board.none.count / all) },
    { label: t`Moves in the period`, value: moves, note: `${f.dayMonth(board.from)} – ${f.dayMonth(new Date(new Date(board.to).getTime() - 1))}` },
  ]
  return (
    <dl className={classes.summary}>
      {items.map((item) => (
        <div key={item.label}>
          <dt>{item.label}</dt>
          <dd>
            <Live value={item.value}>{f.int(item.value)}</Live> <small>{item.note}</small>
          </dd>
        </div>
      ))}
    </dl>
  )
}
