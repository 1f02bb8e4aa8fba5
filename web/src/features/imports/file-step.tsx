import { Button, Progress } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { upload, type Upload } from '~/api'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconUpload } from '~/ui/icons'
import classes from './imports.module.css'

/** Drag a file, or pick one. */
export function FileStep({ done }: { done: (u: Upload) => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [share, setShare] = useState(0)
  const send = useMutation({ mutationFn: (file: File) => upload<Upload>('/imports/uploads', file, setShare), onSuccess: done })
  const take = (list: FileList | null) => {
    const file = list?.[0]
    if (file) send.mutate(file)
  }
  return (
    <>
      <FormError error={send.error} />
      {/* Dropping is a second way; the button inside is the first. */}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div
        className={classes.drop}
        data-over={over}
        onDragOver={(e) => {
          e.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(e) => {
          e.preventDefault()
          setOver(false)
          take(e.dataTransfer.files)
        }}
      >
        <IconUpload size={30} aria-hidden />
        <strong>{t`Drop a CSV file here`}</strong>
        <span>{t`.csv or .csv.gz, with column names in the first row. Delimiter and encoding are found out.`}</span>
        <input ref={input} type="file" hidden accept=".csv,.gz,.txt,.tsv" aria-label={t`File`} onChange={(e) => take(e.currentTarget.files)} />
        <Button onClick={() => input.current?.click()} loading={send.isPending}>{t`Choose a file`}</Button>
        {send.isPending && (
          <div className={classes.progress}>
            <Progress value={share * 100} aria-label={t`Upload`} />
            <span role="status">{t`${f.percent(share, 0)} uploaded`}</span>
          </div>
        )}
      </div>
    </>
  )
}
