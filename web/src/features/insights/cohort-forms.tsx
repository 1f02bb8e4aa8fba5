import { NativeSelect, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useState } from 'react'
import type { Growth, Interval, Retention, Stickiness } from '~/api/insights'
import { BreakdownField } from './breakdown-field'
import { OptionalNumber, Section } from './section'
import { bracketText, parseBrackets } from './draft'
import { EventRow, PropertyField } from './fields'
import { ProblemLine } from './problems'
import { useIntervalName } from './words'
import classes from './insights.module.css'

/** Who began, who came back, and in which periods. */
export function RetentionForm({ retention: r, onChange }: { retention: Retention; onChange: (next: Retention) => void }) {
  const { t } = useLingui()
  const intervalName = useIntervalName()
  const set = (patch: Partial<Retention>) => onChange({ ...r, ...patch })
  return (
    <>
      <Section title={t`Begins with`}>
        <EventRow label={t`Start event`} path="retention.start" value={r.start} onPick={(kind, event) => set({ start: { ...r.start, kind, event } })} onWhere={(where) => set({ start: { ...r.start, where } })} />
        <NativeSelect
          size="xs"
          label={t`A customer begins`}
          data={[
            { value: 'first_time', label: t`the first time it happens with these conditions` },
            { value: 'first_ever', label: t`the first time ever, if the conditions hold then` },
            { value: 'recurring', label: t`in every period in which it happens` },
          ]}
          value={r.entry ?? 'recurring'}
          onChange={(e) => set({ entry: e.currentTarget.value as Retention['entry'] })}
        />
        <ProblemLine path="retention.entry" />
      </Section>
      <Section title={t`Comes back with`}>
        <Switch size="sm" label={t`the same event`} checked={!r.return} onChange={(e) => set({ return: e.currentTarget.checked ? undefined : { kind: 'track', event: '' } })} />
        {r.return && <EventRow label={t`Return event`} path="retention.return" value={r.return} onPick={(kind, event) => set({ return: { ...r.return, kind, event } })} onWhere={(where) => set({ return: { ...r.return, where } })} />}
        <div className={classes.two}>
          <OptionalNumber label={t`At least so many times`} value={r.at_least} placeholder="1" onChange={(at_least) => set({ at_least })} />
          <NativeSelect
            size="xs"
            label={t`Back means`}
            data={[
              { value: '', label: t`in exactly this period` },
              { value: '1', label: t`in this period or later` },
            ]}
            value={r.on_or_after ? '1' : ''}
            onChange={(e) => set({ on_or_after: e.currentTarget.value ? true : undefined })}
          />
        </div>
      </Section>
      <Section title={t`Periods`}>
        <div className={classes.two}>
          <NativeSelect size="xs" label={t`Length`} data={(['day', 'week', 'month'] as const).map((u) => ({ value: u, label: intervalName(u) }))} value={r.unit} onChange={(e) => set({ unit: e.currentTarget.value as Retention['unit'] })} />
          <NativeSelect
            size="xs"
            label={t`Counted`}
            data={[
              { value: 'calendar', label: t`by the calendar` },
              { value: 'rolling', label: t`from each customer’s own start` },
            ]}
            value={r.mode ?? 'calendar'}
            onChange={(e) => set({ mode: e.currentTarget.value === 'rolling' ? 'rolling' : undefined })}
          />
          {!r.brackets && <OptionalNumber label={t`Periods shown`} value={r.periods} max={1000} placeholder={t`up to the end`} onChange={(periods) => set({ periods })} />}
          <BracketField value={r.brackets} onChange={(brackets) => set({ brackets, ...(brackets ? { periods: undefined } : {}) })} />
        </div>
        <ProblemLine path="retention.periods" />
        <ProblemLine path="retention.brackets" />
      </Section>
      <Section title={t`What is kept`}>
        <Switch size="sm" label={t`Sum of a property instead of customers, for example revenue`} checked={r.property !== undefined} onChange={(e) => set({ property: e.currentTarget.checked ? '' : undefined })} />
        {r.property !== undefined && <PropertyField label={t`Number property`} numeric value={r.property} event={(r.return ?? r.start).event} onChange={(property) => set({ property })} />}
        <ProblemLine path="retention.property" />
      </Section>
      <BreakdownField value={r.breakdown} event={r.start.event} path="retention.breakdown" onChange={(breakdown) => set({ breakdown })} />
    </>
  )
}

function BracketField({ value, onChange }: { value: [number, number][] | undefined; onChange: (next: [number, number][] | undefined) => void }) {
  const { t } = useLingui()
  const [text, setText] = useState(() => (value ?? []).map(bracketText).join(', '))
  const wrong = parseBrackets(text) === undefined
  return (
    <TextInput
      size="xs"
      label={t`Own brackets`}
      placeholder="0, 1-3, 4-7"
      value={text}
      error={wrong && t`Write rising periods, such as 0, 1-3, 4-7.`}
      onChange={(e) => {
        setText(e.currentTarget.value)
        const list = parseBrackets(e.currentTarget.value)
        if (list) onChange(list.length > 0 ? list : undefined)
      }}
    />
  )
}

const intervals: Interval[] = ['day', 'week', 'month', 'quarter', 'year']

export function GrowthForm({ growth: g, onChange }: { growth: Growth; onChange: (next: Growth) => void }) {
  const { t } = useLingui()
  const intervalName = useIntervalName()
  return (
    <Section title={t`Active means`}>
      <EventRow label={t`Event that makes a customer active`} path="growth" value={g} onPick={(kind, event) => onChange({ ...g, kind, event })} onWhere={(where) => onChange({ ...g, where })} />
      <div className={classes.two}>
        <NativeSelect size="xs" label={t`By`} data={intervals.map((i) => ({ value: i, label: intervalName(i) }))} value={g.interval} onChange={(e) => onChange({ ...g, interval: e.currentTarget.value as Interval })} />
        <NativeSelect
          size="xs"
          label={t`New is`}
          data={[
            { value: 'event', label: t`who does this event for the first time` },
            { value: 'first_seen', label: t`who is seen for the first time at all` },
          ]}
          value={g.new ?? 'event'}
          onChange={(e) => onChange({ ...g, new: e.currentTarget.value === 'first_seen' ? 'first_seen' : undefined })}
        />
      </div>
    </Section>
  )
}

export function StickinessForm({ stickiness: s, onChange }: { stickiness: Stickiness; onChange: (next: Stickiness) => void }) {
  const { t } = useLingui()
  const intervalName = useIntervalName()
  return (
    <Section title={t`Comes means`}>
      <EventRow label={t`Event that counts`} path="stickiness" value={s} onPick={(kind, event) => onChange({ ...s, kind, event })} onWhere={(where) => onChange({ ...s, where })} />
      <div className={classes.two}>
        <NativeSelect size="xs" label={t`Interval`} data={(['hour', ...intervals] as Interval[]).map((i) => ({ value: i, label: intervalName(i) }))} value={s.interval} onChange={(e) => onChange({ ...s, interval: e.currentTarget.value as Interval })} />
        <OptionalNumber label={t`At least so many times`} value={s.at_least} placeholder="1" onChange={(at_least) => onChange({ ...s, at_least })} />
        <OptionalNumber label={t`Intervals taken together`} value={s.group} placeholder="1" onChange={(group) => onChange({ ...s, group })} />
      </div>
    </Section>
  )
}
