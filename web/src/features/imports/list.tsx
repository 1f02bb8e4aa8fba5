import { Badge, Button, Progress } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { q, type ImportRun } from '~/api'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconUpload } from '~/ui/icons'
import { Card, Empty, Loaded, Page, ui } from '~/ui/page'

export function useImportKind() {
  const { t } = useLingui()
  return (kind: string) => ({ customers: t`Customers`, events: t`Events`, orders: t`Orders` })[kind] ?? kind
}

export function StatusBadge({ run }: { run: ImportRun }) {
  const { t } = useLingui()
  const status = { running: t`running`, done: t`done`, failed: t`failed`, paused: t`paused` }[run.status] ?? run.status
  const color = { running: 'blue', done: 'green', failed: 'red', paused: 'orange' }[run.status] ?? 'gray'
  return (
    <Badge variant="light" color={color}>
      {status}
    </Badge>
  )
}

/** Past and running imports. */
export default function ImportsScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('data')
  const kind = useImportKind()
  const imports = useQuery(q.imports())
  const start = <Button component={Link} to="/imports/new" leftSection={<IconUpload size={16} />}>{t`Import a file`}</Button>
  return (
    <Page title={t`Imports`} sub={t`Customers, events and orders from CSV files. Running a file twice does not double anything.`} actions={can && imports.data && imports.data.length > 0 && start}>
      <Loaded query={imports}>
        {(list) => (
          <Card pad={false}>
            {list.length === 0 ? (
              <Empty icon={<IconUpload size={22} />} title={t`Nothing imported yet`} action={can && start}>
                {t`Bring your past orders or customers: upload a CSV file, say which column is what, look at a dry run, and start. The stages are computed from the whole history.`}
              </Empty>
            ) : (
              <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Imports`}>
                <table className={ui.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t`File`}</th>
                      <th scope="col">{t`Kind`}</th>
                      <th scope="col">{t`Status`}</th>
                      <th scope="col" data-num>{t`Rows`}</th>
                      <th scope="col" data-num>{t`Events`}</th>
                      <th scope="col" data-num>{t`Rejected`}</th>
                      <th scope="col">{t`Started`}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {list.map((run) => (
                      <tr key={run.id}>
                        <td>
                          <Link to="/imports/$id" params={{ id: run.id }}>
                            {run.file}
                          </Link>
                        </td>
                        <td>{kind(run.kind)}</td>
                        <td>{run.status === 'running' ? <Progress value={(100 * run.rows) / Math.max(1, run.total_rows)} w={110} aria-label={t`Progress`} /> : <StatusBadge run={run} />}</td>
                        <td data-num>{f.int(run.rows)}</td>
                        <td data-num>{f.int(run.events)}</td>
                        <td data-num>{f.int(run.rejected)}</td>
                        <td>{f.dateTime(run.started_at)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Card>
        )}
      </Loaded>
    </Page>
  )
}
