import { SegmentedControl, Select } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { q } from '~/api'
import { type CompositionGroup, type Segment, segments } from '~/api/segments'
import { type ChartTable, ChartFrame } from '~/charts/frame'
import { look } from '~/charts/palette'
import { useFormat } from '~/ui/format'
import { Card, Dim, Empty, Loaded } from '~/ui/page'
import { useStages } from '~/ui/stage-colors'
import classes from './segments.module.css'

/** Members by stage or by a trait, beside all customers: what is more common here than elsewhere. */
export default function Composition({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  const [by, setBy] = useState<'stage' | 'trait'>('stage')
  const [trait, setTrait] = useState<string>()
  const traits = useQuery(q.traitNames())
  const models = useQuery(q.models())
  const [model, setModel] = useState('')
  const chosen = trait ?? traits.data?.[0]?.name ?? ''
  const name = by === 'trait' ? chosen : model
  const query = useQuery({ ...segments.composition(s.id, by, name), enabled: by === 'stage' || chosen !== '' })
  return (
    <div className={classes.left}>
      <div className={classes.tools}>
        <SegmentedControl size="xs" aria-label={t`Compare by`} value={by} onChange={(v) => setBy(v as 'stage' | 'trait')} data={[{ value: 'stage', label: t`By stage` }, { value: 'trait', label: t`By trait` }]} />
        {by === 'trait' && <Select size="xs" aria-label={t`Trait`} searchable allowDeselect={false} data={(traits.data ?? []).map((x) => x.name)} value={chosen || null} onChange={(v) => setTrait(v ?? undefined)} />}
        {by === 'stage' && (models.data?.length ?? 0) > 1 && <Select size="xs" aria-label={t`Stage model`} allowDeselect={false} data={models.data!.map((m) => ({ value: m.is_default ? '' : m.key, label: m.name }))} value={model} onChange={(v) => setModel(v ?? '')} />}
      </div>
      <Card>
        <Loaded query={query} height={300}>
          {(groups) => (groups.length === 0 || s.size === 0 ? <Empty title={t`Nobody to compare yet`}>{t`The comparison appears once somebody is in the segment.`}</Empty> : <Bars segment={s} groups={groups} by={by} model={model} head={by === 'stage' ? t`Stage` : chosen} />)}
        </Loaded>
      </Card>
    </div>
  )
}

function Bars({ segment: s, groups, by, model, head }: { segment: Segment; groups: CompositionGroup[]; by: 'stage' | 'trait'; model: string; head: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const models = useQuery(q.models())
  const stageOf = useStages(models.data?.find((m) => (model ? m.key === model : m.is_default)))
  const [at, setAt] = useState<number>()
  const members = groups.reduce((n, g) => n + g.members, 0)
  const population = groups.reduce((n, g) => n + g.population, 0)
  const rows = groups.map((g) => {
    const here = members > 0 ? g.members / members : 0
    const all = population > 0 ? g.population / population : 0
    const label = g.missing ? (by === 'stage' ? t`in no stage` : t`not known`) : g.rest ? t`all others` : by === 'stage' ? stageOf(g.value).label : g.value
    return { label, members: g.members, here, all, index: all > 0 ? here / all : null }
  })
  const most = Math.max(...rows.map((r) => Math.max(r.here, r.all)), 0.0001)
  const times = (n: number | null) => (n === null ? '–' : t`${f.decimal(n, n < 10 ? 1 : 0)} times`)
  const say = (i: number) => {
    const r = rows[i]
    return r ? `${r.label}: ${t`${f.percent(r.here)} here, ${f.percent(r.all)} of all customers`}, ${times(r.index)}` : ''
  }
  const table: ChartTable = { head: [head, t`Members`, t`Share here`, t`Share of all`, t`Times as common`], rows: rows.map((r) => [r.label, r.members, r.here, r.all, r.index]), formats: [undefined, f.int, f.percent, f.percent, (n) => f.decimal(n, 2)] }
  return (
    <ChartFrame label={t`${s.name} by ${head}, beside all customers`} file={`segment-${s.key}-composition`} table={table} points={{ length: rows.length, say }} at={at} onAt={setAt} extra={<Legend />}>
      <ul className={classes.compo} aria-hidden>
        {rows.map((r, i) => (
          <li key={i} className={classes.compoRow} style={{ opacity: at !== undefined && at !== i ? 0.5 : 1 }}>
            <span title={r.label}>{r.label}</span>
            <span className={classes.bars}>
              <span style={{ width: `${(100 * r.here) / most}%`, background: look(0).color }} />
              <span style={{ width: `${(100 * r.all) / most}%`, background: 'var(--app-border-strong)' }} />
            </span>
            <span className={classes.compoNumbers}>
              <span>
                {f.percent(r.here)} <Dim size="xs">/ {f.percent(r.all)}</Dim>
              </span>
              <span className={classes.index} data-over={r.index === null || (r.index > 0.8 && r.index < 1.25) ? undefined : r.index >= 1.25}>
                {r.index === null ? '–' : r.members === 0 ? t`nobody here` : `${r.index >= 1.25 ? '▲ ' : r.index <= 0.8 ? '▼ ' : ''}×${f.decimal(r.index, r.index < 10 ? 1 : 0)}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </ChartFrame>
  )
}

function Legend() {
  const { t } = useLingui()
  const box = (background: string) => <span style={{ display: 'inline-block', width: 12, height: 9, borderRadius: 3, background, marginInlineEnd: 6 }} aria-hidden />
  return (
    <span style={{ fontSize: '0.8rem', display: 'inline-flex', gap: 16, flexWrap: 'wrap' }}>
      <span>
        {box(look(0).color)}
        {t`in this segment`}
      </span>
      <span>
        {box('var(--app-border-strong)')}
        {t`of all customers`}
      </span>
      <Dim size="xs">{t`× tells how many times as common it is here`}</Dim>
    </span>
  )
}
