import { useCallback, useReducer } from 'react'
import type { Cond } from '~/api/condition'

type State = { now: Cond; past: Cond[]; future: Cond[]; /** What changed last: typing in one condition is one step back. */ tag: string }
type Action = { do: 'set'; next: Cond; tag: string } | { do: 'undo' } | { do: 'redo' } | { do: 'reset'; next: Cond }

const most = 100

export function step(s: State, a: Action): State {
  switch (a.do) {
    case 'set':
      if (JSON.stringify(a.next) === JSON.stringify(s.now)) return s
      return a.tag !== '' && a.tag === s.tag ? { ...s, now: a.next, future: [] } : { now: a.next, past: [...s.past.slice(-most), s.now], future: [], tag: a.tag }
    case 'undo':
      return s.past.length === 0 ? s : { now: s.past.at(-1)!, past: s.past.slice(0, -1), future: [s.now, ...s.future], tag: '' }
    case 'redo':
      return s.future.length === 0 ? s : { now: s.future[0]!, past: [...s.past, s.now], future: s.future.slice(1), tag: '' }
    case 'reset':
      return { now: a.next, past: [], future: [], tag: '' }
  }
}

export type Draft = ReturnType<typeof useDraft>

/** A condition being edited, with the steps back and forward. */
export function useDraft(initial: () => Cond) {
  const [state, dispatch] = useReducer(step, undefined, (): State => ({ now: initial(), past: [], future: [], tag: '' }))
  return {
    value: state.now,
    set: useCallback((next: Cond, tag = '') => dispatch({ do: 'set', next, tag }), []),
    undo: useCallback(() => dispatch({ do: 'undo' }), []),
    redo: useCallback(() => dispatch({ do: 'redo' }), []),
    reset: useCallback((next: Cond) => dispatch({ do: 'reset', next }), []),
    canUndo: state.past.length > 0,
    canRedo: state.future.length > 0,
  }
}
