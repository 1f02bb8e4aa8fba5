// Walks every route in both colour schemes and three languages: no accessibility violation, no report of the content
// security policy, no request off the origin, no script error, no text without translation, no sideways scrolling on
// a phone. BASE_URL, EMAIL and PASSWORD name the server; ONLY=light:en,dark:it and ROUTES=/insights,/costs narrow the
// walk; WORKERS pages are walked at a time.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { base, launch, settled, signIn, watchedPage } from './browser.mjs'

const routes = ['/board', '/flow', '/time-lapse', '/moves', '/kpis', '/dashboards', '/dashboards/$dashboard', '/dashboards/digests', '/insights', '/insights/new?kind=trend', '/insights/new?kind=funnel', '/insights/new?kind=retention', '/insights/new?kind=growth', '/insights/new?kind=stickiness', '/insights/new?kind=paths', '/insights/new?kind=composition', '/insights/new?kind=composition&$numbers', '/insights/new?kind=table', '/insights/new?kind=table&$stages', '/insights/new?kind=attribution', '/insights/new?kind=journey', '/insights/$insight', '/costs', '/costs?tab=rates', '/alerts', '/customers', '/customers/$id', '/customers/$id?tab=traits', '/customers/$id?tab=identity', '/customers/$id?tab=consent', '/segments', '/segments/new', '/segments/ready', '/segments/rfm', '/segments/personas', '/segments/overlap', '/segments/overlap?ids=$both', '/segments/$segment', '/segments/$segment?tab=members', '/segments/$segment?tab=size', '/segments/$segment?tab=composition', '/segments/$segment?tab=why&customer=$id', '/segments/$segment?tab=versions', '/segments/$segment?tab=used', '/segments/$list', '/settings/webhooks', '/stage-models', '/stage-models/$model', '/imports', '/imports/new', '/data/live', '/data/sources', '/data/sources/1', '/data/quarantine', '/data/unknown-keys', '/data/erasures', '/data/erasures/$erasure', '/settings/workspace', '/settings/identity', '/settings/users', '/settings/api-keys', '/settings/audit', '/settings/account', '/no-such-page']
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
  ['/insights/new?kind=funnel', 'what goes with it', async (p) => { await p.locator('[data-open=correlation]').click(); await p.waitForTimeout(500); await p.locator('[data-run=correlation]').click(); await p.waitForSelector('[data-scale=ratio], [data-nothing=correlation]', { timeout: 10_000, state: 'attached' }) }],
  ['/insights/new?kind=attribution', 'channel rules', async (p) => { await p.locator('[data-open=channels]').click(); await p.waitForTimeout(600); await p.locator('main section').filter({ has: p.locator('input[placeholder=order_id]') }).last().locator('button').last().click() }],
  ['/insights/new?kind=attribution', 'segment', async (p) => { await p.locator('main tbody button').first().click(); await p.locator('[role=dialog] button[aria-expanded=false]').click(); await p.waitForTimeout(600) }],
  ['/insights/new?kind=table', 'conditions', async (p) => { for (const i of [0, 1, 2]) { await p.locator('[data-add=customer]').click(); await p.locator('[role=menuitem]').nth(i).click(); await p.waitForTimeout(300) } }],
  ['/insights/new?kind=trend', 'table', async (p) => p.locator('main button[aria-pressed]').first().click()],
  ['/insights/$insight', 'versions', async (p) => { await p.locator('main header button[aria-haspopup=menu]').click(); await p.locator('[role=menuitem]').nth(3).click() }],
  ['/dashboards/$dashboard', 'arrange', async (p) => { await p.locator('main header button').nth(1).click(); await p.locator('main header button').nth(2).click() }],
  ['/dashboards', 'new', async (p) => p.locator('main header button').first().click()],
  ['/dashboards/$dashboard', 'menu', async (p) => p.locator('main header button[aria-haspopup=menu]').click()],
  ['/dashboards/digests', 'new', async (p) => p.locator('main header button').first().click()],
  ['/dashboards/digests', 'files', async (p) => p.locator('tbody button').first().click()],
  ['/segments/personas', 'save', async (p) => p.locator('main section button').first().click()],
  ['/costs', 'channel', async (p) => p.locator('main header button').last().click()],
  ['/costs', 'import', async (p) => p.locator('main header button').nth(2).click()],
  ['/costs?tab=rates', 'import', async (p) => p.locator('main section button').first().click()],
  ['/alerts', 'new', async (p) => p.locator('main header button').first().click()],
  ['/segments/new', 'add', async (p) => p.locator('[data-add]').first().click()],
  ['/segments/$segment', 'json', async (p) => p.getByText('JSON', { exact: true }).first().click()],
  ['/segments/$segment', 'actions', async (p) => p.locator('[data-path] [aria-haspopup=menu]').first().click()],
  ['/segments/$segment?tab=size', 'table', async (p) => p.locator('main button[aria-pressed]').first().click()],
  ['/settings/webhooks', 'new', async (p) => p.locator('main header button').first().click()],
  ['/data/sources', 'new', async (p) => p.locator('main header button').first().click()],
  ['/data/erasures', 'many', async (p) => p.locator('main header button').first().click()],
  ['/settings/users', 'new', async (p) => p.locator('main header button').first().click()],
]
const out = fileURLToPath(new URL('./out/', import.meta.url))
mkdirSync(out, { recursive: true })

