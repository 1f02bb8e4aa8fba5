import { Button, Group, Text } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery } from '@tanstack/react-query'
import { mail } from '~/api/alerts'
import { useCan } from '~/app/session'
import { FormError } from '~/ui/errors'
import { NotReady } from '~/ui/mail'
import { Card } from '~/ui/page'
import { useToast } from '~/ui/toast'

/** Whether alerts can be sent by mail, and a way to try it. */
export function MailCard() {
  const { t } = useLingui()
  const can = useCan('admin')
  const toast = useToast()
  const state = useQuery(mail.state())
  const test = useMutation({ mutationFn: mail.test, onSuccess: ({ to }) => toast.done(t`The mail server took a letter to ${to}.`) })
  if (!state.data) return null
  const { ready, from, server } = state.data
  return (
    <Card title={t`Mail`}>
      <FormError error={test.error} />
      <Group justify="space-between">
        <Text size="sm">{ready ? [from, server].filter(Boolean).join(' · ') : <NotReady />}</Text>
        {ready && can && (
          <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>{t`Send me a test letter`}</Button>
        )}
      </Group>
    </Card>
  )
}
