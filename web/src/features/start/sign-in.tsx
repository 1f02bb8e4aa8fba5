import { Button, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api, q } from '~/api'
import { LanguageMenu, SchemeButton } from '~/app/tools'
import { Logo } from '~/app/logo'
import { fieldError, FormError } from '~/ui/errors'
import { useSearchState } from '~/ui/search-state'
import classes from './start.module.css'

export default function SignIn() {
  const { t } = useLingui()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [search] = useSearchState<{ next?: string }>()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  useEffect(() => {
    document.title = `${t`Sign in`} · Ciclo`
    client.fetchQuery(q.setup()).then(
      (s) => void (s.needed && navigate({ to: '/setup' })),
      () => undefined,
    )
  }, [])
  const signIn = useMutation({
    mutationFn: () => api.post('/session', { email, password }),
    onSuccess: async () => {
      client.clear()
      await client.fetchQuery(q.session())
      // Only paths of this origin: an address from outside must not send people away.
      const next = search.next && /^\/(?!\/)/.test(search.next) && !search.next.startsWith('/sign-in') ? search.next : '/board'
      await navigate({ href: next })
    },
  })
  return (
    <main className={classes.center}>
      <div className={classes.corner}>
        <LanguageMenu remember={false} />
        <SchemeButton />
      </div>
      <div className={classes.box}>
        <Logo />
        <Title order={1} mt="lg" mb="md">{t`Sign in`}</Title>
        <form
          onSubmit={(e) => {
            e.preventDefault()
            signIn.mutate()
          }}
        >
          <Stack>
            <FormError error={signIn.error} />
            <TextInput label={t`E-mail`} type="email" autoComplete="username" required value={email} onChange={(e) => setEmail(e.currentTarget.value)} error={fieldError(signIn.error, 'email')} data-autofocus />
            <PasswordInput label={t`Password`} autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t`Show the password` }} />
            <Button type="submit" fullWidth loading={signIn.isPending}>{t`Sign in`}</Button>
          </Stack>
        </form>
      </div>
    </main>
  )
}
