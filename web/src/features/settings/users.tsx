import { Badge, Button, Group, Modal, PasswordInput, Select, Stack, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type Role, type User } from '~/api'
import { useCan, useSession } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconPlus } from '~/ui/icons'
import { roles, useRoleName } from '~/ui/names'
import { Card, Loaded, Page, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'

/** Who may sign in, and what they may do. */
export default function UsersScreen() {
  const { t } = useLingui()
  const can = useCan('admin')
  const users = useQuery(q.users())
  const [open, setOpen] = useState(false)
  return (
    <Page title={t`Users`} sub={t`People who sign in here. Customers are never users.`} actions={can && <Button leftSection={<IconPlus size={16} />} onClick={() => setOpen(true)}>{t`New user`}</Button>}>
      <Loaded query={users}>
        {(list) => (
          <Card pad={false}>
            <UserTable list={list} can={can} />
          </Card>
        )}
      </Loaded>
      {open && <NewUser close={() => setOpen(false)} />}
    </Page>
  )
}

function UserTable({ list, can }: { list: User[]; can: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const roleName = useRoleName()
  const me = useSession()?.user.id
  const client = useQueryClient()
  const toast = useToast()
  const patch = useMutation({
    mutationFn: ({ user, body }: { user: User; body: Partial<User>; silent?: boolean }) => api.patch(`/users/${user.id}`, 'enabled' in body ? { disabled: !body.enabled } : { role: body.role }),
    onSuccess: (_, { user, body, silent }) => {
      void client.invalidateQueries({ queryKey: ['users'] })
      const before: Partial<User> = 'role' in body ? { role: user.role } : { enabled: user.enabled }
      if (!silent) toast.undo(t`Saved.`, () => patch.mutate({ user, body: before, silent: true }))
    },
    onError: toast.error,
  })
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Users`}>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`Name`}</th>
            <th scope="col">{t`E-mail`}</th>
            <th scope="col">{t`Role`}</th>
            <th scope="col">{t`Last seen`}</th>
            <th scope="col">{t`May sign in`}</th>
          </tr>
        </thead>
        <tbody>
          {list.map((u) => (
            <tr key={u.id}>
              <th scope="row" style={{ color: 'var(--app-text)', fontSize: '0.84rem' }}>
                {u.name} {u.id === me && <Badge variant="light">{t`you`}</Badge>}
              </th>
              <td>{u.email}</td>
              <td>{can && u.id !== me ? <Select size="xs" w={160} aria-label={t`Role of ${u.name}`} allowDeselect={false} data={roles.map((r) => ({ value: r, label: roleName(r) }))} value={u.role} onChange={(role) => role && role !== u.role && patch.mutate({ user: u, body: { role: role as Role } })} /> : roleName(u.role)}</td>
              <td>{u.last_seen ? f.ago(u.last_seen) : t`never`}</td>
              <td>
                <Switch aria-label={t`${u.name} may sign in`} checked={u.enabled} disabled={!can || u.id === me} onChange={(e) => patch.mutate({ user: u, body: { enabled: e.currentTarget.checked } })} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function NewUser({ close }: { close: () => void }) {
  const { t } = useLingui()
  const roleName = useRoleName()
  const client = useQueryClient()
  const toast = useToast()
  const [form, setForm] = useState({ name: '', email: '', password: '', role: 'analyst' as Role })
  const set = (patch: Partial<typeof form>) => setForm({ ...form, ...patch })
  const create = useMutation({
    mutationFn: () => api.post('/users', form),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['users'] })
      toast.done(t`User created. Hand over the password in a safe way.`)
      close()
    },
  })
  return (
    <Modal opened onClose={close} title={t`New user`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          create.mutate()
        }}
      >
        <Stack>
          <FormError error={create.error} />
          <TextInput label={t`Name`} required value={form.name} error={fieldError(create.error, 'name')} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
          <TextInput label={t`E-mail`} type="email" required autoComplete="off" value={form.email} error={fieldError(create.error, 'email')} onChange={(e) => set({ email: e.currentTarget.value })} />
          <PasswordInput label={t`First password`} description={t`At least 10 characters. The user can change it under My account.`} required minLength={10} autoComplete="new-password" value={form.password} error={fieldError(create.error, 'password')} onChange={(e) => set({ password: e.currentTarget.value })} visibilityToggleButtonProps={{ 'aria-label': t`Show the password` }} />
          <Select label={t`Role`} allowDeselect={false} data={roles.map((r) => ({ value: r, label: roleName(r) }))} value={form.role} onChange={(role) => set({ role: role as Role })} />
          <Group justify="flex-end">
            <Button type="submit" loading={create.isPending}>{t`Create`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
