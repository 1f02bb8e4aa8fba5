import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Segment, segments } from '~/api/segments'
import { FormError } from '~/ui/errors'
import { Dim } from '~/ui/page'

/** Changes the name and the description; the key stays. */
export default function Rename({ segment: s, close }: { segment: Segment; close: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const [name, setName] = useState(s.name)
  const [description, setDescription] = useState(s.description)
  const save = useMutation({
    mutationFn: () => segments.change(s.id, { name: name.trim(), description: description.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['segments'] })
      close()
    },
  })
  return (
    <Modal opened onClose={close} title={t`Rename`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          save.mutate()
        }}
      >
        <Stack>
          <FormError error={save.error} fields />
          <TextInput label={t`Name`} required maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
          <Textarea label={t`Description`} autosize minRows={2} maxLength={1000} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
          <Dim size="xs">{t`Conditions and programs name it “${s.key}”; that stays.`}</Dim>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t`Cancel`}</Button>
            <Button type="submit" loading={save.isPending} disabled={name.trim() === ''}>{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
