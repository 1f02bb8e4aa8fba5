// The arithmetic of a funnel's picture.

export type FunnelStepView = { reached: number; entered: number; before: number; pending: number; median: number | null; optional: boolean }
export type FunnelView = { key: string; label: string; slot: number; entered: number; converted: number; excluded: number; pending: number; steps: FunnelStepView[] }
export type StepFacts = {
  /** Of those who entered. */
  share: number | null
  /** Of those who made the last required step before. */
  fromBefore: number | null
  /** Made the required step before, not this one, and their window is over. None for an optional step: nobody has to make it. */
  dropped: number | null
  /** Not here yet, but their window runs. */
  coming: number
  pending: number
}

/** What stands under each step. */
export function stepFacts(view: Pick<FunnelView, 'entered' | 'steps'>): StepFacts[] {
  return view.steps.map((s, i) => {
    let required = i - 1
    while (required > 0 && view.steps[required]!.optional) required--
    const waiting = (from: number) => view.steps.slice(Math.max(0, from), i).reduce((a, x) => a + x.pending, 0)
    return {
      share: view.entered > 0 ? s.reached / view.entered : null,
      fromBefore: i === 0 || s.before === 0 ? null : s.reached / s.before,
      dropped: i === 0 || s.optional ? null : Math.max(0, s.before - s.reached - waiting(required)),
      coming: i === 0 ? 0 : waiting(0),
      pending: s.pending,
    }
  })
}

export type CurvePoint = { time: number; share: number }

/** The share of a curve at a time: the last step at or before it. */
export function shareAt(curve: CurvePoint[], time: number): number {
  let lo = 0
  let hi = curve.length
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (curve[mid]!.time <= time) lo = mid + 1
    else hi = mid
  }
  return lo === 0 ? 0 : curve[lo - 1]!.share
}

const minute = 60e6
const durations = [1e6, 10e6, minute, 10 * minute, 60 * minute, 6 * 60 * minute, 24 * 60 * minute, 3 * 1440 * minute, 7 * 1440 * minute, 14 * 1440 * minute, 30 * 1440 * minute, 90 * 1440 * minute, 365 * 1440 * minute]

/** Round durations, in microseconds, for an axis between two of them. */
export function durationTicks(from: number, to: number): number[] {
  return durations.filter((d) => d >= from && d <= to)
}
