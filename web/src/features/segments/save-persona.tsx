import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { type Persona, personas } from '~/api/personas'
import type { Segment } from '~/api/segments'
import { useCustomersText } from '~/ui/format'
import { fieldError, FormError } from '~/ui/errors'
import { Dim } from '~/ui/page'
import { telling, useContrast } from './persona-words'

/** Keeps the members of a persona as a list. */
export default function SavePersona({ run, at, persona: p, made, close }: { run: number; at: number; persona: Persona; made: (s: Segment) => void; close: () => void }) {
  const { t } = useLingui()
  const customersText = useCustomersText()
  const { label, value, degree } = useContrast()
  const told = p.contrasts.filter((c) => Math.abs(c.difference) >= telling)
  const [name, setName] = useState(p.name)
  const [description, setDescription] = useState(told.map((c) => `${label(c.feature)}: ${degree(c)} (${value(c.feature, c.mean)})`).join('; '))
  const save = useMutation({
    mutationFn: () => personas.save({ run, persona: at, name: name.trim(), description: description.trim() }),
    onSuccess: (segment) => {
      close()
      made(segment)
    },
  })
  return (
    <Modal opened onClose={close} title={t`Save as segment`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (name.trim()) save.mutate()
        }}
      >
        <Stack>
          <FormError error={save.error} fields />
          <TextInput label={t`Name`} required maxLength={200} data-autofocus value={name} error={fieldError(save.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} />
          <Textarea label={t`Description`} autosize minRows={2} maxLength={4000} value={description} error={fieldError(save.error, 'description')} onChange={(e) => setDescription(e.currentTarget.value)} />
          <Dim>{t`A list of ${customersText(p.size)}: it stays as it is when personas are taken anew.`}</Dim>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{t`Cancel`}</Button>
            <Button type="submit" disabled={!name.trim()} loading={save.isPending}>{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
