import { Button, Group, Modal, NativeSelect, Progress, Stack, Textarea } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { upload } from '~/api'
import { type CostChange, costs } from '~/api/costs'
import { rates } from '~/api/rates'
import { useWorkspace } from '~/app/session'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconUpload } from '~/ui/icons'
import { CodeBlock } from '~/ui/copy'
import { useToast } from '~/ui/toast'
import classes from './costs.module.css'

const example = `day,channel,campaign,amount,currency
2026-11-01,Google Ads,Autumn,120.50,EUR
2026-11-01,Meta,,80,EUR`

/**
 * Reads costs from a CSV file: all lines or none, and each wrong line by its number. With an example of exchange rates it
 * reads those instead, from a file or from lines that are pasted.
 */
export default function ImportDialog({ close, done, rates: rateExample }: { close: () => void; done: () => Promise<unknown>; rates?: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const toast = useToast()
  const { currency } = useWorkspace()
  const input = useRef<HTMLInputElement>(null)
  const [file, setFile] = useState<File>()
  const [share, setShare] = useState(0)
  const [dates, setDates] = useState('')
  const [decimal, setDecimal] = useState('')
  const [lines, setLines] = useState('')
  const chosen = file ?? (lines.trim() === '' ? undefined : new File([lines], 'lines.csv', { type: 'text/csv' }))
  const send = useMutation({
    mutationFn: (from: File) => upload<CostChange>(rateExample ? rates.importPath({ dates, decimal }) : costs.importPath({ currency, dates, decimal }), from, setShare),
    onSuccess: async (r) => {
      await done()
      toast.done(t`${f.int(r.rows)} rows read: ${f.int(r.added)} new, ${f.int(r.changed)} changed, ${f.int(r.same)} known already.`)
      close()
    },
  })
  return (
    <Modal opened onClose={close} size="lg" title={rateExample ? t`Exchange rates` : t`Import costs from CSV`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <Stack>
        <FormError error={send.error} fields />
        <p className={classes.note}>{rateExample ? t`The first line names the columns: day, currency and rate. Nothing is written unless every line can be read.` : t`The first line names the columns: day, channel and amount are needed, campaign, currency and kind may be there. Nothing is written unless every line can be read. The same file a second time changes nothing.`}</p>
        <CodeBlock label={t`Example of a file`} code={rateExample ?? example} />
        <input ref={input} type="file" accept=".csv,text/csv" hidden aria-label={t`CSV file`} onChange={(e) => setFile(e.currentTarget.files?.[0])} />
        <Group gap="xs">
          <Button variant="default" data-autofocus leftSection={<IconUpload size={16} />} onClick={() => input.current?.click()}>
            {file ? file.name : t`Choose a file`}
          </Button>
        </Group>
        {rateExample && !file && <Textarea label={t`Or paste the lines`} rows={4} value={lines} onChange={(e) => setLines(e.currentTarget.value)} />}
        <Group grow>
          <NativeSelect label={t`Dates are written`} value={dates} onChange={(e) => setDates(e.currentTarget.value)} data={[{ value: '', label: t`as the file tells` }, { value: 'ymd', label: t`year, month, day` }, { value: 'dmy', label: t`day, month, year` }, { value: 'mdy', label: t`month, day, year` }]} />
          <NativeSelect label={t`Decimal sign`} value={decimal} onChange={(e) => setDecimal(e.currentTarget.value)} data={[{ value: '', label: t`as the file tells` }, { value: 'point', label: t`point (1.50)` }, { value: 'comma', label: t`comma (1,50)` }]} />
        </Group>
        {send.isPending && <Progress value={100 * share} aria-label={t`Upload`} />}
        <Group justify="flex-end">
          <Button disabled={!chosen} loading={send.isPending} onClick={() => chosen && send.mutate(chosen)}>{t`Import`}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
