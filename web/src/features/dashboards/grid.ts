// The grid of a dashboard: 12 columns, tiles that never overlap and leave no empty rows. Pure, tested on its own.

export const columns = 12
export type Box = { id: string; x: number; y: number; w: number; h: number }
export type Limits = { w: number; h: number }

const leastSize: Limits = { w: 2, h: 2 }

/** Whether two boxes share a cell. */
export const overlap = (a: Box, b: Box) => a.id !== b.id && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

/** Brings a box inside of the columns, at no less than its least size. */
export function inside<B extends Box>(box: B, least: Limits = leastSize): B {
  const w = Math.max(least.w, Math.min(columns, Math.round(box.w)))
  return { ...box, w, h: Math.max(least.h, Math.round(box.h)), x: Math.max(0, Math.min(columns - w, Math.round(box.x))), y: Math.max(0, Math.round(box.y)) }
}

/** The order in which tiles are read: by row, then by column; at a tie the given one first. */
export function reading<B extends Box>(boxes: B[], first?: string): B[] {
  return [...boxes].sort((a, b) => a.y - b.y || Number(b.id === first) - Number(a.id === first) || a.x - b.x)
}

/**
 * Lets every tile rise until it rests on another or on the top, in reading order. The moved tile comes first where it
 * stands in the same row, so it takes the place and the others make room.
 */
export function settle<B extends Box>(boxes: B[], moved?: string): B[] {
  const floor = Array.from<number>({ length: columns }).fill(0)
  const placed = new Map<string, B>()
  for (const box of reading(boxes, moved)) {
    const own = floor.slice(box.x, box.x + box.w)
    const y = Math.max(0, ...own)
    placed.set(box.id, { ...box, y })
    for (let x = box.x; x < box.x + box.w; x++) floor[x] = y + box.h
  }
  return boxes.map((b) => placed.get(b.id)!)
}

/** Puts a tile at a place, or gives it a size, and settles the rest around it. */
export function put<B extends Box>(boxes: B[], id: string, change: Partial<Pick<Box, 'x' | 'y' | 'w' | 'h'>>, least?: Limits): B[] {
  return settle(boxes.map((b) => (b.id === id ? inside({ ...b, ...change }, least) : b)), id)
}

const same = (a: Box[], b: Box[]) => a.every((box, i) => box.x === b[i]!.x && box.y === b[i]!.y && box.w === b[i]!.w && box.h === b[i]!.h)

/** Moves a tile a step by keyboard: sideways one column, up or down as far as it takes for something to change. */
export function nudge<B extends Box>(boxes: B[], id: string, dx: number, dy: number, least?: Limits): B[] {
  const box = boxes.find((b) => b.id === id)
  if (!box) return boxes
  if (dy === 0) return put(boxes, id, { x: box.x + dx }, least)
  const bottom = Math.max(...boxes.map((b) => b.y + b.h))
  for (let step = 1; box.y + dy * step >= 0 && box.y + dy * step <= bottom + box.h; step++) {
    const next = put(boxes, id, { y: box.y + dy * step }, least)
    if (!same(next, boxes)) return next
  }
  return boxes
}

/** Adds a tile where it fits first in the last row, else below all. */
export function append<B extends Box>(boxes: B[], box: B, least?: Limits): B[] {
  const fresh = inside(box, least)
  const bottom = Math.max(0, ...boxes.map((b) => b.y + b.h))
  const lowest = boxes.filter((b) => b.y + b.h === bottom)
  const right = Math.max(0, ...lowest.map((b) => b.x + b.w))
  const row = lowest.length > 0 ? Math.min(...lowest.map((b) => b.y)) : 0
  const beside = { ...fresh, x: right, y: row }
  const fits = lowest.length > 0 && right + fresh.w <= columns && !boxes.some((b) => overlap(b, beside))
  return settle([...boxes, fits ? beside : { ...fresh, x: 0, y: bottom }])
}
