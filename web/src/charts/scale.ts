// Small pure helpers of the charts, tested on their own.

/** Points of a line over a box, with gaps where a value is missing. Returns one path per unbroken run. */
export function sparkPaths(values: (number | null)[], width: number, height: number, pad = 2): { line: string; area: string }[] {
  const known = values.filter((v): v is number => v !== null && Number.isFinite(v))
  if (known.length === 0 || values.length < 2) return []
  const min = Math.min(...known)
  const max = Math.max(...known)
  const x = (i: number) => round(pad + (i * (width - 2 * pad)) / (values.length - 1))
  // A flat line stands in the middle, not at the bottom, because it says "no change" and not "nothing".
  const y = (v: number) => round(max === min ? height / 2 : height - pad - ((v - min) * (height - 2 * pad)) / (max - min))
  const runs: [number, number][][] = []
  let run: [number, number][] = []
  values.forEach((v, i) => {
    if (v === null || !Number.isFinite(v)) {
      if (run.length) runs.push(run)
      run = []
    } else run.push([x(i), y(v)])
  })
  if (run.length) runs.push(run)
  return runs.map((points) => {
    const line = points.map(([px, py], i) => `${i ? 'L' : 'M'}${px},${py}`).join('')
    const first = points[0]!
    const last = points[points.length - 1]!
    return { line, area: `${line}L${last[0]},${height}L${first[0]},${height}Z` }
  })
}

/** A straight line from a domain to a range, and back. */
export function linear([d0, d1]: [number, number], [r0, r1]: [number, number]) {
  const slope = d1 === d0 ? 0 : (r1 - r0) / (d1 - d0)
  const scale = (v: number) => r0 + (v - d0) * slope
  scale.invert = (r: number) => (slope === 0 ? d0 : Math.max(d0, Math.min(d1, d0 + (r - r0) / slope)))
  return scale
}

export const round = (n: number) => Math.round(n * 100) / 100

/** Moves labels apart so that none overlaps, as near as possible to where they want to be, inside [min, max]. */
export function spread(wanted: number[], gap: number, min: number, max: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y)
  const out = Array.from<number>({ length: wanted.length })
  let floor = min
  for (const item of order) {
    item.y = Math.max(item.y, floor)
    floor = item.y + gap
  }
  let ceiling = max
  for (let k = order.length - 1; k >= 0; k--) {
    const item = order[k]!
    item.y = Math.min(item.y, ceiling)
    ceiling = item.y - gap
  }
  for (const item of order) out[item.i] = item.y
  return out
}

/** Round steps for a value axis from 0. */
export function ticks(max: number, count = 4): number[] {
  if (!(max > 0)) return [0]
  const raw = max / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw
  const out: number[] = []
  for (let v = 0; v <= max + step * 1e-9; v += step) out.push(Number(v.toPrecision(12)))
  return out
}

/** The blocks of a ribbon: one per stage, heights in proportion to the counts, centred on one line. */
export function ribbonBlocks(counts: number[], width: number, gap: number, height: number, least = 6): { x: number; width: number; y: number; height: number }[] {
  const n = counts.length
  const block = n > 0 ? (width - gap * (n - 1)) / n : 0
  const max = Math.max(1, ...counts)
  return counts.map((count, i) => {
    const h = Math.max(least, (count / max) * height)
    return { x: round(i * (block + gap)), width: round(block), y: round((height - h) / 2), height: round(h) }
  })
}

/** The curved band from the right edge of one block to the left edge of the next. */
export function bandPath(a: { x: number; width: number; y: number; height: number }, b: { x: number; y: number; height: number }): string {
  const x0 = a.x + a.width
  const x1 = b.x
  const m = round((x0 + x1) / 2)
  return `M${x0},${a.y}C${m},${a.y} ${m},${b.y} ${x1},${b.y}L${x1},${round(b.y + b.height)}C${m},${round(b.y + b.height)} ${m},${round(a.y + a.height)} ${x0},${round(a.y + a.height)}Z`
}

/** Stacks series day by day: for each time the lower and upper edge of each series. */
export function stack(counts: number[][]): [number, number][][] {
  return counts.map((row) => {
    let sum = 0
    return row.map((v) => {
      const from = sum
      sum += v
      return [from, sum]
    })
  })
}
