// Stacks of bars above and below 0.

export type Block = { series: number; from: number; to: number }

/** Stacks the values of one bar: positive ones upwards from 0, negative ones downwards, each in the order of the series. */
export function stackBar(values: number[]): Block[] {
  let up = 0
  let down = 0
  return values.map((v, series) => {
    if (v >= 0) {
      const from = up
      up += v
      return { series, from, to: up }
    }
    const from = down
    down += v
    return { series, from, to: down }
  })
}

/** The ends of all bars, for the axis. */
export function stackEnds(rows: number[][]): number[] {
  return rows.flatMap((values) => [values.reduce((a, v) => a + Math.max(0, v), 0), values.reduce((a, v) => a + Math.min(0, v), 0)])
}
