import { expect, it } from 'vitest'
import { dotSize } from './dots'
import { advance } from './player'

it('goes on by days per second, whatever the length of a frame', () => {
  expect(advance(0, 1000, 12, 100)).toBe(12)
  let at = 0
  for (let i = 0; i < 60; i++) at = advance(at, 1000 / 60, 12, 100)
  expect(at).toBeCloseTo(12)
})

it('stops on the last day', () => {
  expect(advance(95, 1000, 60, 100)).toBe(99)
})

it('chooses round dots so that the fullest stage fits', () => {
  expect(dotSize(120)).toBe(1)
  expect(dotSize(1089)).toBe(5)
  expect(dotSize(20_000)).toBe(100)
  for (const max of [1, 260, 261, 5000, 123_456, 9_999_999]) expect(max / dotSize(max)).toBeLessThanOrEqual(260)
})
