import { Button, Group, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type Workspace } from '~/api'
import { useCan } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { currencies, timeZones } from '~/ui/lists'
import { Card, Loaded, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'

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
  const lapse = draft.lapse ?? { dormant_days: 90, lost_days: 240 }
  const set = (patch: Partial<Workspace>) => setDraft({ ...draft, ...patch })
  const setLapse = (patch: Partial<typeof lapse>) => set({ lapse: { ...lapse, ...patch } })
  const save = useMutation({
    mutationFn: (body: Workspace) => api.patch('/workspace', { name: body.name, time_zone: body.time_zone, currency: body.currency, week_start: body.week_start, lapse: body.lapse }),
    onSuccess: async (_, body) => {
      await client.invalidateQueries()
      if (body === draft) toast.undo(t`Settings saved.`, () => save.mutate(data))
    },
  })
  const own = lapse.gap_multiple !== undefined
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
              <Select label={t`Week begins on`} allowDeselect={false} value={draft.week_start} disabled={!can} onChange={(v) => set({ week_start: v as Workspace['week_start'] })} data={[{ value: 'monday', label: t`Monday` }, { value: 'sunday', label: t`Sunday` }, { value: 'saturday', label: t`Saturday` }]} />
            </Group>
          </Stack>
        </Card>
        <Card title={t`When silence means something`}>
          <Stack>
            <Group grow align="start">
              <NumberInput label={t`Dormant after`} suffix={` ${t`days`}`} min={1} value={lapse.dormant_days} disabled={!can} error={fieldError(save.error, 'dormant_days')} onChange={(v) => setLapse({ dormant_days: Number(v) })} />
              <NumberInput label={t`Lost after`} suffix={` ${t`days`}`} min={1} value={lapse.lost_days} disabled={!can} error={fieldError(save.error, 'lost_days')} onChange={(v) => setLapse({ lost_days: Number(v) })} />
            </Group>
            <Switch label={t`Use the customer’s own rhythm`} description={t`Dormant after a multiple of the customer’s own gap between orders; the days above hold while there are fewer than two gaps.`} checked={own} disabled={!can} onChange={(e) => setLapse(e.currentTarget.checked ? { gap_multiple: 3, min_days: 30, max_days: 365 } : { gap_multiple: undefined, min_days: undefined, max_days: undefined })} />
            {own && (
              <Group grow align="start">
                <NumberInput label={t`Multiple`} min={1} step={0.5} value={lapse.gap_multiple} disabled={!can} onChange={(v) => setLapse({ gap_multiple: Number(v) })} />
                <NumberInput label={t`At least`} suffix={` ${t`days`}`} min={1} value={lapse.min_days} disabled={!can} onChange={(v) => setLapse({ min_days: Number(v) })} />
                <NumberInput label={t`At most`} suffix={` ${t`days`}`} min={1} value={lapse.max_days} disabled={!can} onChange={(v) => setLapse({ max_days: Number(v) })} />
              </Group>
            )}
          </Stack>
        </Card>
        {can && (
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={JSON.stringify(draft) === JSON.stringify(data)}>{t`Save`}</Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
