// Development only: answers the API contract from generated data. Run with `npm run mock`; never shipped.
import { createServer } from 'node:http'
import { DAY, makeShop, rng, STAGES, stageAt } from './data.mjs'
import { boardOf, flowOf, kpisOf, lapseOf } from './mock-insight.mjs'
import { adminRoutes } from './mock-admin.mjs'

const shop = makeShop()
const tz = 'Europe/Rome'
const state = { setup: process.env.SETUP === '1', signedIn: process.env.SIGNED_OUT !== '1', started: Date.now(), notes: new Map(), targets: new Map(), work: [], user: { id: 'usr_1', email: 'owner@example.com', name: 'Anna Conti', role: 'owner', locale: 'en' }, workspace: { id: 'wsp_1', name: 'Torrefazione Conti', time_zone: tz, currency: 'EUR', week_start: 1, lapse_days: 90, refund_date: 'refund', backup_retention_days: 30 } }
const iso = (t) => (t ? new Date(t).toISOString() : null)
const model = { id: 'mod_1', key: 'sterne-cutler', name: 'Shop lifecycle', template: 'sterne-cutler', version: 3, is_default: true, stages: STAGES, updated_at: iso(shop.now - 5 * DAY) }
const models = [model]
const byId = new Map(shop.customers.map((c) => [c.id, c]))
const label = (key) => STAGES.find((s) => s.key === key)?.label ?? ''

export function problem(status, title, detail, errors = []) {
  return { status, body: { type: 'about:blank', title, status, code: title.toLowerCase().replaceAll(' ', '_'), detail, errors } }
}

const period = (q) => ({ from: q.get('from') ? Date.parse(q.get('from')) : shop.now - 30 * DAY, to: Math.min(shop.now, q.get('to') ? Date.parse(q.get('to')) : shop.now) })

function row(c) {
  const s = c.moves.at(-1)
  return { id: c.id, name: c.name, email: c.email, user_id: c.user_id, identified: c.identified, first_seen: iso(c.joined), last_seen: iso(c.last), events: c.events.length, orders: c.orders.length, revenue: { minor: c.revenue, currency: 'EUR' }, stage: s ? { key: s.to, label: label(s.to), since: iso(s.at) } : null, traits: { plan: c.orders.length > 4 ? 'club' : 'free', country: 'IT' } }
}

function list(q) {
  let out = shop.customers
  const has = (q.get('has') ?? '').split(',')
  const text = (q.get('q') ?? '').toLowerCase()
  if (text) out = out.filter((c) => c.name.toLowerCase().includes(text) || c.email.includes(text) || c.id.includes(text) || c.user_id === text)
  if (q.get('stage')) out = out.filter((c) => c.moves.at(-1)?.to === q.get('stage'))
  if (has.includes('orders')) out = out.filter((c) => c.orders.length)
  if (has.includes('email')) out = out.filter((c) => c.email)
  const sort = q.get('sort') || '-last_seen'
  const get = { last_seen: (c) => c.last, first_seen: (c) => c.joined, revenue: (c) => c.revenue, orders: (c) => c.orders.length, events: (c) => c.events.length, name: (c) => c.name }[sort.replace('-', '')]
  out = [...out].sort((a, b) => (get(a) > get(b) ? 1 : get(a) < get(b) ? -1 : 0) * (sort.startsWith('-') ? -1 : 1))
  const at = Number(q.get('cursor') ?? 0)
  const limit = Number(q.get('limit') ?? 50)
  return { customers: out.slice(at, at + limit).map(row), next_cursor: at + limit < out.length ? String(at + limit) : null, total: out.length }
}

