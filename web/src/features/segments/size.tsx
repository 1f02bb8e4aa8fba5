import { SegmentedControl } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { type Segment, segments, type SizePeriod } from '~/api/segments'
import { BarChart } from '~/charts/bars'
import { LineChart } from '~/charts/lines'
import { useFormat } from '~/ui/format'
import { IconHistory } from '~/ui/icons'
import { Card, Empty, Loaded } from '~/ui/page'
import { PeriodPicker, usePeriod } from '~/ui/pickers'
import classes from './segments.module.css'

type Interval = 'day' | 'week' | 'month'

/** How many were in the segment, and how many entered and left, day by day. */
export default function Size({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  const period = usePeriod('90d')
  const [interval, setInterval] = useState<Interval>()
  const days = (new Date(period.to).getTime() - new Date(period.from).getTime()) / 86_400_000
  const unit: Interval = interval ?? (days > 200 ? 'week' : 'day')
  const query = useQuery(segments.history(s.id, { from: period.from, to: period.to, interval: unit }))
  return (
    <div className={classes.left}>
      <div className={classes.tools}>
        <PeriodPicker fallback="90d" />
        <SegmentedControl size="xs" aria-label={t`Interval`} value={unit} onChange={(v) => setInterval(v as Interval)} data={[{ value: 'day', label: t`by day` }, { value: 'week', label: t`by week` }, { value: 'month', label: t`by month` }]} />
      </div>
      <Loaded query={query} height={380}>
        {(periods) => (periods.length === 0 ? <Card><Empty icon={<IconHistory size={22} />} title={t`No history in this period`}>{t`The size is known from the moment that the segment was made, and as far back as its condition could be computed.`}</Empty></Card> : <Charts segment={s} periods={periods} unit={unit} />)}
      </Loaded>
    </div>
  )
}

function Charts({ segment: s, periods, unit }: { segment: Segment; periods: SizePeriod[]; unit: Interval }) {
  const { t } = useLingui()
  const f = useFormat()
  const xs = useMemo(() => {
    const now = Date.now()
    return periods.map((p) => ({ label: unit === 'month' ? f.monthYear(p.start) : f.dayMonth(p.start), long: unit === 'day' ? f.longDate(p.start) : `${f.date(p.start)} – ${f.date(new Date(new Date(p.end).getTime() - 1))}`, incomplete: new Date(p.end).getTime() > now }))
  }, [periods, unit, f])
  const sum = (key: 'entered' | 'left') => periods.reduce((n, p) => n + p[key], 0)
  return (
    <>
      <Card title={t`Customers in the segment`}>
        <LineChart label={t`Size of ${s.name}`} file={`segment-${s.key}`} xHead={t`Period`} xs={xs} area whole axisFormat={f.compact} height={270} lines={[{ key: 'size', label: t`Customers`, slot: 0, values: periods.map((p) => p.size), format: f.int }]} />
      </Card>
      <Card title={t`Entered and left`}>
        <BarChart label={t`Who entered and left ${s.name}`} file={`segment-${s.key}-moves`} xHead={t`Period`} xs={xs} whole axisFormat={(n) => f.compact(Math.abs(n))} height={230} series={[
          { key: 'entered', label: t`Entered`, slot: 2, values: periods.map((p) => p.entered), format: f.int, total: f.int(sum('entered')) },
          { key: 'left', label: t`Left`, slot: 1, hatched: true, values: periods.map((p) => -p.left), format: (n) => f.int(Math.abs(n)), total: f.int(sum('left')) },
        ]} note={(x) => t`net ${f.signed((periods[x]?.entered ?? 0) - (periods[x]?.left ?? 0))}`} />
      </Card>
    </>
  )
}
