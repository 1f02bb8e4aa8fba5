import { describe, expect, it } from 'vitest'
import type { Flow } from '~/api'
import { layoutFlow } from './sankey'

const order = (s: string) => ['new', 'active', 'lost'].indexOf(s)
const box = { width: 600, height: 300, left: 0, right: 100, top: 20, bottom: 0 }
const flow: Flow = {
  periods: ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
  nodes: [
    { id: 'lost@0', stage: 'lost', period: '2026-01-01T00:00:00Z', customers: 10 },
    { id: 'new@0', stage: 'new', period: '2026-01-01T00:00:00Z', customers: 90 },
    { id: 'new@1', stage: 'new', period: '2026-02-01T00:00:00Z', customers: 70 },
    { id: 'active@1', stage: 'active', period: '2026-02-01T00:00:00Z', customers: 40 },
    { id: 'lost@1', stage: 'lost', period: '2026-02-01T00:00:00Z', customers: 10 },
    { id: 'active@2', stage: 'active', period: '2026-03-01T00:00:00Z', customers: 1 },
    { id: 'lost@2', stage: 'lost', period: '2026-03-01T00:00:00Z', customers: 2 },
    { id: 'new@2', stage: 'new', period: '2026-03-01T00:00:00Z', customers: 0 },
  ],
  links: [
    { source: 'new@0', target: 'new@1', customers: 50 },
    { source: 'new@0', target: 'active@1', customers: 40 },
    { source: 'lost@0', target: 'lost@1', customers: 10 },
    { source: 'active@1', target: 'active@2', customers: 1 },
    { source: 'lost@1', target: 'lost@2', customers: 2 },
    { source: 'gone@1', target: 'lost@2', customers: 5 },
  ],
}

describe('layoutFlow', () => {
  const { nodes, links } = layoutFlow(flow, order, box)
  it('puts every period in its own column, in the order of time', () => {
    const xs = flow.periods.map((p) => new Set(nodes.filter((n) => n.node.period === p).map((n) => n.x)))
    expect(xs.map((s) => s.size)).toEqual([1, 1, 1])
    const [a, b, c] = xs.map((s) => [...s][0]!)
    expect(a!).toBeLessThan(b!)
    expect(b!).toBeLessThan(c!)
  })
  it('orders a column by the stages of the model, whatever the order of arrival', () => {
    const first = nodes.filter((n) => n.column === 0).sort((a, b) => a.y - b.y)
    expect(first.map((n) => n.node.stage)).toEqual(['new', 'lost'])
  })
  it('gives heights in proportion to the customers, also to those who are new in a period', () => {
    const at = (id: string) => nodes.find((n) => n.node.id === id)!.height
    expect(at('new@0') / at('lost@0')).toBeCloseTo(9, 1)
    expect(at('new@1') / at('lost@1')).toBeCloseTo(7, 1)
  })
  it('leaves out empty nodes and links to nodes that are not there', () => {
    expect(nodes.some((n) => n.node.id === 'new@2')).toBe(false)
    expect(links).toHaveLength(5)
  })
  it('keeps the labels of thin neighbours apart', () => {
    const [a, b] = nodes.filter((n) => n.column === 2).map((n) => n.labelY)
    expect(Math.abs(a! - b!)).toBeGreaterThanOrEqual(17)
  })
  it('does not fail on a flow without customers', () => {
    expect(layoutFlow({ periods: [], nodes: [], links: [] }, order, box)).toEqual({ nodes: [], links: [] })
  })
  it('takes a stage that returns, which would be a cycle without periods', () => {
    const back: Flow = { ...flow, links: [{ source: 'new@0', target: 'active@1', customers: 3 }, { source: 'active@1', target: 'lost@2', customers: 2 }, { source: 'lost@0', target: 'new@1', customers: 4 }] }
    expect(layoutFlow(back, order, box).links).toHaveLength(3)
  })
})
