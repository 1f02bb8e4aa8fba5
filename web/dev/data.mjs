// Development only: a seeded shop for working on screens without the server. Nothing of this is shipped.

export const DAY = 86_400_000

export function rng(seed) {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const did = (event, value = 1, window) => ({ did: { kind: 'track', event, op: 'gte', value, ...(window ? { window } : {}) } })

export const STAGES = [
  { key: 'awareness', label: 'Awareness', color: '#2f9ec4', off_path: false, description: 'Has visited, nothing more.', when: { did: { kind: 'page', op: 'gte', value: 1 } }, min_stay: '0s', touchpoints: ['Search ad', 'Social post'], kpis: ['visitors', 'sessions'] },
  { key: 'engagement', label: 'Engagement', color: '#4c7ef3', off_path: false, description: 'Came back or looked closely.', when: { any: [did('Product Viewed', 3, { last: '30d' }), did('Signed Up'), { all: [{ trait: { name: 'newsletter', op: 'is_true' } }, did('Product Viewed')] }] }, min_stay: '0s', touchpoints: ['Newsletter'], kpis: ['lead_conversion', 'sessions'] },
  { key: 'conversion', label: 'Conversion', color: '#7a5cf0', off_path: false, description: 'Has bought once.', when: did('Order Completed'), min_stay: '0s', touchpoints: ['Checkout', 'Order e-mail'], kpis: ['conversion_rate', 'aov'] },
  { key: 'retention', label: 'Retention', color: '#b04fd0', off_path: false, description: 'Has bought again.', when: did('Order Completed', 2, { last: '365d' }), min_stay: '0s', touchpoints: ['Replenishment reminder'], kpis: ['repeat_rate', 'crr'] },
  { key: 'loyalty', label: 'Loyalty', color: '#1c9a6c', off_path: false, description: 'Buys often.', when: did('Order Completed', 4, { last: '365d' }), min_stay: '0s', touchpoints: ['Early access'], kpis: ['purchase_frequency', 'clv'] },
  { key: 'dormant', label: 'Dormant', color: '#c58a14', off_path: true, description: 'Silent for longer than usual.', when: { lapse: { event: 'Order Completed', gap_multiple: 3, min_days: 30, max_days: 365, days: 90 } }, min_stay: '0s', touchpoints: ['Win-back e-mail'], kpis: ['dormant_rate'] },
  { key: 'lost', label: 'Lost', color: '#868e9c', off_path: true, description: 'Silent for very long.', when: { lapse: { event: 'Order Completed', days: 240 } }, min_stay: '0s', touchpoints: [], kpis: ['churn_rate'] },
]

const FIRST = ['Ada', 'Luca', 'Ioana', 'Marco', 'Elena', 'Andrei', 'Giulia', 'Radu', 'Sofia', 'Mihai', 'Chiara', 'Ștefan', 'Emma', 'Paolo', 'Irina', 'Noah', 'Bianca', 'Victor', 'Laura', 'Tudor', 'Anna', 'Jonas', 'Alba', 'Hugo']
const LAST = ['Rossi', 'Ionescu', 'Bianchi', 'Popescu', 'Müller', 'Ferrari', 'Dumitru', 'Moreau', 'Costa', 'Stan', 'Ricci', 'Novak', 'Marin', 'Greco', 'Smith', 'Radu', 'Conti', 'Weber', 'Lupu', 'Serra']
const PRODUCTS = ['Kenya AA 250 g', 'House espresso 1 kg', 'Ceramic dripper', 'Filter papers', 'Decaf 500 g', 'Hand grinder', 'Colombia Huila 250 g', 'Gift box']

export function makeShop(count = 2400, days = 540, seed = 7) {
  const now = Math.floor(Date.now() / DAY) * DAY + 9 * 3_600_000
  const start = now - days * DAY
  const customers = []
  for (let i = 0; i < count; i++) customers.push(person(i, start, now, days, rng(seed * 7919 + i)))
  customers.sort((a, b) => b.last - a.last)
  return { now, start, customers }
}

function person(i, start, now, days, r) {
  const joined = start + Math.floor(Math.pow(r(), 0.72) * days * DAY)
  const identified = r() < 0.64
  const name = identified ? `${FIRST[Math.floor(r() * FIRST.length)]} ${LAST[Math.floor(r() * LAST.length)]}` : ''
  const id = `cus_${(i + 4096).toString(36)}${Math.floor(r() * 46655).toString(36).padStart(3, '0')}`
  const c = { id, name, identified, email: identified ? `${name.toLowerCase().normalize('NFD').replace(/[^a-z ]/g, '').replace(' ', '.')}${i}@example.com` : '', user_id: identified ? String(10000 + i) : '', joined, moves: [], orders: [], events: [] }
  const move = (at, to, cause, event) => at <= now && c.moves.push({ at, from: c.moves.at(-1)?.to ?? '', to, cause, event })
  c.events.push({ at: joined, kind: 'page', name: 'Home' })
  move(joined, 'awareness', 'event', 'Home')
  let t = joined
  if (r() < 0.66) {
    t += Math.floor(-Math.log(1 - r()) * 9 * DAY) + 3_600_000
    for (let k = 0; k < 3; k++) c.events.push({ at: t - k * 400_000, kind: 'track', name: 'Product Viewed' })
    move(t, 'engagement', 'event', 'Product Viewed')
    if (r() < 0.58) {
      t += Math.floor(-Math.log(1 - r()) * 14 * DAY) + 3_600_000
      buy(c, t, r)
      move(t, 'conversion', 'event', 'Order Completed')
      live(c, t, now, r, move)
    }
  }
  if (c.orders.length === 0 && now - t > 150 * DAY) move(t + 150 * DAY, 'lost', 'timer', '')
  c.events = c.events.filter((e) => e.at <= now).sort((a, b) => b.at - a.at)
  c.orders = c.orders.filter((o) => o.at <= now)
  c.last = c.events[0].at
  c.revenue = c.orders.reduce((s, o) => s + o.amount, 0)
  return c
}

function live(c, first, now, r, move) {
  let t = first
  const gap = 14 + r() * 60
  const stay = 0.5 + r() * 0.48
  while (t < now && r() < stay) {
    const next = t + Math.floor((0.4 + r() * 1.6) * gap * DAY)
    if (next - t > 90 * DAY) move(t + 90 * DAY, 'dormant', 'timer', '')
    t = next
    if (t > now) return
    buy(c, t, r)
    const n = c.orders.length
    const to = n >= 5 ? 'loyalty' : 'retention'
    if (c.moves.at(-1).to !== to) move(t, to, 'event', 'Order Completed')
  }
  if (now - t > 90 * DAY && c.moves.at(-1).to !== 'dormant') move(t + 90 * DAY, 'dormant', 'timer', '')
  if (now - t > 240 * DAY) move(t + 240 * DAY, 'lost', 'timer', '')
}

function buy(c, at, r) {
  const amount = Math.floor(900 + r() * 7800)
  for (const [k, name] of ['Product Viewed', 'Product Added', 'Checkout Started'].entries()) c.events.push({ at: at - (3 - k) * 240_000, kind: 'track', name })
  c.orders.push({ at, amount, product: PRODUCTS[Math.floor(r() * PRODUCTS.length)] })
  c.events.push({ at, kind: 'track', name: 'Order Completed', amount, product: c.orders.at(-1).product, order: c.orders.length })
}

export function stageAt(c, at) {
  let s = null
  for (const m of c.moves) {
    if (m.at > at) break
    s = m
  }
  return s
}
