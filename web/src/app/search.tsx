import { Modal, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { q } from '~/api'
import { IconSearch } from '~/ui/icons'
import { useNav } from './nav'
import classes from './shell.module.css'

type Hit = { id: string; label: string; note: string; to: string; params?: { id: string } }

/** One box for customers (name, e-mail, any identifier) and pages. */
export function SearchDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useLingui()
  const navigate = useNavigate()
  const groups = useNav()
  const [text, setText] = useState('')
  const [debounced] = useDebouncedValue(text.trim(), 180)
  const [at, setAt] = useState(0)
  const { data } = useQuery({ ...q.customers({ q: debounced, limit: 8 }), enabled: opened && debounced.length > 0 })
  const pages: Hit[] = groups
    .flatMap((g) => g.items)
    .filter((i) => !text || i.label.toLowerCase().includes(text.trim().toLowerCase()))
    .map((i) => ({ id: i.to, label: i.label, note: t`Page`, to: i.to }))
  const found: Hit[] = debounced ? (data?.customers ?? []).map((c) => ({ id: c.id, label: c.name || c.email || c.id, note: [c.email, c.stage?.label].filter(Boolean).join(' · '), to: '/customers/$id', params: { id: c.id } })) : []
  const hits = [...found, ...pages.slice(0, debounced ? 4 : 8)]
  const current = Math.min(at, hits.length - 1)

  useEffect(() => setAt(0), [debounced])
  useEffect(() => {
    if (opened) setText('')
  }, [opened])

  const go = (hit: Hit | undefined) => {
    if (!hit) return
    close()
    void navigate({ to: hit.to, params: hit.params })
  }

  return (
    <Modal.Root opened={opened} onClose={close} size="lg" yOffset="12vh" centered={false}>
      <Modal.Overlay />
      <Modal.Content aria-label={t`Find a customer or a page`}>
        <Modal.Body p={0}>
      <TextInput
        data-autofocus
        size="lg"
        variant="unstyled"
        className={classes.searchInput}
        leftSection={<IconSearch size={20} />}
        placeholder={t`Name, e-mail, any identifier, or a page`}
        aria-label={t`Find a customer or a page`}
        role="combobox"
        aria-expanded={hits.length > 0}
        aria-controls="search-hits"
        aria-activedescendant={hits.length > 0 ? `hit-${current}` : undefined}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            e.preventDefault()
            setAt((current + (e.key === 'ArrowDown' ? 1 : -1) + hits.length) % Math.max(1, hits.length))
          } else if (e.key === 'Enter') go(hits[current])
        }}
      />
      {hits.length > 0 ? (
        <div id="search-hits" role="listbox" aria-label={t`Results`} className={classes.hits}>
          {hits.map((hit, i) => (
            // Options of a combobox are chosen with the keys of its input.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div key={hit.id} id={`hit-${i}`} role="option" tabIndex={-1} aria-selected={i === current} className={classes.hit} onClick={() => go(hit)} onMouseMove={() => setAt(i)}>
              <span>{hit.label}</span>
              <small>{hit.note}</small>
            </div>
          ))}
        </div>
      ) : (
        <p className={classes.noHits} role="status">{t`Nothing found. Try another spelling, or a whole identifier.`}</p>
      )}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
