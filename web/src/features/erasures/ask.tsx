import { Group, Radio, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import type { ErasureAction, ErasureAsk, ErasureScope } from '~/api/erasures'
import { useWorkspace } from '~/app/session'
import { fromIsoDay } from '~/ui/time'

export type Draft = { action: ErasureAction; kind: ErasureScope['kind']; from: string; to: string; properties: string[]; reason: string }

export const emptyDraft: Draft = { action: 'delete', kind: 'customer', from: '', to: '', properties: [], reason: '' }

/** Whether the draft says all that the server needs. */
export function complete(d: Draft): boolean {
  if (!d.reason.trim()) return false
  if (d.kind === 'range') return (d.from !== '' || d.to !== '') && !(d.from && d.to && d.from > d.to)
  return d.kind !== 'properties' || d.properties.length > 0
}

/** The request of a draft; days are those of the workspace's zone, the last one included. */
export function askOf(d: Draft, zone: string): ErasureAsk {
  const scope: ErasureScope = { kind: d.kind }
  if (d.kind === 'range') {
    scope.from = fromIsoDay(d.from, zone)?.toISOString()
    scope.to = fromIsoDay(d.to, zone, 1)?.toISOString()
  }
  if (d.kind === 'properties' || (d.kind === 'customer' && d.action === 'anonymise' && d.properties.length > 0)) scope.properties = d.properties
  return { action: d.kind === 'customer' ? d.action : 'delete', scope, reason: d.reason.trim() }
}

/** Whether the draft takes data away, which nothing brings back. */
export const takesAway = (d: Draft) => d.kind !== 'customer' || (d.action !== 'suppress' && d.action !== 'unsuppress')

/** Scope, action and reason of an erasure, each with what it does. */
export function AskFields({ draft, change, unsuppress = false }: { draft: Draft; change: (patch: Partial<Draft>) => void; unsuppress?: boolean }) {
  const { t } = useLingui()
  const { time_zone } = useWorkspace()
  const traits = useQuery({ ...q.traitNames(), enabled: draft.kind === 'properties' || draft.action === 'anonymise' })
  const names = [...new Set((traits.data ?? []).map((p) => p.name))]
  const properties = (label: string, description: string) => (
    <TagsInput label={label} description={description} data={names} value={draft.properties} onChange={(v) => change({ properties: v })} splitChars={[',', ';']} acceptValueOnBlur maxTags={100} clearButtonProps={{ 'aria-label': t`Clear` }} />
  )
  return (
    <>
      <Radio.Group label={t`How much`} value={draft.kind} onChange={(v) => change({ kind: v as Draft['kind'] })}>
        <Stack gap="xs" mt={6}>
          <Radio value="customer" label={t`The whole customer`} />
          <Radio value="range" label={t`A time range`} description={t`The events of these days go. Stages, totals and traits become what they would be without them. Notes and consent stay.`} />
          <Radio value="properties" label={t`Some properties`} description={t`They go from every event and from the traits. The events stay, and so do identifiers.`} />
        </Stack>
      </Radio.Group>
      {draft.kind === 'range' && (
        <Group grow align="start">
          <TextInput type="date" label={t`From`} max={draft.to} value={draft.from} onChange={(e) => change({ from: e.currentTarget.value })} />
          <TextInput type="date" label={t`To, included`} min={draft.from} value={draft.to} onChange={(e) => change({ to: e.currentTarget.value })} />
        </Group>
      )}
      {draft.kind === 'range' && <Text size="sm" c="dimmed">{t`Days in ${time_zone}. Without a beginning: from the first event on. Without an end: until now.`}</Text>}
      {draft.kind === 'properties' && properties(t`Properties and traits`, t`Names as they stand in events, such as coupon or birthday. Separate them with Enter.`)}
      {draft.kind === 'customer' && (
        <Radio.Group label={t`What to do`} value={draft.action} onChange={(v) => change({ action: v as ErasureAction })}>
          <Stack gap="xs" mt={6}>
            <Radio value="delete" label={t`Delete everything`} description={t`Events, traits, identifiers, notes and consent. Past totals get smaller.`} />
            <Radio value="delete_and_suppress" label={t`Delete everything and refuse new events`} description={t`Later events of the same identifiers are dropped on arrival.`} />
            <Radio value="anonymise" label={t`Anonymise`} description={t`Events stay for the totals, without anything that leads to the person.`} />
            <Radio value="suppress" label={t`Only refuse new events`} description={t`What is stored stays; nothing is added.`} />
            {unsuppress && <Radio value="unsuppress" label={t`Let events in again`} description={t`Ends the refusal. Nothing that was deleted comes back.`} />}
          </Stack>
        </Radio.Group>
      )}
      {draft.kind === 'customer' && draft.action === 'anonymise' && properties(t`Further properties to take out`, t`Name, e-mail, phone, address and birthday go in any case.`)}
      <Textarea label={t`Reason`} description={t`It is kept in the receipt. Do not write personal data here.`} required autosize minRows={2} maxLength={1000} value={draft.reason} onChange={(e) => change({ reason: e.currentTarget.value })} />
    </>
  )
}
