import { expect, it } from 'vitest'
import { bothOf, combinations, sizeOf, union } from './overlap-sets'

it('orders combinations, keeps the order of the segments, and adds up', () => {
  const list = combinations([{ segments: [2], customers: 5 }, { segments: [3, 2], customers: 7 }, { segments: [], customers: 90 }, { segments: [1, 2, 3], customers: 5 }, { segments: [1], customers: 0 }], [1, 2, 3])
  expect(list).toEqual([{ ids: [2, 3], customers: 7 }, { ids: [2], customers: 5 }, { ids: [1, 2, 3], customers: 5 }])
  expect(sizeOf(list, 2)).toBe(17)
  expect(sizeOf(list, 1)).toBe(5)
  expect(bothOf(list, 2, 3)).toBe(12)
  expect(union(list)).toBe(17)
})
