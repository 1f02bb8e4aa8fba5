import { i18n } from '@lingui/core'
import { setLanguage } from '~/api/client'

export const locales = { en: 'English', it: 'Italiano', ro: 'Română' } as const
export type Locale = keyof typeof locales

const key = 'ciclo-locale'

const isLocale = (value: string | null | undefined): value is Locale => !!value && value in locales

/** The language of this browser: what was chosen before, else the first of the browser's languages that we speak. */
export function initialLocale(): Locale {
  let stored: string | null = null
  try {
    stored = localStorage.getItem(key)
  } catch {
    // Storage may be refused; the browser's language is fine.
  }
  if (isLocale(stored)) return stored
  for (const tag of navigator.languages) {
    const base = tag.slice(0, 2)
    if (isLocale(base)) return base
  }
  return 'en'
}

const catalogs: Record<Locale, () => Promise<{ messages: Record<string, string> }>> = {
  en: () => import('../locales/en.po'),
  it: () => import('../locales/it.po'),
  ro: () => import('../locales/ro.po'),
}

/** Loads one catalogue and makes it the active language. */
export async function activate(locale: Locale) {
  const { messages } = await catalogs[locale]()
  setLanguage(locale)
  i18n.loadAndActivate({ locale, messages })
  document.documentElement.lang = locale
  try {
    localStorage.setItem(key, locale)
  } catch {
    // The choice then lasts for this page only.
  }
}

export { i18n }
