import { useLingui } from '@lingui/react/macro'
import type { Contrast } from '~/api/personas'
import { minorDigits, useFormat } from '~/ui/format'

/** What a group differs in, in words. */
export function useContrast() {
  const { t } = useLingui()
  const f = useFormat()
  const plain: Record<string, string> = {
    recency_days: t`Days since the last order`,
    order_days: t`Days with an order`,
    money: t`Money spent`,
    discount_share: t`Orders with a discount`,
    'hours:night': t`Active at night, 0–6`,
    'hours:morning': t`Active in the morning, 6–12`,
    'hours:afternoon': t`Active in the afternoon, 12–18`,
    'hours:evening': t`Active in the evening, 18–24`,
  }
  const label = (feature: string) => {
    const value = feature.slice(feature.indexOf(':') + 1)
    if (feature.startsWith('category:')) return t`Interest in “${value}”`
    if (feature.startsWith('medium:')) return t`Visits through “${value}”`
    return plain[feature] ?? feature
  }
  const value = (feature: string, n: number) => {
    if (feature === 'money') return f.moneyShort(Math.round(n * 10 ** minorDigits(f.currency)))
    if (feature === 'recency_days' || feature === 'order_days') return f.decimal(n, n < 10 ? 1 : 0)
    return f.percent(n, n < 0.1 ? 1 : 0)
  }
  const degree = ({ difference: d }: Contrast) => (d >= 1 ? t`far above average` : d >= telling ? t`above average` : d > -telling ? t`about average` : d > -1 ? t`below average` : t`far below average`)
  return { label, value, degree }
}

/** The least difference, in standard deviations, that is worth a word. */
export const telling = 0.35

/** How clearly the groups differ, by their silhouette. */
export function useClarity() {
  const { t } = useLingui()
  return (silhouette: number) => {
    if (silhouette >= 0.5) return { word: t`clearly apart`, text: t`The groups are clearly apart: most customers belong to one and to no other.` }
    if (silhouette >= 0.25) return { word: t`apart, with overlap`, text: t`The groups are apart, but at their edges customers could belong to two.` }
    return { word: t`much overlap`, text: t`The groups overlap much: read them as tendencies, and not as kinds of people.` }
  }
}
