import type { Overlap } from '~/api/segments'

export type Combination = { ids: number[]; customers: number }

/** Combinations that exist, the most common first; those of one segment alone count as well. */
export function combinations(overlaps: Overlap[], ids: number[]): Combination[] {
  return overlaps
    .filter((o) => o.segments.length > 0 && o.customers > 0)
    .map((o) => ({ ids: ids.filter((id) => o.segments.includes(id)), customers: o.customers }))
    .sort((a, b) => b.customers - a.customers || a.ids.length - b.ids.length || a.ids.join().localeCompare(b.ids.join()))
}

/** How many are in one, and in both of two. */
export const sizeOf = (list: Combination[], id: number) => list.reduce((n, c) => (c.ids.includes(id) ? n + c.customers : n), 0)
export const bothOf = (list: Combination[], a: number, b: number) => list.reduce((n, c) => (c.ids.includes(a) && c.ids.includes(b) ? n + c.customers : n), 0)
export const union = (list: Combination[]) => list.reduce((n, c) => n + c.customers, 0)
