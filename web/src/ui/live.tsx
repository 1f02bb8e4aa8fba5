import { type ReactNode, useEffect, useRef, useState } from 'react'
import classes from './live.module.css'

/** Marks a number for a moment when it changes, discreetly and without moving anything. */
export function Live({ value, children }: { value: number | string | null; children: ReactNode }) {
  const before = useRef(value)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    if (before.current !== value) {
      before.current = value
      setTurn((n) => n + 1)
    }
  }, [value])
  return (
    <span key={turn} className={turn > 0 ? classes.flash : undefined}>
      {children}
    </span>
  )
}
