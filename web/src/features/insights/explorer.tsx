import { Alert, Button, Progress, Skeleton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { ApiError, q } from '~/api'
import { type Cell, type InsightKind, insightKinds, insights, type SavedInsight, type Spec } from '~/api/insights'
import { ErrorBox, useErrorText } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconAlert, IconInsight } from '~/ui/icons'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { emptySpec, missing, tidy } from './draft'
import { Problems } from './problems'
import { useRun } from './run'
import type { TrendForm } from './trend-view'
import { RatesLink } from '~/ui/kpi'
import { useAutoName, useHintText, useInsightKind, useRangeText } from './words'
import classes from './insights.module.css'

// The frame is there first; the form and the charts follow side by side.
const Definition = lazy(() => import('./definition'))
const InsightView = lazy(() => import('./view').then((m) => ({ default: m.InsightView })))
const RangeField = lazy(() => import('./range-field').then((m) => ({ default: m.RangeField })))
const SaveBar = lazy(() => import('./save').then((m) => ({ default: m.SaveBar })))
const People = lazy(() => import('./people'))
const Notes = lazy(() => import('./notes'))

type Search = { kind?: InsightKind; spec?: Spec; view?: TrendForm }

/** A new insight: of the kind in the address, over the commonest events. */
export function NewInsight() {
  const { t } = useLingui()
  const [search] = useSearchState<Search>()
  const names = useQuery(q.eventNames(''))
  const kind = search.kind && insightKinds.includes(search.kind) ? search.kind : 'trend'
  const models = useQuery(q.models())
  if (!search.spec && (names.isPending || models.isPending)) {
    return (
      <Page title={t`New insight`}>
        <Skeleton height={420} radius="lg" />
      </Page>
    )
  }
  const tracks = (names.data ?? []).filter((e) => e.kind === 'track')
  // A fresh insight answers at once, over what happens most, so that there is something to change.
  // What is shared out among channels is a purchase, where there are some.
  const buys = tracks.find((e) => ['Order Completed', 'Subscription Started', 'Signed Up'].includes(e.name))
  const main = models.data?.find((m) => m.is_default) ?? models.data?.[0]
  const fresh = emptySpec(kind, kind === 'attribution' || kind === 'table' ? (buys ?? tracks[0])?.name : tracks[0]?.name, tracks[1]?.name, main?.key)
  // A completed order has a total, by the names that shops send.
  if (buys?.name === 'Order Completed') {
    if (fresh.attribution) fresh.attribution.value = 'total'
    if (fresh.table) fresh.table.columns.push({ kind: 'track', event: buys.name, measure: 'sum', property: 'total', money: true })
  }
  const start = search.spec ?? fresh
  return <Explorer key="new" start={start} />
}

/** A saved insight. */
export function SavedInsightScreen() {
  const { t } = useLingui()
  const { id } = useParams({ strict: false }) as { id: string }
  const [search] = useSearchState<Search>()
  const saved = useQuery(insights.one(id))
  if (saved.data) return <Explorer key={`${id}@${saved.data.version}`} start={search.spec ?? saved.data.spec} saved={saved.data} />
  return (
    <Page title={t`Insight`}>
      {saved.error instanceof ApiError && saved.error.status === 404 ? <Empty title={t`This insight does not exist`}>{t`It may have been deleted. The address may also be mistyped.`}</Empty> : <Loaded query={saved} height={420}>{() => null}</Loaded>}
    </Page>
  )
}

