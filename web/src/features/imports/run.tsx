import { Alert, Button, Group, Progress, SimpleGrid } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { apiPath, q, type ImportRun } from '~/api'
import { useFormat } from '~/ui/format'
import { IconAlert, IconCheck, IconDownload } from '~/ui/icons'
import { Card, Loaded, Page } from '~/ui/page'
import { StatusBadge, useImportKind } from './list'
import classes from './imports.module.css'

/** One import while it runs, and its result. */
export default function RunScreen() {
  const { id } = useParams({ strict: false }) as { id: string }
  const { t } = useLingui()
  const query = useQuery(q.importRun(id))
  const kind = useImportKind()
  return (
    <Page title={query.data?.file ?? t`Import`} sub={query.data && <Group gap="xs">{kind(query.data.kind)} <StatusBadge run={query.data} /></Group>} actions={<Button variant="default" component={Link} to="/imports">{t`All imports`}</Button>}>
      <Loaded query={query}>{(run) => <RunView run={run} />}</Loaded>
    </Page>
  )
}

function RunView({ run }: { run: ImportRun }) {
  const { t } = useLingui()
  const f = useFormat()
  const share = run.total_rows > 0 ? Math.min(1, run.rows / run.total_rows) : 0
  const took = run.finished_at ? (new Date(run.finished_at).getTime() - new Date(run.started_at).getTime()) / 1000 : undefined
  const facts: [string, string][] = [
    [t`Rows read`, t`${f.int(run.rows)} of ${f.int(run.total_rows)}`],
    [t`Events made`, f.int(run.events)],
    [t`Rows rejected`, f.int(run.rejected)],
    run.status === 'running' ? [t`Rate`, t`${f.int(run.rate)} rows per second`] : [t`Took`, took === undefined ? '–' : f.seconds(took)],
  ]
  return (
    <Card>
      {run.status === 'running' && (
        <>
          <Progress value={share * 100} size="lg" animated aria-label={t`Progress`} />
          <p className={classes.note} role="status">
            {f.percent(share, 0)}
            {run.eta_seconds !== null && <> · {t`${f.seconds(run.eta_seconds)} left`}</>}. {t`You can leave this page; the import goes on, also after a restart of the server.`}
          </p>
        </>
      )}
      {run.status === 'done' && <Alert color="green" variant="light" icon={<IconCheck size={18} />} title={t`Imported`}>{t`The customers and their stages are up to date.`}</Alert>}
      {(run.status === 'failed' || run.status === 'paused') && (
        <Alert color={run.status === 'failed' ? 'red' : 'orange'} variant="light" icon={<IconAlert size={18} />} title={run.status === 'failed' ? t`The import stopped` : t`The import is paused`}>
          {run.error ?? t`It goes on when the server has caught up.`}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, md: 4 }} mt="md" component="dl" className={classes.facts}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </SimpleGrid>
      <Group gap="xs">
        {run.rejected > 0 && run.status !== 'running' && <Button variant="default" component="a" href={apiPath(`/imports/${run.id}/rejected.csv`)} download leftSection={<IconDownload size={16} />}>{t`Rejected rows as CSV`}</Button>}
        {run.status === 'done' && <Button component={Link} to="/board">{t`To the board`}</Button>}
      </Group>
    </Card>
  )
}
