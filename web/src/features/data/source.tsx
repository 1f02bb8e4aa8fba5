import { Badge, Button, Group, NumberInput, Select, Stack, Switch, TagsInput, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { api, q, type Source, type SourceSettings } from '~/api'
import { useCan } from '~/app/session'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { PlanCard } from './source-plan'
import { PrivacyCard } from './source-privacy'
import { useKindText } from './source-kind'

/** The rules of one source: who sends, what is planned, what may be stored, what counts as a program. */
export default function SourceScreen() {
  const { id } = useParams({ strict: false }) as { id: string }
  const { t } = useLingui()
  const sources = useQuery(q.sources())
  const kind = useKindText()
  const f = useFormat()
  const source = sources.data?.find((s) => s.id === id)
  return (
    <Page
      title={source?.name ?? t`Source`}
      sub={source && <Group gap="xs"><Badge color="gray" variant="light">{kind(source.kind)}</Badge> {source.last_event_at ? t`last event ${f.ago(source.last_event_at)}` : t`no event yet`} · {t`${f.int(source.events)} events`}</Group>}
      actions={<Button variant="default" component={Link} to="/data/sources">{t`All sources`}</Button>}
    >
      <Loaded query={sources}>{() => (source ? <Form key={JSON.stringify([source.name, source.kind, source.ip_policy, source.settings])} source={source} /> : <Empty title={t`There is no such source`} />)}</Loaded>
    </Page>
  )
}

type Draft = Pick<Source, 'name' | 'kind' | 'ip_policy' | 'settings'>

function Form({ source }: { source: Source }) {
  const { t } = useLingui()
  const can = useCan('data')
  const client = useQueryClient()
  const toast = useToast()
  const saved: Draft = { name: source.name, kind: source.kind, ip_policy: source.ip_policy, settings: { ...source.settings, dedupe_days: source.dedupe_days } }
  const [draft, setDraft] = useState(saved)
  const [broken, setBroken] = useState<Record<string, boolean>>({})
  const set = (patch: Partial<SourceSettings>) => setDraft({ ...draft, settings: { ...draft.settings, ...patch } })
  const save = useMutation({
    mutationFn: (body: Draft) => api.patch(`/sources/${source.id}`, body),
    onSuccess: async (_, body) => {
      await client.invalidateQueries({ queryKey: ['sources'] })
      if (body === draft) toast.undo(t`Source saved. The rules hold for events from now on.`, () => save.mutate(saved))
    },
  })
  const changed = JSON.stringify(draft) !== JSON.stringify(saved)
  const unreadable = Object.values(broken).some(Boolean)
  const part = { settings: draft.settings, set, can }
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        save.mutate(draft)
      }}
    >
      <Stack maw={860}>
        <FormError error={save.error} fields />
        <GeneralCard draft={draft} setDraft={setDraft} {...part} />
        <PlanCard {...part} source={source.id} broken={(name, is) => setBroken((all) => ({ ...all, [name]: is }))} />
        <PrivacyCard {...part} />
        <ProgramsCard {...part} />
        {can && (
          <Group justify="flex-end">
            {changed && <Button variant="subtle" onClick={() => setDraft(saved)}>{t`Discard`}</Button>}
            <Button type="submit" loading={save.isPending} disabled={!changed || unreadable}>{t`Save`}</Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}

type Part = { settings: SourceSettings; set: (patch: Partial<SourceSettings>) => void; can: boolean }

function GeneralCard({ draft, setDraft, settings, set, can }: Part & { draft: Draft; setDraft: (d: Draft) => void }) {
  const { t } = useLingui()
  const kind = useKindText()
  return (
    <Card title={t`General`}>
      <Stack>
        <TextInput label={t`Name`} required value={draft.name} disabled={!can} onChange={(e) => setDraft({ ...draft, name: e.currentTarget.value })} />
        <Select label={t`Kind`} description={t`Keys of websites and apps are public; a server key must stay secret and may set more.`} allowDeselect={false} disabled={!can} value={draft.kind} onChange={(k) => setDraft({ ...draft, kind: k as Source['kind'] })} data={(['browser', 'server', 'mobile'] as const).map((k) => ({ value: k, label: kind(k) }))} />
        <Group grow align="start">
          <NumberInput label={t`Recognise repeated events for`} suffix={` ${t`days`}`} min={30} max={3650} disabled={!can} value={settings.dedupe_days} onChange={(v) => set({ dedupe_days: Number(v) })} />
          <NumberInput label={t`Events per second, at most`} description={t`0: no limit. What is over it is told to come back later.`} min={0} disabled={!can} value={settings.rate_per_second ?? 0} onChange={(v) => set({ rate_per_second: Number(v) || undefined })} />
        </Group>
        <Switch label={t`This is a test source`} description={t`Its events are marked, and reports leave them out.`} disabled={!can} checked={!!settings.test} onChange={(e) => set({ test: e.currentTarget.checked || undefined })} />
        <Switch label={t`Keep events with an unknown key`} description={t`They go to the quarantine of this source instead of being refused, so that a wrong key in a published app loses nothing.`} disabled={!can} checked={!!settings.takes_unknown_keys} onChange={(e) => set({ takes_unknown_keys: e.currentTarget.checked || undefined })} />
        <Select label={t`IP addresses`} allowDeselect={false} disabled={!can} value={draft.ip_policy} onChange={(v) => setDraft({ ...draft, ip_policy: v as Source['ip_policy'] })} data={[{ value: 'truncate', label: t`shorten (last part becomes 0)` }, { value: 'remove', label: t`do not store` }, { value: 'keep', label: t`store as received` }]} />
      </Stack>
    </Card>
  )
}

/** Events that programs send are marked, never blocked: reports leave them out, and their mark can be seen. */
function ProgramsCard({ settings, set, can }: Part) {
  const { t } = useLingui()
  const bots = settings.bots ?? {}
  const change = (patch: Partial<typeof bots>) => set({ bots: { ...bots, ...patch } })
  return (
    <Card title={t`Programs and crawlers`}>
      <Stack>
        <p style={{ margin: 0 }}>{t`Events that no person sent are marked and kept; reports leave them out. Known crawlers are recognised without these settings.`}</p>
        <TagsInput label={t`Networks of programs`} description={t`Such as 203.0.113.0/24: your monitoring, your tests.`} disabled={!can} value={bots.networks ?? []} onChange={(networks) => change({ networks: networks.length ? networks : undefined })} />
        <Group grow align="start">
          <NumberInput label={t`Events of one device in a minute`} description={t`More than this is a program. 0: the default. −1: do not look.`} min={-1} disabled={!can} value={bots.per_anonymous_id ?? 0} onChange={(v) => change({ per_anonymous_id: Number(v) || undefined })} />
          <NumberInput label={t`Events of one address in a minute`} description={t`Offices share an address: be generous.`} min={-1} disabled={!can} value={bots.per_address ?? 0} onChange={(v) => change({ per_address: Number(v) || undefined })} />
        </Group>
      </Stack>
    </Card>
  )
}
