import { describe, expect, it } from 'vitest'
import type { Spec } from '~/api/insights'
import { insightKinds } from '~/api/insights'
import { bracketText, emptySpec, eventsOf, missing, parseBrackets, shifted, tidy, withKind } from './draft'

describe('missing', () => {
  it('wants an event in every place of a fresh insight, and nothing once it is there', () => {
    for (const kind of insightKinds) {
      expect(missing(emptySpec(kind)).length, kind).toBeGreaterThan(0)
      expect(missing(emptySpec(kind, 'A', 'B')), kind).toEqual([])
    }
  })
  it('names places as the server does', () => {
    const spec = emptySpec('funnel', 'A')
    spec.funnel!.exclude = [{ event: '' }]
    expect(missing(spec)).toEqual([{ path: 'funnel.steps[1]', what: 'event' }, { path: 'funnel.exclude[0]', what: 'event' }])
  })
  it('wants the property of a sum, a formula and a range that runs forward', () => {
    const spec: Spec = { kind: 'trend', range: { from: '2026-02-01', to: '2026-01-01' }, trend: { series: [{ event: 'A', measure: 'sum' }], formulas: [{ formula: ' ' }], interval: 'day' } }
    expect(missing(spec).map((m) => m.what)).toEqual(['property', 'formula', 'range'])
  })
  it('takes any page without a name', () => expect(missing({ kind: 'growth', range: { last: '90d' }, growth: { kind: 'page', interval: 'week' } })).toEqual([]))
})

describe('tidy', () => {
  it('leaves out conditions that are still being typed', () => {
    const spec = emptySpec('trend', 'A')
    spec.trend!.series[0]!.where = [{ name: '', op: 'is', value: '' }, { name: 'x', op: 'set' }, { name: 'y', op: 'in', value: [] }]
    expect(tidy(spec).trend!.series[0]!.where).toEqual([{ name: 'x', op: 'set' }])
  })
  it('leaves out what a measure does not take', () => {
    const spec: Spec = { kind: 'trend', range: { last: '7d' }, trend: { series: [{ event: 'A', measure: 'count', property: 'p', money: true, days: 7 }], interval: 'day', formulas: [], breakdown: { property: '' } } }
    expect(tidy(spec)).toEqual({ kind: 'trend', range: { last: '7d' }, trend: { series: [{ event: 'A' }], interval: 'day' } })
  })
  it('does not change the draft', () => {
    const spec = emptySpec('funnel', 'A', 'B')
    spec.funnel!.exclude = []
    const before = JSON.stringify(spec)
    tidy(spec)
    expect(JSON.stringify(spec)).toBe(before)
  })
})

it('keeps the events when the kind changes', () => {
  const funnel = emptySpec('funnel', 'A', 'B')
  for (const kind of insightKinds) expect(eventsOf(withKind(funnel, kind))[0]?.event, kind).toBe('A')
  expect(withKind(funnel, 'trend').trend!.series.map((s) => s.event)).toEqual(['A', 'B'])
  expect(withKind(funnel, 'retention').retention!.return!.event).toBe('B')
  expect(withKind(emptySpec('growth', 'A'), 'funnel').funnel!.steps.map((s) => s.event)).toEqual(['A', ''])
})

it('reads brackets, and refuses those that overlap or run backwards', () => {
  expect(parseBrackets('0, 1-3, 4–7')).toEqual([[0, 0], [1, 3], [4, 7]])
  expect(parseBrackets('')).toEqual([])
  expect([parseBrackets('3-1'), parseBrackets('0-3, 2-4'), parseBrackets('a'), parseBrackets('1,-2')]).toEqual([undefined, undefined, undefined, undefined])
  expect(bracketText([4, 7])).toBe('4–7')
})

it('moves an item and stops at the ends', () => {
  expect([shifted([1, 2, 3], 0, 1), shifted([1, 2, 3], 0, -1), shifted([1, 2, 3], 2, 1)]).toEqual([[2, 1, 3], [1, 2, 3], [1, 2, 3]])
})
