// The condition language: what the server evaluates, and what the condition builder edits.

export type Op =
  | 'is' | 'is_not' | 'set' | 'not_set' | 'in' | 'not_in' | 'contains' | 'not_contains' | 'starts' | 'not_starts' | 'ends' | 'not_ends'
  | 'matches' | 'not_matches' | 'gt' | 'gte' | 'lt' | 'lte' | 'between' | 'is_true' | 'is_false' | 'before' | 'after' | 'in_last' | 'more_than_ago'

export type Value = string | number | boolean
export type Test = { name: string; op: Op; value?: Value | Value[] }
export type Window = { last: string } | { from: string; to: string }
export type Measure = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'distinct_days' | 'distinct'
export type EventKind = 'track' | 'page' | 'screen' | 'identify' | 'group' | 'any'
export type Did = { kind?: EventKind; event?: string; where?: Test[]; measure?: Measure; property?: string; op?: 'gte' | 'gt' | 'lte' | 'lt' | 'eq' | 'between'; value?: number | number[]; window?: Window }
export type Lapse = { event: string; kind?: EventKind; where?: Test[]; days: number; gap_multiple?: number; min_days?: number; max_days?: number }

export type Node = { all: Node[] } | { any: Node[] } | { not: Node } | { trait: Test } | { did: Did } | { lapse: Lapse } | { stage: { was: string } } | { segment: { key: string } }
export type NodeKind = 'all' | 'any' | 'not' | 'trait' | 'did' | 'lapse' | 'stage' | 'segment'

/** The kind of a node; an unknown node reads as an empty group, so that the builder never breaks on newer definitions. */
export function kindOf(node: Node): NodeKind {
  for (const kind of ['all', 'any', 'not', 'trait', 'did', 'lapse', 'stage', 'segment'] as const) if (kind in node) return kind
  return 'all'
}

/** A fresh node of a kind, ready to be filled in. */
export function emptyNode(kind: NodeKind): Node {
  switch (kind) {
    case 'all':
      return { all: [emptyNode('did')] }
    case 'any':
      return { any: [emptyNode('did')] }
    case 'not':
      return { not: emptyNode('did') }
    case 'trait':
      return { trait: { name: '', op: 'set' } }
    case 'did':
      return { did: { kind: 'track', event: '', op: 'gte', value: 1 } }
    case 'lapse':
      return { lapse: { event: '', kind: 'track', days: 90 } }
    case 'stage':
      return { stage: { was: '' } }
    case 'segment':
      return { segment: { key: '' } }
  }
}

/** How many values an operator takes. */
export function arity(op: Op): 0 | 1 | 2 | 'list' {
  if (op === 'set' || op === 'not_set' || op === 'is_true' || op === 'is_false') return 0
  if (op === 'between') return 2
  if (op === 'in' || op === 'not_in') return 'list'
  return 1
}

/** Changes the operator of a test and reshapes its value to what the operator takes. */
export function withOp(test: Test, op: Op): Test {
  const first = Array.isArray(test.value) ? test.value[0] : test.value
  const span = op === 'in_last' || op === 'more_than_ago'
  switch (arity(op)) {
    case 0:
      return { name: test.name, op }
    case 2:
      return { name: test.name, op, value: Array.isArray(test.value) && test.value.length === 2 ? test.value : [first ?? 0, first ?? 0] }
    case 'list':
      return { name: test.name, op, value: Array.isArray(test.value) ? test.value : first === undefined || first === '' ? [] : [first] }
    default:
      if (span) return { name: test.name, op, value: parseSpan(first) ? String(first) : '30d' }
      return { name: test.name, op, value: first ?? '' }
  }
}

const spanPattern = /^(\d+)([smhdw])$/

/** Reads a span such as 30d; undefined when it is none. */
export function parseSpan(value: unknown): { n: number; unit: string } | undefined {
  const m = spanPattern.exec(String(value))
  return m ? { n: Number(m[1]), unit: m[2]! } : undefined
}

