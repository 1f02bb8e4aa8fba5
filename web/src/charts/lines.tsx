import { Button } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { area as areaShape, line as lineShape } from 'd3-shape'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useMemo, useState } from 'react'
import { labelled, nearest, pointX, valueAxis } from './axis'
import { type ChartTable, ChartFrame } from './frame'
import { Legend } from './legend'
import { Glyph, Marker } from './marker'
import { look, slots } from './palette'
import { spread } from './scale'
import { Tip } from './tip'
import classes from './charts.module.css'

export type X = { label: string; long: string; incomplete?: boolean }
export type Line = {
  key: string
  label: string
  /** Which look it has; kept when other lines are hidden. */
  slot: number
  values: (number | null)[]
  before?: (number | null)[]
  average?: (number | null)[]
  format: (n: number) => string
  /** What the legend says of the whole. */
  total?: string
}
/** A note on the time axis: where, as a fraction of an index. */
export type Mark = { at: number; until?: number; text: string }

type Props = {
  label: string
  file: string
  xHead: string
  xs: X[]
  beforeXs?: X[]
  lines: Line[]
  marks?: Mark[]
  area?: boolean
  /** Values are counts, so the axis has no fractions. */
  whole?: boolean
  axisFormat: (n: number) => string
  top?: number
  height?: number
  compact?: boolean
  extra?: ReactNode
  onOpen?: (line: number, x: number) => void
  onTotal?: (line: number) => void
}

const pad = { left: 50, right: 10, top: 12, bottom: 26 }

