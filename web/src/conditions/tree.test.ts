import { describe, expect, it } from 'vitest'
import type { Cond } from '~/api/condition'
import { add, at, bare, canUnwrap, closed, duplicate, flat, insideKeyed, leaves, modeOf, move, negate, opened, place, put, remove, unwrap, withMode, wrap } from './tree'

const did = (event: string): Cond => ({ did: { event } })
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(did) as [Cond, Cond, Cond, Cond]
const root: Cond = { all: [a, { any: [b, { not: c }] }, d] }

describe('paths', () => {
  it('do not count negations', () => {
    expect(at(root, [1, 1])).toEqual({ not: c })
    expect(at({ not: { any: [a, b] } }, [1])).toEqual(b)
    expect(at(root, [7, 0])).toBeUndefined()
  })
  it('are written as the server writes them', () => {
    expect(place(root, [1, 1])).toBe('when.all[1].any[1].not')
    expect(place({ not: { any: [a, b] } }, [1])).toBe('when.not.any[1]')
    expect(place({ all: [{ keyed: { by: 'cart', when: { any: [a, b] } } }] }, [0, 0, 1])).toBe('when.all[0].keyed.when.any[1]')
    expect(place(a, [])).toBe('when')
  })
  it('go from top to bottom', () => expect(flat(root)).toEqual([[], [0], [1], [1, 0], [1, 1], [2]]))
})

describe('changes', () => {
  it('leave the old tree alone', () => {
    const before = structuredClone(root)
    put(root, [1, 0], d)
    remove(root, [0])
    negate(root, [1])
    move(root, [0], 1)
    expect(root).toEqual(before)
  })
  it('add into groups, negated or not', () => {
    expect(add(root, [1], d)).toEqual({ root: { all: [a, { any: [b, { not: c }, d] }, d] }, path: [1, 2] })
    expect(add({ not: { any: [a] } }, [], b, 0)).toEqual({ root: { not: { any: [b, a] } }, path: [0] })
    expect(add(root, [0], d).root).toEqual(root)
  })
  it('remove and say where the focus goes', () => {
    expect(remove(root, [0])).toEqual({ root: { all: [{ any: [b, { not: c }] }, d] }, path: [0] })
    expect(remove(root, [2]).path).toEqual([1])
    expect(remove({ all: [a] }, [0])).toEqual({ root: { all: [] }, path: [] })
    expect(remove({ all: [a, { keyed: { by: 'x', when: b } }] }, [1, 0])).toEqual({ root: { all: [a] }, path: [0] })
  })
  it('duplicate behind the original, as a copy', () => {
    const two = duplicate(root, [1])
    expect(two.path).toEqual([2])
    expect(at(two.root, [2])).toEqual(at(root, [1]))
    expect(at(two.root, [2])).not.toBe(at(root, [1]))
  })
  it('wrap and dissolve', () => {
    const wrapped = wrap(root, [0])
    expect(wrapped).toEqual({ root: { all: [{ any: [a] }, { any: [b, { not: c }] }, d] }, path: [0, 0] })
    expect(unwrap(wrapped.root, [0])).toEqual({ root, path: [0] })
    expect(unwrap(root, [1]).root).toEqual({ all: [a, b, { not: c }, d] })
    expect(wrap(root, []).root).toEqual({ any: [root] })
  })
  it('do not dissolve what is negated, keyed or the root', () => {
    expect(canUnwrap({ all: [{ not: { any: [a] } }] }, [0])).toBe(false)
    expect(canUnwrap({ all: [{ keyed: { by: 'x', when: { all: [a] } } }] }, [0, 0])).toBe(false)
    expect(canUnwrap(root, [])).toBe(false)
  })
})

describe('moving', () => {
  it('goes past a neighbour, into a group and out of it again', () => {
    const down = move({ all: [a, d] }, [0], 1)
    expect(down).toEqual({ root: { all: [d, a] }, path: [1] })
    const into = move(root, [0], 1)
    expect(into).toEqual({ root: { all: [{ any: [a, b, { not: c }] }, d] }, path: [0, 0] })
    expect(move(into.root, into.path, -1)).toEqual({ root, path: [0] })
    expect(move(root, [2], -1)).toEqual({ root: { all: [a, { any: [b, { not: c }, d] }] }, path: [1, 2] })
    expect(move(root, [1, 1], 1)).toEqual({ root: { all: [a, { any: [b] }, { not: c }, d] }, path: [2] })
  })
  it('moves groups past each other, and nothing beyond the ends', () => {
    const two: Cond = { all: [{ any: [a] }, { any: [b] }] }
    expect(move(two, [0], 1).root).toEqual({ all: [{ any: [b] }, { any: [a] }] })
    expect(move(root, [0], -1)).toEqual({ root, path: [0] })
    expect(move(root, [2], 1)).toEqual({ root, path: [2] })
  })
  it('does not leave a keyed condition', () => {
    const keyed: Cond = { all: [{ keyed: { by: 'x', when: { all: [a, b] } } }] }
    expect(move(keyed, [0, 0, 0], -1).root).toEqual(keyed)
  })
})

describe('negation and modes', () => {
  it('toggles and collapses', () => {
    expect(at(negate(root, [0]), [0])).toEqual({ not: a })
    expect(at(negate(root, [1, 1]), [1, 1])).toEqual(c)
    expect(bare({ not: { not: { not: a } } })).toEqual({ node: a, negated: true })
  })
  it('has four modes', () => {
    for (const mode of ['all', 'any', 'none', 'not_all'] as const) expect(modeOf(withMode(root, mode))).toBe(mode)
  })
})

describe('what is shown and what is sent', () => {
  it('shows one condition in a group and sends it without', () => {
    expect(opened(a)).toEqual({ all: [a] })
    expect(opened(null)).toEqual({ all: [] })
    expect(opened({ not: { keyed: { by: 'x', when: a } } })).toEqual({ all: [{ not: { keyed: { by: 'x', when: { all: [a] } } } }] })
    expect(closed(opened(a))).toEqual(a)
  })
  it('sends no groups of one and no double negation', () => {
    expect(closed({ all: [{ any: [{ not: { all: [{ not: a }] } }] }] })).toEqual(a)
    expect(closed({ all: [{ not: { any: [a, b] } }] })).toEqual({ not: { any: [a, b] } })
    expect(closed({ all: [{ keyed: { by: 'x', when: { all: [a] } } }] })).toEqual({ keyed: { by: 'x', when: a } })
    expect(closed({ any: [] })).toEqual({ any: [] })
  })
  it('knows what is inside a keyed condition, and counts', () => {
    const keyed: Cond = { all: [{ keyed: { by: 'x', when: { all: [a, b] } } }] }
    expect(insideKeyed(keyed, [0])).toBe(false)
    expect(insideKeyed(keyed, [0, 0, 1])).toBe(true)
    expect(leaves(keyed)).toBe(2)
    expect(leaves(root)).toBe(4)
  })
})
