import { Button, Group, Modal, NativeSelect, Stack, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { alerts } from '~/api/alerts'
import { dashboards } from '~/api/dashboards'
import { bodyOf, type Digest, type DigestBody, digests } from '~/api/digests'
import { locales } from '~/app/i18n'
import { useWorkspace } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { useToast } from '~/ui/toast'
import { useSchedule } from './words'
import classes from './digests.module.css'

/** Which dashboard is drawn, when, and who is told. */
export default function DigestForm({ digest, dashboard, close }: { digest?: Digest; dashboard?: number; close: () => void }) {
  const { t, i18n } = useLingui()
  const toast = useToast()
  const client = useQueryClient()
  const { time_zone } = useWorkspace()
  const { weekday, hour, words } = useSchedule()
  const boards = useQuery(dashboards.list())
  const [body, setBody] = useState<DigestBody>(digest ? bodyOf(digest) : { name: '', dashboard: dashboard ?? 0, language: i18n.locale as Digest['language'], format: 'pdf', every: 'week', on: 1, hour: 8, enabled: true, webhook: 0 })
  const set = (patch: Partial<DigestBody>) => setBody((b) => ({ ...b, ...patch }))
  const auto = boards.data?.find((d) => d.id === body.dashboard)?.name ?? ''
  const refresh = () => client.invalidateQueries({ queryKey: ['digests'] })
  const save = useMutation({
    mutationFn: () => {
      const full = { ...body, name: body.name.trim() || auto }
      return digest ? digests.change(digest.id, full) : digests.create(full)
    },
    onSuccess: async (saved) => {
      await refresh()
      close()
      toast.undo(t`“${saved.name}” saved.`, () => void (digest ? digests.change(digest.id, bodyOf(digest)) : digests.remove(saved.id)).then(refresh, toast.error))
    },
  })
  const days = (n: number, label: (d: number) => string) => Array.from({ length: n }, (_, i) => ({ value: String(i + 1), label: label(i + 1) }))
  return (
    <Modal opened onClose={close} size="lg" title={digest ? t`Change the digest` : t`New digest`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (body.dashboard) save.mutate()
        }}
      >
        <Stack>
          <FormError error={save.error} fields />
          <NativeSelect
            label={t`Dashboard`}
            required
            data-autofocus
            error={fieldError(save.error, 'dashboard')}
            data={[...(body.dashboard ? [] : [{ value: '0', label: t`Choose` }]), ...(boards.data ?? []).map((d) => ({ value: String(d.id), label: d.name }))]}
            value={String(body.dashboard)}
            onChange={(e) => set({ dashboard: Number(e.currentTarget.value) })}
          />
          <TextInput label={t`Name`} placeholder={auto} maxLength={200} value={body.name} error={fieldError(save.error, 'name')} onChange={(e) => set({ name: e.currentTarget.value })} />
          <Group grow align="start">
            <NativeSelect
              label={t`Draw it`}
              data={[
                { value: 'day', label: t`every day` },
                { value: 'week', label: t`every week` },
                { value: 'month', label: t`every month` },
              ]}
              value={body.every}
              onChange={(e) => set({ every: e.currentTarget.value as Digest['every'], on: e.currentTarget.value === 'day' ? 0 : 1 })}
            />
            {body.every === 'week' && <NativeSelect label={t`Weekday`} data={days(7, weekday)} value={String(body.on)} onChange={(e) => set({ on: Number(e.currentTarget.value) })} />}
            {body.every === 'month' && <NativeSelect label={t`Day of the month`} data={days(28, String)} value={String(body.on)} onChange={(e) => set({ on: Number(e.currentTarget.value) })} />}
            <NativeSelect label={t`Hour`} data={Array.from({ length: 24 }, (_, h) => ({ value: String(h), label: hour(h) }))} value={String(body.hour)} onChange={(e) => set({ hour: Number(e.currentTarget.value) })} />
          </Group>
          <p className={classes.note}>{t`${words(body)}, by the clock of ${time_zone}.`}</p>
          <Group grow align="start">
            <NativeSelect label={t`Language`} data={Object.entries(locales).map(([value, label]) => ({ value, label }))} value={body.language} onChange={(e) => set({ language: e.currentTarget.value as Digest['language'] })} />
            <NativeSelect
              label={t`Format`}
              data={[
                { value: 'pdf', label: t`PDF, to print and pass on` },
                { value: 'png', label: t`PNG, a picture` },
                { value: 'svg', label: t`SVG, a drawing` },
              ]}
              value={body.format}
              onChange={(e) => set({ format: e.currentTarget.value as Digest['format'] })}
            />
          </Group>
          <HookField value={body.webhook} onChange={(webhook) => set({ webhook })} />
          <Switch label={t`Switched on`} checked={body.enabled} onChange={(e) => set({ enabled: e.currentTarget.checked })} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t`Cancel`}</Button>
            <Button type="submit" disabled={!body.dashboard} loading={save.isPending}>{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Who is told: all webhooks that want digests, or one. */
function HookField({ value, onChange }: { value: number; onChange: (id: number) => void }) {
  const { t } = useLingui()
  const hooks = useQuery(alerts.hooks())
  const all = (hooks.data ?? []).filter((h) => h.events.length === 0 || h.events.includes('digest.ready') || h.id === value)
  const chosen = all.find((h) => h.id === value)
  const gone = value !== 0 && hooks.isSuccess && !chosen
  return (
    <>
      {hooks.isSuccess && (all.length > 0 || value !== 0) && (
        <NativeSelect
          label={t`Tell`}
          data={[{ value: '0', label: t`all webhooks that want digests` }, ...all.map((h) => ({ value: String(h.id), label: h.enabled ? h.name : t`${h.name} (switched off)` })), ...(gone ? [{ value: String(value), label: t`a webhook that is gone` }] : [])]}
          value={String(value)}
          onChange={(e) => onChange(Number(e.currentTarget.value))}
        />
      )}
      <p className={classes.note}>
        {t`When the file is ready it can be downloaded here, and the webhook is told where it is.`} {hooks.isSuccess && all.length === 0 && value === 0 && t`No webhook wants digests yet; the files are kept here all the same.`}
        {gone && t`It was deleted: choose another one.`}
        {chosen && !chosen.enabled && t`It is switched off and gets nothing.`}
      </p>
    </>
  )
}