function Explorer({ start, saved }: { start: Spec; saved?: SavedInsight }) {
  const { t } = useLingui()
  const kindName = useInsightKind()
  const autoName = useAutoName()
  const [search, setSearch] = useSearchState<Search>()
  const [spec, setSpec] = useState<Spec>(start)
  const [drill, setDrill] = useState<{ cell: Cell; title: string; spec: Spec }>()
  const run = useRun(spec)
  const changed = saved !== undefined && JSON.stringify(tidy(spec)) !== JSON.stringify(tidy(saved.spec))
  // The draft lives in the address, so that a reload or a shared link brings it back.
  const [settled] = useDebouncedValue(spec, 600)
  const first = useRef(true)
  useEffect(() => {
    if (first.current) {
      first.current = false
      return
    }
    setSearch({ spec: saved && JSON.stringify(tidy(settled)) === JSON.stringify(tidy(saved.spec)) ? undefined : settled, kind: undefined })
    // Only a settled draft changes the address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [settled])
  const gaps = useMemo(() => missing(spec), [spec])
  const problems = useMemo(() => ({ error: run.error, missing: gaps }), [run.error, gaps])
  return (
    <Page title={saved?.name ?? t`New insight`} sub={saved ? saved.description || t`${kindName(saved.kind)}, version ${saved.version}` : autoName(spec)} actions={
        <Suspense>
          <SaveBar spec={tidy(spec)} form={search.view} saved={saved} changed={changed} ready={gaps.length === 0} discard={() => saved && setSpec(saved.spec)} />
        </Suspense>
      }
    >
      <Problems.Provider value={problems}>
      <div className={classes.layout}>
        <Card>
          <Suspense fallback={<Skeleton height={460} radius="md" />}>
            <Definition spec={spec} onChange={setSpec} />
          </Suspense>
        </Card>
        <div className={classes.stack}>
          <Result range={<RangeField value={spec.range} onChange={(range) => setSpec({ ...spec, range })} />} run={run} gaps={gaps.length} form={search.view} setForm={(view) => setSearch({ view: view === 'lines' ? undefined : view })} onDrill={(cell, title) => run.answer && setDrill({ cell, title, spec: run.answer.spec })} onSpec={setSpec} />
        </div>
      </div>
      </Problems.Provider>
      {drill && (
        <Suspense>
          <People {...drill} close={() => setDrill(undefined)} />
        </Suspense>
      )}
    </Page>
  )
}

function Result({ range, run, gaps, form, setForm, onDrill, onSpec }: { range: ReactNode; run: ReturnType<typeof useRun>; gaps: number; form?: TrendForm; setForm: (form: TrendForm) => void; onDrill: (cell: Cell, title: string) => void; onSpec: (spec: Spec) => void }) {
  const { t } = useLingui()
  const annotations = useQuery({ ...insights.annotations(), enabled: !!run.answer?.result.trend })
  const { answer } = run
  return (
    <Card>
      <Suspense fallback={<Skeleton height={30} mb="sm" />}>{range}</Suspense>
      <div className={classes.result} aria-busy={run.loading && !answer}>
        {run.slow && <Progress className={classes.bar} value={run.share === undefined ? 100 : 100 * run.share} animated={run.share === undefined} size="xs" aria-label={run.queued ? t`Waiting for other questions to be answered` : t`Reading the timeline`} />}
        {run.error ? <RunError error={run.error} retry={run.retry} /> : null}
        {!answer && !run.error && (gaps > 0 ? <Empty icon={<IconInsight size={22} />} title={t`Choose what to look at`}>{t`Name the events on the left. The answer appears here as soon as there is enough to ask.`}</Empty> : <Skeleton height={320} radius="md" />)}
        {answer && (
          <div className={`${classes.stack} ${run.stale || run.loading ? classes.stale : ''}`}>
            <Hints answer={answer} />
            <Suspense fallback={<Skeleton height={320} radius="md" />}>
              <InsightView answer={answer} onDrill={onDrill} form={form} setForm={setForm} annotations={annotations.data} onSpec={onSpec} height={340} />
            </Suspense>
            <Status run={run} />
            {answer.result.trend && (
              <Suspense>
                <Notes from={answer.result.from} to={answer.result.to} />
              </Suspense>
            )}
          </div>
        )}
      </div>
    </Card>
  )
}

function RunError({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useLingui()
  const text = useErrorText()
  if (!(error instanceof ApiError) || error.fields.length === 0) return <ErrorBox error={error} retry={retry} />
  return (
    <Alert color="red" variant="light" icon={<IconAlert size={18} />} title={t`This question cannot be answered as it is`} role="alert" mb="sm">
      {text(error)}
    </Alert>
  )
}

function Hints({ answer }: { answer: NonNullable<ReturnType<typeof useRun>['answer']> }) {
  const { t } = useLingui()
  const hintText = useHintText()
  const { meta } = answer.result
  // What the server adds by itself, such as the touchpoints of a shop, need not exist: only names of the question matter.
  const question = JSON.stringify(answer.spec)
  const named = (name?: string) => !name || question.includes(JSON.stringify(name))
  const list = [...(meta.hints ?? []).filter((h) => h.code === 'other_currency' || named(h.name)).map(hintText), ...(meta.truncated && (meta.values ?? 0) > 0 ? [t`There are ${meta.values ?? 0} values. The most common are shown, the rest are together in “(other)”.`] : [])]
  if (list.length === 0) return null
  return (
    <ul className={classes.hints} aria-label={t`To note`}>
      {list.map((text) => (
        <li key={text}>
          <IconAlert size={15} aria-hidden />
          {text}
        </li>
      ))}
      {meta.hints?.some((h) => h.code === 'other_currency') && (
        <li>
          <RatesLink />
        </li>
      )}
    </ul>
  )
}

function Status({ run }: { run: ReturnType<typeof useRun> }) {
  const { t } = useLingui()
  const f = useFormat()
  const rangeText = useRangeText()
  const { answer } = run
  if (!answer) return null
  const { result } = answer
  return (
    <div className={classes.status} role="status">
      <span>{rangeText(result)}</span>
      <span>{t`as of ${f.time(result.computed_at / 1000)}`}</span>
      <span>{t`${f.int(result.meta.rows)} events of ${f.int(result.meta.customers)} customers`}</span>
      {(run.stale || run.loading) && <strong>{t`The next answer is on its way; this one is to the question before.`}</strong>}
      <Button size="compact-xs" variant="subtle" onClick={run.retry}>{t`Ask again`}</Button>
    </div>
  )
}
