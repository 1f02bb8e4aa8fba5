import { SegmentedControl } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import { BarChart } from '~/charts/bars'
import { useFormat } from '~/ui/format'
import type { ViewProps } from './view'
import { useBuckets, useEventLabel, useIntervalName } from './words'
import classes from './insights.module.css'

const states = ['returning', 'resurrecting', 'new', 'dormant'] as const

/** Who is new, stays, comes back or is lost, above and below the line. */
export function GrowthView({ answer, onDrill, compact, height }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const buckets = useBuckets()
  const eventLabel = useEventLabel()
  const result = answer.result.growth!
  const rows = result.rows ?? []
  const xs = buckets(rows, result.interval)
  const names = { new: t`New`, returning: t`Stayed`, resurrecting: t`Came back`, dormant: t`Became silent` }
  const ratio = (i: number) => {
    const r = rows[i]!.ratio
    return r === null ? '' : t`gained for each lost: ${f.decimal(r)}`
  }
  return (
    <div className={classes.stack}>
      <BarChart
        label={t`Growth of ${eventLabel(answer.spec.growth!)}`}
        file="growth"
        xHead={t`Time`}
        xs={xs}
        whole
        compact={compact}
        height={height}
        axisFormat={(n) => f.compact(Math.abs(n))}
        series={states.map((s, i) => ({ key: s, label: names[s], slot: [0, 2, 4, 1][i]!, hatched: s === 'resurrecting' || s === 'dormant', values: rows.map((r) => (s === 'dormant' ? -r[s] : r[s])), format: (n: number) => f.int(Math.abs(n)) }))}
        note={(i) => [t`${f.int(rows[i]!.active)} active`, ratio(i)].filter(Boolean).join(' · ')}
        more={[
          { head: t`Active`, values: rows.map((r) => r.active), format: f.int },
          { head: t`Gained for each lost`, values: rows.map((r) => r.ratio), format: (n) => f.decimal(n) },
        ]}
        onOpen={onDrill && ((s, bucket) => rows[bucket]![states[s]!] > 0 && onDrill({ bucket, state: states[s]! }, `${names[states[s]!]} · ${xs[bucket]!.long}`))}
      />
      {!compact && <p className={classes.note}>{t`Below the line: active in the period before, silent in this one. Active now = active before + new + came back − became silent.`}</p>}
    </div>
  )
}

/** On how many intervals customers came. */
export function StickinessView({ answer, onDrill, compact, height }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const intervalName = useIntervalName()
  const eventLabel = useEventLabel()
  const [more, setMore] = useState(false)
  const result = answer.result.stickiness!
  const bars = result.bars ?? []
  const unit = intervalName(result.interval)
  const value = (b: (typeof bars)[number]) => (more ? b.or_more : b.customers)
  const share = (n: number) => f.percent(result.customers > 0 ? n / result.customers : 0)
  const long = (n: number) => (more ? t`${n} or more (by ${unit})` : t`exactly ${n} (by ${unit})`)
  return (
    <div className={classes.stack}>
      <BarChart
        label={t`Stickiness of ${eventLabel(answer.spec.stickiness!)}`}
        file="stickiness"
        xHead={unit}
        xs={bars.map((b) => ({ label: String(b.intervals), long: long(b.intervals) }))}
        whole
        compact={compact}
        height={height}
        axisFormat={(n) => f.compact(n)}
        series={[{ key: 'customers', label: t`Customers`, slot: 0, values: bars.map(value), format: f.int }]}
        note={(i) => t`${share(value(bars[i]!))} of those who came`}
        extra={
          !compact && (
            <SegmentedControl
              size="xs"
              aria-label={t`How to count`}
              value={more ? 'more' : 'exact'}
              onChange={(v) => setMore(v === 'more')}
              data={[
                { value: 'exact', label: t`Exactly so many` },
                { value: 'more', label: t`So many or more` },
              ]}
            />
          )
        }
        onOpen={onDrill && ((_, i) => value(bars[i]!) > 0 && onDrill({ intervals: bars[i]!.intervals, or_more: more }, long(bars[i]!.intervals)))}
      />
      {!compact && <p className={classes.note}>{t`${f.int(result.customers)} customers came at least once in this range. The horizontal axis counts intervals: ${unit}.`}</p>}
    </div>
  )
}
