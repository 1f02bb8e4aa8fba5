import { useLingui } from '@lingui/react/macro'
import { type ClipboardEvent, type KeyboardEvent, useEffect, useState } from 'react'
import type { Cost } from '~/api/costs'
import { useWorkspace } from '~/app/session'
import { minorDigits, useFormat } from '~/ui/format'
import { cellKey, type CellChange, type Column, parseAmount, parsePaste, pasteAt } from './sheet'
import { useCostKind } from './words'
import classes from './costs.module.css'

type Props = { days: string[]; today: string; columns: Column[]; cells: Map<string, Cost>; readOnly: boolean; apply: (changes: CellChange[]) => void; refused: (n: number) => void }

/** The sheet itself: one field a day and channel, sums at both edges. */
export function SheetTable({ days, today, columns, cells, readOnly, apply, refused }: Props) {
  const { t } = useLingui()
  const f = useFormat()
  const { currency } = useWorkspace()
  const kindName = useCostKind()
  const digits = minorDigits(currency)
  const at = (day: string, column: string) => cells.get(cellKey(day, column))
  // Sums are in the currency of the workspace; other currencies stand apart in their cells.
  const sum = (list: (Cost | undefined)[]) => list.reduce((a, c) => a + (c && c.currency === currency ? c.amount : 0), 0)
  const day = (iso: string) => f.dayMonth(`${iso}T12:00:00Z`)
  const money = (minor: number) => (minor === 0 ? '–' : f.money(minor))
  const paste = (e: ClipboardEvent, row: number, col: number) => {
    const block = parsePaste(e.clipboardData.getData('text/plain'))
    if (block.length < 2 && (block[0]?.length ?? 0) < 2) return
    e.preventDefault()
    const result = pasteAt(block, days, columns.map((c) => c.key), row, col, digits)
    apply(result.changes)
    if (result.refused > 0) refused(result.refused)
  }
  return (
    <div className={classes.wrap} tabIndex={0} role="group" aria-label={t`Costs by day and channel`}>
      <table className={classes.sheet}>
        <thead>
          <tr>
            <th scope="col">{t`Day`}</th>
            {columns.map((c) => (
              <th key={c.key} scope="col">
                <strong>{c.channel}</strong>
                {[c.campaign, c.kind === 'ads' ? '' : kindName(c.kind)].filter(Boolean).join(' · ')}
              </th>
            ))}
            <th scope="col" data-sum>{t`Sum`}</th>
          </tr>
        </thead>
        <tbody>
          {days.map((d, row) => (
            <tr key={d} data-off={d > today}>
              <th scope="row">{day(d)}</th>
              {columns.map((c, col) => (
                <td key={c.key}>
                  <AmountCell cost={at(d, c.key)} label={`${c.channel} ${c.campaign}, ${day(d)}`} row={row} col={col} readOnly={readOnly} digits={digits} currency={currency} save={(amount) => apply([{ day: d, column: c.key, amount }])} onPaste={(e) => paste(e, row, col)} />
                </td>
              ))}
              <td data-sum>{money(sum(columns.map((c) => at(d, c.key))))}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" data-sum>{t`Sum`}</th>
            {columns.map((c) => (
              <td key={c.key} data-sum>
                {money(sum(days.map((d) => at(d, c.key))))}
              </td>
            ))}
            <td data-sum>{money(sum([...cells.values()]))}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  )
}

function AmountCell({ cost, label, row, col, readOnly, digits, currency, save, onPaste }: { cost: Cost | undefined; label: string; row: number; col: number; readOnly: boolean; digits: number; currency: string; save: (amount: number | null) => void; onPaste: (e: ClipboardEvent) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const foreign = cost !== undefined && cost.currency !== currency
  const shown = cost === undefined ? '' : foreign ? f.money(cost.amount, cost.currency) : f.decimal(cost.amount / 10 ** digits, digits)
  const [text, setText] = useState(shown)
  const [wrong, setWrong] = useState(false)
  useEffect(() => {
    setText(shown)
    setWrong(false)
  }, [shown])
  const leave = () => {
    if (text === shown) return
    const amount = parseAmount(text, digits)
    setWrong(amount === undefined)
    if (amount !== undefined) save(amount)
  }
  const onKey = (e: KeyboardEvent<HTMLInputElement>) => {
    const by = e.key === 'ArrowDown' || (e.key === 'Enter' && !e.shiftKey) ? 1 : e.key === 'ArrowUp' || e.key === 'Enter' ? -1 : 0
    if (e.key === 'Escape') setText(shown)
    if (by === 0) return
    e.preventDefault()
    const next = e.currentTarget.closest('table')?.querySelector<HTMLInputElement>(`[data-cell="${row + by}:${col}"]`)
    if (next) {
      next.focus()
      next.select()
    } else leave()
  }
  return <input className={classes.cell} data-cell={`${row}:${col}`} inputMode="decimal" aria-label={label} aria-invalid={wrong || undefined} title={wrong ? t`This is no amount.` : foreign ? t`In another currency; change it by import.` : undefined} readOnly={readOnly || foreign} value={text} onChange={(e) => setText(e.currentTarget.value)} onBlur={leave} onKeyDown={onKey} onPaste={onPaste} />
}
