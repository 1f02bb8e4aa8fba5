import { ActionIcon, Alert, Badge, Menu, NativeSelect, SimpleGrid, Skeleton, Tabs } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { apiPath, q, type Customer, type Kpi } from '~/api'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconDots, IconDownload, IconMerge, IconTrash } from '~/ui/icons'
import { Copyable, Card, Loaded, Page } from '~/ui/page'
import { useKpiName } from '~/ui/names'
import { useSearchState } from '~/ui/search-state'
import { NotesPanel } from './notes'
import { StageStrip } from './strip'
import { TimelinePanel } from './timeline'
import { TraitsPanel } from './traits'
import { WhyPanel } from './why'
import classes from './customer.module.css'

// What most visits do not open is loaded when it is opened.
const ConsentPanel = lazy(() => import('./consent'))
const IdentityPanel = lazy(() => import('./identity'))
const EraseDialog = lazy(() => import('./erase'))
const MergeDialog = lazy(() => import('./merge'))
const SegmentsPanel = lazy(() => import('../segments/of-customer'))

const tabs = ['timeline', 'traits', 'identity', 'consent'] as const

/** Everything about one customer. */
export default function CustomerScreen() {
  const { id } = useParams({ strict: false }) as { id: string }
  const { t } = useLingui()
  const query = useQuery(q.customer(id))
  const name = query.data ? query.data.name || query.data.email || t`Anonymous ${query.data.id.slice(-6)}` : t`Customer`
  return (
    <Page title={name} sub={query.data && <Facts customer={query.data} />} actions={query.data && <Actions customer={query.data} name={name} />}>
      <Loaded query={query} height={500}>
        {(customer) => <Body key={customer.id} customer={customer} />}
      </Loaded>
    </Page>
  )
}

function Facts({ customer }: { customer: Customer }) {
  const { t } = useLingui()
  const f = useFormat()
  return (
    <span className={classes.facts}>
      {customer.email && customer.email !== customer.name && <span>{customer.email}</span>}
      <span className={classes.id}>
        {customer.id}
        <Copyable value={customer.id} label={t`Customer id`} />
      </span>
      <span>{t`first seen ${f.date(customer.first_seen)}`}</span>
      <span>{t`last seen ${f.ago(customer.last_seen)}`}</span>
      {!customer.identified && <Badge color="gray" variant="light">{t`anonymous`}</Badge>}
      {(customer.flags ?? []).map((flag) => (
        <Badge key={flag} color="orange" variant="light">
          {flag}
        </Badge>
      ))}
    </span>
  )
}

function Actions({ customer, name }: { customer: Customer; name: string }) {
  const { t } = useLingui()
  const [erase, eraseDialog] = useDisclosure(false)
  const [merge, mergeDialog] = useDisclosure(false)
  const can = useCan('edit')
  const admin = useCan('admin')
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="default" size={34} aria-label={t`Actions`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component="a" href={apiPath(`/customers/${customer.id}/export`)} download={`${customer.id}.json`} leftSection={<IconDownload size={16} />}>{t`Export as JSON`}</Menu.Item>
          {can && <Menu.Item leftSection={<IconMerge size={16} />} onClick={mergeDialog.open}>{t`Merge with another`}</Menu.Item>}
          {admin && (
            <>
              <Menu.Divider />
              <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} onClick={eraseDialog.open}>{t`Erase`}</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {erase && <EraseDialog customer={customer} name={name} opened close={eraseDialog.close} />}
        {merge && <MergeDialog customer={customer} name={name} opened close={mergeDialog.close} />}
      </Suspense>
    </>
  )
}

function Body({ customer }: { customer: Customer }) {
  const { t } = useLingui()
  const [search, set] = useSearchState<{ tab?: string }>()
  const [model, setModel] = useState<string | undefined>(customer.stages[0]?.model)
  const why = useQuery(q.why(customer.id, model))
  const kpis = useQuery(q.customerKpis(customer.id))
  const tab = tabs.find((x) => x === search.tab) ?? 'timeline'
  return (
    <>
      {customer.asked_for && (
        <Alert color="blue" variant="light" icon={<IconMerge size={18} />}>
          {t`Customer ${customer.asked_for} was merged into this one.`}
        </Alert>
      )}
      <Loaded query={kpis} height={70}>
        {(list) => <KpiRow kpis={list} />}
      </Loaded>
      <div className={classes.columns}>
        <div className={classes.main}>
          {why.data && <StageStrip customer={customer} why={why.data} model={model} />}
          <Card pad={false}>
            <Tabs value={tab} onChange={(value) => set({ tab: value === 'timeline' ? undefined : (value ?? undefined) })} keepMounted={false}>
              <Tabs.List px="md">
                <Tabs.Tab value="timeline">{t`Timeline`}</Tabs.Tab>
                <Tabs.Tab value="traits">{t`Traits`}</Tabs.Tab>
                <Tabs.Tab value="identity">{t`Identity`}</Tabs.Tab>
                <Tabs.Tab value="consent">{t`Consent`}</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="timeline"><TimelinePanel id={customer.id} /></Tabs.Panel>
              <Tabs.Panel value="traits"><TraitsPanel traits={customer.traits} /></Tabs.Panel>
              <Tabs.Panel value="identity"><Suspense fallback={<Skeleton height={200} m="sm" />}><IdentityPanel id={customer.id} /></Suspense></Tabs.Panel>
              <Tabs.Panel value="consent"><Suspense fallback={<Skeleton height={200} m="sm" />}><ConsentPanel id={customer.id} /></Suspense></Tabs.Panel>
            </Tabs>
          </Card>
        </div>
        <div className={classes.side}>
          {customer.stages.length > 1 && <NativeSelect label={t`Stage model`} data={customer.stages.map((s) => ({ value: s.model, label: s.model_name }))} value={model} onChange={(e) => setModel(e.currentTarget.value)} />}
          <Loaded query={why} height={260}>
            {(data) => <WhyPanel why={data} model={model} />}
          </Loaded>
          <Suspense fallback={<Skeleton height={90} radius="lg" />}><SegmentsPanel id={customer.id} /></Suspense>
          <NotesPanel id={customer.id} />
        </div>
      </div>
    </>
  )
}

function KpiRow({ kpis }: { kpis: Kpi[] }) {
  const f = useFormat()
  const name = useKpiName()
  if (kpis.length === 0) return null
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: Math.min(6, kpis.length) }} spacing="sm">
      {kpis.map((kpi) => (
        <div key={kpi.key} className={classes.kpi} title={kpi.formula}>
          <span>{name(kpi)}</span>
          <strong>{kpi.unit === 'money' && kpi.value !== null ? f.money(kpi.value, kpi.currency) : f.unit(kpi.value, kpi.unit)}</strong>
        </div>
      ))}
    </SimpleGrid>
  )
}
