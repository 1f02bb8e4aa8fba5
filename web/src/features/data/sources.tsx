import { ActionIcon, Anchor, Badge, Button, Group, Menu, Modal, Select, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, q, type Source } from '~/api'
import { useCan } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconDots, IconPlus, IconRefresh, IconSettings, IconSource } from '~/ui/icons'
import { Live } from '~/ui/live'
import { Copyable, Card, Empty, Loaded, Page, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { Snippets } from './snippets'
import { useKindText } from './source-kind'
import classes from './data.module.css'

/** Where events come from: one write key each. */
export default function SourcesScreen() {
  const { t } = useLingui()
  const can = useCan('data')
  const sources = useQuery(q.sources())
  const [adding, setAdding] = useState(false)
  const [key, setKey] = useState<{ name: string; key: string }>()
  const add = can && <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>{t`New source`}</Button>
  return (
    <Page title={t`Sources`} sub={t`A source is a place that sends events: a site, an app, a server. Each has its own write key.`} actions={add}>
      <Loaded query={sources}>
        {(list) => (
          <Card pad={false}>
            {list.length === 0 ? (
              <Empty icon={<IconSource size={22} />} title={t`No source yet`} action={add}>
                {t`Make a source to get a write key, then put ciclo.js on your site or point your existing tracking library at this server.`}
              </Empty>
            ) : (
              <SourceTable list={list} showKey={setKey} can={can} />
            )}
          </Card>
        )}
      </Loaded>
      {adding && <NewSource close={() => setAdding(false)} showKey={setKey} />}
      {key && (
        <Modal opened onClose={() => setKey(undefined)} title={t`Write key of ${key.name}`} size="xl" closeButtonProps={{ 'aria-label': t`Close` }}>
          <Stack>
            <Text size="sm">{t`Copy the key now: it is stored only as a hash and cannot be shown again. It can be replaced at any time.`}</Text>
            <div className={classes.key}>
              <span>{key.key}</span>
              <Copyable value={key.key} label={t`Write key`} />
            </div>
            <Snippets writeKey={key.key} />
          </Stack>
        </Modal>
      )}
    </Page>
  )
}

function SourceTable({ list, showKey, can }: { list: Source[]; showKey: (k: { name: string; key: string }) => void; can: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const kind = useKindText()
  const client = useQueryClient()
  const toast = useToast()
  const patch = useMutation({
    mutationFn: ({ source, enabled }: { source: Source; enabled: boolean }) => api.patch(`/sources/${source.id}`, { enabled }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sources'] }),
    onError: toast.error,
  })
  const rotate = useMutation({
    mutationFn: (source: Source) => api.post<{ write_key: string }>(`/sources/${source.id}/rotate`),
    onSuccess: ({ write_key }, source) => {
      void client.invalidateQueries({ queryKey: ['sources'] })
      showKey({ name: source.name, key: write_key })
    },
    onError: toast.error,
  })
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Sources`}>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`Name`}</th>
            <th scope="col">{t`Kind`}</th>
            <th scope="col">{t`Write key`}</th>
            <th scope="col">{t`Last event`}</th>
            <th scope="col" data-num>{t`Events`}</th>
            <th scope="col" data-num>{t`Repeated`}</th>
            <th scope="col" data-num>{t`Quarantined`}</th>
            <th scope="col">{t`Accepts events`}</th>
            <th scope="col">
              <span className="sr-only">{t`Actions`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((s) => (
            <tr key={s.id}>
              <th scope="row" style={{ color: 'var(--app-text)', fontSize: '0.84rem' }}>
                <Anchor component={Link} to={`/data/sources/${s.id}`}>
                  {s.name}
                </Anchor>
              </th>
              <td>
                <Badge color="gray" variant="light">
                  {kind(s.kind)}
                </Badge>
              </td>
              <td className={ui.mono}>{s.write_key_prefix}…</td>
              <td>{s.last_event_at ? f.ago(s.last_event_at) : t`never`}</td>
              <td data-num>
                <Live value={s.events}>{f.int(s.events)}</Live>
              </td>
              <td data-num>{f.int(s.duplicates)}</td>
              <td data-num>{f.int(s.quarantined)}</td>
              <td>
                <Switch aria-label={t`${s.name} accepts events`} checked={s.enabled} disabled={!can} onChange={(e) => patch.mutate({ source: s, enabled: e.currentTarget.checked })} />
              </td>
              <td data-num>
                {can && (
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <ActionIcon variant="subtle" color="gray" aria-label={t`Actions for ${s.name}`}>
                        <IconDots size={17} />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item leftSection={<IconSettings size={15} />} component={Link} to={`/data/sources/${s.id}`}>{t`Settings`}</Menu.Item>
                      <Menu.Item leftSection={<IconRefresh size={15} />} onClick={() => rotate.mutate(s)}>{t`Replace the write key`}</Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function NewSource({ close, showKey }: { close: () => void; showKey: (k: { name: string; key: string }) => void }) {
  const { t } = useLingui()
  const kindText = useKindText()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<Source['kind']>('browser')
  const [ip, setIp] = useState<Source['ip_policy']>('truncate')
  const create = useMutation({
    mutationFn: () => api.post<{ write_key: string }>('/sources', { name, kind, ip_policy: ip }),
    onSuccess: (r) => {
      void client.invalidateQueries({ queryKey: ['sources'] })
      close()
      showKey({ name, key: r.write_key })
    },
  })
  return (
    <Modal opened onClose={close} title={t`New source`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          create.mutate()
        }}
      >
        <Stack>
          <FormError error={create.error} />
          <TextInput label={t`Name`} required value={name} error={fieldError(create.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
          <Select label={t`Kind`} description={t`Keys of websites and apps are public; a server key must stay secret and may set more.`} allowDeselect={false} value={kind} onChange={(k) => setKind(k as Source['kind'])} data={(['browser', 'server', 'mobile'] as const).map((k) => ({ value: k, label: kindText(k) }))} />
          <Select label={t`IP addresses`} allowDeselect={false} value={ip} onChange={(v) => setIp(v as Source['ip_policy'])} data={[{ value: 'truncate', label: t`shorten (last part becomes 0)` }, { value: 'remove', label: t`do not store` }, { value: 'keep', label: t`store as received` }]} />
          <Group justify="flex-end">
            <Button type="submit" loading={create.isPending}>{t`Create`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
