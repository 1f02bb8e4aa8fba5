import type { ReactNode } from 'react'
import classes from './charts.module.css'

export type TipRow = { mark?: ReactNode; label: ReactNode; value: ReactNode; sub?: ReactNode; strong?: boolean }

/** The box beside a point. It is for eyes only: the frame says the same aloud. */
export function Tip({ x, y, width, title, rows, note }: { x: number; y: number; width: number; title: ReactNode; rows: TipRow[]; note?: ReactNode }) {
  const left = x > width * 0.55
  return (
    <div className={classes.tip} aria-hidden style={{ top: Math.max(0, y), ...(left ? { right: Math.max(0, width - x + 12) } : { left: x + 12 }) }}>
      <strong>{title}</strong>
      {rows.map((r, i) => (
        <div key={i} className={classes.tipRow} data-strong={r.strong || undefined}>
          {r.mark}
          <span>{r.label}</span>
          {r.sub && <small>{r.sub}</small>}
          <b>{r.value}</b>
        </div>
      ))}
      {note && <small>{note}</small>}
    </div>
  )
}
