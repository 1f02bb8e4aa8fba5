import { NumberInput, Select, UnstyledButton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Window } from '~/api/condition'
import { EdgeField } from './moment'
import { useFault } from './context'
import { readSpan, tidy } from './kinds'
import { useWords } from './words'
import classes from './builder.module.css'

/** A number. */
export function NumberField({ value, onChange, place, label, min, max, whole = false, suffix, w = 82 }: { value: unknown; onChange: (n: number | '') => void; place: string; label: string; min?: number; max?: number; whole?: boolean; suffix?: string; w?: number }) {
  const fault = useFault(place)
  return <NumberInput size="xs" w={w} hideControls aria-label={label} error={!!fault.error} data-gap={fault.gap || undefined} value={typeof value === 'number' ? value : ''} min={min} max={max} clampBehavior="blur" allowDecimal={!whole} suffix={suffix} onChange={(v) => onChange(v === '' || Number.isNaN(Number(v)) ? '' : Number(v))} />
}

/** A length of time: a number and a unit. */
export function SpanField({ value, onChange, place = '', label }: { value: unknown; onChange: (span: string) => void; place?: string; label?: string }) {
  const { t } = useLingui()
  const words = useWords()
  const span = readSpan(value) ?? { n: 30, unit: 'd' }
  const fault = useFault(place)
  return (
    <span className={classes.pair}>
      <NumberInput size="xs" w={64} hideControls aria-label={label ?? t`Length of time`} error={!!fault.error} min={1} allowDecimal={false} allowNegative={false} value={span.n} onChange={(v) => Number(v) > 0 && onChange(`${Number(v)}${span.unit}`)} />
      <Select size="xs" w={96} aria-label={t`Unit of time`} allowDeselect={false} data={['s', 'm', 'h', 'd', 'w'].map((u) => ({ value: u, label: words.unit(u) }))} value={span.unit} onChange={(u) => onChange(`${span.n}${u}`)} />
    </span>
  )
}

const calendars = ['today', 'yesterday', 'this_week', 'last_week', 'this_month', 'last_month', 'this_quarter', 'last_quarter', 'this_year', 'last_year']

/** When: any time, a span until now or until some time ago, a period of the calendar, or dates. */
export function WindowField({ window: w, onChange, place, ends = false, calendar = true }: { window: Window | undefined; onChange: (w: Window | undefined) => void; place: string; /** The span may end before now. */ ends?: boolean; calendar?: boolean }) {
  const { t } = useLingui()
  const words = useWords()
  const { error, gap } = useFault(place)
  const mode = !w ? 'any' : w.calendar ? w.calendar : w.last ? (w.before ? 'ended' : 'last') : 'range'
  const set = (next: string) => {
    if (next === 'any') onChange(undefined)
    else if (next === 'last') onChange({ last: w?.last ?? '30d' })
    else if (next === 'ended') onChange({ last: w?.last ?? '30d', before: '30d' })
    else if (next === 'range') onChange({})
    else onChange({ calendar: next })
  }
  return (
    <span className={classes.pair} data-wrap>
      <Select
        size="xs"
        w={158}
        aria-label={t`When`}
        allowDeselect={false}
        error={!!error}
        value={mode}
        onChange={(v) => v && set(v)}
        data={[
          { group: t`Running`, items: [{ value: 'any', label: t`at any time` }, { value: 'last', label: t`in the last` }, ...(ends || mode === 'ended' ? [{ value: 'ended', label: t`in a past span of` }] : [])] },
          ...(calendar || w?.calendar ? [{ group: t`Calendar`, items: calendars.map((c) => ({ value: c, label: words.calendar(c) })) }] : []),
          { group: t`Dates`, items: [{ value: 'range', label: t`between dates` }] },
        ]}
      />
      {w?.last && <SpanField value={w.last} place={`${place}.last`} onChange={(last) => onChange(tidy({ ...w, last }))} />}
      {w?.before && (
        <>
          <span>{t`ending this long ago:`}</span>
          <SpanField value={w.before} place={`${place}.before`} label={t`How long ago the span ended`} onChange={(before) => onChange({ ...w, before })} />
        </>
      )}
      {mode === 'range' && w && (
        <>
          <EdgeField at={w.from} label={t`From the day, empty for always`} gap={gap} onChange={(from) => onChange(tidy({ ...w, from }))} />
          <span>–</span>
          <EdgeField until at={w.to} label={t`Until the day, empty for ever`} gap={gap} onChange={(to) => onChange(tidy({ ...w, to }))} />
        </>
      )}
    </span>
  )
}

/** Small buttons of which any can be on. */
export function Toggles<T extends string | number>({ label, items, value, onChange }: { label: string; items: { value: T; label: string }[]; value: T[]; onChange: (value: T[]) => void }) {
  return (
    <span className={classes.toggles} role="group" aria-label={label}>
      {items.map((item) => (
        <UnstyledButton key={item.value} className={classes.toggle} aria-pressed={value.includes(item.value)} onClick={() => onChange(items.map((i) => i.value).filter((v) => (v === item.value ? !value.includes(v) : value.includes(v))))}>
          {item.label}
        </UnstyledButton>
      ))}
    </span>
  )
}
