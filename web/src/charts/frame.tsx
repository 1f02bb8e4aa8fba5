import { ActionIcon, Button, Group, Tooltip } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { useFormat } from '~/ui/format'
import { IconDownload, IconTable } from '~/ui/icons'
import { ui } from '~/ui/page'
import { saveFile, toCsv } from './csv'
import classes from './charts.module.css'

type Cell = string | number | null
/** The numbers of a chart. formats writes the numbers of a column; without one they are counts. */
export type ChartTable = { head: string[]; rows: Cell[][]; formats?: (((n: number) => string) | undefined)[] }
/** What each point says aloud: as a list, or made when it is asked for, where there are thousands. */
export type Points = string[] | { length: number; say: (at: number) => string }

type Props = {
  label: string
  file: string
  table: ChartTable
  points: Points
  at: number | undefined
  onAt: (at: number | undefined) => void
  onOpen?: (at: number) => void
  /** Keys of the chart's own, asked first; true when the key was used. */
  onKeys?: (e: KeyboardEvent) => boolean
  /** How many points lie in a row: then up and down go from row to row. */
  across?: number
  /** What Enter does, for the help of the keyboard. */
  keyHelp?: string
  extra?: ReactNode
  /** On a tile: small tools without words. */
  compact?: boolean
  children: ReactNode
}

/**
 * The frame of every chart: focusable, arrow keys move through its points and say each aloud, Enter opens one; the
 * same numbers as a table; and as a file.
 */
export function ChartFrame({ label, file, table, points, at, onAt, onOpen, onKeys, across, keyHelp, extra, compact = false, children }: Props) {
  const { t } = useLingui()
  const [asTable, setAsTable] = useState(false)
  const [focused, setFocused] = useState(false)
  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return
    if (onKeys?.(e)) {
      e.preventDefault()
      return
    }
    const next = moved(e.key, at, points.length, across)
    if (next !== undefined) {
      e.preventDefault()
      onAt(next)
    } else if (e.key === 'Enter' && at !== undefined) onOpen?.(at)
    else if (e.key === 'Escape' && at !== undefined) onAt(undefined)
  }
  const say = at === undefined || at >= points.length ? '' : Array.isArray(points) ? points[at]! : points.say(at)
  const save = () => saveFile(`${file}.csv`, toCsv([table.head, ...table.rows]))
  const tableLabel = asTable ? t`View as chart` : t`View as table`
  const tools = compact ? (
    <Group gap={2}>
      <Tooltip label={tableLabel}>
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${tableLabel}: ${label}`} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          <IconTable size={15} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="CSV">
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`CSV: ${label}`} onClick={save}>
          <IconDownload size={15} />
        </ActionIcon>
      </Tooltip>
    </Group>
  ) : (
    <Group gap="xs">
      <Button size="compact-sm" variant="default" leftSection={<IconTable size={15} />} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
        {tableLabel}
      </Button>
      <Button size="compact-sm" variant="default" leftSection={<IconDownload size={15} />} onClick={save}>
        CSV
      </Button>
    </Group>
  )
  return (
    <div className={classes.frame} data-compact={compact || undefined}>
      <Group justify="space-between" gap="xs">
        <div>{extra}</div>
        {tools}
      </Group>
      {asTable ? (
        <TableView label={label} table={table} />
      ) : (
        <>
          {/* One stop for the keyboard; the points inside are reached with the arrows. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div className={classes.plot} tabIndex={0} role="application" aria-roledescription={t`chart`} aria-label={`${label}. ${t`Use the arrow keys to move through the points.`} ${keyHelp ?? ''}`} onKeyDown={onKey} onFocus={() => setFocused(true)} onBlur={() => (setFocused(false), onAt(undefined))}>
            {children}
          </div>
          {/* Spoken only while the chart is in use: a playing time-lapse must not talk all the time. */}
          <div className={classes.say} aria-live={focused ? 'polite' : 'off'}>
            {say}
          </div>
        </>
      )}
    </div>
  )
}

/** Where a key leads from a point; undefined when the key does not move. */
export function moved(key: string, at: number | undefined, length: number, across?: number): number | undefined {
  if (length === 0) return undefined
  const clamp = (n: number) => Math.max(0, Math.min(length - 1, n))
  const row = across && across < length ? across : 0
  if (!row) {
    const flat: Record<string, number> = { ArrowRight: (at ?? -1) + 1, ArrowDown: (at ?? -1) + 1, ArrowLeft: (at ?? 1) - 1, ArrowUp: (at ?? 1) - 1, Home: 0, End: length - 1 }
    return flat[key] === undefined ? undefined : clamp(flat[key])
  }
  if (at === undefined) return key === 'End' ? row - 1 : key.startsWith('Arrow') || key === 'Home' ? 0 : undefined
  const start = at - (at % row)
  const end = Math.min(start + row, length) - 1
  switch (key) {
    case 'ArrowRight':
      return Math.min(at + 1, end)
    case 'ArrowLeft':
      return Math.max(at - 1, start)
    case 'ArrowDown':
      return at + row < length ? at + row : at
    case 'ArrowUp':
      return at >= row ? at - row : at
    case 'Home':
      return start
    case 'End':
      return end
  }
  return undefined
}

function TableView({ label, table }: { label: string; table: ChartTable }) {
  const f = useFormat()
  const numeric = table.head.map((_, i) => table.rows.some((row) => typeof row[i] === 'number'))
  const text = (cell: Cell, i: number) => (cell === null ? '–' : typeof cell === 'number' ? (table.formats?.[i] ?? f.int)(cell) : cell)
  return (
    <div className={`${ui.scroll} ${classes.tall}`} tabIndex={0} role="group" aria-label={label}>
      <table className={ui.table}>
        <thead>
          <tr>
            {table.head.map((h, i) => (
              <th key={i} scope="col" data-num={numeric[i] || undefined}>
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, k) => (
                <td key={k} data-num={numeric[k] || undefined}>
                  {text(cell, k)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
