import { ActionIcon, Badge, Button, Menu, Modal, Switch } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { type Webhook, webhooks } from '~/api/webhooks'
import { segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconAlert, IconDots, IconPlus, IconWebhook } from '~/ui/icons'
import { Card, Empty, Loaded, Page, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { useEventWords } from './words'
import classes from './webhooks.module.css'

const WebhookForm = lazy(() => import('./form'))
const Deliveries = lazy(() => import('./deliveries'))
const Secret = lazy(() => import('./secret'))

/** Addresses that are told when customers enter and leave segments, and when alerts fire. */
export default function WebhooksScreen() {
  const { t } = useLingui()
  const can = useCan('data')
  const query = useQuery(webhooks.list())
  const [edit, setEdit] = useState<Webhook | 'new'>()
  const [opened, setOpened] = useState<Webhook>()
  const [secret, setSecret] = useState<{ name: string; secret: string }>()
  const add = can && <Button leftSection={<IconPlus size={16} />} onClick={() => setEdit('new')}>{t`New webhook`}</Button>
  return (
    <Page title={t`Webhooks`} sub={t`Ciclo calls an address of yours when something happens: signed, in order, and tried again for three days when it does not answer.`} actions={add}>
      <Loaded query={query}>
        {({ webhooks: list }) => (
          <Card pad={false}>
            {list.length === 0 ? (
              <Empty icon={<IconWebhook size={22} />} title={t`No webhook yet`} action={add}>
                {t`Give the address of your program. It is told, for example, as soon as a customer enters “Cart abandoners”, so that an ad audience, a CRM or a till can follow.`}
              </Empty>
            ) : (
              <Table list={list} can={can} edit={setEdit} open={setOpened} secret={setSecret} />
            )}
          </Card>
        )}
      </Loaded>
      <Suspense>
        {edit && <WebhookForm webhook={edit === 'new' ? undefined : edit} events={query.data?.events ?? []} close={() => setEdit(undefined)} made={setSecret} />}
        {opened && <Deliveries webhook={opened} can={can} close={() => setOpened(undefined)} />}
        {secret && <Secret {...secret} close={() => setSecret(undefined)} />}
      </Suspense>
    </Page>
  )
}

type TableProps = { list: Webhook[]; can: boolean; edit: (w: Webhook) => void; open: (w: Webhook) => void; secret: (s: { name: string; secret: string }) => void }

function Table({ list, can, edit, open, secret }: TableProps) {
  const { t } = useLingui()
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Webhooks`}>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`Webhook`}</th>
            <th scope="col">{t`Is told`}</th>
            <th scope="col">{t`State`}</th>
            <th scope="col">{t`Changed`}</th>
            <th scope="col">
              <span className="sr-only">{t`Actions`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((w) => (
            <HookRow key={w.id} hook={w} can={can} edit={edit} open={open} secret={secret} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function HookRow({ hook: w, can, edit, open, secret }: { hook: Webhook } & Omit<TableProps, 'list'>) {
  const { t } = useLingui()
  const f = useFormat()
  const words = useEventWords()
  const client = useQueryClient()
  const toast = useToast()
  const names = useQuery(segments.list())
  const refresh = () => client.invalidateQueries({ queryKey: ['webhooks'] })
  const [confirm, setConfirm] = useState<'delete' | 'rotate'>()
  const body = { name: w.name, url: w.url, events: w.events, segments: w.segments }
  const turn = useMutation({ mutationFn: (enabled: boolean) => webhooks.change(w.id, { ...body, enabled }), onSuccess: refresh, onError: toast.error })
  const test = useMutation({
    mutationFn: () => webhooks.test(w.id),
    onSuccess: () => {
      toast.done(t`A test is on its way. See the deliveries for the answer.`)
      open(w)
    },
    onError: toast.error,
  })
  const remove = useMutation({ mutationFn: () => webhooks.remove(w.id), onSuccess: () => (setConfirm(undefined), toast.done(t`“${w.name}” deleted.`), refresh()), onError: toast.error })
  const rotate = useMutation({ mutationFn: () => webhooks.rotate(w.id), onSuccess: (r) => (setConfirm(undefined), secret({ name: w.name, secret: r.secret })), onError: toast.error })
  const only = w.segments.map((id) => names.data?.segments.find((s) => s.id === id)?.name ?? String(id))
  return (
    <tr>
      <td>
        <div className={classes.name}>
          <button type="button" className={classes.link} onClick={() => open(w)}>
            {w.name}
          </button>
          <small className={ui.mono}>{w.url}</small>
        </div>
      </td>
      <td>
        <div className={classes.name}>
          <span>{w.events.length === 0 ? t`everything` : w.events.map(words).join(' · ')}</span>
          {only.length > 0 && <small>{t`only of ${only.join(', ')}`}</small>}
        </div>
      </td>
      <td>
        {w.stopped ? (
          <div className={classes.name}>
            <Badge color="red" variant="light" leftSection={<IconAlert size={12} aria-hidden />}>{t`switched itself off`}</Badge>
            <small>{w.stopped}</small>
          </div>
        ) : w.enabled ? (
          <Badge color="teal" variant="light">{t`on`}</Badge>
        ) : (
          <Badge color="gray" variant="light">{t`off`}</Badge>
        )}
      </td>
      <td>
        <time dateTime={w.updated_at} title={`${f.dateTimeZone(w.updated_at)} · ${w.by}`}>
          {f.ago(w.updated_at)}
        </time>
      </td>
      <td data-num>
        <span className={classes.end}>
          {can && <Switch size="sm" aria-label={t`${w.name} is on`} checked={w.enabled} disabled={turn.isPending} onChange={(e) => turn.mutate(e.currentTarget.checked)} />}
          <Menu position="bottom-end" width={210}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={t`Actions for ${w.name}`}>
                <IconDots size={17} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => open(w)}>{t`Deliveries`}</Menu.Item>
              {can && <Menu.Item onClick={() => test.mutate()}>{t`Send a test`}</Menu.Item>}
              {can && <Menu.Item onClick={() => edit(w)}>{t`Edit`}</Menu.Item>}
              {can && <Menu.Item onClick={() => setConfirm('rotate')}>{t`New signing secret`}</Menu.Item>}
              {can && <Menu.Item c="var(--app-bad)" onClick={() => setConfirm('delete')}>{t`Delete`}</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        </span>
        <Modal opened={confirm !== undefined} onClose={() => setConfirm(undefined)} title={confirm === 'delete' ? t`Delete ${w.name}?` : t`A new secret for ${w.name}?`} closeButtonProps={{ 'aria-label': t`Close` }}>
          <p className={classes.text}>{confirm === 'delete' ? t`What still waits to be delivered is dropped, and the record of deliveries goes too. This cannot be undone.` : t`Messages are signed with the new secret at once, so the receiver must know it before it checks the next one.`}</p>
          <div className={classes.end}>
            <Button variant="default" onClick={() => setConfirm(undefined)} data-autofocus>{t`Cancel`}</Button>
            {confirm === 'delete' ? <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>{t`Delete`}</Button> : <Button loading={rotate.isPending} onClick={() => rotate.mutate()}>{t`Make a new secret`}</Button>}
          </div>
        </Modal>
      </td>
    </tr>
  )
}