/** Lines over time: several series, the period before dashed, a moving average, notes, and a part to look at closely. */
export function LineChart({ label, file, xHead, xs, beforeXs, lines, marks = [], area = false, whole, axisFormat, top, height = 300, compact, extra, onOpen, onTotal }: Props) {
  const { t } = useLingui()
  const { ref, width } = useElementSize()
  const [at, setAt] = useState<number>()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(() => new Set(lines.slice(slots).map((l) => l.key)))
  const [crop, setCrop] = useState<[number, number]>()
  const [brush, setBrush] = useState<[number, number]>()
  const [from, to] = crop && crop[1] < xs.length ? crop : [0, xs.length - 1]
  const shownXs = xs.slice(from, to + 1)
  const n = shownXs.length
  const visible = useMemo(() => {
    const cut = <T,>(list: T[] | undefined) => list?.slice(from, to + 1)
    return lines.filter((l) => !hidden.has(l.key)).map((l) => ({ ...l, values: cut(l.values)!, before: cut(l.before), average: cut(l.average) }))
  }, [lines, hidden, from, to])
  const direct = !compact && width > 620 && visible.length > 1 && visible.length <= 6
  const right = direct ? 130 : pad.right
  const w = Math.max(20, width - pad.left - right)
  const h = height - pad.top - pad.bottom
  const axis = useMemo(() => valueAxis(visible.flatMap((l) => [...l.values, ...(l.before ?? []), ...(l.average ?? [])]), h, { whole, top, count: h < 140 ? 3 : 5 }), [visible, h, whole, top])
  const x = pointX(n, w)
  const atLine = at === undefined || n === 0 ? undefined : Math.floor(at / n)
  const atX = at === undefined || n === 0 ? undefined : at % n
  const selectXs = (a: number, b: number) => {
    setCrop([from + Math.min(a, b), from + Math.max(a, b)])
    setBrush(undefined)
    setAt(undefined)
  }
  const say = (i: number) => {
    const l = visible[Math.floor(i / n)]
    const k = i % n
    if (!l || !shownXs[k]) return ''
    const v = l.values[k]
    const before = l.before?.[k]
    const average = l.average?.[k]
    return [
      `${shownXs[k].long}, ${l.label}: ${v === null || v === undefined ? t`no value` : l.format(v)}`,
      shownXs[k].incomplete ? t`not complete yet` : '',
      before !== undefined && before !== null ? t`before: ${l.format(before)}` : '',
      average !== undefined && average !== null ? t`average: ${l.format(average)}` : '',
      ...marksAt(k).map((m) => m.text),
    ].filter(Boolean).join(', ')
  }
  const shownMarks = marks.filter((m) => m.at >= from && m.at <= to + 1).map((m) => ({ ...m, at: m.at - from, until: m.until === undefined ? undefined : Math.min(m.until, to) - from }))
  const marksAt = (k: number) => shownMarks.filter((m) => (m.until === undefined ? Math.round(Math.min(m.at, n - 1)) === k : m.at <= k + 0.5 && m.until >= k - 0.5))

  const onKeys = (e: KeyboardEvent) => {
    if (e.shiftKey && (e.key === 'ArrowRight' || e.key === 'ArrowLeft') && n > 1) {
      const start = brush?.[0] ?? atX ?? 0
      const end = Math.max(0, Math.min(n - 1, (brush?.[1] ?? start) + (e.key === 'ArrowRight' ? 1 : -1)))
      setBrush([start, end])
      setAt((atLine ?? 0) * n + end)
      return true
    }
    if (e.key === 'Enter' && brush && brush[0] !== brush[1]) {
      selectXs(brush[0], brush[1])
      return true
    }
    if (e.key === 'Escape' && (brush || crop)) {
      if (brush) setBrush(undefined)
      else setCrop(undefined)
      setAt(undefined)
      return true
    }
    if (!e.shiftKey && brush) setBrush(undefined)
    return false
  }

  const place = (e: PointerEvent<SVGSVGElement>) => {
    const box = e.currentTarget.getBoundingClientRect()
    const k = nearest(n, w, e.clientX - box.left - pad.left)
    const py = e.clientY - box.top - pad.top
    let best = 0
    let distance = Infinity
    visible.forEach((l, i) => {
      const v = l.values[k]
      const d = v === null || v === undefined ? Infinity : Math.abs(axis.y(v) - py)
      if (d < distance) [best, distance] = [i, d]
    })
    return { k, line: best }
  }
  const onMove = (e: PointerEvent<SVGSVGElement>) => {
    if (n === 0 || visible.length === 0) return
    const p = place(e)
    setAt(p.line * n + p.k)
    if (e.buttons === 1 && brush) setBrush([brush[0], p.k])
  }
  const onUp = (e: PointerEvent<SVGSVGElement>) => {
    const chosen = brush
    setBrush(undefined)
    if (chosen && Math.abs(chosen[1] - chosen[0]) > 0) selectXs(chosen[0], chosen[1])
    else if (chosen) {
      const p = place(e)
      open(p.line * n + p.k)
    }
  }
  const open = (i: number) => {
    const l = visible[Math.floor(i / n)]
    const value = l?.values[i % n]
    if (l && value !== null && value !== undefined) onOpen?.(lines.findIndex((o) => o.key === l.key), from + (i % n))
  }
  const table: ChartTable = useMemo(() => {
    const columns = lines.flatMap((l) => [
      { head: l.label, values: l.values, format: l.format },
      ...(l.average ? [{ head: t`${l.label}, average`, values: l.average, format: l.format }] : []),
      ...(l.before ? [{ head: t`${l.label}, before`, values: l.before, format: l.format }] : []),
    ])
    return { head: [xHead, ...columns.map((c) => c.head)], formats: [undefined, ...columns.map((c) => c.format)], rows: xs.map((b, i) => [b.incomplete ? `${b.long} (${t`not complete yet`})` : b.long, ...columns.map((c) => c.values[i] ?? null)]) }
  }, [lines, xs, xHead, t])

  const lastEnds = direct ? spread(visible.map((l) => axis.y(lastOf(l.values) ?? 0)), 16, 0, h) : []
  return (
    <ChartFrame
      label={label}
      file={file}
      table={table}
      points={{ length: n * visible.length, say }}
      across={n}
      at={at}
      onAt={setAt}
      onOpen={open}
      onKeys={onKeys}
      keyHelp={t`Up and down change the line. Shift and an arrow choose a part, Enter looks at it closely, Escape goes back.`}
      compact={compact}
      extra={
        <div className={classes.tools}>
          {extra}
          {crop && (
            <Button size="compact-sm" variant="light" onClick={() => setCrop(undefined)}>
              {t`Show the whole period`}
            </Button>
          )}
        </div>
      }
    >
      <div ref={ref} style={{ position: 'relative', height }}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            aria-hidden
            style={{ display: 'block', touchAction: 'pan-y', cursor: onOpen ? 'pointer' : 'default' }}
            onPointerMove={onMove}
            onPointerLeave={() => (setAt(undefined), setBrush(undefined))}
            onPointerDown={(e) => e.button === 0 && setBrush([place(e).k, place(e).k])}
            onPointerUp={onUp}
          >
            <g transform={`translate(${pad.left},${pad.top})`}>
              {axis.ticks.map((v) => (
                <g key={v} transform={`translate(0,${Math.round(axis.y(v))})`}>
                  <line x2={w} className={v === 0 ? classes.base : classes.grid} />
                  <text x={-8} dy="0.32em" textAnchor="end" className={classes.axis}>
                    {axisFormat(v)}
                  </text>
                </g>
              ))}
              {labelled(n, w, compact ? 66 : 82).map((i) => (
                <text key={i} x={x(i)} y={h + 19} textAnchor={i === n - 1 && !direct && n > 1 ? 'end' : i === 0 ? 'start' : 'middle'} className={classes.axis}>
                  {shownXs[i]!.label}
                </text>
              ))}
              {brush && <rect className={classes.brush} x={Math.min(x(brush[0]), x(brush[1]))} width={Math.abs(x(brush[1]) - x(brush[0]))} height={h} />}
              {shownMarks.map((m, i) => (
                <g key={i}>
                  {m.until !== undefined && <rect x={Math.max(0, x(m.at))} width={Math.max(1, x(m.until) - Math.max(0, x(m.at)))} height={h} fill="var(--app-warn)" opacity={0.08} />}
                  <line x1={x(m.at)} x2={x(m.at)} y2={h} className={classes.mark} />
                  <path d={`M${x(m.at) - 5},-8h10l-5,8z`} fill="var(--app-warn)" />
                </g>
              ))}
              {atX !== undefined && <line className={classes.cursor} x1={x(atX)} x2={x(atX)} y2={h} />}
              {visible.map((l, i) => (
                <LinePaths key={l.key} line={l} xs={shownXs} x={x} y={axis.y} zero={axis.zero} area={area && visible.length === 1} faded={atLine !== undefined && visible.length > 1 && atLine !== i} />
              ))}
              {atX !== undefined &&
                visible.map((l, i) => {
                  const v = l.values[atX]
                  return v === null || v === undefined ? null : <Marker key={l.key} slot={l.slot} x={x(atX)} y={axis.y(v)} size={i === atLine ? 72 : 40} hollow={shownXs[atX]?.incomplete} />
                })}
              {direct &&
                visible.map((l, i) => (
                  <text key={l.key} x={w + 12} y={lastEnds[i]} dy="0.32em" className={classes.count} fontWeight={atLine === i ? 700 : undefined} style={{ fill: look(l.slot).color }}>
                    {l.label.length > 20 ? `${l.label.slice(0, 19)}…` : l.label}
                  </text>
                ))}
            </g>
          </svg>
        )}
        {at !== undefined && atX !== undefined && shownXs[atX] && (
          <Tip
            x={pad.left + x(atX)}
            y={8}
            width={width}
            title={shownXs[atX].long}
            rows={tipRows(visible, atX, atLine, t`average`)}
            note={[shownXs[atX].incomplete ? t`not complete yet` : '', beforeXs?.[from + atX] ? t`dotted: ${beforeXs[from + atX]!.long}` : '', ...marksAt(atX).map((m) => m.text)].filter(Boolean).join(' · ')}
          />
        )}
      </div>
      {(lines.length > 1 || (lines[0]?.total !== undefined && !compact)) && (
        <Legend
          label={t`Lines`}
          items={lines.map((l) => ({ key: l.key, label: l.label, glyph: <Glyph slot={l.slot} />, value: l.total, off: hidden.has(l.key) }))}
          onToggle={
            lines.length > 1
              ? (key) => {
                  setAt(undefined)
                  setHidden((s) => {
                    const next = new Set(s)
                    if (!next.delete(key)) next.add(key)
                    return next
                  })
                }
              : undefined
          }
          onValue={onTotal && ((key) => onTotal(lines.findIndex((l) => l.key === key)))}
        />
      )}
    </ChartFrame>
  )
}

