import { Button, Group, PasswordInput, Select, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ApiError } from '~/api'
import { activate, type Locale, locales } from '~/app/i18n'
import { useSession } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { Card, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'

/** The user's own name, language and password. */
export default function AccountScreen() {
  const { t, i18n } = useLingui()
  const session = useSession()
  const client = useQueryClient()
  const toast = useToast()
  const [name, setName] = useState(session?.user.name ?? '')
  const [locale, setLocale] = useState<Locale>(i18n.locale as Locale)
  const save = useMutation({
    mutationFn: () => api.patch('/me', { name, locale }),
    onSuccess: async () => {
      await activate(locale)
      await client.invalidateQueries({ queryKey: ['session'] })
      toast.done(t`Saved.`)
    },
  })
  return (
    <Page title={t`My account`} sub={session?.user.email}>
      <Stack maw={520}>
        <Card title={t`About me`}>
          <form
            onSubmit={(e) => {
              e.preventDefault()
              save.mutate()
            }}
          >
            <Stack>
              <FormError error={save.error} />
              <TextInput label={t`Name`} autoComplete="name" value={name} error={fieldError(save.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} />
              <Select label={t`Language`} allowDeselect={false} value={locale} onChange={(l) => setLocale(l as Locale)} data={Object.entries(locales).map(([value, label]) => ({ value, label }))} />
              <Group justify="flex-end">
                <Button type="submit" loading={save.isPending}>{t`Save`}</Button>
              </Group>
            </Stack>
          </form>
        </Card>
        <Password />
      </Stack>
    </Page>
  )
}

function Password() {
  const { t } = useLingui()
  const toast = useToast()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const change = useMutation({
    mutationFn: () => api.post('/me/password', { current, new: next }),
    onSuccess: () => {
      setCurrent('')
      setNext('')
      toast.done(t`Password changed.`)
    },
  })
  const general = change.error instanceof ApiError && change.error.fields.length > 0 ? undefined : change.error
  const eye = { 'aria-label': t`Show the password` }
  return (
    <Card title={t`Password`}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          change.mutate()
        }}
      >
        <Stack>
          <FormError error={general} />
          <PasswordInput label={t`Current password`} required autoComplete="current-password" value={current} error={fieldError(change.error, 'current')} onChange={(e) => setCurrent(e.currentTarget.value)} visibilityToggleButtonProps={eye} />
          <PasswordInput label={t`New password`} description={t`At least 10 characters.`} required minLength={10} autoComplete="new-password" value={next} error={fieldError(change.error, 'new')} onChange={(e) => setNext(e.currentTarget.value)} visibilityToggleButtonProps={eye} />
          <Group justify="flex-end">
            <Button type="submit" loading={change.isPending}>{t`Change the password`}</Button>
          </Group>
        </Stack>
      </form>
    </Card>
  )
}
