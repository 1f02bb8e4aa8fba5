import { Alert, Checkbox, Group, SegmentedControl } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { AttributionModel, Cell, Credit } from '~/api/insights'
import { NumberTable, type NumberCell } from '~/charts/number-table'
import { RowBars } from '~/charts/row-bars'
import { minorDigits, useFormat } from '~/ui/format'
import { IconInfo } from '~/ui/icons'
import type { Drill, ViewProps } from './view'
import { useAttributionModel, useChannelName, useReasonOfModel } from './words'
import classes from './insights.module.css'

type Unit = 'conversions' | 'share' | 'value'
const id = (m: AttributionModel) => `${m.model}${m.order ?? ''}`

/** Conversions shared out among channels, by all models side by side. */
export default function AttributionView({ answer, onDrill, compact }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const modelName = useAttributionModel()
  const result = answer.result.attribution!
  const money = result.value !== undefined
  const currency = result.currency ?? f.currency
  const [unit, setUnit] = useState<Unit>('conversions')
  const able = result.models.filter((m) => !m.reason)
  const [hidden, setHidden] = useState<string[]>([])
  const shown = compact ? able.filter((m) => ['last_non_direct', 'linear', 'shapley'].includes(m.model)) : able.filter((m) => !hidden.includes(id(m)))
  return (
    <div className={classes.stack} style={compact ? { height: '100%' } : undefined}>
      {!compact && <Totals answer={answer} onDrill={onDrill} />}
      {!compact && (
        <div className={classes.controls}>
          <SegmentedControl
            size="xs"
            aria-label={t`What is shared out`}
            value={unit}
            onChange={(v) => setUnit(v as Unit)}
            data={[{ value: 'conversions', label: t`Conversions` }, { value: 'share', label: t`Shares` }, ...(money ? [{ value: 'value', label: currency }] : [])]}
          />
          <Checkbox.Group value={able.map(id).filter((x) => !hidden.includes(x))} onChange={(list) => list.length > 0 && setHidden(able.map(id).filter((x) => !list.includes(x)))}>
            <Group gap="6px 12px" role="group" aria-label={t`Models shown`}>
              {able.map((m) => (
                <Checkbox key={id(m)} size="xs" value={id(m)} label={modelName(m)} />
              ))}
            </Group>
          </Checkbox.Group>
        </div>
      )}
      <Models models={shown} unit={compact ? 'conversions' : unit} answer={answer} onDrill={onDrill} compact={compact} />
      {!compact && <Notes answer={answer} />}
      {!compact && <Removal answer={answer} onDrill={onDrill} />}
      {!compact && <TopPaths answer={answer} />}
    </div>
  )
}

