import { Alert, Button, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Receipt } from '~/api/erasures'
import { useFormat } from '~/ui/format'
import { IconAlert, IconCheck, IconDownload } from '~/ui/icons'
import { ui } from '~/ui/page'
import { StatusMark, useActionWord, useScopeWord, useStoreWord } from './words'
import classes from './erasures.module.css'

/** A receipt: how far the erasure is, and what every store held before and after. */
export function ReceiptView({ receipt }: { receipt: Receipt }) {
  const { t } = useLingui()
  const f = useFormat()
  const action = useActionWord()
  const scope = useScopeWord()
  const file = `data:application/json,${encodeURIComponent(JSON.stringify(receipt, null, 2))}`
  const facts: [string, string][] = [
    [t`Action`, action(receipt.action)],
    [t`Scope`, scope(receipt)],
    [t`Asked for`, f.int(receipt.requested)],
    [t`Customers found`, receipt.status === 'accepted' ? '–' : f.int(receipt.customers)],
    [t`Unknown`, receipt.status === 'accepted' ? '–' : f.int(receipt.unknown)],
    [t`By`, receipt.by],
    [t`Reason`, receipt.reason || '–'],
  ]
  return (
    <Stack>
      <Steps receipt={receipt} />
      {receipt.error && (
        <Alert color="red" variant="light" icon={<IconAlert size={18} />} role="alert" title={t`The last attempt failed; it is tried again`}>
          {receipt.error}
          {receipt.failed_at && <> ({f.dateTimeZone(receipt.failed_at)})</>}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2 }} component="dl" className={classes.facts}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </SimpleGrid>
      {receipt.stores.length > 0 && <Stores receipt={receipt} />}
      <Elsewhere receipt={receipt} />
      <Group>
        <Button component="a" href={file} download={`erasure-${receipt.id}.json`} variant="default" leftSection={<IconDownload size={16} />}>{t`Save the receipt as JSON`}</Button>
      </Group>
    </Stack>
  )
}

function Steps({ receipt }: { receipt: Receipt }) {
  const { t } = useLingui()
  const f = useFormat()
  const clears = receipt.action !== 'suppress' && receipt.action !== 'unsuppress'
  const accepted: [string, string, string | null] = [t`Accepted`, t`The request is stored and survives a restart.`, receipt.requested_at]
  const inForce: [string, string, string | null] = [t`In force`, receipt.action === 'suppress' ? t`Events of these identifiers are dropped on arrival.` : t`Events of these identifiers come in again.`, receipt.filtered_at]
  const steps: [string, string, string | null][] = !clears ? [accepted, inForce] : [
    accepted,
    [t`Hidden`, t`Nothing of it is shown any more, and older events are kept out.`, receipt.filtered_at],
    [t`Removed`, t`Event files are rewritten and rows are gone.`, receipt.rewritten_at],
    [t`Verified`, t`A scan of every store found nothing left.`, receipt.verified_at],
  ]
  const share = receipt.status === 'verified' ? 100 : receipt.total > 0 ? (100 * receipt.done) / receipt.total : 0
  return (
    <div>
      <Group gap="xs" mb={8} role="status">
        <StatusMark receipt={receipt} />
        {receipt.status !== 'verified' && <Text size="sm" c="dimmed">{t`You can leave this page; it goes on, also after a restart of the server.`}</Text>}
      </Group>
      {receipt.status !== 'verified' && <Progress value={share} animated={!receipt.error} aria-label={t`Progress`} mb="sm" />}
      <ol className={classes.steps}>
        {steps.map(([name, text, at]) => (
          <li key={name} data-done={at ? true : undefined}>
            <span className={classes.mark} aria-hidden>
              {at && <IconCheck size={14} />}
            </span>
            <div>
              <strong>{name}</strong> {at ? f.dateTimeZone(at) : t`not yet`}
              <div className={classes.dim}>{text}</div>
            </div>
          </li>
        ))}
      </ol>
    </div>
  )
}

function Stores({ receipt }: { receipt: Receipt }) {
  const { t } = useLingui()
  const f = useFormat()
  const word = useStoreWord()
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Stores`}>
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
              <td>{word(s.store)}</td>
              <td data-num>{f.int(s.before)}</td>
              <td data-num>{f.int(s.after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** What the erasure cannot reach now: files that an import reads, and backups. */
function Elsewhere({ receipt }: { receipt: Receipt }) {
  const { t } = useLingui()
  const f = useFormat()
  return (
    <>
      {receipt.kept.length > 0 && (
        <Alert color="orange" variant="light" icon={<IconAlert size={18} />} title={t`Files that an import still reads`}>
          <p className={classes.para}>{t`They are deleted as soon as the import ends. Their rows are refused.`}</p>
          <ul className={classes.list}>
            {receipt.kept.map((k) => (
              <li key={k.import}>{t`Import ${k.import}: ${k.file}`}</li>
            ))}
          </ul>
        </Alert>
      )}
      {receipt.backups.length > 0 && (
        <Alert color="orange" variant="light" icon={<IconAlert size={18} />} title={t`Backups made before still hold the data`}>
          <p className={classes.para}>{t`Delete each on its day. The retention is set under Workspace.`}</p>
          <ul className={classes.list}>
            {receipt.backups.map((b) => (
              <li key={`${b.name} ${b.made_at}`}>
                {b.name}, {t`made ${f.dateTime(b.made_at)}`}, {b.is_due ? <strong>{t`due since ${f.date(b.due_at)}`}</strong> : t`due on ${f.date(b.due_at)}`}
              </li>
            ))}
          </ul>
        </Alert>
      )}
    </>
  )
}
