import { CloseButton, Skeleton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { type Cell, type Explained, insights, type Reason, type SeenEvent, type Spec } from '~/api/insights'
import { useOpName } from '~/conditions/words'
import { ErrorBox } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconCheck, IconClock, IconMinus, IconX } from '~/ui/icons'
import { useKindName } from '~/ui/names'
import { useChannelName, useEventLabel } from './words'
import classes from './insights.module.css'

/** Why one customer is, or is not, in a number: in sentences, with the events that decided. */
export function Explain({ spec, cell, customer, name, close }: { spec: Spec; cell: Cell; customer: string; name: string; close: () => void }) {
  const { t } = useLingui()
  const query = useQuery(insights.explain(spec, cell, customer))
  const why = query.data
  return (
    <section className={classes.why} aria-label={t`Why? ${name}`} aria-live="polite">
      <div className={classes.controls} style={{ justifyContent: 'space-between', flexWrap: 'nowrap' }}>
        <strong>{why ? why.in ? <span className={classes.good}>{t`${name} is in this number`}</span> : <span className={classes.warn}>{t`${name} is not in this number`}</span> : name}</strong>
        <CloseButton size="sm" aria-label={t`Close the explanation`} onClick={close} />
      </div>
      {query.isError && <ErrorBox error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={70} />}
      {why && <Sentences why={why} spec={spec} />}
      <Link to="/customers/$id" params={{ id: customer }}>{t`Open the timeline of this customer`}</Link>
    </section>
  )
}

function Sentences({ why, spec }: { why: Explained; spec: Spec }) {
  const { t } = useLingui()
  const f = useFormat()
  const reasonText = useReasonText()
  const when = (micros: number) => f.dateTimeZone(micros / 1000)
  const times = (why.times ?? 1) > 1 ? t`Counts ${f.int(why.times!)} times.` : ''
  return (
    <>
      {why.reason && <p style={{ margin: 0 }}>{reasonText(why.reason)}</p>}
      {times && <p style={{ margin: 0 }}>{times}</p>}
      {why.funnel && <FunnelWhy funnel={why.funnel} spec={spec} reasonText={reasonText} />}
      {why.trend && why.trend.count > 0 && <EventList title={t`${f.int(why.trend.count)} events count:`} events={why.trend.events ?? []} total={why.trend.count} />}
      {why.retention?.entries?.map((e) => (
        <div key={e.row + e.event.id}>
          <p style={{ margin: 0 }}>{t`Began on ${when(e.event.time)} with ${eventName(e.event)}.`}</p>
          {(e.periods?.length ?? 0) === 0 && <small>{t`Nothing after that counts as coming back.`}</small>}
          <EventList title={(e.periods?.length ?? 0) > 0 ? t`Came back:` : ''} events={(e.periods ?? []).flatMap((p) => p.events ?? [])} />
        </div>
      ))}
      {why.growth && (
        <>
          {why.growth.first_seen && <p style={{ margin: 0 }}>{t`First seen on ${when(why.growth.first_seen.time)} with ${eventName(why.growth.first_seen)}.`}</p>}
          {why.growth.before && <p style={{ margin: 0 }}>{t`Active before that on ${when(why.growth.before.time)}.`}</p>}
          <EventList title={t`Active with:`} events={(why.growth.periods ?? []).flatMap((p) => p.events ?? [])} />
        </>
      )}
      {why.stickiness && (
        <>
          <p style={{ margin: 0 }}>{t`Came in ${f.int(why.stickiness.intervals)} intervals.`}</p>
          <EventList title={t`With:`} events={(why.stickiness.periods ?? []).flatMap((p) => p.events ?? [])} />
        </>
      )}
      {why.paths && <PathsWhy sessions={why.paths.sessions ?? []} attribution={why.kind === 'attribution'} />}
    </>
  )
}

