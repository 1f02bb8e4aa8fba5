// Calendar days in the zone of the workspace. Periods are half-open: from the first midnight to the last, [from, to).

/** Offset of a zone at a moment, in milliseconds east of UTC. */
function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }).formatToParts(at)
  const get = (type: string) => Number(parts.find((p) => p.type === type)?.value)
  return Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second')) - Math.floor(at / 1000) * 1000
}

/** The moment of midnight of a calendar day (months count from 1; days may overflow) in a zone. */
export function midnight(year: number, month: number, day: number, zone: string): Date {
  const wall = Date.UTC(year, month - 1, day)
  // The offset at the guess may be that of the other side of a clock change, so ask again.
  const guess = wall - offset(wall, zone)
  return new Date(wall - offset(guess, zone))
}

/** The calendar day of a moment in a zone. */
export function dayOf(at: Date, zone: string): { year: number; month: number; day: number } {
  const local = new Date(at.getTime() + offset(at.getTime(), zone))
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() }
}

/** A day as YYYY-MM-DD, as date inputs use it. */
export function isoDay(at: Date, zone: string): string {
  const { year, month, day } = dayOf(at, zone)
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/** Midnight of a YYYY-MM-DD day, moved by a number of days; undefined when the text is no day. */
export function fromIsoDay(text: string | undefined, zone: string, plus = 0): Date | undefined {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? '')
  return m ? midnight(Number(m[1]), Number(m[2]), Number(m[3]) + plus, zone) : undefined
}

/** A moment as the clock of a zone shows it: YYYY-MM-DDTHH:MM:SS. */
export function wallOf(at: Date, zone: string): string {
  return new Date(Math.floor((at.getTime() + offset(at.getTime(), zone)) / 1000) * 1000).toISOString().slice(0, 19)
}

/** The moment at which the clock of a zone shows a day and an hour; undefined when the text is none. */
export function fromWall(text: string, zone: string): Date | undefined {
  const wall = Date.parse(`${text}Z`)
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text) || Number.isNaN(wall)) return undefined
  const guess = wall - offset(wall, zone)
  return new Date(wall - offset(guess, zone))
}

/** A moment as the clock of a zone shows it, with its distance from UTC, so that it reads as it was typed. */
export function isoIn(at: Date, zone: string): string {
  const east = Math.round(offset(at.getTime(), zone) / 60_000)
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  return `${wallOf(at, zone)}${east < 0 ? '-' : '+'}${two(Math.abs(east) / 60)}:${two(Math.abs(east) % 60)}`
}

/** Moves a day by a number of days. */
export function shiftDay(day: string, by: number, zone: string): string {
  const at = fromIsoDay(day, zone, by)
  return at ? isoDay(at, zone) : day
}

export const presets = ['7d', '30d', '90d', '365d', 'month', 'last-month'] as const
export type Preset = (typeof presets)[number]
export type PeriodSearch = { period?: string; from?: string; to?: string }
export type Period = { from: string; to: string; preset: Preset | 'custom' }

/** The period that the address names. Preset periods end with the day of now, so that the key of a query is stable for a day. */
export function periodOf(search: PeriodSearch, zone: string, now: Date, fallback: Preset = '30d'): Period {
  const from = fromIsoDay(search.from, zone)
  const to = fromIsoDay(search.to, zone, 1)
  if (from && to && from < to) return { from: from.toISOString(), to: to.toISOString(), preset: 'custom' }
  const preset = presets.find((p) => p === search.period) ?? fallback
  const { year, month, day } = dayOf(now, zone)
  const span = (a: Date, b: Date): Period => ({ from: a.toISOString(), to: b.toISOString(), preset })
  if (preset === 'month') return span(midnight(year, month, 1, zone), midnight(year, month, day + 1, zone))
  if (preset === 'last-month') return span(midnight(year, month - 1, 1, zone), midnight(year, month, 1, zone))
  const days = Number.parseInt(preset)
  return span(midnight(year, month, day + 1 - days, zone), midnight(year, month, day + 1, zone))
}
