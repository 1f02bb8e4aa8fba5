import { describe, expect, it } from 'vitest'
import { durationTicks, shareAt, stepFacts } from './steps'

const step = (reached: number, before: number, pending: number, optional = false) => ({ reached, entered: 100, before, pending, median: null, optional })

describe('stepFacts', () => {
  it('tells those who left from those who still have time', () => {
    const facts = stepFacts({ entered: 100, steps: [step(100, 100, 10), step(60, 100, 5), step(40, 60, 0)] })
    expect(facts[1]).toEqual({ share: 0.6, fromBefore: 0.6, dropped: 30, coming: 10, pending: 5 })
    expect(facts[2]).toEqual({ share: 0.4, fromBefore: 40 / 60, dropped: 15, coming: 15, pending: 0 })
  })
  it('measures from the last step that is required, and has no drop at an optional one', () => {
    const facts = stepFacts({ entered: 100, steps: [step(100, 100, 10), step(30, 100, 4, true), step(50, 100, 0)] })
    expect(facts[1]!.dropped).toBeNull()
    expect(facts[2]!.dropped).toBe(100 - 50 - 14)
  })
  it('has no shares without customers', () => {
    const facts = stepFacts({ entered: 0, steps: [step(0, 0, 0), step(0, 0, 0)] })
    expect([facts[0]!.share, facts[1]!.fromBefore, facts[1]!.dropped]).toEqual([null, null, 0])
  })
})

it('reads a curve as steps', () => {
  const curve = [{ time: 10, share: 0.1 }, { time: 20, share: 0.4 }]
  expect([shareAt(curve, 9), shareAt(curve, 10), shareAt(curve, 19), shareAt(curve, 99), shareAt([], 5)]).toEqual([0, 0.1, 0.1, 0.4, 0])
})

it('has round durations inside the limits', () => {
  expect(durationTicks(30e6, 25 * 3600e6)).toEqual([60e6, 600e6, 3600e6, 6 * 3600e6, 24 * 3600e6])
})