const browser = await launch()
const state = await signIn(browser)
const ids = await firstIds()
/** Questions that the kind alone does not ask. */
const asked = (spec) => `spec=${encodeURIComponent(JSON.stringify(spec))}`
ids.numbers = asked({ kind: 'composition', range: { last: '90d' }, composition: { event: 'Order Completed', of: 'events', numbers: { property: 'total' } } })
ids.stages = asked({ kind: 'table', range: { last: '90d' }, table: { columns: [{ event: 'Order Completed' }, { event: 'Order Completed', measure: 'mean', property: 'total', money: true }], breakdown: { by: 'stage', property: ids.modelKey } } })
let failures = 0
let checks = 0

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
    await fetch('/api/v1/rates', { method: 'PUT', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify({ rates: [{ day, currency: 'RON', rate: '0.2009' }] }) })
    const { digests } = await get('/digests')
    const digest = digests[0] ?? (await make('/digests', { name: 'Walk', dashboard: dashboard.id, every: 'week', on: 1, hour: 8, format: 'svg' }))
    if ((await get(`/digests/${digest.id}/files`)).files.length === 0) await make(`/digests/${digest.id}/run`, {})
    if (!(await get('/segments/personas')).personas) await make('/segments/personas', {})
    // A segment with every kind of condition, one beside it, and a list.
    if (!(await (await fetch('/api/v1/segments/rfm')).json()).run) await make('/segments/rfm', {})
    let { segments } = await (await fetch('/api/v1/segments')).json()
    const made = async (key, body) => segments.find((s) => s.key === key) ?? make('/segments', { key, name: key.replaceAll('_', ' '), ...body })
    const beside = await made('walk_beside', { when: { did: { event: 'Order Completed' } } })
    const list = await made('walk_list', { kind: 'static' })
    const segment = await made('walk_all', {
      when: {
        any: [
          { all: [{ did: { event: 'Order Completed', op: 'gte', value: 2, where: [{ name: 'revenue', op: 'gte', value: 20 }], window: { last: '90d', before: '90d' } } }, { not: { trait: { name: 'country', op: 'in', value: ['IT', 'RO'], ignore_case: true } } }, { trait: { name: 'newsletter', op: 'is_true', for: '7d' } }] },
          { not: { any: [{ sequence: { steps: [{ event: 'Product Added' }, { event: 'Order Completed', not: true, within: '1h' }], window: { last: '7d' } } }, { lapse: { event: 'Order Completed', days: 90, gap_multiple: 2, min_days: 30, max_days: 400 } }] } },
          { keyed: { by: 'product_id', when: { all: [{ did: { event: 'Product Viewed', op: 'gte', value: 3 } }, { did: { event: 'Product Added' } }] } } },
          { compare: { a: { event: 'Order Completed', measure: 'sum', property: 'revenue', window: { last: '90d' } }, op: 'gt', b: { event: 'Order Completed', measure: 'sum', property: 'revenue', window: { last: '90d', before: '90d' } }, factor: 1.5 } },
          { did: { event: 'Order Completed', measure: 'last_time', op: 'in_last', value: '30d', window: { calendar: 'this_year' } } },
          { all: [{ segment: { key: 'walk_beside' } }, { rfm: { r: [5], m: [4, 5] } }, { sample: { salt: 'walk', from: 0, to: 50 } }] },
          { all: [{ consent: { channel: 'email', state: ['subscribed', 'unknown'] } }, { message: { did: 'opened', channel: 'email', op: 'gte', value: 3, window: { last: '60d' } } }] },
        ],
      },
    })
    for (let i = 0; i < 60 && (segments.length === 0 || segments.some((s) => s.building)); i++) {
      await new Promise((r) => setTimeout(r, 500))
      segments = (await (await fetch('/api/v1/segments')).json()).segments
    }
    return { insight: insight.id, dashboard: dashboard.id, segment: segment.id, list: list.id, both: `${segment.id}.${beside.id}`, id: customers.customers[0]?.id, model: models.models[0]?.id, modelKey: models.models[0]?.key, erasure: erasure.id }
  })
  await context.close()
  return found
}

