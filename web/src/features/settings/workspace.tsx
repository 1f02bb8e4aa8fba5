import { Button, Group, NumberInput, Select, Stack, TagsInput, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type Workspace } from '~/api'
import { useCan } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { currencies, timeZones } from '~/ui/lists'
import { Card, Loaded, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { MailCard } from './mail'

export default function WorkspaceScreen() {
  const { t } = useLingui()
  const workspace = useQuery(q.workspace())
  return (
    <Page title={t`Workspace`} sub={t`These settings hold for everybody and for every number.`}>
      <Loaded query={workspace}>{(data) => <Form key={JSON.stringify(data)} data={data} />}</Loaded>
    </Page>
  )
}

function Form({ data }: { data: Workspace }) {
  const { t } = useLingui()
  const can = useCan('admin')
  const client = useQueryClient()
  const toast = useToast()
  const [draft, setDraft] = useState(data)
  const set = (patch: Partial<Workspace>) => setDraft({ ...draft, ...patch })
  const save = useMutation({
    mutationFn: (body: Workspace) => api.patch('/workspace', { name: body.name, time_zone: body.time_zone, currency: body.currency, week_start: body.week_start, lapse_days: body.lapse_days, refund_date: body.refund_date, backup_retention_days: body.backup_retention_days, staff: body.staff }),
    onSuccess: async (_, body) => {
      await client.invalidateQueries()
      if (body === draft) toast.undo(t`Settings saved.`, () => save.mutate(data))
    },
  })
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        save.mutate(draft)
      }}
    >
      <Stack maw={620}>
        <FormError error={save.error} />
        <Card title={t`General`}>
          <Stack>
            <TextInput label={t`Name`} value={draft.name} disabled={!can} error={fieldError(save.error, 'name')} onChange={(e) => set({ name: e.currentTarget.value })} />
            <Select label={t`Time zone`} description={t`Days, weeks and months of every chart begin in this zone.`} searchable allowDeselect={false} data={timeZones()} value={draft.time_zone} disabled={!can} error={fieldError(save.error, 'time_zone')} onChange={(v) => set({ time_zone: v! })} />
            <Group grow>
              <Select label={t`Currency`} searchable allowDeselect={false} data={currencies()} value={draft.currency} disabled={!can} error={fieldError(save.error, 'currency')} onChange={(v) => set({ currency: v! })} />
              <Select label={t`Week begins on`} allowDeselect={false} value={String(draft.week_start)} disabled={!can} onChange={(v) => set({ week_start: Number(v) as Workspace['week_start'] })} data={[{ value: '1', label: t`Monday` }, { value: '7', label: t`Sunday` }]} />
            </Group>
          </Stack>
        </Card>
        <Card title={t`Rules`}>
          <Stack>
            <NumberInput label={t`Dormant after`} description={t`Where a stage model or a KPI names no days of its own.`} suffix={` ${t`days`}`} min={1} max={3660} value={draft.lapse_days} disabled={!can} error={fieldError(save.error, 'lapse_days')} onChange={(v) => set({ lapse_days: Number(v) })} />
            <NumberInput label={t`Backups are kept for`} description={t`Receipts of erasures tell when a backup that still holds the data is to be deleted.`} suffix={` ${t`days`}`} min={1} max={3650} value={draft.backup_retention_days} disabled={!can} error={fieldError(save.error, 'backup_retention_days')} onChange={(v) => set({ backup_retention_days: Number(v) })} />
            <TagsInput label={t`Own people`} description={t`E-mail addresses, or what follows the @. Customers with such an address count in no chart and no KPI.`} placeholder="@shop.it" splitChars={[',', ';', ' ']} maxTags={200} value={draft.staff} disabled={!can} error={fieldError(save.error, 'staff')} onChange={(staff) => set({ staff })} />
            <Select label={t`Refunds count on`} allowDeselect={false} value={draft.refund_date} disabled={!can} onChange={(v) => set({ refund_date: v as Workspace['refund_date'] })} data={[{ value: 'refund', label: t`the day of the refund` }, { value: 'order', label: t`the day of the order` }]} />
          </Stack>
        </Card>
        {can && (
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={JSON.stringify(draft) === JSON.stringify(data)}>{t`Save`}</Button>
          </Group>
        )}
        <MailCard />
      </Stack>
    </form>
  )
}
