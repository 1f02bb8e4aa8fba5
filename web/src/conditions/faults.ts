import { useMemo } from 'react'
import { ApiError } from '~/api'
import type { Cond } from '~/api/condition'
import type { Fault } from './context'
import { gaps } from './kinds'
import { useWords } from './words'

/** What is still to fill in, in words. */
export function useMissing(node: Cond): Fault[] {
  const words = useWords()
  return useMemo(
    () => gaps(node).map((g) => ({ place: g.place, text: words.missing(g.what), soft: true })),
    // The words change with the language, and the page with them.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [node],
  )
}

/** What the server refused of a condition that stands at a place of what was sent. */
export function refusals(error: unknown, place: string): Fault[] {
  if (!(error instanceof ApiError)) return []
  return error.fields.map((f) => f.location.replace(/^body\./, '')).flatMap((at, i) => (at.startsWith(place) ? [{ place: `when${at.slice(place.length)}`, text: error.fields[i]!.message }] : []))
}
