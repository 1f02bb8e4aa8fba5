import { useElementSize } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { area } from 'd3-shape'
import { useMemo } from 'react'
import type { Timelapse } from '~/api'
import { ChartFrame } from '~/charts/frame'
import { linear, stack, ticks } from '~/charts/scale'
import { useFormat } from '~/ui/format'
import type { StageInfo } from '~/ui/stage-colors'
import chart from '~/charts/charts.module.css'

const height = 190
const pad = { left: 46, right: 6, top: 6, bottom: 22 }

/** All days at once as a stacked area, with the day of the player as a line. */
export function LapseArea({ lapse, stageOf, at, seek }: { lapse: Timelapse; stageOf: (key: string) => StageInfo; at: number; seek: (i: number) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const { ref, width } = useElementSize()
  const n = lapse.times.length
  const stacked = useMemo(() => stack(lapse.counts), [lapse])
  const max = Math.max(1, ...stacked.map((row) => row.at(-1)?.[1] ?? 0))
  const x = linear([0, n - 1], [pad.left, Math.max(pad.left + 1, width - pad.right)])
  const y = linear([0, max], [height - pad.bottom, pad.top])
  const paths = useMemo(
    () =>
      lapse.stages.map(
        (_, s) =>
          area<number>()
            .x((i) => x(i))
            .y0((i) => y(stacked[i]![s]![0]))
            .y1((i) => y(stacked[i]![s]![1]))(stacked.map((__, i) => i)) ?? '',
      ),
    [stacked, width],
  )
  const count = Math.max(2, Math.min(8, Math.floor(width / 130)))
  const marks = Array.from({ length: count }, (_, i) => Math.round((i * (n - 1)) / (count - 1)))
  const say = (i: number) => `${f.date(lapse.times[i]!)}: ${lapse.stages.map((s, k) => `${stageOf(s).label} ${f.int(lapse.counts[i]![k]!)}`).join(', ')}`
  return (
    <ChartFrame label={t`Customers by stage and day`} file="time-lapse" points={lapse.times.map((_, i) => say(i))} at={at} onAt={(i) => i !== undefined && seek(i)} table={{ head: [t`Day`, ...lapse.stages.map((s) => stageOf(s).label)], rows: lapse.times.map((time, i) => [f.date(time), ...lapse.counts[i]!]) }}>
      <div ref={ref}>
        {width > 0 && (
          // The keyboard moves the day through the frame and the slider.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
          <svg
            width={width}
            height={height}
            aria-hidden
            style={{ cursor: 'crosshair', display: 'block' }}
            onClick={(e) => {
              const box = e.currentTarget.getBoundingClientRect()
              seek(Math.round(x.invert(e.clientX - box.left)))
            }}
          >
            {ticks(max, 3).map((v) => (
              <g key={v}>
                <line x1={pad.left} x2={width - pad.right} y1={y(v)} y2={y(v)} stroke="var(--app-border)" />
                <text className={chart.axis} x={pad.left - 7} y={y(v)} textAnchor="end" dominantBaseline="middle">
                  {f.compact(v)}
                </text>
              </g>
            ))}
            {paths.map((d, i) => (
              <path key={lapse.stages[i]} d={d} fill={stageOf(lapse.stages[i]!).color} opacity={0.8} />
            ))}
            {marks.map((i, k) => (
              <text key={i} className={chart.axis} x={x(i)} y={height - 5} textAnchor={k === 0 ? 'start' : k === marks.length - 1 ? 'end' : 'middle'}>
                {f.date(lapse.times[i]!)}
              </text>
            ))}
            <line x1={x(at)} x2={x(at)} y1={pad.top - 4} y2={height - pad.bottom} stroke="var(--app-text)" strokeWidth={1.5} />
            <circle cx={x(at)} cy={pad.top - 1} r={4} fill="var(--app-text)" />
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}
