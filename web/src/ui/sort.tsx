import type { ReactNode } from 'react'
import { IconDown, IconUp } from './icons'
import classes from './ui.module.css'

/** A column head that sorts: first descending, then ascending. */
export function SortButton({ id, sort, onSort, children }: { id: string; sort: string; onSort: (sort: string) => void; children: ReactNode }) {
  const on = sort.replace('-', '') === id
  const down = sort.startsWith('-')
  return (
    <button type="button" className={classes.sort} data-on={on || undefined} onClick={() => onSort(on && down ? id : `-${id}`)}>
      {children}
      {on && (down ? <IconDown size={13} aria-hidden /> : <IconUp size={13} aria-hidden />)}
    </button>
  )
}
