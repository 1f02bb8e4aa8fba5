import { useCallback, useReducer, useState } from 'react'
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

/** The steps back and forward of a condition that another form holds, opened. */
export function useSteps(value: Cond, onChange: (next: Cond) => void): Draft {
  const [steps, setSteps] = useState<Omit<State, 'now'>>({ past: [], future: [], tag: '' })
  const act = (a: Action) => {
    const { now, ...rest } = step({ ...steps, now: value }, a)
    setSteps(rest)
    if (now !== value) onChange(now)
  }
  return {
    value,
    set: (next: Cond, tag = '') => act({ do: 'set', next, tag }),
    undo: () => act({ do: 'undo' }),
    redo: () => act({ do: 'redo' }),
    reset: (next: Cond) => act({ do: 'reset', next }),
    canUndo: steps.past.length > 0,
    canRedo: steps.future.length > 0,
  }
}

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