/** A route with the ids of this server in it. */
function filled(route) {
  return route.replaceAll(/\$(\w+)/g, (_, name) => ids[name])
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

/** A page of the walk in one scheme and language: the check of a route, of what opens on it, or of a page outside. */
function* steps() {
  for (const scheme of ['light', 'dark']) {
    for (const locale of ['en', 'it', 'ro']) {
      if (process.env.ONLY && !process.env.ONLY.split(',').includes(`${scheme}:${locale}`)) continue
      for (const route of routes.filter(wanted)) yield { scheme, locale, route, run: plain }
      for (const [route, name, open] of opened.filter(([r]) => wanted(r))) yield { scheme, locale, route, name, run: (page, problems, step) => openedOn(page, problems, step, open) }
      for (const route of outside.filter(wanted)) yield { scheme, locale, route, visitor: true, run: plain }
    }
  }
}

async function plain(page, problems, { scheme, locale, route, where, visitor }) {
  await page.goto(base + filled(route))
  await settled(page).catch((e) => fail(where, `did not settle: ${String(e).split('\n')[0]}`))
  await check(page, problems, where)
  if (process.env.SHOTS) await page.screenshot({ path: `${out}${scheme}-${locale}${route.replaceAll(/[/?=$]/g, '_')}.png`, fullPage: true })
  if (scheme !== 'light' || visitor) return
  await page.setViewportSize({ width: 390, height: 844 })
  await page.waitForTimeout(150)
  const wide = await page.evaluate(() => document.documentElement.scrollWidth)
  if (wide > 391) fail(where, `scrolls sideways on a phone: ${wide} px`)
  if (process.env.SHOTS && locale === 'en') await page.screenshot({ path: `${out}narrow${route.replaceAll(/[/?=$]/g, '_')}.png`, fullPage: true })
  await page.setViewportSize({ width: 1440, height: 900 })
}

async function openedOn(page, problems, { route, where }, open) {
  await page.goto(base + filled(route))
  await settled(page)
  await open(page)
  await page.waitForTimeout(450)
  await check(page, problems, where)
}

/** Takes steps until none is left; each worker has a page of its own, a new one where scheme, language or visitor change. */
async function walk(left) {
  let at = ''
  let view
  for (const step of left) {
    step.where = `${step.scheme} ${step.locale} ${step.route}${step.name ? ` + ${step.name}` : ''}`
    const key = `${step.scheme} ${step.locale} ${step.visitor}`
    if (key !== at) {
      await view?.context.close()
      view = await watchedPage(browser, { scheme: step.scheme, locale: step.locale, storageState: step.visitor ? undefined : state })
      if (at.slice(0, 8) !== key.slice(0, 8)) console.log(`walking ${step.scheme} ${step.locale}`)
      at = key
    }
    try {
      await step.run(view.page, view.problems, step)
    } catch (e) {
      fail(step.where, String(e).split('\n')[0])
    }
  }
  await view?.context.close()
}

// A generator is shared: each step is taken once.
const left = steps()
const shared = { [Symbol.iterator]: () => ({ next: () => left.next() }) }
await Promise.all(Array.from({ length: Number(process.env.WORKERS ?? 2) }, () => walk(shared)))
await browser.close()
console.log(`${checks} pages checked, ${failures} failures`)
process.exit(failures ? 1 : 0)
