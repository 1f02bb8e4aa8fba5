import { ActionIcon, Badge, Button, Checkbox, Loader, Menu, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { type Segment, segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { Spark } from '~/charts/spark'
import { useCustomersText, useFormat } from '~/ui/format'
import { IconDots, IconOverlap, IconPlus, IconSearch, IconSegment, IconX } from '~/ui/icons'
import { Card, Empty, Loaded, Page, ui } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { SortButton } from '~/ui/sort'
import { useToast } from '~/ui/toast'
import { useProgress } from './building'
import { SegmentsNav } from './nav'
import { useHidden, useRemove } from './remove'
import classes from './segments.module.css'

type Search = { q?: string; sort?: string }
const most = 6
/** Beyond so many rows the small curves cost more than they tell. */
const sparkRows = 40

/** All segments with their size. Several can be chosen to see their overlap. */
export default function SegmentsScreen() {
  const { t } = useLingui()
  const customersText = useCustomersText()
  const can = useCan('model')
  const list = useQuery(segments.list())
  const add = can && (
    <Button component={Link} to="/segments/new" leftSection={<IconPlus size={16} />}>
      {t`New segment`}
    </Button>
  )
  return (
    <Page title={t`Segments`} sub={list.data && t`Groups of customers that keep themselves up to date, of ${customersText(list.data.population)} in all`} actions={add}>
      <SegmentsNav />
      <Loaded query={list} height={360}>
        {(data) => <Body list={data.segments} add={add} />}
      </Loaded>
    </Page>
  )
}

function Body({ list, add }: { list: Segment[]; add: React.ReactNode }) {
  const { t } = useLingui()
  const [search, set] = useSearchState<Search>()
  const hidden = useHidden()
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const text = (search.q ?? '').trim().toLowerCase()
  const sort = search.sort ?? 'name'
  const shown = useMemo(() => {
    const found = list.filter((s) => !hidden.has(s.id) && (!text || `${s.name} ${s.key} ${s.description} ${s.sentence}`.toLowerCase().includes(text)))
    const by: Record<string, (a: Segment, b: Segment) => number> = { name: (a, b) => a.name.localeCompare(b.name), size: (a, b) => a.size - b.size, changed: (a, b) => a.updated_at.localeCompare(b.updated_at) }
    const sorted = found.sort(by[sort.replace('-', '')] ?? by.name!)
    return sort.startsWith('-') ? sorted.toReversed() : sorted
  }, [list, hidden, text, sort])
  if (list.length === 0) {
    return (
      <Card>
        <Empty
          icon={<IconSegment size={22} />}
          title={t`No segment yet`}
          action={
            <span className={classes.tools}>
              {add}
              <Button component={Link} to="/segments/ready" variant="light">{t`Look at ready-made ones`}</Button>
            </span>
          }
        >
          {t`A segment is a condition in plain words, such as “ordered twice in the last 90 days and has not been back for 30”. Customers enter and leave by themselves, to the second, and each can be asked why.`}
        </Empty>
      </Card>
    )
  }
  const picked = shown.filter((s) => chosen.has(s.id))
  const toggle = (id: number) => setChosen((c) => (c.has(id) ? new Set([...c].filter((x) => x !== id)) : new Set([...c, id])))
  const onSort = (s: string) => set({ sort: s === 'name' ? undefined : s })
  return (
    <>
      <div className={classes.tools}>
        <TextInput aria-label={t`Search segments`} placeholder={t`Name or condition`} leftSection={<IconSearch size={16} />} w={280} maw="100%" value={search.q ?? ''} onChange={(e) => set({ q: e.currentTarget.value })} />
        {picked.length > 0 && (
          <div className={classes.compare} role="status">
            <span>{picked.length > most ? t`${picked.length} chosen: at most ${most} can be compared` : t`${picked.length} chosen`}</span>
            {picked.length >= 2 && picked.length <= most && (
              <Button component={Link} to="/segments/overlap" search={{ ids: picked.map((s) => s.id).join('.') } as never} size="compact-sm" leftSection={<IconOverlap size={15} />}>
                {t`See their overlap`}
              </Button>
            )}
            {picked.length === 1 && <span>{t`Choose another to see the overlap.`}</span>}
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t`Choose none`} onClick={() => setChosen(new Set())}>
              <IconX size={14} />
            </ActionIcon>
          </div>
        )}
      </div>
      <Card pad={false}>
        {shown.length === 0 ? (
          <Empty icon={<IconSegment size={22} />} title={t`No segment matches`} action={<Button variant="light" onClick={() => set({ q: undefined })}>{t`Clear the search`}</Button>} />
        ) : (
          <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Segments`}>
            <table className={ui.table}>
              <thead>
                <tr>
                  <th scope="col">
                    <span className="sr-only">{t`Choose`}</span>
                  </th>
                  <th scope="col" aria-sort={ariaSort(sort, 'name')}>
                    <SortButton id="name" sort={sort} onSort={onSort}>{t`Segment`}</SortButton>
                  </th>
                  <th scope="col" data-num aria-sort={ariaSort(sort, 'size')}>
                    <SortButton id="size" sort={sort} onSort={onSort}>{t`Customers`}</SortButton>
                  </th>
                  <th scope="col" data-num>{t`Share`}</th>
                  <th scope="col">{t`90 days`}</th>
                  <th scope="col" aria-sort={ariaSort(sort, 'changed')}>
                    <SortButton id="changed" sort={sort} onSort={onSort}>{t`Changed`}</SortButton>
                  </th>
                  <th scope="col">
                    <span className="sr-only">{t`Actions`}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((s, i) => (
                  <SegmentRow key={s.id} segment={s} spark={i < sparkRows} chosen={chosen.has(s.id)} toggle={() => toggle(s.id)} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Card>
    </>
  )
}

const ariaSort = (sort: string, id: string) => (sort.replace('-', '') === id ? (sort.startsWith('-') ? ('descending' as const) : ('ascending' as const)) : undefined)

function SegmentRow({ segment: s, spark, chosen, toggle }: { segment: Segment; spark: boolean; chosen: boolean; toggle: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const share = useProgress(s)
  return (
    <tr>
      <td style={{ width: 34 }}>
        <Checkbox size="xs" aria-label={t`Choose ${s.name}`} checked={chosen} onChange={toggle} />
      </td>
      <td>
        <div className={classes.name}>
          <span>
            <Link to="/segments/$id" params={{ id: String(s.id) }}>
              {s.name}
            </Link>{' '}
            {s.kind === 'static' && <Badge size="sm" variant="light" color="gray">{t`list`}</Badge>}{' '}
            {(s.building || s.filling) && (
              <Badge size="sm" variant="light" leftSection={<Loader size={10} aria-hidden />}>
                {share === undefined ? t`being computed` : t`being computed, ${f.percent(share, 0)}`}
              </Badge>
            )}
          </span>
          <small>{s.description || (s.kind === 'static' ? t`Customers put on it by hand or from a file` : s.sentence)}</small>
        </div>
      </td>
      <td data-num>{f.int(s.size)}</td>
      <td data-num>
        <div className={classes.share}>
          <span>{s.share === null ? '–' : f.percent(s.share)}</span>
          <div className={classes.track} aria-hidden>
            <span style={{ width: `${100 * (s.share ?? 0)}%` }} />
          </div>
        </div>
      </td>
      <td>
        <div className={classes.spark}>{spark && !(s.building && s.version <= 1) && <SizeSpark id={s.id} />}</div>
      </td>
      <td>
        <time dateTime={s.updated_at} title={`${f.dateTimeZone(s.updated_at)} · ${s.by}`}>
          {f.ago(s.updated_at)}
        </time>
      </td>
      <td data-num>
        <RowMenu segment={s} />
      </td>
    </tr>
  )
}

function SizeSpark({ id }: { id: number }) {
  const { data } = useQuery({ ...segments.history(id, { interval: 'week' }), staleTime: 5 * 60_000 })
  return data && data.length > 1 ? <Spark values={data.map((p) => p.size)} /> : null
}

function RowMenu({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  const can = useCan('model')
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const remove = useRemove()
  const copy = useMutation({
    mutationFn: () => segments.create({ name: t`Copy of ${s.name}`, description: s.description, kind: s.kind, ...(s.kind === 'dynamic' ? { when: s.when } : {}) }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['segments'] })
      await navigate({ to: '/segments/$id', params: { id: String(made.id) } })
    },
    onError: toast.error,
  })
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t`Actions for ${s.name}`}>
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to="/customers" search={{ segment: s.id } as never}>{t`Show the customers`}</Menu.Item>
        <Menu.Item component={Link} to={`/segments/${s.id}`} search={{ tab: 'why' } as never}>{t`Ask why`}</Menu.Item>
        {can && <Menu.Item onClick={() => copy.mutate()}>{s.kind === 'static' ? t`New list of this name` : t`Duplicate`}</Menu.Item>}
        {can && <Menu.Item c="var(--app-bad)" disabled={s.used_by.length > 0} onClick={() => remove(s)}>{s.used_by.length > 0 ? t`In use, cannot be deleted` : t`Delete`}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  )
}
