import { expect, it } from 'vitest'
import { stackBar, stackEnds } from './stacked'

it('stacks up from 0 what is gained and down from 0 what is lost', () => {
  expect(stackBar([5, 3, -4, 2, -1])).toEqual([
    { series: 0, from: 0, to: 5 },
    { series: 1, from: 5, to: 8 },
    { series: 2, from: 0, to: -4 },
    { series: 3, from: 8, to: 10 },
    { series: 4, from: -4, to: -5 },
  ])
})

it('gives both ends of every bar to the axis', () => {
  expect(stackEnds([[5, 3, -4], [0, 0, 0]])).toEqual([8, -4, 0, 0])
})
