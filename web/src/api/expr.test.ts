import { describe, expect, it } from 'vitest'
import { appendAt, arity, emptyNode, gaps, kindOf, type Node, parseSpan, parseValue, replaceAt, withOp } from './expr'

const bought: Node = { did: { kind: 'track', event: 'Order Completed', op: 'gte', value: 2, window: { last: '90d' } } }
const pro: Node = { trait: { name: 'plan', op: 'is', value: 'pro' } }

describe('replaceAt', () => {
  const tree: Node = { all: [bought, { any: [pro, { not: bought }] }] }
  it('replaces a leaf deep in the tree and leaves the rest as it was', () => {
    const next = replaceAt(tree, [1, 1, 0], pro) as { all: Node[] }
    expect(next).toEqual({ all: [bought, { any: [pro, { not: pro }] }] })
    expect(next.all[0]).toBe(bought)
  })
  it('removes a leaf', () => {
    expect(replaceAt(tree, [0], undefined)).toEqual({ all: [{ any: [pro, { not: bought }] }] })
  })
  it('removes a "not" together with what it holds', () => {
    expect(replaceAt(tree, [1, 1, 0], undefined)).toEqual({ all: [bought, { any: [pro] }] })
  })
  it('removes the whole tree at the root', () => {
    expect(replaceAt(tree, [], undefined)).toBeUndefined()
  })
  it('does nothing for a path that is not there', () => {
    expect(replaceAt(tree, [7], pro)).toBe(tree)
  })
  it('does not change its input', () => {
    const copy = structuredClone(tree)
    replaceAt(tree, [1, 0], undefined)
    expect(tree).toEqual(copy)
  })
})

describe('appendAt', () => {
  it('adds to a nested group and keeps its kind', () => {
    expect(appendAt({ all: [{ any: [pro] }] }, [0], bought)).toEqual({ all: [{ any: [pro, bought] }] })
  })
  it('adds to the root', () => {
    expect(appendAt({ any: [] }, [], pro)).toEqual({ any: [pro] })
  })
  it('does nothing when the path is not a group', () => {
    const tree: Node = { all: [pro] }
    expect(appendAt(tree, [0], bought)).toBe(tree)
  })
})

describe('withOp', () => {
  const test = { name: 'plan', op: 'is' as const, value: 'pro' }
  it('drops the value where none is taken', () => {
    expect(withOp(test, 'set')).toEqual({ name: 'plan', op: 'set' })
  })
  it('wraps and unwraps lists', () => {
    expect(withOp(test, 'in')).toEqual({ name: 'plan', op: 'in', value: ['pro'] })
    expect(withOp({ name: 'plan', op: 'in', value: ['pro', 'free'] }, 'is')).toEqual({ name: 'plan', op: 'is', value: 'pro' })
  })
  it('gives spans a sensible length', () => {
    expect(withOp(test, 'in_last')).toEqual({ name: 'plan', op: 'in_last', value: '30d' })
    expect(withOp({ name: 'x', op: 'in_last', value: '7d' }, 'more_than_ago').value).toBe('7d')
  })
  it('makes two values for between', () => {
    expect(withOp({ name: 'x', op: 'gt', value: 5 }, 'between').value).toEqual([5, 5])
  })
  it('always gives as many values as the operator takes', () => {
    const all = ['is', 'set', 'in', 'between', 'contains', 'is_true', 'before', 'in_last'] as const
    for (const from of all) {
      for (const to of all) {
        const { value } = withOp(withOp(test, from), to)
        const n = arity(to)
        if (n === 0) expect(value).toBeUndefined()
        else if (n === 1) expect(Array.isArray(value)).toBe(false)
        else expect(Array.isArray(value)).toBe(true)
      }
    }
  })
})

describe('gaps', () => {
  it('finds nothing in a complete condition', () => {
    expect(gaps({ all: [bought, pro, { lapse: { event: 'Order Completed', days: 90 } }, { stage: { was: 'retention' } }] })).toEqual([])
  })
  it('names the place and the kind of each gap', () => {
    const node: Node = { all: [{ trait: { name: '', op: 'set' } }, { any: [{ did: { kind: 'track' } }] }, { any: [] }, { not: { stage: { was: '' } } }] }
    expect(gaps(node)).toEqual([
      { path: [0], what: 'trait' },
      { path: [1, 0], what: 'event' },
      { path: [2], what: 'empty' },
      { path: [3, 0], what: 'stage' },
    ])
  })
  it('wants a property where one is measured', () => {
    expect(gaps({ did: { event: 'X', measure: 'sum' } })).toEqual([{ path: [], what: 'property' }])
    expect(gaps({ did: { event: 'X', measure: 'distinct_days' } })).toEqual([])
  })
  it('needs no event name for pages', () => {
    expect(gaps({ did: { kind: 'page' } })).toEqual([])
  })
  it('refuses a window that ends before it begins', () => {
    expect(gaps({ did: { event: 'X', window: { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' } } })).toEqual([{ path: [], what: 'window' }])
  })
  it('looks into the properties of an event', () => {
    expect(gaps({ did: { event: 'X', where: [{ name: '', op: 'gt', value: 1 }] } })).toEqual([{ path: [], what: 'property' }])
    expect(gaps({ did: { event: 'X', where: [{ name: 'plan', op: 'in', value: [] }] } })).toEqual([{ path: [], what: 'value' }])
  })
})

it('makes an empty node of each kind that can be told apart', () => {
  for (const kind of ['all', 'any', 'not', 'trait', 'did', 'lapse', 'stage'] as const) {
    expect(kindOf(emptyNode(kind))).toBe(kind)
    expect(gaps(emptyNode(kind)).length).toBeGreaterThan(0)
  }
})

it('reads typed values', () => {
  expect(parseValue('12.5')).toBe(12.5)
  expect(parseValue('-3')).toBe(-3)
  expect(parseValue('true')).toBe(true)
  expect(parseValue('007')).toBe('007')
  expect(parseValue('pro')).toBe('pro')
  expect(parseValue('12345678901234567890')).toBe('12345678901234567890')
})

it('reads spans', () => {
  expect(parseSpan('30d')).toEqual({ n: 30, unit: 'd' })
  expect(parseSpan('30')).toBeUndefined()
  expect(parseSpan(undefined)).toBeUndefined()
})
