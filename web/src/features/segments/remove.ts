import { useLingui } from '@lingui/react/macro'
import { useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { type Segment, segments } from '~/api/segments'
import { useToast } from '~/ui/toast'

// A deleted segment is gone with its history and its list, so it is first only hidden, and deleted when the time to
// undo is over. Who leaves the page before keeps it.
const hidden = new Set<number>()
const listeners = new Set<() => void>()
let shown: ReadonlySet<number> = new Set()

function change(id: number, on: boolean) {
  if (on) hidden.add(id)
  else hidden.delete(id)
  shown = new Set(hidden)
  listeners.forEach((l) => l())
}

/** Segments that are about to be deleted. */
export function useHidden(): ReadonlySet<number> {
  return useSyncExternalStore(
    (l) => (listeners.add(l), () => void listeners.delete(l)),
    () => shown,
  )
}

/** How long the message with the undo stays, and a little. */
const wait = 6500

export function useRemove() {
  const { t } = useLingui()
  const toast = useToast()
  const client = useQueryClient()
  return (segment: Pick<Segment, 'id' | 'name'>) => {
    change(segment.id, true)
    const timer = window.setTimeout(() => {
      segments
        .remove(segment.id)
        .then(() => client.invalidateQueries({ queryKey: ['segments'] }), toast.error)
        .finally(() => change(segment.id, false))
    }, wait)
    toast.undo(t`“${segment.name}” deleted.`, () => {
      window.clearTimeout(timer)
      change(segment.id, false)
    })
  }
}
