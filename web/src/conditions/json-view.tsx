import { Button, Group, Textarea } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { Cond } from '~/api/condition'
import { closed, opened } from './tree'
import { Dim } from '~/ui/page'
import classes from './builder.module.css'

/** The condition as the API takes it, to read, copy and write. */
export default function JsonView({ value, onChange, readOnly }: { value: Cond; onChange: (c: Cond) => void; readOnly: boolean }) {
  const { t } = useLingui()
  const saved = JSON.stringify(closed(value), null, 2)
  const [text, setText] = useState<string>()
  const [error, setError] = useState('')
  const take = () => {
    try {
      const read: unknown = JSON.parse(text ?? saved)
      if (read === null || typeof read !== 'object' || Array.isArray(read)) throw new Error(t`A condition is a JSON object.`)
      onChange(opened(read as Cond))
      setText(undefined)
      setError('')
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e))
    }
  }
  return (
    <div className={classes.json}>
      <Textarea aria-label={t`Condition as JSON`} description={t`As the API takes it. The form shows it once it is taken over; what the form does not know stays as it is.`} classNames={{ input: classes.jsonText }} autosize minRows={10} maxRows={30} spellCheck={false} readOnly={readOnly} value={text ?? saved} error={error || undefined} onChange={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => {
        if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
          e.preventDefault()
          take()
        }
      }} />
      {!readOnly && (
        <Group gap="xs">
          <Button size="compact-sm" disabled={text === undefined || text === saved} onClick={take}>{t`Take over`}</Button>
          {text !== undefined && text !== saved && <Button size="compact-sm" variant="subtle" onClick={() => (setText(undefined), setError(''))}>{t`Discard`}</Button>}
          <Dim size="xs">Ctrl + Enter</Dim>
        </Group>
      )}
    </div>
  )
}
