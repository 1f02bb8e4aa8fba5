import { Button, Group } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { useFormat } from '~/ui/format'
import { IconDownload, IconTable } from '~/ui/icons'
import { ui } from '~/ui/page'
import { saveFile, toCsv } from './csv'
import classes from './charts.module.css'

export type ChartTable = { head: string[]; rows: (string | number)[][] }

/**
 * The frame of every chart: focusable, arrow keys move through its points and say each aloud, Enter opens one; the
 * same numbers as a table; and as a file.
 */
export function ChartFrame({ label, file, table, points, at, onAt, onOpen, extra, children }: { label: string; file: string; table: ChartTable; points: string[]; at: number | undefined; onAt: (at: number | undefined) => void; onOpen?: (at: number) => void; extra?: ReactNode; children: ReactNode }) {
  const { t } = useLingui()
  const [asTable, setAsTable] = useState(false)
  const [focused, setFocused] = useState(false)
  const onKey = (e: KeyboardEvent) => {
    const last = points.length - 1
    const move: Record<string, number> = { ArrowRight: (at ?? -1) + 1, ArrowDown: (at ?? -1) + 1, ArrowLeft: (at ?? 1) - 1, ArrowUp: (at ?? 1) - 1, Home: 0, End: last }
    const next = move[e.key]
    if (next !== undefined) {
      e.preventDefault()
      onAt(Math.max(0, Math.min(last, next)))
    } else if (e.key === 'Enter' && at !== undefined) onOpen?.(at)
    else if (e.key === 'Escape') onAt(undefined)
  }
  return (
    <div className={classes.frame}>
      <Group justify="space-between" gap="xs">
        <div>{extra}</div>
        <Group gap="xs">
        <Button size="compact-sm" variant="default" leftSection={<IconTable size={15} />} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? t`View as chart` : t`View as table`}
        </Button>
        <Button size="compact-sm" variant="default" leftSection={<IconDownload size={15} />} onClick={() => saveFile(`${file}.csv`, toCsv([table.head, ...table.rows]))}>
          CSV
        </Button>
        </Group>
      </Group>
      {asTable ? (
        <TableView label={label} table={table} />
      ) : (
        <>
          {/* One stop for the keyboard; the points inside are reached with the arrows. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div className={classes.plot} tabIndex={0} role="application" aria-roledescription={t`chart`} aria-label={`${label}. ${t`Use the arrow keys to move through the points.`}`} onKeyDown={onKey} onFocus={() => setFocused(true)} onBlur={() => (setFocused(false), onAt(undefined))}>
            {children}
          </div>
          {/* Spoken only while the chart is in use: a playing time-lapse must not talk all the time. */}
          <div className={classes.say} aria-live={focused ? 'polite' : 'off'}>
            {at === undefined ? '' : points[at]}
          </div>
        </>
      )}
    </div>
  )
}

function TableView({ label, table }: { label: string; table: ChartTable }) {
  const f = useFormat()
  return (
    <div className={`${ui.scroll} ${classes.tall}`} tabIndex={0} role="group" aria-label={label}>
      <table className={ui.table}>
        <thead>
          <tr>
            {table.head.map((h, i) => (
              <th key={h} scope="col" data-num={typeof table.rows[0]?.[i] === 'number' || undefined}>
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, k) => (
                <td key={k} data-num={typeof cell === 'number' || undefined}>
                  {typeof cell === 'number' ? f.int(cell) : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
