import { sankey, sankeyLinkHorizontal, type SankeyNode } from 'd3-sankey'
import { round } from './scale'

/** A place on the way: the same name at another position is another node, so that ways never turn back. */
export type PathNode = { id: string; position: number; name: string; count: number; /** Who went no further. */ drop: number }
export type PathLink = { source: string; target: string; count: number }
export type PathData = { nodes: PathNode[]; links: PathLink[] }

type N = PathNode & { fixedValue: number }
type L = { source: string; target: string; value: number }

export type PlacedNode = { node: PathNode; x: number; y: number; width: number; height: number; /** Height of the part that went no further, at the foot. */ dropHeight: number }
export type PlacedLink = { link: PathLink; from: PathNode; to: PathNode; path: string; width: number }

/** Columns by position, the busiest place of each on top. */
export function layoutPaths(data: PathData, box: { width: number; height: number; right: number; top: number }): { nodes: PlacedNode[]; links: PlacedLink[] } {
  const known = new Map(data.nodes.filter((n) => n.count > 0).map((n) => [n.id, n]))
  if (known.size === 0) return { nodes: [], links: [] }
  const forward = (l: PathLink) => known.get(l.source)!.position < known.get(l.target)!.position
  const links = data.links.filter((l) => l.count > 0 && known.has(l.source) && known.has(l.target) && forward(l))
  const first = Math.min(...[...known.values()].map((n) => n.position))
  const perColumn = Math.max(...[...new Set([...known.values()].map((n) => n.position))].map((p) => [...known.values()].filter((n) => n.position === p).length))
  const graph = sankey<N, L>()
    .nodeId((n) => n.id)
    .nodeAlign((n) => n.position - first)
    .nodeSort((a, b) => b.count - a.count)
    .nodeWidth(12)
    .nodePadding(Math.min(26, (0.5 * (box.height - box.top)) / perColumn))
    .iterations(0)
    .extent([
      [0, box.top],
      [Math.max(60, box.width - box.right), box.height - 6],
    ])({ nodes: [...known.values()].map((n) => ({ ...n, fixedValue: n.count })), links: links.map((l) => ({ source: l.source, target: l.target, value: l.count })) })
  const draw = sankeyLinkHorizontal<N, L>()
  return {
    nodes: graph.nodes.map((n) => {
      const height = Math.max(2, (n.y1 ?? 0) - (n.y0 ?? 0))
      return { node: known.get(n.id)!, x: round(n.x0 ?? 0), y: round(n.y0 ?? 0), width: 12, height: round(height), dropHeight: round((height * Math.min(n.drop, n.count)) / n.count) }
    }),
    links: graph.links.map((l) => {
      const [from, to] = [l.source as SankeyNode<N, L>, l.target as SankeyNode<N, L>]
      return { link: { source: from.id, target: to.id, count: l.value }, from: known.get(from.id)!, to: known.get(to.id)!, path: draw(l) ?? '', width: Math.max(1, l.width ?? 1) }
    }),
  }
}
