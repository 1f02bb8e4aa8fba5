import { useLingui } from '@lingui/react/macro'
import { useMemo } from 'react'
import { PathsChart } from '~/charts/paths-chart'
import type { PathData } from '~/charts/paths'
import { useFormat } from '~/ui/format'
import type { ViewProps } from './view'
import classes from './insights.module.css'

/** The ways that visits took, from item to item. */
export default function PathsView({ answer, onDrill, compact, height }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const result = answer.result.paths!
  const data: PathData = useMemo(
    () => ({
      nodes: result.nodes.map((n) => ({ id: n.key, position: n.position, name: n.item, count: n.in, drop: n.drop_off })),
      links: result.edges.map((e) => ({ source: e.from, target: e.to, count: e.paths })),
    }),
    [result],
  )
  const item = (key: string) => key.slice(key.indexOf('_') + 1)
  const step = (key: string) => key.slice(0, key.indexOf('_'))
  const least = Math.max(...[...new Set(data.nodes.map((n) => n.position))].map((p) => data.nodes.filter((n) => n.position === p).length))
  const more = [result.more_nodes > 0 ? t`${f.int(result.more_nodes)} places` : '', result.more_edges > 0 ? t`${f.int(result.more_edges)} connections` : ''].filter(Boolean).join(', ')
  return (
    <div className={classes.stack}>
      <PathsChart
        label={t`Paths`}
        file="paths"
        data={data}
        compact={compact}
        height={compact ? height : Math.min(760, Math.max(420, 34 * least))}
        onOpen={
          onDrill &&
          ((what) => {
            if ('source' in what) onDrill({ node: what.source, next: what.target }, t`from ${item(what.source)} to ${item(what.target)} at step ${step(what.target)}`)
            else if ('drop' in what) onDrill({ node: what.drop, outcome: 'dropped' }, t`went no further than ${item(what.drop)} at step ${step(what.drop)}`)
            else onDrill({ node: what.node, outcome: 'reached' }, t`came to ${item(what.node)} at step ${step(what.node)}`)
          })
        }
      />
      {!compact && (
        <>
          <p className={classes.note}>
            {t`${f.int(result.paths)} paths of ${f.int(result.customers)} customers; one visit is one path. The hatched foot of a place is who went no further.`} {more && t`Not shown, since they are rare: ${more}.`}
          </p>
        </>
      )}
    </div>
  )
}
