// What changes on a dashboard: kept at once, saved a moment later, and taken back one by one.
import { useDebouncedCallback } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { type Dashboard, dashboards, type Tile } from '~/api/dashboards'
import { useToast } from '~/ui/toast'

const kept = 50

/** The tiles of a dashboard while it is on the screen. */
export function useTiles(dashboard: Dashboard) {
  const client = useQueryClient()
  const toast = useToast()
  const id = String(dashboard.id)
  const [tiles, setTiles] = useState(dashboard.tiles)
  const [past, setPast] = useState<Tile[][]>([])
  const [saving, setSaving] = useState(false)
  const latest = useRef(tiles)
  const saved = useRef(dashboard.tiles)
  const send = useDebouncedCallback(
    async (next: Tile[]) => {
      setSaving(true)
      try {
        const fresh = await dashboards.change(id, { tiles: next })
        saved.current = fresh.tiles
        client.setQueryData(dashboards.one(id).queryKey, fresh)
        void client.invalidateQueries({ queryKey: ['dashboards'], exact: true })
      } catch (error) {
        // What the server refused must not stay on the screen.
        latest.current = saved.current
        setTiles(saved.current)
        toast.error(error)
      } finally {
        setSaving(false)
      }
    },
    { delay: 500, flushOnUnmount: true },
  )
  const apply = useCallback(
    (next: Tile[]) => {
      latest.current = next
      setTiles(next)
      send(next)
    },
    [send],
  )
  const change = useCallback(
    (next: Tile[]) => {
      if (JSON.stringify(next) === JSON.stringify(latest.current)) return
      setPast((list) => [...list.slice(1 - kept), latest.current])
      apply(next)
    },
    [apply],
  )
  const undo = useCallback(() => {
    const before = past[past.length - 1]
    if (!before) return
    setPast(past.slice(0, -1))
    apply(before)
  }, [past, apply])
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const typing = e.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)
      if ((e.ctrlKey || e.metaKey) && !e.shiftKey && e.key.toLowerCase() === 'z' && !typing && past.length > 0) {
        e.preventDefault()
        undo()
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [undo, past.length])
  return { tiles, change, undo, canUndo: past.length > 0, saving }
}

export const newTileId = () => Array.from(crypto.getRandomValues(new Uint8Array(6)), (b) => b.toString(16).padStart(2, '0')).join('')
