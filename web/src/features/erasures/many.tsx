import { Alert, Button, Group, Modal, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { erasures, maxErased, readIdentifiers } from '~/api/erasures'
import { useWorkspace } from '~/app/session'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconAlert, IconUpload } from '~/ui/icons'
import { askOf, AskFields, complete, emptyDraft, takesAway } from './ask'

/** Erases many at once, from a pasted or uploaded list. */
export default function ManyDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const { time_zone } = useWorkspace()
  const client = useQueryClient()
  const navigate = useNavigate()
  const file = useRef<HTMLInputElement>(null)
  const [draft, setDraft] = useState(emptyDraft)
  const [text, setText] = useState('')
  const [type, setType] = useState('auto')
  const [typed, setTyped] = useState('')
  const ids = readIdentifiers(text, type)
  const over = ids.length > maxErased
  const word = String(ids.length)
  const send = useMutation({
    mutationFn: () => erasures.many(ids, askOf(draft, time_zone)),
    onSuccess: async (receipt) => {
      await client.invalidateQueries({ queryKey: ['erasures'] })
      void client.invalidateQueries({ queryKey: ['customers'] })
      void navigate({ to: `/data/erasures/${receipt.id}` })
    },
  })
  const ready = complete(draft) && ids.length > 0 && !over && typed === word
  return (
    <Modal opened={opened} onClose={close} title={t`Erase many`} size="lg" closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (ready) send.mutate()
        }}
      >
        <Stack>
          <FormError error={send.error} />
          <Textarea
            label={t`Identifiers`}
            description={t`One a line: an e-mail address, a phone number, a user id; or type,value such as anonymous_id,4f9a. Those never seen can be refused too.`}
            autosize
            minRows={4}
            maxRows={12}
            spellCheck={false}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            data-autofocus
          />
          <Group align="end">
            <Select
              label={t`Lines without a type are`}
              allowDeselect={false}
              value={type}
              onChange={(v) => setType(v!)}
              data={[
                { value: 'auto', label: t`found out from the value` },
                { value: 'user_id', label: t`user ids` },
                { value: 'email', label: t`e-mail addresses` },
                { value: 'phone', label: t`phone numbers` },
                { value: 'anonymous_id', label: t`anonymous ids` },
                { value: 'customer', label: t`customer numbers` },
              ]}
            />
            <input ref={file} type="file" hidden accept=".csv,.txt,.tsv" aria-label={t`File`} onChange={(e) => void e.currentTarget.files?.[0]?.text().then(setText)} />
            <Button variant="default" leftSection={<IconUpload size={16} />} onClick={() => file.current?.click()}>{t`Take a file`}</Button>
          </Group>
          <Text size="sm" c={over ? 'var(--app-bad)' : 'dimmed'} role="status">
            {over ? t`${f.int(ids.length)} found; one request takes ${f.int(maxErased)}. Split the list.` : t`${f.int(ids.length)} found`}
          </Text>
          <AskFields draft={draft} change={(patch) => setDraft({ ...draft, ...patch })} unsuppress />
          {takesAway(draft) && <Alert color="red" variant="light" icon={<IconAlert size={18} />}>{t`This cannot be undone.`}</Alert>}
          <TextInput label={t`Type ${word} to confirm`} autoComplete="off" spellCheck={false} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
          <Button type="submit" color="red" disabled={!ready} loading={send.isPending}>{t`Erase`}</Button>
        </Stack>
      </form>
    </Modal>
  )
}