function event(c, e, i) {
  const properties = e.kind === 'page' ? { url: 'https://shop.example/', title: 'Home', referrer: 'https://search.example/' } : e.name === 'Order Completed' ? { order_id: `o-${c.user_id}-${e.order}`, revenue: e.amount / 100, currency: 'EUR', products: [{ product_id: 'p1', name: e.product, quantity: 1, price: e.amount / 100 }] } : { product_id: 'p1', name: 'Kenya AA 250 g', price: 12.5 }
  const m = c.moves.find((m) => m.at === e.at)
  return { id: `evt_${c.id.slice(4)}_${i}`, seq: i, time: iso(e.at), received: iso(e.at + 1200), kind: e.kind, name: e.name, source: 1, flags: i % 37 === 5 ? ['late'] : [], context: { ip: '203.0.113.0', locale: 'it-IT', library: { name: 'ciclo.js', version: '1.0.0' } }, properties, ...(m && m.from ? { stage: { from: m.from, to: m.to, model: 'mod_1' } } : {}) }
}

function timeline(c, q) {
  let all = c.events.map((e, i) => event(c, e, c.events.length - i))
  if (q.get('kinds')) all = all.filter((e) => q.get('kinds').split(',').includes(e.kind))
  if (q.get('event')) all = all.filter((e) => e.name === q.get('event'))
  if (q.get('before')) all = all.filter((e) => e.time < q.get('before'))
  const at = Number(q.get('cursor') ?? 0)
  return { events: all.slice(at, at + 100), next_cursor: at + 100 < all.length ? String(at + 100) : null, prev_cursor: null }
}

function why(c) {
  const s = c.moves.at(-1)
  const def = STAGES.find((d) => d.key === s.to)
  const sentence = (k) => ({ awareness: 'viewed a page at least 1 time', engagement: '“Product Viewed” at least 3 times in the last 30 days, or “Signed Up” at least 1 time', conversion: '“Order Completed” at least 1 time', retention: '“Order Completed” at least 2 times in the last 365 days', loyalty: '“Order Completed” at least 4 times in the last 365 days', dormant: 'no “Order Completed” for 3 times the customer’s own gap (30 to 365 days)', lost: 'no “Order Completed” for 240 days' })[k]
  return { model: 'mod_1', version: 3, stage: s.to, label: def.label, since: iso(s.at), evidence: { cause: s.cause, event: s.event ? { id: 'evt_1', name: s.event, time: iso(s.at), kind: 'track' } : null, at: iso(s.at), condition: def.when, sentence: sentence(s.to), version: 3 }, history: c.moves.map((m) => ({ from: m.from, to: m.to, at: iso(m.at), cause: m.cause, event_name: m.event, sentence: sentence(m.to), version: 3 })), next: def.off_path ? { at: null } : { at: iso(c.last + 90 * DAY) }, stages: STAGES.map((d) => ({ key: d.key, label: d.label, holds: c.moves.some((m) => m.to === d.key), sentence: sentence(d.key) })) }
}

function customer(c) {
  const s = c.moves.at(-1)
  const ids = [{ type: 'anonymous_id', value: `a-${c.id.slice(4)}`, number: 1, first_seen: iso(c.joined), last_seen: iso(c.last) }]
  if (c.identified) ids.unshift({ type: 'user_id', value: c.user_id, number: 2, first_seen: iso(c.joined + DAY), last_seen: iso(c.last) }, { type: 'email', value: c.email, number: 3, first_seen: iso(c.joined + DAY), last_seen: iso(c.last) })
  const t = (name, value) => ({ name, value, at: iso(c.joined + DAY), source: 'Web shop', event_id: 'evt_x' })
  return { ...row(c), flags: [], traits: c.identified ? [t('name', c.name), t('email', c.email), t('plan', c.orders.length > 4 ? 'club' : 'free'), t('address', { city: 'Torino', country: 'IT' }), t('newsletter', true)] : [t('locale', 'it-IT')], identifiers: ids, stages: [{ model: 'mod_1', model_name: model.name, stage: s.to, label: label(s.to), since: iso(s.at) }] }
}

