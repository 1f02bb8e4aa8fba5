import { useLingui } from '@lingui/react/macro'
import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/react-table'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { CustomerRow } from '~/api'
import { useFormat } from '~/ui/format'
import { StageName } from '~/ui/page'
import type { StageInfo } from '~/ui/stage-colors'

export const features = tableFeatures({ columnVisibilityFeature })
const helper = createColumnHelper<typeof features, CustomerRow>()

export const columnIds = ['name', 'stage', 'since', 'last_seen', 'first_seen', 'orders', 'revenue', 'events', 'email', 'user_id', 'traits'] as const
export type ColumnId = (typeof columnIds)[number]
export const defaultColumns: ColumnId[] = ['name', 'stage', 'since', 'last_seen', 'orders', 'revenue', 'events']
/** What the server can sort by. */
export const sortable = new Set<string>(['name', 'last_seen', 'first_seen', 'orders', 'revenue', 'events'])
export const numeric = new Set<string>(['orders', 'revenue', 'events'])

export function useColumnNames(): Record<ColumnId, string> {
  const { t } = useLingui()
  return { name: t`Customer`, stage: t`Stage`, since: t`In stage since`, last_seen: t`Last seen`, first_seen: t`First seen`, orders: t`Orders`, revenue: t`Revenue`, events: t`Events`, email: t`E-mail`, user_id: t`User id`, traits: t`Traits` }
}

export function useColumns(stageOf: (key: string | null | undefined) => StageInfo) {
  const { t } = useLingui()
  const f = useFormat()
  const names = useColumnNames()
  return useMemo(
    () =>
      helper.columns([
        helper.display({
          id: 'name',
          header: names.name,
          cell: ({ row }) => {
            const c = row.original
            return (
              <Link to="/customers/$id" params={{ id: c.id }} style={{ fontWeight: 550, textDecoration: 'none' }}>
                {c.name || c.email || t`Anonymous ${c.id.slice(-6)}`}
              </Link>
            )
          },
        }),
        helper.display({ id: 'stage', header: names.stage, cell: ({ row }) => (row.original.stage ? <StageName color={stageOf(row.original.stage.key).color} label={row.original.stage.label} /> : '–') }),
        helper.display({ id: 'since', header: names.since, cell: ({ row }) => (row.original.stage ? <time dateTime={row.original.stage.since} title={f.dateTimeZone(row.original.stage.since)}>{f.ago(row.original.stage.since)}</time> : '–') }),
        helper.display({ id: 'last_seen', header: names.last_seen, cell: ({ row }) => <time dateTime={row.original.last_seen} title={f.dateTimeZone(row.original.last_seen)}>{f.ago(row.original.last_seen)}</time> }),
        helper.display({ id: 'first_seen', header: names.first_seen, cell: ({ row }) => <time dateTime={row.original.first_seen} title={f.dateTimeZone(row.original.first_seen)}>{f.date(row.original.first_seen)}</time> }),
        helper.display({ id: 'orders', header: names.orders, cell: ({ row }) => f.int(row.original.orders) }),
        helper.display({ id: 'revenue', header: names.revenue, cell: ({ row }) => f.moneyOf(row.original.revenue) }),
        helper.display({ id: 'events', header: names.events, cell: ({ row }) => f.int(row.original.events) }),
        helper.display({ id: 'email', header: names.email, cell: ({ row }) => row.original.email || '–' }),
        helper.display({ id: 'user_id', header: names.user_id, cell: ({ row }) => row.original.user_id || '–' }),
        helper.display({
          id: 'traits',
          header: names.traits,
          cell: ({ row }) =>
            Object.entries(row.original.traits ?? {})
              .slice(0, 3)
              .map(([k, v]) => `${k}: ${typeof v === 'object' ? JSON.stringify(v) : String(v)}`)
              .join(', ') || '–',
        }),
      ]),
    // Names and formats change with the language, which changes f.
    [f, stageOf],
  )
}
