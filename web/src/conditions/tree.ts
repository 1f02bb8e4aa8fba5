// Pure operations on the tree of a condition. A path is the list of positions from the root, where `not` is no
// level of its own: it belongs to what it negates. What a keyed condition holds is at position 0.
import { type Cond, type Keyed, type LeafKind, leafKinds } from '~/api/condition'

export type Path = number[]
export type GroupMode = 'all' | 'any' | 'none' | 'not_all'

export const samePath = (a: Path | undefined, b: Path | undefined) => a !== undefined && b !== undefined && a.join() === b.join()

/** A condition without its negations, and whether an odd number of them was there. */
export function bare(node: Cond): { node: Cond; negated: boolean } {
  let negated = false
  let at = node
  while ('not' in at) {
    negated = !negated
    at = at.not
  }
  return { node: at, negated }
}

const dressed = (node: Cond, negated: boolean): Cond => (negated ? { not: node } : node)

export const isGroup = (node: Cond): node is { all: Cond[] } | { any: Cond[] } => 'all' in node || 'any' in node

/** The parts of a group or keyed condition, negated or not. */
export function parts(node: Cond): Cond[] {
  const { node: n } = bare(node)
  if ('all' in n) return n.all
  if ('any' in n) return n.any
  if ('keyed' in n) return [n.keyed.when]
  return []
}

function withParts(node: Cond, list: Cond[]): Cond {
  const { node: n, negated } = bare(node)
  if ('keyed' in n) return dressed({ keyed: { ...n.keyed, when: list[0] ?? { all: [] } } }, negated)
  return dressed('any' in n ? { any: list } : { all: list }, negated)
}

export function at(root: Cond, path: Path): Cond | undefined {
  return path.reduce<Cond | undefined>((node, i) => node && parts(node)[i], root)
}

/** The tree with another condition at a path. */
export function put(root: Cond, path: Path, next: Cond): Cond {
  const [head, ...rest] = path
  if (head === undefined) return next
  const list = parts(root)
  const child = list[head]
  return child === undefined ? root : withParts(root, list.with(head, put(child, rest, next)))
}

const change = (root: Cond, path: Path, f: (list: Cond[]) => Cond[]): Cond => {
  const group = at(root, path)
  return group && isGroup(bare(group).node) ? put(root, path, withParts(group, f(parts(group)))) : root
}

/** Adds a condition to the group at a path, at a position or at the end. Gives its path, too. */
export function add(root: Cond, path: Path, node: Cond, position?: number): { root: Cond; path: Path } {
  const group = at(root, path)
  const i = Math.min(position ?? Infinity, group ? parts(group).length : 0)
  return { root: change(root, path, (list) => list.toSpliced(i, 0, node)), path: [...path, i] }
}

/** Removes what is at a path. The path that comes back is where the focus goes: the next one, else the one before, else the group. */
export function remove(root: Cond, path: Path): { root: Cond; path: Path } {
  const [up, i] = [path.slice(0, -1), path.at(-1)]
  if (i === undefined) return { root: { all: [] }, path: [] }
  const parent = at(root, up)
  if (parent && !isGroup(bare(parent).node)) return remove(root, up) // what a keyed condition holds goes with it
  const next = change(root, up, (list) => list.toSpliced(i, 1))
  const left = parts(at(next, up) ?? next).length
  return { root: next, path: left === 0 ? up : [...up, Math.min(i, left - 1)] }
}

export function duplicate(root: Cond, path: Path): { root: Cond; path: Path } {
  const [up, i] = [path.slice(0, -1), path.at(-1)]
  const node = at(root, path)
  const parent = at(root, up)
  if (i === undefined || !node || !parent || !isGroup(bare(parent).node)) return { root, path }
  return add(root, up, structuredClone(node), i + 1)
}

/** Puts what is at a path into a group of its own. The root is wrapped in a new root. */
export function wrap(root: Cond, path: Path, mode: 'all' | 'any' = 'any'): { root: Cond; path: Path } {
  const node = at(root, path)
  if (!node) return { root, path }
  return { root: put(root, path, mode === 'any' ? { any: [node] } : { all: [node] }), path: path.length === 0 ? path : [...path, 0] }
}

/** Dissolves a group that is not negated: its parts take its place. */
export function unwrap(root: Cond, path: Path): { root: Cond; path: Path } {
  const node = at(root, path)
  const [up, i] = [path.slice(0, -1), path.at(-1)]
  if (!node || i === undefined || !canUnwrap(root, path)) return { root, path }
  return { root: change(root, up, (list) => list.toSpliced(i, 1, ...parts(node))), path: parts(node).length > 0 ? path : up }
}

export function canUnwrap(root: Cond, path: Path): boolean {
  const node = at(root, path)
  const parent = path.length > 0 ? at(root, path.slice(0, -1)) : undefined
  return !!node && isGroup(node) && !!parent && isGroup(bare(parent).node)
}

