import { Autocomplete, NativeSelect, Select, Switch } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import { type Breakdown, insights } from '~/api/insights'
import { Remove } from '~/ui/remove'
import { OptionalNumber, Section } from './section'
import { PropertyField } from './fields'
import { ProblemLine, useProblems } from './problems'
import classes from './insights.module.css'

type Any = Omit<Breakdown, 'at' | 'top'> & { at?: string; top?: number }
type By = NonNullable<Breakdown['by']>

/** Splits an answer by the values of a property of the events, or of what the customer was. */
export function BreakdownField<B extends Any>({ value, event, path, onChange, moment = true, children }: { value: B | undefined; event?: string; path: string; onChange: (next: B | undefined) => void; /** Whether it is chosen here when the value of a customer is taken. */ moment?: boolean; children?: React.ReactNode }) {
  const { t } = useLingui()
  return (
    <Section title={t`Breakdown`}>
      {!value ? (
        <Switch size="sm" label={t`Split by the values of a property`} checked={false} onChange={() => onChange({ property: '' } as B)} />
      ) : (
        <>
          <ByFields value={value} event={event} onChange={onChange} onRemove={() => onChange(undefined)} moment={moment} />
          <div className={classes.two}>
            <OptionalNumber label={t`Values shown, the rest together`} value={value.top} max={1000} placeholder="25" onChange={(top) => onChange({ ...value, top })} />
            {moment && <AtField value={value} onChange={onChange} />}
            {children}
          </div>
        </>
      )}
      <ProblemLine path={path} />
    </Section>
  )
}

/** What the values are of: a property of the event, or a trait, a stage, a segment of its customer. */
export function ByFields<B extends Any>({ value, event, onChange, onRemove, moment = true, numeric = false }: { value: B; event?: string; onChange: (next: B) => void; onRemove?: () => void; moment?: boolean; /** Only what holds numbers. */ numeric?: boolean }) {
  const { t } = useLingui()
  const traits = useQuery({ ...q.traitNames(), enabled: value.by === 'trait' })
  const models = useQuery(q.models())
  const segments = useQuery({ ...insights.segments(), enabled: value.by === 'segment' })
  const by = value.by ?? 'property'
  const main = models.data?.find((m) => m.is_default) ?? models.data?.[0]
  const traitList = (traits.data ?? []).filter((x) => !numeric || x.types.some((k) => k !== 'text' && k !== 'boolean' && k !== 'list' && k !== 'object'))
  return (
    <div className={classes.fields}>
      <NativeSelect
        size="xs"
        aria-label={t`Split by`}
        data={[
          { value: 'property', label: t`property of the event` },
          { value: 'trait', label: t`trait of the customer` },
          ...(numeric ? [] : [{ value: 'stage', label: t`stage of the customer` }, { value: 'segment', label: t`segment of the customer` }]),
        ]}
        value={by}
        onChange={(e) => {
          const next = e.currentTarget.value as By
          onChange({ ...value, by: next === 'property' ? undefined : next, property: next === 'stage' ? (main?.key ?? '') : '', ...(moment || next === 'property' ? { at: undefined } : {}) })
        }}
      />
      {by === 'property' && <PropertyField label={t`Property to split by`} value={value.property} event={event} numeric={numeric} w={180} onChange={(property) => onChange({ ...value, property })} />}
      {by === 'trait' && <Autocomplete size="xs" aria-label={t`Trait to split by`} placeholder={t`Trait`} w={160} data={[...new Set(traitList.map((x) => x.name))]} value={value.property} onChange={(property) => onChange({ ...value, property })} />}
      {by === 'stage' && <NativeSelect size="xs" aria-label={t`Stage model`} data={(models.data ?? []).map((m) => ({ value: m.key, label: m.name }))} value={value.property} onChange={(e) => onChange({ ...value, property: e.currentTarget.value })} />}
      {by === 'segment' && <SegmentSelect segments={segments.data} value={value.property} onChange={(property) => onChange({ ...value, property })} />}
      {onRemove && <Remove onClick={onRemove} />}
    </div>
  )
}

/** One of the segments that there are. */
export function SegmentSelect({ segments, value, onChange }: { segments: { key: string; name: string }[] | undefined; value: string; onChange: (key: string) => void }) {
  const { t } = useLingui()
  const list = segments ?? []
  // A segment that is gone stays visible by its key.
  const more = value && !list.some((s) => s.key === value) ? [{ key: value, name: value }] : []
  return <Select size="xs" aria-label={t`Segment`} placeholder={segments && list.length === 0 ? t`No segments yet` : t`Choose a segment`} nothingFoundMessage={t`No such segment`} searchable allowDeselect={false} w={180} data={[...list, ...more].map((s) => ({ value: s.key, label: s.name }))} value={value || null} onChange={(key) => onChange(key ?? '')} />
}

/** When the value of a customer is taken. A property of an event has no value of now. */
export function AtField<B extends Any>({ value, onChange }: { value: B; onChange: (next: B) => void }) {
  const { t } = useLingui()
  if (!value.by || value.by === 'property') return null
  return (
    <NativeSelect
      size="xs"
      label={t`As it was`}
      data={[
        { value: 'event', label: t`at the event` },
        { value: 'now', label: t`now` },
      ]}
      value={value.at ?? 'event'}
      onChange={(e) => onChange({ ...value, at: e.currentTarget.value === 'now' ? 'now' : undefined })}
    />
  )
}

/** Says that a property is still to be named at a place. */
export function RowsGap({ path }: { path: string }) {
  const { t } = useLingui()
  const { gap } = useProblems(path)
  return gap === 'rows' ? <p className={classes.gap}>{t`Choose what to look at.`}</p> : null
}
