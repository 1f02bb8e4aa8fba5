import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type ApiKey, type Role } from '~/api'
import { useCan } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconKey, IconPlus, IconTrash } from '~/ui/icons'
import { roles, useRoleName } from '~/ui/names'
import { CodeBlock } from '~/ui/copy'
import { Copyable, Card, Empty, Loaded, Page, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'
import data from '../data/data.module.css'

/** Keys for programs that read or change data over the API. */
export default function ApiKeysScreen() {
  const { t } = useLingui()
  const can = useCan('admin')
  const keys = useQuery(q.apiKeys())
  const [open, setOpen] = useState(false)
  const add = can && <Button leftSection={<IconPlus size={16} />} onClick={() => setOpen(true)}>{t`New API key`}</Button>
  return (
    <Page title={t`API keys`} sub={t`For programs that use the API. A key can do what its role can do. To send events, use the write key of a source instead.`} actions={add}>
      <Loaded query={keys}>
        {(list) => (
          <Card pad={false}>
            {list.length === 0 ? (
              <Empty icon={<IconKey size={22} />} title={t`No API key yet`} action={add}>
                {t`Make a key with the smallest role that is enough, and send it as “Authorization: Bearer …”.`}
              </Empty>
            ) : (
              <KeyTable list={list} can={can} />
            )}
          </Card>
        )}
      </Loaded>
      {open && <NewKey close={() => setOpen(false)} />}
    </Page>
  )
}

function KeyTable({ list, can }: { list: ApiKey[]; can: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const roleName = useRoleName()
  const client = useQueryClient()
  const toast = useToast()
  const [confirm, setConfirm] = useState<ApiKey>()
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => api.delete(`/api-keys/${key.id}`),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['api-keys'] })
      setConfirm(undefined)
      toast.done(t`Key revoked.`)
    },
    onError: toast.error,
  })
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`API keys`}>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`Name`}</th>
            <th scope="col">{t`Key begins with`}</th>
            <th scope="col">{t`Role`}</th>
            <th scope="col">{t`Created`}</th>
            <th scope="col">{t`Last used`}</th>
            <th scope="col">
              <span className="sr-only">{t`Actions`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((k) => (
            <tr key={k.id}>
              <td>{k.name}</td>
              <td className={ui.mono}>{k.prefix}…</td>
              <td>{roleName(k.role)}</td>
              <td>{f.date(k.created_at)}</td>
              <td>{k.last_used_at ? f.ago(k.last_used_at) : t`never`}</td>
              <td data-num>{can && <Button size="compact-sm" variant="default" leftSection={<IconTrash size={14} />} aria-label={t`Revoke ${k.name}`} onClick={() => setConfirm(k)}>{t`Revoke`}</Button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Modal opened={!!confirm} onClose={() => setConfirm(undefined)} title={t`Revoke ${confirm?.name ?? ''}?`} closeButtonProps={{ 'aria-label': t`Close` }}>
        <Text size="sm">{t`Programs that use this key stop working at once. This cannot be undone.`}</Text>
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => setConfirm(undefined)} data-autofocus>{t`Cancel`}</Button>
          <Button color="red" loading={revoke.isPending} onClick={() => confirm && revoke.mutate(confirm)}>{t`Revoke`}</Button>
        </Group>
      </Modal>
    </div>
  )
}

function NewKey({ close }: { close: () => void }) {
  const { t } = useLingui()
  const roleName = useRoleName()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('analyst')
  const create = useMutation({
    mutationFn: () => api.post<{ secret?: string; key?: string }>('/api-keys', { name, role }).then((r) => ({ key: r.secret ?? r.key ?? '' })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['api-keys'] }),
  })
  return (
    <Modal opened onClose={close} title={t`New API key`} size="lg" closeButtonProps={{ 'aria-label': t`Close` }}>
      {create.data ? (
        <Stack>
          <Text size="sm">{t`Copy the key now: it is stored only as a hash and cannot be shown again.`}</Text>
          <div className={data.key}>
            <span>{create.data.key}</span>
            <Copyable value={create.data.key} label={t`API key`} />
          </div>
          <CodeBlock label={t`Example`} code={`curl -H "Authorization: Bearer ${create.data.key}" ${window.location.origin}/api/v1/customers?limit=5`} />
          <Button onClick={close}>{t`Done`}</Button>
        </Stack>
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault()
            create.mutate()
          }}
        >
          <Stack>
            <FormError error={create.error} />
            <TextInput label={t`Name`} description={t`What uses it, so that you know later what stops when it is revoked.`} required value={name} error={fieldError(create.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
            <Select label={t`Role`} allowDeselect={false} data={roles.filter((r) => r !== 'owner').map((r) => ({ value: r, label: roleName(r) }))} value={role} onChange={(r) => setRole(r as Role)} />
            <Group justify="flex-end">
              <Button type="submit" loading={create.isPending}>{t`Create`}</Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
