import { Kbd, Modal } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useNav } from './nav'
import classes from './shell.module.css'

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

export function ShortcutsDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useLingui()
  const groups = useNav()
  const rows: [string[], string][] = [
    [['/'], t`Find a customer or a page`],
    [['?'], t`This list`],
    [['←', '→'], t`Move through the points of a chart`],
    [[t`Space`], t`Play or pause the time-lapse`],
    [['Esc'], t`Close a dialog`],
    ...groups.flatMap((g) => g.items).map((i): [string[], string] => [['g', i.keys], i.label]),
  ]
  return (
    <Modal opened={opened} onClose={close} title={t`Keyboard shortcuts`} size="lg" closeButtonProps={{ 'aria-label': t`Close` }}>
      <dl className={classes.keys}>
        {rows.map(([keys, label]) => (
          <div key={label}>
            <dt>
              {keys.map((k) => (
                <Kbd key={k}>{k}</Kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