function customerKpis(c) {
  const k = (key, name, unit, value, formula) => ({ key, name, stage: null, unit, value, numerator: null, denominator: null, low: null, high: null, previous: null, target: null, status: 'none', formula, definition: formula, note: '', version: 1, computed_at: iso(shop.now), spark: [] })
  const n = c.orders.length
  const gaps = c.orders.slice(1).map((o, i) => (o.at - c.orders[i].at) / DAY).sort((a, b) => a - b)
  return { kpis: [k('orders', 'Orders', 'count', n, 'number of completed orders'), k('revenue', 'Revenue', 'money', c.revenue, 'sum of order revenue less refunds'), k('aov', 'Average order value', 'money', n ? Math.round(c.revenue / n) : null, 'net revenue / orders'), k('historic_clv', 'Historic CLV', 'money', Math.round(c.revenue * 0.42), 'margin to date'), k('recency', 'Days since last order', 'days', n ? (shop.now - c.orders.at(-1).at) / DAY : null, 'as-of − last order'), k('gap', 'Typical gap', 'days', gaps.length ? gaps[Math.floor(gaps.length / 2)] : null, 'median of the gaps between orders')] }
}

const identityLog = (c) => (c.identified ? [{ id: 'idl_1', at: iso(c.joined + DAY), rule: 'identify', reason: 'user_id and anonymous_id came in one event', actor: 'pipeline', event_id: 'evt_x', from: 'cus_anon', into: c.id, identifiers: [1], undone_at: null, can_undo: true }] : [])

function moves(q) {
  const { from, to } = period(q)
  const out = []
  for (const c of shop.customers) for (const m of c.moves) if (m.at >= from && m.at < to && (!q.get('to_stage') || m.to === q.get('to_stage')) && (!q.get('from_stage') || m.from === q.get('from_stage')) && (!q.get('stage') || m.to === q.get('stage') || m.from === q.get('stage'))) out.push({ customer: c.id, name: c.name || c.id, at: iso(m.at), from: m.from, to: m.to, cause: m.cause })
  out.sort((a, b) => (a.at < b.at ? 1 : -1))
  const at = Number(q.get('cursor') ?? 0)
  return { moves: out.slice(at, at + 50), next_cursor: at + 50 < out.length ? String(at + 50) : null }
}

function preview(definition) {
  const r = rng(definition.stages.length * 31 + JSON.stringify(definition).length)
  const before = (k) => shop.customers.filter((c) => c.moves.at(-1)?.to === k).length
  const stages = definition.stages.map((s) => ({ key: s.key, before: before(s.key), after: Math.max(0, Math.round(before(s.key) * (0.9 + r() * 0.2)) + (before(s.key) ? 0 : 40)) }))
  const moves = []
  for (const a of definition.stages) for (const b of definition.stages) if (a !== b && r() < 0.15) moves.push({ from: a.key, to: b.key, customers: 1 + Math.floor(r() * 60) })
  return { stages, none: { before: 0, after: 3 }, moves, evaluated: shop.customers.length, took_ms: 84 }
}

const templates = ['Awareness to loyalty', 'Reach to loyalty', 'Attract to advocate', 'SaaS onboarding', 'Four stages', 'Six stages', 'B2B'].map((name, i) => ({ key: `t${i}`, name, description: 'Stages with entry conditions, touchpoints and KPIs, ready to change.', industry: i === 6 ? 'b2b' : i === 3 ? 'saas' : 'ecommerce', stages: STAGES.slice(0, i === 4 ? 4 : 7) }))

