import { useElementSize } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { type ReactNode, useId, useMemo, useState } from 'react'
import { bands, labelled, valueAxis } from './axis'
import { type ChartTable, ChartFrame } from './frame'
import { Legend } from './legend'
import type { X } from './lines'
import { look } from './palette'
import { stackBar, stackEnds } from './stacked'
import { Tip } from './tip'
import classes from './charts.module.css'

export type BarSeries = { key: string; label: string; slot: number; /** Hatched, so that it differs by more than its colour. */ hatched?: boolean; values: number[]; format: (n: number) => string; total?: string }

type Props = { label: string; file: string; xHead: string; xs: X[]; series: BarSeries[]; axisFormat: (n: number) => string; whole?: boolean; height?: number; compact?: boolean; extra?: ReactNode; /** Another line of the tooltip, for example a ratio. */ note?: (x: number) => string; /** More columns of the table. */ more?: { head: string; values: (number | null)[]; format: (n: number) => string }[]; onOpen?: (series: number, x: number) => void }

const pad = { left: 50, right: 8, top: 12, bottom: 26 }

/** Bars: one series is a histogram, several are stacked, what is below 0 hangs below the line. */
export function BarChart({ label, file, xHead, xs, series, axisFormat, whole, height = 300, compact, extra, note, more = [], onOpen }: Props) {
  const { t } = useLingui()
  const { ref, width } = useElementSize()
  const id = useId()
  const [at, setAt] = useState<number>()
  const n = xs.length
  const rows = useMemo(() => xs.map((_, i) => series.map((s) => s.values[i] ?? 0)), [xs, series])
  const w = Math.max(20, width - pad.left - pad.right)
  const h = height - pad.top - pad.bottom
  const axis = useMemo(() => valueAxis(stackEnds(rows), h, { whole, count: h < 140 ? 3 : 5 }), [rows, h, whole])
  const b = bands(n, w)
  const atX = at === undefined ? undefined : at % n
  const atSeries = at === undefined ? undefined : Math.floor(at / n)
  const fill = (s: BarSeries) => (s.hatched ? `url(#${id}-${s.slot})` : look(s.slot).color)
  const say = (i: number) => {
    const x = xs[i % n]
    const s = series[Math.floor(i / n)]
    if (!x || !s) return ''
    return [`${x.long}${series.length > 1 ? `, ${s.label}` : ''}: ${s.format(s.values[i % n] ?? 0)}`, x.incomplete ? t`not complete yet` : '', note?.(i % n) ?? ''].filter(Boolean).join(', ')
  }
  const open = (i: number) => onOpen?.(Math.floor(i / n), i % n)
  const table: ChartTable = {
    head: [xHead, ...series.map((s) => s.label), ...more.map((m) => m.head)],
    formats: [undefined, ...series.map((s) => s.format), ...more.map((m) => m.format)],
    rows: xs.map((x, i) => [x.incomplete ? `${x.long} (${t`not complete yet`})` : x.long, ...series.map((s) => s.values[i] ?? null), ...more.map((m) => m.values[i] ?? null)]),
  }
  return (
    <ChartFrame label={label} file={file} table={table} points={{ length: n * series.length, say }} across={n} at={at} onAt={setAt} onOpen={open} compact={compact} extra={extra} keyHelp={series.length > 1 ? t`Up and down change the part of the bar.` : undefined}>
      <div ref={ref} style={{ position: 'relative', height }}>
        {width > 0 && (
          <svg width={width} height={height} aria-hidden style={{ display: 'block' }} onPointerLeave={() => setAt(undefined)}>
            <defs>
              {series.filter((s) => s.hatched).map((s) => (
                <pattern key={s.key} id={`${id}-${s.slot}`} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                  <rect width={6} height={6} fill={look(s.slot).color} opacity={0.3} />
                  <line x1={1.5} x2={1.5} y2={6} stroke={look(s.slot).color} strokeWidth={2.6} />
                </pattern>
              ))}
            </defs>
            <g transform={`translate(${pad.left},${pad.top})`}>
              {axis.ticks.map((v) => (
                <g key={v} transform={`translate(0,${Math.round(axis.y(v))})`}>
                  <line x2={w} className={v === 0 ? classes.base : classes.grid} />
                  <text x={-8} dy="0.32em" textAnchor="end" className={classes.axis}>
                    {axisFormat(v)}
                  </text>
                </g>
              ))}
              {labelled(n, w, compact ? 62 : 76).map((i) => (
                <text key={i} x={b.x(i) + b.width / 2} y={h + 19} textAnchor="middle" className={classes.axis}>
                  {xs[i]!.label}
                </text>
              ))}
              {rows.map((values, i) => (
                <g key={i} opacity={atX !== undefined && atX !== i ? 0.55 : 1}>
                  {stackBar(values).map(({ series: s, from, to }) => {
                    const [y0, y1] = [axis.y(Math.max(from, to)), axis.y(Math.min(from, to))]
                    const current = at === s * n + i
                    return (
                      // The keyboard reaches the bars through the frame.
                      // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
                      <rect key={s} className={onOpen && classes.open} x={b.x(i)} width={b.width} y={y0} height={Math.max(values[s] ? 1.2 : 0, y1 - y0)} rx={Math.min(2, b.width / 4)} fill={fill(series[s]!)} stroke={current ? 'var(--app-text)' : xs[i]!.incomplete ? look(series[s]!.slot).color : 'none'} strokeWidth={current ? 1.8 : 1} strokeDasharray={!current && xs[i]!.incomplete ? '3 2' : undefined} fillOpacity={xs[i]!.incomplete ? 0.45 : 1} onPointerEnter={() => setAt(s * n + i)} onClick={() => open(s * n + i)} />
                    )
                  })}
                  {/* The whole column answers to the pointer, also where a bar is a pixel high. */}
                  <rect x={b.x(i)} width={b.width} height={h} fill="transparent" style={{ pointerEvents: series.length === 1 ? 'all' : 'none' }} className={onOpen && classes.open} onPointerEnter={() => setAt(i)} onClick={() => open(i)} />
                </g>
              ))}
            </g>
          </svg>
        )}
        {atX !== undefined && xs[atX] && (
          <Tip
            x={pad.left + b.x(atX) + b.width / 2}
            y={8}
            width={width}
            title={xs[atX].long}
            rows={series.map((s, k) => ({ mark: <Swatch slot={s.slot} hatched={s.hatched} />, label: s.label, value: s.format(s.values[atX] ?? 0), strong: k === atSeries }))}
            note={[xs[atX].incomplete ? t`not complete yet` : '', note?.(atX) ?? ''].filter(Boolean).join(' · ')}
          />
        )}
      </div>
      {series.length > 1 && <Legend label={t`Parts`} items={series.map((s) => ({ key: s.key, label: s.label, glyph: <Swatch slot={s.slot} hatched={s.hatched} />, value: s.total }))} />}
    </ChartFrame>
  )
}

export function Swatch({ slot, hatched = false }: { slot: number; hatched?: boolean }) {
  const { color } = look(slot)
  return <span className={classes.swatch} aria-hidden style={hatched ? { background: `repeating-linear-gradient(135deg, ${color} 0 2px, color-mix(in oklab, ${color} 25%, var(--app-surface)) 2px 5px)` } : { background: color }} />
}
