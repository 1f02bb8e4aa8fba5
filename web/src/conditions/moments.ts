// Days and moments in conditions, as the fields of a browser write them: a day, and a time of it or none.
import { fromIsoDay, fromWall, isoDay, isoIn, wallOf } from '~/ui/time'

export type Moment = { day: string; /** HH:MM, with seconds where there are some; empty: the whole day. */ time: string }

const short = (time: string) => (time.endsWith(':00') ? time.slice(0, 5) : time.slice(0, 8))
const split = (wall: string): Moment => ({ day: wall.slice(0, 10), time: short(wall.slice(11)) })

/** Reads what a comparison compares with: a day, a local time, a time with an offset, or a number of seconds or milliseconds. Undefined when it is none. */
export function momentOf(value: unknown, zone: string): Moment | undefined {
  if (typeof value === 'number') {
    const at = value >= 1e8 && value < 1e11 ? value * 1000 : value >= 1e11 && value < 1e14 ? value : Number.NaN
    return Number.isNaN(at) ? undefined : split(wallOf(new Date(at), zone))
  }
  const text = String(value ?? '')
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return { day: text, time: '' }
  if (/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}$/.test(text)) return split(text)
  const at = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text) ? new Date(text) : undefined
  return at && !Number.isNaN(at.getTime()) ? split(wallOf(at, zone)) : undefined
}

/** What a comparison compares with: the day, or the local time of it. */
export const momentText = ({ day, time }: Moment): string => (day && time ? `${day}T${time.length === 5 ? `${time}:00` : time}` : day)

/** The day or moment at the edge of a window. The day that a window ends with is the one before its last midnight. */
export function edgeOf(at: string | undefined, zone: string, until: boolean): Moment {
  if (!at || Number.isNaN(Date.parse(at))) return { day: '', time: '' }
  const wall = wallOf(new Date(at), zone)
  if (!wall.endsWith('T00:00:00')) return split(wall)
  return { day: isoDay(new Date(Date.parse(at) - (until ? 1 : 0)), zone), time: '' }
}

/** Whether two edges are the same moment. */
export const sameEdge = (a: string | undefined, b: string | undefined): boolean => (a && b ? Date.parse(a) === Date.parse(b) : a === b)

/** The edge of a window at a day or moment; undefined when there is no day. */
export function edgeAt(m: Moment, zone: string, until: boolean): string | undefined {
  const at = m.time ? fromWall(momentText(m), zone) : fromIsoDay(m.day, zone, until ? 1 : 0)
  return at && isoIn(at, zone)
}
