import { ActionIcon, Anchor, Button, Group, NativeSelect, NumberInput, Popover, Stack, TextInput, UnstyledButton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, q, type Kpi } from '~/api'
import { useCan } from '~/app/session'
import { Spark } from '~/charts/spark'
import { saveFile, toCsv } from '~/charts/csv'
import { FormError } from '~/ui/errors'
import { minorDigits, useFormat } from '~/ui/format'
import { IconDownload, IconEdit, IconInfo, IconSearch } from '~/ui/icons'
import { Change, KpiDetails, StatusMark } from '~/ui/kpi'
import { useKpiName } from '~/ui/names'
import { Card, Empty, Loaded, Page, StageName, ui } from '~/ui/page'
import { ModelPicker, PeriodPicker, useModel, usePeriod } from '~/ui/pickers'
import { useStages } from '~/ui/stage-colors'
import { useToast } from '~/ui/toast'
import classes from './kpis.module.css'

/** Every KPI of every stage, with target, interval and formula. */
export default function KpisScreen() {
  const { t } = useLingui()
  const name = useKpiName()
  const period = usePeriod()
  const { model } = useModel()
  const [text, setText] = useState('')
  const kpis = useQuery({ ...q.kpis({ from: period.from, to: period.to, model: model?.id }), enabled: !!model })
  const stageOf = useStages(model)
  const groups = useMemo(() => {
    const map = new Map<string, Kpi[]>()
    for (const kpi of kpis.data ?? []) {
      if (text && !name(kpi).toLowerCase().includes(text.toLowerCase())) continue
      const key = kpi.stage ?? ''
      map.set(key, [...(map.get(key) ?? []), kpi])
    }
    return [...map.entries()].sort((a, b) => (a[0] ? stageOf(a[0]).index : -1) - (b[0] ? stageOf(b[0]).index : -1))
  }, [kpis.data, text, stageOf, name])
  const save = () =>
    saveFile(
      'kpis.csv',
      toCsv([
        ['key', 'name', 'stage', 'unit', 'value', 'numerator', 'denominator', 'low', 'high', 'previous', 'target', 'status', 'formula', 'computed_at'],
        ...(kpis.data ?? []).map((k) => [k.key, k.name, k.stage, k.unit, k.value, k.numerator, k.denominator, k.low, k.high, k.previous, k.target, k.status, k.formula, k.computed_at]),
      ]),
    )
  return (
    <Page
      title={t`KPIs`}
      sub={t`The change is against the period of the same length before. A value that cannot be computed is shown as –, never as 0.`}
      actions={
        <Group gap="xs">
          <ModelPicker />
          <TextInput aria-label={t`Find a KPI`} placeholder={t`Find a KPI`} leftSection={<IconSearch size={16} />} w={170} value={text} onChange={(e) => setText(e.currentTarget.value)} />
          <PeriodPicker />
          <Button variant="default" leftSection={<IconDownload size={16} />} onClick={save}>
            CSV
          </Button>
        </Group>
      }
    >
      <Loaded query={kpis} height={520}>
        {() => (
          <Card pad={false}>
            {groups.length === 0 ? (
              <Empty title={t`No KPI found`}>{t`Take away a part of the search text.`}</Empty>
            ) : (
              <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`KPIs`}>
                <table className={`${ui.table} ${classes.table}`}>
                  <thead>
                    <tr>
                      <th scope="col">{t`KPI`}</th>
                      <th scope="col" data-num>{t`Value`}</th>
                      <th scope="col" data-num>{t`Change`}</th>
                      <th scope="col" data-num>{t`Target`}</th>
                      <th scope="col">{t`Status`}</th>
                      <th scope="col" data-num>{t`95 % interval`}</th>
                      <th scope="col">{t`Trend`}</th>
                    </tr>
                  </thead>
                  {groups.map(([key, list]) => (
                    <tbody key={key}>
                      <tr className={classes.group}>
                        <th colSpan={7} scope="rowgroup">
                          {key ? <StageName color={stageOf(key).color} label={stageOf(key).label} /> : t`All stages`}
                        </th>
                      </tr>
                      {list.map((kpi) => (
                        <KpiRow key={kpi.key + kpi.stage} kpi={kpi} color={key ? stageOf(key).color : undefined} />
                      ))}
                    </tbody>
                  ))}
                </table>
              </div>
            )}
          </Card>
        )}
      </Loaded>
    </Page>
  )
}

