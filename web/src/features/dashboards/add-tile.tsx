import { Button, Modal, Stack, Tabs, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { q } from '~/api'
import type { Tile } from '~/api/dashboards'
import { insights } from '~/api/insights'
import { useInsightKind } from '~/features/insights/words'
import { IconSearch } from '~/ui/icons'
import { useKpiName } from '~/ui/names'
import { Dim, Empty, Loaded } from '~/ui/page'
import { useModel } from '~/ui/pickers'
import { useStages } from '~/ui/stage-colors'
import { useToast } from '~/ui/toast'
import classes from './dashboards.module.css'

type Fresh = Omit<Tile, 'id' | 'x' | 'y'>

/** Chooses what to put on a dashboard. It stays open, so that several can be added. */
export default function AddTile({ add, close }: { add: (tile: Fresh) => void; close: () => void }) {
  const { t } = useLingui()
  const toast = useToast()
  const [search, setSearch] = useState('')
  const [text, setText] = useState('')
  const [title, setTitle] = useState('')
  const put = (tile: Fresh, name: string) => {
    add(tile)
    toast.done(t`“${name}” is on the dashboard.`)
  }
  const find = <TextInput aria-label={t`Find`} placeholder={t`Find`} leftSection={<IconSearch size={16} />} value={search} onChange={(e) => setSearch(e.currentTarget.value)} data-autofocus />
  return (
    <Modal opened onClose={close} size="lg" title={t`Add a tile`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <Tabs defaultValue="insight" keepMounted={false} onChange={() => setSearch('')}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="insight">{t`Insights`}</Tabs.Tab>
          <Tabs.Tab value="kpi">{t`KPIs`}</Tabs.Tab>
          <Tabs.Tab value="text">{t`Text`}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="insight">
          {find}
          <InsightPick search={search} pick={(id, name) => put({ kind: 'insight', insight: id, w: 6, h: 5 }, name)} />
        </Tabs.Panel>
        <Tabs.Panel value="kpi">
          {find}
          <KpiPick search={search} pick={(kpi, stage, name) => put({ kind: 'kpi', kpi, ...(stage ? { stage } : {}), w: 3, h: 2 }, name)} />
        </Tabs.Panel>
        <Tabs.Panel value="text">
          <Stack gap="xs">
            <TextInput label={t`Title`} value={title} onChange={(e) => setTitle(e.currentTarget.value)} />
            <Textarea label={t`Text`} autosize minRows={4} maxLength={5000} value={text} onChange={(e) => setText(e.currentTarget.value)} />
            <Button
              style={{ justifySelf: 'start' }}
              disabled={!text.trim()}
              onClick={() => {
                put({ kind: 'text', text: text.trim(), ...(title.trim() ? { title: title.trim() } : {}), w: 4, h: 2 }, title.trim() || t`Text`)
                setText('')
                setTitle('')
              }}
            >{t`Add`}</Button>
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Modal>
  )
}

const fits = (name: string, search: string) => name.toLowerCase().includes(search.trim().toLowerCase())

function InsightPick({ search, pick }: { search: string; pick: (id: number, name: string) => void }) {
  const { t } = useLingui()
  const kindName = useInsightKind()
  const list = useQuery(insights.list())
  return (
    <Loaded query={list} height={160}>
      {(all) =>
        all.length === 0 ? (
          <Empty title={t`Nothing saved yet`} action={<Button variant="light" component={Link} to="/insights">{t`Open the insights`}</Button>}>{t`Save an insight first; then it can be put on a dashboard.`}</Empty>
        ) : (
          <ul className={classes.pick}>
            {all.filter((i) => fits(i.name, search)).map((i) => (
              <li key={i.id}>
                <span>
                  {i.name} <Dim size="xs">{kindName(i.kind)}</Dim>
                </span>
                <Button size="compact-xs" variant="light" aria-label={t`Add ${i.name}`} onClick={() => pick(Number(i.id), i.name)}>{t`Add`}</Button>
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  )
}

function KpiPick({ search, pick }: { search: string; pick: (key: string, stage: string | undefined, name: string) => void }) {
  const { t } = useLingui()
  const kpiName = useKpiName()
  const { model } = useModel()
  const stageOf = useStages(model)
  const kpis = useQuery(q.kpis({}))
  return (
    <Loaded query={kpis} height={160}>
      {(all) => (
        <ul className={classes.pick}>
          {all.filter((k) => fits(`${kpiName(k)} ${k.stage ? stageOf(k.stage).label : ''}`, search)).map((k) => {
            const name = kpiName(k)
            return (
              <li key={k.key + k.stage}>
                <span>
                  {name} <Dim size="xs">{k.stage ? stageOf(k.stage).label : t`All stages`}</Dim>
                </span>
                <Button size="compact-xs" variant="light" aria-label={t`Add ${name}`} onClick={() => pick(k.key, k.scope === 'stage' ? (k.stage ?? undefined) : undefined, name)}>{t`Add`}</Button>
              </li>
            )
          })}
        </ul>
      )}
    </Loaded>
  )
}
