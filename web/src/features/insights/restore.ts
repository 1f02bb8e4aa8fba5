import { dashboards } from '~/api/dashboards'
import { insights, type Spec } from '~/api/insights'

/** Brings a deleted insight back under a new number, which tiles that showed it then show. */
export async function restore(before: number, body: { name: string; description: string; spec: Spec }) {
  const made = await insights.create(body)
  await dashboards.repoint(before, Number(made.id))
  return made
}
