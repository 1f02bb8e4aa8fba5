import { Button, Checkbox, Group, NativeSelect, NumberInput, Switch, TagsInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { lazy, Suspense, useState } from 'react'
import type { Attribution, EventPick } from '~/api/insights'
import { SpanField } from '~/conditions/fields'
import { IconPlus } from '~/ui/icons'
import { EventRow, PropertyField } from './fields'
import { ProblemLine } from './problems'
import { Section } from './section'
import classes from './insights.module.css'

const ChannelRules = lazy(() => import('./channel-rules'))

type Props = { attribution: Attribution; onChange: (next: Attribution) => void }

/** What is shared out, among which visits, and by which models. */
export default function AttributionForm({ attribution: a, onChange }: Props) {
  const { t } = useLingui()
  const [more, setMore] = useState(() => [a.channels, a.own, a.touches, a.not_touches, a.order, a.gap].some(Boolean))
  const set = (patch: Partial<Attribution>) => onChange({ ...a, ...patch })
  return (
    <>
      <Section title={t`Conversion`}>
        <EventRow label={t`Event that is a conversion`} path="attribution.conversion" value={a.conversion} onPick={(kind, event) => set({ conversion: { ...a.conversion, kind, event } })} onWhere={(where) => set({ conversion: { ...a.conversion, where } })} />
        <ValueFields attribution={a} onChange={onChange} />
      </Section>
      <Section title={t`Which visits count`}>
        <div className={classes.fields}>
          <span>{t`Visits up to`}</span>
          <SpanField value={a.look_back ?? '30d'} onChange={(look_back) => set({ look_back: look_back === '30d' ? undefined : look_back })} />
          <span>{t`before the conversion`}</span>
        </div>
        <ProblemLine path="attribution.look_back" />
        <NativeSelect
          size="xs"
          label={t`Direct visits`}
          data={[
            { value: 'ignored', label: t`do not count, unless there are no others` },
            { value: 'counts', label: t`count like any other channel` },
          ]}
          value={a.direct ?? 'ignored'}
          onChange={(e) => set({ direct: e.currentTarget.value === 'counts' ? 'counts' : undefined })}
        />
        <Switch size="sm" label={t`A conversion begins a new path`} checked={!a.keep_path} onChange={(e) => set({ keep_path: e.currentTarget.checked ? undefined : true })} />
      </Section>
      <ModelFields attribution={a} onChange={onChange} />
      <Section title={t`Channels and visits`}>
        {more ? (
          <Suspense>
            <MoreFields attribution={a} onChange={onChange} />
            <ChannelRules rules={a.channels ?? []} onChange={(channels) => set({ channels: channels.length > 0 ? channels : undefined })} />
          </Suspense>
        ) : (
          <Button size="compact-sm" variant="subtle" style={{ justifySelf: 'start' }} data-open="channels" aria-expanded={false} onClick={() => setMore(true)}>{t`Change what a visit is and what its channel is`}</Button>
        )}
      </Section>
    </>
  )
}

/** The money of a conversion, and what takes from it. */
function ValueFields({ attribution: a, onChange }: Props) {
  const { t } = useLingui()
  const set = (patch: Partial<Attribution>) => onChange({ ...a, ...patch })
  const order = a.conversion.event === 'Order Completed'
  const own = a.refunds !== undefined
  const refunds = (list: EventPick[]) => set({ refunds: list })
  return (
    <>
      <div className={classes.fields}>
        <span>{t`Its value is`}</span>
        <PropertyField label={t`no value, or a property`} numeric value={a.value ?? ''} event={a.conversion.event} w={180} onChange={(value) => set({ value: value || undefined })} />
      </div>
      <ProblemLine path="attribution.value" />
      {a.value && (
        <>
          <Switch size="sm" label={order ? t`Own refunds, instead of refunded and cancelled orders` : t`Refunds take from the value`} checked={own} onChange={(e) => set({ refunds: e.currentTarget.checked ? [{ kind: 'track', event: '' }] : undefined, refund_value: undefined })} />
          {a.refunds?.map((e, i) => (
            <EventRow key={i} label={t`Refund ${i + 1}`} path={`attribution.refunds[${i}]`} value={e} onPick={(kind, event) => refunds(a.refunds!.with(i, { ...e, kind, event }))} onWhere={(where) => refunds(a.refunds!.with(i, { ...e, where }))} actions={[{ label: t`Remove`, run: () => refunds(a.refunds!.toSpliced(i, 1)) }]} />
          ))}
          {own && (
            <div className={classes.fields}>
              <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} disabled={a.refunds!.length >= 10} onClick={() => refunds([...a.refunds!, { kind: 'track', event: '' }])}>
                {t`Add a refund`}
              </Button>
              <span>{t`amount in`}</span>
              <PropertyField label={a.value} numeric value={a.refund_value ?? ''} event={a.refunds![0]?.event} w={130} onChange={(refund_value) => set({ refund_value: refund_value || undefined })} />
            </div>
          )}
          {own && a.refunds!.length === 0 && <p className={classes.gap}>{t`Nothing takes from the value.`}</p>}
        </>
      )}
    </>
  )
}

