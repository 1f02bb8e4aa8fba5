import { Button, Group, NativeSelect, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { lazy, type PointerEvent, Suspense, useRef, useState } from 'react'
import { ApiError, q } from '~/api'
import { type Dashboard, dashboards, type Tile } from '~/api/dashboards'
import { type Cell, insights, type Range, type Spec } from '~/api/insights'
import { useCan, useWorkspace } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconDashboard, IconEdit, IconMaximize, IconPlus, IconUndo } from '~/ui/icons'
import { Empty, Loaded, Page } from '~/ui/page'
import { fromIsoDay, isoDay, periodOf, type Preset, shiftDay } from '~/ui/time'
import { useToast } from '~/ui/toast'
import { newTileId, useTiles } from './board'
import { append, nudge, put, reading } from './grid'
import { TileView } from './tile'
import classes from './dashboards.module.css'

const BoardMenu = lazy(() => import('./board-menu'))
const AddTile = lazy(() => import('./add-tile'))
const TileDialog = lazy(() => import('./tile-dialog'))
const Share = lazy(() => import('./share'))
const People = lazy(() => import('~/features/insights/people'))

const rowHeight = 58
const gap = 12
const least: Record<Tile['kind'], { w: number; h: number }> = { insight: { w: 3, h: 3 }, kpi: { w: 2, h: 2 }, text: { w: 2, h: 1 } }

/** One dashboard: look, drill, and arrange. */
export default function DashboardScreen() {
  const { t } = useLingui()
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useQuery(dashboards.one(id))
  if (query.data) return <Board key={id} dashboard={query.data} />
  return (
    <Page title={t`Dashboard`}>
      {query.error instanceof ApiError && query.error.status === 404 ? <Empty title={t`This dashboard does not exist`}>{t`It may have been deleted, or it is not shared with your role.`}</Empty> : <Loaded query={query} height={420}>{() => null}</Loaded>}
    </Page>
  )
}

