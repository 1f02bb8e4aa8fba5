import { describe, expect, it } from 'vitest'
import { movedIn } from './number-table'
import { placeOn, ratioScale } from './rows'

describe('placeOn', () => {
  it('is proportional from 0 and stops at the ends', () => {
    const scale = { kind: 'linear', max: 10 } as const
    expect([placeOn(scale, 0), placeOn(scale, 5), placeOn(scale, 12), placeOn(scale, -1), placeOn({ kind: 'linear', max: 0 }, 3)]).toEqual([0, 0.5, 1, 0, 0])
  })
  it('puts twice and half equally far from 1', () => {
    const scale = { kind: 'ratio', max: 4 } as const
    expect(placeOn(scale, 1)).toBe(0.5)
    expect(placeOn(scale, 2)).toBeCloseTo(0.75)
    expect(placeOn(scale, 0.5)).toBeCloseTo(0.25)
    expect([placeOn(scale, 0), placeOn(scale, Infinity), placeOn(scale, 100)]).toEqual([0, 1, 1])
  })
})

it('chooses a scale of ratios that holds what is finite', () => {
  expect(ratioScale([1.5, 0.3, Infinity, 0]).max).toBe(4)
  expect(ratioScale([]).max).toBe(2)
  expect(ratioScale([1000]).max).toBe(32)
})

it('moves in a table of numbers and stops at its edges', () => {
  expect(movedIn('ArrowDown', [0, 1], 2, 3)).toEqual([1, 1])
  expect(movedIn('ArrowDown', [1, 1], 2, 3)).toEqual([1, 1])
  expect(movedIn('ArrowLeft', [1, 0], 2, 3)).toEqual([1, 0])
  expect([movedIn('Home', [1, 2], 2, 3), movedIn('End', [1, 0], 2, 3)]).toEqual([[1, 0], [1, 2]])
  expect(movedIn('Enter', [0, 0], 2, 3)).toBeUndefined()
})
