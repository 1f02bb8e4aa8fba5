import { Button, Group, Modal, NativeSelect, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type Consent, type ConsentState } from '~/api'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconPlus } from '~/ui/icons'
import { Empty, Loaded, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'

/** Whether the customer may be written to, per channel and topic. */
export default function ConsentPanel({ id }: { id: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('edit')
  const client = useQueryClient()
  const toast = useToast()
  const query = useQuery(q.consent(id))
  const options = q.consent(id)
  const save = useMutation({
    mutationFn: ({ next }: { next: Consent[]; before?: Consent[] }) => api.put(`/customers/${id}/consent`, { channels: next.map(({ channel, topic, state }) => ({ channel, topic, state })) }),
    onMutate: ({ next }) => client.setQueryData(options.queryKey, next),
    onSuccess: (_, { before }) => before && toast.undo(t`Consent saved.`, () => save.mutate({ next: before })),
    onError: (error) => toast.error(error),
    onSettled: () => client.invalidateQueries({ queryKey: options.queryKey }),
  })
  const states = useStates()
  const [adding, setAdding] = useState(false)
  const add = can && (
    <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
      {t`Record consent`}
    </Button>
  )
  return (
    <Loaded query={query}>
      {(list) => (
        <>
          {list.length === 0 ? (
            <Empty title={t`No consent recorded`} action={add}>{t`Record what the customer said, or let your systems write it through the API.`}</Empty>
          ) : (
            <>
              <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Consent`}>
                <table className={ui.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t`Channel`}</th>
                      <th scope="col">{t`Topic`}</th>
                      <th scope="col">{t`Consent`}</th>
                      <th scope="col">{t`Since`}</th>
                      <th scope="col">{t`Source`}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {list.map((c) => (
                      <tr key={c.channel + c.topic}>
                        <td>{c.channel}</td>
                        <td>{c.topic || t`all topics`}</td>
                        <td>
                          <SegmentedControl size="xs" aria-label={`${c.channel} ${c.topic}`} disabled={!can} data={states} value={c.state} onChange={(state) => save.mutate({ next: list.map((x) => (x === c ? { ...x, state: state as ConsentState } : x)), before: list })} />
                        </td>
                        <td>{c.at ? f.dateTime(c.at) : '–'}</td>
                        <td>{c.source || '–'}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              {add && <Group mt="xs">{add}</Group>}
            </>
          )}
          {adding && (
            <AddConsent
              close={() => setAdding(false)}
              save={(one) => {
                setAdding(false)
                save.mutate({ next: [...list.filter((x) => x.channel !== one.channel || x.topic !== one.topic), one] })
              }}
            />
          )}
        </>
      )}
    </Loaded>
  )
}

function useStates(): { value: ConsentState; label: string }[] {
  const { t } = useLingui()
  return [
    { value: 'subscribed', label: t`granted` },
    { value: 'unsubscribed', label: t`denied` },
    { value: 'pending', label: t`to confirm` },
    { value: 'unknown', label: t`not asked` },
  ]
}

/** What the customer said about a channel, and about one topic if the word was that narrow. */
function AddConsent({ close, save }: { close: () => void; save: (c: Consent) => void }) {
  const { t } = useLingui()
  const [channel, setChannel] = useState('email')
  const [topic, setTopic] = useState('')
  const [state, setState] = useState<ConsentState>('subscribed')
  return (
    <Modal opened onClose={close} title={t`Record consent`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          save({ channel, topic: topic.trim(), state, at: null, source: '' })
        }}
      >
        <Stack>
          <NativeSelect label={t`Channel`} value={channel} onChange={(e) => setChannel(e.currentTarget.value)} data={['email', 'sms', 'push', 'whatsapp', 'phone', 'post']} data-autofocus />
          <TextInput label={t`Topic`} description={t`Leave it empty if the word holds for all topics.`} value={topic} onChange={(e) => setTopic(e.currentTarget.value)} />
          <NativeSelect label={t`Consent`} value={state} onChange={(e) => setState(e.currentTarget.value as ConsentState)} data={useStates()} />
          <Group justify="flex-end">
            <Button type="submit">{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
