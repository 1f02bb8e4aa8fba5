import { Button, Popover, Progress, Skeleton, UnstyledButton } from '@mantine/core'
import { useInViewport } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, lazy, type PointerEvent, Suspense, useState } from 'react'
import { ApiError, type Kpi } from '~/api'
import type { Tile } from '~/api/dashboards'
import { type Annotation, insights, type Range } from '~/api/insights'
import { Spark } from '~/charts/spark'
import { useCan } from '~/app/session'
import { useRun } from '~/features/insights/run'
import type { Drill } from '~/features/insights/view'
import { ErrorBox } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconGrip, IconResize } from '~/ui/icons'
import { Change, KpiDetails, StatusMark } from '~/ui/kpi'
import { useKpiName } from '~/ui/names'
import { Dim } from '~/ui/page'
import classes from './dashboards.module.css'

const TileMenu = lazy(() => import('./tile-menu'))
const InsightView = lazy(() => import('~/features/insights/view').then((m) => ({ default: m.InsightView })))

export type TileActions = { remove: () => void; form: (form: Tile['form']) => void; edit: () => void; nudge: (dx: number, dy: number) => void; size: (dw: number, dh: number) => void; grab: (e: PointerEvent, how: 'move' | 'resize') => void }
type Props = { tile: Tile; range?: Range; kpis?: Kpi[]; annotations?: Annotation[]; editing: boolean; lifted: boolean; actions: TileActions; onDrill: (spec: Parameters<typeof useRun>[0], ...rest: Parameters<Drill>) => void; rowHeight: number }

/** One tile. While the dashboard is edited, its grip moves it by pointer or arrows, and Shift with an arrow sizes it. */
export function TileView({ tile, range, kpis, annotations, editing, lifted, actions, onDrill, rowHeight }: Props) {
  const { t } = useLingui()
  const kpiName = useKpiName()
  const { ref, inViewport } = useInViewport()
  const [seen, setSeen] = useState(false)
  // What was never on the screen is not asked for; what was stays.
  if (inViewport && !seen) setSeen(true)
  const saved = useQuery({ ...insights.one(String(tile.insight ?? 0)), enabled: tile.kind === 'insight' && seen, retry: false })
  const kpi = kpis?.find((k) => k.key === tile.kpi && (!tile.stage || k.stage === tile.stage))
  const name = tile.title || (tile.kind === 'insight' ? (saved.data?.name ?? t`Insight`) : tile.kind === 'kpi' ? kpiName(kpi ?? { key: tile.kpi ?? '', name: tile.kpi ?? '' }) : t`Text`)
  const onKey = (e: KeyboardEvent) => {
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    const by = arrows[e.key]
    if (by) {
      e.preventDefault()
      if (e.shiftKey) actions.size(by[0], by[1])
      else actions.nudge(by[0], by[1])
    } else if (e.key === 'Delete') {
      e.preventDefault()
      actions.remove()
    }
  }
  const inner = tile.h * rowHeight + (tile.h - 1) * 12 - 62
  return (
    <section ref={ref} className={classes.tile} data-kind={tile.kind} data-lifted={lifted} aria-label={name} style={{ gridColumn: `${tile.x + 1} / span ${tile.w}`, gridRow: `${tile.y + 1} / span ${tile.h}` }}>
      <div className={classes.head}>
        {editing && (
          <button type="button" className={classes.grip} data-grip={tile.id} aria-label={t`Move ${name}`} aria-describedby="grid-help" onKeyDown={onKey} onPointerDown={(e) => actions.grab(e, 'move')}>
            <IconGrip size={16} aria-hidden />
          </button>
        )}
        {(tile.kind !== 'text' || tile.title) && (
          <h2 className={classes.title} title={name}>
            {tile.kind === 'insight' && saved.data ? (
              <Link to="/insights/$id" params={{ id: String(tile.insight) }}>
                {name}
              </Link>
            ) : (
              name
            )}
          </h2>
        )}
        {editing && (
          <Suspense>
            <TileMenu name={name} text={tile.kind === 'text'} form={saved.data?.kind === 'trend' ? (tile.form ?? null) : undefined} actions={actions} />
          </Suspense>
        )}
      </div>
      <div className={classes.body}>
        {tile.kind === 'text' && <div className={classes.text}>{tile.text}</div>}
        {tile.kind === 'kpi' && <KpiBody kpi={kpi} loaded={kpis !== undefined} />}
        {tile.kind === 'insight' && (saved.isError ? <Gone error={saved.error} retry={() => void saved.refetch()} remove={actions.remove} /> : saved.data && seen ? <InsightBody spec={range ? { ...saved.data.spec, range } : saved.data.spec} height={Math.max(90, inner)} form={tile.form} annotations={annotations} onDrill={onDrill} /> : <Skeleton height="100%" />)}
      </div>
      {editing && (
        <span className={classes.resize} aria-hidden onPointerDown={(e) => actions.grab(e, 'resize')}>
          <IconResize size={14} />
        </span>
      )}
    </section>
  )
}

