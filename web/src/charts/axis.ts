// Axes: where values and labels stand. Pure, tested on their own.
import { scaleLinear } from 'd3-scale'

export type ValueAxis = { y: (v: number) => number; ticks: number[]; zero: number }

/**
 * A value axis from 0, or from below 0 when a value is, up to a round number. whole keeps fractions off the axis of
 * counts; top is a value that the axis must reach, for example 1 of shares.
 */
export function valueAxis(values: Iterable<number | null | undefined>, height: number, { whole = false, count = 4, top }: { whole?: boolean; count?: number; top?: number } = {}): ValueAxis {
  let lo = 0
  let hi = top ?? 0
  for (const v of values) {
    if (v === null || v === undefined || !Number.isFinite(v)) continue
    lo = Math.min(lo, v)
    hi = Math.max(hi, v)
  }
  if (lo === hi) hi = lo + 1
  const scale = scaleLinear().domain([lo, hi])
  // A fixed top is not passed: 100 % is the end of its axis.
  if (top === undefined || hi > top) scale.nice(count)
  scale.range([height, 0])
  const ticks = scale.ticks(count).filter((t) => !whole || Number.isInteger(t))
  return { y: (v) => scale(v), ticks: ticks.length > 0 ? ticks : [0], zero: scale(0) }
}

/** Which of n labels fit when each takes so many pixels. The last is preferred over the one before it, since it is now. */
export function labelled(n: number, width: number, each: number): number[] {
  if (n <= 0) return []
  const room = Math.max(1, Math.floor(width / each))
  const step = niceStep(Math.ceil(n / room))
  const out: number[] = []
  for (let i = n - 1; i >= 0; i -= step) out.unshift(i)
  return out
}

/** Rounds a step of labels up to one that a reader counts in. */
function niceStep(step: number): number {
  return [1, 2, 3, 5, 7, 10, 14, 15, 20, 28, 30, 50, 60, 90, 100, 200, 365, 500, 1000].find((s) => s >= step) ?? step
}

/** Places n points over a width, the first and the last at the ends; one point stands in the middle. */
export function pointX(n: number, width: number): (i: number) => number {
  return (i) => (n < 2 ? width / 2 : (i * width) / (n - 1))
}

/** The nearest of n points to a place on the width. */
export function nearest(n: number, width: number, x: number): number {
  if (n < 2) return 0
  return Math.max(0, Math.min(n - 1, Math.round((x / width) * (n - 1))))
}

/** Bands for n bars over a width: the left edge of each and the width of a bar. */
export function bands(n: number, width: number, gap = 0.28): { x: (i: number) => number; width: number } {
  const step = n > 0 ? width / n : width
  const bar = Math.max(1, Math.min(step * (1 - gap), 72))
  return { x: (i) => i * step + (step - bar) / 2, width: bar }
}

/** Where an instant lies between the starts of buckets, as a fraction of an index; undefined outside of them. */
export function placeOf(at: number, buckets: { start: number; end: number }[]): number | undefined {
  const first = buckets[0]
  const last = buckets[buckets.length - 1]
  if (!first || !last || at < first.start || at >= last.end) return undefined
  let lo = 0
  let hi = buckets.length - 1
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1
    if (buckets[mid]!.start <= at) lo = mid
    else hi = mid - 1
  }
  const b = buckets[lo]!
  return lo + Math.min(1, (at - b.start) / Math.max(1, b.end - b.start))
}
