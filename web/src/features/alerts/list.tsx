import { ActionIcon, Button, Menu, Switch } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { type Alert, type AlertBody, alerts } from '~/api/alerts'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconAlert, IconBell, IconCheck, IconDots, IconHistory, IconPlus, IconTrash } from '~/ui/icons'
import { Card, Dim, Empty, Loaded, Page, ui } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { useToast } from '~/ui/toast'
import { useRuleText, useScheduleText, useWatched } from './words'
import classes from './alerts.module.css'

const AlertForm = lazy(() => import('./alert-form'))
const History = lazy(() => import('./history'))

/** The alerts of the workspace: what they watch, how they stand, when they look next. */
export default function AlertsScreen() {
  const { t } = useLingui()
  const can = useCan('model')
  const client = useQueryClient()
  const [search, set] = useSearchState<{ kpi?: string; stage?: string }>()
  const [editing, setEditing] = useState<Alert | 'new' | undefined>(search.kpi ? 'new' : undefined)
  const [shown, setShown] = useState<Alert>()
  const list = useQuery(alerts.list())
  const refresh = () => client.invalidateQueries({ queryKey: ['alerts'] })
  return (
    <Page title={t`Alerts`} sub={t`Ciclo looks at a number on a schedule and tells when it leaves its bounds, and again when it is back. It does not repeat itself in between.`} actions={can && <Button leftSection={<IconPlus size={16} />} onClick={() => setEditing('new')}>{t`New alert`}</Button>}>
      <Loaded query={list} height={240}>
        {(all) => (
          <Card pad={false}>
            {all.length === 0 ? (
              <Empty icon={<IconBell size={22} />} title={t`No alerts yet`} action={can && <Button variant="light" onClick={() => setEditing('new')}>{t`New alert`}</Button>}>
                {t`Choose a KPI or a line of a saved trend, and a rule: a limit, a change against the period before, or anything unusual for this time of the week.`}
              </Empty>
            ) : (
              <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Alerts`}>
                <table className={ui.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t`Alert`}</th>
                      <th scope="col">{t`State`}</th>
                      <th scope="col">{t`Looks`}</th>
                      <th scope="col">{t`On`}</th>
                      <th scope="col">
                        <span className="sr-only">{t`Actions`}</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {all.map((a) => (
                      <AlertRow key={a.id} alert={a} can={can} refresh={refresh} edit={() => setEditing(a)} history={() => setShown(a)} />
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Card>
        )}
      </Loaded>
      <Suspense>
        {editing && (
          <AlertForm
            alert={editing === 'new' ? undefined : editing}
            start={editing === 'new' && search.kpi ? { kpi: search.kpi, ...(search.stage ? { stage: search.stage } : {}) } : undefined}
            refresh={refresh}
            close={() => {
              setEditing(undefined)
              set({ kpi: undefined, stage: undefined })
            }}
          />
        )}
        {shown && <History alert={shown} close={() => setShown(undefined)} />}
      </Suspense>
    </Page>
  )
}

function AlertRow({ alert: a, can, refresh, edit, history }: { alert: Alert; can: boolean; refresh: () => Promise<void>; edit: () => void; history: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const toast = useToast()
  const watched = useWatched()
  const ruleText = useRuleText()
  const scheduleText = useScheduleText()
  const turn = useMutation({ mutationFn: (enabled: boolean) => alerts.change(a.id, { enabled }), onSuccess: refresh, onError: toast.error })
  const remove = useMutation({
    mutationFn: () => alerts.remove(a.id),
    onSuccess: async () => {
      await refresh()
      const body: AlertBody = { name: a.name, enabled: a.enabled, watched: a.watched, rule: a.rule, schedule: a.schedule, ...(a.webhook ? { webhook: a.webhook } : {}) }
      toast.undo(t`“${a.name}” deleted.`, () => void alerts.create(body).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  return (
    <tr>
      <td>
        <strong>{a.name}</strong>
        <div>
          <Dim size="xs">
            {watched.name(a.watched)} {ruleText(a.rule, a.watched)}
          </Dim>
        </div>
      </td>
      <td>
        <StateMark state={a.state} enabled={a.enabled} />
        <div>
          <Dim size="xs">{a.problem ? t`The last look said nothing: ${a.problem}` : t`since ${f.dateTime(a.since / 1000)}`}</Dim>
        </div>
        {a.mail_problem && (
          <div>
            <Dim size="xs">{t`No letter went out: ${a.mail_problem}`}</Dim>
          </div>
        )}
      </td>
      <td>
        {scheduleText(a.schedule)}
        <div>
          <Dim size="xs">
            {a.checked_at ? t`last ${f.ago(a.checked_at / 1000)}` : t`not looked yet`}
            {a.next_at ? ` · ${t`next ${f.dateTime(a.next_at / 1000)}`}` : ''}
          </Dim>
        </div>
      </td>
      <td>
        <Switch size="sm" aria-label={t`On: ${a.name}`} checked={a.enabled} disabled={!can || turn.isPending} onChange={(e) => turn.mutate(e.currentTarget.checked)} />
      </td>
      <td data-num>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t`Actions for ${a.name}`}>
              <IconDots size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconHistory size={16} />} onClick={history}>{t`History`}</Menu.Item>
            {can && <Menu.Item onClick={edit}>{t`Change`}</Menu.Item>}
            {can && <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} onClick={() => remove.mutate()}>{t`Delete`}</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
      </td>
    </tr>
  )
}

/** The state as a shape and a word. */
export function StateMark({ state, enabled = true }: { state: Alert['state']; enabled?: boolean }) {
  const { t } = useLingui()
  if (!enabled) return <span className={classes.mark}>{t`switched off`}</span>
  const firing = state === 'firing'
  const Icon = firing ? IconAlert : IconCheck
  return (
    <span className={classes.mark} data-state={state}>
      <Icon size={15} aria-hidden />
      {{ ok: t`within bounds`, firing: t`out of bounds`, recovered: t`back within bounds` }[state]}
    </span>
  )
}
