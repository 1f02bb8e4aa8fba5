import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useNav } from './nav'

const typing = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
const busy = () => document.querySelector('[role=dialog][aria-modal=true]') !== null

/** Keys that work on every page: / and Ctrl+K to search, ? for help, g and a letter to go somewhere. */
export function useShortcuts({ search, help }: { search: () => void; help: () => void }) {
  const navigate = useNavigate()
  const groups = useNav()
  const pending = useRef(0)
  const pages = useRef(groups)
  pages.current = groups
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
        e.preventDefault()
        search()
        return
      }
      if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || busy()) return
      if (pending.current && e.timeStamp - pending.current < 1500) {
        pending.current = 0
        const item = pages.current.flatMap((g) => g.items).find((i) => i.keys === e.key.toLowerCase())
        if (item) {
          e.preventDefault()
          void navigate({ to: item.to })
        }
        return
      }
      if (e.key === 'g') pending.current = e.timeStamp
      else if (e.key === '/') {
        e.preventDefault()
        search()
      } else if (e.key === '?') {
        e.preventDefault()
        help()
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [navigate, search, help])
}
