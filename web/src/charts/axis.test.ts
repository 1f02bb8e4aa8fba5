import { describe, expect, it } from 'vitest'
import { bands, labelled, nearest, placeOf, pointX, valueAxis } from './axis'

describe('valueAxis', () => {
  it('begins at 0 and ends at a round number above the greatest', () => {
    const { y, ticks, zero } = valueAxis([3, 87, null], 200)
    expect([ticks[0], ticks.at(-1)]).toEqual([0, 100])
    expect(zero).toBe(200)
    expect(y(87)).toBeGreaterThanOrEqual(0)
  })
  it('goes below 0 when a value does', () => {
    const { y, zero } = valueAxis([-40, 60], 100)
    expect(zero).toBeGreaterThan(0)
    expect(zero).toBeLessThan(100)
    expect(y(-40)).toBeLessThanOrEqual(100)
  })
  it('keeps fractions off the axis of counts', () => {
    expect(valueAxis([0, 1, 2], 100, { whole: true }).ticks).toEqual([0, 1, 2])
    expect(valueAxis([1], 100, { whole: true }).ticks).toEqual([0, 1])
  })
  it('does not pass a fixed top', () => {
    const { y, ticks } = valueAxis([0.37], 100, { top: 1 })
    expect(y(1)).toBe(0)
    expect(ticks.at(-1)).toBe(1)
  })
  it('has an axis for nothing, and for only zeros', () => {
    expect(valueAxis([], 100).y(0)).toBe(100)
    expect(valueAxis([0, 0, null], 100).ticks).toContain(0)
  })
})

describe('labelled', () => {
  it('labels all where there is room', () => expect(labelled(4, 400, 80)).toEqual([0, 1, 2, 3]))
  it('always labels the last, in even steps', () => {
    const at = labelled(30, 400, 80)
    expect(at.at(-1)).toBe(29)
    expect(at.length).toBeLessThanOrEqual(5)
    expect(new Set(at.slice(1).map((v, i) => v - at[i]!)).size).toBe(1)
  })
  it('has an answer for little room and for nothing', () => {
    expect(labelled(5, 10, 80)).toEqual([4])
    expect(labelled(0, 100, 80)).toEqual([])
  })
})

describe('points and bands', () => {
  it('finds the nearest point and stays inside', () => {
    expect([nearest(5, 100, 0), nearest(5, 100, 38), nearest(5, 100, 999), nearest(5, 100, -5), nearest(1, 100, 50)]).toEqual([0, 2, 4, 0, 0])
  })
  it('puts one point in the middle', () => expect([pointX(1, 100)(0), pointX(3, 100)(2)]).toEqual([50, 100]))
  it('keeps bars inside the width and centred in their step', () => {
    const b = bands(4, 400)
    expect(b.x(3) + b.width).toBeLessThanOrEqual(400)
    expect(b.x(0) + b.width / 2).toBeCloseTo(50)
  })
})

it('finds the place of an instant among buckets', () => {
  const days = [0, 10, 20].map((start) => ({ start, end: start + 10 }))
  expect([placeOf(0, days), placeOf(15, days), placeOf(29, days), placeOf(30, days), placeOf(-1, days), placeOf(5, [])]).toEqual([0, 1.5, 2.9, undefined, undefined, undefined])
})
