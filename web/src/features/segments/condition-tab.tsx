import { Button, Checkbox, Group } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Cond } from '~/api/condition'
import { type Segment, segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { FormError } from '~/ui/errors'
import { Dim } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { opened } from '~/conditions/tree'
import { Workbench } from './workbench'
import { useEditor } from './use-editor'
import classes from './segments.module.css'

/** The condition of a saved segment, to read and to change. */
export default function Definition({ segment: s, setDirty, start, started }: { segment: Segment; setDirty: (dirty: boolean) => void; /** An older version to begin with. */ start?: Cond; started: () => void }) {
  const { t } = useLingui()
  const can = useCan('model')
  const client = useQueryClient()
  const toast = useToast()
  const [emit, setEmit] = useState(false)
  const editor = useEditor(s.when, s)
  const { draft, changed } = editor
  useEffect(() => {
    if (!start) return
    draft.set(opened(start))
    started()
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [start])
  useEffect(() => {
    setDirty(changed)
    return () => setDirty(false)
  }, [changed, setDirty])
  const save = useMutation({
    mutationFn: () => segments.change(s.id, { when: editor.when(), ...(emit ? { emit } : {}) }),
    onSuccess: async (next) => {
      toast.done(next.building ? t`Saved. The new version is being computed over all history.` : t`Saved.`)
      await client.invalidateQueries({ queryKey: ['segments'] })
      await client.invalidateQueries({ queryKey: ['status'] })
    },
  })
  const refused = editor.faults.some((f) => !f.soft)
  return (
    <Workbench editor={editor} segment={s} can={can}>
      {can && (changed || save.isError) && (
        <div className={classes.compare}>
          <strong>{t`Not saved yet`}</strong>
          <Checkbox size="xs" label={t`Tell webhooks about those who enter and leave by this change`} checked={emit} onChange={(e) => setEmit(e.currentTarget.checked)} />
          <Group gap="xs" ml="auto">
            {editor.incomplete && <Dim size="xs">{t`The marked fields are still to fill in.`}</Dim>}
            <Button size="compact-sm" variant="subtle" onClick={() => draft.set(opened(s.when))}>{t`Discard`}</Button>
            <Button size="compact-sm" loading={save.isPending} disabled={editor.incomplete || refused || !changed} onClick={() => save.mutate()}>{t`Save as version ${s.version + 1}`}</Button>
          </Group>
          <FormError error={save.error} fields />
        </div>
      )}
    </Workbench>
  )
}
