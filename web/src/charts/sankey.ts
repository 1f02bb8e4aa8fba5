import { sankey, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from 'd3-sankey'
import type { Flow, FlowLink, FlowNode } from '~/api'
import { round, spread } from './scale'

type N = FlowNode & { fixedValue: number }
type L = { source: string; target: string; value: number; customers: number }

export type DrawnNode = { node: FlowNode; column: number; x: number; y: number; width: number; height: number; labelY: number }
export type DrawnLink = { link: FlowLink; from: FlowNode; to: FlowNode; path: string; width: number }

/**
 * Lays out stages × periods. A node is a stage in a period, so links only go forward and there are no cycles.
 * The order in a column is the order of the stages, so a stage keeps its height from one period to the next.
 */
export function layoutFlow(flow: Flow, order: (stage: string) => number, box: { width: number; height: number; left: number; right: number; top: number; bottom: number }): { nodes: DrawnNode[]; links: DrawnLink[] } {
  const column = new Map(flow.periods.map((p, i) => [p, i]))
  const known = new Set(flow.nodes.filter((n) => n.customers > 0).map((n) => n.id))
  const nodes: N[] = flow.nodes.filter((n) => known.has(n.id)).map((n) => ({ ...n, fixedValue: n.customers }))
  const links: L[] = flow.links.filter((l) => l.customers > 0 && known.has(l.source) && known.has(l.target)).map((l) => ({ ...l, value: l.customers }))
  if (nodes.length === 0) return { nodes: [], links: [] }
  const perColumn = Math.max(...flow.periods.map((p) => nodes.filter((n) => n.period === p).length))
  const layout = sankey<N, L>()
    .nodeId((n) => n.id)
    .nodeAlign((n) => column.get(n.period) ?? 0)
    .nodeSort((a, b) => order(a.stage) - order(b.stage))
    .nodeWidth(13)
    .nodePadding(Math.min(18, (0.35 * (box.height - box.top - box.bottom)) / Math.max(1, perColumn)))
    .iterations(0)
    .extent([
      [box.left, box.top],
      [box.width - box.right, box.height - box.bottom],
    ])
  const graph = layout({ nodes, links })
  const last = flow.periods.length - 1
  const drawn: DrawnNode[] = graph.nodes.map((n) => ({ node: n, column: column.get(n.period) ?? 0, x: round(n.x0 ?? 0), y: round(n.y0 ?? 0), width: round((n.x1 ?? 0) - (n.x0 ?? 0)), height: round(Math.max(1.5, (n.y1 ?? 0) - (n.y0 ?? 0))), labelY: 0 }))
  // Labels of thin neighbours would lie on each other; move them apart.
  const labelled = drawn.filter((d) => d.column === last)
  const ys = spread(labelled.map((d) => d.y + d.height / 2), 17, box.top, box.height - box.bottom)
  labelled.forEach((d, i) => (d.labelY = ys[i]!))
  const path = sankeyLinkHorizontal<N, L>()
  return {
    nodes: drawn,
    links: graph.links
      .map((l: SankeyLink<N, L>) => {
        const from = l.source as SankeyNode<N, L>
        const to = l.target as SankeyNode<N, L>
        return { link: { source: from.id, target: to.id, customers: l.customers }, from, to, path: path(l) ?? '', width: Math.max(1, l.width ?? 1) }
      })
      .sort((a, b) => a.from.period.localeCompare(b.from.period) || order(a.from.stage) - order(b.from.stage) || order(a.to.stage) - order(b.to.stage)),
  }
}
