import { useLingui } from '@lingui/react/macro'
import type { Annotation, Cell } from '~/api/insights'
import { Empty } from '~/ui/page'
import { GrowthView, StickinessView } from './activity-view'
import { FunnelView } from './funnel-view'
import { RetentionView } from './retention-view'
import type { Answer } from './run'
import { type TrendForm, TrendView } from './trend-view'

export type Drill = (cell: Cell, title: string) => void
export type ViewProps = { answer: Answer; onDrill?: Drill; compact?: boolean; height?: number; annotations?: Annotation[] }

/** The picture of an answer. */
export function InsightView(props: ViewProps & { form?: TrendForm; setForm?: (form: TrendForm) => void }) {
  const { t } = useLingui()
  const { result, spec } = props.answer
  if (result.trend && spec.trend) return result.trend.lines?.length ? <TrendView {...props} /> : <Nothing title={t`Nothing happened in this range`} />
  if (result.funnel && spec.funnel) return result.funnel.total.entered + result.funnel.total.excluded > 0 ? <FunnelView {...props} /> : <Nothing title={t`Nobody entered this funnel`} />
  if (result.retention && spec.retention) return <RetentionView {...props} />
  if (result.growth && spec.growth) return <GrowthView {...props} />
  if (result.stickiness && spec.stickiness) return result.stickiness.customers > 0 ? <StickinessView {...props} /> : <Nothing title={t`Nobody came in this range`} />
  return null
}

function Nothing({ title }: { title: string }) {
  const { t } = useLingui()
  return <Empty title={title}>{t`Choose a longer range, take away conditions, or check the names of the events.`}</Empty>
}
