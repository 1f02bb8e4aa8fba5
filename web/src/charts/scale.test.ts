import { describe, expect, it } from 'vitest'
import { bandPath, linear, ribbonBlocks, sparkPaths, spread, stack, ticks } from './scale'

describe('sparkPaths', () => {
  it('breaks the line where a value is missing, and never draws it as 0', () => {
    const runs = sparkPaths([1, 2, null, 3, 4], 100, 20)
    expect(runs).toHaveLength(2)
    expect(runs[0]!.line.match(/[ML]/g)).toHaveLength(2)
    expect(runs[1]!.line.startsWith('M')).toBe(true)
  })
  it('puts the least value at the bottom and the greatest at the top', () => {
    const [run] = sparkPaths([0, 10], 100, 20, 2)
    expect(run!.line).toBe('M2,18L98,2')
  })
  it('draws a flat line in the middle', () => {
    expect(sparkPaths([5, 5, 5], 100, 20)[0]!.line).toBe('M2,10L50,10L98,10')
  })
  it('has nothing to draw without values', () => {
    expect(sparkPaths([null, null], 100, 20)).toEqual([])
    expect(sparkPaths([], 100, 20)).toEqual([])
    expect(sparkPaths([3], 100, 20)).toEqual([])
  })
})

describe('spread', () => {
  const apart = (ys: number[], gap: number) => {
    const sorted = [...ys].sort((a, b) => a - b)
    return sorted.slice(1).every((y, i) => y - sorted[i]! >= gap - 1e-9)
  }
  it('moves labels apart and keeps their order', () => {
    const out = spread([50, 51, 52, 200], 15, 0, 300)
    expect(apart(out, 15)).toBe(true)
    expect(out[0]!).toBeLessThan(out[1]!)
    expect(out[1]!).toBeLessThan(out[2]!)
    expect(out[3]).toBe(200)
  })
  it('stays inside when all crowd at the end', () => {
    const out = spread([298, 299, 300], 15, 0, 300)
    expect(apart(out, 15)).toBe(true)
    expect(Math.max(...out)).toBeLessThanOrEqual(300)
  })
  it('leaves labels alone that have room', () => {
    expect(spread([10, 100], 15, 0, 300)).toEqual([10, 100])
  })
})

describe('ticks', () => {
  it('gives round steps from 0 that reach no further than needed', () => {
    expect(ticks(100)).toEqual([0, 25, 50, 75, 100])
    expect(ticks(2396, 3)).toEqual([0, 1000, 2000])
    expect(ticks(7)).toEqual([0, 2, 4, 6])
    expect(ticks(0)).toEqual([0])
  })
  it('has no floating point dust', () => {
    expect(ticks(0.3, 3)).toEqual([0, 0.1, 0.2, 0.3])
  })
})

describe('ribbonBlocks', () => {
  it('has heights in proportion to the counts and centres them', () => {
    const [a, b] = ribbonBlocks([100, 50], 246, 46, 100)
    expect(a).toEqual({ x: 0, width: 100, y: 0, height: 100 })
    expect(b).toEqual({ x: 146, width: 100, y: 25, height: 50 })
  })
  it('keeps an empty stage visible', () => {
    expect(ribbonBlocks([100, 0], 246, 46, 100)[1]!.height).toBe(6)
  })
  it('does not divide by zero when all are empty', () => {
    expect(ribbonBlocks([0, 0], 246, 46, 100).every((b) => Number.isFinite(b.height))).toBe(true)
    expect(ribbonBlocks([], 246, 46, 100)).toEqual([])
  })
})

describe('linear', () => {
  it('goes there and back', () => {
    const x = linear([0, 364], [46, 774])
    expect([x(0), x(364), x(182)]).toEqual([46, 774, 410])
    expect(x.invert(x(100))).toBeCloseTo(100)
  })
  it('stays inside the domain on the way back', () => {
    const x = linear([0, 10], [0, 100])
    expect([x.invert(-50), x.invert(500)]).toEqual([0, 10])
  })
  it('has an answer for a domain of one point', () => {
    const x = linear([3, 3], [0, 100])
    expect([x(3), x.invert(40)]).toEqual([0, 3])
  })
})

it('joins two blocks edge to edge', () => {
  expect(bandPath({ x: 0, width: 10, y: 0, height: 20 }, { x: 30, y: 5, height: 10 })).toBe('M10,0C20,0 20,5 30,5L30,15C20,15 20,20 10,20Z')
})

it('stacks so that the top is the sum', () => {
  expect(stack([[1, 2, 3]])).toEqual([
    [
      [0, 1],
      [1, 3],
      [3, 6],
    ],
  ])
})
