import { Burger, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { IconSearch } from '~/ui/icons'
import { Logo } from './logo'
import { NavLinks } from './nav-links'
import { useShortcuts } from './shortcuts'
import classes from './shell.module.css'

// Dialogs come when they are first opened, and menus after the frame, so that the first paint does not wait for them.
const Dialogs = lazy(() => import('./dialogs'))
const Tools = lazy(() => import('./tools'))

/** The frame of the app: navigation, search, running work, and the screen. */
export function Shell() {
  const { t } = useLingui()
  const [navOpen, nav] = useDisclosure(false)
  const [searchOpen, search] = useDisclosure(false)
  const [helpOpen, help] = useDisclosure(false)
  const path = useRouterState({ select: (s) => s.location.pathname })
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  const [everOpened, setEverOpened] = useState(false)
  if (!everOpened && (navOpen || searchOpen || helpOpen)) setEverOpened(true)
  useShortcuts({ search: search.open, help: help.open })

  useEffect(() => {
    nav.close()
    // After a change of page the focus goes to the content, so that keyboards and screen readers start there.
    if (first.current) first.current = false
    else main.current?.focus({ preventScroll: true })
  }, [path])

  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">{t`Skip to content`}</a>
      <aside className={classes.side}>
        <Link to="/board" className={classes.brand} aria-label={t`Ciclo, to the board`}>
          <Logo />
        </Link>
        <NavLinks />
      </aside>
      <div className={classes.body}>
        <header className={classes.top}>
          <Burger hiddenFrom="md" size="sm" opened={navOpen} onClick={nav.toggle} aria-label={t`Menu`} />
          <UnstyledButton className={classes.search} onClick={search.open} aria-keyshortcuts="Control+K /">
            <IconSearch size={16} aria-hidden />
            <span>{t`Find a customer or a page`}</span>
            <kbd aria-hidden>/</kbd>
          </UnstyledButton>
          <div className={classes.tools}>
            <Suspense>
              <Tools help={help.open} />
            </Suspense>
          </div>
        </header>
        <main id="main" ref={main} tabIndex={-1} className={classes.main}>
          <Outlet />
        </main>
      </div>
      {everOpened && (
        <Suspense>
          <Dialogs search={searchOpen} closeSearch={search.close} help={helpOpen} closeHelp={help.close} nav={navOpen} closeNav={nav.close} />
        </Suspense>
      )}
    </div>
  )
}
