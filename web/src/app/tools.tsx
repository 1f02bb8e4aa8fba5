import { ActionIcon, Menu, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import { api } from '~/api'
import { IconKeyboard, IconLanguage, IconLogout, IconMoon, IconSun, IconUser } from '~/ui/icons'
import { activate, type Locale, locales } from './i18n'
import { useSession, useSignOut } from './session'
import { WorkBar } from './work'
import classes from './shell.module.css'

/** The right end of the top bar: running work, shortcuts, language, colours and the user. */
export default function Tools({ help }: { help: () => void }) {
  const { t } = useLingui()
  return (
    <>
      <WorkBar />
      <Tooltip label={t`Keyboard shortcuts`}>
        <ActionIcon variant="subtle" color="gray" size="lg" visibleFrom="sm" onClick={help} aria-label={t`Keyboard shortcuts`}>
          <IconKeyboard size={19} />
        </ActionIcon>
      </Tooltip>
      <LanguageMenu />
      <SchemeButton />
      <UserMenu />
    </>
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
