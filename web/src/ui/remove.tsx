import { ActionIcon } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { IconTrash } from './icons'

/** Removes the row that it stands in. */
export function Remove({ onClick }: { onClick: () => void }) {
  const { t } = useLingui()
  return (
    <ActionIcon size="sm" variant="subtle" color="gray" onClick={onClick} aria-label={t`Remove`}>
      <IconTrash size={15} />
    </ActionIcon>
  )
}
