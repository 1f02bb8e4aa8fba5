import { Button, Menu, MultiSelect, NativeSelect } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q } from '~/api'
import { type CustomerMatch, insights } from '~/api/insights'
import { Remove } from '~/ui/remove'
import { MatchFields as TraitFields } from '~/conditions/match-fields'
import { IconPlus } from '~/ui/icons'
import { SegmentSelect } from './breakdown-field'
import { ProblemLine } from './problems'
import classes from './insights.module.css'

/** Conditions on the customer of every event: its traits, its stage, its segments, as they were then or are now. */
export default function CustomerWhere({ list, onChange }: { list: CustomerMatch[]; onChange: (list: CustomerMatch[] | undefined) => void }) {
  const { t } = useLingui()
  const models = useQuery(q.models())
  const main = models.data?.find((m) => m.is_default) ?? models.data?.[0]
  const set = (next: CustomerMatch[]) => onChange(next.length > 0 ? next : undefined)
  const add = (m: CustomerMatch) => set([...list, m])
  return (
    <>
      {list.map((m, i) => (
        <div key={i} className={classes.where} role="group" aria-label={t`Condition on the customer ${i + 1}`}>
          <MatchFields match={m} onChange={(next) => set(list.with(i, next))} />
          <NativeSelect
            size="xs"
            aria-label={t`As of when`}
            data={[
              { value: 'event', label: t`at the event` },
              { value: 'now', label: t`now` },
            ]}
            value={m.at ?? 'event'}
            onChange={(e) => set(list.with(i, { ...m, at: e.currentTarget.value === 'now' ? 'now' : undefined }))}
          />
          <Remove onClick={() => set(list.toSpliced(i, 1))} />
          <ProblemLine path={`where_customer[${i}]`} />
        </div>
      ))}
      <Menu position="bottom-start">
        <Menu.Target>
          <Button size="compact-xs" variant="subtle" data-add="customer" leftSection={<IconPlus size={12} />} style={{ justifySelf: 'start' }}>
            {t`Condition on the customer`}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => add({ by: 'trait', name: '', op: 'is', value: '' })}>{t`Trait`}</Menu.Item>
          <Menu.Item onClick={() => add({ by: 'stage', name: main?.key ?? '', op: 'in', value: [] })}>{t`Stage`}</Menu.Item>
          <Menu.Item onClick={() => add({ by: 'segment', name: '', op: 'is', value: 'in' })}>{t`Segment`}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}

function MatchFields({ match: m, onChange }: { match: CustomerMatch; onChange: (next: CustomerMatch) => void }) {
  const { t } = useLingui()
  const models = useQuery(q.models())
  const segments = useQuery({ ...insights.segments(), enabled: m.by === 'segment' })
  if (m.by === 'trait') return <TraitFields match={m} source={{ of: 'trait' }} held={false} place="" onChange={(next) => onChange({ ...next, by: 'trait', at: m.at })} />
  if (m.by === 'segment') {
    return (
      <>
        <NativeSelect
          size="xs"
          aria-label={t`In or out`}
          data={[
            { value: 'in', label: t`in the segment` },
            { value: 'out', label: t`not in the segment` },
          ]}
          value={String(m.value)}
          onChange={(e) => onChange({ ...m, value: e.currentTarget.value })}
        />
        <SegmentSelect segments={segments.data} value={m.name} onChange={(name) => onChange({ ...m, name })} />
      </>
    )
  }
  const model = models.data?.find((x) => x.key === m.name)
  return (
    <>
      {(models.data?.length ?? 0) > 1 && <NativeSelect size="xs" aria-label={t`Stage model`} data={models.data!.map((x) => ({ value: x.key, label: x.name }))} value={m.name} onChange={(e) => onChange({ ...m, name: e.currentTarget.value, value: [] })} />}
      <NativeSelect
        size="xs"
        aria-label={t`Comparison`}
        data={[
          { value: 'in', label: t`in one of the stages` },
          { value: 'not_in', label: t`in none of the stages` },
        ]}
        value={m.op}
        onChange={(e) => onChange({ ...m, op: e.currentTarget.value as 'in' | 'not_in' })}
      />
      <MultiSelect size="xs" aria-label={t`Stages`} placeholder={t`Choose stages`} miw={170} data={(model?.stages ?? []).map((s) => ({ value: s.key, label: s.label }))} value={(Array.isArray(m.value) ? m.value : []).map(String)} onChange={(value) => onChange({ ...m, value })} />
    </>
  )
}
