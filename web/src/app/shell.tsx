import { ActionIcon, Burger, Drawer, Menu, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { api } from '~/api'
import { IconKeyboard, IconLanguage, IconLogout, IconMoon, IconSearch, IconSun, IconUser } from '~/ui/icons'
import { activate, type Locale, locales } from './i18n'
import { Logo } from './logo'
import { useNav } from './nav'
import { SearchDialog } from './search'
import { useSession, useSignOut } from './session'
import { ShortcutsDialog, useShortcuts } from './shortcuts'
import { WorkBar } from './work'
import classes from './shell.module.css'

/** The frame of the app: navigation, search, running work, and the screen. */
export function Shell() {
  const { t } = useLingui()
  const [navOpen, nav] = useDisclosure(false)
  const [searchOpen, search] = useDisclosure(false)
  const [helpOpen, help] = useDisclosure(false)
  const path = useRouterState({ select: (s) => s.location.pathname })
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
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
      <Drawer opened={navOpen} onClose={nav.close} size={270} title={<Logo />} closeButtonProps={{ 'aria-label': t`Close` }}>
        <NavLinks />
      </Drawer>
      <div className={classes.body}>
        <header className={classes.top}>
          <Burger hiddenFrom="md" size="sm" opened={navOpen} onClick={nav.toggle} aria-label={t`Menu`} />
          <UnstyledButton className={classes.search} onClick={search.open} aria-keyshortcuts="Control+K /">
            <IconSearch size={16} aria-hidden />
            <span>{t`Find a customer or a page`}</span>
            <kbd aria-hidden>/</kbd>
          </UnstyledButton>
          <div className={classes.tools}>
            <WorkBar />
            <Tooltip label={t`Keyboard shortcuts`}>
              <ActionIcon variant="subtle" color="gray" size="lg" visibleFrom="sm" onClick={help.open} aria-label={t`Keyboard shortcuts`}>
                <IconKeyboard size={19} />
              </ActionIcon>
            </Tooltip>
            <LanguageMenu />
            <SchemeButton />
            <UserMenu />
          </div>
        </header>
        <main id="main" ref={main} tabIndex={-1} className={classes.main}>
          <Outlet />
        </main>
      </div>
      <SearchDialog opened={searchOpen} close={search.close} />
      <ShortcutsDialog opened={helpOpen} close={help.close} />
    </div>
  )
}

function NavLinks() {
  const { t } = useLingui()
  const groups = useNav()
  return (
    <nav aria-label={t`Main`} className={classes.nav}>
      {groups.map((group) => (
        <div key={group.label} className={classes.group}>
          {group.title && <div className={classes.groupTitle}>{group.title}</div>}
          {group.items.map((item) => (
            <Link key={item.to} to={item.to} className={classes.link} activeProps={{ 'data-active': true, 'aria-current': 'page' }}>
              <item.icon size={18} stroke={1.7} aria-hidden />
              {item.label}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  )
}

/** Changes the language of the page and, when signed in, of the user. */
export function LanguageMenu({ remember = true }: { remember?: boolean }) {
  const { t, i18n } = useLingui()
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t`Language`}>
          <IconLanguage size={19} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(locales) as Locale[]).map((locale) => (
          <Menu.Item
            key={locale}
            lang={locale}
            fw={locale === i18n.locale ? 650 : undefined}
            onClick={() => {
              void activate(locale)
              if (remember) void api.patch('/me', { locale }).catch(() => undefined)
            }}
          >
            {locales[locale]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

export function SchemeButton() {
  const { t } = useLingui()
  const { setColorScheme } = useMantineColorScheme()
  const dark = useComputedColorScheme('light') === 'dark'
  const label = dark ? t`Light colours` : t`Dark colours`
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => setColorScheme(dark ? 'light' : 'dark')} aria-label={label}>
        {dark ? <IconSun size={19} /> : <IconMoon size={19} />}
      </ActionIcon>
    </Tooltip>
  )
}

function UserMenu() {
  const { t } = useLingui()
  const session = useSession()
  const signOut = useSignOut()
  const name = session?.user.name || session?.user.email || ''
  const initials = name
    .split(/\s+/)
    .map((w) => w[0])
    .slice(0, 2)
    .join('')
    .toUpperCase()
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <UnstyledButton className={classes.avatar} title={name}>
          {initials}
          <span className="sr-only">, {t`Your account`}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name}
          <br />
          {session?.workspace.name}
        </Menu.Label>
        <Menu.Item component={Link} to="/settings/account" leftSection={<IconUser size={16} />}>
          {t`My account`}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          {t`Sign out`}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
