// Reads of long lists, a page at a time.
import * as adapt from './adapt'
import { api, type Query } from './client'

export const pages = {
  customers: (query: Query, signal?: AbortSignal) => api.get<adapt.Raw>('/customers', query, signal).then(adapt.customers),
  timeline: (id: string, query: Query, signal?: AbortSignal) => api.get<adapt.Raw>(`/customers/${id}/timeline`, query, signal).then(adapt.timeline),
  moves: (model: string, query: Query) => api.get<adapt.Raw>(`/stage-models/${model}/moves`, query).then(adapt.moves),
  audit: (query: Query) => api.get<adapt.Raw>('/audit', query).then(adapt.audit),
}
