import { Button, CopyButton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { IconCheck, IconCopy } from './icons'
import classes from './ui.module.css'

export function CodeBlock({ code, label }: { code: string; label: string }) {
  const { t } = useLingui()
  return (
    <div className={classes.codeBlock}>
      {/* Scrollable, so it must be reachable by keyboard. */}
      <pre className={classes.code} tabIndex={0} aria-label={label} role="group">
        {code}
      </pre>
      <CopyButton value={code} timeout={1600}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="default" onClick={copy} leftSection={copied ? <IconCheck size={13} /> : <IconCopy size={13} />}>
            {copied ? t`Copied` : t`Copy`}
          </Button>
        )}
      </CopyButton>
    </div>
  )
}
