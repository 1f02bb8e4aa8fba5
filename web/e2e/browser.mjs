// Starts Debian's Chromium for the browser tests, and collects what must not happen on any page.
import { chromium } from 'playwright-core'

export const base = process.env.BASE_URL ?? 'http://127.0.0.1:8788'
export const email = process.env.EMAIL ?? 'owner@example.com'
export const password = process.env.PASSWORD ?? 'development'

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

/** A page that records reports of the content security policy, requests to other origins, and errors of scripts. */
export async function watchedPage(browser, { scheme = 'light', locale = 'en', width = 1440, height = 900, storageState } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, locale, viewport: { width, height }, reducedMotion: 'reduce', storageState })
  await context.addInitScript((l) => {
    localStorage.setItem('ciclo-locale', l)
    window.cspReports = []
    document.addEventListener('securitypolicyviolation', (e) => window.cspReports.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))
  }, locale)
  const page = await context.newPage()
  const problems = []
  const origin = new URL(base).origin
  page.on('request', (r) => {
    const url = new URL(r.url())
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin) problems.push(`request off the origin: ${r.url()}`)
  })
  page.on('pageerror', (e) => problems.push(`script error: ${e}`))
  page.on('console', (m) => {
    if (m.type() === 'error' && !/status of (401|404)/.test(m.text())) problems.push(`console: ${m.text()}`)
  })
  return { context, page, problems }
}

/** Signs in through the form and returns the state to reuse. */
export async function signIn(browser) {
  const { context, page } = await watchedPage(browser)
  await page.goto(`${base}/sign-in`)
  await page.waitForSelector('input[type=email], nav')
  if (await page.locator('input[type=email]').count()) {
    await page.fill('input[type=email]', email)
    await page.fill('input[type=password]', password)
    await page.keyboard.press('Enter')
  }
  await page.waitForURL(/\/board/, { timeout: 15_000 })
  const state = await context.storageState()
  await context.close()
  return state
}

/** Waits until nothing is loading and the page has its heading. */
export async function settled(page) {
  await page.waitForSelector('h1', { timeout: 15_000 })
  await page.waitForFunction(() => !document.querySelector('.mantine-Skeleton-root, [aria-busy=true], .sk'), undefined, { timeout: 15_000 }).catch(() => undefined)
  await page.waitForTimeout(250)
}
