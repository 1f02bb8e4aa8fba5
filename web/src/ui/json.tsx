import type { Json } from '~/api'

/** A trait or property value as a person would write it. */
export function valueText(value: Json | undefined): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
