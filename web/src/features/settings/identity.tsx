import { ActionIcon, Alert, Button, Group, NumberInput, Radio, Select, Stack, TagsInput, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type IdentityPreview, type IdentityLimit, type IdentitySettings } from '~/api'
import { useCan } from '~/app/session'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconPlus, IconTrash } from '~/ui/icons'
import { Card, Loaded, Page, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'

/** Which identifiers make two customers one, and which never do. */
export default function IdentityScreen() {
  const { t } = useLingui()
  const settings = useQuery(q.identitySettings())
  return (
    <Page title={t`Identity rules`} sub={t`What makes two customers one. The order of arrival does not matter, and every merge can be undone.`}>
      <Loaded query={settings}>{(data) => <Form key={JSON.stringify(data)} data={data} />}</Loaded>
    </Page>
  )
}

function Form({ data }: { data: IdentitySettings }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('admin')
  const client = useQueryClient()
  const toast = useToast()
  const [draft, setDraft] = useState(data)
  const changed = JSON.stringify(draft) !== JSON.stringify(data)
  const preview = useMutation({ mutationFn: () => api.post<IdentityPreview>('/settings/identity/preview', draft) })
  const save = useMutation({
    mutationFn: (body: IdentitySettings) => api.put('/settings/identity', body),
    onSuccess: async (_, body) => {
      await client.invalidateQueries({ queryKey: ['identity-settings'] })
      if (body === draft) toast.undo(t`Rules saved.`, () => save.mutate(data))
    },
  })
  const limit = (i: number, patch: Partial<IdentityLimit>) => setDraft({ ...draft, limits: draft.limits.with(i, { ...draft.limits[i]!, ...patch }) })
  const windows: { value: IdentityLimit['window']; label: string }[] = [
    { value: 'ever', label: t`ever` },
    { value: 'week', label: t`a week` },
    { value: 'month', label: t`a month` },
    { value: 'year', label: t`a year` },
  ]
  return (
    <Stack maw={860}>
      <FormError error={save.error ?? preview.error} />
      <Card title={t`Limits`} pad={false}>
        <p style={{ margin: '0 20px 8px', fontSize: '0.82rem', color: 'var(--mantine-color-dimmed)' }}>{t`How many identifiers of a kind one customer may have. What goes beyond is left out, and the less certain identifier gives way.`}</p>
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Limits`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`Identifier`}</th>
                <th scope="col">{t`At most per customer`}</th>
                <th scope="col">{t`In`}</th>
                <th scope="col">
                  <span className="sr-only">{t`Actions`}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {draft.limits.map((r, i) => (
                <tr key={i}>
                  <td>
                    <TextInput size="xs" w={170} aria-label={`${t`Identifier`} ${i + 1}`} value={r.type} disabled={!can} onChange={(e) => limit(i, { type: e.currentTarget.value })} />
                  </td>
                  <td>
                    <NumberInput size="xs" w={110} min={1} max={1000} aria-label={`${t`At most per customer`}: ${r.type}`} value={r.max} disabled={!can} onChange={(v) => limit(i, { max: Number(v) })} />
                  </td>
                  <td>
                    <Select size="xs" w={130} allowDeselect={false} aria-label={`${t`In`}: ${r.type}`} data={windows} value={r.window} disabled={!can} onChange={(w) => limit(i, { window: w as IdentityLimit['window'] })} />
                  </td>
                  <td data-num>{can && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${t`Remove`}: ${r.type}`} onClick={() => setDraft({ ...draft, limits: draft.limits.toSpliced(i, 1) })}><IconTrash size={14} /></ActionIcon>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {can && (
          <Button m="sm" size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} onClick={() => setDraft({ ...draft, limits: [...draft.limits, { type: '', max: 5, window: 'ever' }] })}>
            {t`Identifier`}
          </Button>
        )}
      </Card>
      <Card title={t`Traits that identify`}>
        <TagsInput label={t`Names of traits`} description={t`The value of such a trait identifies its customer, from the next event on: a loyalty card, a number in another system. A row above with the same name sets its limit; without one it is 5 for ever.`} value={draft.trait_types} disabled={!can} onChange={(trait_types) => setDraft({ ...draft, trait_types })} />
      </Card>
      <Card title={t`Protection`}>
        <Stack>
          <TagsInput label={t`Blocked values`} description={t`Values that never identify anybody, such as “unknown” or a test address.`} value={draft.blocked_values} disabled={!can} onChange={(blocked_values) => setDraft({ ...draft, blocked_values })} />
          <Radio.Group label={t`When another user signs in on the same device`} value={draft.shared_device} onChange={(v) => setDraft({ ...draft, shared_device: v as IdentitySettings['shared_device'] })}>
            <Stack gap="xs" mt={6}>
              <Radio value="split_at_switch" disabled={!can} label={t`The device goes on with the new customer`} description={t`Later anonymous events belong to the one who signed in last.`} />
              <Radio value="stay_with_first" disabled={!can} label={t`The device stays with the first customer`} />
            </Stack>
          </Radio.Group>
        </Stack>
      </Card>
      {preview.data && (
        <Alert color="blue" variant="light" role="status">
          {t`With these rules ${f.int(preview.data.join)} customers would join another, and ${f.int(preview.data.split)} would split.`}
        </Alert>
      )}
      {can && (
        <Group justify="flex-end">
          <Button variant="default" disabled={!changed} loading={preview.isPending} onClick={() => preview.mutate()}>{t`Preview`}</Button>
          <Button disabled={!changed} loading={save.isPending} onClick={() => save.mutate(draft)}>{t`Save`}</Button>
        </Group>
      )}
    </Stack>
  )
}
