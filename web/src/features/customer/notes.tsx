import { ActionIcon, Button, Group, Stack, Textarea } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type Note } from '~/api'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconEdit, IconTrash } from '~/ui/icons'
import { Card, Loaded } from '~/ui/page'
import { useToast } from '~/ui/toast'
import classes from './customer.module.css'

/** What users wrote down about the customer. */
export function NotesPanel({ id }: { id: string }) {
  const { t } = useLingui()
  const can = useCan('edit')
  const client = useQueryClient()
  const toast = useToast()
  const query = useQuery(q.notes(id))
  const [text, setText] = useState('')
  const refresh = () => client.invalidateQueries({ queryKey: q.notes(id).queryKey })
  const add = useMutation({ mutationFn: (value: string) => api.post(`/customers/${id}/notes`, { body: value }), onSuccess: refresh, onError: toast.error })
  const remove = useMutation({
    mutationFn: (note: Note) => api.delete(`/customers/${id}/notes/${note.id}`),
    onSuccess: (_, note) => {
      void refresh()
      toast.undo(t`Note deleted.`, () => add.mutate(note.text))
    },
    onError: toast.error,
  })
  return (
    <Card title={t`Notes`}>
      {can && (
        <form
          onSubmit={(e) => {
            e.preventDefault()
            if (!text.trim()) return
            add.mutate(text.trim(), { onSuccess: () => setText('') })
          }}
        >
          <Textarea aria-label={t`New note`} placeholder={t`What should others know?`} autosize minRows={2} value={text} onChange={(e) => setText(e.currentTarget.value)} />
          {text.trim() && <Button type="submit" size="compact-sm" mt={6} loading={add.isPending}>{t`Add the note`}</Button>}
        </form>
      )}
      <Loaded query={query} height={40}>
        {(notes) => (
          <Stack gap="xs" mt={notes.length ? 'sm' : 0}>
            {notes.map((note) => (
              <NoteView key={note.id} id={id} note={note} can={can} refresh={() => void refresh()} remove={() => remove.mutate(note)} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  )
}

function NoteView({ id, note, can, refresh, remove }: { id: string; note: Note; can: boolean; refresh: () => void; remove: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const toast = useToast()
  const [draft, setDraft] = useState<string>()
  const save = useMutation({
    mutationFn: (value: string) => api.patch(`/customers/${id}/notes/${note.id}`, { body: value }),
    onSuccess: () => {
      setDraft(undefined)
      refresh()
    },
    onError: toast.error,
  })
  if (draft !== undefined) {
    return (
      <form
        onSubmit={(e) => {
          e.preventDefault()
          save.mutate(draft.trim())
        }}
      >
        <Textarea aria-label={t`Edit the note`} autosize minRows={2} value={draft} onChange={(e) => setDraft(e.currentTarget.value)} data-autofocus />
        <Group gap={6} mt={6}>
          <Button type="submit" size="compact-sm" disabled={!draft.trim()}>{t`Save`}</Button>
          <Button size="compact-sm" variant="subtle" onClick={() => setDraft(undefined)}>{t`Cancel`}</Button>
        </Group>
      </form>
    )
  }
  return (
    <article className={classes.note}>
      <p>{note.text}</p>
      <footer>
        <span>
          {note.author} · <time dateTime={note.created_at} title={f.dateTimeZone(note.created_at)}>{f.ago(note.created_at)}</time>
        </span>
        {can && (
          <span>
            <ActionIcon size="sm" variant="subtle" color="gray" onClick={() => setDraft(note.text)} aria-label={t`Edit the note`}>
              <IconEdit size={14} />
            </ActionIcon>
            <ActionIcon size="sm" variant="subtle" color="gray" onClick={remove} aria-label={t`Delete the note`}>
              <IconTrash size={14} />
            </ActionIcon>
          </span>
        )}
      </footer>
    </article>
  )
}
