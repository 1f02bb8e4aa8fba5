import { ActionIcon, Button, Checkbox, Select, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import type { Compare, Did, DidOp, Lapse, Measure, Message, Sequence, Step, Value } from '~/api/condition'
import { IconDown, IconPlus, IconUp } from '~/ui/icons'
import { NumberField, SpanField, WindowField } from './fields'
import { RemoveButton } from './lines'
import { choiceOf, didMatch, needsProperty, picks, sums, tidy, withChoice, withMeasure } from './kinds'
import { MatchValue, OpField, WhereLines } from './match-fields'
import { EventField, NameField, type Source, useTypes } from './suggest'
import { outcomesOf, useWords } from './words'
import classes from './builder.module.css'

const measures: Measure[] = ['count', 'distinct_days', 'sum', 'mean', 'min', 'max', 'distinct', 'first', 'last', 'first_time', 'last_time']
const countOps: DidOp[] = ['gte', 'gt', 'lte', 'lt', 'is', 'between', 'not_between', 'never']
const sourceOf = (p: { kind?: Did['kind']; event?: string }): Source => ({ of: 'property', event: p.event, kind: p.kind })

/** How often or how much: an operator and a number or two. Left out it means at least once. */
function CountField<T extends { op?: DidOp; value?: Value | Value[] }>({ of, onChange, place, times }: { of: T; onChange: (next: T) => void; place: string; times: boolean }) {
  const { t } = useLingui()
  const words = useWords()
  const op = of.op === 'eq' ? 'is' : (of.op ?? 'gte')
  const range = op === 'between' || op === 'not_between'
  const [a, b] = Array.isArray(of.value) ? of.value : [of.value ?? 1, of.value ?? 1]
  const choose = (next: DidOp) => onChange(tidy({ ...of, op: next, value: next === 'never' ? undefined : next === 'between' || next === 'not_between' ? [a ?? 1, b ?? 1] : (a ?? 1) }))
  return (
    <span className={classes.pair}>
      <Select size="xs" w={112} aria-label={t`How many`} allowDeselect={false} data={countOps.filter((o) => times || o !== 'never').map((o) => ({ value: o, label: words.count(o) }))} value={op} onChange={(o) => o && choose(o as DidOp)} />
      {op !== 'never' && <NumberField label={range ? t`From` : t`Number`} value={a} onChange={(v) => onChange({ ...of, op, value: range ? [v, b ?? ''] : v })} place={`${place}.value`} w={70} />}
      {range && (
        <>
          <span>{t`and`}</span>
          <NumberField label={t`To`} value={b} onChange={(v) => onChange({ ...of, op, value: [a ?? '', v] })} place={`${place}.value`} w={70} />
        </>
      )}
      {times && op !== 'never' && <span>{t({ message: 'times', context: 'at least 3 times' })}</span>}
    </span>
  )
}

function MeasureField({ did, onChange, place, numbers = false }: { did: Did; onChange: (d: Did) => void; place: string; numbers?: boolean }) {
  const { t } = useLingui()
  const words = useWords()
  return (
    <>
      <Select size="xs" w={160} aria-label={t`What to measure`} allowDeselect={false} data={measures.filter((m) => !numbers || !picks(m)).map((m) => ({ value: m, label: words.measure(m) }))} value={did.measure ?? 'count'} onChange={(m) => m && onChange(withMeasure(did, m as Measure))} />
      {needsProperty(did.measure) && <NameField source={sourceOf(did)} value={did.property ?? ''} label={t`Property to measure`} place={`${place}.property`} onChange={(property) => onChange({ ...did, property })} w={130} />}
    </>
  )
}

/** An event: which, how often or how much, when, with which properties. */
export function DidFields({ did, onChange, place }: { did: Did; onChange: (d: Did) => void; place: string }) {
  const set = (patch: Partial<Did>) => onChange(tidy({ ...did, ...patch }))
  return (
    <>
      <EventField value={did} place={place} onChange={(kind, event) => set({ kind, event })} />
      <MeasureField did={did} onChange={onChange} place={place} />
      {picks(did.measure) ? <PickedValue did={did} onChange={onChange} place={place} /> : <CountField of={did} onChange={onChange} place={place} times={(did.measure ?? 'count') === 'count'} />}
      <WindowField window={did.window} ends={sums(did.measure)} place={`${place}.window`} onChange={(window) => set({ window })} />
      <WhereLines where={did.where ?? []} source={sourceOf(did)} place={place} onChange={(where) => set({ where })} />
    </>
  )
}

function PickedValue({ did, onChange, place }: { did: Did; onChange: (d: Did) => void; place: string }) {
  const match = didMatch(did)
  const source = sourceOf(did)
  const time = did.measure === 'first_time' || did.measure === 'last_time'
  const { best } = useTypes(source, match.name)
  const set = (m: typeof match) => onChange(tidy({ ...did, op: m.op, value: m.value, ignore_case: m.ignore_case }))
  return (
    <>
      <OpField value={choiceOf(match)} best={time ? 'date' : best} only={time ? ['date'] : undefined} onChange={(op) => set(withChoice(match, op))} />
      <MatchValue match={match} source={source} place={place} onChange={set} />
    </>
  )
}

/** Two measures against each other. */
export function CompareFields({ compare, onChange, place }: { compare: Compare; onChange: (c: Compare) => void; place: string }) {
  const { t } = useLingui()
  const words = useWords()
  const side = (key: 'a' | 'b') => {
    const did = compare[key]
    const set = (next: Did) => onChange({ ...compare, [key]: tidy({ ...next, op: undefined, value: undefined }) })
    const here = `${place}.${key}`
    return (
      <div className={classes.where} role="group" aria-label={key === 'a' ? t`First measure` : t`Second measure`}>
        <MeasureField did={did} onChange={set} place={here} numbers />
        <span>{t({ message: 'of', context: 'sum of revenue of Order Completed' })}</span>
        <EventField value={did} place={here} onChange={(kind, event) => set({ ...did, kind, event })} />
        <WindowField window={did.window} ends={sums(did.measure)} place={`${here}.window`} onChange={(window) => set({ ...did, window })} />
        <WhereLines where={did.where ?? []} source={sourceOf(did)} place={here} onChange={(where) => set({ ...did, where })} />
      </div>
    )
  }
  return (
    <>
      {side('a')}
      <span className={classes.pair} style={{ flexBasis: '100%' }}>
        <Select size="xs" w={130} aria-label={t`Comparison`} allowDeselect={false} data={(['gt', 'gte', 'lt', 'lte'] as const).map((o) => ({ value: o, label: words.op(o) }))} value={compare.op} onChange={(op) => onChange({ ...compare, op: op as Compare['op'] })} />
        <NumberField label={t`Factor`} value={compare.factor ?? 1} min={0} place={`${place}.factor`} onChange={(v) => onChange({ ...compare, factor: v === '' || v === 1 ? undefined : v })} w={64} />
        <span>{t`times`}</span>
      </span>
      {side('b')}
    </>
  )
}

/** Events one after another. */
export function SequenceFields({ sequence, onChange, place }: { sequence: Sequence; onChange: (s: Sequence) => void; place: string }) {
  const { t } = useLingui()
  const { steps } = sequence
  const set = (next: Step[]) => onChange({ ...sequence, steps: next.map((s, i) => legal(s, i, next)) })
  return (
    <>
      {steps.map((step, i) => {
        const here = `${place}.steps[${i}]`
        const change = (patch: Partial<Step>) => set(steps.with(i, tidy({ ...step, ...patch })))
        const last = i === steps.length - 1
        const canNot = i > 0 && !steps[i - 1]!.not
        const canSpan = i > 0 && (!step.not || last)
        return (
          <div key={i} className={`${classes.where} ${classes.stepRow}`} role="group" aria-label={t`Step ${i + 1}`}>
            <span className={classes.step}>{i + 1}</span>
            {canNot ? <Select size="xs" w={94} aria-label={t`Happened or not`} allowDeselect={false} data={[{ value: 'then', label: t`then` }, { value: 'not', label: t`and not` }]} value={step.not ? 'not' : 'then'} onChange={(v) => change({ not: v === 'not' || undefined })} /> : <span>{i === 0 ? t`first` : t`then`}</span>}
            <EventField value={step} place={here} onChange={(kind, event) => change({ kind, event })} />
            {canSpan && (step.within ? (
              <span className={classes.pair}>
                <span>{t`within`}</span>
                <SpanField value={step.within} place={`${here}.within`} onChange={(within) => change({ within })} />
                <RemoveButton label={t`However long after`} onClick={() => change({ within: undefined })} />
              </span>
            ) : (
              <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} onClick={() => change({ within: '1d' })}>{t`within…`}</Button>
            ))}
            <WhereLines where={step.where ?? []} source={sourceOf(step)} place={here} onChange={(where) => change({ where })} />
            <span className={classes.end}>
              <ActionIcon size="sm" variant="subtle" color="gray" disabled={i === 0} aria-label={t`Step ${i + 1} up`} onClick={() => set(steps.with(i, steps[i - 1]!).with(i - 1, step))}>
                <IconUp size={14} />
              </ActionIcon>
              <ActionIcon size="sm" variant="subtle" color="gray" disabled={last} aria-label={t`Step ${i + 1} down`} onClick={() => set(steps.with(i, steps[i + 1]!).with(i + 1, step))}>
                <IconDown size={14} />
              </ActionIcon>
              {steps.length > 2 && <RemoveButton label={t`Remove step ${i + 1}`} onClick={() => set(steps.toSpliced(i, 1))} />}
            </span>
          </div>
        )
      })}
      <span className={classes.pair} data-wrap style={{ flexBasis: '100%' }}>
        {steps.length < 20 && (
          <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} onClick={() => set([...steps, { event: '' }])}>{t`Step`}</Button>
        )}
        <span>{t`All of it`}</span>
        <WindowField window={sequence.window} calendar={false} place={`${place}.window`} onChange={(window) => onChange(tidy({ ...sequence, window }))} />
      </span>
    </>
  )
}

