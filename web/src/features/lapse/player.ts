import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react'

/** The day that follows after some time has passed; stops on the last. Speed is in days per second. */
export function advance(position: number, elapsedMs: number, speed: number, length: number): number {
  return Math.min(length - 1, position + (elapsedMs / 1000) * speed)
}

/**
 * Plays through a number of days. With reduced motion wanted, it goes by whole weeks, one a second, without movement
 * in between.
 */
export function usePlayer(length: number, speed: number, reduced: boolean) {
  const [at, setAt] = useState(length - 1)
  const [playing, setPlaying] = useState(false)
  const position = useRef(length - 1)

  const seek = useCallback(
    (i: number) => {
      position.current = Math.max(0, Math.min(length - 1, i))
      setAt(Math.floor(position.current))
    },
    [length],
  )

  useEffect(() => {
    if (!playing) return undefined
    if (reduced) {
      const timer = window.setInterval(() => {
        seek(position.current + 7)
        if (position.current >= length - 1) setPlaying(false)
      }, 1000)
      return () => window.clearInterval(timer)
    }
    let before = performance.now()
    let frame = requestAnimationFrame(function tick(now) {
      position.current = advance(position.current, now - before, speed, length)
      before = now
      setAt(Math.floor(position.current))
      if (position.current >= length - 1) setPlaying(false)
      else frame = requestAnimationFrame(tick)
    })
    return () => cancelAnimationFrame(frame)
  }, [playing, speed, reduced, length, seek])

  const toggle = useCallback(() => {
    setPlaying((on) => {
      if (!on && position.current >= length - 1) seek(0)
      return !on
    })
  }, [length, seek])

  useEffect(() => {
    // Space plays and pauses from anywhere on the page, except where it means something else.
    const onKey = (e: globalThis.KeyboardEvent) => {
      const target = e.target as HTMLElement
      if (e.key !== ' ' || e.ctrlKey || e.altKey || e.metaKey || target.closest('button, a, input, textarea, select, [role=option], [role=dialog]')) return
      e.preventDefault()
      toggle()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [toggle])

  const onKey = (e: KeyboardEvent) => {
    if ((e.target as HTMLElement).closest('[role=slider], input, [role=application]')) return
    if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') {
      e.preventDefault()
      setPlaying(false)
      seek(Math.floor(position.current) + (e.key === 'ArrowRight' ? 1 : -1))
    }
  }
  return { at, playing, toggle, seek: (i: number) => (setPlaying(false), seek(i)), onKey }
}
