import { Button, Modal } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type Digest, type DigestFile, digests } from '~/api/digests'
import { saveBlob } from '~/charts/csv'
import { useFormat } from '~/ui/format'
import { IconDownload } from '~/ui/icons'
import { Dim, Empty, Loaded } from '~/ui/page'
import { isoDay } from '~/ui/time'
import { useToast } from '~/ui/toast'
import { fileName } from './words'
import classes from './digests.module.css'

/** What a digest has drawn so far, newest first. */
export default function DigestFiles({ digest: d, draw, close }: { digest: Digest; draw: React.ReactNode; close: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const toast = useToast()
  const files = useQuery(digests.files(d.id))
  const download = useMutation({
    mutationFn: (file: DigestFile) => digests.file(d.id, file.at),
    onSuccess: (raw, file) => saveBlob(fileName(`${d.name} ${isoDay(new Date(file.at / 1000), f.timeZone)}`, file.format), raw),
    onError: toast.error,
  })
  return (
    <Modal opened onClose={close} title={t`Files of ${d.name}`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <Loaded query={files} height={160}>
        {(list) =>
          list.length === 0 ? (
            <Empty title={t`Nothing was drawn yet`} action={draw}>
              {t`The first file comes when the digest is due, or at once when you draw it now.`}
            </Empty>
          ) : (
            <>
              {draw}
              <ul className={classes.files} tabIndex={0} aria-label={t`Files`}>
                {list.map((file) => (
                  <li key={file.at}>
                    <span>
                      {f.dateTime(file.at / 1000)}{' '}
                      <Dim size="xs">
                        {file.format.toUpperCase()} · {f.bytes(file.size)}
                      </Dim>
                    </span>
                    <Button size="compact-sm" variant="default" leftSection={<IconDownload size={15} />} aria-label={t`Download the one of ${f.dateTime(file.at / 1000)}`} loading={download.isPending && download.variables.at === file.at} onClick={() => download.mutate(file)}>{t`Download`}</Button>
                  </li>
                ))}
              </ul>
              <p className={classes.note}>{t`The last 30 files are kept.`}</p>
            </>
          )
        }
      </Loaded>
    </Modal>
  )
}
