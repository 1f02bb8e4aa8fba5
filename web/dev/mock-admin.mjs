// Development only: imports, data and settings routes of the mock.
import { DAY } from './data.mjs'

export function adminRoutes({ state, shop, iso, event, problem, run }) {
  const now = shop.now
  const sources = [
    { id: 1, name: 'Web shop', kind: 'browser', enabled: true, write_key_prefix: 'wk_4f9a', ip_policy: 'truncate', created_at: iso(now - 500 * DAY), last_event_at: iso(Date.now() - 2000), events: 1_048_211, duplicates: 3120, quarantined: 214, dedupe_days: 7 },
    { id: 2, name: 'Order service', kind: 'server', enabled: true, write_key_prefix: 'wk_c01d', ip_policy: 'remove', created_at: iso(now - 400 * DAY), last_event_at: iso(Date.now() - 60_000), events: 48_120, duplicates: 12, quarantined: 0, dedupe_days: 30 },
    { id: 3, name: 'Old app', kind: 'mobile', enabled: false, write_key_prefix: 'wk_77ab', ip_policy: 'keep', created_at: iso(now - 300 * DAY), last_event_at: null, events: 0, duplicates: 0, quarantined: 0, dedupe_days: 7 },
  ]
  const imports = [
    { id: 'imp_1', kind: 'orders', file: 'orders-2024.csv.gz', status: 'done', rows: 541_909, total_rows: 541_909, events: 25_900, rejected: 1454, rate: 61_000, eta_seconds: null, started_at: iso(now - 3 * DAY), finished_at: iso(now - 3 * DAY + 9000), error: null },
    { id: 'imp_2', kind: 'customers', file: 'crm.csv', status: 'failed', rows: 1200, total_rows: 9000, events: 1200, rejected: 0, rate: 0, eta_seconds: null, started_at: iso(now - 2 * DAY), finished_at: iso(now - 2 * DAY + 900), error: 'Row 1201 is not UTF-8. Choose the encoding and run it again; rows already read are not doubled.' },
  ]
  let quarantine = [
    { reason: 'time_in_future', event: 'Order Completed', source: 1, count: 181, last_seen: iso(now - 3_600_000), samples: [{ id: 'q1', received: iso(now - 3_600_000), raw: '{"type":"track","event":"Order Completed","timestamp":"2031-01-01T00:00:00Z","anonymousId":"a-1","properties":{"revenue":12.5}}', message: 'timestamp is 5 years ahead of the time of arrival' }] },
    { reason: 'no_identifier', event: 'Product Viewed', source: 1, count: 33, last_seen: iso(now - 9 * 3_600_000), samples: [{ id: 'q2', received: iso(now - 9 * 3_600_000), raw: '{"type":"track","event":"Product Viewed","properties":{"product_id":"<b>p1</b>"}}', message: 'neither userId nor anonymousId' }] },
  ]
  const users = [
    { id: 'usr_1', email: 'owner@example.com', name: 'Anna Conti', role: 'owner', enabled: true, last_seen: iso(Date.now()), created_at: iso(now - 500 * DAY) },
    { id: 'usr_2', email: 'radu@example.com', name: 'Radu Stan', role: 'analyst', enabled: true, last_seen: iso(now - 2 * DAY), created_at: iso(now - 90 * DAY) },
    { id: 'usr_3', email: 'old@example.com', name: 'Old Support', role: 'support', enabled: false, last_seen: null, created_at: iso(now - 200 * DAY) },
  ]
  const keys = [{ id: 'key_1', name: 'Warehouse export', role: 'analyst', prefix: 'ck_9f2e', created_at: iso(now - 60 * DAY), last_used_at: iso(now - 3600_000) }]
  let identity = { limits: [{ type: 'user_id', max: 1, window: 'ever' }, { type: 'email', max: 5, window: 'ever' }, { type: 'phone', max: 5, window: 'year' }, { type: 'anonymous_id', max: 100, window: 'month' }], blocked_values: ['unknown', 'null', 'test@test.com'], trait_types: ['loyalty_card'], shared_device: 'split_at_switch' }
  const liveEvents = () => {
    const base = Math.floor(Date.now() / 3000)
    return Array.from({ length: 100 }, (_, i) => {
      const c = shop.customers[(base - i) % shop.customers.length]
      return { ...event(c, c.events[0], base - i), id: `live_${base - i}`, time: iso((base - i) * 3000), customer: c.id, customer_name: c.name }
    })
  }
  const page = (text) => (e) => !text || e.name.toLowerCase().includes(text.toLowerCase())
  const audit = Array.from({ length: 64 }, (_, i) => ({ id: `aud_${i}`, at: iso(now - i * 5_400_000), actor: i % 5 ? 'owner@example.com' : 'key:Warehouse export', action: ['customer.export', 'stage_model.update', 'source.rotate', 'user.create', 'session.create'][i % 5], object: `obj_${i}`, detail: '', address: '203.0.113.7' }))
  const fields = {
    customers: [f('user_id', 'User id', true, 'Your own id of the customer'), f('email', 'E-mail', false), f('name', 'Name', false), f('created_at', 'Created', false)],
    events: [f('user_id', 'User id', true), f('event', 'Event name', true), f('time', 'Time', true), f('message_id', 'Event id', false, 'Makes repeated imports harmless')],
    orders: [f('order_id', 'Order id', true, 'Lines with the same id become one order'), f('user_id', 'Customer id', true), f('time', 'Order time', true), f('quantity', 'Quantity', false), f('price', 'Unit price', false), f('product_id', 'Product id', false), f('product_name', 'Product name', false)],
  }
  function f(key, label, required, help = '') { return { key, label, required, help } }
  return [
    ['GET', /^\/imports$/, () => ({ imports: imports.map(progress) })],
    ['GET', /^\/imports\/fields$/, () => fields],
    ['GET', /^\/imports\/presets$/, () => ({ presets: [{ id: 'pre_1', name: 'Online Retail', kind: 'orders', map: { order_id: 'InvoiceNo', user_id: 'CustomerID', time: 'InvoiceDate', quantity: 'Quantity', price: 'UnitPrice', product_id: 'StockCode', product_name: 'Description' } }] })],
    ['POST', /^\/imports\/uploads$/, () => ({ upload_id: 'upl_1', name: 'online-retail.csv', bytes: 45_580_638, encoding: 'utf-8', delimiter: ',', columns: [['InvoiceNo', '536365', '536365'], ['StockCode', '85123A', '71053'], ['Description', 'WHITE HANGING HEART', 'WHITE METAL LANTERN'], ['Quantity', '6', '6'], ['InvoiceDate', '12/1/10 8:26', '12/1/10 8:26'], ['UnitPrice', '2.55', '3.39'], ['CustomerID', '17850', '17850'], ['Country', 'United Kingdom', 'United Kingdom']].map(([name, ...samples]) => ({ name, samples })), rows_estimate: 541_909, suggested: { kind: 'orders', preset: 'Online Retail', map: { order_id: 'InvoiceNo', user_id: 'CustomerID', time: 'InvoiceDate', quantity: 'Quantity', price: 'UnitPrice', product_id: 'StockCode', product_name: 'Description' } } })],
    ['POST', /^\/imports\/dry-run$/, (m, q, b) => (b.map.order_id || b.kind !== 'orders' ? { counts: { new: 25_900, changed: 0, unchanged: 0, refused: 1454 }, sample: [2, 9, 12].map((line) => ({ line, event: { type: 'track', event: 'Order Completed', userId: '17850', timestamp: '2010-12-01T08:26:00Z', properties: { order_id: '536365', revenue: 139.12, currency: 'GBP', products: [{ product_id: '85123A', quantity: 6, price: 2.55 }] } } })), refused: [{ reason: 'missing_customer', count: 1454, samples: [{ line: 624, column: 'CustomerID', message: 'empty' }, { line: 1443, column: 'CustomerID', message: 'empty' }] }] } : problem(422, 'Invalid', 'A required column is not mapped.', [{ location: 'body.map.order_id', message: 'Choose the column with the order id.' }]))],
    ['POST', /^\/imports$/, (m, q, b) => { const i = { id: `imp_${imports.length + 1}`, kind: b.kind, file: 'online-retail.csv', status: 'running', total_rows: 541_909, events: 0, rejected: 1454, rate: 45_000, started_at: iso(Date.now()), start: Date.now(), finished_at: null, error: null, rows: 0, eta_seconds: 12 }; imports.unshift(i); run('import', 'Import online-retail.csv', 541_909); return { id: i.id } }],
    ['GET', /^\/imports\/(\w+)$/, (m) => progress(imports.find((i) => i.id === m[1]))],
    ['GET', /^\/sources$/, () => ({ sources })],
    ['POST', /^\/sources$/, (m, q, b) => { const s = { ...sources[2], ...b, id: sources.length + 1, enabled: true, write_key_prefix: 'wk_new1', created_at: iso(Date.now()) }; sources.push(s); return { ...s, write_key: 'wk_new1_0c8d6b8a42f14e0d' } }],
    ['PATCH', /^\/sources\/(\w+)$/, (m, q, b) => Object.assign(sources.find((s) => s.id === Number(m[1])), b)],
    ['POST', /^\/sources\/(\w+)\/rotate$/, () => ({ write_key: 'wk_rot8_77d1f0aa29b94c11' })],
    ['GET', /^\/quarantine$/, () => ({ groups: quarantine })],
    ['POST', /^\/quarantine\/(replay|delete)$/, (m, q, b) => { const before = quarantine.length; quarantine = quarantine.filter((g) => g.reason !== b.reason || g.event !== b.event); return { count: before - quarantine.length } }],
    ['GET', /^\/unknown-keys$/, () => ({ keys: [{ key: 'wk_dead…', count: 412, first_seen: iso(now - 9 * DAY), last_seen: iso(now - 600_000), address: '203.0.113.9' }] })],
    ['GET', /^\/events\/live$/, () => ({ events: state.setupAt && Date.now() - state.setupAt < 12_000 ? [] : liveEvents() })],
    ['GET', /^\/events\/names$/, (m, q) => ({ events: ['Order Completed', 'Product Viewed', 'Product Added', 'Checkout Started', 'Signed Up', 'Order Refunded', 'Home'].map((name, i) => ({ kind: name === 'Home' ? 'page' : 'track', name, count: 90_000 >> i, last_seen: iso(now) })).filter(page(q.get('q'))) })],
    ['GET', /^\/events\/properties$/, () => ({ properties: ['revenue', 'currency', 'product_id', 'quantity', 'price', 'coupon'].map((name) => ({ name, types: [name === 'revenue' || name === 'price' ? 'number' : 'string'], count: 1000, samples: [] })) })],
    ['GET', /^\/traits$/, () => ({ traits: ['plan', 'email', 'name', 'newsletter', 'country', 'created_at'].map((name) => ({ name, types: ['string'], count: 900, samples: [] })) })],
    ['GET', /^\/workspace$/, () => state.workspace],
    ['PATCH', /^\/workspace$/, (m, q, b) => (b.name === '' ? problem(422, 'Invalid', 'The settings were not saved.', [{ location: 'body.name', message: 'A workspace needs a name.' }]) : Object.assign(state.workspace, b))],
    ['GET', /^\/users$/, () => ({ users })],
    ['POST', /^\/users$/, (m, q, b) => { if (users.some((u) => u.email === b.email)) return problem(409, 'Conflict', 'There is already a user with this e-mail.', [{ location: 'body.email', message: 'Already taken.' }]); const u = { id: `usr_${users.length + 1}`, enabled: true, last_seen: null, created_at: iso(Date.now()), ...b }; users.push(u); return u }],
    ['PATCH', /^\/users\/(\w+)$/, (m, q, b) => Object.assign(users.find((u) => u.id === m[1]), b)],
    ['GET', /^\/api-keys$/, () => ({ api_keys: keys })],
    ['POST', /^\/api-keys$/, (m, q, b) => { const k = { id: `key_${Date.now()}`, prefix: 'ck_5d10', created_at: iso(Date.now()), last_used_at: null, ...b }; keys.push(k); return { ...k, secret: 'ck_5d10_5f4dcc3b5aa765d61d8327de' } }],
    ['DELETE', /^\/api-keys\/(\w+)$/, (m) => (keys.splice(keys.findIndex((k) => k.id === m[1]), 1), null)],
    ['GET', /^\/audit$/, (m, q) => { const at = Number(q.get('cursor') ?? 0); const list = audit.filter((a) => (!q.get('actor') || a.actor.includes(q.get('actor'))) && (!q.get('action') || a.action.includes(q.get('action')))); return { entries: list.slice(at, at + 50), next_cursor: at + 50 < list.length ? String(at + 50) : null } }],
    ['GET', /^\/settings\/identity$/, () => identity],
    ['PUT', /^\/settings\/identity$/, (m, q, b) => (identity = b)],
    ['POST', /^\/settings\/identity\/preview$/, () => ({ join: 12, split: 3, who: [] })],
    ['GET', /^\/erasures$/, () => ({ erasures: [] })],
  ]
  function progress(i) {
    if (!i.start) return i
    const share = Math.min(1, (Date.now() - i.start) / 12_000)
    const done = share >= 1
    return { ...i, rows: Math.floor(i.total_rows * share), events: Math.floor(25_900 * share), status: done ? 'done' : 'running', eta_seconds: done ? null : 12 * (1 - share), finished_at: done ? iso(i.start + 12_000) : null }
  }
}
