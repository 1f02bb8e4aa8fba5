import { Button, SegmentedControl, Switch } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { q, type Flow, type StageModel } from '~/api'
import { ChartFrame } from '~/charts/frame'
import { type DrawnLink, layoutFlow } from '~/charts/sankey'
import { useFormat } from '~/ui/format'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { ModelPicker, PeriodPicker, useModel, usePeriod } from '~/ui/pickers'
import { useSearchState } from '~/ui/search-state'
import { useStages } from '~/ui/stage-colors'
import chart from '~/charts/charts.module.css'
import classes from './flow.module.css'

type Step = 'week' | 'month' | 'quarter'

/** Where customers were at each date, and where they went. */
export default function FlowScreen() {
  const { t } = useLingui()
  const { model } = useModel()
  const period = usePeriod('365d')
  const [search, set] = useSearchState<{ step?: Step; off?: string }>()
  const step = search.step ?? 'month'
  const flow = useQuery({ ...q.flow(model?.id ?? '', { from: period.from, to: period.to, period: step }), enabled: !!model })
  return (
    <Page
      title={t`Flow`}
      sub={t`Each column is the base on one date; the bands are customers, from the stage they were in to the stage they went to.`}
      actions={
        <div className={classes.controls}>
          <ModelPicker />
          <SegmentedControl aria-label={t`Step`} value={step} onChange={(v) => set({ step: v === 'month' ? undefined : (v as Step) })} data={[{ value: 'week', label: t`Weeks` }, { value: 'month', label: t`Months` }, { value: 'quarter', label: t`Quarters` }]} />
          <PeriodPicker fallback="365d" />
        </div>
      }
    >
      <Card>
        <Loaded query={flow} height={520}>
          {(data) =>
            data.links.length === 0 ? (
              <Empty title={t`Not enough history yet`} action={<Button variant="light" component={Link} to="/imports/new">{t`Import past orders`}</Button>}>
                {t`The flow needs at least two dates. Choose a longer period or smaller steps, or import past events.`}
              </Empty>
            ) : (
              <FlowChart flow={data} model={model!} off={search.off !== '0'} setOff={(on) => set({ off: on ? undefined : '0' })} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  )
}

function FlowChart({ flow, model, off, setOff }: { flow: Flow; model: StageModel; off: boolean; setOff: (on: boolean) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const navigate = useNavigate()
  const stageOf = useStages(model)
  const { ref, width } = useElementSize()
  const [at, setAt] = useState<number>()
  const height = 520
  const shown = useMemo(() => {
    if (off) return flow
    const keep = new Set(flow.nodes.filter((n) => !stageOf(n.stage).off).map((n) => n.id))
    return { ...flow, nodes: flow.nodes.filter((n) => keep.has(n.id)), links: flow.links.filter((l) => keep.has(l.source) && keep.has(l.target)) }
  }, [flow, off, stageOf])
  const inner = Math.max(width, 86 * flow.periods.length + 150)
  const drawn = useMemo(() => layoutFlow(shown, (s) => stageOf(s).index, { width: inner, height, left: 4, right: 150, top: 30, bottom: 8 }), [shown, stageOf, inner])
  const say = (l: DrawnLink) =>
    l.from.stage === l.to.stage
      ? t`${f.int(l.link.customers)} stayed in ${stageOf(l.from.stage).label} from ${f.date(l.from.period)} to ${f.date(l.to.period)}`
      : t`${f.int(l.link.customers)} went from ${stageOf(l.from.stage).label} to ${stageOf(l.to.stage).label} between ${f.date(l.from.period)} and ${f.date(l.to.period)}`
  const open = (i: number) => {
    const l = drawn.links[i]
    if (!l) return
    if (l.from.stage === l.to.stage) void navigate({ to: '/customers', search: { model: model.id, stage: l.to.stage } as never })
    else void navigate({ to: '/moves', search: { model: model.id, from_stage: l.from.stage, to_stage: l.to.stage, from: l.from.period, to: l.to.period } as never })
  }
  const long = inner / flow.periods.length > 120
  const dates = flow.periods.map((p) => ({ p, x: drawn.nodes.find((n) => n.node.period === p)?.x }))
  return (
    <>
      <ChartFrame
        extra={<Switch size="sm" label={t`Show stages off the path`} checked={off} onChange={(e) => setOff(e.currentTarget.checked)} />}
        label={t`Flow of customers between stages`}
        file="flow"
        at={at}
        onAt={setAt}
        onOpen={open}
        points={drawn.links.map(say)}
        table={{ head: [t`From date`, t`From stage`, t`To date`, t`To stage`, t`Customers`], rows: drawn.links.map((l) => [f.date(l.from.period), stageOf(l.from.stage).label, f.date(l.to.period), stageOf(l.to.stage).label, l.link.customers]) }}
      >
        <div ref={ref}>
          {width > 0 && (
            <svg width={inner} height={height} viewBox={`0 0 ${inner} ${height}`} aria-hidden>
              {dates.map(({ p, x }, i) => x !== undefined && <text key={p} className={chart.axis} x={x} y={14} textAnchor={i === 0 ? 'start' : 'middle'}>{long ? f.date(p) : f.dayMonth(p)}</text>)}
              {drawn.links.map((l, i) => {
                const stay = l.from.stage === l.to.stage
                return (
                  // The keyboard reaches the links through the frame.
                  // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
                  <path key={l.link.source + l.link.target} className={chart.link} d={l.path} fill="none" stroke={stageOf(stay ? l.from.stage : l.to.stage).color} strokeWidth={l.width} strokeOpacity={at === i ? 0.85 : at !== undefined ? 0.1 : stay ? 0.2 : 0.46} onMouseEnter={() => setAt(i)} onMouseLeave={() => setAt(undefined)} onClick={() => open(i)} />
                )
              })}
              {drawn.nodes.map((n) => (
                <rect key={n.node.id} x={n.x} y={n.y} width={n.width} height={n.height} rx={2.5} fill={stageOf(n.node.stage).color}>
                  <title>{`${stageOf(n.node.stage).label}: ${f.int(n.node.customers)}`}</title>
                </rect>
              ))}
              {drawn.nodes
                .filter((n) => n.column === flow.periods.length - 1)
                .map((n) => (
                  <text key={n.node.id} className={chart.label} x={n.x + n.width + 9} y={n.labelY} dominantBaseline="middle">
                    {stageOf(n.node.stage).label}
                    <tspan className={chart.count} dx={6}>
                      {f.int(n.node.customers)}
                    </tspan>
                  </text>
                ))}
            </svg>
          )}
        </div>
      </ChartFrame>
    </>
  )
}
