import { Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react'
import { IconDownload } from '~/ui/icons'
import { ui } from '~/ui/page'
import { saveFile, toCsv } from './csv'
import classes from './charts.module.css'

/** A number with what is drawn below it: a bar of its share of the scale, and a whisker from low to high. */
export type NumberCell = { text: string; value: number | null; bar?: number; low?: number; high?: number; note?: string; onOpen?: () => void }
export type NumberColumn = { key: string; head: ReactNode; name: string; sub?: ReactNode; sort?: 'ascending' | 'descending' | 'none' }
export type NumberRow = { key: string; head: ReactNode; name: string; cells: NumberCell[] }

/** Where an arrow leads in a table of numbers; undefined when the key does not move. */
export function movedIn(key: string, [row, column]: [number, number], rows: number, columns: number): [number, number] | undefined {
  const to = (r: number, c: number): [number, number] => [Math.max(0, Math.min(rows - 1, r)), Math.max(0, Math.min(columns - 1, c))]
  const steps: Record<string, [number, number]> = { ArrowUp: to(row - 1, column), ArrowDown: to(row + 1, column), ArrowLeft: to(row, column - 1), ArrowRight: to(row, column + 1), Home: to(row, 0), End: to(row, columns - 1) }
  return steps[key]
}

/**
 * A table of numbers with a number for every row and column. It is one stop for Tab: arrows go from number to number,
 * Enter opens who is behind one.
 */
export function NumberTable({ label, file, corner, columns, rows, total, extra, compact, tall }: { label: string; file: string; corner: string; columns: NumberColumn[]; rows: NumberRow[]; total?: NumberRow; extra?: ReactNode; compact?: boolean; tall?: boolean }) {
  const { t } = useLingui()
  const [at, setAt] = useState<[number, number]>([0, 0])
  const body = useRef<HTMLTableElement>(null)
  const all = total ? [...rows, total] : rows
  const here: [number, number] = [Math.min(at[0], all.length - 1), Math.min(at[1], columns.length - 1)]
  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return
    const next = movedIn(e.key, here, all.length, columns.length)
    if (!next) return
    e.preventDefault()
    setAt(next)
    body.current?.querySelector<HTMLElement>(`[data-cell="${next[0]}-${next[1]}"]`)?.focus()
  }
  const save = () => saveFile(`${file}.csv`, toCsv([[corner, ...columns.map((c) => c.name)], ...all.map((r) => [r.name, ...r.cells.map((c) => c.value)])]))
  const line = (r: NumberRow, i: number) => (
    <tr key={r.key} data-total={r === total || undefined}>
      <th scope="row">{r.head}</th>
      {r.cells.map((c, k) => (
        <td key={k} data-num>
          <Num cell={c} id={`${i}-${k}`} tab={here[0] === i && here[1] === k} label={`${r.name}, ${columns[k]?.name ?? ''}: ${c.text}${c.note ? `, ${c.note}` : ''}`} onFocus={() => setAt([i, k])} />
        </td>
      ))}
    </tr>
  )
  return (
    <div className={classes.frame} data-compact={compact || undefined}>
      <div className={classes.tools} style={{ justifyContent: 'space-between' }}>
        <div>{extra}</div>
        {!compact && (
          <Button size="compact-sm" variant="default" leftSection={<IconDownload size={15} />} onClick={save}>
            CSV
          </Button>
        )}
      </div>
      {/* The numbers inside are one stop; the surface itself scrolls by keyboard. */}
      <div className={`${ui.scroll} ${tall || compact ? classes.tall : ''}`} style={compact ? { maxHeight: '100%' } : undefined} tabIndex={0} role="group" aria-label={label}>
        {/* Arrows move from number to number. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <table ref={body} className={`${ui.table} ${classes.numbers}`} aria-describedby={compact ? undefined : `${file}-keys`} onKeyDown={onKey}>
          <thead>
            <tr>
              <th scope="col">{corner}</th>
              {columns.map((c) => (
                <th key={c.key} scope="col" data-num aria-sort={c.sort}>
                  {c.head}
                  {c.sub && <small>{c.sub}</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{rows.map(line)}</tbody>
          {total && <tfoot>{line(total, rows.length)}</tfoot>}
        </table>
        {!compact && (
          <span id={`${file}-keys`} hidden>
            {t`Arrow keys go from number to number, Enter shows who is behind one.`}
          </span>
        )}
      </div>
    </div>
  )
}

const percent = (x: number) => `${Math.round(Math.max(0, Math.min(1, x)) * 1000) / 10}%`

function Num({ cell, id, tab, label, onFocus }: { cell: NumberCell; id: string; tab: boolean; label: string; onFocus: () => void }) {
  const inner = (
    <>
      {cell.text}
      {cell.bar !== undefined && (
        <span className={classes.under} aria-hidden>
          <i style={{ width: percent(cell.bar) }} />
          {cell.low !== undefined && cell.high !== undefined && <b style={{ left: percent(cell.low), width: percent(cell.high - cell.low) }} />}
        </span>
      )}
    </>
  )
  return cell.onOpen ? (
    <button type="button" className={classes.num} data-cell={id} tabIndex={tab ? 0 : -1} aria-label={label} title={cell.note} onClick={cell.onOpen} onFocus={onFocus}>
      {inner}
    </button>
  ) : (
    // Reached with the arrows, so that every number is.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <span className={classes.num} data-cell={id} tabIndex={tab ? 0 : -1} role="img" aria-label={label} title={cell.note} onFocus={onFocus}>
      {inner}
    </span>
  )
}
