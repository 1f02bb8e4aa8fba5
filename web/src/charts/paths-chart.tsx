import { useElementSize } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { type ReactNode, useMemo, useState } from 'react'
import { useFormat } from '~/ui/format'
import { ChartFrame } from './frame'
import { layoutPaths, type PathData } from './paths'
import classes from './charts.module.css'

/** The ways that customers took, position by position. The hatched foot of a place is who went no further. */
export function PathsChart({ label, file, data, extra, compact, height = 440, onOpen }: { label: string; file: string; data: PathData; extra?: ReactNode; compact?: boolean; height?: number; onOpen?: (what: { node: string } | { source: string; target: string } | { drop: string }) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const { ref, width } = useElementSize()
  const [at, setAt] = useState<number>()
  const columns = new Set(data.nodes.map((n) => n.position)).size
  const inner = Math.max(width, 140 * columns + 50)
  const drawn = useMemo(() => layoutPaths(data, { width: inner, height, right: 128, top: 14 }), [data, inner, height])
  const drops = drawn.nodes.filter((n) => n.node.drop > 0)
  const share = (part: number, whole: number) => f.percent(whole > 0 ? part / whole : 0)
  const points = [
    ...drawn.links.map((l) => t`${f.int(l.link.count)} went from ${l.from.name} to ${l.to.name} at step ${l.to.position}, ${share(l.link.count, l.from.count)}`),
    ...drops.map(({ node }) => t`${f.int(node.drop)} went no further than ${node.name} at step ${node.position}, ${share(node.drop, node.count)}`),
  ]
  const open = (i: number) => {
    const l = drawn.links[i]
    if (l) onOpen?.({ source: l.link.source, target: l.link.target })
    else if (drops[i - drawn.links.length]) onOpen?.({ drop: drops[i - drawn.links.length]!.node.id })
  }
  const last = t`went no further`
  return (
    <ChartFrame
      label={label}
      file={file}
      at={at}
      onAt={setAt}
      onOpen={open}
      points={points}
      extra={extra}
      compact={compact}
      table={{ head: [t`Step`, t`From`, t`To`, t`Count`, t`Share`], formats: [f.int, undefined, undefined, f.int, (n) => f.percent(n)], rows: [...drawn.links.map((l) => [l.to.position, l.from.name, l.to.name, l.link.count, l.link.count / Math.max(1, l.from.count)]), ...drops.map(({ node }) => [node.position, node.name, last, node.drop, node.drop / Math.max(1, node.count)])] }}
    >
      <div ref={ref}>
        {width > 0 && (
          <svg width={inner} height={height} aria-hidden style={{ display: 'block' }} onPointerLeave={() => setAt(undefined)}>
            <defs>
              <pattern id="path-drop" width={5} height={5} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <line x1={1} x2={1} y2={5} stroke="var(--app-surface)" strokeWidth={2} />
              </pattern>
            </defs>
            {drawn.links.map((l, i) => (
              // The keyboard reaches the ways through the frame.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
              <path key={l.link.source + l.link.target} className={classes.link} d={l.path} fill="none" stroke="var(--chart-1)" strokeWidth={l.width} strokeOpacity={at === i ? 0.7 : at === undefined ? 0.26 : 0.12} onPointerEnter={() => setAt(i)} onClick={() => open(i)} />
            ))}
            {drawn.nodes.map(({ node, x, y, width: w, height: h, dropHeight }) => {
              const d = drops.findIndex((n) => n.node === node)
              return (
                <g key={node.id}>
                  {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
                  <rect className={onOpen && classes.open} x={x} y={y} width={w} height={h} rx={2} fill="var(--chart-1)" onClick={() => onOpen?.({ node: node.id })} />
                  {dropHeight > 0 && (
                    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
                    <g className={onOpen && classes.open} onClick={() => onOpen?.({ drop: node.id })} onPointerEnter={() => setAt(drawn.links.length + d)}>
                      <rect x={x} y={y + h - dropHeight} width={w} height={dropHeight} fill="var(--chart-2)" stroke={at === drawn.links.length + d ? 'var(--app-text)' : 'none'} />
                      <rect x={x} y={y + h - dropHeight} width={w} height={dropHeight} fill="url(#path-drop)" />
                    </g>
                  )}
                  <text x={x + w + 6} y={y + Math.min(h / 2, 12)} dy="0.32em" className={`${classes.label} ${classes.halo}`}>
                    {node.name.length > 18 ? `${node.name.slice(0, 17)}…` : node.name}
                    <tspan className={classes.count} dx={6}>{f.compact(node.count)}</tspan>
                  </text>
                </g>
              )
            })}
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}