/** Reads typed text as the number or truth value that it looks like, else as text. */
export function parseValue(text: string): Value {
  const trimmed = text.trim()
  if (trimmed === 'true') return true
  if (trimmed === 'false') return false
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(trimmed) && trimmed.length < 16) return Number(trimmed)
  return text
}

export type Path = (string | number)[]

/** The children of a group node, with the path of each. */
export function children(node: Node): Node[] {
  if ('all' in node) return node.all
  if ('any' in node) return node.any
  if ('not' in node) return [node.not]
  return []
}

/** Returns the tree with the node at a path of child positions replaced, or removed when next is undefined. */
export function replaceAt(root: Node, path: number[], next: Node | undefined): Node | undefined {
  const [head, ...rest] = path
  if (head === undefined) return next
  if ('not' in root) {
    const child = replaceAt(root.not, rest, next)
    return child ? { not: child } : undefined
  }
  const list = children(root)
  const child = list[head]
  if (!child) return root
  const replaced = replaceAt(child, rest, next)
  const updated = replaced ? list.with(head, replaced) : list.toSpliced(head, 1)
  return 'any' in root ? { any: updated } : { all: updated }
}

/** Adds a node at the end of the group at a path. */
export function appendAt(root: Node, path: number[], node: Node): Node {
  let group: Node | undefined = root
  for (const i of path) group = group && children(group)[i]
  if (!group || !('all' in group || 'any' in group)) return root
  const list = [...children(group), node]
  return replaceAt(root, path, 'any' in group ? { any: list } : { all: list }) ?? root
}

export type Gap = { path: number[]; what: 'event' | 'trait' | 'property' | 'value' | 'stage' | 'segment' | 'empty' | 'window' }

/** What is still missing before a condition can be evaluated; empty when it is complete. */
export function gaps(node: Node, path: number[] = []): Gap[] {
  const out: Gap[] = []
  const test = (t: Test, what: 'trait' | 'property') => {
    if (!t.name) out.push({ path, what })
    const a = arity(t.op)
    if (a === 1 && (t.value === undefined || t.value === '')) out.push({ path, what: 'value' })
    if (a === 'list' && (!Array.isArray(t.value) || t.value.length === 0)) out.push({ path, what: 'value' })
  }
  switch (kindOf(node)) {
    case 'all':
    case 'any': {
      const list = children(node)
      if (list.length === 0) out.push({ path, what: 'empty' })
      list.forEach((child, i) => out.push(...gaps(child, [...path, i])))
      break
    }
    case 'not':
      out.push(...gaps((node as { not: Node }).not, [...path, 0]))
      break
    case 'trait':
      test((node as { trait: Test }).trait, 'trait')
      break
    case 'did': {
      const did = (node as { did: Did }).did
      const kind = did.kind ?? 'track'
      if (kind === 'track' && !did.event) out.push({ path, what: 'event' })
      if (did.measure && did.measure !== 'count' && did.measure !== 'distinct_days' && !did.property) out.push({ path, what: 'property' })
      if (did.window && 'from' in did.window && (!did.window.from || !did.window.to || did.window.from >= did.window.to)) out.push({ path, what: 'window' })
      did.where?.forEach((t) => test(t, 'property'))
      break
    }
    case 'lapse': {
      const lapse = (node as { lapse: Lapse }).lapse
      if (!lapse.event && (lapse.kind ?? 'track') === 'track') out.push({ path, what: 'event' })
      if (!(lapse.days > 0)) out.push({ path, what: 'value' })
      break
    }
    case 'stage':
      if (!(node as { stage: { was: string } }).stage.was) out.push({ path, what: 'stage' })
      break
    case 'segment':
      if (!(node as { segment: { key: string } }).segment.key) out.push({ path, what: 'segment' })
  }
  return out
}
