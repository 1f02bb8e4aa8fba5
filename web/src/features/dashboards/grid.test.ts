import { describe, expect, it } from 'vitest'
import { append, type Box, columns, inside, nudge, overlap, put, reading, settle } from './grid'

const box = (id: string, x: number, y: number, w: number, h: number): Box => ({ id, x, y, w, h })
const at = (boxes: Box[], id: string) => {
  const { x, y, w, h } = boxes.find((b) => b.id === id)!
  return [x, y, w, h]
}
const row = [box('a', 0, 0, 4, 2), box('b', 4, 0, 4, 2), box('c', 8, 0, 4, 2), box('d', 0, 2, 12, 4)]

describe('settle', () => {
  it('lets tiles rise over empty rows and leaves a settled grid as it is', () => {
    expect(at(settle([box('a', 0, 7, 4, 2)]), 'a')).toEqual([0, 0, 4, 2])
    expect(settle(row)).toEqual(row)
  })
  it('parts tiles that lie upon each other', () => {
    const out = settle([box('a', 0, 0, 6, 3), box('b', 3, 1, 6, 3)])
    expect(overlap(out[0]!, out[1]!)).toBe(false)
  })
})

describe('put', () => {
  it('takes the place and makes the others give way', () => {
    const out = put(row, 'd', { y: 0 })
    expect([at(out, 'd'), at(out, 'a'), at(out, 'c')]).toEqual([[0, 0, 12, 4], [0, 4, 4, 2], [8, 4, 4, 2]])
  })
  it('keeps inside of the columns and above the least size', () => {
    expect(at(put(row, 'a', { x: 99 }), 'a')[0]).toBe(8)
    expect(at(put(row, 'a', { w: 0, h: 0 }), 'a').slice(2)).toEqual([2, 2])
    expect(inside(box('a', -3, -2, 40, 1)).w).toBe(columns)
  })
})

describe('nudge', () => {
  const pair = [box('a', 0, 0, 6, 2), box('b', 0, 2, 6, 3)]
  it('changes places up and down, also with taller neighbours', () => {
    expect(at(nudge(pair, 'a', 0, 1), 'a')).toEqual([0, 3, 6, 2])
    expect(at(nudge(pair, 'b', 0, -1), 'b')).toEqual([0, 0, 6, 3])
  })
  it('does nothing at an end', () => {
    expect(nudge(pair, 'a', 0, -1)).toEqual(pair)
    expect(nudge(pair, 'b', 0, 1)).toEqual(pair)
    expect(nudge(pair, 'gone', 1, 0)).toEqual(pair)
  })
  it('moves one column sideways', () => expect(at(nudge(pair, 'a', 1, 0), 'a')[0]).toBe(1))
})

it('appends beside the last tile where there is room, else below', () => {
  expect(at(append([box('a', 0, 0, 6, 3)], box('n', 0, 0, 6, 3)), 'n')).toEqual([6, 0, 6, 3])
  expect(at(append([box('a', 0, 0, 8, 3)], box('n', 0, 0, 6, 3)), 'n')).toEqual([0, 3, 6, 3])
  expect(at(append([], box('n', 3, 9, 6, 3)), 'n')).toEqual([0, 0, 6, 3])
})

it('reads by row, then by column', () => {
  expect(reading([box('b', 6, 0, 6, 2), box('c', 0, 2, 6, 2), box('a', 0, 0, 6, 2)]).map((b) => b.id)).toEqual(['a', 'b', 'c'])
})

it('never overlaps, whatever is done', () => {
  // A fixed sequence of moves and sizes, so that a failure can be seen again.
  let seed = 7
  const next = (n: number) => ((seed = (seed * 48271) % 2147483647), seed % n)
  let boxes: Box[] = []
  for (let i = 0; i < 10; i++) boxes = append(boxes, box(`t${i}`, 0, 0, 2 + next(6), 2 + next(4)))
  for (let i = 0; i < 3000; i++) {
    const id = `t${next(10)}`
    boxes = next(3) === 0 ? put(boxes, id, { w: 1 + next(14), h: 1 + next(7) }) : next(2) ? put(boxes, id, { x: next(14) - 1, y: next(30) - 1 }) : nudge(boxes, id, next(3) - 1, next(3) - 1)
    for (const a of boxes) {
      expect(a.x >= 0 && a.x + a.w <= columns && a.y >= 0).toBe(true)
      for (const b of boxes) if (overlap(a, b)) throw new Error(`step ${i}: ${JSON.stringify([a, b])}`)
    }
  }
})