function KpiRow({ kpi, color }: { kpi: Kpi; color?: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const name = useKpiName()
  return (
    <tr>
      <td>
        <span className={classes.name}>
          {name(kpi)}
          <Popover width={340} position="right" withArrow trapFocus returnFocus>
            <Popover.Target>
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${t`How is this computed?`} ${name(kpi)}`}>
                <IconInfo size={15} />
              </ActionIcon>
            </Popover.Target>
            <Popover.Dropdown aria-label={name(kpi)}>
              <KpiDetails kpi={kpi}>
                <Anchor component={Link} size="sm" {...({ to: '/alerts', search: { kpi: kpi.key, stage: kpi.scope === 'stage' ? kpi.stage : undefined } } as object)}>{t`Tell me when this changes`}</Anchor>
              </KpiDetails>
            </Popover.Dropdown>
          </Popover>
        </span>
      </td>
      <td data-num className={classes.value}>
        {f.unit(kpi.value, kpi.unit, kpi.currency)}
      </td>
      <td data-num>
        <Change kpi={kpi} />
      </td>
      <td data-num>
        <TargetEditor kpi={kpi} />
      </td>
      <td>
        <StatusMark status={kpi.status} text />
      </td>
      <td data-num className={classes.interval}>
        {kpi.low === null || kpi.high === null ? '–' : `${f.unit(kpi.low, kpi.unit, kpi.currency)} – ${f.unit(kpi.high, kpi.unit, kpi.currency)}`}
      </td>
      <td className={classes.spark}>
        <Spark values={kpi.spark} color={color} width={110} height={24} />
      </td>
    </tr>
  )
}

/** Factor between the stored value and what a person types: percent for ratios, major units for money. */
function factorOf(kpi: Kpi, currency: string): number {
  if (kpi.unit === 'ratio') return 0.01
  if (kpi.unit === 'money') return 10 ** minorDigits(kpi.currency ?? currency)
  return 1
}

function TargetEditor({ kpi }: { kpi: Kpi }) {
  const { t } = useLingui()
  const f = useFormat()
  const name = useKpiName()
  const can = useCan('model')
  const client = useQueryClient()
  const toast = useToast()
  const factor = factorOf(kpi, f.currency)
  const [opened, setOpened] = useState(false)
  const [value, setValue] = useState<number | string>('')
  const [direction, setDirection] = useState<'up' | 'down'>(kpi.direction ?? 'up')
  const put = useMutation({
    mutationFn: (body: { value: number | null; direction: 'up' | 'down'; warn?: number }) => api.put(`/kpis/${kpi.key}/target`, body),
    onSuccess: async (_, body) => {
      setOpened(false)
      await client.invalidateQueries({ predicate: (x) => x.queryKey[0] === 'kpis' || x.queryKey[0] === 'board' })
      const before = { value: kpi.target, direction: kpi.direction ?? ('up' as const), warn: kpi.warn ?? undefined }
      if (before.value !== body.value) toast.undo(t`Target saved.`, () => put.mutate(before))
    },
  })
  const text = kpi.target === null ? t`set` : f.unit(kpi.target, kpi.unit, kpi.currency)
  if (!can) return kpi.target === null ? '–' : text
  const unit = kpi.unit === 'ratio' ? ' %' : kpi.unit === 'money' ? ` ${kpi.currency ?? f.currency}` : kpi.unit === 'days' ? ` ${t`days`}` : kpi.unit === 'seconds' ? ` ${t`seconds`}` : ''
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" withArrow trapFocus returnFocus width={260}>
      <Popover.Target>
        <UnstyledButton
          className={classes.target}
          data-empty={kpi.target === null}
          aria-label={`${t`Change the target`}: ${name(kpi)}, ${text}`}
          onClick={() => {
            setValue(kpi.target === null ? '' : Number((kpi.target / factor).toPrecision(10)))
            setOpened(!opened)
          }}
        >
          {kpi.target !== null && (kpi.direction === 'down' ? '≤ ' : '≥ ')}
          {text}
          <IconEdit size={13} aria-hidden />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={t`Target`}>
        <form
          onSubmit={(e) => {
            e.preventDefault()
            put.mutate({ value: value === '' ? null : Number(value) * factor, direction, warn: kpi.warn ?? undefined })
          }}
        >
          <Stack gap="xs">
            <FormError error={put.error} />
            <NumberInput label={t`Target`} suffix={unit} value={value} onChange={setValue} decimalScale={4} hideControls data-autofocus />
            <NativeSelect label={t`Good is`} value={direction} onChange={(e) => setDirection(e.currentTarget.value as 'up' | 'down')} data={[{ value: 'up', label: t`this or more` }, { value: 'down', label: t`this or less` }]} />
            <Button type="submit" size="compact-sm" loading={put.isPending}>{t`Save`}</Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  )
}
