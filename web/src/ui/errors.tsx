import { Alert, Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useCallback } from 'react'
import { ApiError } from '~/api'
import { IconAlert } from './icons'

/** The text of a failure: what the server said, or that it could not be reached. */
export function useErrorText() {
  const { t } = useLingui()
  return useCallback(
    (error: unknown): string => {
      if (error instanceof ApiError && error.status === 0) return t`The server cannot be reached. Check that it is running, then try again.`
      if (error instanceof ApiError && error.status === 403) return error.message || t`Your role does not allow this.`
      if (error instanceof Error && error.message) return error.message
      return t`Something went wrong. Try again.`
    },
    [t],
  )
}

/** A failed read, where its content would have been. */
export function ErrorBox({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useLingui()
  const text = useErrorText()
  return (
    <Alert color="red" variant="light" icon={<IconAlert size={18} />} title={t`This could not be loaded`}>
      {text(error)}
      {retry && (
        <div>
          <Button mt="xs" size="compact-sm" variant="default" onClick={retry}>
            {t`Try again`}
          </Button>
        </div>
      )}
    </Alert>
  )
}

/** A refused form: its general message. Field messages stand at the fields, or in a list where there are none. */
export function FormError({ error, fields = false }: { error: unknown; fields?: boolean }) {
  const text = useErrorText()
  if (!error) return null
  return (
    <Alert color="red" variant="light" icon={<IconAlert size={18} />} role="alert">
      {text(error)}
      {fields && error instanceof ApiError && error.fields.length > 0 && (
        <ul style={{ margin: '6px 0 0', paddingInlineStart: 18 }}>
          {error.fields.map((f) => (
            <li key={f.location + f.message}>
              {f.location.replace(/^body\./, '')}: {f.message}
            </li>
          ))}
        </ul>
      )}
    </Alert>
  )
}

/** The message for one field of a refused form. */
export function fieldError(error: unknown, name: string): string | undefined {
  return error instanceof ApiError ? error.field(name) : undefined
}
