import { Button, Modal, Radio, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, q, type Customer, wireId } from '~/api'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconSearch } from '~/ui/icons'
import { useToast } from '~/ui/toast'

/** Merges another customer into this one. It can be undone exactly, so it needs a reason but no second question. */
export default function MergeDialog({ customer, name, opened, close }: { customer: Customer; name: string; opened: boolean; close: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const client = useQueryClient()
  const toast = useToast()
  const [text, setText] = useState('')
  const [debounced] = useDebouncedValue(text.trim(), 250)
  const [from, setFrom] = useState('')
  const [reason, setReason] = useState('')
  const found = useQuery({ ...q.customers({ q: debounced, limit: 6 }), enabled: opened && debounced.length > 1 })
  const others = debounced.length > 1 ? (found.data?.customers ?? []).filter((c) => c.id !== customer.id) : []
  const merge = useMutation({
    mutationFn: () => api.post('/customers/merge', { into: wireId(customer.id), from: wireId(from), reason }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['customer'] })
      await client.invalidateQueries({ queryKey: ['customers'] })
      toast.done(t`Merged. It can be undone under Identity.`)
      close()
    },
  })
  return (
    <Modal opened={opened} onClose={close} title={t`Merge another customer into ${name}`} size="lg" closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (from) merge.mutate()
        }}
      >
        <Stack>
          <FormError error={merge.error} />
          <TextInput label={t`Find the other customer`} leftSection={<IconSearch size={16} />} value={text} onChange={(e) => setText(e.currentTarget.value)} data-autofocus />
          {others.length > 0 && (
            <Radio.Group label={t`Customer to merge`} value={from} onChange={setFrom}>
              <Stack gap={6} mt={6}>
                {others.map((c) => (
                  <Radio key={c.id} value={c.id} label={c.name || c.email || c.id} description={`${c.email || c.id} · ${f.int(c.events)} ${t`events`} · ${t`last seen ${f.ago(c.last_seen)}`}`} />
                ))}
              </Stack>
            </Radio.Group>
          )}
          {debounced.length > 1 && found.data && others.length === 0 && <Text size="sm" c="dimmed">{t`No other customer matches.`}</Text>}
          <Textarea label={t`Reason`} description={t`It is kept in the merge history.`} required autosize minRows={2} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
          <Button type="submit" disabled={!from} loading={merge.isPending}>{t`Merge`}</Button>
        </Stack>
      </form>
    </Modal>
  )
}
