import { Button, Checkbox, Group, Modal, MultiSelect, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { segments } from '~/api/segments'
import { type Webhook, webhooks } from '~/api/webhooks'
import { fieldError, FormError } from '~/ui/errors'
import { useEventWords } from './words'

/** A new webhook, or a change of one. */
export default function WebhookForm({ webhook: w, events, close, made }: { webhook?: Webhook; events: string[]; close: () => void; made: (s: { name: string; secret: string }) => void }) {
  const { t } = useLingui()
  const words = useEventWords()
  const client = useQueryClient()
  const list = useQuery(segments.list())
  const [name, setName] = useState(w?.name ?? '')
  const [url, setUrl] = useState(w?.url ?? '')
  const [chosen, setChosen] = useState<string[]>(w ? (w.events.length > 0 ? w.events : events) : events.filter((e) => e.startsWith('segment.')))
  const [only, setOnly] = useState<string[]>((w?.segments ?? []).map(String))
  const aboutSegments = chosen.some((e) => e.startsWith('segment.'))
  const save = useMutation({
    mutationFn: async () => {
      const body = { name, url, events: chosen.length === events.length ? [] : chosen, segments: aboutSegments ? only.map(Number) : [], enabled: w?.enabled ?? true }
      return w ? { webhook: await webhooks.change(w.id, body), secret: '' } : webhooks.create(body)
    },
    onSuccess: async (r) => {
      await client.invalidateQueries({ queryKey: ['webhooks'] })
      close()
      if (r.secret) made({ name: r.webhook.name, secret: r.secret })
    },
  })
  return (
    <Modal opened onClose={close} size="lg" title={w ? t`Edit webhook` : t`New webhook`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          save.mutate()
        }}
      >
        <Stack>
          <FormError error={save.error} fields />
          <TextInput label={t`Name`} required maxLength={100} value={name} error={fieldError(save.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
          <TextInput label={t`Address`} description={t`An https address that answers with 2xx within 20 seconds. Private addresses are refused.`} type="url" required placeholder="https://example.com/hooks/ciclo" value={url} error={fieldError(save.error, 'url')} onChange={(e) => setUrl(e.currentTarget.value)} />
          <Checkbox.Group label={t`Tell it when`} value={chosen} onChange={setChosen} error={fieldError(save.error, 'events')}>
            <Stack gap={7} mt={6}>
              {events.map((e) => (
                <Checkbox key={e} value={e} label={words(e)} description={e} />
              ))}
            </Stack>
          </Checkbox.Group>
          {aboutSegments && <MultiSelect label={t`Only of these segments`} description={t`None chosen: of all segments, later ones included.`} searchable data={(list.data?.segments ?? []).map((s) => ({ value: String(s.id), label: s.name }))} value={only} onChange={setOnly} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t`Cancel`}</Button>
            <Button type="submit" loading={save.isPending} disabled={name.trim() === '' || url.trim() === '' || chosen.length === 0}>{w ? t`Save` : t`Create`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
