import classes from './lapse.module.css'

const perRow = 10
const cell = 10
const rowsMax = 26

/** How many customers one dot stands for, so that the fullest stage of the whole period fits. */
export function dotSize(max: number): number {
  const raw = max / (perRow * rowsMax)
  if (raw <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(raw))
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw
}

/** The customers of a stage as rows of dots; one paint for the full rows and one for the last, whatever the count. */
export function DotColumn({ count, max, per, color, still }: { count: number; max: number; per: number; color: string; still: boolean }) {
  const dots = count > 0 ? Math.max(1, Math.round(count / per)) : 0
  const full = Math.floor(dots / perRow)
  const rest = dots % perRow
  const background = { '--dot': color, backgroundSize: `${cell}px ${cell}px` } as React.CSSProperties
  return (
    <div className={classes.dots} style={{ height: Math.ceil(max / per / perRow) * cell + cell }} aria-hidden>
      <div className={classes.dotRow} style={{ ...background, width: rest * cell, height: rest ? cell : 0 }} />
      <div className={classes.dotRow} data-still={still} style={{ ...background, width: perRow * cell, height: full * cell }} />
    </div>
  )
}
