import { describe, expect, it } from 'vitest'
import { type Cond, leafKinds } from '~/api/condition'
import { choiceOf, fresh, gaps, groupFor, groupsFor, inside, opGroups, readValue, takes, withChoice, withMeasure } from './kinds'

describe('operators', () => {
  it('are all in a group, and each knows what it takes', () => {
    const all = Object.values(opGroups).flat()
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBe(43)
    expect(takes('weekday')).toBe('weekdays')
    expect(takes('is')).toBe('value')
  })
  it('keep of the value what fits', () => {
    expect(withChoice({ name: 'x', op: 'is', value: 'a', ignore_case: true }, 'in')).toEqual({ name: 'x', op: 'in', value: ['a'], ignore_case: true })
    expect(withChoice({ name: 'x', op: 'in', value: ['a', 'b'] }, 'is')).toEqual({ name: 'x', op: 'is', value: 'a' })
    expect(withChoice({ name: 'x', op: 'gt', value: 3, for: '2d' }, 'lte')).toEqual({ name: 'x', op: 'lte', value: 3, for: '2d' })
    expect(withChoice({ name: 'x', op: 'is', value: 'a', ignore_case: true }, 'set')).toEqual({ name: 'x', op: 'set' })
    expect(withChoice({ name: 'x', op: 'is', value: 'a', for: '2d' }, 'in_last')).toEqual({ name: 'x', op: 'in_last', value: '30d' })
    expect(withChoice({ name: 'x', op: 'is', value: 3 }, 'starts')).toEqual({ name: 'x', op: 'starts', value: '3' })
    expect(withChoice({ name: 'x', op: 'between', value: [1, 2] }, 'between@date').value).toEqual(['', ''])
    expect(withChoice({ name: 'x', op: 'set' }, 'element').where).toEqual([{ name: '.', op: 'is', value: '' }])
  })
  it('tell numbers from days', () => {
    expect(choiceOf({ op: 'between', value: ['2026-01-01', '2026-02-01'] })).toBe('between@date')
    expect(choiceOf({ op: 'between', value: [1, 2] })).toBe('between')
    expect(choiceOf({ op: 'eq', value: 2 })).toBe('is')
  })
  it('come with those that fit first', () => {
    expect(groupFor(['text'], ['2026-01-01', '2026-02-01T10:00:00Z'])).toBe('date')
    expect(groupFor(['text'], ['2026-01-01', 'soon'])).toBe('text')
    expect(groupFor(['number', 'text'], [])).toBe('number')
    expect(groupsFor('date').slice(0, 2)).toEqual(['any', 'date'])
    expect(new Set(groupsFor('list')).size).toBe(6)
  })
})

describe('values', () => {
  it('are read as the known values are', () => {
    expect(readValue('12', ['text'])).toBe('12')
    expect(readValue('12', ['number'])).toBe(12)
    expect(readValue('12', [])).toBe(12)
    expect(readValue('012', [])).toBe('012')
    expect(readValue('true', ['boolean'])).toBe(true)
    expect(readValue('true', ['text'])).toBe('true')
  })
})

describe('measures', () => {
  it('change the comparison only when they must', () => {
    expect(withMeasure({ event: 'x', op: 'gte', value: 3 }, 'sum')).toEqual({ event: 'x', measure: 'sum', op: 'gte', value: 3 })
    expect(withMeasure({ event: 'x', op: 'gte', value: 3 }, 'last_time')).toEqual({ event: 'x', measure: 'last_time', op: 'in_last', value: '30d' })
    expect(withMeasure({ event: 'x', measure: 'last_time', op: 'in_last', value: '30d' }, 'count')).toEqual({ event: 'x' })
    expect(withMeasure({ event: 'x', measure: 'sum', property: 'p', window: { last: '9d', before: '9d' } }, 'distinct_days')).toEqual({ event: 'x', measure: 'distinct_days', window: { last: '9d' } })
  })
})

describe('gaps', () => {
  it('of fresh conditions are where the first thing must be chosen', () => {
    const first = Object.fromEntries(leafKinds.map((kind) => [kind, gaps(fresh(kind)).map((g) => `${g.place}:${g.what}`).join(' ')]))
    expect(first).toEqual({
      did: 'when.did.event:event',
      trait: 'when.trait.name:trait when.trait.value:value',
      sequence: 'when.sequence.steps[0].event:event when.sequence.steps[1].event:event',
      lapse: 'when.lapse.event:event',
      compare: 'when.compare.a.event:event when.compare.b.event:event',
      stage: 'when.stage:stage',
      segment: 'when.segment.key:segment',
      consent: '',
      message: '',
      rfm: '',
      sample: '',
    })
  })
  it('are found deep inside', () => {
    const node: Cond = { all: [{ not: { any: [{ did: { event: 'x', where: [{ name: 'p', op: 'in', value: [] }] } }] } }, { keyed: { by: '', when: { all: [] } } }] }
    expect(gaps(node)).toEqual([
      { place: 'when.all[0].not.any[0].did.where[0].value', what: 'value' },
      { place: 'when.all[1].keyed.by', what: 'key' },
      { place: 'when.all[1].keyed.when', what: 'empty' },
    ])
  })
  it('are not seen where the server needs nothing', () => {
    expect(gaps({ did: { kind: 'page' } })).toEqual([])
    expect(gaps({ did: { event: 'x', window: { from: '2026-01-01T00:00:00Z' } } })).toEqual([])
    expect(gaps({ did: { event: 'x', measure: 'first_time', op: 'before', value: '2026-01-01' } })).toEqual([])
    expect(gaps({ trait: { name: 'x', op: 'set' } })).toEqual([])
  })
  it('belong to a place and not to one that only begins alike', () => {
    expect(inside('when.all[1]', 'when.all[1].did.value')).toBe(true)
    expect(inside('when.all[1]', 'when.all[1]')).toBe(true)
    expect(inside('when.all[1]', 'when.all[10].did')).toBe(false)
    expect(inside('when.all', 'when.all[0]')).toBe(true)
  })
})
