// Dashboards: tiles on a grid of 12 columns.
import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import type { Range } from './insights'
import type { Role } from './types'

export type Tile = { id: string; kind: 'insight' | 'kpi' | 'text'; insight?: number; kpi?: string; stage?: string; text?: string; title?: string; /** How a trend is drawn; none: as it fits. */ form?: 'lines' | 'bars' | 'number'; x: number; y: number; w: number; h: number }
export type Dashboard = { id: number; name: string; description: string; shared_with: Role[]; tiles: Tile[]; range?: Range; built_in?: string; created_at: number; updated_at: number; by: string }
export type ReadyDashboard = { key: 'lifecycle' | 'revenue' | 'experience'; name: string; description: string }
export type DashboardChange = Partial<Pick<Dashboard, 'name' | 'description' | 'shared_with' | 'tiles'>> & { range?: Range | Record<string, never> }

export const dashboards = {
  list: () => queryOptions({ queryKey: ['dashboards'], queryFn: () => api.get<{ dashboards: Dashboard[] }>('/dashboards').then((r) => r.dashboards) }),
  ready: () => queryOptions({ queryKey: ['dashboards-ready'], queryFn: () => api.get<{ ready: ReadyDashboard[] }>('/dashboards/ready').then((r) => r.ready), staleTime: Infinity, retry: false }),
  one: (id: string) => queryOptions({ queryKey: ['dashboards', id], queryFn: () => api.get<Dashboard>(`/dashboards/${id}`) }),
  create: (body: Pick<Dashboard, 'name'> & DashboardChange) => api.post<Dashboard>('/dashboards', body),
  makeReady: (key: ReadyDashboard['key']) => api.post<Dashboard>('/dashboards/ready', { key }),
  change: (id: string, body: DashboardChange) => api.patch<Dashboard>(`/dashboards/${id}`, body),
  remove: (id: string) => api.delete(`/dashboards/${id}`),
  /** Undoes remove: the dashboard comes back under its number. */
  restore: (id: string) => api.post<Dashboard>(`/dashboards/${id}/restore`),
}
