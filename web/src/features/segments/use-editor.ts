import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ApiError } from '~/api'
import type { Cond } from '~/api/condition'
import { type Segment, segments } from '~/api/segments'
import type { Fault } from '~/conditions/context'
import { refusals, useMissing } from '~/conditions/faults'
import { useDraft } from '~/conditions/history'
import { gaps } from '~/conditions/kinds'
import { closed, opened } from '~/conditions/tree'

/** A condition being edited with its live preview; the last result stays until the next is there. */
export function useEditor(initial: Cond | null, segment?: Segment) {
  const draft = useDraft(() => opened(initial))
  const missing = useMissing(draft.value)
  const [settled] = useDebouncedValue(draft.value, 350)
  const ready = useMemo(() => gaps(settled).length === 0, [settled])
  const query = useQuery({ ...segments.preview(settled, segment?.id), enabled: ready })
  const error = ready && query.error instanceof ApiError && query.error.fields.length > 0 ? query.error : undefined
  const faults = useMemo<Fault[]>(() => [...(draft.value === settled ? refusals(error, 'when') : []), ...missing], [missing, error, draft.value, settled])
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