/** What the models need to be told. The simple ones need nothing. */
function ModelFields({ attribution: a, onChange }: Props) {
  const { t } = useLingui()
  const set = (patch: Partial<Attribution>) => onChange({ ...a, ...patch })
  const marks = a.lead !== undefined || a.opportunity !== undefined
  const mark = (key: 'lead' | 'opportunity', label: string) => a[key] && <EventRow label={label} path={`attribution.${key}`} value={a[key]} onPick={(kind, event) => set({ [key]: { ...a[key], kind, event } })} onWhere={(where) => set({ [key]: { ...a[key], where } })} actions={[{ label: t`Remove`, run: () => set({ [key]: undefined }) }]} />
  return (
    <Section title={t`Models`}>
      <div className={classes.fields}>
        <span>{t`Time decay halves every`}</span>
        <SpanField value={a.half_life ?? '7d'} onChange={(half_life) => set({ half_life: half_life === '7d' ? undefined : half_life })} />
      </div>
      <ProblemLine path="attribution.half_life" />
      <div className={classes.fields} role="group" aria-label={t`Orders of the Markov chains`}>
        <span>{t`Markov, orders`}</span>
        <Checkbox.Group value={(a.markov ?? [1, 2, 3]).map(String)} onChange={(list) => list.length > 0 && set({ markov: list.map(Number).sort((x, y) => x - y) })}>
          <Group gap={10}>
            {[1, 2, 3, 4].map((n) => (
              <Checkbox key={n} size="xs" value={String(n)} label={n} />
            ))}
          </Group>
        </Checkbox.Group>
      </div>
      <Switch size="sm" label={t`W-shaped: mark the lead and the opportunity`} checked={marks} onChange={(e) => set(e.currentTarget.checked ? { lead: { kind: 'track', event: '' } } : { lead: undefined, opportunity: undefined })} />
      {mark('lead', t`Event that makes a lead`)}
      {mark('opportunity', t`Event that makes an opportunity`)}
      {marks && (!a.lead || !a.opportunity) && (
        <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} style={{ justifySelf: 'start' }} onClick={() => set(a.lead ? { opportunity: { kind: 'track', event: '' } } : { lead: { kind: 'track', event: '' } })}>
          {a.lead ? t`Add an opportunity` : t`Add a lead`}
        </Button>
      )}
      <div className={classes.two}>
        <NumberInput size="xs" label={t`Draws for the intervals`} description={t`0: no intervals`} min={0} max={1000} hideControls allowDecimal={false} placeholder="200" value={a.resamples ?? ''} onChange={(v) => set({ resamples: v === '' ? undefined : Number(v) })} />
        <NumberInput size="xs" label={t`Seed of the draws`} description={t`The same seed, the same intervals`} min={0} hideControls allowDecimal={false} placeholder="0" value={a.seed ?? ''} onChange={(v) => set({ seed: v === '' || Number(v) === 0 ? undefined : Number(v) })} />
      </div>
      <ProblemLine path="attribution.resamples" />
    </Section>
  )
}

function MoreFields({ attribution: a, onChange }: Props) {
  const { t } = useLingui()
  const set = (patch: Partial<Attribution>) => onChange({ ...a, ...patch })
  const touches = a.touches ?? []
  const put = (list: EventPick[]) => set({ touches: list.length > 0 ? list : undefined })
  return (
    <>
      <div className={classes.fields}>
        <span>{t`A visit ends after a pause of`}</span>
        <SpanField value={a.gap ?? '30m'} onChange={(gap) => set({ gap: gap === '30m' ? undefined : gap })} />
      </div>
      <ProblemLine path="attribution.gap" />
      <Switch size="sm" label={t`A new visit begins at midnight`} checked={a.split_midnight ?? false} onChange={(e) => set({ split_midnight: e.currentTarget.checked || undefined })} />
      <Switch size="sm" label={t`A new visit begins when another campaign brings the customer`} checked={a.split_campaign ?? false} onChange={(e) => set({ split_campaign: e.currentTarget.checked || undefined })} />
      {touches.map((e, i) => (
        <EventRow key={i} label={t`Visit ${i + 1}`} path={`attribution.touches[${i}]`} value={e} onPick={(kind, event) => put(touches.with(i, { ...e, kind, event }))} onWhere={(where) => put(touches.with(i, { ...e, where }))} actions={[{ label: t`Remove`, run: () => put(touches.toSpliced(i, 1)) }]} />
      ))}
      <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={12} />} style={{ justifySelf: 'start' }} disabled={touches.length >= 20} onClick={() => put([...touches, { kind: 'page', event: '' }])}>
        {touches.length > 0 ? t`Another event of visits` : t`Only some events make visits`}
      </Button>
      <TagsInput size="xs" label={t`Events that are no visits`} description={t`Empty: refunds, and what a mailing or a shop does by itself`} placeholder={t`Names, each with Enter`} value={a.not_touches ?? []} onChange={(list) => set({ not_touches: list.length > 0 ? list : undefined })} />
      <TagsInput size="xs" label={t`Hosts that say nothing`} description={t`Empty: pages for payment and signing in`} placeholder={t`Names, each with Enter`} value={a.own ?? []} onChange={(list) => set({ own: list.length > 0 ? list : undefined })} />
      <div className={classes.fields}>
        <span>{t`An order counts once, by`}</span>
        <PropertyField label="order_id" value={a.order ?? ''} event={a.conversion.event} w={150} onChange={(order) => set({ order: order || undefined })} />
      </div>
    </>
  )
}
