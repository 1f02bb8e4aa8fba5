export type Piece = { text: string; kind: 'same' | 'new' | 'old' }

/** Words that changed between two sentences: the longest common sequence stays, the rest is marked. */
export function wordDiff(before: string, after: string): Piece[] {
  const words = (s: string): string[] => s.match(/\s+|[^\s]+/g) ?? []
  const [a, b] = [words(before), words(after)]
  if (a.length * b.length > 4_000_000) return [{ text: before, kind: 'old' }, { text: after, kind: 'new' }]
  const rows = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) for (let k = b.length - 1; k >= 0; k--) rows[i]![k] = a[i] === b[k] ? rows[i + 1]![k + 1]! + 1 : Math.max(rows[i + 1]![k]!, rows[i]![k + 1]!)
  const out: Piece[] = []
  const push = (text: string, kind: Piece['kind']) => {
    const last = out.at(-1)
    if (last?.kind === kind) last.text += text
    else out.push({ text, kind })
  }
  let [i, k] = [0, 0]
  while (i < a.length || k < b.length) {
    if (i < a.length && k < b.length && a[i] === b[k]) {
      push(a[i]!, 'same')
      i++
      k++
    } else if (i < a.length && (k === b.length || rows[i + 1]![k]! >= rows[i]![k + 1]!)) push(a[i++]!, 'old')
    else push(b[k++]!, 'new')
  }
  return out
}
