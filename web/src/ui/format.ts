import { useLingui } from '@lingui/react/macro'
import { plural } from '@lingui/core/macro'
import { useMemo } from 'react'
import { useWorkspace } from '~/app/session'
import type { KpiUnit, Money } from '~/api'

const cache = new Map<string, unknown>()

/** Intl objects are slow to make, so each is made once per locale and options. */
function once<T>(key: string, make: () => T): T {
  let value = cache.get(key) as T | undefined
  if (!value) cache.set(key, (value = make()))
  return value
}

const number = (locale: string, options: Intl.NumberFormatOptions) => once(`n${locale}${JSON.stringify(options)}`, () => new Intl.NumberFormat(locale, options))
const date = (locale: string, options: Intl.DateTimeFormatOptions) => once(`d${locale}${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(locale, options))
const relative = (locale: string) => once(`r${locale}`, () => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))

/** The number of minor digits of a currency, for example 2 for EUR and 0 for JPY. */
export function minorDigits(currency: string): number {
  return number('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

export type Format = ReturnType<typeof makeFormat>

function makeFormat(locale: string, timeZone: string, currency: string, units: { d: string; h: string; m: string; s: string; mo: string; y: string }) {
  const int = (n: number) => number(locale, { maximumFractionDigits: 0 }).format(n)
  const compact = (n: number) => (Math.abs(n) < 10_000 ? int(n) : number(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(n))
  const decimal = (n: number, digits = 2) => number(locale, { maximumFractionDigits: digits }).format(n)
  const percent = (n: number, digits = 1) => number(locale, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n)
  const signed = (n: number) => number(locale, { maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(n === 0 ? 0 : n)
  const money = (minor: number, code = currency, options: Intl.NumberFormatOptions = {}) => number(locale, { style: 'currency', currency: code, ...options }).format(minor / 10 ** minorDigits(code))
  const moneyShort = (minor: number, code = currency) => (Math.abs(minor) < 10 ** (minorDigits(code) + 4) ? money(minor, code) : money(minor, code, { notation: 'compact', maximumFractionDigits: 1 }))
  const seconds = (s: number) => {
    const one = (n: number, unit: string) => `${decimal(n, n < 10 ? 1 : 0)} ${unit}`
    if (s < 60) return one(Math.round(s), units.s)
    if (s < 3600) return one(s / 60, units.m)
    if (s < 2 * 86_400) return one(s / 3600, units.h)
    if (s < 120 * 86_400) return one(s / 86_400, units.d)
    if (s < 730 * 86_400) return one(s / (30.44 * 86_400), units.mo)
    return one(s / (365.25 * 86_400), units.y)
  }
  const unit = (value: number | null | undefined, kind: KpiUnit, code?: string): string => {
    if (value === null || value === undefined) return '–'
    switch (kind) {
      case 'ratio':
        return percent(value)
      case 'money':
        return moneyShort(value, code ?? currency)
      case 'count':
        return compact(value)
      case 'seconds':
        return seconds(value)
      case 'days':
        return seconds(value * 86_400)
      case 'number':
        return decimal(value)
    }
  }
  const zoned = (options: Intl.DateTimeFormatOptions) => (t: string | number | Date) => date(locale, { timeZone, ...options }).format(new Date(t))
  return {
    locale,
    timeZone,
    currency,
    int,
    compact,
    decimal,
    percent,
    signed,
    money,
    moneyShort,
    moneyOf: (m: Money | null | undefined) => (m ? money(m.minor, m.currency) : '–'),
    seconds,
    unit,
    date: zoned({ dateStyle: 'medium' }),
    dayMonth: zoned({ day: 'numeric', month: 'short' }),
    monthYear: zoned({ month: 'short', year: 'numeric' }),
    hour: zoned({ hour: '2-digit', minute: '2-digit' }),
    year: zoned({ year: 'numeric' }),
    longDate: zoned({ weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' }),
    time: zoned({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    dateTime: zoned({ dateStyle: 'medium', timeStyle: 'short' }),
    dateTimeZone: zoned({ year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' }),
    ago: (t: string | number) => {
      const diff = (new Date(t).getTime() - Date.now()) / 1000
      const abs = Math.abs(diff)
      const step: [number, Intl.RelativeTimeFormatUnit] = abs < 60 ? [1, 'second'] : abs < 3600 ? [60, 'minute'] : abs < 86_400 ? [3600, 'hour'] : abs < 45 * 86_400 ? [86_400, 'day'] : abs < 700 * 86_400 ? [30.44 * 86_400, 'month'] : [365.25 * 86_400, 'year']
      return relative(locale).format(Math.round(diff / step[0]), step[1])
    },
    bytes: (n: number) => (n < 1_000_000 ? `${decimal(n / 1000, 0)} kB` : `${decimal(n / 1_000_000, 1)} MB`),
  }
}

/** Formatting in the language of the page and the time zone and currency of the workspace. */
export function useFormat(): Format {
  const { i18n, t } = useLingui()
  const { time_zone, currency } = useWorkspace()
  // The region of the browser decides how dates and numbers are written, as long as the language is the same.
  const locale = navigator.languages.find((tag) => tag.startsWith(`${i18n.locale}-`)) ?? i18n.locale
  return useMemo(
    () => makeFormat(locale, time_zone, currency, { d: t({ message: 'd', context: 'short unit: days' }), h: t({ message: 'h', context: 'short unit: hours' }), m: t({ message: 'min', context: 'short unit: minutes' }), s: t({ message: 's', context: 'short unit: seconds' }), mo: t({ message: 'mo', context: 'short unit: months' }), y: t({ message: 'y', context: 'short unit: years' }) }),
    // The units change with the locale only.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [locale, time_zone, currency],
  )
}

/** "1 customer", "1,234 customers", in the language of the page. */
export function useCustomersText() {
  const { t } = useLingui()
  return (n: number) => t`${plural(n, { one: '# customer', other: '# customers' })}`
}
