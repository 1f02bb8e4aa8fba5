import { ActionIcon, Badge, Button, Group, Menu, Skeleton, Tabs } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useBlocker, useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useRef, useState } from 'react'
import type { Cond } from '~/api/condition'
import { type Segment, segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { useCustomersText, useFormat } from '~/ui/format'
import { IconCopy, IconDots, IconDownload, IconEdit, IconTrash, IconUsers } from '~/ui/icons'
import { apiPath } from '~/api'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { useToast } from '~/ui/toast'
import { BuildingBar } from './building'
import { useHidden, useRemove } from './remove'

// The counts and the tab that is open come first; the builder and the charts follow when they are looked at.
const Definition = lazy(() => import('./condition-tab'))
const Members = lazy(() => import('./members'))
const Size = lazy(() => import('./size'))
const Composition = lazy(() => import('./composition'))
const Why = lazy(() => import('./why'))
const Versions = lazy(() => import('./versions'))
const Rename = lazy(() => import('./rename'))

type Search = { tab?: string; customer?: string; at?: string }
const dynamicTabs = ['condition', 'members', 'size', 'composition', 'why', 'versions', 'used'] as const
const staticTabs = ['members', 'size', 'composition', 'why', 'used'] as const

/** One segment: its condition, its members, how it grew, who is in it, why, and what it was before. */
export default function SegmentScreen() {
  const { id } = useParams({ strict: false }) as { id: string }
  const { t } = useLingui()
  const query = useQuery(segments.one(id))
  return query.data ? (
    <Body key={query.data.id} segment={query.data} />
  ) : (
    <Page title={t`Segment`}>
      <Loaded query={query} height={480}>{() => null}</Loaded>
    </Page>
  )
}

function Body({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  const f = useFormat()
  const customersText = useCustomersText()
  const [search, set] = useSearchState<Search>()
  const [dirty, setDirty] = useState(false)
  const [restored, setRestored] = useState<Cond>()
  const gone = useHidden().has(s.id)
  const tabs: readonly string[] = s.kind === 'static' ? staticTabs : dynamicTabs
  const tab = tabs.find((x) => x === search.tab) ?? tabs[0]!
  const visited = useRef(false)
  if (tab === 'condition') visited.current = true
  const names: Record<string, string> = { condition: t`Condition`, members: t`Members`, size: t`Size over time`, composition: t`Who they are`, why: t`Why`, versions: t`Versions`, used: t`Used by` }
  useBlocker({ shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname && !window.confirm(t`Leave without saving the changes?`), enableBeforeUnload: dirty })
  const panel = (key: string, children: React.ReactNode) => (
    <Tabs.Panel value={key} pt="md">
      <Suspense fallback={<Skeleton height={360} radius="lg" />}>{children}</Suspense>
    </Tabs.Panel>
  )
  if (gone) {
    return (
      <Page title={s.name}>
        <Card>
          <Empty icon={<IconTrash size={22} />} title={t`This segment was deleted`} action={<Button component={Link} to="/segments" variant="light">{t`To all segments`}</Button>} />
        </Card>
      </Page>
    )
  }
  return (
    <Page
      title={s.name}
      sub={
        <>
          {customersText(s.size)}
          {s.share !== null && ` · ${t`${f.percent(s.share)} of all`}`} · {s.kind === 'static' ? t`list by hand` : t`version ${s.version}`} · {t`changed ${f.ago(s.updated_at)}`}
          {s.description && <div>{s.description}</div>}
        </>
      }
      actions={<Actions segment={s} dirty={dirty} />}
    >
      <BuildingBar segment={s} />
      <Tabs value={tab} onChange={(value) => set({ tab: value === tabs[0] ? undefined : (value ?? undefined) }, { push: true })} keepMounted={false}>
        <Tabs.List>
          {tabs.map((key) => (
            <Tabs.Tab key={key} value={key}>
              {names[key]}
              {key === 'used' && s.used_by.length > 0 && ` (${s.used_by.length})`}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {s.kind === 'dynamic' && (
          // Stays once it was opened: a look at another tab must not lose what is being written.
          <Tabs.Panel value="condition" pt="md" keepMounted>
            <Suspense fallback={<Skeleton height={360} radius="lg" />}>{visited.current && <Definition key={s.version} segment={s} setDirty={setDirty} start={restored} started={() => setRestored(undefined)} />}</Suspense>
          </Tabs.Panel>
        )}
        {panel('members', <Members segment={s} />)}
        {panel('size', <Size segment={s} />)}
        {panel('composition', <Composition segment={s} />)}
        {panel('why', <Why segment={s} />)}
        {s.kind === 'dynamic' && panel('versions', <Versions segment={s} restore={(when) => (setRestored(when), set({ tab: undefined }))} />)}
        {panel('used', <UsedBy segment={s} />)}
      </Tabs>
    </Page>
  )
}

function Actions({ segment: s, dirty }: { segment: Segment; dirty: boolean }) {
  const { t } = useLingui()
  const can = useCan('model')
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const remove = useRemove()
  const [rename, dialog] = useDisclosure(false)
  const copy = useMutation({
    mutationFn: () => segments.create({ name: t`Copy of ${s.name}`, description: s.description, kind: s.kind, ...(s.kind === 'dynamic' ? { when: s.when } : {}) }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['segments'] })
      await navigate({ to: '/segments/$id', params: { id: String(made.id) } })
    },
    onError: toast.error,
  })
  return (
    <Group gap="xs">
      {dirty && <Badge color="orange" variant="light">{t`not saved`}</Badge>}
      <Button variant="default" component={Link} to="/customers" search={{ segment: s.id } as never} leftSection={<IconUsers size={16} />}>{t`In the list of customers`}</Button>
      <Menu position="bottom-end" width={210}>
        <Menu.Target>
          <ActionIcon variant="default" size={34} aria-label={t`Actions`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {can && <Menu.Item leftSection={<IconEdit size={16} />} onClick={dialog.open}>{t`Rename`}</Menu.Item>}
          {can && <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => copy.mutate()}>{s.kind === 'static' ? t`New list of this name` : t`Duplicate`}</Menu.Item>}
          <Menu.Item component="a" href={apiPath(`/segments/${s.id}/members.csv`)} download leftSection={<IconDownload size={16} />}>{t`Members as CSV`}</Menu.Item>
          {can && (
            <>
              <Menu.Divider />
              <Menu.Item
                c="var(--app-bad)"
                disabled={s.used_by.length > 0}
                leftSection={<IconTrash size={16} />}
                onClick={() => {
                  remove(s)
                  void navigate({ to: '/segments', ignoreBlocker: true })
                }}
              >
                {s.used_by.length > 0 ? t`In use, cannot be deleted` : t`Delete`}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Suspense>{rename && <Rename segment={s} close={dialog.close} />}</Suspense>
    </Group>
  )
}

/** What would change with this segment. */
function UsedBy({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  return (
    <Card>
      {s.used_by.length === 0 ? (
        <Empty title={t`Nothing rests on this segment`}>{t`Other segments can name it as a condition; they are listed here then, and it cannot be deleted while they do.`}</Empty>
      ) : (
        <>
          <p style={{ marginTop: 0, fontSize: '0.88rem' }}>{t`These segments name it in their condition. When it changes, they are computed anew.`}</p>
          <ul>
            {s.used_by.map((u) => (
              <li key={u.id}>
                <Link to="/segments/$id" params={{ id: String(u.id) }}>
                  {u.name}
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  )
}
