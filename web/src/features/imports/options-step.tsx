import { Button, Group, Select, Stack, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { currencies, timeZones } from '~/ui/lists'
import type { Plan } from './wizard'

/** How times and numbers of the file are to be read. */
export default function OptionsStep({ plan, setPlan, back, next }: { plan: Plan; setPlan: (p: Plan) => void; back: () => void; next: () => void }) {
  const { t } = useLingui()
  const { options } = plan
  const set = (patch: Partial<Plan['options']>) => setPlan({ ...plan, options: { ...options, ...patch } })
  return (
    <Stack maw={520}>
      <Select label={t`Time zone`} description={t`For times in the file that carry no zone of their own.`} searchable data={timeZones()} value={options.time_zone} allowDeselect={false} onChange={(v) => set({ time_zone: v! })} />
      <Select label={t`Order of dates`} allowDeselect={false} value={options.date_order ?? ''} onChange={(v) => set({ date_order: (v || undefined) as Plan['options']['date_order'] })} data={[{ value: '', label: t`find out` }, { value: 'ymd', label: '2026-12-31' }, { value: 'dmy', label: '31/12/2026' }, { value: 'mdy', label: '12/31/2026' }]} />
      {plan.kind !== 'customers' && <Select label={t`Currency`} searchable data={currencies()} value={options.currency} allowDeselect={false} onChange={(v) => set({ currency: v! })} />}
      {plan.kind === 'events' && !plan.map.event && <TextInput label={t`Name of all events`} description={t`Because no column holds the name.`} required value={options.event ?? ''} onChange={(e) => set({ event: e.currentTarget.value || undefined })} />}
      {plan.kind === 'orders' && <TextInput label={t`Cancelled orders begin with`} description={t`For files where a prefix of the order id marks a cancellation, such as C.`} value={options.cancel_prefix ?? ''} onChange={(e) => set({ cancel_prefix: e.currentTarget.value || undefined })} />}
      <Switch label={t`Leave out columns without a field`} checked={!!options.ignore_rest} onChange={(e) => set({ ignore_rest: e.currentTarget.checked || undefined })} />
      <Switch label={t`Numbers have a decimal comma (1.234,50)`} checked={options.decimal_comma} onChange={(e) => set({ decimal_comma: e.currentTarget.checked })} />
      <Group justify="space-between">
        <Button variant="default" onClick={back}>{t`Back`}</Button>
        <Button onClick={next}>{t`Dry run`}</Button>
      </Group>
    </Stack>
  )
}
