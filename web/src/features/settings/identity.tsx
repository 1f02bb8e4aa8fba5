import { Alert, Button, Checkbox, Group, NumberInput, Radio, Stack, TagsInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type IdentityPreview, type IdentityRule, type IdentitySettings } from '~/api'
import { useCan } from '~/app/session'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
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
  const rule = (i: number, patch: Partial<IdentityRule>) => setDraft({ ...draft, identifiers: draft.identifiers.with(i, { ...draft.identifiers[i]!, ...patch }) })
  return (
    <Stack maw={860}>
      <FormError error={save.error ?? preview.error} />
      <Card title={t`Identifiers`} pad={false}>
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Identifiers`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`Identifier`}</th>
                <th scope="col">{t`Priority`}</th>
                <th scope="col">{t`At most per customer`}</th>
                <th scope="col">{t`Belongs to one customer only`}</th>
              </tr>
            </thead>
            <tbody>
              {draft.identifiers.map((r, i) => (
                <tr key={r.type}>
                  <th scope="row" className={ui.mono} style={{ color: 'var(--app-text)' }}>
                    {r.type}
                  </th>
                  <td>
                    <NumberInput size="xs" w={90} min={1} aria-label={`${t`Priority`}: ${r.type}`} value={r.priority} disabled={!can} onChange={(v) => rule(i, { priority: Number(v) })} />
                  </td>
                  <td>
                    <NumberInput size="xs" w={110} min={1} aria-label={`${t`At most per customer`}: ${r.type}`} value={r.limit_per_customer} disabled={!can} onChange={(v) => rule(i, { limit_per_customer: Number(v) })} />
                  </td>
                  <td>
                    <Checkbox aria-label={`${t`Belongs to one customer only`}: ${r.type}`} checked={r.unique} disabled={!can} onChange={(e) => rule(i, { unique: e.currentTarget.checked })} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card title={t`Protection`}>
        <Stack>
          <TagsInput label={t`Blocked values`} description={t`Values that never identify anybody, such as “unknown” or a test address.`} value={draft.blocked_values} disabled={!can} onChange={(blocked_values) => setDraft({ ...draft, blocked_values })} />
          <NumberInput label={t`Refuse merges beyond`} suffix={` ${t`customers`}`} description={t`A customer made of more than this is usually a shared value, not a person.`} min={2} value={draft.max_customers_merged} disabled={!can} onChange={(v) => setDraft({ ...draft, max_customers_merged: Number(v) })} />
          <Radio.Group label={t`When another user signs in on the same device`} value={draft.shared_device} onChange={(v) => setDraft({ ...draft, shared_device: v as 'split' | 'keep' })}>
            <Stack gap="xs" mt={6}>
              <Radio value="split" disabled={!can} label={t`The device goes on with the new customer`} description={t`Later anonymous events belong to the one who signed in last.`} />
              <Radio value="keep" disabled={!can} label={t`The device stays with the first customer`} />
            </Stack>
          </Radio.Group>
        </Stack>
      </Card>
      {preview.data && (
        <Alert color="blue" variant="light" role="status">
          {t`With these rules ${f.int(preview.data.affected_customers)} customers would be different: ${f.int(preview.data.merges_refused)} merges would be refused and ${f.int(preview.data.values_blocked)} values blocked.`}
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
