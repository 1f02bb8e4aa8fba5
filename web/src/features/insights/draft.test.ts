import { describe, expect, it } from 'vitest'
import type { Spec } from '~/api/insights'
import { insightKinds } from '~/api/insights'
import { bracketText, emptySpec, eventsOf, missing, parseBrackets, shifted, tidy, withKind } from './draft'

describe('missing', () => {
  it('wants an event in every place of a fresh insight, and nothing once it is there', () => {
    for (const kind of insightKinds) {
      expect(missing(emptySpec(kind)).length, kind).toBeGreaterThan(0)
      expect(missing(emptySpec(kind, 'A', 'B', 'model')), kind).toEqual([])
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
  it('leaves out what the kinds of the newer charts do not take', () => {
    const table: Spec = { kind: 'table', range: { last: '7d' }, table: { rows: 'customer', breakdown: { property: 'x' }, columns: [{ event: 'A' }], sort: '-C' } }
    expect(tidy(table).table).toEqual({ rows: 'customer', columns: [{ event: 'A' }] })
    const attribution: Spec = { kind: 'attribution', range: { last: '7d' }, attribution: { conversion: { event: 'A' }, value: '', refunds: [{ event: 'B' }], channels: [], own: [] } }
    expect(tidy(attribution).attribution).toEqual({ conversion: { event: 'A' } })
    const paths: Spec = { kind: 'paths', range: { last: '7d' }, paths: { events: [], groups: [], start: '', end: '/x' } }
    expect(tidy(paths).paths).toEqual({ end: '/x' })
  })
  it('sends a condition on customers only when it is complete', () => {
    const spec: Spec = { ...emptySpec('growth', 'A'), where_customer: [{ by: 'trait', name: '', op: 'is', value: '' }, { by: 'stage', name: 'm', op: 'in', value: [] }, { by: 'segment', name: 's', op: 'is', value: 'in' }] }
    expect(tidy(spec).where_customer).toEqual([{ by: 'segment', name: 's', op: 'is', value: 'in' }])
  })
  it('keeps no refunds that were emptied on purpose apart from the default', () => {
    const spec: Spec = { kind: 'attribution', range: { last: '7d' }, attribution: { conversion: { event: 'A' }, value: 'total', refunds: [] } }
    expect(tidy(spec).attribution!.refunds).toEqual([])
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
  for (const kind of insightKinds) expect(eventsOf(withKind(funnel, kind))[0]?.event, kind).toBe(kind === 'paths' || kind === 'journey' ? undefined : 'A')
  // Paths are of page views; the events come back behind them.
  expect(eventsOf(withKind(withKind(funnel, 'paths'), 'table', '', eventsOf(funnel))).map((e) => e.event)).toEqual(['A', 'B'])
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
