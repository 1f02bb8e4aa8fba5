import { Button, Group, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type Cell, insights, type Spec } from '~/api/insights'
import { fieldError, FormError } from '~/ui/errors'
import { useToast } from '~/ui/toast'
import classes from './insights.module.css'

/** Keeps the people behind a number as a segment that does not change by itself. */
export default function SaveSegment({ spec, cell, name: start, close }: { spec: Spec; cell: Cell; name: string; close: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const toast = useToast()
  const [name, setName] = useState(start.slice(0, 200))
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])
  const refresh = () => client.invalidateQueries({ queryKey: ['segments'] })
  const save = useMutation({
    mutationFn: () => insights.saveSegment({ name: name.trim(), spec, cell }),
    onSuccess: async (made) => {
      close()
      await refresh()
      toast.undo(t`“${made.name}” created. It fills in the background.`, () => void insights.removeSegment(made.id).then(refresh, toast.error))
    },
  })
  return (
    <form
      className={classes.why}
      onSubmit={(e) => {
        e.preventDefault()
        if (name.trim()) save.mutate()
      }}
    >
      <FormError error={save.error} />
      <TextInput size="sm" label={t`Name of the segment`} description={t`It keeps these customers, also when the number changes later.`} required ref={input} maxLength={200} value={name} error={fieldError(save.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} onFocus={(e) => e.currentTarget.select()} />
      <Group justify="flex-end" gap="xs">
        <Button size="xs" variant="subtle" onClick={close}>{t`Cancel`}</Button>
        <Button size="xs" type="submit" loading={save.isPending} disabled={!name.trim()}>{t`Save`}</Button>
      </Group>
    </form>
  )
}
