import { Alert, Button, Modal, Radio, Stack, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Customer, type Receipt } from '~/api'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconAlert, IconCheck, IconDownload } from '~/ui/icons'
import { ui } from '~/ui/page'

/** Erases a customer. This is the one thing that cannot be undone, so the name has to be typed. */
export default function EraseDialog({ customer, name, opened, close }: { customer: Customer; name: string; opened: boolean; close: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [action, setAction] = useState('delete')
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const erase = useMutation({ mutationFn: () => api.post<Receipt>(`/customers/${customer.id}/erase`, { action, reason }) })
  const leave = () => {
    close()
    if (erase.data) {
      void client.invalidateQueries({ queryKey: ['customers'] })
      void navigate({ to: '/customers' })
    }
  }
  return (
    <Modal opened={opened} onClose={leave} title={t`Erase ${name}`} size="lg" closeButtonProps={{ 'aria-label': t`Close` }}>
      {erase.data ? (
        <ReceiptView receipt={erase.data} done={leave} />
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault()
            if (typed === customer.id) erase.mutate()
          }}
        >
          <Stack>
            <FormError error={erase.error} />
            <Radio.Group label={t`What to do`} value={action} onChange={setAction}>
              <Stack gap="xs" mt={6}>
                <Radio value="delete" label={t`Delete everything`} description={t`Events, traits, identifiers, notes and consent. Past totals get smaller.`} />
                <Radio value="delete_and_suppress" label={t`Delete everything and refuse new events`} description={t`Later events of the same identifiers are dropped on arrival.`} />
                <Radio value="anonymise" label={t`Anonymise`} description={t`Events stay for the totals, without anything that leads to the person.`} />
                <Radio value="suppress" label={t`Only refuse new events`} description={t`What is stored stays; nothing is added.`} />
              </Stack>
            </Radio.Group>
            <Textarea label={t`Reason`} description={t`It is kept in the receipt. Do not write personal data here.`} required autosize minRows={2} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
            <Alert color="red" variant="light" icon={<IconAlert size={18} />}>{t`This cannot be undone.`}</Alert>
            <TextInput label={t`Type ${customer.id} to confirm`} autoComplete="off" spellCheck={false} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
            <Button type="submit" color="red" disabled={typed !== customer.id || !reason.trim()} loading={erase.isPending}>{t`Erase`}</Button>
          </Stack>
        </form>
      )}
    </Modal>
  )
}

function ReceiptView({ receipt, done }: { receipt: Receipt; done: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const file = `data:application/json,${encodeURIComponent(JSON.stringify(receipt, null, 2))}`
  return (
    <Stack>
      <Alert color="green" variant="light" icon={<IconCheck size={18} />} title={t`Receipt ${receipt.id}`}>
        {receipt.verified_at ? t`Checked ${f.dateTimeZone(receipt.verified_at)}: nothing is left.` : t`The erasure is running. The receipt is completed when the stored files have been rewritten.`}
      </Alert>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`Store`}</th>
            <th scope="col" data-num>{t`Before`}</th>
            <th scope="col" data-num>{t`After`}</th>
          </tr>
        </thead>
        <tbody>
          {receipt.stores.map((s) => (
            <tr key={s.store}>
              <td>{s.store}</td>
              <td data-num>{f.int(s.before)}</td>
              <td data-num>{f.int(s.after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Button component="a" href={file} download={`${receipt.id}.json`} variant="default" leftSection={<IconDownload size={16} />}>{t`Save the receipt`}</Button>
      <Button onClick={done}>{t`Done`}</Button>
    </Stack>
  )
}
