// One query option per read of the API. Screens use these and never spell a path of their own.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, type Query, setCsrf } from './client'
import type * as T from './types'

/** How often live screens ask again, in milliseconds. */
export const livePoll = 5000

export const q = {
  setup: () => queryOptions({ queryKey: ['setup'], queryFn: () => api.get<{ needed: boolean }>('/setup'), staleTime: Infinity }),
  session: () =>
    queryOptions({
      queryKey: ['session'],
      queryFn: async () => {
        const session = await api.get<T.Session>('/session')
        setCsrf(session.csrf_token)
        return session
      },
      staleTime: 5 * 60_000,
      retry: false,
    }),
  status: () => queryOptions({ queryKey: ['status'], queryFn: () => api.get<T.Status>('/status'), refetchInterval: (query) => (query.state.data?.work.length ? 1000 : livePoll) }),

  models: () => queryOptions({ queryKey: ['models'], queryFn: () => api.get<{ models: T.StageModel[] }>('/stage-models').then((r) => r.models), staleTime: 30_000 }),
  model: (id: string) => queryOptions({ queryKey: ['models', id], queryFn: () => api.get<T.StageModel>(`/stage-models/${id}`) }),
  templates: () => queryOptions({ queryKey: ['templates'], queryFn: () => api.get<{ templates: T.Template[] }>('/stage-models/templates').then((r) => r.templates), staleTime: Infinity }),
  modelVersions: (id: string) => queryOptions({ queryKey: ['models', id, 'versions'], queryFn: () => api.get<{ versions: T.ModelVersion[] }>(`/stage-models/${id}/versions`).then((r) => r.versions) }),
  board: (id: string, query: Query) =>
    queryOptions({ queryKey: ['board', id, query], queryFn: ({ signal }) => api.get<T.Board>(`/stage-models/${id}/board`, query, signal), refetchInterval: livePoll, placeholderData: keepPreviousData }),
  flow: (id: string, query: Query) => queryOptions({ queryKey: ['flow', id, query], queryFn: ({ signal }) => api.get<T.Flow>(`/stage-models/${id}/flow`, query, signal), placeholderData: keepPreviousData }),
  timelapse: (id: string, query: Query) =>
    queryOptions({ queryKey: ['timelapse', id, query], queryFn: ({ signal }) => api.get<T.Timelapse>(`/stage-models/${id}/timelapse`, query, signal), placeholderData: keepPreviousData, staleTime: 60_000 }),
  moves: (id: string, query: Query) => queryOptions({ queryKey: ['moves', id, query], queryFn: () => api.get<{ moves: T.Move[]; next_cursor: string | null }>(`/stage-models/${id}/moves`, query) }),
  preview: (id: string, definition: T.Definition) =>
    queryOptions({
      queryKey: ['preview', id, definition],
      queryFn: ({ signal }) => api.post<T.Preview>(`/stage-models/${id}/preview`, { definition }, signal),
      placeholderData: keepPreviousData,
      staleTime: 30_000,
      retry: false,
    }),
  describe: (node: unknown, locale: string) =>
    queryOptions({
      queryKey: ['describe', node, locale],
      queryFn: ({ signal }) => api.post<{ sentence: string }>('/expr/describe', { expr: node, locale }, signal).then((r) => r.sentence),
      staleTime: Infinity,
      retry: false,
    }),
  kpis: (query: Query) => queryOptions({ queryKey: ['kpis', query], queryFn: () => api.get<{ kpis: T.Kpi[] }>('/kpis', query).then((r) => r.kpis), placeholderData: keepPreviousData }),

  customers: (query: Query) => queryOptions({ queryKey: ['customers', query], queryFn: ({ signal }) => api.get<T.CustomerPage>('/customers', query, signal), placeholderData: keepPreviousData }),
  customer: (id: string) => queryOptions({ queryKey: ['customer', id], queryFn: () => api.get<T.Customer>(`/customers/${id}`) }),
  why: (id: string, model?: string) => queryOptions({ queryKey: ['customer', id, 'stage', model], queryFn: () => api.get<T.StageWhy>(`/customers/${id}/stage`, { model }), placeholderData: keepPreviousData }),
  customerKpis: (id: string) => queryOptions({ queryKey: ['customer', id, 'kpis'], queryFn: () => api.get<{ kpis: T.Kpi[] }>(`/customers/${id}/kpis`).then((r) => r.kpis) }),
  notes: (id: string) => queryOptions({ queryKey: ['customer', id, 'notes'], queryFn: () => api.get<{ notes: T.Note[] }>(`/customers/${id}/notes`).then((r) => r.notes) }),
  consent: (id: string) => queryOptions({ queryKey: ['customer', id, 'consent'], queryFn: () => api.get<{ channels: T.Consent[] }>(`/customers/${id}/consent`).then((r) => r.channels) }),
  identity: (id: string) => queryOptions({ queryKey: ['customer', id, 'identity'], queryFn: () => api.get<T.Identity>(`/customers/${id}/identity`) }),

  imports: () => queryOptions({ queryKey: ['imports'], queryFn: () => api.get<{ imports: T.ImportRun[] }>('/imports').then((r) => r.imports), refetchInterval: (s) => (s.state.data?.some((i) => i.status === 'running') ? 1000 : livePoll * 3) }),
  importRun: (id: string) => queryOptions({ queryKey: ['imports', id], queryFn: () => api.get<T.ImportRun>(`/imports/${id}`), refetchInterval: (s) => (s.state.data?.status === 'running' ? 1000 : false) }),
  importFields: () => queryOptions({ queryKey: ['import-fields'], queryFn: () => api.get<Record<T.ImportKind, T.ImportField[]>>('/imports/fields'), staleTime: Infinity }),
  importPresets: () => queryOptions({ queryKey: ['import-presets'], queryFn: () => api.get<{ presets: T.ImportPreset[] }>('/imports/presets').then((r) => r.presets) }),

  sources: () => queryOptions({ queryKey: ['sources'], queryFn: () => api.get<{ sources: T.Source[] }>('/sources').then((r) => r.sources), refetchInterval: livePoll }),
  quarantine: () => queryOptions({ queryKey: ['quarantine'], queryFn: () => api.get<{ groups: T.QuarantineGroup[] }>('/quarantine').then((r) => r.groups) }),
  unknownKeys: () => queryOptions({ queryKey: ['unknown-keys'], queryFn: () => api.get<{ keys: T.UnknownKey[] }>('/unknown-keys').then((r) => r.keys) }),
  liveEvents: (paused: boolean) => queryOptions({ queryKey: ['events-live'], queryFn: () => api.get<{ events: T.LiveEvent[] }>('/events/live', { limit: 100 }).then((r) => r.events), refetchInterval: paused ? false : 2000 }),
  eventNames: (text: string) => queryOptions({ queryKey: ['event-names', text], queryFn: () => api.get<{ events: T.EventName[] }>('/events/names', { q: text }).then((r) => r.events), staleTime: 60_000, placeholderData: keepPreviousData }),
  propertyNames: (event: string) => queryOptions({ queryKey: ['property-names', event], queryFn: () => api.get<{ properties: T.PropertyName[] }>('/events/properties', { event }).then((r) => r.properties), staleTime: 60_000, placeholderData: keepPreviousData }),
  traitNames: () => queryOptions({ queryKey: ['trait-names'], queryFn: () => api.get<{ traits: T.PropertyName[] }>('/traits').then((r) => r.traits), staleTime: 60_000 }),

  workspace: () => queryOptions({ queryKey: ['workspace'], queryFn: () => api.get<T.Workspace>('/workspace') }),
  users: () => queryOptions({ queryKey: ['users'], queryFn: () => api.get<{ users: T.User[] }>('/users').then((r) => r.users) }),
  apiKeys: () => queryOptions({ queryKey: ['api-keys'], queryFn: () => api.get<{ keys: T.ApiKey[] }>('/api-keys').then((r) => r.keys) }),
  audit: (query: Query) => queryOptions({ queryKey: ['audit', query], queryFn: () => api.get<{ entries: T.AuditEntry[]; next_cursor: string | null }>('/audit', query), placeholderData: keepPreviousData }),
  identitySettings: () => queryOptions({ queryKey: ['identity-settings'], queryFn: () => api.get<T.IdentitySettings>('/settings/identity') }),
}
