import { Badge, Button, Modal, Stack, Text, Textarea } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, q, type IdentityEntry, wireId } from '~/api'
import { useCan } from '~/app/session'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { Empty, Loaded, ui } from '~/ui/page'
import { useRuleName } from '~/ui/names'
import { useToast } from '~/ui/toast'
import classes from './customer.module.css'

/** The identifiers of a customer, and how they came together. */
export default function IdentityPanel({ id }: { id: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('edit')
  const ruleName = useRuleName()
  const query = useQuery(q.identity(id))
  const [undo, setUndo] = useState<IdentityEntry>()
  return (
    <Loaded query={query}>
      {(data) => (
        <>
          <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Identifiers`}>
            <table className={ui.table}>
              <thead>
                <tr>
                  <th scope="col">{t`Identifier`}</th>
                  <th scope="col">{t`Value`}</th>
                  <th scope="col">{t`First seen`}</th>
                  <th scope="col">{t`Last seen`}</th>
                </tr>
              </thead>
              <tbody>
                {data.identifiers.map((x) => (
                  <tr key={x.type + x.value}>
                    <td>{x.type}</td>
                    <td className={ui.mono} style={{ overflowWrap: 'anywhere' }}>
                      {x.value}
                    </td>
                    <td>{x.first_seen ? f.dateTime(x.first_seen) : '–'}</td>
                    <td>{x.last_seen ? f.dateTime(x.last_seen) : '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <h3 className={classes.sectionTitle}>{t`Merge history`}</h3>
          {data.log.length === 0 ? (
            <Empty title={t`Never merged`}>{t`Merges appear here with their reason when two customers turn out to be one, and can be undone exactly.`}</Empty>
          ) : (
            <ol className={classes.log}>
              {data.log.map((entry) => (
                <li key={entry.id} data-undone={!!entry.undone_at}>
                  <div>
                    <strong>{entry.reason || ruleName(entry.rule)}</strong>
                    <div className={classes.dim}>
                      {f.dateTimeZone(entry.at)} · {entry.actor || t`by an event`} · {ruleName(entry.rule)}
                    </div>
                    <div className={classes.small}>
                      {entry.from && (
                        <>
                          <Link to="/customers/$id" params={{ id: entry.from }}>
                            {entry.from}
                          </Link>{' '}
                          → <span className={ui.mono}>{entry.into}</span> ·{' '}
                        </>
                      )}
                      {entry.identifiers.map((x) => `${x.type} ${x.value}`).join(', ')}
                    </div>
                  </div>
                  {entry.undone_at ? <Badge color="gray" variant="light">{t`undone ${f.date(entry.undone_at)}`}</Badge> : entry.can_undo && can && <Button size="compact-sm" variant="default" onClick={() => setUndo(entry)}>{t`Un-merge`}</Button>}
                </li>
              ))}
            </ol>
          )}
          <UnmergeDialog id={id} entry={undo} close={() => setUndo(undefined)} />
        </>
      )}
    </Loaded>
  )
}

function UnmergeDialog({ id, entry, close }: { id: string; entry: IdentityEntry | undefined; close: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const toast = useToast()
  const [reason, setReason] = useState('')
  const unmerge = useMutation({
    mutationFn: () => api.post(`/customers/${id}/unmerge`, { log_id: wireId(entry!.id), reason }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['customer'] })
      toast.done(t`Un-merged. Each event is back with the customer that it came from.`)
      close()
    },
  })
  return (
    <Modal opened={!!entry} onClose={close} title={t`Un-merge`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          unmerge.mutate()
        }}
      >
        <Stack>
          <Text size="sm">{t`The identifiers of this merge get their own customer again, with exactly the events that they brought.`}</Text>
          <FormError error={unmerge.error} />
          <Textarea label={t`Reason`} required autosize minRows={2} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
          <Button type="submit" loading={unmerge.isPending}>{t`Un-merge`}</Button>
        </Stack>
      </form>
    </Modal>
  )
}
