import { useElementSize } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { scaleLog } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import { type ReactNode, useMemo, useState } from 'react'
import { useFormat } from '~/ui/format'
import { valueAxis } from './axis'
import { ChartFrame } from './frame'
import { Legend } from './legend'
import { Glyph, Marker } from './marker'
import { look } from './palette'
import { type CurvePoint, durationTicks, shareAt } from './steps'
import { Tip } from './tip'
import classes from './charts.module.css'

export type Curve = { key: string; label: string; slot: number; points: CurvePoint[] }

const pad = { left: 50, right: 12, top: 10, bottom: 26 }
const height = 240
const stops = 48

/**
 * The share that has converted by a time since step 1, as steps. Time is on a logarithmic axis: most convert in
 * minutes and the rest over days.
 */
export function ConversionCurve({ label, file, curves, window, extra }: { label: string; file: string; curves: Curve[]; window: number; extra?: ReactNode }) {
  const { t } = useLingui()
  const f = useFormat()
  const { ref, width } = useElementSize()
  const [at, setAt] = useState<number>()
  const first = Math.max(1e6, Math.min(window / 10, ...curves.map((c) => c.points[0]?.time ?? Infinity)))
  const w = Math.max(20, width - pad.left - pad.right)
  const h = height - pad.top - pad.bottom
  const x = useMemo(() => scaleLog().domain([first, window]).range([0, w]).clamp(true), [first, window, w])
  const axis = useMemo(() => valueAxis(curves.map((c) => c.points.at(-1)?.share), h), [curves, h])
  // Keyboard and pointer stop at even distances of the axis, since a curve may have thousands of steps.
  const times = useMemo(() => Array.from({ length: stops }, (_, i) => x.invert((i * w) / (stops - 1))), [x, w])
  const draw = line<CurvePoint>().x((p) => x(Math.max(first, p.time))).y((p) => axis.y(p.share)).curve(curveStepAfter)
  const path = (c: Curve) => draw([{ time: first, share: shareAt(c.points, first) }, ...c.points.filter((p) => p.time > first), { time: window, share: c.points.at(-1)?.share ?? 0 }]) ?? ''
  const time = (micros: number) => f.seconds(micros / 1e6)
  const atX = at === undefined ? undefined : at % stops
  const percent = (v: number) => f.percent(v)
  return (
    <ChartFrame
      label={label}
      file={file}
      extra={extra}
      across={stops}
      at={at}
      onAt={setAt}
      points={{ length: stops * curves.length, say: (i) => t`within ${time(times[i % stops]!)}: ${percent(shareAt(curves[Math.floor(i / stops)]!.points, times[i % stops]!))} of ${curves[Math.floor(i / stops)]!.label} have converted` }}
      table={{ head: [t`Seconds since step 1`, ...curves.map((c) => c.label)], formats: [(n) => f.seconds(n), ...curves.map(() => percent)], rows: times.map((m) => [Math.round(m / 1e6), ...curves.map((c) => shareAt(c.points, m))]) }}
    >
      <div ref={ref} style={{ position: 'relative', height }}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            aria-hidden
            style={{ display: 'block' }}
            onPointerMove={(e) => setAt(Math.max(0, Math.min(stops - 1, Math.round(((e.clientX - e.currentTarget.getBoundingClientRect().left - pad.left) / w) * (stops - 1)))))}
            onPointerLeave={() => setAt(undefined)}
          >
            <g transform={`translate(${pad.left},${pad.top})`}>
              {axis.ticks.map((v) => (
                <g key={v} transform={`translate(0,${Math.round(axis.y(v))})`}>
                  <line x2={w} className={v === 0 ? classes.base : classes.grid} />
                  <text x={-8} dy="0.32em" textAnchor="end" className={classes.axis}>
                    {f.percent(v, 0)}
                  </text>
                </g>
              ))}
              {durationTicks(first, window).filter((d, i, all) => i === 0 || x(d) - x(all[i - 1]!) > 34).map((d) => (
                <text key={d} x={x(d)} y={h + 18} textAnchor={x(d) > w - 20 ? 'end' : 'middle'} className={classes.axis}>
                  {time(d)}
                </text>
              ))}
              {atX !== undefined && <line className={classes.cursor} x1={x(times[atX]!)} x2={x(times[atX]!)} y2={h} />}
              {curves.map((c) => (
                <path key={c.key} d={path(c)} fill="none" stroke={look(c.slot).color} strokeWidth={2} strokeDasharray={look(c.slot).dash} />
              ))}
              {atX !== undefined && curves.map((c) => <Marker key={c.key} slot={c.slot} x={x(times[atX]!)} y={axis.y(shareAt(c.points, times[atX]!))} />)}
            </g>
          </svg>
        )}
        {atX !== undefined && <Tip x={pad.left + x(times[atX]!)} y={8} width={width} title={t`within ${time(times[atX]!)}`} rows={curves.map((c) => ({ mark: <Glyph slot={c.slot} />, label: c.label, value: percent(shareAt(c.points, times[atX]!)) }))} />}
      </div>
      {curves.length > 1 && <Legend label={t`Values`} items={curves.map((c) => ({ key: c.key, label: c.label, glyph: <Glyph slot={c.slot} />, value: percent(c.points.at(-1)?.share ?? 0) }))} />}
    </ChartFrame>
  )
}
