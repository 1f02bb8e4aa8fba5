import { Button, Modal, Stack, Text } from '@mantine/core'
import { Copyable } from '~/ui/page'
import { useLingui } from '@lingui/react/macro'
import { CodeBlock } from '~/ui/copy'
import data from '../data/data.module.css'
import classes from './webhooks.module.css'

/** The signing secret, shown once, and how a receiver checks a message with it. */
export default function Secret({ name, secret, close }: { name: string; secret: string; close: () => void }) {
  const { t } = useLingui()
  const code = `import hmac, hashlib, base64, time

def genuine(headers, body, secret="${secret}"):
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, s) for s in headers["webhook-signature"].split(" "))`
  return (
    <Modal opened onClose={close} size="xl" title={t`Signing secret of ${name}`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <Stack>
        <Text size="sm">{t`Copy it now: it cannot be shown again. A lost one is replaced by a new one.`}</Text>
        <div className={data.key}>
          <span>{secret}</span>
          <Copyable value={secret} label={t`Signing secret`} />
        </div>
        <ol className={classes.steps}>
          <li>{t`Take the headers webhook-id and webhook-timestamp and the body exactly as it came, and join them with dots: id.timestamp.body.`}</li>
          <li>{t`Make the HMAC-SHA256 of that text. The key is the secret behind “whsec_”, decoded from base64.`}</li>
          <li>{t`Write the result in base64 with “v1,” before it, and compare it with the header webhook-signature. If they differ, refuse the message.`}</li>
          <li>{t`Refuse a timestamp older than five minutes, and drop a webhook-id that you have seen: a message may come twice.`}</li>
        </ol>
        <CodeBlock label={t`Example in Python`} code={code} />
        <Button onClick={close}>{t`Done`}</Button>
      </Stack>
    </Modal>
  )
}
