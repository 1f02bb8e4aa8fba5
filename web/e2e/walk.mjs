// Walks every route in both colour schemes and three languages: no accessibility violation, no report of the content
// security policy, no request off the origin, no script error, no text without translation, no sideways scrolling on
// a phone. BASE_URL, EMAIL and PASSWORD name the server; ONLY=light:en and ROUTES=/insights,/costs narrow the walk.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { base, launch, settled, signIn, watchedPage } from './browser.mjs'

const routes = ['/board', '/flow', '/time-lapse', '/moves', '/kpis', '/dashboards', '/dashboards/$dashboard', '/insights', '/insights/new?kind=trend', '/insights/new?kind=funnel', '/insights/new?kind=retention', '/insights/new?kind=growth', '/insights/new?kind=stickiness', '/insights/new?kind=paths', '/insights/new?kind=composition', '/insights/new?kind=composition&$numbers', '/insights/new?kind=table', '/insights/new?kind=table&$stages', '/insights/new?kind=attribution', '/insights/$insight', '/costs', '/alerts', '/customers', '/customers/$id', '/customers/$id?tab=traits', '/customers/$id?tab=identity', '/customers/$id?tab=consent', '/stage-models', '/stage-models/$model', '/imports', '/imports/new', '/data/live', '/data/sources', '/data/sources/1', '/data/quarantine', '/data/unknown-keys', '/data/erasures', '/data/erasures/$erasure', '/settings/workspace', '/settings/identity', '/settings/users', '/settings/api-keys', '/settings/audit', '/settings/account', '/no-such-page']
const outside = ['/sign-in']
/** ROUTES=/insights walks only the routes that begin so. */
const wanted = (route) => !process.env.ROUTES || process.env.ROUTES.split(',').some((r) => route.startsWith(r))
/** Dialogs and popovers, opened on their page before the check. */
const opened = [
  ['/board', 'search', async (p) => p.keyboard.press('/')],
  ['/board', 'shortcuts', async (p) => p.keyboard.press('?')],
  ['/board', 'period', async (p) => p.locator('header + * button[aria-haspopup=dialog], button[aria-haspopup=dialog]').first().click()],
  ['/kpis', 'formula', async (p) => p.locator('tbody button').first().click()],
  ['/flow', 'table', async (p) => p.locator('button[aria-pressed]').first().click()],
  ['/customers', 'columns', async (p) => p.locator('main header button[aria-haspopup=dialog]').first().click()],
  ['/insights/new?kind=funnel', 'people', async (p) => { await p.locator('[role=application]').focus(); await p.keyboard.press('ArrowRight'); await p.keyboard.press('Enter'); await p.locator('[role=dialog] ul li button').first().click(); await p.waitForTimeout(1200) }],
  ['/insights/new?kind=funnel', 'time taken', async (p) => p.locator('main input[type=radio][value=spread] + label').click()],
  ['/insights/new?kind=funnel', 'what goes with it', async (p) => { await p.locator('[data-open=correlation]').click(); await p.waitForTimeout(500); await p.locator('[data-run=correlation]').click(); await p.waitForSelector('[data-scale=ratio]', { timeout: 10_000 }) }],
  ['/insights/new?kind=attribution', 'channel rules', async (p) => { await p.locator('[data-open=channels]').click(); await p.waitForTimeout(600); await p.locator('main section').filter({ has: p.locator('input[placeholder=order_id]') }).last().locator('button').last().click() }],
  ['/insights/new?kind=attribution', 'segment', async (p) => { await p.locator('main tbody button').first().click(); await p.locator('[role=dialog] button[aria-expanded=false]').click(); await p.waitForTimeout(600) }],
  ['/insights/new?kind=table', 'conditions', async (p) => { for (const i of [0, 1, 2]) { await p.locator('[data-add=customer]').click(); await p.locator('[role=menuitem]').nth(i).click(); await p.waitForTimeout(300) } }],
  ['/insights/new?kind=trend', 'table', async (p) => p.locator('main button[aria-pressed]').first().click()],
  ['/insights/$insight', 'versions', async (p) => { await p.locator('main header button[aria-haspopup=menu]').click(); await p.locator('[role=menuitem]').nth(3).click() }],
  ['/dashboards/$dashboard', 'arrange', async (p) => { await p.locator('main header button').nth(1).click(); await p.locator('main header button').nth(2).click() }],
  ['/dashboards', 'new', async (p) => p.locator('main header button').first().click()],
  ['/costs', 'channel', async (p) => p.locator('main header button').last().click()],
  ['/costs', 'import', async (p) => p.locator('main header button').nth(2).click()],
  ['/alerts', 'new', async (p) => p.locator('main header button').first().click()],
  ['/data/sources', 'new', async (p) => p.locator('main header button').first().click()],
  ['/data/erasures', 'many', async (p) => p.locator('main header button').first().click()],
  ['/settings/users', 'new', async (p) => p.locator('main header button').first().click()],
]
const out = fileURLToPath(new URL('./out/', import.meta.url))
mkdirSync(out, { recursive: true })

const browser = await launch()
const state = await signIn(browser)
const ids = await firstIds()
let failures = 0
let checks = 0

/** Questions that the kind alone does not ask. */
const asked = (spec) => `spec=${encodeURIComponent(JSON.stringify(spec))}`
const numbers = { kind: 'composition', range: { last: '90d' }, composition: { event: 'Order Completed', of: 'events', numbers: { property: 'total' } } }
const stages = (model) => ({ kind: 'table', range: { last: '90d' }, table: { columns: [{ event: 'Order Completed' }, { event: 'Order Completed', measure: 'mean', property: 'total', money: true }], breakdown: { by: 'stage', property: model } } })

