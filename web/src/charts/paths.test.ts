import { describe, expect, it } from 'vitest'
import { layoutPaths, type PathData } from './paths'

const box = { width: 700, height: 320, right: 120, top: 20 }
const data: PathData = {
  nodes: [
    { id: '1 Home', position: 1, name: 'Home', count: 100, drop: 20 },
    { id: '2 List', position: 2, name: 'List', count: 30, drop: 30 },
    { id: '2 Cart', position: 2, name: 'Cart', count: 50, drop: 10 },
    { id: '3 Home', position: 3, name: 'Home', count: 40, drop: 0 },
    { id: '3 Gone', position: 3, name: 'Gone', count: 0, drop: 0 },
  ],
  links: [
    { source: '1 Home', target: '2 List', count: 30 },
    { source: '1 Home', target: '2 Cart', count: 50 },
    { source: '2 Cart', target: '3 Home', count: 40 },
    { source: '2 Cart', target: '3 Gone', count: 5 },
    { source: '3 Home', target: '1 Home', count: 5 },
  ],
}

describe('layoutPaths', () => {
  const { nodes, links } = layoutPaths(data, box)
  const at = (id: string) => nodes.find((n) => n.node.id === id)!
  it('puts positions in columns, the busiest place on top', () => {
    expect(at('1 Home').x).toBeLessThan(at('2 Cart').x)
    expect(at('2 Cart').x).toBe(at('2 List').x)
    expect(at('2 Cart').y).toBeLessThan(at('2 List').y)
  })
  it('shows who went no further in proportion', () => {
    expect(at('1 Home').dropHeight / at('1 Home').height).toBeCloseTo(0.2, 2)
    expect(at('2 List').dropHeight).toBe(at('2 List').height)
    expect(at('3 Home').dropHeight).toBe(0)
  })
  it('leaves out empty places and ways back', () => {
    expect(nodes).toHaveLength(4)
    expect(links.map((l) => l.link.count).sort()).toEqual([30, 40, 50])
  })
  it('does not fail without ways', () => expect(layoutPaths({ nodes: [], links: [] }, box)).toEqual({ nodes: [], links: [] }))
})
