import { Button, Group, NativeSelect, Skeleton, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Fragment, useEffect, useMemo, useRef, useState } from 'react'
import { pages, q, type TimelineEvent } from '~/api'
import { useWorkspace } from '~/app/session'
import { ErrorBox } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconArrowRight, IconChevron } from '~/ui/icons'
import { useKindName } from '~/ui/names'
import { Empty, StageName, ui } from '~/ui/page'
import { useSourceName } from '~/ui/source-name'
import { useStages } from '~/ui/stage-colors'
import { fromIsoDay } from '~/ui/time'
import classes from './customer.module.css'

const kinds = ['track', 'page', 'screen', 'identify', 'group']

/** All that happened to one customer, newest first; rows are made only while they are in view. */
export function TimelinePanel({ id }: { id: string }) {
  const { t } = useLingui()
  const kindName = useKindName()
  const { time_zone } = useWorkspace()
  const [kind, setKind] = useState('')
  const [event, setEvent] = useState('')
  const [debounced] = useDebouncedValue(event, 300)
  const [day, setDay] = useState('')
  const names = useQuery(q.eventNames(debounced))
  const exact = names.data?.some((e) => e.name === debounced) ? debounced : undefined
  // Events of the chosen day come first: "before" is the midnight after it.
  const query = { kinds: kind || undefined, event: exact, before: fromIsoDay(day, time_zone, 1)?.toISOString(), limit: 100 }
  const list = useInfiniteQuery({
    queryKey: ['customer', id, 'timeline', query],
    queryFn: ({ pageParam, signal }) => pages.timeline(id, { ...query, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  })
  const events = useMemo(() => list.data?.pages.flatMap((p) => p.events) ?? [], [list.data])
  return (
    <div>
      <Group gap="xs" p="sm">
        <NativeSelect aria-label={t`Kinds`} data={[{ value: '', label: t`All kinds` }, ...kinds.map((k) => ({ value: k, label: kindName(k) }))]} value={kind} onChange={(e) => setKind(e.currentTarget.value)} size="xs" />
        <TextInput aria-label={t`Event name`} placeholder={t`Event name`} list="event-names" value={event} onChange={(e) => setEvent(e.currentTarget.value)} w={200} size="xs" />
        <datalist id="event-names">
          {[...new Set(names.data?.map((e) => e.name))].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <TextInput type="date" aria-label={t`Jump to a date`} title={t`Jump to a date`} size="xs" value={day} onChange={(e) => setDay(e.currentTarget.value)} />
        {day && <Button size="compact-xs" variant="subtle" onClick={() => setDay('')}>{t`Back to now`}</Button>}
      </Group>
      {list.isError && <ErrorBox error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height={300} m="sm" />}
      {list.data && events.length === 0 && <Empty title={t`Nothing here`}>{t`No event matches these filters.`}</Empty>}
      {events.length > 0 && <Rows events={events} more={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()} />}
    </div>
  )
}

function Rows({ events, more }: { events: TimelineEvent[]; more: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const box = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: events.length, getScrollElement: () => box.current, estimateSize: () => 42, overscan: 10, getItemKey: (i) => events[i]!.id })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= events.length - 15) more()
  }, [last, events.length])
  const toggle = (id: string) =>
    setOpen((before) => {
      const next = new Set(before)
      if (!next.delete(id)) next.add(id)
      return next
    })
  return (
    <div ref={box} className={classes.timeline} tabIndex={0} role="group" aria-label={t`Timeline`}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const event = events[item.index]!
          const before = events[item.index - 1]
          const newDay = !before || f.date(before.time) !== f.date(event.time)
          return (
            <div key={item.key} ref={virtual.measureElement} data-index={item.index} className={classes.rowBox} style={{ transform: `translateY(${item.start}px)` }}>
              {newDay && <div className={classes.day}>{f.longDate(event.time)}</div>}
              <Row event={event} open={open.has(event.id)} toggle={() => toggle(event.id)} />
            </div>
          )
        })}
      </div>
    </div>
  )
}

function Row({ event, open, toggle }: { event: TimelineEvent; open: boolean; toggle: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const kindName = useKindName()
  const sourceName = useSourceName()
  const models = useQuery(q.models())
  const stageOf = useStages(models.data?.find((m) => m.id === event.stage?.model || m.key === event.stage?.model))
  return (
    <div className={classes.row} data-open={open}>
      <UnstyledButton className={classes.rowHead} onClick={toggle} aria-expanded={open}>
        <time dateTime={event.time}>{f.time(event.time)}</time>
        <span className={classes.kind} data-kind={event.kind}>
          {kindName(event.kind)}
        </span>
        <span className={classes.name}>{event.name || kindName(event.kind)}</span>
        <Summary event={event} />
        {event.stage && (
          <span className={classes.stageMove}>
            {event.stage.from && <StageName color={stageOf(event.stage.from).color} label={stageOf(event.stage.from).label} />}
            <IconArrowRight size={14} aria-label={t`to`} role="img" />
            <StageName color={stageOf(event.stage.to).color} label={stageOf(event.stage.to).label} />
          </span>
        )}
        {(event.flags ?? []).map((flag) => (
          <span key={flag} className={classes.flag}>
            {flag}
          </span>
        ))}
        <IconChevron size={15} className={classes.chevron} aria-hidden />
      </UnstyledButton>
      {open && (
        <div className={classes.json}>
          <dl>
            <dt>{t`Time`}</dt>
            <dd>{f.dateTimeZone(event.time)}</dd>
            <dt>{t`Received`}</dt>
            <dd>{f.dateTimeZone(event.received)}</dd>
            <dt>{t`Source`}</dt>
            <dd>{sourceName(event.source)}</dd>
            <dt>{t`Event id`}</dt>
            <dd className={ui.mono}>{event.id}</dd>
          </dl>
          <pre className={ui.code} tabIndex={0} role="group" aria-label={t`Properties and context`}>
            {JSON.stringify({ properties: event.properties, context: event.context }, null, 2)}
          </pre>
        </div>
      )}
    </div>
  )
}

/** The few properties that say most, in one line. */
function Summary({ event }: { event: TimelineEvent }) {
  const f = useFormat()
  const p = event.properties ?? {}
  const parts: string[] = []
  const amount = p.revenue ?? p.total ?? p.value
  if (typeof amount === 'number') parts.push(new Intl.NumberFormat(f.locale, { style: 'currency', currency: typeof p.currency === 'string' && /^[A-Z]{3}$/.test(p.currency) ? p.currency : f.currency }).format(amount))
  for (const key of ['order_id', 'name', 'title', 'url', 'path']) {
    const v = p[key]
    if (typeof v === 'string' && parts.length < 2 && v !== event.name) parts.push(v)
  }
  return (
    <span className={classes.summary}>
      {parts.map((x, i) => (
        <Fragment key={x + i}>
          {i > 0 && ' · '}
          {x}
        </Fragment>
      ))}
    </span>
  )
}
