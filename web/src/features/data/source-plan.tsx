import { ActionIcon, Button, Group, JsonInput, SegmentedControl, Select, Stack, Switch, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { q, type Plan, type PlanItem, type PlanMode, type SourceSettings } from '~/api'
import { useFormat } from '~/ui/format'
import { IconCode, IconPlus, IconTrash } from '~/ui/icons'
import { Card, Empty, ui } from '~/ui/page'

type Props = { settings: SourceSettings; set: (patch: Partial<SourceSettings>) => void; can: boolean; source: string; broken: (name: string, is: boolean) => void }

/** Which events the source may send, with which properties, and what happens to the others. */
export function PlanCard({ settings, set, can, broken }: Props) {
  const { t } = useLingui()
  const plan = settings.plan
  const change = (patch: Partial<Plan>) => set({ plan: { ...plan, ...patch } })
  return (
    <Card title={t`Tracking plan`}>
      <Stack>
        <Switch label={t`Check events against a plan`} description={t`Blocked events go to quarantine with the reason and can be replayed; nothing is lost.`} disabled={!can} checked={!!plan} onChange={(e) => set({ plan: e.currentTarget.checked ? { unplanned_events: 'flag', unplanned_properties: 'flag', violations: 'flag', events: {} } : undefined })} />
        {plan && (
          <>
            <Modes plan={plan} change={change} can={can} />
            <Events plan={plan} change={change} can={can} broken={broken} />
            <Schema label={t`Schema of the traits of identify calls`} name="identify" value={plan.identify?.schema} can={can} broken={broken} change={(schema) => change({ identify: schema === undefined ? undefined : { ...plan.identify, schema } })} />
            <Schema label={t`Schema of the traits of group calls`} name="group" value={plan.group?.schema} can={can} broken={broken} change={(schema) => change({ group: schema === undefined ? undefined : { ...plan.group, schema } })} />
            <Schema label={t`Schema of all events`} name="common" value={plan.common} can={can} broken={broken} change={(common) => change({ common })} />
          </>
        )}
      </Stack>
    </Card>
  )
}

function Modes({ plan, change, can }: { plan: Plan; change: (patch: Partial<Plan>) => void; can: boolean }) {
  const { t } = useLingui()
  const flag = { value: 'flag', label: t`take in and mark` }
  const omit = { value: 'omit', label: t`leave the property out` }
  const block = { value: 'block', label: t`to quarantine` }
  return (
    <Group grow align="start">
      <Select label={t`Events that are not planned`} allowDeselect={false} disabled={!can} data={[flag, block]} value={plan.unplanned_events ?? 'flag'} onChange={(v) => change({ unplanned_events: v as PlanMode })} />
      <Select label={t`Properties that are not planned`} allowDeselect={false} disabled={!can} data={[flag, omit, block]} value={plan.unplanned_properties ?? 'flag'} onChange={(v) => change({ unplanned_properties: v as PlanMode })} />
      <Select label={t`Values against the schema`} allowDeselect={false} disabled={!can} data={[flag, omit, block]} value={plan.violations ?? 'flag'} onChange={(v) => change({ violations: v as PlanMode })} />
    </Group>
  )
}

function Events({ plan, change, can, broken }: { plan: Plan; change: (patch: Partial<Plan>) => void; can: boolean; broken: Props['broken'] }) {
  const { t } = useLingui()
  const f = useFormat()
  const seen = useQuery(q.eventNames(''))
  const [name, setName] = useState('')
  const [open, setOpen] = useState<string>()
  const events = plan.events ?? {}
  const names = Object.keys(events).toSorted((a, b) => a.localeCompare(b))
  const put = (key: string, item: PlanItem | undefined) => {
    const next = { ...events }
    if (item) next[key] = item
    else delete next[key]
    change({ events: next })
  }
  const tracked = (seen.data ?? []).filter((e) => e.name && (!e.kind || e.kind === 'track') && !(e.name in events))
  const add = () => {
    if (name.trim() && !(name.trim() in events)) put(name.trim(), {})
    setName('')
  }
  return (
    <>
      {names.length === 0 ? (
        <Empty title={t`No event is planned yet`}>{t`Name the events one by one, or begin with those that have been seen.`}</Empty>
      ) : (
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Planned events`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`Event`}</th>
                <th scope="col">{t`Rule`}</th>
                <th scope="col">{t`Schema`}</th>
                <th scope="col"><span className="sr-only">{t`Actions`}</span></th>
              </tr>
            </thead>
            <tbody>
              {names.map((key) => (
                <tr key={key}>
                  <th scope="row" style={{ color: 'var(--app-text)', whiteSpace: 'normal' }}>{key}</th>
                  <td>
                    <SegmentedControl size="xs" aria-label={`${t`Rule`}: ${key}`} disabled={!can} value={events[key]!.block ? 'block' : 'allow'} onChange={(v) => put(key, { ...events[key], block: v === 'block' || undefined })} data={[{ value: 'allow', label: t`allowed` }, { value: 'block', label: t`blocked` }]} />
                  </td>
                  <td style={{ minWidth: 260 }}>
                    {open === key ? (
                      <Schema label={t`Schema of ${key}`} name={`event ${key}`} value={events[key]!.schema} can={can} broken={broken} change={(schema) => put(key, { ...events[key], schema })} />
                    ) : (
                      <Button size="compact-sm" variant="subtle" leftSection={<IconCode size={14} />} aria-label={`${t`Schema`}: ${key}`} onClick={() => setOpen(key)}>{events[key]!.schema ? t`show` : t`none`}</Button>
                    )}
                  </td>
                  <td data-num>{can && <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${t`Remove`}: ${key}`} onClick={() => put(key, undefined)}><IconTrash size={14} /></ActionIcon>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {can && (
        <Group align="end">
          <TextInput
            label={t`Event to plan`}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            onKeyDown={(e) => {
              if (e.key !== 'Enter') return
              e.preventDefault()
              add()
            }}
          />
          <Button variant="light" leftSection={<IconPlus size={14} />} disabled={!name.trim()} onClick={add}>{t`Add`}</Button>
          {tracked.length > 0 && <Button variant="default" onClick={() => change({ events: { ...events, ...Object.fromEntries(tracked.map((e) => [e.name, {}])) } })}>{t`Add ${f.int(tracked.length)} events seen so far`}</Button>}
        </Group>
      )}
    </>
  )
}

/** A JSON Schema as text. What cannot be read is not saved. */
function Schema({ label, name, value, can, broken, change }: { label: string; name: string; value: unknown; can: boolean; broken: Props['broken']; change: (schema: unknown) => void }) {
  const { t } = useLingui()
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2))
  const [error, setError] = useState('')
  return (
    <JsonInput
      label={label}
      placeholder={'{"required": ["order_id"]}'}
      autosize
      minRows={1}
      disabled={!can}
      value={text}
      error={error}
      onChange={(v) => {
        setText(v)
        try {
          const schema: unknown = v.trim() ? JSON.parse(v) : undefined
          if (schema !== undefined && (typeof schema !== 'object' || schema === null || Array.isArray(schema))) throw new Error('no object')
          setError('')
          broken(name, false)
          change(schema)
        } catch {
          setError(t`This is not a JSON object yet.`)
          broken(name, true)
        }
      }}
    />
  )
}
