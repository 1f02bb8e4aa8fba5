import { NativeSelect, SegmentedControl } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { RetentionCell } from '~/api/insights'
import { type HeatRow, HeatTable } from '~/charts/heat'
import { LineChart } from '~/charts/lines'
import { useFormat } from '~/ui/format'
import { bracketText } from './draft'
import type { ViewProps } from './view'
import { useBuckets, useValueLabel } from './words'
import classes from './insights.module.css'

/** Who came back: a table of shares, and the curve of their average. */
export function RetentionView({ answer, onDrill, compact, height }: ViewProps) {
  const { t } = useLingui()
  const f = useFormat()
  const buckets = useBuckets()
  const [form, setForm] = useState<'table' | 'curve'>('table')
  const [picked, setPicked] = useState(0)
  const spec = answer.spec.retention!
  const valueLabel = useValueLabel(spec.breakdown)
  const result = answer.result.retention!
  const groups = result.groups ?? []
  const at = Math.min(picked, groups.length - 1)
  const group = groups[at]
  const unit = { day: t`day`, week: t`week`, month: t`month` }[result.unit]
  const columns = result.columns.map(bracketText)
  const value = !!spec.property
  const xs = buckets(result.buckets, result.unit)
  const cell = (c: RetentionCell) => ({ size: c.size, returned: c.returned, share: value ? (c.kept ?? null) : c.share, incomplete: c.incomplete, ...(value ? { text: c.kept === null || c.kept === undefined ? '–' : f.percent(c.kept) } : {}) })
  if (!group) return <p className={classes.note}>{t`Nobody did the start event in this range.`}</p>
  const rows: HeatRow[] = [
    { key: 'average', label: t`Average`, size: group.rows.reduce((a, r) => a + (r[0]?.size ?? 0), 0), cells: group.average.map(cell), average: true },
    ...group.rows.map((r, i) => ({ key: String(result.buckets[i]?.start ?? i), label: xs[i]?.long ?? '', size: r[0]?.size ?? 0, cells: r.map(cell) })),
  ]
  const head = t`Began in the ${unit}`
  const extra = !compact && (
    <div className={classes.controls}>
      <SegmentedControl
        size="xs"
        aria-label={t`How to draw it`}
        value={form}
        onChange={(v) => setForm(v as 'table' | 'curve')}
        data={[
          { value: 'table', label: t`Table` },
          { value: 'curve', label: t`Curve` },
        ]}
      />
      {groups.length > 1 && form === 'table' && <NativeSelect size="xs" aria-label={t`Value`} data={groups.map((g, i) => ({ value: String(i), label: valueLabel(g.value) }))} value={String(at)} onChange={(e) => setPicked(Number(e.currentTarget.value))} />}
    </div>
  )
  const label = value ? t`Retention of ${spec.property!}` : t`Retention`
  return (
    <div className={classes.stack}>
      {form === 'table' ? (
        <HeatTable
          label={label}
          file="retention"
          head={head}
          sizeHead={t`Customers`}
          columns={columns.map((c) => `${unit} ${c}`)}
          rows={compact ? rows.slice(0, 8) : rows}
          extra={extra}
          compact={compact}
          onOpen={onDrill && ((row, column) => row > 0 && onDrill({ row: row - 1, column: Math.max(0, column), outcome: column < 0 ? 'size' : 'returned', ...(spec.breakdown ? { value: group.value } : {}) }, column < 0 ? rows[row]!.label : t`${rows[row]!.label}, back in ${unit} ${columns[column]!}`))}
        />
      ) : (
        <LineChart
          label={t`${label}, average`}
          file="retention-curve"
          xHead={unit}
          xs={columns.map((c) => ({ label: c, long: `${unit} ${c}` }))}
          lines={groups.map((g, i) => ({ key: `${g.value.text}${g.value.none}${g.value.other}`, label: groups.length > 1 ? valueLabel(g.value) : t`Average`, slot: i, values: columns.map((_, k) => { const c = g.average[k]; return c ? (value ? (c.kept ?? null) : c.share) : null }), format: (n) => f.percent(n) }))}
          axisFormat={(n) => f.percent(n, 0)}
          top={value ? undefined : 1}
          extra={extra}
          height={height}
        />
      )}
      {!compact && <p className={classes.note}>{t`* and hatching: this period still runs, so the number will grow. Averages leave it out.`} {spec.on_or_after ? t`Back means: in this period or later.` : t`Back means: in exactly this period.`}</p>}
    </div>
  )
}