/** A step as it may stand at its place: moving steps must not make a condition that cannot be. */
function legal(step: Step, i: number, steps: Step[]): Step {
  const not = step.not && i > 0 && !steps[i - 1]!.not ? true : undefined
  const within = i > 0 && (!not || i === steps.length - 1) ? step.within : undefined
  return tidy({ ...step, not, within })
}

/** Silence: a time since the last event, or a multiple of what is usual for the customer. */
export function LapseFields({ lapse, onChange, place }: { lapse: Lapse; onChange: (l: Lapse) => void; place: string }) {
  const { t } = useLingui()
  const own = lapse.gap_multiple !== undefined && lapse.gap_multiple > 0
  const number = (v: number | '') => (v === '' ? undefined : v)
  return (
    <>
      <span>{t`no`}</span>
      <EventField value={lapse} place={place} onChange={(kind, event) => onChange(tidy({ ...lapse, kind, event }))} />
      <span>{t`for`}</span>
      <NumberField label={t`Days`} value={lapse.days} min={0} place={`${place}.days`} onChange={(v) => onChange({ ...lapse, days: v === '' ? 0 : v })} w={70} />
      <span>{t`days after the last one`}</span>
      <Checkbox size="xs" label={t`by the customer's own rhythm`} checked={own} onChange={(e) => onChange(tidy({ ...lapse, gap_multiple: e.currentTarget.checked ? 2 : undefined, min_days: undefined, max_days: undefined }))} />
      {own && (
        <span className={classes.pair} data-wrap style={{ flexBasis: '100%' }}>
          <span>{t`instead after`}</span>
          <NumberField label={t`Multiple of the usual gap`} value={lapse.gap_multiple} min={0.1} place={`${place}.gap_multiple`} onChange={(v) => onChange({ ...lapse, gap_multiple: v === '' ? 2 : v })} w={64} />
          <span>{t`times the usual gap, not before`}</span>
          <NumberField label={t`Least days`} value={lapse.min_days} min={0} place={`${place}.min_days`} onChange={(v) => onChange(tidy({ ...lapse, min_days: number(v) }))} w={64} />
          <span>{t`and not after`}</span>
          <NumberField label={t`Most days`} value={lapse.max_days} min={0} place={`${place}.max_days`} onChange={(v) => onChange(tidy({ ...lapse, max_days: number(v) }))} w={64} />
          <span>{t`days`}</span>
        </span>
      )}
      <WhereLines where={lapse.where ?? []} source={sourceOf(lapse)} place={place} onChange={(where) => onChange(tidy({ ...lapse, where }))} />
    </>
  )
}