function Board({ dashboard }: { dashboard: Dashboard }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('insight')
  const { time_zone } = useWorkspace()
  const { tiles, change, undo, canUndo, saving } = useTiles(dashboard)
  const [editing, setEditing] = useState(false)
  const [adding, setAdding] = useState(false)
  const [changing, setChanging] = useState<Tile>()
  const [sharing, setSharing] = useState(false)
  const [drill, setDrill] = useState<{ spec: Spec; cell: Cell; title: string }>()
  const [said, setSaid] = useState('')
  const [drag, setDrag] = useState<{ id: string; tiles: Tile[] }>()
  const [range, setRange] = useState<Range | undefined>(dashboard.range)
  const grid = useRef<HTMLDivElement>(null)
  const wantsKpis = tiles.some((x) => x.kind === 'kpi')
  const period = range && 'from' in range ? { from: range.from, to: range.to } : periodOf({ period: range && 'last' in range ? range.last : '30d' }, time_zone, new Date())
  const kpis = useQuery({ ...q.kpis({ from: instant(period.from, time_zone), to: instant(period.to, time_zone) }), enabled: wantsKpis })
  const annotations = useQuery({ ...insights.annotations(), enabled: tiles.some((x) => x.kind === 'insight') })
  const shown = drag?.tiles ?? tiles
  const tell = (next: Tile[], id: string) => {
    const b = next.find((x) => x.id === id)
    if (b) setSaid(t`Column ${b.x + 1}, row ${b.y + 1}, ${b.w} wide, ${b.h} high`)
  }
  const arrange = (next: Tile[], id: string) => {
    change(next)
    tell(next, id)
    // The tile may be drawn elsewhere now; the keyboard stays with it.
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-grip="${id}"]`)?.focus())
  }
  const grab = (tile: Tile, e: PointerEvent, how: 'move' | 'resize') => {
    if (e.button !== 0 || !grid.current || window.innerWidth < 992) return
    e.preventDefault()
    const column = (grid.current.clientWidth + gap) / 12
    const start = { x: e.clientX, y: e.clientY }
    let next = tiles
    const move = (ev: globalThis.PointerEvent) => {
      const dx = Math.round((ev.clientX - start.x) / column)
      const dy = Math.round((ev.clientY - start.y) / (rowHeight + gap))
      next = put(tiles, tile.id, how === 'move' ? { x: tile.x + dx, y: tile.y + dy } : { w: tile.w + dx, h: tile.h + dy }, least[tile.kind])
      setDrag({ id: tile.id, tiles: next })
    }
    const end = (ev: globalThis.PointerEvent | KeyboardEvent) => {
      if (ev instanceof KeyboardEvent && ev.key !== 'Escape') return
      window.removeEventListener('pointermove', move)
      window.removeEventListener('pointerup', end)
      window.removeEventListener('pointercancel', end)
      window.removeEventListener('keydown', end)
      setDrag(undefined)
      if (!(ev instanceof KeyboardEvent) && ev.type === 'pointerup') {
        change(next)
        tell(next, tile.id)
      }
    }
    setDrag({ id: tile.id, tiles })
    window.addEventListener('pointermove', move)
    window.addEventListener('pointerup', end)
    window.addEventListener('pointercancel', end)
    window.addEventListener('keydown', end)
  }
  const toast = useToast()
  const remove = (tile: Tile) => {
    change(put(tiles.filter((x) => x.id !== tile.id), '', {}))
    toast.undo(t`Tile taken away.`, () => change(tiles))
  }
  return (
    <Page
      title={dashboard.name}
      sub={dashboard.description || t`changed ${f.dateTime(dashboard.updated_at / 1000)} · ${dashboard.by}`}
      actions={
        <Group gap="xs">
          <RangeControl dashboard={dashboard} range={range} setRange={setRange} />
          <Button variant="default" leftSection={<IconMaximize size={16} />} onClick={() => void grid.current?.requestFullscreen?.()}>{t`Full screen`}</Button>
          {can && editing && (
            <>
              <Button variant="default" leftSection={<IconUndo size={16} />} disabled={!canUndo} onClick={undo}>{t`Undo`}</Button>
              <Button variant="light" leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>{t`Add a tile`}</Button>
            </>
          )}
          {can && (
            <Button variant={editing ? 'filled' : 'default'} leftSection={editing ? undefined : <IconEdit size={16} />} onClick={() => setEditing(!editing)}>
              {editing ? t`Done` : t`Arrange`}
            </Button>
          )}
          <Suspense>
            <BoardMenu dashboard={dashboard} share={() => setSharing(true)} />
          </Suspense>
        </Group>
      }
    >
      <div className="sr-only" aria-live="polite">
        {said || (saving ? t`Saving` : '')}
      </div>
      {editing && <p id="grid-help" className={classes.help}>{t`Drag a tile by its grip and size it at its corner. By keyboard: arrows on the grip move it, Shift with an arrow changes its size, Delete takes it away, Ctrl+Z goes back. Everything is saved at once.`}</p>}
      {shown.length === 0 ? (
        <Empty icon={<IconDashboard size={22} />} title={t`This dashboard is empty`} action={can && <Button variant="light" leftSection={<IconPlus size={16} />} onClick={() => (setEditing(true), setAdding(true))}>{t`Add a tile`}</Button>}>
          {t`Put saved insights, KPIs and texts on it. Tiles are moved and sized with the pointer or the arrow keys.`}
        </Empty>
      ) : (
        <div ref={grid} className={classes.grid} data-editing={editing}>
          {/* In the order of reading, so that Tab and phones follow what the eye sees. */}
          {reading(shown).map((tile) => (
            <TileView
              key={tile.id}
              tile={tile}
              range={range}
              kpis={kpis.data}
              annotations={annotations.data}
              editing={editing}
              lifted={drag?.id === tile.id}
              rowHeight={rowHeight}
              onDrill={(spec, cell, title) => setDrill({ spec, cell, title })}
              actions={{
                remove: () => remove(tile),
                form: (form) => change(tiles.map((x) => (x.id === tile.id ? { ...x, form } : x))),
                edit: () => setChanging(tile),
                nudge: (dx, dy) => arrange(nudge(tiles, tile.id, dx, dy, least[tile.kind]), tile.id),
                size: (dw, dh) => arrange(put(tiles, tile.id, { w: tile.w + dw, h: tile.h + dh }, least[tile.kind]), tile.id),
                grab: (e, how) => grab(tile, e, how),
              }}
            />
          ))}
        </div>
      )}
      <Suspense>
        {adding && (
          <AddTile
            close={() => setAdding(false)}
            add={(fresh) => {
              const tile: Tile = { ...fresh, id: newTileId(), x: 0, y: 0 }
              change(append(tiles, tile, least[tile.kind]))
            }}
          />
        )}
        {changing && <TileDialog tile={changing} close={() => setChanging(undefined)} save={(next) => change(tiles.map((x) => (x.id === next.id ? next : x)))} />}
        {sharing && <Share dashboard={dashboard} close={() => setSharing(false)} />}
        {drill && <People {...drill} close={() => setDrill(undefined)} />}
      </Suspense>
    </Page>
  )
}

/** KPIs take instants; days of a range begin at midnight of the workspace. */
const instant = (at: string, zone: string) => fromIsoDay(at, zone)?.toISOString() ?? at

const spans: Preset[] = ['7d', '30d', '90d', '365d']

/** One range for all tiles, or the own range of each. */
function RangeControl({ dashboard, range, setRange }: { dashboard: Dashboard; range: Range | undefined; setRange: (range: Range | undefined) => void }) {
  const { t } = useLingui()
  const can = useCan('insight')
  const client = useQueryClient()
  const toast = useToast()
  const labels: Record<string, string> = { '7d': t`Last 7 days`, '30d': t`Last 30 days`, '90d': t`Last 90 days`, '365d': t`Last 365 days` }
  const value = range ? ('last' in range ? range.last : 'dates') : ''
  const keep = useMutation({
    mutationFn: (next: Range | undefined) => dashboards.change(String(dashboard.id), { range: next ?? {} }),
    onSuccess: (fresh) => client.setQueryData(dashboards.one(String(dashboard.id)).queryKey, fresh),
    onError: toast.error,
  })
  const { time_zone } = useWorkspace()
  const put = (next: Range | undefined) => {
    setRange(next)
    if (can) keep.mutate(next)
  }
  const today = isoDay(new Date(), time_zone)
  const known = ['', 'dates', ...spans].includes(value)
  return (
    <Group gap={6} role="group" aria-label={t`Range of the dashboard`}>
      <NativeSelect
        aria-label={t`Range of the dashboard`}
        data={[{ value: '', label: t`Each tile’s own range` }, ...spans.map((s) => ({ value: s, label: labels[s]! })), { value: 'dates', label: t`Own dates` }, ...(known ? [] : [{ value, label: value }])]}
        value={value}
        onChange={(e) => {
          const v = e.currentTarget.value
          put(v === '' ? undefined : v === 'dates' ? { from: shiftDay(today, -29, time_zone), to: shiftDay(today, 1, time_zone) } : { last: v })
        }}
      />
      {range && 'from' in range && <DatesField key={`${range.from}${range.to}`} range={range} put={put} />}
    </Group>
  )
}

/** The first and the last day, sent when both make sense. */
function DatesField({ range, put }: { range: { from: string; to: string }; put: (range: Range) => void }) {
  const { t } = useLingui()
  const { time_zone } = useWorkspace()
  const [from, setFrom] = useState(range.from.slice(0, 10))
  const [last, setLast] = useState(shiftDay(range.to.slice(0, 10), -1, time_zone))
  const wrong = !from || !last || from > last
  const changed = from !== range.from || shiftDay(last, 1, time_zone) !== range.to
  return (
    <form
      style={{ display: 'flex', gap: 6, alignItems: 'center' }}
      onSubmit={(e) => {
        e.preventDefault()
        if (!wrong) put({ from, to: shiftDay(last, 1, time_zone) })
      }}
    >
      <TextInput type="date" aria-label={t`From`} max={last} value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
      <TextInput type="date" aria-label={t`To, that day included`} min={from} value={last} error={wrong || undefined} onChange={(e) => setLast(e.currentTarget.value)} />
      {changed && <Button type="submit" variant="light" disabled={wrong}>{t`Show`}</Button>}
    </form>
  )
}
