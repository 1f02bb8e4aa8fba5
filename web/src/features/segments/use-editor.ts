import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ApiError } from '~/api'
import type { Cond } from '~/api/condition'
import { type Segment, segments } from '~/api/segments'
import type { Fault } from './builder/context'
import { useDraft } from './builder/history'
import { gaps } from './builder/kinds'
import { closed, opened } from './builder/tree'
import { useWords } from './builder/words'

/** A condition being edited with its live preview; the last result stays until the next is there. */
export function useEditor(initial: Cond | null, segment?: Segment) {
  const words = useWords()
  const draft = useDraft(() => opened(initial))
  const missing = useMemo(() => gaps(draft.value), [draft.value])
  const [settled] = useDebouncedValue(draft.value, 350)
  const ready = useMemo(() => gaps(settled).length === 0, [settled])
  const query = useQuery({ ...segments.preview(settled, segment?.id), enabled: ready })
  const error = ready && query.error instanceof ApiError && query.error.fields.length > 0 ? query.error : undefined
  const faults = useMemo<Fault[]>(() => {
    const soft = missing.map((g) => ({ place: g.place, text: words.missing(g.what), soft: true }))
    const hard = draft.value === settled && error ? error.fields.map((f) => ({ place: f.location, text: f.message })) : []
    return [...hard, ...soft]
    // The words change with the language, and the page with them.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [missing, error, draft.value, settled])
  const changed = initial === null ? draft.canUndo : JSON.stringify(closed(draft.value)) !== JSON.stringify(closed(opened(initial)))
  return {
    draft,
    faults,
    changed,
    incomplete: missing.length > 0,
    preview: query.data,
    loading: query.isFetching,
    stale: query.isPlaceholderData || draft.value !== settled,
    /** What the server refused as a whole. */
    refused: ready && query.isError ? query.error : undefined,
    when: () => closed(draft.value),
  }
}