/** What became of messages. */
export function MessageFields({ message, onChange, place }: { message: Message; onChange: (m: Message) => void; place: string }) {
  const { t } = useLingui()
  const words = useWords()
  const channel = message.channel ?? 'email'
  const set = (patch: Partial<Message>) => onChange(tidy({ ...message, ...patch }))
  return (
    <>
      <Select size="xs" w={130} aria-label={t`Channel`} allowDeselect={false} data={Object.keys(outcomesOf).map((c) => ({ value: c, label: words.channel(c) }))} value={channel} onChange={(c) => c && set({ channel: c, did: outcomesOf[c]!.includes(message.did) ? message.did : 'sent' })} />
      <Select size="xs" w={190} aria-label={t`What happened to it`} allowDeselect={false} data={(outcomesOf[channel] ?? []).map((o) => ({ value: o, label: words.outcome(o) }))} value={message.did} onChange={(did) => did && set({ did })} />
      <CountField of={message} onChange={onChange} place={place} times />
      <WindowField window={message.window} ends place={`${place}.window`} onChange={(window) => set({ window })} />
      <TextField label={t`Only of the message`} value={message.message ?? ''} onChange={(text) => set({ message: text || undefined })} />
      <TextField label={t`Only of the journey`} value={message.journey ?? ''} onChange={(text) => set({ journey: text || undefined })} />
    </>
  )
}

function TextField({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  return <TextInput size="xs" w={170} aria-label={label} placeholder={label} value={value} onChange={(e) => onChange(e.currentTarget.value)} />
}
