import { ActionIcon, Button, Menu, Switch } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { dashboards } from '~/api/dashboards'
import { bodyOf, type Digest, digests } from '~/api/digests'
import { useCan, useWorkspace } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconAlert, IconClock, IconDots, IconPlus, IconTrash } from '~/ui/icons'
import { Card, Dim, Empty, Loaded, Page, ui } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { useToast } from '~/ui/toast'
import { useHidden, useRemove } from './remove'
import { useSchedule } from './words'
import classes from './digests.module.css'

const DigestForm = lazy(() => import('./form'))
const DigestFiles = lazy(() => import('./files'))

/** Dashboards that are drawn into a file by themselves. `new` in the address opens the form for one dashboard. */
export default function DigestsScreen() {
  const { t } = useLingui()
  const can = useCan('model')
  const query = useQuery(digests.list())
  const hidden = useHidden()
  const [search, setSearch] = useSearchState<{ new?: number }>()
  const [edit, setEdit] = useState<Digest | 'new'>()
  const [opened, setOpened] = useState<number>()
  const add = can && <Button leftSection={<IconPlus size={16} />} onClick={() => setEdit('new')}>{t`New digest`}</Button>
  const form = edit ?? (can && search.new ? 'new' : undefined)
  const files = query.data?.find((d) => d.id === opened)
  return (
    <Page title={t`Digests`} sub={t`Dashboards that are drawn by themselves, every day, week or month, as a file to pass on.`} actions={add}>
      <Link to="/dashboards" style={{ fontSize: '0.86rem', justifySelf: 'start' }}>{t`All dashboards`}</Link>
      <Loaded query={query}>
        {(all) => {
          const list = all.filter((d) => !hidden.has(d.id))
          return (
            <Card pad={false}>
              {list.length === 0 ? (
                <Empty icon={<IconClock size={22} />} title={t`No digest yet`} action={add}>
                  {t`A digest draws a dashboard at the hour that you choose, for example every Monday at 8, in the language of its readers. Each file is kept here, and a webhook can be told, so that a chat or a shared folder gets it.`}
                </Empty>
              ) : (
                <Table list={list} can={can} edit={setEdit} open={setOpened} />
              )}
            </Card>
          )
        }}
      </Loaded>
      <Suspense>
        {form && (
          <DigestForm
            digest={form === 'new' ? undefined : form}
            dashboard={form === 'new' ? Number(search.new) || undefined : undefined}
            close={() => {
              setEdit(undefined)
              if (search.new) setSearch({ new: undefined })
            }}
          />
        )}
        {files && <DigestFiles digest={files} draw={can && <Draw digest={files} />} close={() => setOpened(undefined)} />}
      </Suspense>
    </Page>
  )
}

function useDraw(d: Digest, done?: () => void) {
  const { t } = useLingui()
  const toast = useToast()
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => digests.run(d.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['digests'] })
      toast.done(t`“${d.name}” is drawn.`)
      done?.()
    },
    onError: toast.error,
  })
}

function Draw({ digest }: { digest: Digest }) {
  const { t } = useLingui()
  const draw = useDraw(digest)
  return <Button size="compact-sm" variant="light" loading={draw.isPending} onClick={() => draw.mutate()}>{t`Draw now`}</Button>
}

type TableProps = { list: Digest[]; can: boolean; edit: (d: Digest) => void; open: (id: number) => void }

function Table({ list, can, edit, open }: TableProps) {
  const { t } = useLingui()
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Digests`}>
      <table className={ui.table}>
        <thead>
          <tr>
            <th scope="col">{t`Digest`}</th>
            <th scope="col">{t`Dashboard`}</th>
            <th scope="col">{t`Schedule`}</th>
            <th scope="col">{t`Next one`}</th>
            <th scope="col">{t`Last one`}</th>
            <th scope="col">
              <span className="sr-only">{t`Actions`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((d) => (
            <DigestRow key={d.id} digest={d} can={can} edit={edit} open={open} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function DigestRow({ digest: d, can, edit, open }: { digest: Digest } & Omit<TableProps, 'list'>) {
  const { t } = useLingui()
  const f = useFormat()
  const toast = useToast()
  const client = useQueryClient()
  const { time_zone } = useWorkspace()
  const { words } = useSchedule()
  const boards = useQuery(dashboards.list())
  const board = boards.data?.find((b) => b.id === d.dashboard)
  const remove = useRemove()
  const draw = useDraw(d, () => open(d.id))
  const turn = useMutation({ mutationFn: (enabled: boolean) => digests.change(d.id, { ...bodyOf(d), enabled }), onSuccess: () => client.invalidateQueries({ queryKey: ['digests'] }), onError: toast.error })
  return (
    <tr>
      <td>
        <div className={classes.name}>
          <button type="button" className={classes.link} aria-label={t`Files of ${d.name}`} onClick={() => open(d.id)}>
            {d.name}
          </button>
          <small>
            {d.format.toUpperCase()} · {d.by}
          </small>
          {d.problem && (
            <span className={classes.bad}>
              <IconAlert size={14} aria-hidden />
              {t`The last one could not be drawn: ${d.problem}`}
            </span>
          )}
        </div>
      </td>
      <td>
        {board ? (
          <Link to="/dashboards/$id" params={{ id: String(board.id) }}>
            {board.name}
          </Link>
        ) : boards.isSuccess ? (
          <Dim>{t`a dashboard that is gone`}</Dim>
        ) : (
          '…'
        )}
      </td>
      <td>
        <div className={classes.name}>
          <span>{words(d)}</span>
          <small>{time_zone}</small>
        </div>
      </td>
      <td>{d.next === 0 ? <Dim>{t`switched off`}</Dim> : <time dateTime={new Date(d.next / 1000).toISOString()}>{f.dateTime(d.next / 1000)}</time>}</td>
      <td>{d.last === 0 ? <Dim>{t`never yet`}</Dim> : <time dateTime={new Date(d.last / 1000).toISOString()}>{f.dateTime(d.last / 1000)}</time>}</td>
      <td data-num>
        <span className={classes.end}>
          {can && <Switch size="sm" aria-label={t`${d.name} is on`} checked={d.enabled} disabled={turn.isPending} onChange={(e) => turn.mutate(e.currentTarget.checked)} />}
          <span role="status">{draw.isPending && <Dim size="xs">{t`Being drawn…`}</Dim>}</span>
          <Menu position="bottom-end" withInitialFocusPlaceholder={false} portalProps={{ target: '#main' }}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" loading={draw.isPending} aria-label={t`Actions for ${d.name}`}>
                <IconDots size={17} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => open(d.id)}>{t`Files`}</Menu.Item>
              {can && <Menu.Item onClick={() => draw.mutate()}>{t`Draw now`}</Menu.Item>}
              {can && <Menu.Item onClick={() => edit(d)}>{t`Edit`}</Menu.Item>}
              {can && <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} onClick={() => remove(d)}>{t`Delete`}</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        </span>
      </td>
    </tr>
  )
}
