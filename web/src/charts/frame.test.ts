import { describe, expect, it } from 'vitest'
import { moved } from './frame'

describe('keys of a chart with one row', () => {
  it('enters at the first point and stops at the ends', () => {
    expect([moved('ArrowRight', undefined, 3), moved('ArrowRight', 2, 3), moved('ArrowLeft', 0, 3), moved('End', 0, 3), moved('x', 0, 3)]).toEqual([0, 2, 0, 2, undefined])
  })
  it('has nowhere to go without points', () => expect(moved('ArrowRight', undefined, 0)).toBeUndefined())
})

describe('keys of a chart with rows', () => {
  // Rows of 3: 0 1 2 / 3 4 5 / 6 7
  const go = (key: string, at: number | undefined) => moved(key, at, 8, 3)
  it('moves inside the row, and does not fall into the next', () => {
    expect([go('ArrowRight', 1), go('ArrowRight', 2), go('ArrowLeft', 3), go('Home', 5), go('End', 3), go('End', 6)]).toEqual([2, 2, 3, 3, 5, 7])
  })
  it('moves from row to row and keeps the column', () => {
    expect([go('ArrowDown', 1), go('ArrowUp', 4), go('ArrowUp', 1), go('ArrowDown', 5)]).toEqual([4, 1, 1, 5])
  })
  it('enters at the first point', () => expect([go('ArrowUp', undefined), go('End', undefined), go('Enter', undefined)]).toEqual([0, 2, undefined]))
})
