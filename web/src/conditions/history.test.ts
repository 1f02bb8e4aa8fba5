import { expect, it } from 'vitest'
import type { Cond } from '~/api/condition'
import { step } from './history'

const did = (event: string): Cond => ({ did: { event } })
const start = { now: did(''), past: [], future: [], tag: '' }

it('takes typing in one condition as one step, and other changes as steps of their own', () => {
  let s = step(start, { do: 'set', next: did('O'), tag: '0' })
  s = step(s, { do: 'set', next: did('Or'), tag: '0' })
  s = step(s, { do: 'set', next: did('Or'), tag: '1' })
  expect(s.past).toHaveLength(1)
  s = step(s, { do: 'set', next: { all: [] }, tag: '' })
  s = step(s, { do: 'set', next: did('x'), tag: '' })
  expect(s.past).toHaveLength(3)
  s = step(step(s, { do: 'undo' }), { do: 'undo' })
  expect(s.now).toEqual(did('Or'))
  expect(step(s, { do: 'redo' }).now).toEqual({ all: [] })
  expect(step(step(s, { do: 'set', next: did('y'), tag: '' }), { do: 'redo' }).now).toEqual(did('y'))
  expect(step(start, { do: 'undo' })).toBe(start)
})
