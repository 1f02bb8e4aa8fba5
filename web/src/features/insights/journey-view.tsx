import { SegmentedControl } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { JourneyPoint } from '~/api/insights'
import { NumberTable } from '~/charts/number-table'
import { RowBars } from '~/charts/row-bars'
import { useFormat } from '~/ui/format'
import type { ViewProps } from './view'
import { useValueLabel } from './words'
import classes from './insights.module.css'

/** The touchpoints in the order in which customers meet them, and the moves between them. */
export default function JourneyView({ answer, onDrill, compact }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const result = answer.result.journey!
  const model = answer.spec.journey!.stage
  const stageLabel = useValueLabel(model ? { by: 'stage', property: model } : undefined)
  const stages = (result.stages ?? []).filter((s) => s.points?.length)
  const [picked, setPicked] = useState(0)
  const stage = stages[Math.min(picked, stages.length - 1)]
  const names = usePointNames(stages.flatMap((s) => s.points ?? []))
  if (!stage) return null
  const points = stage.points ?? []
  const time = (micros: number) => f.seconds(micros / 1e6)
  const bars = (
    <RowBars
      label={t`Touchpoints of customers`}
      file="journey"
      compact={compact}
      scale={{ kind: 'linear', max: Math.max(...points.map((p) => p.share), 1e-9) }}
      rows={(compact ? points.slice(0, 12) : points).map((p) => ({ key: p.key, label: names(p.key), name: names(p.key), value: p.share, text: f.percent(p.share), sub: f.int(p.customers) }))}
      table={{ head: [t`Touchpoint`, t`Channel`, t`Customers`, t`Share`], formats: [undefined, undefined, f.int, (n) => f.percent(n)], rows: points.map((p) => [names(p.key), p.channel ?? '', p.customers, p.share]) }}
      onOpen={onDrill && ((i) => points[i] && onDrill({ node: points[i].key, outcome: 'reached' }, t`passed ${names(points[i].key)}`))}
    />
  )
  if (compact) return bars
  const open = (p: JourneyPoint, outcome: 'reached' | 'dropped' | 'pending', what: string) => (onDrill ? { onOpen: () => onDrill({ node: p.key, outcome }, what) } : {})
  return (
    <div className={classes.stack}>
      {stages.length > 1 && (
        <div style={{ overflowX: 'auto' }}>
          <SegmentedControl size="xs" aria-label={t`Stage`} value={String(Math.min(picked, stages.length - 1))} onChange={(v) => setPicked(Number(v))} data={stages.map((s, i) => ({ value: String(i), label: `${stageLabel(s.stage)} · ${f.compact(s.customers)}` }))} />
        </div>
      )}
      {bars}
      <NumberTable
        label={t`Touchpoints in numbers`}
        file="touchpoints"
        corner={t`Touchpoint`}
        tall
        columns={[
          { key: 'position', name: t`Place`, head: t`Place` },
          { key: 'customers', name: t`Customers`, head: t`Customers` },
          { key: 'visits', name: t`Visits`, head: t`Visits` },
          { key: 'starts', name: t`Begin here`, head: t`Begin here` },
          { key: 'ended', name: t`Stayed away after it`, head: t`Stayed away after it` },
          { key: 'drop', name: t`Share that stayed away`, head: t`Share that stayed away` },
          { key: 'under', name: t`Still under way`, head: t`Still under way` },
          { key: 'before', name: t`Median time since the one before`, head: t`Median time since the one before` },
        ]}
        rows={points.map((p) => {
          const name = names(p.key)
          return {
            key: p.key,
            name,
            head: (
              <span title={name}>
                {name} {p.channel && <small className={classes.channel}>{p.channel}</small>}
              </span>
            ),
            cells: [
              { text: f.decimal(p.position, 1), value: p.position },
              { text: f.int(p.customers), value: p.customers, ...open(p, 'reached', t`passed ${name}`) },
              { text: f.int(p.visits), value: p.visits },
              { text: f.int(p.starts), value: p.starts },
              { text: f.int(p.ended), value: p.ended, ...(p.ended > 0 ? open(p, 'dropped', t`stayed away after ${name}`) : {}) },
              { text: f.percent(p.drop_off), value: p.drop_off, bar: p.drop_off },
              { text: f.int(p.under_way), value: p.under_way, ...(p.under_way > 0 ? open(p, 'pending', t`last seen at ${name}`) : {}) },
              { text: p.before ? time(p.before.median) : '–', value: p.before ? p.before.median / 1e6 : null, note: p.before ? (p.before.percentiles ?? []).map((x) => t`${f.decimal(x.percent)} % within ${time(x.value)}`).join(', ') : undefined },
            ],
          }
        })}
      />
      <Moves answer={answer} onDrill={onDrill} names={names} />
      <p className={classes.note}>
        {t`${f.int(result.customers)} customers passed any touchpoint. They are listed in the order in which customers meet them first; “place” is the median. Repeats of one touchpoint are one visit. Who has been silent for ${time(result.quiet)} stayed away; who came later than that is still under way.`}
      </p>
    </div>
  )
}

