import { expect, it } from 'vitest'
import { wordDiff } from './diff'

const side = (a: string, b: string, kind: 'old' | 'new') => wordDiff(a, b).filter((p) => p.kind === 'same' || p.kind === kind).map((p) => p.text).join('')

it('marks the words that changed and gives both sentences back', () => {
  const [a, b] = ['did “Order Completed” at least 2 times in the last 90 days', 'did “Order Completed” at least 3 times in the last 90 days and trait “plan” is set']
  expect(wordDiff(a, b).map((p) => `${p.kind}:${p.text}`)).toEqual(['same:did “Order Completed” at least ', 'old:2', 'new:3', 'same: times in the last 90 days', 'new: and trait “plan” is set'])
  expect(side(a, b, 'old')).toBe(a)
  expect(side(a, b, 'new')).toBe(b)
  expect(wordDiff('', 'x')).toEqual([{ text: 'x', kind: 'new' }])
  expect(wordDiff('same', 'same')).toEqual([{ text: 'same', kind: 'same' }])
})
