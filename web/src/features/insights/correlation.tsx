import { Button, MultiSelect, Progress, Skeleton, Switch, TagsInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { q } from '~/api'
import { type CorrelateOptions, type Factor, insights, type Spec } from '~/api/insights'
import { RowBars } from '~/charts/row-bars'
import { ratioScale } from '~/charts/rows'
import { ErrorBox } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { useKindName } from '~/ui/names'
import { Empty } from '~/ui/page'
import { useValueLabel } from './words'
import classes from './insights.module.css'

/** What goes with conversion in a funnel: what else customers did, and what they were. */
export default function Correlation({ spec }: { spec: Spec }) {
  const { t } = useLingui()
  const [events, setEvents] = useState(true)
  const [traits, setTraits] = useState<string[]>([])
  const [properties, setProperties] = useState<string[]>([])
  const [asked, setAsked] = useState<CorrelateOptions>()
  const traitNames = useQuery(q.traitNames())
  const event = spec.funnel!.steps[0]?.event ?? ''
  const propertyNames = useQuery({ ...q.propertyNames(event), enabled: event !== '' })
  const options: CorrelateOptions = { ...(events ? { events } : {}), ...(traits.length ? { traits } : {}), ...(properties.length ? { properties } : {}) }
  const nothing = !events && traits.length + properties.length === 0
  return (
    <div className={classes.stack}>
      <div className={classes.two}>
        <MultiSelect size="xs" label={t`Traits at step 1`} searchable clearable clearButtonProps={{ 'aria-label': t`Clear` }} maxValues={10} data={[...new Set((traitNames.data ?? []).map((x) => x.name))]} value={traits} onChange={setTraits} />
        <TagsInput size="xs" label={t`Properties of the event of step 1`} maxTags={10} data={[...new Set((propertyNames.data ?? []).map((x) => x.name))]} value={properties} onChange={setProperties} />
      </div>
      <div className={classes.controls}>
        <Switch size="sm" label={t`Other events between step 1 and the conversion`} checked={events} onChange={(e) => setEvents(e.currentTarget.checked)} />
        <Button size="xs" data-run="correlation" disabled={nothing} onClick={() => setAsked(options)}>{t`Try`}</Button>
      </div>
      {asked && <Factors spec={spec} options={asked} />}
    </div>
  )
}

const shownAtFirst = 20
/** Events that have no name go by their kind. */
const unnamed = ['identify', 'page', 'screen', 'group', 'alias']

function Factors({ spec, options }: { spec: Spec; options: CorrelateOptions }) {
  const { t } = useLingui()
  const f = useFormat()
  const kindName = useKindName()
  const valueLabel = useValueLabel()
  const query = useQuery(insights.correlate(spec, options))
  const [all, setAll] = useState(false)
  if (query.isError) return <ErrorBox error={query.error} retry={() => void query.refetch()} />
  if (!query.data) {
    return (
      <>
        <Progress value={100} animated size="xs" aria-label={t`Reading the timeline`} />
        <Skeleton height={200} />
      </>
    )
  }
  const r = query.data
  const factors = all ? r.factors : r.factors.slice(0, shownAtFirst)
  const name = (x: Factor) => {
    if (x.kind === 'event') return unnamed.includes(x.name) ? kindName(x.name) : x.name || kindName('page')
    return `${x.name}: ${x.value ? valueLabel(x.value) : ''}`
  }
  const odds = (n: number) => (n >= 1000 ? '> 1000' : n > 0 && n < 0.001 ? '< 0.001' : f.decimal(n, 2))
  const times = (n: number) => (n >= 1000 ? '> × 1000' : n > 0 && n < 0.001 ? '< × 0.001' : `× ${f.decimal(n, 2)}`)
  const rate = (n: number) => (n < 0.001 ? t`below 0.1 %` : f.percent(n))
  const interval = (x: Factor) => t`95 % interval ${odds(x.low)} to ${odds(x.high)}`
  if (r.factors.length === 0)
    return (
      <div data-nothing="correlation">
        <Empty title={t`Nothing to compare`}>{t`Nothing else was done or known often enough: each factor needs at least 10 customers.`}</Empty>
      </div>
    )
  return (
    <>
      <RowBars
        label={t`What goes with conversion`}
        file="correlation"
        scale={ratioScale(factors.flatMap((x) => [x.odds, ...(x.rate < 0.05 ? [x.low, x.high] : [])]))}
        rows={factors.map((x, i) => ({ key: String(i), label: name(x), name: name(x), value: x.odds, low: x.low, high: x.high, text: times(x.odds), sub: t`chance find ${rate(x.rate)}`, slot: x.odds >= 1 ? 0 : 1, weak: x.rate >= 0.05 }))}
        says={(i) => {
          const x = factors[i]!
          return [t`${name(x)}: odds × ${odds(x.odds)}`, interval(x), t`chance find ${rate(x.rate)}`, x.rate >= 0.05 ? t`not sure` : ''].filter(Boolean).join(', ')
        }}
        table={{
          head: [t`Factor`, t`Odds of conversion with it`, t`Low`, t`High`, t`p`, t`Chance find`, t`Converted with it`, t`Dropped with it`],
          formats: [undefined, odds, odds, odds, (n) => f.decimal(n, 4), rate, f.int, f.int],
          rows: factors.map((x) => [name(x), x.odds, x.low, x.high, x.p, x.rate, x.converted, x.dropped]),
        }}
      />
      {r.factors.length > factors.length && (
        <Button size="compact-sm" variant="subtle" style={{ justifySelf: 'start' }} onClick={() => setAll(true)}>
          {t`Show all ${f.int(r.factors.length)}`}
        </Button>
      )}
      <p className={classes.note}>
        {t`Compared are ${f.int(r.converted)} who converted with ${f.int(r.dropped)} who did not; ${f.int(r.pending)} who still have time are left out. ${f.int(r.tried)} factors were tried.`} {t`× 2 means that the odds of conversion are twice as high with it as without it. “Chance find” is the share of false discoveries to expect if this and all surer factors are believed; pale bars are 5 % or more.`}
      </p>
      <p className={classes.note}>
        <strong>{t`None of this is a cause.`}</strong> {t`Who wants to buy does other things too, and who converts early has had less time to do anything else. Only an experiment tells what helps.`}
      </p>
    </>
  )
}
