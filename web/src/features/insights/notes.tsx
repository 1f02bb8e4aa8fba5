import { ActionIcon, Button, Group, Popover, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '~/api'
import { type Annotation, insights } from '~/api/insights'
import { useCan, useWorkspace } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconEdit, IconFlag, IconTrash } from '~/ui/icons'
import { Dim } from '~/ui/page'
import { fromIsoDay, isoDay } from '~/ui/time'
import { useToast } from '~/ui/toast'
import classes from './insights.module.css'

/** Notes on the axis of time in a range: a campaign, a change of price, an outage. All charts over time show them. */
export default function Notes({ from, to }: { from: number; to: number }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('insight')
  const client = useQueryClient()
  const toast = useToast()
  const [editing, setEditing] = useState<Annotation | 'new'>()
  const list = useQuery(insights.annotations())
  const refresh = () => client.invalidateQueries({ queryKey: ['annotations'] })
  const shown = (list.data ?? []).filter((a) => a.at < to && (a.until ?? a.at) >= from)
  const remove = useMutation({
    mutationFn: (a: Annotation) => api.delete(`/annotations/${a.id}`),
    onSuccess: async (_, a) => {
      await refresh()
      toast.undo(t`Note deleted.`, () => void api.post('/annotations', { at: a.at, until: a.until ?? 0, text: a.text }).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  if (shown.length === 0 && !can) return null
  const day = (micros: number) => f.date(micros / 1000)
  return (
    <section aria-label={t`Notes on the time axis`} className={classes.stack} style={{ gap: 4 }}>
      {shown.map((a) => (
        <div key={a.id} className={classes.controls} style={{ gap: 8, fontSize: '0.84rem' }}>
          <IconFlag size={15} color="var(--app-warn)" aria-hidden />
          <span>
            {day(a.at)}
            {a.until ? ` – ${day(a.until)}` : ''}: {a.text} <Dim size="xs">{a.by}</Dim>
          </span>
          {can && (
            <>
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t`Change the note ${a.text}`} onClick={() => setEditing(a)}>
                <IconEdit size={14} />
              </ActionIcon>
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t`Delete the note ${a.text}`} onClick={() => remove.mutate(a)}>
                <IconTrash size={14} />
              </ActionIcon>
            </>
          )}
        </div>
      ))}
      {can && (
        <Popover opened={editing !== undefined} onChange={(o) => !o && setEditing(undefined)} position="top-start" trapFocus returnFocus width={320}>
          <Popover.Target>
            <Button size="compact-sm" variant="subtle" leftSection={<IconFlag size={14} />} style={{ justifySelf: 'start' }} onClick={() => setEditing('new')}>
              {t`Add a note to the time axis`}
            </Button>
          </Popover.Target>
          <Popover.Dropdown aria-label={t`Note`}>{editing && <NoteForm key={editing === 'new' ? 'new' : editing.id} note={editing === 'new' ? undefined : editing} close={() => setEditing(undefined)} refresh={refresh} />}</Popover.Dropdown>
        </Popover>
      )}
    </section>
  )
}

function NoteForm({ note, close, refresh }: { note?: Annotation; close: () => void; refresh: () => Promise<void> }) {
  const { t } = useLingui()
  const { time_zone } = useWorkspace()
  const dayOf = (micros: number | undefined) => (micros ? isoDay(new Date(micros / 1000), time_zone) : '')
  const [text, setText] = useState(note?.text ?? '')
  const [at, setAt] = useState(dayOf(note?.at ?? Date.now() * 1000))
  const [until, setUntil] = useState(dayOf(note?.until))
  const micros = (day: string) => (fromIsoDay(day, time_zone)?.getTime() ?? 0) * 1000
  const save = useMutation({
    mutationFn: () => {
      const body = { at: micros(at), until: until ? micros(until) : 0, text: text.trim() }
      return note ? api.patch(`/annotations/${note.id}`, body) : api.post('/annotations', body)
    },
    onSuccess: async () => {
      await refresh()
      close()
    },
  })
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (text.trim() && at) save.mutate()
      }}
    >
      <Stack gap="xs">
        <FormError error={save.error} />
        <TextInput label={t`What happened`} required data-autofocus value={text} maxLength={500} error={fieldError(save.error, 'text')} onChange={(e) => setText(e.currentTarget.value)} />
        <Group grow gap="xs">
          <TextInput type="date" label={t`On`} required value={at} error={fieldError(save.error, 'at')} onChange={(e) => setAt(e.currentTarget.value)} />
          <TextInput type="date" label={t`Until`} min={at} value={until} error={fieldError(save.error, 'until')} onChange={(e) => setUntil(e.currentTarget.value)} />
        </Group>
        <Button type="submit" size="compact-sm" loading={save.isPending}>{t`Save`}</Button>
      </Stack>
    </form>
  )
}
