// A month of costs as a sheet: days down, channels across. Pure, tested on its own.
import type { Cost, CostKind } from '~/api/costs'

export type Column = { key: string; channel: string; campaign: string; kind: CostKind }

export const columnKey = (channel: string, campaign = '') => `${channel}\0${campaign}`
export const cellKey = (day: string, column: string) => `${day}\0${column}`

/** The channels and campaigns of some costs, in the order of the alphabet. */
export function columnsOf(costs: Cost[]): Column[] {
  const out = new Map<string, Column>()
  for (const c of costs) {
    const key = columnKey(c.channel, c.campaign)
    if (!out.has(key)) out.set(key, { key, channel: c.channel, campaign: c.campaign ?? '', kind: c.kind ?? 'ads' })
  }
  return [...out.values()].sort((a, b) => a.channel.localeCompare(b.channel) || a.campaign.localeCompare(b.campaign))
}

/** All days of a month such as 2026-02. */
export function daysOf(month: string): string[] {
  const [year, m] = month.split('-').map(Number)
  const count = new Date(Date.UTC(year!, m!, 0)).getUTCDate()
  return Array.from({ length: count }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`)
}

/** The month so many months later, or earlier. */
export function monthBy(month: string, by: number): string {
  const [year, m] = month.split('-').map(Number)
  return new Date(Date.UTC(year!, m! - 1 + by, 1)).toISOString().slice(0, 7)
}

/**
 * Reads an amount as people write it: 12,50 or 1.234,56 or 1,234.56 or € 12. Gives minor units; null for an empty
 * text; undefined when it is no amount. Where a single sign could be both, one that is followed by three digits parts
 * thousands.
 */
export function parseAmount(text: string, digits: number): number | null | undefined {
  const bare = text.replace(/[\s\u00a0\u202f'’]/g, '').replace(/^[^\d.,-]+|[^\d.,]+$/g, '')
  if (bare === '') return text.trim() === '' || text.trim() === '-' || text.trim() === '–' ? null : undefined
  if (!/^\d[\d.,]*$/.test(bare)) return undefined
  const last = Math.max(bare.lastIndexOf('.'), bare.lastIndexOf(','))
  const sign = bare[last]
  let whole = bare
  let part = ''
  if (sign) {
    const both = bare.includes('.') && bare.includes(',')
    const often = bare.split(sign).length > 2
    const behind = bare.length - last - 1
    const thousands = often || (!both && behind === 3 && digits !== 3)
    if (!thousands) {
      whole = bare.slice(0, last)
      part = bare.slice(last + 1)
    }
    if (both && often) return undefined
  }
  // What is left must be digits, parted by threes or not at all.
  if (!/^\d+$/.test(whole) && !/^\d{1,3}([.,]\d{3})+$/.test(whole)) return undefined
  if (!/^\d*$/.test(part)) return undefined
  const value = Number(`${whole.replace(/[.,]/g, '')}.${part || '0'}`)
  const minor = Math.round(value * 10 ** digits)
  return Number.isSafeInteger(minor) ? minor : undefined
}

/** Splits what a spreadsheet puts on the clipboard into rows and cells. */
export function parsePaste(text: string): string[][] {
  return text.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n').map((line) => line.split('\t'))
}

export type CellChange = { day: string; column: string; amount: number | null }

/** Lays a pasted block on the sheet from a cell on; what goes over the edge is left out, and what is no amount is counted. */
export function pasteAt(block: string[][], days: string[], columns: string[], row: number, col: number, digits: number): { changes: CellChange[]; refused: number } {
  const changes: CellChange[] = []
  let refused = 0
  block.forEach((cells, i) =>
    cells.forEach((text, k) => {
      const day = days[row + i]
      const column = columns[col + k]
      if (day === undefined || column === undefined) return
      const amount = parseAmount(text, digits)
      if (amount === undefined) refused++
      else changes.push({ day, column, amount })
    }),
  )
  return { changes, refused }
}
