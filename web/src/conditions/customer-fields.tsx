import { Autocomplete, Checkbox, MultiSelect, Select, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { q } from '~/api'
import { type Consent, eventTime, type Match, type Rfm, type Sample, type Stage } from '~/api/condition'
import { segments } from '~/api/segments'
import { useFormat } from '~/ui/format'
import { useBuilder, useFault } from './context'
import { NumberField, Toggles, WindowField } from './fields'
import { choiceOf, tidy, withChoice } from './kinds'
import { MatchValue, OpField } from './match-fields'
import { useWords } from './words'
import classes from './builder.module.css'

/** A stage of a model: is in it, since when and from where; entered it; has been in it. */
export function StageFields({ stage, onChange, place }: { stage: Stage; onChange: (s: Stage) => void; place: string }) {
  const { stages } = useBuilder()
  return stages && stage.was !== undefined && !stage.model ? <OwnStage stages={stages} was={stage.was} onChange={(was) => onChange({ was })} place={place} /> : <AnyStage stage={stage} onChange={onChange} place={place} />
}

/** In a stage model: has been in one of its other stages. */
function OwnStage({ stages, was, onChange, place }: { stages: { key: string; label: string }[]; was: string; onChange: (was: string) => void; place: string }) {
  const { t } = useLingui()
  const fault = useFault(place)
  return (
    <>
      <span>{t`has been in`}</span>
      <Select size="xs" w={220} aria-label={t`Stage`} placeholder={t`Stage`} allowDeselect={false} data-gap={fault.gap || undefined} error={!!fault.error} data={stages.map((s) => ({ value: s.key, label: s.label || s.key }))} value={was || null} onChange={(key) => key && onChange(key)} />
    </>
  )
}

function AnyStage({ stage, onChange, place }: { stage: Stage; onChange: (s: Stage) => void; place: string }) {
  const { t } = useLingui()
  const { data: models } = useQuery(q.models())
  const model = models?.find((m) => m.key === stage.model) ?? models?.find((m) => m.is_default) ?? models?.[0]
  const stages = (model?.stages ?? []).map((s) => ({ value: s.key, label: s.label }))
  const mode = stage.was !== undefined ? 'was' : stage.entered ? 'entered' : 'in'
  const chosen = stage.in ?? stage.entered ?? (stage.was ? [stage.was] : [])
  const fault = useFault(place)
  const base = { model: stage.model }
  const choose = (next: string) => onChange(tidy(next === 'was' ? { ...base, was: chosen[0] ?? '' } : next === 'entered' ? { ...base, entered: chosen, from: stage.from } : { ...base, in: chosen, from: stage.from }))
  const since: Match = stage.since ?? { name: eventTime, op: 'more_than_ago', value: '30d' }
  return (
    <>
      <Select size="xs" w={140} aria-label={t`Stage condition`} allowDeselect={false} data={[{ value: 'in', label: t`is in` }, { value: 'entered', label: t`entered` }, { value: 'was', label: t`has been in` }]} value={mode} onChange={(m) => m && choose(m)} />
      {mode === 'was' ? (
        <Select size="xs" w={180} aria-label={t`Stage`} placeholder={t`Stage`} data-gap={fault.gap || undefined} error={!!fault.error} data={stages} value={stage.was || null} onChange={(was) => onChange({ ...stage, was: was ?? '' })} />
      ) : (
        <MultiSelect size="xs" miw={180} maw={420} aria-label={t`Stages`} placeholder={chosen.length > 0 ? '' : t`One or more stages`} data-gap={fault.gap || undefined} error={!!fault.error} data={stages} value={chosen} onChange={(list) => onChange({ ...stage, [mode]: list })} />
      )}
      {(models?.length ?? 0) > 1 && <Select size="xs" w={170} aria-label={t`Stage model`} allowDeselect={false} data={models!.map((m) => ({ value: m.key, label: m.name }))} value={model?.key ?? null} onChange={(key) => onChange(tidy({ [mode]: mode === 'was' ? '' : [], model: models!.find((m) => m.key === key)?.is_default ? undefined : (key ?? undefined) }) as Stage)} />}
      {mode !== 'was' && <Select size="xs" w={180} aria-label={t`Directly from the stage`} placeholder={t`from any stage`} clearable clearButtonProps={{ 'aria-label': t`Clear` }} data={stages.map((s) => ({ ...s, label: t`from ${s.label}` }))} value={stage.from ?? null} onChange={(from) => onChange(tidy({ ...stage, from: from ?? undefined }))} />}
      {mode === 'in' && <Checkbox size="xs" label={t`since`} checked={!!stage.since} onChange={(e) => onChange(tidy({ ...stage, since: e.currentTarget.checked ? since : undefined }))} />}
      {mode === 'in' && stage.since && (
        <>
          <OpField value={choiceOf(since)} best="date" only={['date']} onChange={(op) => onChange({ ...stage, since: withChoice(since, op) })} />
          <MatchValue match={since} source={{ of: 'element' }} place={`${place}.since`} onChange={(m) => onChange({ ...stage, since: m })} />
        </>
      )}
      {mode === 'entered' && <WindowField window={stage.window} calendar={false} place={`${place}.window`} onChange={(window) => onChange(tidy({ ...stage, window }))} />}
    </>
  )
}

/** Members of another segment. */
export function SegmentFields({ name, onChange, place }: { name: string; onChange: (key: string) => void; place: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const { self } = useBuilder()
  const { data } = useQuery(segments.list())
  const fault = useFault(`${place}.key`)
  const list = (data?.segments ?? []).filter((s) => s.key !== self || s.key === name)
  const sizes = new Map(list.map((s) => [s.key, s.size]))
  return (
    <>
      <span>{t`is in`}</span>
      <Select size="xs" w={240} aria-label={t`Segment`} placeholder={t`Choose a segment`} searchable allowDeselect={false} error={!!fault.error} data-gap={fault.gap || undefined} nothingFoundMessage={t`No other segment yet`} data={[...list.map((s) => ({ value: s.key, label: s.name })), ...(name && !sizes.has(name) ? [{ value: name, label: name }] : [])]} value={name || null} onChange={(key) => key && onChange(key)} renderOption={({ option }) => (
        <div className={classes.option}>
          <span>{option.label}</span>
          <small>{f.compact(sizes.get(option.value) ?? 0)}</small>
        </div>
      )} />
    </>
  )
}

const states = ['subscribed', 'unknown', 'pending', 'unsubscribed']

/** What the customer said about a channel. */
export function ConsentFields({ consent, onChange, place }: { consent: Consent; onChange: (c: Consent) => void; place: string }) {
  const { t } = useLingui()
  const words = useWords()
  const fault = useFault(`${place}.channel`)
  return (
    <>
      <Autocomplete size="xs" w={120} aria-label={t`Channel`} data={['email', 'push', 'sms']} error={!!fault.error} data-gap={fault.gap || undefined} value={consent.channel} onChange={(channel) => onChange({ ...consent, channel })} />
      <TextInput size="xs" w={150} aria-label={t`Topic, empty for the channel as a whole`} placeholder={t`whole channel`} value={consent.topic ?? ''} onChange={(e) => onChange(tidy({ ...consent, topic: e.currentTarget.value || undefined }))} />
      <span>{t`is`}</span>
      <Toggles label={t`States of consent`} items={states.map((s) => ({ value: s, label: words.consent(s) }))} value={consent.state} onChange={(state) => onChange({ ...consent, state })} />
    </>
  )
}

/** Scores from 1 to 5, 5 the best; no score of a letter chosen means any. */
export function RfmFields({ rfm, onChange }: { rfm: Rfm; onChange: (r: Rfm) => void }) {
  const { t } = useLingui()
  const { data: run, isSuccess } = useQuery(segments.rfm())
  const names = { r: t`Recency`, f: t`Frequency`, m: t`Money` }
  const items = [1, 2, 3, 4, 5].map((n) => ({ value: n, label: String(n) }))
  return (
    <>
      {(['r', 'f', 'm'] as const).map((key) => (
        <span key={key} className={classes.pair}>
          <span>{names[key]}</span>
          <Toggles label={t`Scores of ${names[key]}`} items={items} value={rfm[key] ?? []} onChange={(list) => onChange(tidy({ ...rfm, [key]: list.length > 0 ? list : undefined }))} />
        </span>
      ))}
      <span className={classes.small}>{t`5 is the best; none chosen means any`}</span>
      {isSuccess && !run && (
        <span className={classes.small}>
          {t`There are no cut points yet.`} <Link to="/segments/rfm">{t`Take them on the RFM page`}</Link>
        </span>
      )}
    </>
  )
}

/** A share of all customers that never changes. */
export function SampleFields({ sample, onChange, place }: { sample: Sample; onChange: (s: Sample) => void; place: string }) {
  const { t } = useLingui()
  const fault = useFault(`${place}.salt`)
  return (
    <>
      <span>{t`from`}</span>
      <NumberField label={t`From the share`} value={sample.from ?? 0} min={0} max={100} suffix=" %" place={`${place}.from`} onChange={(v) => onChange({ ...sample, from: v === '' ? 0 : v })} />
      <span>{t`to`}</span>
      <NumberField label={t`To the share`} value={sample.to} min={0} max={100} suffix=" %" place={`${place}.to`} onChange={(v) => onChange({ ...sample, to: v === '' ? 0 : v })} />
      <span>{t`of the draw`}</span>
      <TextInput size="xs" w={150} aria-label={t`Name of the draw`} error={!!fault.error} data-gap={fault.gap || undefined} value={sample.salt} onChange={(e) => onChange({ ...sample, salt: e.currentTarget.value })} />
      <span className={classes.small}>{t`Shares of one draw that do not meet have nobody in common.`}</span>
    </>
  )
}