/** What was shared out, and what was not. */
function Totals({ answer, onDrill }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const r = answer.result.attribution!
  const money = (minor: number) => f.money(minor, r.currency)
  const facts: [string, string, Cell?][] = [
    [t`Conversions`, f.int(r.conversions), { outcome: 'converted' }],
    [t`Customers who converted`, f.int(r.customers)],
    ...(r.value !== undefined ? [[t`Value, less refunds`, money(r.value)] as [string, string]] : []),
    ...(r.refunded ? [[t`Refunded`, money(r.refunded)] as [string, string]] : []),
    [t`Paths without conversion`, f.int(r.lost), { outcome: 'lost' }],
    ...(r.untouched ? [[t`Without any visit before`, f.int(r.untouched), { channel: '', outcome: 'converted' }] as [string, string, Cell]] : []),
    ...(r.unvalued ? [[t`Without a readable value`, f.int(r.unvalued)] as [string, string]] : []),
  ]
  return (
    <dl className={classes.facts}>
      {facts.map(([name, text, cell]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {cell && onDrill ? (
              <button type="button" className={classes.fact} aria-label={t`Who is behind this? ${name}, ${text}`} onClick={() => onDrill(cell, name)}>
                {text}
              </button>
            ) : (
              text
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** The channels by the models. The credits of a model sum to all conversions, and in money to the whole value. */
function Models({ models, unit, answer, onDrill, compact }: { models: AttributionModel[]; unit: Unit } & ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const modelName = useAttributionModel()
  const channelName = useChannelName()
  const r = answer.result.attribution!
  const currency = r.currency ?? f.currency
  const major = 10 ** minorDigits(currency)
  const channels = [...new Set(models.flatMap((m) => m.credits.map((c) => c.channel)))]
  const valueOf = (c: Credit) => (unit === 'value' ? (c.value ?? null) : unit === 'share' ? c.share : c.conversions)
  const text = (n: number | null) => (n === null ? '–' : unit === 'value' ? f.money(n, currency) : unit === 'share' ? f.percent(n) : f.decimal(n, 1))
  const most = Math.max(...models.flatMap((m) => m.credits.flatMap((c) => [valueOf(c) ?? 0, unit === 'conversions' ? (c.high ?? 0) : unit === 'share' ? (c.high ?? 0) / Math.max(1, r.conversions) : 0])), 1e-9)
  const cellOf = (m: AttributionModel, channel: string): NumberCell => {
    const c = m.credits.find((x) => x.channel === channel)
    if (!c) return { text: '–', value: null }
    const value = valueOf(c)
    const per = unit === 'share' ? Math.max(1, r.conversions) : 1
    const interval = unit !== 'value' && c.low !== undefined && c.high !== undefined ? { low: c.low / per / most, high: c.high / per / most, note: t`95 % interval ${text(c.low / per)} to ${text(c.high / per)}` } : {}
    // First and last touch give whole conversions, so there the people are exact; elsewhere all whose path has the channel.
    const outcome = m.model === 'first' ? 'first' : m.model === 'last' ? 'last' : 'converted'
    const what = outcome === 'first' ? t`begins with ${channelName(channel)}` : outcome === 'last' ? t`ends with ${channelName(channel)}` : t`path has ${channelName(channel)}`
    return { text: text(value), value: value === null ? null : unit === 'value' ? value / major : value, bar: Math.max(0, value ?? 0) / most, ...interval, ...(onDrill ? { onOpen: () => onDrill({ channel, outcome }, what) } : {}) }
  }
  const sum = (m: AttributionModel): NumberCell => {
    const n = m.credits.reduce((a, c) => a + (valueOf(c) ?? 0), 0)
    return { text: text(n), value: unit === 'value' ? n / major : n }
  }
  const kept = (m: AttributionModel) => (m.p === undefined ? undefined : t`${f.percent(m.p)} of paths convert`)
  return (
    <NumberTable
      label={t`Channels by models`}
      file="attribution"
      corner={t`Channel`}
      compact={compact}
      columns={models.map((m) => ({ key: id(m), name: modelName(m), head: modelName(m), sub: compact ? undefined : kept(m) }))}
      rows={channels.map((channel) => ({ key: channel || '-', name: channelName(channel), head: channelName(channel), cells: models.map((m) => cellOf(m, channel)) }))}
      total={{ key: 'sum', name: t`Sum`, head: t`Sum`, cells: models.map(sum) }}
    />
  )
}

/** By which rules the numbers were made, which models could say nothing, and that none speaks of causes. */
function Notes({ answer }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const modelName = useAttributionModel()
  const reasonOf = useReasonOfModel()
  const r = answer.result.attribution!
  const span = (micros: number) => f.seconds(micros / 1e6)
  const refused = r.models.filter((m) => m.reason)
  const drawn = Math.max(0, ...r.models.map((m) => m.resamples))
  return (
    <>
      <Alert color="blue" variant="light" icon={<IconInfo size={18} />}>
        {t`No model says what caused a conversion. Each only shares it out among the visits before it, by its own rule. Where the models agree, the choice between them matters little; only an experiment tells what a channel brings.`}
      </Alert>
      {refused.length > 0 && (
        <ul className={classes.plain}>
          {refused.map((m) => (
            <li key={id(m)}>
              <strong>{modelName(m)}</strong>: {reasonOf(m.reason!)}
            </li>
          ))}
        </ul>
      )}
      <p className={classes.note}>
        {t`Visits up to ${span(r.rule.look_back)} before a conversion count; a pause of ${span(r.rule.gap)} ends a visit.`} {r.rule.direct === 'ignored' ? t`Direct visits count only where there are no others.` : t`Direct visits count like any other channel.`} {r.rule.reset ? t`A conversion begins a new path.` : t`A path goes on behind a conversion.`} {t`Time decay halves every ${span(r.rule.half_life)}.`}{' '}
        {drawn > 0 && t`The thin lines are 95 % intervals by ${f.int(drawn)} draws of the paths.`}
      </p>
    </>
  )
}

/** Of the Markov chains: how many conversions would be lost if a channel led nowhere. */
function Removal({ answer, onDrill }: { answer: ViewProps['answer']; onDrill?: Drill }) {
  const { t } = useLingui()
  const f = useFormat()
  const channelName = useChannelName()
  const chains = answer.result.attribution!.models.filter((m) => m.model === 'markov' && !m.reason)
  const [order, setOrder] = useState<number>()
  const chain = chains.find((m) => m.order === order) ?? chains[0]
  if (!chain) return null
  const credits = chain.credits.filter((c) => c.removal !== undefined).sort((a, b) => b.removal! - a.removal!)
  const most = Math.max(...credits.map((c) => c.removal!), 1e-9)
  return (
    <section className={classes.stack} aria-label={t`Removal effects`}>
      <h3 className={classes.subhead}>{t`Removal effects`}</h3>
      <RowBars
        label={t`Removal effects`}
        file="removal"
        scale={{ kind: 'linear', max: most }}
        rows={credits.map((c) => ({ key: c.channel || '-', label: channelName(c.channel), name: channelName(c.channel), value: c.removal!, text: f.percent(c.removal!) }))}
        table={{ head: [t`Channel`, t`Conversions lost without it`], formats: [undefined, (n) => f.percent(n)], rows: credits.map((c) => [channelName(c.channel), c.removal!]) }}
        extra={chains.length > 1 && <SegmentedControl size="xs" aria-label={t`Order of the chain`} value={String(chain.order)} onChange={(v) => setOrder(Number(v))} data={chains.map((m) => ({ value: String(m.order), label: t`Order ${m.order ?? 1}` }))} />}
        onOpen={onDrill && ((i) => credits[i] && onDrill({ channel: credits[i].channel, outcome: 'converted' }, t`path has ${channelName(credits[i].channel)}`))}
      />
      <p className={classes.note}>{t`In the chain, the share of all conversions that would be lost if every visit of a channel led nowhere. The effects add up to more than the whole, since a path has several channels.`}</p>
    </section>
  )
}

function TopPaths({ answer }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const channelName = useChannelName()
  const r = answer.result.attribution!
  if (r.paths.length === 0) return null
  const major = 10 ** minorDigits(r.currency ?? f.currency)
  return (
    <section className={classes.stack} aria-label={t`The commonest paths`}>
      <h3 className={classes.subhead}>{t`The commonest paths`}</h3>
      <NumberTable
        label={t`The commonest paths`}
        file="channel-paths"
        corner={t`Path`}
        tall
        columns={[{ key: 'n', name: t`Conversions`, head: t`Conversions` }, { key: 'lost', name: t`Without conversion`, head: t`Without conversion` }, { key: 'share', name: t`Share that converts`, head: t`Share that converts` }, ...(r.value !== undefined ? [{ key: 'value', name: t`Value`, head: t`Value` }] : [])]}
        rows={r.paths.map((p) => {
          const name = p.path.map(channelName).join(' → ') || t`(no visit before)`
          const all = p.conversions + p.lost
          return { key: p.path.join('\0'), name, head: <span title={name}>{name}</span>, cells: [{ text: f.int(p.conversions), value: p.conversions }, { text: f.int(p.lost), value: p.lost }, { text: all > 0 ? f.percent(p.conversions / all) : '–', value: all > 0 ? p.conversions / all : null }, ...(r.value !== undefined ? [{ text: f.money(p.value ?? 0, r.currency), value: (p.value ?? 0) / major }] : [])] }
        })}
      />
      {r.more_paths > 0 && <p className={classes.note}>{t`${f.int(r.more_paths)} more paths are rarer and not shown.`}</p>}
    </section>
  )
}
