import { Badge, Button, Group } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { type Dashboard, dashboards } from '~/api/dashboards'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconClock, IconDashboard, IconPlus } from '~/ui/icons'
import { useRoleName } from '~/ui/names'
import { Card, Dim, Empty, Loaded, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'
import classes from './dashboards.module.css'

const Share = lazy(() => import('./share'))

/** The dashboards that the user may see, and the ready ones. */
export default function DashboardsScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('insight')
  const roleName = useRoleName()
  const navigate = useNavigate()
  const [making, setMaking] = useState(false)
  const list = useQuery(dashboards.list())
  const open = (d: Dashboard) => void navigate({ to: '/dashboards/$id', params: { id: String(d.id) } })
  return (
    <Page
      title={t`Dashboards`}
      sub={t`Insights, KPIs and notes side by side, for one person or one role.`}
      actions={
        <Group gap="xs">
          {can && <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>{t`New dashboard`}</Button>}
          <Button component={Link} to="/dashboards/digests" variant="default" leftSection={<IconClock size={16} />}>{t`Digests`}</Button>
        </Group>
      }
    >
      <Loaded query={list} height={180}>
        {(all) =>
          all.length === 0 ? (
            <Card>
              <Empty icon={<IconDashboard size={22} />} title={t`No dashboard yet`}>
                {can ? t`Take one of the ready ones below: it comes with its insights over your own data, and everything on it can be changed.` : t`Nobody has shared a dashboard with your role yet.`}
              </Empty>
            </Card>
          ) : (
            <div className={classes.list}>
              {all.map((d) => (
                <article key={d.id} className={classes.card}>
                  <h2>
                    <Link to="/dashboards/$id" params={{ id: String(d.id) }}>
                      {d.name}
                    </Link>
                  </h2>
                  {d.description && <p>{d.description}</p>}
                  {d.shared_with.length > 0 && (
                    <Group gap={5}>
                      {d.shared_with.map((r) => (
                        <Badge key={r} variant="light" color="gray">
                          {roleName(r)}
                        </Badge>
                      ))}
                    </Group>
                  )}
                  <Dim size="xs">{t`${f.int(d.tiles.length)} tiles · changed ${f.dateTime(d.updated_at / 1000)} · ${d.by}`}</Dim>
                </article>
              ))}
            </div>
          )
        }
      </Loaded>
      {can && <Ready open={open} />}
      <Suspense>{making && <Share close={() => setMaking(false)} made={open} />}</Suspense>
    </Page>
  )
}

function Ready({ open }: { open: (d: Dashboard) => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const toast = useToast()
  const ready = useQuery(dashboards.ready())
  const make = useMutation({
    mutationFn: dashboards.makeReady,
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['dashboards'] })
      await client.invalidateQueries({ queryKey: ['insights'] })
      toast.done(t`“${made.name}” is ready, with its insights.`)
      open(made)
    },
    onError: toast.error,
  })
  if (!ready.data?.length) return null
  return (
    <section aria-labelledby="ready">
      <h2 id="ready" style={{ fontSize: '1.05rem', margin: '6px 0 12px' }}>{t`Ready dashboards`}</h2>
      <div className={classes.list}>
        {ready.data.map((r) => (
          <article key={r.key} className={classes.card}>
            <h3>{r.name}</h3>
            <p>{r.description}</p>
            <Button variant="default" size="compact-sm" aria-label={`${t`Use it`}: ${r.name}`} loading={make.isPending && make.variables === r.key} onClick={() => make.mutate(r.key)}>{t`Use it`}</Button>
          </article>
        ))}
      </div>
    </section>
  )
}
