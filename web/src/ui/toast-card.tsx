import { Button, CloseButton, Paper, Text } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Toast } from './toast'
import classes from './ui.module.css'

/** One message, with undo where there is something to undo. */
export default function ToastCard({ toast, close }: { toast: Toast; close: () => void }) {
  const { t } = useLingui()
  return (
    <Paper className={classes.toast} shadow="lg" withBorder data-tone={toast.tone}>
      <Text size="sm" fw={500}>
        {toast.text}
      </Text>
      {toast.undo && (
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => {
            toast.undo?.()
            close()
          }}
        >
          {t`Undo`}
        </Button>
      )}
      <CloseButton size="sm" aria-label={t`Close`} onClick={close} />
    </Paper>
  )
}
