import { useLingui } from '@lingui/react/macro'
import { type CSSProperties, type ReactNode, useState } from 'react'
import { useFormat } from '~/ui/format'
import { type ChartTable, ChartFrame } from './frame'
import { Tip } from './tip'
import classes from './charts.module.css'

export type HeatCell = { size: number; returned: number; share: number | null; /** What is written large; the share without it. */ text?: string; incomplete?: boolean }
export type HeatRow = { key: string; label: string; size: number; cells: HeatCell[]; average?: boolean }

/** The most of the colour that a cell takes, so that its text keeps 4.5:1 in both schemes. */
export const mixCap = 36

/** How much colour a share gets, in per cent. */
export const mixOf = (share: number | null) => (share === null ? 0 : Math.round(Math.max(0, Math.min(1, share)) * mixCap * 10) / 10)

/** A table of shares, coloured by how great they are. A cell whose period still runs is hatched and marked with a star. */
export function HeatTable({ label, file, head, sizeHead, columns, rows, extra, compact, onOpen }: { label: string; file: string; head: string; sizeHead: string; columns: string[]; rows: HeatRow[]; extra?: ReactNode; compact?: boolean; onOpen?: (row: number, column: number) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const [at, setAt] = useState<number>()
  const [hover, setHover] = useState<{ x: number; y: number; width: number; i: number }>()
  // Column 0 of the keyboard is the size of the row.
  const across = columns.length + 1
  const cell = (i: number) => ({ row: Math.floor(i / across), column: (i % across) - 1 })
  const share = (c: HeatCell | undefined) => (c === undefined ? '' : (c.text ?? (c.share === null ? '–' : f.percent(c.share))))
  const say = (i: number) => {
    const { row, column } = cell(i)
    const r = rows[row]
    if (!r) return ''
    if (column < 0) return `${r.label}: ${t`${f.int(r.size)} in all`}`
    const c = r.cells[column]
    if (!c) return `${r.label}, ${columns[column]}: ${t`not reached yet`}`
    return [`${r.label}, ${columns[column]}: ${share(c)}`, t`${f.int(c.returned)} of ${f.int(c.size)}`, c.incomplete ? t`not complete yet` : ''].filter(Boolean).join(', ')
  }
  const can = (row: number, column: number) => !!onOpen && !rows[row]?.average && (column < 0 || rows[row]?.cells[column] !== undefined)
  const open = (i: number) => {
    const { row, column } = cell(i)
    if (can(row, column)) onOpen?.(row, column)
  }
  const table: ChartTable = { head: [head, sizeHead, ...columns], formats: [undefined, f.int, ...columns.map(() => (n: number) => f.percent(n))], rows: rows.map((r) => [r.label, r.size, ...columns.map((_, k) => r.cells[k]?.share ?? null)]) }
  return (
    <ChartFrame label={label} file={file} table={table} points={{ length: rows.length * across, say }} across={across} at={at} onAt={setAt} onOpen={open} keyHelp={t`Up and down change the row.`} extra={extra} compact={compact}>
      <div aria-hidden style={{ position: 'relative' }}>
        <table className={classes.heat} onPointerLeave={() => setHover(undefined)}>
          <thead>
            <tr>
              <th style={{ textAlign: 'start' }}>{head}</th>
              <th>{sizeHead}</th>
              {columns.map((c, i) => (
                <th key={i}>{c}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((r, k) => (
              <tr key={r.key} data-average={r.average || undefined}>
                <th scope="row">{r.label}</th>
                {/* The keyboard reaches the cells through the frame. */}
                {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
                <td data-size data-open={can(k, -1)} data-at={at === k * across} onClick={() => open(k * across)}>
                  {f.int(r.size)}
                </td>
                {columns.map((_, i) => {
                  const c = r.cells[i]
                  const p = k * across + i + 1
                  if (!c) return <td key={i} data-size data-at={at === p} />
                  return (
                    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
                    <td
                      key={i}
                      data-share
                      data-open={can(k, i)}
                      data-at={at === p}
                      data-incomplete={c.incomplete}
                      style={{ '--mix': `${mixOf(c.share)}%` } as CSSProperties}
                      onClick={() => open(p)}
                      onPointerEnter={(e) => {
                        const box = e.currentTarget.closest('table')!.parentElement!.getBoundingClientRect()
                        const own = e.currentTarget.getBoundingClientRect()
                        setHover({ x: own.left - box.left + own.width, y: own.top - box.top, width: box.width, i: p })
                      }}
                    >
                      {share(c)}
                      {c.incomplete && '*'}
                      {!compact && <small>{f.int(c.returned)}</small>}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
        {hover && <HoverTip {...hover} rows={rows} columns={columns} cell={cell(hover.i)} share={share} />}
      </div>
    </ChartFrame>
  )
}

function HoverTip({ x, y, width, rows, columns, cell, share }: { x: number; y: number; width: number; rows: HeatRow[]; columns: string[]; cell: { row: number; column: number }; share: (c: HeatCell | undefined) => string }) {
  const { t } = useLingui()
  const f = useFormat()
  const r = rows[cell.row]
  const c = r?.cells[cell.column]
  if (!r || !c) return null
  return <Tip x={x} y={y} width={width} title={`${r.label} · ${columns[cell.column]}`} rows={[{ label: t`${f.int(c.returned)} of ${f.int(c.size)}`, value: share(c), strong: true }]} note={c.incomplete ? t`not complete yet` : undefined} />
}
