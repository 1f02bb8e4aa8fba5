import { useLingui } from '@lingui/react/macro'
import type { ReactNode } from 'react'
import classes from './charts.module.css'

export type LegendItem = { key: string; label: string; glyph: ReactNode; value?: string; off?: boolean }

/** The series with their totals. A name switches its series on and off, a total opens who is behind it. */
export function Legend({ label, items, onToggle, onValue }: { label: string; items: LegendItem[]; onToggle?: (key: string) => void; onValue?: (key: string) => void }) {
  const { t } = useLingui()
  return (
    <ul className={classes.legend} aria-label={label}>
      {items.map((item) => {
        const name = (
          <>
            {item.glyph}
            <span title={item.label}>{item.label}</span>
          </>
        )
        return (
          <li key={item.key}>
            {onToggle ? (
              <button type="button" className={classes.key} aria-pressed={!item.off} data-off={item.off || undefined} onClick={() => onToggle(item.key)}>
                {name}
              </button>
            ) : (
              <span className={classes.key}>{name}</span>
            )}
            {item.value !== undefined &&
              (onValue ? (
                <button type="button" className={classes.key} aria-label={t`Who is behind this? ${item.label}, ${item.value}`} onClick={() => onValue(item.key)}>
                  <b>{item.value}</b>
                </button>
              ) : (
                <span className={classes.key}>
                  <b>{item.value}</b>
                </span>
              ))}
          </li>
        )
      })}
    </ul>
  )
}
