import { Button, Group, SimpleGrid, Skeleton, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type DryRun } from '~/api'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { useReasonName } from '~/ui/names'
import { CodeBlock } from '~/ui/copy'
import { ui } from '~/ui/page'
import type { Plan } from './wizard'
import classes from './imports.module.css'

/** The dry run: what would happen, with samples, and what would be refused and why. Nothing is stored by it. */
export default function CheckStep({ plan, back, toColumns }: { plan: Plan; back: () => void; toColumns: () => void }) {
  const { t } = useLingui()
  const navigate = useNavigate()
  const client = useQueryClient()
  const [preset, setPreset] = useState('')
  const body = { upload_id: plan.upload.upload_id, kind: plan.kind, map: plan.map, options: plan.options }
  const dry = useQuery({ queryKey: ['dry-run', body], queryFn: ({ signal }) => api.post<DryRun>('/imports/dry-run', body, signal), retry: false, staleTime: Infinity })
  const start = useMutation({
    mutationFn: () => api.post<{ id: string }>('/imports', { ...body, save_preset: preset.trim() || undefined }),
    onSuccess: async ({ id }) => {
      void client.invalidateQueries({ queryKey: ['imports'] })
      void client.invalidateQueries({ queryKey: ['import-presets'] })
      void client.invalidateQueries({ queryKey: ['status'] })
      await navigate({ to: '/imports/$id', params: { id } })
    },
  })
  const usable = dry.data && dry.data.counts.new + dry.data.counts.changed + dry.data.counts.unchanged > 0
  return (
    <Stack>
      {dry.isPending && <Skeleton height={260} aria-label={t`Reading the file`} />}
      {dry.isError && (
        <>
          <FormError error={dry.error} fields />
          <Button variant="default" onClick={toColumns}>{t`Back to the columns`}</Button>
        </>
      )}
      {dry.data && <Outcome dry={dry.data} />}
      <FormError error={start.error} fields />
      <Group justify="space-between" align="end">
        <Button variant="default" onClick={back}>{t`Back`}</Button>
        <Group align="end">
          <TextInput label={t`Save these settings as a preset`} placeholder={t`Name, if you like`} value={preset} onChange={(e) => setPreset(e.currentTarget.value)} />
          <Button disabled={!usable} loading={start.isPending} onClick={() => start.mutate()}>{t`Start the import`}</Button>
        </Group>
      </Group>
    </Stack>
  )
}

function Outcome({ dry }: { dry: DryRun }) {
  const { t } = useLingui()
  const f = useFormat()
  const reason = useReasonName()
  const counts: [string, number][] = [
    [t`New`, dry.counts.new],
    [t`Changed`, dry.counts.changed],
    [t`Already there`, dry.counts.unchanged],
    [t`Refused`, dry.counts.refused],
  ]
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 4 }} component="dl" className={classes.facts}>
        {counts.map(([label, n]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{f.int(n)}</dd>
          </div>
        ))}
      </SimpleGrid>
      {dry.refused.length > 0 && (
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Refused`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`Refused because`}</th>
                <th scope="col" data-num>{t`Rows`}</th>
                <th scope="col">{t`For example`}</th>
              </tr>
            </thead>
            <tbody>
              {dry.refused.map((r) => (
                <tr key={r.reason}>
                  <td>{reason(r.reason)}</td>
                  <td data-num>{f.int(r.count)}</td>
                  <td className={classes.samples}>{r.samples.slice(0, 3).map((s) => t`row ${s.line}, ${s.column}: ${s.message}`).join(' · ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <h2 style={{ margin: '8px 0 0', fontSize: '0.95rem' }}>{t`Rows as they would become events`}</h2>
      <div className={classes.sampleGrid}>
        {dry.sample.slice(0, 4).map((s) => (
          <div key={s.line}>
            <div className={classes.note}>{t`row ${s.line}`}</div>
            <CodeBlock code={JSON.stringify(s.event, null, 2)} label={t`row ${s.line}`} />
          </div>
        ))}
      </div>
    </>
  )
}
