import { Alert, Badge, Button, Drawer, Group } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type Delivery, type Webhook, webhooks } from '~/api/webhooks'
import { useFormat } from '~/ui/format'
import { IconAlert, IconRefresh, IconSend, IconWebhook } from '~/ui/icons'
import { Dim, Empty, Loaded, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { useEventWords } from './words'
import classes from './webhooks.module.css'

/** The messages of a webhook, newest first, with what became of each. */
export default function Deliveries({ webhook: w, can, close }: { webhook: Webhook; can: boolean; close: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const toast = useToast()
  const [limit, setLimit] = useState(50)
  const query = useQuery(webhooks.deliveries(w.id, limit))
  const refresh = () => client.invalidateQueries({ queryKey: ['webhooks', w.id] })
  const test = useMutation({ mutationFn: () => webhooks.test(w.id), onSuccess: refresh, onError: toast.error })
  const replay = useMutation({ mutationFn: (d: Delivery) => webhooks.replay(w.id, d.id), onSuccess: () => (toast.done(t`It is sent again, under the same id.`), refresh()), onError: toast.error })
  return (
    <Drawer opened onClose={close} position="right" size={720} title={t`Deliveries to ${w.name}`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <div className={classes.stack}>
        {w.stopped && (
          <Alert color="red" variant="light" icon={<IconAlert size={18} />} title={t`This webhook switched itself off`}>
            {w.stopped}
            <div>{t`Mend the receiver, switch it on again, and send the failed messages again below.`}</div>
          </Alert>
        )}
        <Group justify="space-between">
          <Dim size="xs">{t`Attempts go on for three days with growing pauses. The same message keeps its id.`}</Dim>
          {can && <Button size="compact-sm" variant="default" leftSection={<IconSend size={15} />} loading={test.isPending} onClick={() => test.mutate()}>{t`Send a test`}</Button>}
        </Group>
        <Loaded query={query} height={260}>
          {(list) =>
            list.length === 0 ? (
              <Empty icon={<IconWebhook size={22} />} title={t`Nothing was sent yet`}>{t`Send a test to see whether the address answers.`}</Empty>
            ) : (
              <>
                <Items list={list} can={can} replay={(d) => replay.mutate(d)} busy={replay.isPending} />
                {list.length === limit && limit < 500 && <Button variant="default" size="compact-sm" onClick={() => setLimit(Math.min(500, limit + 100))}>{t`Show more`}</Button>}
              </>
            )
          }
        </Loaded>
      </div>
    </Drawer>
  )
}

function Items({ list, can, replay, busy }: { list: Delivery[]; can: boolean; replay: (d: Delivery) => void; busy: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const words = useEventWords()
  const states = { waiting: { label: t`waiting`, color: 'indigo' }, done: { label: t`delivered`, color: 'teal' }, failed: { label: t`failed`, color: 'red' } }
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Deliveries`}>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`What`}</th>
            <th scope="col">{t`State`}</th>
            <th scope="col" data-num>{t`Attempts`}</th>
            <th scope="col">
              <span className="sr-only">{t`Actions`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((d) => (
            <tr key={d.id}>
              <td>
                <div className={classes.name}>
                  <span>
                    {words(d.event)}
                    {d.customer !== null && (
                      <>
                        {' · '}
                        <Link to="/customers/$id" params={{ id: String(d.customer) }}>{t`customer ${String(d.customer)}`}</Link>
                      </>
                    )}
                  </span>
                  <small>
                    {f.dateTime(d.made_at)} · <span className={ui.mono}>{d.message}</span>
                  </small>
                </div>
              </td>
              <td>
                <div className={classes.name}>
                  <span>
                    <Badge variant="light" color={states[d.state].color}>
                      {states[d.state].label}
                    </Badge>
                  </span>
                  <small>
                    {d.note}
                    {d.next_at && <> {t`Next attempt ${f.ago(d.next_at)}.`}</>}
                  </small>
                </div>
              </td>
              <td data-num>{f.int(d.attempts)}</td>
              <td data-num>
                {can && d.state !== 'waiting' && (
                  <Button size="compact-xs" variant="subtle" leftSection={<IconRefresh size={13} />} disabled={busy} aria-label={t`Send ${d.message} again`} onClick={() => replay(d)}>
                    {t`Again`}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
