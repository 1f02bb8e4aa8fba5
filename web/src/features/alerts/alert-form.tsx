import { Button, Group, Modal, NativeSelect, NumberInput, SegmentedControl, Select, Stack, TagsInput, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Alert, alerts, type AlertBody, mail, type Rule, type Watched } from '~/api/alerts'
import { useWorkspace } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { useKpiName } from '~/ui/names'
import { useModel } from '~/ui/pickers'
import { useStages } from '~/ui/stage-colors'
import { useToast } from '~/ui/toast'
import { NotReady } from '~/ui/mail'
import { spans, useRuleText, useSpanName, useWatched } from './words'
import classes from './alerts.module.css'

/** What to watch, when to tell, and how often to look. */
export default function AlertForm({ alert, start, refresh, close }: { alert?: Alert; start?: Watched; refresh: () => Promise<void>; close: () => void }) {
  const { t } = useLingui()
  const toast = useToast()
  const watchedInfo = useWatched()
  const ruleText = useRuleText()
  const spanName = useSpanName()
  const { time_zone } = useWorkspace()
  const [watched, setWatched] = useState<Watched>(alert?.watched ?? start ?? {})
  const [rule, setRule] = useState<Rule>(alert?.rule ?? { kind: 'anomaly', direction: 'both' })
  const [every, setEvery] = useState(alert?.schedule.every ?? '1h')
  const [at, setAt] = useState(alert?.schedule.at ?? '')
  const chosen = watched.kpi !== undefined || watched.insight !== undefined
  const auto = chosen ? `${watchedInfo.name(watched)} ${ruleText(rule, watched)}` : ''
  const [webhook, setWebhook] = useState(alert?.webhook ?? 0)
  const [emails, setEmails] = useState(alert?.emails ?? [])
  const [name, setName] = useState(alert?.name ?? '')
  const daily = every === '1d' || every === '7d'
  const ready = chosen && (rule.kind !== 'threshold' || rule.value !== undefined) && (rule.kind !== 'change' || (rule.by ?? 0) > 0)
  const save = useMutation({
    mutationFn: () => {
      const body: AlertBody = { name: (name.trim() || auto).slice(0, 200), watched, rule, schedule: { every, ...(daily && at ? { at } : {}) }, webhook, emails }
      return alert ? alerts.change(alert.id, body) : alerts.create(body)
    },
    onSuccess: async (saved) => {
      await refresh()
      close()
      if (!alert) toast.undo(t`“${saved.name}” saved.`, () => void alerts.remove(saved.id).then(refresh, toast.error))
      else toast.undo(t`“${saved.name}” saved.`, () => void alerts.change(alert.id, { name: alert.name, watched: alert.watched, rule: alert.rule, schedule: alert.schedule, webhook: alert.webhook ?? 0, emails: alert.emails }).then(refresh, toast.error))
    },
  })
  return (
    <Modal opened onClose={close} size="lg" title={alert ? t`Change the alert` : t`New alert`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (ready) save.mutate()
        }}
      >
        <Stack>
          <FormError error={save.error} fields />
          <WatchedField watched={watched} onChange={setWatched} info={watchedInfo} />
          <RuleField rule={rule} onChange={setRule} factor={watchedInfo.factor(watched)} suffix={watchedInfo.suffix(watched)} />
          <Group grow align="start">
            <NativeSelect label={t`Look`} data={[...(spans as readonly string[]), ...((spans as readonly string[]).includes(every) ? [] : [every])].map((s) => ({ value: s, label: spanName(s) }))} value={every} onChange={(e) => setEvery(e.currentTarget.value)} />
            {daily && <TextInput type="time" label={t`At`} description={time_zone} value={at} onChange={(e) => setAt(e.currentTarget.value)} />}
          </Group>
          <TextInput label={t`Name`} placeholder={auto} maxLength={200} value={name} error={fieldError(save.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} />
          <HookField value={webhook} onChange={setWebhook} />
          <MailField value={emails} onChange={setEmails} error={fieldError(save.error, 'emails')} />
          <Group justify="flex-end">
            <Button type="submit" disabled={!ready} loading={save.isPending}>{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Who is told: all endpoints that want alerts, or one. */
function HookField({ value, onChange }: { value: number; onChange: (id: number) => void }) {
  const { t } = useLingui()
  const hooks = useQuery(alerts.hooks())
  const all = (hooks.data ?? []).filter((h) => h.events.length === 0 || h.events.some((e) => e.startsWith('alert.')) || h.id === value)
  const gone = value !== 0 && hooks.isSuccess && !all.some((h) => h.id === value)
  const chosen = all.find((h) => h.id === value)
  return (
    <>
      {hooks.isSuccess && (all.length > 0 || value !== 0) && (
        <NativeSelect
          label={t`Tell`}
          data={[{ value: '0', label: t`all webhooks that want alerts` }, ...all.map((h) => ({ value: String(h.id), label: h.enabled ? h.name : t`${h.name} (switched off)` })), ...(gone ? [{ value: String(value), label: t`a webhook that is gone` }] : [])]}
          value={String(value)}
          onChange={(e) => onChange(Number(e.currentTarget.value))}
        />
      )}
      <p className={classes.note}>
        {value === 0 ? t`Told are all webhooks that want alerts, once when it begins and once when it is over.` : t`Told is this webhook, once when it begins and once when it is over.`}{' '}
        {hooks.isSuccess && all.length === 0 && value === 0 && t`There is none yet; the state is shown here all the same.`}
        {gone && t`It was deleted: choose another one.`}
        {chosen && !chosen.enabled && t`It is switched off and gets nothing.`}
      </p>
    </>
  )
}

/** Who gets a letter. */
function MailField({ value, onChange, error }: { value: string[]; onChange: (list: string[]) => void; error: string | undefined }) {
  const { t } = useLingui()
  const state = useQuery(mail.state())
  return <TagsInput label={t`Letters to`} placeholder={value.length === 0 ? 'anna@example.com' : undefined} description={state.data && !state.data.ready ? <NotReady /> : undefined} maxTags={10} acceptValueOnBlur splitChars={[',', ' ', ';']} value={value} onChange={onChange} error={error} />
}

function WatchedField({ watched, onChange, info }: { watched: Watched; onChange: (w: Watched) => void; info: ReturnType<typeof useWatched> }) {
  const { t } = useLingui()
  const kpiName = useKpiName()
  const { model } = useModel()
  const stageOf = useStages(model)
  const value = watched.kpi ? `kpi|${watched.kpi}|${watched.stage ?? ''}` : watched.insight ? `insight|${watched.insight}` : null
  const trend = info.trends.find((i) => Number(i.id) === watched.insight)
  const lines = trend ? [...(trend.spec.trend?.series ?? []).map((_, i) => String.fromCharCode(65 + i)), ...(trend.spec.trend?.formulas ?? []).map((_, i) => `F${i + 1}`)] : []
  return (
    <>
      <Select
        label={t`What to watch`}
        placeholder={t`A KPI or a saved trend`}
        required
        searchable
        allowDeselect={false}
        nothingFoundMessage={t`Nothing found`}
        data={[
          { group: t`KPIs`, items: info.kpis.map((k) => ({ value: `kpi|${k.key}|${k.scope === 'stage' ? (k.stage ?? '') : ''}`, label: k.scope === 'stage' && k.stage ? `${kpiName(k)} · ${stageOf(k.stage).label}` : kpiName(k) })) },
          { group: t`Saved trends`, items: info.trends.map((i) => ({ value: `insight|${i.id}`, label: i.name })) },
        ]}
        value={value}
        onChange={(v) => {
          const [kind, key, stage] = (v ?? '').split('|')
          if (kind === 'kpi') onChange({ kpi: key!, ...(stage ? { stage } : {}), period: watched.period ?? '30d' })
          else if (kind === 'insight') onChange({ insight: Number(key), line: 'A' })
        }}
      />
      {watched.kpi && <NativeSelect label={t`Computed over`} data={[{ value: '1d', label: t`the last day` }, { value: '7d', label: t`the last 7 days` }, { value: '30d', label: t`the last 30 days` }, { value: '90d', label: t`the last 90 days` }]} value={watched.period || '30d'} onChange={(e) => onChange({ ...watched, period: e.currentTarget.value })} />}
      {lines.length > 1 && <NativeSelect label={t`Line`} data={lines} value={watched.line ?? 'A'} onChange={(e) => onChange({ ...watched, line: e.currentTarget.value })} />}
      {trend?.spec.trend?.breakdown && <TextInput label={t`Value of the breakdown`} value={watched.value ?? ''} onChange={(e) => onChange({ ...watched, value: e.currentTarget.value || undefined })} />}
    </>
  )
}

function RuleField({ rule, onChange, factor, suffix }: { rule: Rule; onChange: (r: Rule) => void; factor: number; suffix: string }) {
  const { t } = useLingui()
  const directions = [
    { value: 'both', label: t`up or down` },
    { value: 'up', label: t`up` },
    { value: 'down', label: t`down` },
  ]
  const direction = <NativeSelect label={t`Direction`} data={directions} value={rule.direction ?? 'both'} onChange={(e) => onChange({ ...rule, direction: e.currentTarget.value as Rule['direction'] })} />
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label={t`When to tell`}
        value={rule.kind}
        data={[
          { value: 'anomaly', label: t`Anything unusual` },
          { value: 'change', label: t`A change` },
          { value: 'threshold', label: t`A limit` },
        ]}
        onChange={(v) => onChange(v === 'threshold' ? { kind: 'threshold', op: 'below' } : v === 'change' ? { kind: 'change', direction: 'both', by: 0.2 } : { kind: 'anomaly', direction: 'both' })}
      />
      {rule.kind === 'threshold' && (
        <Group grow align="end">
          <NativeSelect label={t`When it is`} data={[{ value: 'below', label: t`below` }, { value: 'above', label: t`above` }]} value={rule.op ?? 'below'} onChange={(e) => onChange({ ...rule, op: e.currentTarget.value as Rule['op'] })} />
          <NumberInput label={t`Limit`} required suffix={suffix} decimalScale={4} hideControls value={rule.value === undefined ? '' : Number((rule.value / factor).toPrecision(10))} onChange={(v) => onChange({ ...rule, value: v === '' ? undefined : Number(v) * factor })} />
        </Group>
      )}
      {rule.kind === 'change' && (
        <>
          <Group grow align="end">
            {direction}
            <NumberInput label={t`By at least`} required suffix=" %" min={1} hideControls value={rule.by === undefined ? '' : Number((rule.by * 100).toPrecision(10))} onChange={(v) => onChange({ ...rule, by: v === '' ? undefined : Number(v) / 100 })} />
          </Group>
          <p className={classes.note}>{t`Against the period of the same length directly before.`}</p>
        </>
      )}
      {rule.kind === 'anomaly' && (
        <>
          <Group grow align="end">
            {direction}
            <NumberInput label={t`Deviations`} min={0.5} max={100} step={0.5} placeholder="3.5" value={rule.deviations || ''} onChange={(v) => onChange({ ...rule, deviations: v === '' ? undefined : Number(v) })} />
          </Group>
          <p className={classes.note}>{t`Compared with the median of the same weekday or hour before. 3.5 deviations are rare; fewer tell more often.`}</p>
        </>
      )}
    </Stack>
  )
}
