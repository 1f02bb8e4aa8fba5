import { SegmentedControl } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, q, type Consent, type ConsentState } from '~/api'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
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
  const states: { value: ConsentState; label: string }[] = [
    { value: 'subscribed', label: t`granted` },
    { value: 'unsubscribed', label: t`denied` },
    { value: 'pending', label: t`to confirm` },
    { value: 'unknown', label: t`not asked` },
  ]
  return (
    <Loaded query={query}>
      {(list) =>
        list.length === 0 ? (
          <Empty title={t`No consent recorded`}>{t`Consent comes from ciclo.consent() on your site, from the API, or from a customer import.`}</Empty>
        ) : (
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
        )
      }
    </Loaded>
  )
}
