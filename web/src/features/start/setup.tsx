import { Button, Group, PasswordInput, Select, Stack, TextInput, Title } from '@mantine/core'
import { Copyable } from '~/ui/page'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api, q } from '~/api'
import { Logo } from '~/app/logo'
import { LanguageMenu, SchemeButton } from '~/app/tools'
import { fieldError, FormError } from '~/ui/errors'
import { currencies, timeZones } from '~/ui/lists'
import { useKindName } from '~/ui/names'
import { Snippets } from '../data/snippets'
import classes from './start.module.css'

/** The first page of a new installation: owner, workspace, write key, first event. */
export default function Setup() {
  const { t } = useLingui()
  const client = useQueryClient()
  const navigate = useNavigate()
  const needed = useQuery(q.setup())
  const [key, setKey] = useState<string>()
  useEffect(() => {
    document.title = `${t`Set up`} · Ciclo`
  }, [])
  useEffect(() => {
    if (needed.data && !needed.data.needed && !key) void navigate({ to: '/sign-in' })
  }, [needed.data, key])
  const created = async (writeKey: string) => {
    setKey(writeKey)
    client.removeQueries({ queryKey: ['session'] })
    await client.fetchQuery(q.session())
  }
  return (
    <main className={classes.center}>
      <div className={classes.corner}>
        <LanguageMenu remember={false} />
        <SchemeButton />
      </div>
      <div className={`${classes.box} ${classes.wide}`}>
        <Logo />
        {key ? <FirstEvent writeKey={key} /> : <OwnerForm done={(k) => void created(k)} />}
      </div>
    </main>
  )
}

function OwnerForm({ done }: { done: (writeKey: string) => void }) {
  const { t } = useLingui()
  const [form, setForm] = useState({ email: '', password: '', name: '', workspace_name: '', time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, currency: 'EUR', locale: document.documentElement.lang })
  const set = (patch: Partial<typeof form>) => setForm({ ...form, ...patch })
  const create = useMutation({ mutationFn: () => api.post<{ write_key: string }>('/setup', form), onSuccess: (r) => done(r.write_key) })
  return (
    <>
      <Title order={1} mt="lg" mb={4}>{t`Welcome`}</Title>
      <p className={classes.lead}>{t`Two minutes to your first event. This page is shown only once, on a new installation.`}</p>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          create.mutate()
        }}
      >
        <Stack>
          <FormError error={create.error} />
          <div className={classes.fields}>
            <TextInput label={t`Your name`} required autoComplete="name" value={form.name} error={fieldError(create.error, 'name')} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
            <TextInput label={t`E-mail`} type="email" required autoComplete="username" value={form.email} error={fieldError(create.error, 'email')} onChange={(e) => set({ email: e.currentTarget.value })} />
            <PasswordInput label={t`Password`} description={t`At least 10 characters.`} required minLength={10} autoComplete="new-password" value={form.password} error={fieldError(create.error, 'password')} onChange={(e) => set({ password: e.currentTarget.value })} visibilityToggleButtonProps={{ 'aria-label': t`Show the password` }} />
            <TextInput label={t`Name of the workspace`} description={t`Usually your company or shop.`} required value={form.workspace_name} error={fieldError(create.error, 'workspace_name')} onChange={(e) => set({ workspace_name: e.currentTarget.value })} />
            <Select label={t`Time zone`} searchable allowDeselect={false} data={timeZones()} value={form.time_zone} error={fieldError(create.error, 'time_zone')} onChange={(v) => set({ time_zone: v! })} />
            <Select label={t`Currency`} searchable allowDeselect={false} data={currencies()} value={form.currency} error={fieldError(create.error, 'currency')} onChange={(v) => set({ currency: v! })} />
          </div>
          <Group justify="flex-end">
            <Button type="submit" loading={create.isPending}>{t`Create the workspace`}</Button>
          </Group>
        </Stack>
      </form>
    </>
  )
}

function FirstEvent({ writeKey }: { writeKey: string }) {
  const { t } = useLingui()
  const kindName = useKindName()
  const events = useQuery(q.liveEvents(false))
  const first = events.data?.[0]
  return (
    <Stack mt="lg">
      <div>
        <Title order={1} mb={4}>{t`Send the first event`}</Title>
        <p className={classes.lead}>{t`This is your first write key. Copy it now: it is stored only as a hash. You can replace it at any time under Sources.`}</p>
      </div>
      <div className={classes.key}>
        <span>{writeKey}</span>
        <Copyable value={writeKey} label={t`Write key`} />
      </div>
      <Snippets writeKey={writeKey} />
      <div className={classes.wait} role="status">
        <span className={classes.pulse} data-on={!!first} aria-hidden />
        {first ? t`The first event is here: “${first.name || kindName(first.kind)}”.` : t`Waiting for the first event…`}
      </div>
      <Group justify="flex-end">
        <Button variant={first ? 'filled' : 'default'} component={Link} to="/board">
          {first ? t`To the board` : t`Go on without`}
        </Button>
      </Group>
    </Stack>
  )
}
