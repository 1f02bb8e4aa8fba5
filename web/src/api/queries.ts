// One query option per read of the API. Screens use these and never spell a path of their own.
import { queryOptions } from '@tanstack/react-query'
import * as adapt from './adapt'
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
        const session = adapt.session(await api.get<adapt.Raw>('/session'))
        setCsrf(session.csrf_token)
        return session
      },
      staleTime: 5 * 60_000,
      retry: false,
    }),
  status: () => queryOptions({ queryKey: ['status'], queryFn: () => api.get<adapt.Raw>('/status').then(adapt.status), refetchInterval: (query) => (query.state.data?.work.length ? 1000 : livePoll) }),

  models: () => queryOptions({ queryKey: ['models'], queryFn: () => api.get<{ models: adapt.Raw[] }>('/stage-models').then((r) => r.models.map(adapt.model)), staleTime: 30_000 }),
  model: (id: string) => queryOptions({ queryKey: ['models', id], queryFn: () => api.get<adapt.Raw>(`/stage-models/${id}`).then(adapt.model) }),
  templates: () => queryOptions({ queryKey: ['templates'], queryFn: () => api.get<{ templates: adapt.Raw[] }>('/stage-models/templates').then((r) => r.templates.map(adapt.template)), staleTime: Infinity }),
  modelVersions: (id: string) => queryOptions({ queryKey: ['models', id, 'versions'], queryFn: () => api.get<{ versions: adapt.Raw[] }>(`/stage-models/${id}/versions`).then((r) => r.versions.map(adapt.version)) }),
  board: (id: string, query: Query) =>
    queryOptions({ queryKey: ['board', id, query], queryFn: ({ signal }) => api.get<adapt.Raw>(`/stage-models/${id}/board`, query, signal).then(adapt.board), refetchInterval: livePoll, placeholderData: (before) => before }),
  flow: (id: string, query: Query) => queryOptions({ queryKey: ['flow', id, query], queryFn: ({ signal }) => api.get<adapt.Raw>(`/stage-models/${id}/flow`, query, signal).then(adapt.flow), placeholderData: (before) => before }),
  timelapse: (id: string, query: Query) =>
    queryOptions({ queryKey: ['timelapse', id, query], queryFn: ({ signal }) => api.get<T.Timelapse>(`/stage-models/${id}/timelapse`, query, signal), placeholderData: (before) => before, staleTime: 60_000 }),
  preview: (id: string, definition: T.Definition) =>
    queryOptions({
      queryKey: ['preview', id, definition],
      queryFn: ({ signal }) => api.post<T.Preview>(`/stage-models/${id}/preview`, definition, signal),
      placeholderData: (before) => before,
      staleTime: 30_000,
      retry: false,
    }),
  describe: (node: unknown, locale: string) =>
    queryOptions({
      queryKey: ['describe', node, locale],
      queryFn: ({ signal }) => api.post<{ sentence: string }>('/expr/describe', { condition: node, locale }, signal).then((r) => r.sentence),
      staleTime: Infinity,
      retry: false,
    }),
  kpis: (query: Query) => queryOptions({ queryKey: ['kpis', query], queryFn: () => api.get<{ kpis: T.Kpi[] }>('/kpis', query).then((r) => r.kpis), placeholderData: (before) => before }),

  customers: (query: Query) => queryOptions({ queryKey: ['customers', query], queryFn: ({ signal }) => api.get<adapt.Raw>('/customers', query, signal).then(adapt.customers), placeholderData: (before) => before }),
  customer: (id: string) => queryOptions({ queryKey: ['customer', id], queryFn: () => api.get<adapt.Raw>(`/customers/${id}`).then(adapt.customer) }),
  why: (id: string, model?: string) => queryOptions({ queryKey: ['customer', id, 'stage', model], queryFn: () => api.get<adapt.Raw>(`/customers/${id}/stage`, { model }).then(adapt.why), placeholderData: (before) => before }),
  customerKpis: (id: string) => queryOptions({ queryKey: ['customer', id, 'kpis'], queryFn: () => api.get<{ kpis: T.Kpi[] }>(`/customers/${id}/kpis`).then((r) => r.kpis) }),
  notes: (id: string) => queryOptions({ queryKey: ['customer', id, 'notes'], queryFn: () => api.get<{ notes: adapt.Raw[] }>(`/customers/${id}/notes`).then((r) => r.notes.map(adapt.note)) }),
  consent: (id: string) => queryOptions({ queryKey: ['customer', id, 'consent'], queryFn: () => api.get<{ channels: T.Consent[] }>(`/customers/${id}/consent`).then((r) => r.channels) }),
  identity: (id: string) => queryOptions({ queryKey: ['customer', id, 'identity'], queryFn: () => api.get<adapt.Raw>(`/customers/${id}/identity`).then(adapt.identity) }),

  imports: () => queryOptions({ queryKey: ['imports'], queryFn: () => api.get<{ imports: adapt.Raw[] }>('/imports').then((r) => r.imports.map(adapt.importRun)), refetchInterval: (s) => (s.state.data?.some((i) => i.status === 'running') ? 1000 : livePoll * 3) }),
  importRun: (id: string) => queryOptions({ queryKey: ['imports', id], queryFn: () => api.get<adapt.Raw>(`/imports/${id}`).then(adapt.importRun), refetchInterval: (s) => (s.state.data?.status === 'running' ? 1000 : false) }),
  importFields: () => queryOptions({ queryKey: ['import-fields'], queryFn: () => api.get<Record<T.ImportKind, T.ImportField[]>>('/imports/fields'), staleTime: Infinity }),
  importPresets: () => queryOptions({ queryKey: ['import-presets'], queryFn: () => api.get<{ presets: adapt.Raw[] }>('/imports/presets').then((r) => r.presets.map(adapt.preset)) }),

  sources: () => queryOptions({ queryKey: ['sources'], queryFn: () => api.get<{ sources: adapt.Raw[] }>('/sources').then((r) => r.sources.map(adapt.source)), refetchInterval: livePoll }),
  quarantine: () => queryOptions({ queryKey: ['quarantine'], queryFn: () => api.get<{ groups: adapt.Raw[] }>('/quarantine').then((r) => r.groups.map(adapt.group)) }),
  unknownKeys: () => queryOptions({ queryKey: ['unknown-keys'], queryFn: () => api.get<{ keys: adapt.Raw[] }>('/unknown-keys').then((r) => r.keys.map(adapt.unknownKey)) }),
  liveEvents: (paused: boolean) => queryOptions({ queryKey: ['events-live'], queryFn: () => api.get<{ events: adapt.Raw[] }>('/events/live', { limit: 100 }).then((r) => r.events.map(adapt.liveEvent)), refetchInterval: paused ? false : 2000 }),
  eventNames: (text: string) => queryOptions({ queryKey: ['event-names', text], queryFn: () => api.get<{ events: T.EventName[] }>('/events/names', { q: text }).then((r) => r.events), staleTime: 60_000, placeholderData: (before) => before }),
  propertyNames: (event: string) => queryOptions({ queryKey: ['property-names', event], queryFn: () => api.get<{ properties: T.PropertyName[] }>('/events/properties', { event }).then((r) => r.properties), staleTime: 60_000, placeholderData: (before) => before }),
  traitNames: () => queryOptions({ queryKey: ['trait-names'], queryFn: () => api.get<{ traits: T.PropertyName[] }>('/traits').then((r) => r.traits), staleTime: 60_000 }),

  workspace: () => queryOptions({ queryKey: ['workspace'], queryFn: () => api.get<adapt.Raw>('/workspace').then(adapt.workspace) }),
  users: () => queryOptions({ queryKey: ['users'], queryFn: () => api.get<{ users: adapt.Raw[] }>('/users').then((r) => r.users.map(adapt.user)) }),
  apiKeys: () => queryOptions({ queryKey: ['api-keys'], queryFn: () => api.get<{ api_keys: adapt.Raw[] }>('/api-keys').then((r) => r.api_keys.map(adapt.apiKey)) }),
  identitySettings: () => queryOptions({ queryKey: ['identity-settings'], queryFn: () => api.get<T.IdentitySettings>('/settings/identity') }),
}
