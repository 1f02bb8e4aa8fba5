import { Alert, Button, Modal, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Customer } from '~/api'
import { erasures, type Receipt } from '~/api/erasures'
import { useWorkspace } from '~/app/session'
import { askOf, AskFields, complete, emptyDraft, takesAway } from '~/features/erasures/ask'
import { ReceiptView } from '~/features/erasures/receipt'
import { FormError } from '~/ui/errors'
import { IconAlert } from '~/ui/icons'

/** Erases a customer, wholly or in part. This is the one thing that cannot be undone, so the number has to be typed. */
export default function EraseDialog({ customer, name, opened, close }: { customer: Customer; name: string; opened: boolean; close: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { time_zone } = useWorkspace()
  const [draft, setDraft] = useState(emptyDraft)
  const [typed, setTyped] = useState('')
  const erase = useMutation({
    mutationFn: () => erasures.ofCustomer(customer.id, askOf(draft, time_zone)),
    onSuccess: () => client.invalidateQueries({ queryKey: ['erasures'] }),
  })
  const leave = () => {
    close()
    if (!erase.data) return
    void client.invalidateQueries({ queryKey: ['customers'] })
    void client.invalidateQueries({ queryKey: ['customer'] })
    const gone = erase.data.scope.kind === 'customer' && erase.data.action.startsWith('delete')
    if (gone) void navigate({ to: '/customers' })
  }
  const ready = complete(draft) && typed === customer.id
  return (
    <Modal opened={opened} onClose={leave} title={t`Erase ${name}`} size="lg" closeButtonProps={{ 'aria-label': t`Close` }}>
      {erase.data ? (
        <Progressing first={erase.data} done={leave} />
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault()
            if (ready) erase.mutate()
          }}
        >
          <Stack>
            <FormError error={erase.error} />
            <AskFields draft={draft} change={(patch) => setDraft({ ...draft, ...patch })} />
            {takesAway(draft) && <Alert color="red" variant="light" icon={<IconAlert size={18} />}>{t`This cannot be undone.`}</Alert>}
            <TextInput label={t`Type ${customer.id} to confirm`} autoComplete="off" spellCheck={false} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
            <Button type="submit" color="red" disabled={!ready} loading={erase.isPending}>{t`Erase`}</Button>
          </Stack>
        </form>
      )}
    </Modal>
  )
}

/** The receipt while it fills. */
function Progressing({ first, done }: { first: Receipt; done: () => void }) {
  const { t } = useLingui()
  const query = useQuery({ ...erasures.one(first.id), initialData: first })
  return (
    <Stack>
      <ReceiptView receipt={query.data} />
      <Button onClick={done} data-autofocus>{t`Done`}</Button>
    </Stack>
  )
}
