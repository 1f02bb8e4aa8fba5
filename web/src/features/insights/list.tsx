import { ActionIcon, Button, Group, Menu, Select, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { q } from '~/api'
import { insightKinds, insights, type InsightKind, type SavedInsight, type Spec } from '~/api/insights'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconDots, IconPlus, IconSearch, IconTrash } from '~/ui/icons'
import { Card, Dim, Empty, Loaded, Page, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { kindIcons } from './kind-icons'
import { emptySpec } from './draft'
import { useInsightKind, useKindQuestion } from './words'
import classes from './insights.module.css'

/** The saved insights, and examples to begin with. */
export default function InsightsScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const kindName = useInsightKind()
  const [text, setText] = useState('')
  const [kind, setKind] = useState<string | null>(null)
  const list = useQuery(insights.list())
  const shown = useMemo(() => (list.data ?? []).filter((i) => (!kind || i.kind === kind) && `${i.name} ${i.description}`.toLowerCase().includes(text.trim().toLowerCase())), [list.data, text, kind])
  return (
    <Page
      title={t`Insights`}
      sub={t`Questions to the timeline of your customers: trends, funnels, retention, paths, attribution and more. Every number leads to the people behind it.`}
      actions={
        <Group gap="xs">
          {(list.data?.length ?? 0) > 0 && (
            <>
              <TextInput aria-label={t`Find an insight`} placeholder={t`Find an insight`} leftSection={<IconSearch size={16} />} w={190} value={text} onChange={(e) => setText(e.currentTarget.value)} />
              <Select aria-label={t`Kind`} placeholder={t`Any kind`} clearable clearButtonProps={{ 'aria-label': t`Clear` }} w={150} data={insightKinds.map((k) => ({ value: k, label: kindName(k) }))} value={kind} onChange={setKind} />
            </>
          )}
          <NewMenu />
        </Group>
      }
    >
      <Loaded query={list} height={220}>
        {(all) =>
          all.length === 0 ? (
            <Card>
              <Empty title={t`Nothing saved yet`}>{t`Open one of the examples below. It answers at once with your own events; change what you like and save it under a name.`}</Empty>
            </Card>
          ) : (
            <Card pad={false}>
              {shown.length === 0 ? (
                <Empty title={t`No insight found`}>{t`Take away a part of the search text, or choose any kind.`}</Empty>
              ) : (
                <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Insights`}>
                  <table className={ui.table}>
                    <thead>
                      <tr>
                        <th scope="col">{t`Name`}</th>
                        <th scope="col">{t`Kind`}</th>
                        <th scope="col">{t`Changed`}</th>
                        <th scope="col">{t`By`}</th>
                        <th scope="col">
                          <span className="sr-only">{t`Actions`}</span>
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {shown.map((i) => {
                        const Icon = kindIcons[i.kind]
                        return (
                          <tr key={i.id}>
                            <td>
                              <Link to="/insights/$id" params={{ id: String(i.id) }}>
                                {i.name}
                              </Link>
                              {i.description && (
                                <div>
                                  <Dim size="xs">{i.description}</Dim>
                                </div>
                              )}
                            </td>
                            <td>
                              <span className={ui.stage}>
                                {Icon && <Icon size={16} stroke={1.8} aria-hidden />}
                                {kindName(i.kind)}
                              </span>
                            </td>
                            <td>{f.dateTime(i.updated_at / 1000)}</td>
                            <td>{i.by || '–'}</td>
                            <td data-num>
                              <RowMenu insight={i} />
                            </td>
                          </tr>
                        )
                      })}
                    </tbody>
                  </table>
                </div>
              )}
            </Card>
          )
        }
      </Loaded>
      <Examples />
    </Page>
  )
}

function NewMenu() {
  const { t } = useLingui()
  const kindName = useInsightKind()
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button leftSection={<IconPlus size={16} />}>{t`New insight`}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {insightKinds.map((k) => {
          const Icon = kindIcons[k]
          return (
            <Menu.Item key={k} leftSection={<Icon size={16} />} component={Link} {...({ to: '/insights/new', search: { kind: k } } as object)}>
              {kindName(k)}
            </Menu.Item>
          )
        })}
      </Menu.Dropdown>
    </Menu>
  )
}

function RowMenu({ insight }: { insight: SavedInsight }) {
  const { t } = useLingui()
  const can = useCan('insight')
  const client = useQueryClient()
  const toast = useToast()
  const refresh = () => client.invalidateQueries({ queryKey: ['insights'] })
  const { name, description, spec } = insight
  const copy = useMutation({
    mutationFn: () => insights.create({ name: t`Copy of ${name}`, description, spec }),
    onSuccess: async (made) => {
      await refresh()
      toast.undo(t`“${made.name}” saved.`, () => void insights.remove(String(made.id)).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  const remove = useMutation({
    mutationFn: () => insights.remove(String(insight.id)),
    onSuccess: async () => {
      await refresh()
      toast.undo(t`“${name}” deleted.`, () => void insights.restore(String(insight.id)).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  if (!can) return null
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t`Actions for ${name}`}>
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => copy.mutate()}>{t`Duplicate`}</Menu.Item>
        <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} onClick={() => remove.mutate()}>{t`Delete`}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** One example of each kind over the events that this workspace has. */
function Examples() {
  const { t } = useLingui()
  const kindName = useInsightKind()
  const question = useKindQuestion()
  const names = useQuery(q.eventNames(''))
  const tracks = (names.data ?? []).filter((e) => e.kind === 'track').map((e) => e.name)
  const first = (...wanted: string[]) => wanted.find((w) => tracks.includes(w))
  const buy = first('Order Completed', 'Subscription Started', 'Signed Up') ?? tracks[0] ?? ''
  const view = first('Product Viewed', 'Product List Viewed', 'Trial Started') ?? tracks[1] ?? tracks[0] ?? ''
  const add = first('Product Added', 'Checkout Started')
  const pages = (names.data ?? []).some((e) => e.kind === 'page')
  const models = useQuery(q.models())
  const main = models.data?.find((m) => m.is_default) ?? models.data?.[0]
  const specs: Record<InsightKind, Spec> = {
    trend: { kind: 'trend', range: { last: '90d' }, trend: { series: [{ kind: 'track', event: buy }], interval: 'week', compare: 'previous' } },
    funnel: { kind: 'funnel', range: { last: '30d' }, funnel: { steps: [view, ...(add ? [add] : []), buy].filter((x, i, all) => x && all.indexOf(x) === i).map((event) => ({ kind: 'track' as const, event })), window: '14d' } },
    retention: { kind: 'retention', range: { last: '180d' }, retention: { start: { kind: 'track', event: buy }, entry: 'first_time', unit: 'month' } },
    growth: { ...emptySpec('growth', buy), range: { last: '365d' } },
    stickiness: { kind: 'stickiness', range: { last: '30d' }, stickiness: { kind: 'any', interval: 'day' } },
    paths: pages ? { kind: 'paths', range: { last: '30d' }, paths: {} } : { kind: 'paths', range: { last: '30d' }, paths: { events: [{ kind: 'any' }] } },
    composition: { kind: 'composition', range: { last: '90d' }, composition: { kind: 'track', event: buy, breakdown: main ? { by: 'stage', property: main.key, at: 'now' } : { property: 'currency' } } },
    table: { kind: 'table', range: { last: '90d' }, table: { rows: 'customer', columns: [{ kind: 'track', event: buy }, { kind: 'any', label: t`All events` }] } },
    journey: { kind: 'journey', range: { last: '90d' }, journey: {} },
    attribution: { kind: 'attribution', range: { last: '90d' }, attribution: { conversion: { kind: 'track', event: buy } } },
  }
  if (names.isSuccess && tracks.length === 0) {
    return (
      <Card>
        <Empty title={t`No events have arrived yet`} action={<Button variant="light" component={Link} to="/data/sources">{t`Connect a source`}</Button>}>
          {t`Insights are computed from events. Connect a source or import past events, then come back.`}
        </Empty>
      </Card>
    )
  }
  return (
    <section aria-labelledby="examples" className={classes.stack}>
      <h2 id="examples" style={{ fontSize: '1.05rem', margin: '6px 0 0' }}>{t`Begin with an example`}</h2>
      <div className={classes.examples}>
        {insightKinds.map((k) => {
          const Icon = kindIcons[k]
          return (
            <Link key={k} className={classes.example} to="/insights/new" search={{ spec: specs[k] } as never}>
              <strong>
                <Icon size={18} stroke={1.8} aria-hidden />
                {kindName(k)}
              </strong>
              <p>{question(k)}</p>
              <p className={ui.mono}>{specs[k].funnel ? specs[k].funnel.steps.map((s) => s.event).join(' → ') : k === 'stickiness' || (k === 'paths' && !pages) ? t`any event` : k === 'paths' ? t`any page` : k === 'journey' ? t`all touchpoints` : buy}</p>
            </Link>
          )
        })}
      </div>
    </section>
  )
}