/** Routes: [method, pattern, handler(match, query, body)]. */
const routes = [
  ['GET', /^\/setup$/, () => ({ needed: state.setup })],
  ['POST', /^\/setup$/, () => ((state.setup = false), (state.signedIn = true), (state.setupAt = Date.now()), { write_key: 'wk_live_4f9a1c7be2d84d0aa1' })],
  ['GET', /^\/session$/, () => (state.signedIn ? { user: state.user, workspace: state.workspace, csrf_token: 'csrf-dev' } : problem(401, 'Not signed in', 'Sign in first.'))],
  ['POST', /^\/session$/, (m, q, b) => (b.password && b.password !== 'wrong' ? ((state.signedIn = true), { ok: true }) : problem(401, 'Wrong credentials', 'E-mail or password is not right.'))],
  ['DELETE', /^\/session$/, () => ((state.signedIn = false), null)],
  ['PATCH', /^\/me$/, (m, q, b) => Object.assign(state.user, b)],
  ['POST', /^\/me\/password$/, (m, q, b) => (b.current === 'wrong' ? problem(422, 'Invalid', 'The password was not changed.', [{ location: 'body.current', message: 'This is not your current password.' }]) : null)],
  ['GET', /^\/status$/, () => status()],
  ['GET', /^\/stage-models$/, () => ({ models })],
  ['GET', /^\/stage-models\/templates$/, () => ({ templates })],
  ['POST', /^\/stage-models$/, (m, q, b) => { const t = templates.find((x) => x.key === b.template); const d = { ...model, id: `mod_${models.length + 1}`, name: b.name ?? t?.name ?? 'New model', is_default: false, version: 1, stages: b.stages ?? t.stages }; models.push(d); return d }],
  ['GET', /^\/stage-models\/(\w+)\/versions$/, () => ({ versions: [3, 2, 1].map((v) => ({ version: v, created_at: iso(shop.now - (4 - v) * 20 * DAY), by: 'Anna Conti', status: v === 3 ? 'live' : 'retired', stages: STAGES })) })],
  ['GET', /^\/stage-models\/(\w+)\/live-counts$/, () => ({ stages: STAGES.map((s) => ({ key: s.key, count: shop.customers.filter((c) => c.moves.at(-1)?.to === s.key).length })), none: 0 })],
  ['POST', /^\/stage-models\/(\w+)\/preview$/, (m, q, b) => preview(b)],
  ['GET', /^\/stage-models\/(\w+)\/board$/, (m, q) => boardOf(shop, models.find((x) => x.id === m[1]) ?? model, period(q), q.get('window') ?? '30d', state)],
  ['GET', /^\/stage-models\/(\w+)\/flow$/, (m, q) => flowOf(shop, period(q), q.get('period') ?? 'month')],
  ['GET', /^\/stage-models\/(\w+)\/timelapse$/, (m, q) => lapseOf(shop, period(q))],
  ['GET', /^\/stage-models\/(\w+)\/moves$/, (m, q) => moves(q)],
  ['GET', /^\/stage-models\/(\w+)$/, (m) => models.find((x) => x.id === m[1]) ?? problem(404, 'Not found', 'There is no such stage model.')],
  ['PUT', /^\/stage-models\/(\w+)$/, (m, q, b) => { const x = models.find((y) => y.id === m[1]); Object.assign(x, b, { version: x.version + 1 }); run('recompute', `Recompute ${x.name}`, 2400); return { id: x.id, version: x.version, recompute_work_id: 'wrk_1' } }],
  ['DELETE', /^\/stage-models\/(\w+)$/, (m) => (models.splice(models.findIndex((x) => x.id === m[1]), 1), null)],
  ['GET', /^\/kpis$/, (m, q) => ({ kpis: kpisOf(shop, period(q), state) })],
  ['PUT', /^\/kpis\/(\w+)\/target$/, (m, q, b) => (state.targets.set(m[1], b), b)],
  ['POST', /^\/expr\/describe$/, (m, q, b) => ({ sentence: describe(b.condition) })],
  ['GET', /^\/customers$/, (m, q) => list(q)],
  ['POST', /^\/customers\/merge$/, () => ({ ok: true })],
  ['GET', /^\/customers\/(\w+)$/, (m) => (byId.has(m[1]) ? customer(byId.get(m[1])) : problem(404, 'Not found', 'There is no customer with this id.'))],
  ['GET', /^\/customers\/(\w+)\/timeline$/, (m, q) => timeline(byId.get(m[1]), q)],
  ['GET', /^\/customers\/(\w+)\/stage$/, (m) => why(byId.get(m[1]))],
  ['GET', /^\/customers\/(\w+)\/kpis$/, (m) => customerKpis(byId.get(m[1]))],
  ['GET', /^\/customers\/(\w+)\/notes$/, (m) => ({ notes: state.notes.get(m[1]) ?? [] })],
  ['POST', /^\/customers\/(\w+)\/notes$/, (m, q, b) => { const n = { id: `not_${Date.now()}`, body: b.body, author: state.user.name, created_at: iso(Date.now()) }; state.notes.set(m[1], [n, ...(state.notes.get(m[1]) ?? [])]); return n }],
  ['PATCH', /^\/customers\/(\w+)\/notes\/(\w+)$/, (m, q, b) => Object.assign(state.notes.get(m[1]).find((n) => n.id === m[2]), b)],
  ['DELETE', /^\/customers\/(\w+)\/notes\/(\w+)$/, (m) => (state.notes.set(m[1], state.notes.get(m[1]).filter((n) => n.id !== m[2])), null)],
  ['GET', /^\/customers\/(\w+)\/consent$/, (m) => ({ channels: (state.consent ??= new Map()).get(m[1]) ?? [{ channel: 'email', topic: 'newsletter', state: 'subscribed', at: iso(shop.now - 40 * DAY), source: 'Web shop' }, { channel: 'email', topic: 'offers', state: 'unsubscribed', at: iso(shop.now - 12 * DAY), source: 'Web shop' }, { channel: 'sms', topic: 'offers', state: 'unknown', at: null, source: '' }] })],
  ['PUT', /^\/customers\/(\w+)\/consent$/, (m, q, b) => ((state.consent ??= new Map()).set(m[1], b.channels), b)],
  ['GET', /^\/customers\/(\w+)\/identity$/, (m) => ({ identifiers: customer(byId.get(m[1])).identifiers, log: identityLog(byId.get(m[1])) })],
  ['POST', /^\/customers\/(\w+)\/unmerge$/, () => ({ ok: true })],
  ['GET', /^\/customers\/(\w+)\/export$/, (m) => customer(byId.get(m[1]))],
  ['POST', /^\/customers\/(\w+)\/erase$/, (m, q, b) => erasure(b, 1)],
  ['POST', /^\/erasures$/, (m, q, b) => ((b.customers?.length ?? 0) + (b.identifiers?.length ?? 0) > 5000 ? problem(422, 'Unprocessable Entity', 'One request takes up to 5000 customers and identifiers: split it.') : erasure(b, (b.customers?.length ?? 0) + (b.identifiers?.length ?? 0)))],
  ['GET', /^\/erasures$/, () => ({ erasures: receipts().toReversed() })],
  ['GET', /^\/erasures\/(\d+)$/, (m) => receipts().find((r) => r.id === Number(m[1])) ?? problem(404, 'Not found', 'There is no such erasure.')],
  ...adminRoutes({ state, shop, iso, event, problem, run: (...a) => run(...a) }),
]

