// Development only: board, flow, time-lapse and KPIs over the generated shop.
import { DAY, STAGES, stageAt } from './data.mjs'

const iso = (t) => new Date(t).toISOString()

function wilson(x, n) {
  if (!n) return [null, null]
  const z = 1.96
  const p = x / n
  const mid = (p + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  return [Math.max(0, mid - half), Math.min(1, mid + half)]
}

function converted(shop, order, i, win) {
  let n = 0
  let x = 0
  let pending = 0
  for (const c of shop.customers) {
    const m = c.moves.find((v) => v.to === order[i])
    if (!m) continue
    const later = c.moves.find((v) => v.at > m.at && order.indexOf(v.to) > i)
    const hit = later && later.at - m.at <= win
    if (!hit && shop.now - m.at < win) { pending++; continue }
    n++
    if (hit) x++
  }
  const [low, high] = wilson(x, n)
  return { rate: n ? x / n : null, numerator: x, denominator: n, low, high, pending }
}

function dwell(shop, key) {
  const spells = []
  let open = 0
  for (const c of shop.customers) c.moves.forEach((m, i) => { if (m.to === key) { const next = c.moves[i + 1]; if (!next) open++; spells.push({ t: (next?.at ?? shop.now) - m.at, end: !!next }) } })
  spells.sort((a, b) => a.t - b.t)
  let s = 1
  let median = null
  let p90 = null
  spells.forEach((v, i) => { if (v.end) s *= 1 - 1 / (spells.length - i); if (median === null && s <= 0.5) median = v.t / 1000; if (p90 === null && s <= 0.1) p90 = v.t / 1000 })
  return { median_seconds: median, p90_seconds: p90, n: spells.length, open }
}

const days = (from, to, n) => Array.from({ length: n }, (_, i) => from + ((to - from) * (i + 1)) / n)

export function boardOf(shop, model, { from, to }, window, state) {
  const order = model.stages.filter((s) => !s.off_path).map((s) => s.key)
  const W = Number.parseInt(window) * DAY
  const all = kpisOf(shop, { from, to }, state)
  const wobble = Math.floor((Date.now() / 5000) % 4)
  const stages = model.stages.map((s) => {
    const count = shop.customers.filter((c) => stageAt(c, to)?.to === s.key).length + (s.key === 'awareness' ? wobble : 0)
    let inn = 0
    let out = 0
    for (const c of shop.customers) for (const m of c.moves) if (m.at >= from && m.at < to) { if (m.to === s.key) inn++; if (m.from === s.key) out++ }
    const i = order.indexOf(s.key)
    return { key: s.key, label: s.label, color: s.color, off_path: s.off_path, count, share: 0, in: inn, out, net: inn - out, converted: i >= 0 && i < order.length - 1 ? converted(shop, order, i, W) : null, dwell: dwell(shop, s.key), kpis: all.filter((k) => k.stage === s.key), spark: days(from, to, 14).map((t) => shop.customers.filter((c) => stageAt(c, t)?.to === s.key).length) }
  })
  const customers = stages.reduce((a, s) => a + s.count, 0)
  for (const s of stages) s.share = customers ? s.count / customers : 0
  return { model: { id: model.id, name: model.name, key: model.key }, version: model.version, from: iso(from), to: iso(to), at: iso(to), time_zone: 'Europe/Rome', window, computed_at: iso(Date.now()), customers, stages, none: { count: 0 } }
}

export function flowOf(shop, { from, to }, period) {
  const step = period === 'week' ? 7 * DAY : period === 'quarter' ? 91 * DAY : 30 * DAY
  const times = []
  for (let t = to; t >= from && times.length < 12; t -= step) times.unshift(t)
  const nodes = new Map()
  const links = new Map()
  times.forEach((t, i) => {
    for (const c of shop.customers) {
      const s = stageAt(c, t)?.to
      if (!s) continue
      const id = `${s}@${i}`
      nodes.set(id, { id, stage: s, period: iso(t), customers: (nodes.get(id)?.customers ?? 0) + 1 })
      const before = i > 0 && stageAt(c, times[i - 1])?.to
      if (before) {
        const key = `${before}@${i - 1}>${id}`
        links.set(key, { source: `${before}@${i - 1}`, target: id, customers: (links.get(key)?.customers ?? 0) + 1 })
      }
    }
  })
  return { periods: times.map(iso), nodes: [...nodes.values()], links: [...links.values()] }
}

export function lapseOf(shop, { from, to }) {
  const times = []
  for (let t = from; t <= to; t += DAY) times.push(t)
  const keys = STAGES.map((s) => s.key)
  const zero = () => times.map(() => keys.map(() => 0))
  const counts = zero()
  const inn = zero()
  const out = zero()
  for (const c of shop.customers) {
    times.forEach((t, i) => { const s = stageAt(c, t); if (s) counts[i][keys.indexOf(s.to)]++ })
    for (const m of c.moves) { const i = Math.floor((m.at - from) / DAY) + 1; if (i > 0 && i < times.length) { inn[i][keys.indexOf(m.to)]++; if (m.from) out[i][keys.indexOf(m.from)]++ } }
  }
  return { times: times.map(iso), stages: keys, counts, in: inn, out }
}

export function kpisOf(shop, { from, to }, state) {
  const len = to - from
  const buyers = (a, b) => shop.customers.filter((c) => c.orders.some((o) => o.at >= a && o.at < b))
  const orders = (a, b) => shop.customers.flatMap((c) => c.orders.filter((o) => o.at >= a && o.at < b))
  const sum = (list) => list.reduce((a, o) => a + o.amount, 0)
  const fresh = (a, b) => shop.customers.filter((c) => c.joined >= a && c.joined < b)
  const defs = [
    ['visitors', 'Unique visitors', 'awareness', 'count', (a, b) => [shop.customers.filter((c) => c.events.some((e) => e.at >= a && e.at < b)).length, null], 'distinct customers with at least one visit', 900],
    ['sessions', 'Sessions', 'awareness', 'count', (a, b) => [shop.customers.reduce((s, c) => s + Math.ceil(c.events.filter((e) => e.at >= a && e.at < b).length / 3), 0), null], 'visits split at 30 minutes idle', null],
    ['lead_conversion', 'Lead conversion', 'engagement', 'ratio', (a, b) => [fresh(a - len, b - len).filter((c) => c.orders.length).length, fresh(a - len, b - len).length], 'leads of the cohort that become customers within W / leads of the cohort', 0.3],
    ['engaged_rate', 'Engagement rate', 'engagement', 'ratio', (a, b) => [fresh(a, b).filter((c) => c.moves.length > 1).length, fresh(a, b).length], 'engaged sessions / sessions', 0.72],
    ['conversion_rate', 'Conversion rate', 'conversion', 'ratio', (a, b) => [buyers(a, b).length, shop.customers.filter((c) => c.events.some((e) => e.at >= a && e.at < b)).length], 'buyers / visitors', 0.35],
    ['aov', 'Average order value', 'conversion', 'money', (a, b) => [sum(orders(a, b)), orders(a, b).length], 'net revenue / orders', 4500],
    ['revenue', 'Revenue', 'conversion', 'money', (a, b) => [sum(orders(a, b)), null], 'sum of net order revenue', null],
    ['crr', 'Retention rate (CRR)', 'retention', 'ratio', (a, b) => { const s = buyers(a - len, a); const set = new Set(buyers(a, b)); return [s.filter((c) => set.has(c)).length, s.length] }, 'customers of the start still there at the end / customers at the start', 0.4],
    ['repeat_rate', 'Repeat purchase rate', 'retention', 'ratio', (a, b) => [shop.customers.filter((c) => c.orders.filter((o) => o.at < b).length > 1).length, shop.customers.filter((c) => c.orders.some((o) => o.at < b)).length], 'customers with 2 or more orders / with 1 or more', 0.6],
    ['purchase_frequency', 'Purchase frequency', 'loyalty', 'number', (a, b) => [orders(a, b).length, buyers(a, b).length], 'orders / distinct buyers', 1.2],
    ['historic_clv', 'Historic CLV', 'loyalty', 'money', (a, b) => { const s = shop.customers.filter((c) => c.orders.some((o) => o.at < b)); return [Math.round(s.reduce((x, c) => x + c.revenue * 0.42, 0)), s.length] }, 'contribution margin to date / customers', 8000],
    ['dormant_rate', 'Dormant rate', 'dormant', 'ratio', (a, b) => { const s = shop.customers.filter((c) => c.orders.some((o) => o.at < b)); return [s.filter((c) => stageAt(c, b)?.to === 'dormant').length, s.length] }, 'customers silent beyond the lapse point / customers', 0.2, 'down'],
    ['reactivation_rate', 'Reactivation rate', 'dormant', 'ratio', (a, b) => { const s = shop.customers.filter((c) => stageAt(c, a)?.to === 'dormant'); return [s.filter((c) => c.orders.some((o) => o.at >= a && o.at < b)).length, s.length] }, 'dormant at start who buy in the period / dormant at start', 0.1],
    ['churn_rate', 'Churn rate', 'lost', 'ratio', (a, b) => { const s = shop.customers.filter((c) => !['lost', undefined].includes(stageAt(c, a)?.to)); return [s.filter((c) => stageAt(c, b)?.to === 'lost').length, s.length] }, 'customers of the start lost / customers at the start', 0.04, 'down'],
    ['ctr', 'Click-through rate', 'awareness', 'ratio', () => [0, 0], 'clicks / impressions', null],
  ]
  return defs.map(([key, name, stage, unit, f, formula, target, direction = 'up']) => {
    const val = ([n, d]) => (d === null ? n : d ? n / d : null)
    const now = f(from, to)
    const value = val(now)
    const t = state.targets.get(key) ?? { value: target, direction }
    const off = t.value && value !== null ? (value - t.value) / t.value * (t.direction === 'down' ? -1 : 1) : null
    const [low, high] = unit === 'ratio' && now[1] ? wilson(now[0], now[1]) : [null, null]
    return { key, name, stage, unit, value, numerator: now[1] === null ? null : now[0], denominator: now[1], low, high, previous: val(f(from - len, from)), target: t.value, direction: t.direction, warn: null, status: off === null ? 'none' : off >= 0 ? 'ok' : off > -0.1 ? 'warn' : 'bad', formula, definition: formula, note: key === 'ctr' ? 'No ad events arrived in this period.' : '', version: 1, computed_at: iso(Date.now()), spark: days(from, to, 8).map((t2) => val(f(t2 - len, t2))), owner: '' }
  })
}
