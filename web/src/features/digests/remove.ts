import { useLingui } from '@lingui/react/macro'
import { useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { type Digest, digests } from '~/api/digests'
import { useToast } from '~/ui/toast'

// A deleted digest is gone with its files, so it is first only hidden, and deleted when the time to undo is over. Who
// closes the page before keeps it.
let hidden: ReadonlySet<number> = new Set()
const listeners = new Set<() => void>()

function change(id: number, on: boolean) {
  hidden = new Set(on ? [...hidden, id] : [...hidden].filter((x) => x !== id))
  listeners.forEach((l) => l())
}

/** Digests that are about to be deleted. */
export function useHidden(): ReadonlySet<number> {
  return useSyncExternalStore(
    (l) => (listeners.add(l), () => void listeners.delete(l)),
    () => hidden,
  )
}

/** How long the message with the undo stays, and a little. */
const wait = 6500

export function useRemove() {
  const { t } = useLingui()
  const toast = useToast()
  const client = useQueryClient()
  return (digest: Pick<Digest, 'id' | 'name'>) => {
    change(digest.id, true)
    const timer = window.setTimeout(() => {
      digests
        .remove(digest.id)
        .then(() => client.invalidateQueries({ queryKey: ['digests'] }), toast.error)
        .finally(() => change(digest.id, false))
    }, wait)
    toast.undo(t`“${digest.name}” deleted.`, () => {
      window.clearTimeout(timer)
      change(digest.id, false)
    })
  }
}