/** Receipts move on by themselves: a status every three seconds. */
function receipts() {
  state.erasures ??= [{ request: { action: 'delete', scope: { kind: 'customer' }, reason: 'Asked by letter' }, n: 1, at: Date.now() - 3 * DAY }]
  return state.erasures.map(({ request, n, at }, i) => {
    const stage = Math.min(3, Math.floor((Date.now() - at) / 3000))
    const when = (s) => (stage >= s ? iso(at + s * 3000) : null)
    return {
      id: i + 1, action: request.action ?? 'delete', status: ['accepted', 'filtered', 'rewritten', 'verified'][stage], scope: { kind: 'customer', ...request.scope }, customer: 0, requested: n, customers: stage ? n : 0, unknown: 0,
      by: state.user.email, reason: request.reason ?? '', requested_at: iso(at), filtered_at: when(1), rewritten_at: when(2), verified_at: when(3), done: stage * 2 + 2, total: 8, attempts: 0, error: '', failed_at: null,
      stores: stage ? [{ store: 'timeline_segments', before: 42, after: 0 }, { store: 'timeline_tail', before: 3, after: 0 }, { store: 'identifiers', before: 3, after: 0 }, { store: 'notes', before: 1, after: 0 }] : [],
      kept: [], backups: stage ? [{ name: 'ciclo-weekly.tar', made_at: iso(at - 5 * DAY), due_at: iso(at + 25 * DAY), is_due: false }] : [],
    }
  })
}

