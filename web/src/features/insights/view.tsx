import { Skeleton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { lazy, Suspense } from 'react'
import type { Annotation, Cell, Spec } from '~/api/insights'
import { Empty } from '~/ui/page'
import { GrowthView, StickinessView } from './activity-view'
import { FunnelView } from './funnel-view'
import type { Answer } from './run'
import { type TrendForm, TrendView } from './trend-view'

// Each of these draws with parts of its own, which most visits do not need.
const RetentionView = lazy(() => import('./retention-view').then((m) => ({ default: m.RetentionView })))
const PathsView = lazy(() => import('./paths-view'))
const CompositionView = lazy(() => import('./composition-view'))
const TableView = lazy(() => import('./table-view'))
const JourneyView = lazy(() => import('./journey-view'))
const AttributionView = lazy(() => import('./attribution-view'))

export type Drill = (cell: Cell, title: string) => void
export type ViewProps = { answer: Answer; onDrill?: Drill; compact?: boolean; height?: number; annotations?: Annotation[]; /** Asks another question, for example in another order. */ onSpec?: (spec: Spec) => void }

/** The picture of an answer. */
export function InsightView(props: ViewProps & { form?: TrendForm; setForm?: (form: TrendForm) => void }) {
  const { t } = useLingui()
  const { result, spec } = props.answer
  if (result.trend && spec.trend) return result.trend.lines?.length ? <TrendView {...props} /> : <Nothing title={t`Nothing happened in this range`} />
  if (result.funnel && spec.funnel) return result.funnel.total.entered + result.funnel.total.excluded > 0 ? <FunnelView {...props} /> : <Nothing title={t`Nobody entered this funnel`} />
  if (result.growth && spec.growth) return <GrowthView {...props} />
  if (result.stickiness && spec.stickiness) return result.stickiness.customers > 0 ? <StickinessView {...props} /> : <Nothing title={t`Nobody came in this range`} />
  return (
    <Suspense fallback={<Skeleton height={props.compact ? '100%' : 320} radius="md" />}>
      <More {...props} />
    </Suspense>
  )
}

function More(props: ViewProps) {
  const { t } = useLingui()
  const { result, spec } = props.answer
  const nothing = <Nothing title={t`Nothing happened in this range`} />
  if (result.retention && spec.retention) return <RetentionView {...props} />
  if (result.paths && spec.paths) return result.paths.paths > 0 ? <PathsView {...props} /> : nothing
  if (result.composition && spec.composition) return result.composition.total > 0 ? <CompositionView {...props} /> : nothing
  if (result.table && spec.table) return result.table.count > 0 ? <TableView {...props} /> : nothing
  if (result.journey && spec.journey) return result.journey.customers > 0 ? <JourneyView {...props} /> : nothing
  if (result.attribution && spec.attribution) return result.attribution.conversions > 0 ? <AttributionView {...props} /> : <Nothing title={t`There is no conversion in this range`} />
  return null
}

function Nothing({ title }: { title: string }) {
  const { t } = useLingui()
  return <Empty title={title}>{t`Choose a longer range, take away conditions, or check the names of the events.`}</Empty>
}