const lastOf = (values: (number | null)[]) => values.findLast((v) => v !== null)

function tipRows(lines: Line[], k: number, strong: number | undefined, averageWord: string) {
  const near = lines.length > 9 ? lines.filter((_, i) => i === strong || i < 8) : lines
  return near.map((l) => {
    const v = l.values[k]
    const before = l.before?.[k]
    const average = l.average?.[k]
    const sub = [average !== null && average !== undefined ? `${averageWord} ${l.format(average)}` : '', before !== null && before !== undefined ? `··· ${l.format(before)}` : ''].filter(Boolean).join('  ')
    return { mark: <Glyph slot={l.slot} />, label: l.label, value: v === null || v === undefined ? '–' : l.format(v), sub, strong: lines.indexOf(l) === strong }
  })
}

function LinePaths({ line, xs, x, y, zero, area, faded }: { line: Line; xs: X[]; x: (i: number) => number; y: (v: number) => number; zero: number; area: boolean; faded: boolean }) {
  const { color, dash } = look(line.slot)
  const draw = useMemo(() => {
    const path = lineShape<number | null>()
      .defined((v) => v !== null)
      .x((_, i) => x(i))
      .y((v) => y(v ?? 0))
    const fill = areaShape<number | null>()
      .defined((v) => v !== null)
      .x((_, i) => x(i))
      .y0(zero)
      .y1((v) => y(v ?? 0))
    return { path, fill }
  }, [x, y, zero])
  // What is not complete is drawn apart: the last complete point leads to it with a thin dotted line.
  const whole = line.values.map((v, i) => (xs[i]?.incomplete ? null : v))
  const open = line.values.map((v, i) => (xs[i]?.incomplete || xs[i + 1]?.incomplete || xs[i - 1]?.incomplete ? v : null))
  const few = line.values.length <= 40
  return (
    <g opacity={faded ? 0.35 : 1}>
      {line.before && <path d={draw.path(line.before) ?? ''} fill="none" stroke={color} strokeWidth={1.4} strokeDasharray="2 3" opacity={0.75} />}
      {area && <path d={draw.fill(whole) ?? ''} fill={color} opacity={0.12} />}
      <path d={draw.path(whole) ?? ''} fill="none" stroke={color} strokeWidth={line.average ? 1.2 : 2.1} strokeDasharray={dash} strokeLinejoin="round" strokeLinecap="round" opacity={line.average ? 0.5 : 1} />
      <path d={draw.path(open) ?? ''} fill="none" stroke={color} strokeWidth={1.4} strokeDasharray="1.5 3" />
      {line.average && <path d={draw.path(line.average) ?? ''} fill="none" stroke={color} strokeWidth={2.4} strokeLinejoin="round" />}
      {line.values.map((v, i) => v !== null && (xs[i]?.incomplete || (few && line.slot > 0) || single(line.values, i)) && <Marker key={i} slot={line.slot} x={x(i)} y={y(v)} size={xs[i]?.incomplete ? 34 : 24} hollow={xs[i]?.incomplete} />)}
    </g>
  )
}

/** A value between gaps has no line to be seen by. */
const single = (values: (number | null)[], i: number) => (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null