function erasure(request, n) {
  receipts()
  state.erasures.push({ request, n, at: Date.now() })
  return receipts().at(-1)
}

function run(kind, what, total) {
  state.work.push({ id: `wrk_${Date.now()}`, kind, label: what, total, start: Date.now(), ms: 12_000 })
}

function status() {
  state.work = state.work.filter((w) => Date.now() - w.start < w.ms)
  return { version: '0.1.0-dev', inbox: { pending_events: 0, pending_batches: 0, oldest_age_seconds: 0 }, pipeline: { events_per_second: 3.4, last_event_at: iso(Date.now() - 1500) }, work: state.work.map((w) => { const share = (Date.now() - w.start) / w.ms; return { id: w.id, kind: w.kind, label: w.label, done: Math.floor(w.total * share), total: w.total, rate: w.total / (w.ms / 1000), eta_seconds: (w.ms * (1 - share)) / 1000 } }) }
}

function describe(n) {
  if (!n) return ''
  if (n.all) return n.all.map(describe).join(' and ')
  if (n.any) return n.any.map(describe).join(' or ')
  if (n.not) return `not (${describe(n.not)})`
  if (n.trait) return `trait ${n.trait.name} ${n.trait.op.replaceAll('_', ' ')} ${n.trait.value ?? ''}`
  if (n.did) return `did “${n.did.event || n.did.kind}” at least ${n.did.value ?? 1} times${n.did.window?.last ? ` in the last ${n.did.window.last}` : ''}`
  if (n.lapse) return `no “${n.lapse.event}” for ${n.lapse.gap_multiple ? `${n.lapse.gap_multiple} times the own gap` : `${n.lapse.days} days`}`
  return `was in stage ${n.stage?.was}`
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost')
  const path = url.pathname.replace(/^\/api\/v1/, '')
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  let body = {}
  try { body = JSON.parse(Buffer.concat(chunks).toString() || '{}') } catch { /* multipart uploads need no parsing here */ }
  const send = (code, data, type = 'application/json') => { response.writeHead(code, { 'content-type': type }); response.end(data === null ? '' : type === 'application/json' || type.includes('problem') ? JSON.stringify(data) : data) }
  if (path === '/customers.csv') return send(200, 'id,name\n' + shop.customers.slice(0, 50).map((c) => `${c.id},${c.name}`).join('\n'), 'text/csv')
  for (const [method, pattern, handler] of routes) {
    const m = method === request.method && path.match(pattern)
    if (!m) continue
    try {
      const out = handler(m, url.searchParams, body)
      if (out === null || out === undefined) return send(204, null)
      if (out.status && out.body) return send(out.status, out.body, 'application/problem+json')
      return send(200, out)
    } catch (error) {
      console.error(error)
      return send(500, problem(500, 'Internal error', String(error)).body, 'application/problem+json')
    }
  }
  send(404, problem(404, 'Not found', `Nothing at ${path}`).body, 'application/problem+json')
})
// Longer than the proxy keeps its connections, so that none is closed under a request.
server.keepAliveTimeout = 120_000
server.listen(Number(process.env.PORT ?? 8787), '127.0.0.1', () => console.log('mock: listening on 127.0.0.1:8787', stageAt(shop.customers[0], shop.now)?.to))