/** What is shown where the insight of a tile cannot be read: gone for good, or a failure. */
function Gone({ error, retry, remove }: { error: unknown; retry: () => void; remove: () => void }) {
  const { t } = useLingui()
  const can = useCan('insight')
  if (!(error instanceof ApiError) || error.status !== 404) return <ErrorBox error={error} retry={retry} />
  return (
    <div className={classes.gone}>
      <p>{t`The insight of this tile was deleted.`}</p>
      {can && <Button size="compact-sm" variant="light" onClick={remove}>{t`Take the tile away`}</Button>}
    </div>
  )
}

function InsightBody({ spec, height, form, annotations, onDrill }: { spec: Parameters<typeof useRun>[0]; height: number; form?: Tile['form']; annotations?: Annotation[]; onDrill: Props['onDrill'] }) {
  const { t } = useLingui()
  const run = useRun(spec)
  if (run.error && !run.answer) return <ErrorBox error={run.error} retry={run.retry} />
  if (!run.answer) return run.slow ? <Progress mt="md" value={run.share === undefined ? 100 : 100 * run.share} animated size="sm" aria-label={t`Reading the timeline`} /> : <Skeleton height="100%" />
  const { answer } = run
  // A low tile has room for a number, not for a picture.
  const low = height < 150
  return (
    <Suspense fallback={<Skeleton height="100%" />}>
      {run.slow && <Progress className={classes.bar} value={run.share === undefined ? 100 : 100 * run.share} animated size="xs" aria-label={t`Reading the timeline`} />}
      <InsightView answer={answer} compact height={height - 56} annotations={annotations} form={form ?? (low ? 'number' : 'lines')} onDrill={(cell, title) => onDrill(answer.spec, cell, title)} />
    </Suspense>
  )
}

function KpiBody({ kpi, loaded }: { kpi: Kpi | undefined; loaded: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const name = useKpiName()
  if (!kpi) return loaded ? <Dim>{t`This KPI is not computed for this workspace.`}</Dim> : <Skeleton height="100%" />
  return (
    <div className={classes.kpi}>
      <div className={classes.kpiValue}>
        <Popover width={340} position="bottom" withArrow trapFocus returnFocus>
          <Popover.Target>
            <UnstyledButton fz="inherit" fw="inherit" aria-label={`${name(kpi)}: ${f.unit(kpi.value, kpi.unit, kpi.currency)}. ${t`Show how this is computed`}`}>
              {f.unit(kpi.value, kpi.unit, kpi.currency)}
            </UnstyledButton>
          </Popover.Target>
          <Popover.Dropdown aria-label={name(kpi)}>
            <KpiDetails kpi={kpi} />
          </Popover.Dropdown>
        </Popover>
        <span>
          <Change kpi={kpi} />
        </span>
      </div>
      <div className={classes.kpiSub}>
        {kpi.target !== null && (
          <span>
            {t`target`} {f.unit(kpi.target, kpi.unit, kpi.currency)}
          </span>
        )}
        {kpi.status !== 'none' && <StatusMark status={kpi.status} text />}
      </div>
      <Spark values={kpi.spark} height={22} color="var(--chart-1)" />
    </div>
  )
}
