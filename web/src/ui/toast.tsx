import { Portal } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useMemo, useRef, useState } from 'react'
import { ApiError } from '~/api'
import { useErrorText } from './errors'
import classes from './ui.module.css'

export type Toast = { id: number; text: string; tone: 'plain' | 'error'; undo?: () => void }
type Show = { done: (text: string) => void; undo: (text: string, undo: () => void) => void; error: (error: unknown) => void }

const ToastCard = lazy(() => import('./toast-card'))

const Context = createContext<Show>({ done: () => undefined, undo: () => undefined, error: () => undefined })

/** Short messages at the bottom of the page: what was done, with undo where it can be undone. */
export const useToast = () => useContext(Context)

const stay = { plain: 6000, error: 12_000 }

export function ToastProvider({ children }: { children: ReactNode }) {
  const [list, setList] = useState<Toast[]>([])
  const next = useRef(1)
  const { t } = useLingui()
  const errorText = useErrorText()

  const close = useCallback((id: number) => setList((l) => l.filter((x) => x.id !== id)), [])
  const add = useCallback(
    (toast: Omit<Toast, 'id'>) => {
      const id = next.current++
      setList((l) => [...l.slice(-2), { ...toast, id }])
      window.setTimeout(() => close(id), stay[toast.tone])
    },
    [close],
  )
  const show = useMemo<Show>(
    () => ({
      done: (text) => add({ text, tone: 'plain' }),
      undo: (text, undo) => add({ text, tone: 'plain', undo }),
      error: (error) => add({ text: errorText(error instanceof ApiError ? error : undefined), tone: 'error' }),
    }),
    [add, errorText],
  )

  return (
    <Context.Provider value={show}>
      {children}
      <Portal>
        <div className={classes.toasts} role="region" aria-live="polite" aria-label={t`Messages`}>
          {list.map((toast) => (
            <Suspense key={toast.id}>
              <ToastCard toast={toast} close={() => close(toast.id)} />
            </Suspense>
          ))}
        </div>
      </Portal>
    </Context.Provider>
  )
}