/** The route with the ids that this server knows. */
function filled(route) {
  if (route.endsWith('$numbers')) return route.replace('$numbers', asked(numbers))
  if (route.endsWith('$stages')) return route.replace('$stages', asked(stages(ids.modelKey)))
  return route.replace('$id', ids.id).replace('$model', ids.model).replace('$erasure', ids.erasure).replace('$insight', ids.insight).replace('$dashboard', ids.dashboard)
}

async function firstIds() {
  const { context, page } = await watchedPage(browser, { storageState: state })
  await page.goto(`${base}/board`)
  const found = await page.evaluate(async () => {
    const customers = await (await fetch('/api/v1/customers?limit=1&has=email')).json()
    const models = await (await fetch('/api/v1/stage-models')).json()
    const csrf = (await (await fetch('/api/v1/session')).json()).csrf_token
    const known = await (await fetch('/api/v1/erasures')).json()
    // Somebody who never was: the receipt has its page all the same.
    const erasure = known.erasures[0] ?? (await (await fetch('/api/v1/erasures', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify({ identifiers: [{ type: 'email', value: 'nobody@walk.example' }], reason: 'walk' }) })).json())
    const get = async (path) => (await fetch('/api/v1' + path)).json()
    const make = async (path, body) => (await fetch('/api/v1' + path, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify(body) })).json()
    const insight = (await get('/insights')).insights[0] ?? (await make('/insights', { name: 'Walk', spec: { kind: 'trend', range: { last: '30d' }, trend: { series: [{ event: 'Order Completed' }], interval: 'day' } } }))
    const dashboard = (await get('/dashboards')).dashboards[0] ?? (await make('/dashboards/ready', { key: 'lifecycle' }))
    // One of each, so that their screens are not empty.
    if ((await get('/alerts')).alerts.length === 0) await make('/alerts', { name: 'Walk', watched: { kpi: 'revenue' }, rule: { kind: 'anomaly' } })
    if ((await get('/annotations')).annotations.length === 0) await make('/annotations', { at: (Date.now() - 5 * 86_400_000) * 1000, text: 'Walk' })
    const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
    await fetch('/api/v1/costs', { method: 'PUT', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify({ costs: [{ day, channel: 'Walk', amount: 12_50, currency: 'EUR' }] }) })
    return { id: customers.customers[0]?.id, model: models.models[0]?.id, modelKey: models.models[0]?.key, erasure: erasure.id, insight: insight.id, dashboard: dashboard.id }
  })
  await context.close()
  return found
}

function fail(where, what) {
  failures++
  console.error(`FAIL ${where}: ${what}`)
}

async function check(page, problems, where) {
  checks++
  const axe = await new AxeBuilder({ page }).analyze()
  for (const v of axe.violations) fail(where, `${v.id}: ${v.help} (${v.nodes.length}) ${v.nodes.slice(0, 2).map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`).join(' | ')}`)
  for (const report of await page.evaluate(() => window.cspReports.splice(0))) fail(where, `content security policy: ${report}`)
  for (const problem of problems.splice(0)) fail(where, problem)
}

for (const scheme of ['light', 'dark']) {
  for (const locale of ['en', 'it', 'ro']) {
    if (process.env.ONLY && process.env.ONLY !== `${scheme}:${locale}`) continue
    const inside = await watchedPage(browser, { scheme, locale, storageState: state })
    for (const route of routes.filter(wanted)) {
      const path = filled(route)
      const where = `${scheme} ${locale} ${route}`
      await inside.page.goto(base + path)
      await settled(inside.page).catch((e) => fail(where, `did not settle: ${String(e).split('\n')[0]}`))
      await check(inside.page, inside.problems, where)
      if (process.env.SHOTS) await inside.page.screenshot({ path: `${out}${scheme}-${locale}${route.replaceAll(/[/?=$]/g, '_')}.png`, fullPage: true })
      if (scheme === 'light') {
        await inside.page.setViewportSize({ width: 390, height: 844 })
        await inside.page.waitForTimeout(150)
        const wide = await inside.page.evaluate(() => document.documentElement.scrollWidth)
        if (wide > 391) fail(where, `scrolls sideways on a phone: ${wide} px`)
        if (process.env.SHOTS && locale === 'en') await inside.page.screenshot({ path: `${out}narrow${route.replaceAll(/[/?=$]/g, '_')}.png`, fullPage: true })
        await inside.page.setViewportSize({ width: 1440, height: 900 })
      }
    }
    for (const [route, name, open] of opened.filter(([r]) => wanted(r))) {
      const where = `${scheme} ${locale} ${route} + ${name}`
      await inside.page.goto(base + filled(route))
      await settled(inside.page)
      try {
        await open(inside.page)
        await inside.page.waitForTimeout(450)
        await check(inside.page, inside.problems, where)
      } catch (e) {
        fail(where, String(e).split('\n')[0])
      }
    }
    await inside.context.close()
    const visitor = await watchedPage(browser, { scheme, locale })
    for (const route of outside.filter(wanted)) {
      await visitor.page.goto(base + route)
      await settled(visitor.page)
      await check(visitor.page, visitor.problems, `${scheme} ${locale} ${route}`)
    }
    await visitor.context.close()
    console.log(`walked ${scheme} ${locale}`)
  }
}
await browser.close()
console.log(`${checks} pages checked, ${failures} failures`)
process.exit(failures ? 1 : 0)
