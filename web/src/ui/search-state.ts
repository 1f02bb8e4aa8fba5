import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

/** The state of a screen that lives in its address, so that a view can be shared and the back button works. */
export function useSearchState<T extends Record<string, unknown>>(): [T, (patch: Partial<T>, options?: { push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as T
  const navigate = useNavigate()
  const set = useCallback(
    (patch: Partial<T>, options?: { push?: boolean }) => {
      void navigate({
        to: '.',
        replace: !options?.push,
        resetScroll: false,
        search: ((before: T) => {
          const next: Record<string, unknown> = { ...before, ...patch }
          for (const key of Object.keys(next)) {
            const value = next[key]
            if (value === undefined || value === '' || value === null || (Array.isArray(value) && value.length === 0)) delete next[key]
          }
          return next
        }) as never,
      })
    },
    [navigate],
  )
  return [search, set]
}
