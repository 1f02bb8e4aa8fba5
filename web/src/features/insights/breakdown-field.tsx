import { Autocomplete, NativeSelect, Switch } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import type { Breakdown } from '~/api/insights'
import { Remove } from '~/features/models/condition'
import { OptionalNumber, Section } from './section'
import { PropertyField } from './fields'
import { ProblemLine } from './problems'
import classes from './insights.module.css'

type Any = Omit<Breakdown, 'at'> & { at?: string }

/** Splits an answer by the values of a property of the events, or of what the customer was. */
export function BreakdownField<B extends Any>({ value, event, path, onChange, moment = true, children }: { value: B | undefined; event?: string; path: string; onChange: (next: B | undefined) => void; /** Whether it is chosen here when the value of a customer is taken. */ moment?: boolean; children?: React.ReactNode }) {
  const { t } = useLingui()
  const traits = useQuery({ ...q.traitNames(), enabled: value?.by === 'trait' })
  const models = useQuery({ ...q.models(), enabled: value?.by === 'stage' })
  return (
    <Section title={t`Breakdown`}>
      {!value ? (
        <Switch size="sm" label={t`Split by the values of a property`} checked={false} onChange={() => onChange({ property: '' } as B)} />
      ) : (
        <>
          <div className={classes.fields}>
            <NativeSelect
              size="xs"
              aria-label={t`Split by`}
              data={[
                { value: 'property', label: t`property of the event` },
                { value: 'trait', label: t`trait of the customer` },
                { value: 'stage', label: t`stage of the customer` },
              ]}
              value={value.by ?? 'property'}
              onChange={(e) => {
                const by = e.currentTarget.value as Breakdown['by']
                onChange({ ...value, by: by === 'property' ? undefined : by, property: by === 'stage' ? (models.data?.[0]?.key ?? '') : '', ...(moment ? { at: undefined } : {}) })
              }}
            />
            {(value.by ?? 'property') === 'property' && <PropertyField label={t`Property to split by`} value={value.property} event={event} w={180} onChange={(property) => onChange({ ...value, property })} />}
            {value.by === 'trait' && <Autocomplete size="xs" aria-label={t`Trait to split by`} placeholder={t`Trait`} w={160} data={[...new Set((traits.data ?? []).map((x) => x.name))]} value={value.property} onChange={(property) => onChange({ ...value, property })} />}
            {value.by === 'stage' && <NativeSelect size="xs" aria-label={t`Stage model`} data={[{ value: '', label: t`Stage model` }, ...(models.data ?? []).map((m) => ({ value: m.key, label: m.name }))]} value={value.property} onChange={(e) => onChange({ ...value, property: e.currentTarget.value })} />}
            <Remove onClick={() => onChange(undefined)} />
          </div>
          <div className={classes.two}>
            <OptionalNumber label={t`Values shown, the rest together`} value={value.top} max={1000} placeholder="25" onChange={(top) => onChange({ ...value, top })} />
            {moment && value.by && (
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
            )}
            {children}
          </div>
        </>
      )}
      <ProblemLine path={path} />
    </Section>
  )
}
