import { type ReactNode, useState } from 'react'
import { type ChartTable, ChartFrame } from './frame'
import { look } from './palette'
import { placeOn, type Scale } from './rows'
import classes from './charts.module.css'

/** low and high draw a whisker. weak greys what is not sure. */
export type BarRow = { key: string; label: ReactNode; name: string; value: number; low?: number; high?: number; text: string; sub?: string; slot?: number; weak?: boolean }

/** Lying bars, one a row: shares of a whole from the left, or ratios to both sides of 1. */
export function RowBars({ label, file, rows, scale, table, extra, compact, says, onOpen }: { label: string; file: string; rows: BarRow[]; scale: Scale; table: ChartTable; extra?: ReactNode; compact?: boolean; /** What a row says aloud. */ says?: (row: number) => string; onOpen?: (row: number) => void }) {
  const [at, setAt] = useState<number>()
  const percent = (x: number) => `${Math.round(x * 1000) / 10}%`
  const points = rows.map((r, i) => says?.(i) ?? [`${r.name}: ${r.text}`, r.sub].filter(Boolean).join(', '))
  return (
    <ChartFrame label={label} file={file} table={table} points={points} at={at} onAt={setAt} onOpen={onOpen} extra={extra} compact={compact}>
      <div className={classes.rowBars} data-scale={scale.kind} aria-hidden onPointerLeave={() => setAt(undefined)}>
        {rows.map((r, i) => {
          const end = placeOn(scale, r.value)
          const from = scale.kind === 'ratio' ? Math.min(0.5, end) : 0
          return (
            // The keyboard reaches the rows through the frame.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
            <div key={r.key} className={classes.rowBar} data-at={at === i || undefined} data-open={!!onOpen || undefined} data-weak={r.weak || undefined} onPointerEnter={() => setAt(i)} onClick={() => onOpen?.(i)}>
              <span className={classes.rowName} title={r.name}>
                {r.label}
              </span>
              <span className={classes.rowTrack}>
                <i style={{ left: percent(from), width: percent(scale.kind === 'ratio' ? Math.abs(end - 0.5) : end), background: look(r.slot ?? 0).color }} />
                {r.low !== undefined && r.high !== undefined && <b style={{ left: percent(placeOn(scale, r.low)), width: percent(placeOn(scale, r.high) - placeOn(scale, r.low)) }} />}
              </span>
              <span className={classes.rowText}>
                <strong>{r.text}</strong>
                {r.sub && <small>{r.sub}</small>}
              </span>
            </div>
          )
        })}
      </div>
    </ChartFrame>
  )
}