function Moves({ answer, onDrill, names }: Pick<ViewProps, 'answer' | 'onDrill'> & { names: (key: string) => string }) {
  const { t } = useLingui()
  const f = useFormat()
  const result = answer.result.journey!
  const moves = result.moves ?? []
  if (moves.length === 0) return null
  const time = (micros: number) => f.seconds(micros / 1e6)
  return (
    <section className={classes.stack} aria-label={t`The commonest moves`}>
      <h3 className={classes.subhead}>{t`The commonest moves`}</h3>
      <NumberTable
        label={t`The commonest moves`}
        file="moves"
        corner={t`From → to`}
        tall
        columns={[
          { key: 'customers', name: t`Customers`, head: t`Customers` },
          { key: 'share', name: t`Of those at the start`, head: t`Of those at the start` },
          { key: 'times', name: t`Times`, head: t`Times` },
          { key: 'time', name: t`Median time`, head: t`Median time` },
        ]}
        rows={moves.map((m) => {
          const name = `${names(m.from)} → ${names(m.to)}`
          return {
            key: `${m.from}\0${m.to}`,
            name,
            head: <span title={name}>{name}</span>,
            cells: [
              { text: f.int(m.customers), value: m.customers, ...(onDrill ? { onOpen: () => onDrill({ node: m.from, next: m.to }, name) } : {}) },
              { text: f.percent(m.share), value: m.share, bar: m.share },
              { text: f.int(m.times), value: m.times },
              { text: m.time ? time(m.time.median) : '–', value: m.time ? m.time.median / 1e6 : null },
            ],
          }
        })}
      />
      {result.more_moves > 0 && <p className={classes.note}>{t`${f.int(result.more_moves)} more moves are rarer and not shown.`}</p>}
    </section>
  )
}

/** Names of touchpoints by key: the built-in ones in words, own ones as they are called. */
function usePointNames(points: JourneyPoint[]): (key: string) => string {
  const { t } = useLingui()
  const words: Record<string, string> = {
    Page: t`Page`,
    Screen: t`Screen`,
    Promotion: t`Promotion`,
    'Sign-up': t`Sign-up`,
    Search: t`Search`,
    'Product list': t`Product list`,
    Product: t`Product`,
    Wishlist: t`Wishlist`,
    Cart: t`Cart`,
    Checkout: t`Checkout`,
    Order: t({ message: 'Order', context: 'purchase' }),
    Refund: t`Refund`,
    'E-mail opened': t`E-mail opened`,
    'E-mail clicked': t`E-mail clicked`,
    'SMS clicked': t`SMS clicked`,
    'Push tapped': t`Push tapped`,
    Support: t`Support`,
    Survey: t`Survey`,
    Review: t`Review`,
    Recommendation: t`Recommendation`,
    Reward: t`Reward`,
    'Store visit': t`Store visit`,
  }
  const byKey = new Map(points.map((p) => [p.key, p.name]))
  return (key) => {
    const name = byKey.get(key) ?? key
    const [base] = Object.keys(words).filter((w) => name === w || name.startsWith(`${w} /`)).sort((a, b) => b.length - a.length)
    return base ? words[base]! + name.slice(base.length) : name
  }
}
