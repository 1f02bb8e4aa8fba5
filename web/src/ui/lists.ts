/** All time zones that the browser knows; UTC first. */
export function timeZones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')]
}

/** All currencies that the browser knows; the common ones first. */
export function currencies(): string[] {
  const first = ['EUR', 'USD', 'GBP', 'CHF', 'RON']
  return [...first, ...Intl.supportedValuesOf('currency').filter((c) => !first.includes(c))]
}
