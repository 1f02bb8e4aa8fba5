import { Button, Group, NativeSelect, Popover, Stack, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { q, type StageModel } from '~/api'
import { useWorkspace } from '~/app/session'
import { useFormat } from './format'
import { IconChevron } from './icons'
import { useSearchState } from './search-state'
import { isoDay, type Period, type PeriodSearch, periodOf, type Preset, presets } from './time'

/** The period of the address, in the zone of the workspace. */
export function usePeriod(fallback: Preset = '30d'): Period {
  const [search] = useSearchState<PeriodSearch>()
  const { time_zone } = useWorkspace()
  const today = isoDay(new Date(), time_zone)
  return useMemo(() => periodOf(search, time_zone, new Date(), fallback), [search.period, search.from, search.to, time_zone, fallback, today])
}

export function usePresetLabel() {
  const { t } = useLingui()
  return (preset: Preset | 'custom') => ({ '7d': t`Last 7 days`, '30d': t`Last 30 days`, '90d': t`Last 90 days`, '365d': t`Last 365 days`, month: t`This month`, 'last-month': t`Last month`, custom: t`Own dates` })[preset]
}

export function PeriodPicker({ fallback = '30d' }: { fallback?: Preset }) {
  const { t } = useLingui()
  const period = usePeriod(fallback)
  const [, set] = useSearchState<PeriodSearch>()
  const { time_zone } = useWorkspace()
  const label = usePresetLabel()
  const f = useFormat()
  const [opened, setOpened] = useState(false)
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const last = new Date(new Date(period.to).getTime() - 1)
  const open = () => {
    setFrom(isoDay(new Date(period.from), time_zone))
    setTo(isoDay(last, time_zone))
    setOpened(!opened)
  }
  const range = `${f.dayMonth(period.from)} – ${f.dayMonth(last)}`
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" rightSection={<IconChevron size={14} />} onClick={open} aria-haspopup="dialog" aria-expanded={opened} aria-label={`${t`Period`}: ${label(period.preset)}, ${range}`}>
          {period.preset === 'custom' ? range : label(period.preset)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t`Period`}>
        <Stack gap={4}>
          {presets.map((p) => (
            <Button
              key={p}
              variant={p === period.preset ? 'light' : 'subtle'}
              color={p === period.preset ? 'indigo' : 'gray'}
              c={p === period.preset ? undefined : 'var(--app-text)'}
              justify="start"
              size="compact-sm"
              aria-pressed={p === period.preset}
              onClick={() => {
                set({ period: p === fallback ? undefined : p, from: undefined, to: undefined })
                setOpened(false)
              }}
            >
              {label(p)}
            </Button>
          ))}
          <form
            onSubmit={(e) => {
              e.preventDefault()
              if (from && to && from <= to) {
                set({ from, to, period: undefined })
                setOpened(false)
              }
            }}
          >
            <Group gap={6} align="end" mt={6} wrap="nowrap">
              <TextInput size="xs" type="date" label={t`From`} value={from} max={to} onChange={(e) => setFrom(e.currentTarget.value)} />
              <TextInput size="xs" type="date" label={t`To`} value={to} min={from} onChange={(e) => setTo(e.currentTarget.value)} />
              <Button type="submit" size="xs">{t`Show`}</Button>
            </Group>
          </form>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

/** The stage model of the address, else the default one. */
export function useModel(): { model: StageModel | undefined; models: StageModel[] | undefined; query: ReturnType<typeof useModelsQuery> } {
  const [search] = useSearchState<{ model?: string }>()
  const query = useModelsQuery()
  const models = query.data
  const model = models?.find((m) => m.id === search.model) ?? models?.find((m) => m.is_default) ?? models?.[0]
  return { model, models, query }
}

const useModelsQuery = () => useQuery(q.models())

export function ModelPicker() {
  const { t } = useLingui()
  const { model, models } = useModel()
  const [, set] = useSearchState<{ model?: string }>()
  if (!models || models.length < 2) return null
  return <NativeSelect aria-label={t`Stage model`} data={models.map((m) => ({ value: m.id, label: m.name }))} value={model?.id} maw={210} onChange={(e) => set({ model: models.find((m) => m.id === e.currentTarget.value)?.is_default ? undefined : e.currentTarget.value })} />
}