/** The ways of a customer, one a visit; of attribution one a conversion, and those without. */
function PathsWhy({ sessions, attribution }: { sessions: NonNullable<NonNullable<Explained['paths']>['sessions']>; attribution: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const channelName = useChannelName()
  if (sessions.length === 0) return null
  const name = (item: string) => (attribution ? channelName(item) : item)
  return (
    <ol>
      {sessions.slice(0, 12).map((s, i) => (
        <li key={i}>
          {s.counts ? <IconCheck size={17} className={classes.good} aria-label={t`counts`} /> : <IconMinus size={17} aria-label={t`does not count`} />}
          <div>
            {s.path?.length ? s.path.map(name).join(' → ') : t`lacks the beginning or the end`}
            <small>{f.dateTimeZone(s.start.time / 1000)}</small>
          </div>
        </li>
      ))}
      {sessions.length > 12 && <li style={{ display: 'block' }}>{t`and ${f.int(sessions.length - 12)} more`}</li>}
    </ol>
  )
}

function FunnelWhy({ funnel, spec, reasonText }: { funnel: NonNullable<Explained['funnel']>; spec: Spec; reasonText: (r: Reason) => string }) {
  const { t } = useLingui()
  const f = useFormat()
  const eventLabel = useEventLabel()
  const outcome: Record<string, string> = {
    converted: t`Made the whole way.`,
    pending: t`Has come as far as step ${funnel.depth} and still has time.`,
    dropped: t`Came as far as step ${funnel.depth}; the time is over.`,
    excluded: t`Was taken out by an exclusion.`,
    '': t`Never entered this funnel.`,
  }
  return (
    <>
      <p style={{ margin: 0 }}>
        {outcome[funnel.outcome] ?? funnel.outcome} {funnel.tries > 1 && t`Of ${f.int(funnel.tries)} attempts the one that came furthest counts.`}
      </p>
      <ol>
        {funnel.steps.map((s, i) => {
          const name = s.label || eventLabel(spec.funnel!.steps[i] ?? {})
          const waiting = s.reason?.code === 'pending'
          return (
            <li key={i}>
              {s.made ? <IconCheck size={17} className={classes.good} aria-label={t`made`} /> : waiting ? <IconClock size={17} aria-label={t`still possible`} /> : spec.funnel!.steps[i]?.optional ? <IconMinus size={17} aria-label={t`skipped`} /> : <IconX size={17} className={classes.warn} aria-label={t`not made`} />}
              <div>
                <strong>{`${i + 1}. ${name}`}</strong>
                {s.event && <small>{f.dateTimeZone(s.event.time / 1000)}</small>}
                {s.reason && <div>{reasonText(s.reason)}</div>}
              </div>
            </li>
          )
        })}
      </ol>
    </>
  )
}

const eventName = (e: SeenEvent) => e.name || e.kind

function EventList({ title, events, total = events.length }: { title: ReactNode; events: SeenEvent[]; total?: number }) {
  const { t } = useLingui()
  const f = useFormat()
  if (events.length === 0) return null
  const shown = events.slice(0, 12)
  return (
    <div>
      {title}
      <ul style={{ margin: '4px 0 0', paddingInlineStart: 18 }}>
        {shown.map((e) => (
          <li key={e.id} style={{ display: 'list-item' }}>
            {eventName(e)} <small style={{ display: 'inline' }}>{f.dateTimeZone(e.time / 1000)}</small>
          </li>
        ))}
      </ul>
      {total > shown.length && <small>{t`and ${f.int(total - shown.length)} more`}</small>}
    </div>
  )
}

/** What decided, as a sentence. Every code of the server has one; an unknown one is shown as it came. */
function useReasonText() {
  const { t } = useLingui()
  const f = useFormat()
  const kindName = useKindName()
  const opName = useOpName()
  return (r: Reason): string => {
    const event = r.event ? r.event.name || kindName(r.event.kind) : ''
    const when = r.event ? f.dateTimeZone(r.event.time / 1000) : ''
    const by = f.seconds((r.by ?? 0) / 1e6)
    const until = r.until ? f.dateTimeZone(r.until / 1000) : ''
    const count = f.int(r.count ?? 0)
    const needed = f.int(r.needed ?? 1)
    switch (r.code) {
      case 'no_event': {
        if (!r.event) return t`Never did this.`
        const c = r.condition
        const value = c?.value === undefined ? '' : Array.isArray(c.value) ? c.value.join(', ') : String(c.value)
        const condition = c ? `${c.name} ${opName(c.op)} ${value}`.trim() : ''
        return condition ? t`Did ${event} on ${when}, but the condition “${condition}” does not hold.` : t`Did ${event} on ${when}, but a condition does not hold.`
      }
      case 'not_yet_known':
        return t`${event} of ${when} had not been received at the moment that this question asks for.`
      case 'in_future':
        return t`${event} is dated ${when}, which is still to come.`
      case 'bot':
        return t`${event} of ${when} is marked as coming from a bot or a test.`
      case 'outside_range':
        return event ? t`${event} happened on ${when}, which is outside of the range.` : t`It happened outside of the range.`
      case 'before_previous':
        return t`${event} came on ${when}, before the step that it should follow.`
      case 'after_window':
        return t`${event} came on ${when}, ${by} too late.`
      case 'tie':
        return t`${event} came at the very instant of the step before, which does not count.`
      case 'serves_another':
        return t`${event} of ${when} already counts for another step.`
      case 'broken_by':
        return t`${event} came between on ${when}, and nothing may come between.`
      case 'excluded_by':
        return t`${event} on ${when} is an exclusion.`
      case 'pending':
        return until ? t`Not yet, but there is time until ${until}.` : t`Not yet, but there is still time.`
      case 'previous_missing':
        return t`Step ${r.step ?? 0} is missing before it.`
      case 'not_first':
        return t`The first time was ${event} on ${when}, and the first time decides.`
      case 'too_few':
        return t`${count} times, where ${needed} are needed.`
      case 'too_many':
        return t`${count} intervals, which is more than asked for.`
      case 'no_number':
        return t`${event} of ${when} lacks the number that is measured.`
      case 'inactive':
        return t`Was not active in this period.`
      case 'staff':
        return t`Is one of your own people, who do not count.`
      case 'other_customers':
        return t`The question is about other customers: the condition on customers does not hold.`
      case 'other_state': {
        const state = { new: t`new`, returning: t`active as before`, resurrecting: t`back after a pause`, dormant: t`silent`, active: t`active` }[r.state ?? ''] ?? r.state ?? ''
        return t`In this period the customer was: ${state}.`
      }
      case 'passed':
        return t`The steps behind it were made, so this one was passed over.`
      case 'other_path':
        return t`Went other ways.`
      case 'same':
        return t`Comes out the same by both rules.`
      case 'other_value':
        return t`Belongs to another value of the breakdown.`
    }
    return r.code
  }
}