/** Moves a condition up or down: past its neighbour, into a group that is its neighbour, and out of its group at the end of it. */
export function move(root: Cond, path: Path, by: -1 | 1): { root: Cond; path: Path } {
  const [up, i] = [path.slice(0, -1), path.at(-1)]
  const parent = at(root, up)
  const node = at(root, path)
  if (i === undefined || !parent || !node || !isGroup(bare(parent).node)) return { root, path }
  const to = i + by
  const neighbour = parts(parent)[to]
  if (neighbour === undefined) {
    const [over, k] = [up.slice(0, -1), up.at(-1)]
    const grand = k === undefined ? undefined : at(root, over)
    if (k === undefined || !grand || !isGroup(bare(grand).node)) return { root, path }
    const out = change(root, up, (list) => list.toSpliced(i, 1))
    return add(out, over, node, by > 0 ? k + 1 : k)
  }
  if (isGroup(bare(neighbour).node) && !isGroup(bare(node).node)) {
    const out = change(root, up, (list) => list.toSpliced(i, 1))
    return add(out, [...up, by > 0 ? i : to], node, by > 0 ? 0 : undefined)
  }
  return { root: change(root, up, (list) => list.with(to, node).with(i, neighbour)), path: [...up, to] }
}

/** Negates what is at a path, or takes its negation away. */
export function negate(root: Cond, path: Path): Cond {
  const node = at(root, path)
  if (!node) return root
  const { node: n, negated } = bare(node)
  return put(root, path, dressed(n, !negated))
}

export function modeOf(node: Cond): GroupMode {
  const { node: n, negated } = bare(node)
  return 'any' in n ? (negated ? 'none' : 'any') : negated ? 'not_all' : 'all'
}

export function withMode(node: Cond, mode: GroupMode): Cond {
  const list = parts(node)
  return dressed(mode === 'any' || mode === 'none' ? { any: list } : { all: list }, mode === 'none' || mode === 'not_all')
}

/** All paths from top to bottom, as the arrow keys go through them. */
export function flat(root: Cond, path: Path = []): Path[] {
  return [path, ...parts(root).flatMap((child, i) => flat(child, [...path, i]))]
}

/** What a form shows: a group around everything, and around what a keyed condition holds. */
export function opened(node: Cond | undefined | null): Cond {
  if (!node) return { all: [] }
  const inner = openKeyed(node)
  return isGroup(bare(inner).node) ? inner : { all: [inner] }
}

function openKeyed(node: Cond): Cond {
  const { node: n, negated } = bare(node)
  if ('keyed' in n) return dressed({ keyed: { ...n.keyed, when: opened(n.keyed.when) } }, negated)
  return isGroup(n) ? withParts(node, parts(node).map(openKeyed)) : node
}

/** What is sent: without groups of one, without a negation of a negation. A group of nothing stays. */
export function closed(node: Cond): Cond {
  const { node: n, negated } = bare(node)
  if ('keyed' in n) return dressed({ keyed: { ...n.keyed, when: closed(n.keyed.when) } }, negated)
  if (!isGroup(n)) return dressed(n, negated)
  const list = parts(n).map(closed)
  if (list.length === 1) {
    const only = bare(list[0]!)
    return dressed(only.node, only.negated !== negated)
  }
  return dressed('any' in n ? { any: list } : { all: list }, negated)
}

/** How the server names the place of a path: when.any[1].not.all[0]. */
export function place(root: Cond, path: Path, prefix = 'when'): string {
  let text = prefix
  let node: Cond = root
  for (let rest = path; ; rest = rest.slice(1)) {
    while ('not' in node) {
      text += '.not'
      node = node.not
    }
    const i = rest[0]
    if (i === undefined) return text
    if ('keyed' in node) {
      text += '.keyed.when'
      node = node.keyed.when
    } else if (isGroup(node)) {
      const list: Cond[] = parts(node)
      text += `${'any' in node ? '.any' : '.all'}[${i}]`
      if (!list[i]) return text
      node = list[i]
    } else return text
  }
}

/** The kind of a condition that is no group; undefined for what this version does not know. */
export function leafKind(node: Cond): LeafKind | 'keyed' | undefined {
  const { node: n } = bare(node)
  if ('keyed' in n) return 'keyed'
  return leafKinds.find((kind) => kind in n)
}

/** Whether a path lies inside a keyed condition, where only events can be asked about. */
export function insideKeyed(root: Cond, path: Path): boolean {
  let node: Cond | undefined = root
  for (const i of path) {
    if (node && 'keyed' in bare(node).node) return true
    node = node && parts(node)[i]
  }
  return false
}

export const keyedOf = (node: Cond): Keyed | undefined => {
  const { node: n } = bare(node)
  return 'keyed' in n ? n.keyed : undefined
}

/** How many conditions there are, groups not counted. */
export const leaves = (node: Cond): number => (leafKind(node) && leafKind(node) !== 'keyed' ? 1 : parts(node).reduce((n, child) => n + leaves(child), 0))
