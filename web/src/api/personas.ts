// Groups of buyers who behave alike.
import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import type { Segment } from './segments'

/** In what a group differs: the means, and their difference in standard deviations of all buyers. */
export type Contrast = { feature: string; mean: number; overall: number; difference: number }
export type Persona = { name: string; size: number; share: number; contrasts: Contrast[] }
export type Personas = { run: number; taken_at: string; by: string; buyers: number; silhouette: number; tried: { k: number; silhouette: number }[]; sampled: boolean; money: string; personas: Persona[] }

const answer = (r: { personas: Personas | null }) => r.personas

export const personas = {
  last: () => queryOptions({ queryKey: ['segments', 'personas'], queryFn: () => api.get<{ personas: Personas | null }>('/segments/personas').then(answer) }),
  find: () => api.post<{ personas: Personas | null }>('/segments/personas').then(answer),
  save: (body: { run: number; persona: number; name: string; description?: string }) => api.post<Segment>('/segments/from-persona', body),
}
