import { createContext, useContext } from 'react'
import { inside } from './kinds'

/** Something wrong at a place of the condition; soft: it is only not filled in yet. */
export type Fault = { place: string; text: string; soft?: boolean }
type State = { faults: Fault[]; /** The key of the segment being edited, which cannot name itself. */ self?: string; /** The stages of the model being edited: its conditions know these only. */ stages?: { key: string; label: string }[]; readOnly: boolean }

export const BuilderState = createContext<State>({ faults: [], readOnly: false })
export const useBuilder = () => useContext(BuilderState)

/** What stands at a field: the message of the server, and whether it waits to be filled in. */
export function useFault(place: string): { error?: string; gap: boolean } {
  const { faults } = useBuilder()
  const here = faults.filter((f) => f.place === place)
  return { error: here.find((f) => !f.soft)?.text, gap: here.some((f) => f.soft) }
}

/** Faults of a whole condition. Those of the server that name a field are shown at the field when one claims them. */
export function useFaults(place: string): Fault[] {
  const { faults } = useBuilder()
  return faults.filter((f) => inside(place, f.place))
}
