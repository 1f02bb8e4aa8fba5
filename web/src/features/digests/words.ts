import { useLingui } from '@lingui/react/macro'
import type { Digest } from '~/api/digests'
import { useFormat } from '~/ui/format'

/** A name that every file system takes. */
export function fileName(name: string, format: string): string {
  return `${name.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '').slice(0, 80) || 'ciclo'}.${format}`
}

/** Schedules in words. */
export function useSchedule() {
  const { t } = useLingui()
  const f = useFormat()
  // 1 January 2024 was a Monday.
  const weekday = (day: number) => new Intl.DateTimeFormat(f.locale, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, day))
  const hour = (h: number) => new Intl.DateTimeFormat(f.locale, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1, h))
  const words = (d: Pick<Digest, 'every' | 'on' | 'hour'>) => {
    const at = hour(d.hour)
    if (d.every === 'day') return t`Every day at ${at}`
    if (d.every === 'month') return t`On day ${d.on} of every month at ${at}`
    const day = weekday(d.on)
    return t`Every ${day} at ${at}`
  }
  return { weekday, hour, words }
}
