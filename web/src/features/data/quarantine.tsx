import { Button, Collapse, Group, Modal, Text, Stack } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type QuarantineGroup, wireId } from '~/api'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconCheck, IconRefresh, IconTrash } from '~/ui/icons'
import { useReasonName } from '~/ui/names'
import { CodeBlock } from '~/ui/copy'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { useSourceName } from '~/ui/source-name'
import { useToast } from '~/ui/toast'
import classes from './data.module.css'

/** Events that could not be taken in, by reason; each group can be replayed or deleted. */
export default function QuarantineScreen() {
  const { t } = useLingui()
  const groups = useQuery(q.quarantine())
  return (
    <Page title={t`Quarantine`} sub={t`Events that could not be taken in are kept here with the reason. Repair the sender or the settings, then replay them.`}>
      <Loaded query={groups}>
        {(list) =>
          list.length === 0 ? (
            <Card>
              <Empty icon={<IconCheck size={22} />} title={t`Nothing in quarantine`}>{t`Every event that arrived was taken in.`}</Empty>
            </Card>
          ) : (
            <>
              {list.map((g) => (
                <Group_ key={g.reason + g.event + g.source} group={g} />
              ))}
            </>
          )
        }
      </Loaded>
    </Page>
  )
}

function Group_({ group }: { group: QuarantineGroup }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('data')
  const reason = useReasonName()
  const sourceName = useSourceName()
  const client = useQueryClient()
  const toast = useToast()
  const [open, setOpen] = useState(false)
  const [confirm, setConfirm] = useState(false)
  const act = useMutation({
    mutationFn: (what: 'replay' | 'delete') => api.post<{ count?: number }>(`/quarantine/${what}`, { reason: group.reason, event: group.event, source: wireId(group.source) }),
    onSuccess: (_, what) => {
      void client.invalidateQueries({ queryKey: ['quarantine'] })
      setConfirm(false)
      toast.done(what === 'replay' ? t`Replayed. What still fails comes back here.` : t`Deleted.`)
    },
    onError: toast.error,
  })
  return (
    <Card>
      <div className={classes.groupHead}>
        <div>
          <strong>{reason(group.reason)}</strong>
          <div className={classes.dim}>
            {group.event || t`any event`} · {sourceName(group.source)} · {t`last ${f.ago(group.last_seen)}`}
          </div>
        </div>
        <div className={classes.big}>{f.int(group.count)}</div>
        <Group gap="xs">
          <Button size="compact-sm" variant="subtle" onClick={() => setOpen(!open)} aria-expanded={open}>
            {open ? t`Hide examples` : t`Show examples`}
          </Button>
          {can && (
            <>
              <Button size="compact-sm" variant="light" leftSection={<IconRefresh size={14} />} loading={act.isPending} onClick={() => act.mutate('replay')}>{t`Replay`}</Button>
              <Button size="compact-sm" variant="default" leftSection={<IconTrash size={14} />} onClick={() => setConfirm(true)}>{t`Delete`}</Button>
            </>
          )}
        </Group>
      </div>
      <Collapse expanded={open}>
        <Stack gap="sm" mt="sm">
          {group.samples.map((s) => (
            <div key={s.id}>
              <Text size="sm" mb={4}>
                {s.message} <span className={classes.dim}>· {f.dateTimeZone(s.received)}</span>
              </Text>
              <CodeBlock code={s.raw} label={s.message} />
            </div>
          ))}
        </Stack>
      </Collapse>
      <Modal opened={confirm} onClose={() => setConfirm(false)} title={t`Delete ${f.int(group.count)} events?`} closeButtonProps={{ 'aria-label': t`Close` }}>
        <Text size="sm">{t`They were never taken in, so no number changes. This cannot be undone.`}</Text>
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => setConfirm(false)} data-autofocus>{t`Cancel`}</Button>
          <Button color="red" loading={act.isPending} onClick={() => act.mutate('delete')}>{t`Delete`}</Button>
        </Group>
      </Modal>
    </Card>
  )
}
