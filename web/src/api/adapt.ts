// Turns answers of the server into the shapes of the screens. Ids are numbers on the wire and opaque texts here,
// because the screens only hand them back. Generated types of openapi.json take the place of Raw later.
import type * as T from './types'

// Answers are checked by the server's own schema; here they are only renamed.
// eslint-disable-next-line typescript/no-explicit-any
export type Raw = Record<string, any>

const text = (id: unknown): string => (id === null || id === undefined ? '' : String(id))

/** An id as the server wants it back: a number where it is one. */
export const wireId = (id: string): number | string => (/^\d+$/.test(id) ? Number(id) : id)

export function session(r: Raw): T.Session {
  return { user: { ...r.user, id: text(r.user.id) }, workspace: workspace(r.workspace), csrf_token: r.csrf_token }
}

export function workspace(r: Raw): T.Workspace {
  return { ...(r as T.Workspace), id: text(r.id) }
}

export function status(r: Raw): T.Status {
  return { ...(r as T.Status), work: (r.work ?? []).map((w: Raw) => ({ ...w, id: text(w.id) })) }
}

/** Colours that definitions name by word, chosen so that neighbours differ in both colour schemes. */
const named: Record<string, string> = { indigo: '#4c6ef5', blue: '#3b8ee0', cyan: '#1098ad', teal: '#0ca678', green: '#37a34a', lime: '#7ba50f', yellow: '#dc9a0c', orange: '#e0701b', red: '#e03131', pink: '#d6417f', grape: '#ae3ec9', violet: '#7048e8', gray: '#949ca8', dark: '#646d7a' }

const stageOf = <S extends { color?: string; stages?: unknown }>(s: S): S => ({ ...s, color: named[s.color ?? ''] ?? s.color ?? '' })

export function model(r: Raw): T.StageModel {
  return { ...(r as T.StageModel), id: text(r.id), stages: (r.stages ?? []).map(stageOf) }
}

export function template(r: Raw): T.Template {
  return { ...(r as T.Template), stages: (r.stages ?? []).map(stageOf) }
}

export function version(r: Raw): T.ModelVersion {
  return { ...(r as T.ModelVersion), stages: (r.stages ?? []).map(stageOf) }
}

/** KPIs come with the stages or apart; the board shows those that a stage names. */
export function board(r: Raw): T.Board {
  return { ...(r as T.Board), version: r.version ?? r.model?.version, stages: r.stages.map((s: Raw) => ({ ...stageOf(s), share: s.share ?? 0, spark: s.spark ?? [], kpis: s.kpis ?? [], kpi_keys: s.kpi_keys ?? [] })) }
}

export function flow(r: Raw): T.Flow {
  const nodes: T.FlowNode[] = r.nodes.map((n: Raw) => ({ ...n, id: text(n.id) }))
  // Nodes without a stage are customers who are not known yet, or are in no stage.
  const kept = new Set(nodes.filter((n) => n.stage).map((n) => n.id))
  const links: T.FlowLink[] = r.links.map((l: Raw) => ({ source: text(l.source), target: text(l.target), customers: l.customers }))
  return { periods: r.periods, nodes: nodes.filter((n) => kept.has(n.id)), links: links.filter((l) => kept.has(l.source) && kept.has(l.target)) }
}

export function moves(r: Raw): { moves: T.Move[]; next_cursor: string | null } {
  return { moves: r.moves.map((m: Raw) => ({ ...m, customer: text(m.customer), name: m.name || m.email || '' })), next_cursor: r.next_cursor || null }
}

function row(r: Raw): T.CustomerRow {
  return { ...(r as T.CustomerRow), id: text(r.id), traits: r.traits ?? {} }
}

export function customers(r: Raw): T.CustomerPage {
  return { customers: r.customers.map(row), next_cursor: r.next_cursor || null, total: r.total ?? null }
}

export function customer(r: Raw): T.Customer {
  const id = text(r.id)
  const asked = text(r.requested_id)
  return {
    ...(r as T.Customer),
    id,
    asked_for: asked && asked !== id ? asked : undefined,
    flags: [...(r.flags ?? []), ...(r.full ? ['full'] : [])],
    stages: (r.stages ?? []).map((s: Raw) => ({ model: text(s.model), model_name: s.model_name, stage: s.stage ?? s.key ?? null, label: s.label, since: s.since })),
  }
}

export function event(r: Raw): T.TimelineEvent {
  return { ...(r as T.TimelineEvent), source: text(r.source), properties: r.properties ?? {}, context: r.context ?? {}, stage: r.stage && { ...r.stage, model: text(r.stage.model) } }
}

export function timeline(r: Raw): T.TimelinePage {
  return { events: r.events.map(event), next_cursor: r.next_cursor || null }
}

export function liveEvent(r: Raw): T.LiveEvent {
  return { ...event(r), customer: r.customer ? text(r.customer) : undefined, customer_name: r.customer_name }
}

export function why(r: Raw): T.StageWhy {
  return { ...(r as T.StageWhy), model: text(r.model), stage: r.stage || null, history: (r.history ?? []).map((h: Raw) => ({ ...h, to: h.to || h.stage })) }
}

export function note(r: Raw): T.Note {
  return { ...(r as T.Note), id: text(r.id), text: r.body ?? r.text }
}

export function identity(r: Raw): T.Identity {
  const identifiers: T.Identifier[] = r.identifiers ?? []
  return {
    identifiers,
    log: (r.log ?? []).map((e: Raw) => ({ ...e, id: text(e.id), from: text(e.from), into: text(e.into), identifiers: (e.identifiers ?? []).map((x: unknown) => (typeof x === 'number' ? (identifiers.find((i) => i.number === x) ?? { type: '#', value: String(x) }) : x)) })),
  }
}

export function source(r: Raw): T.Source {
  return { ...(r as T.Source), id: text(r.id), settings: r.settings ?? {} }
}

export function group(r: Raw): T.QuarantineGroup {
  return { ...(r as T.QuarantineGroup), source: text(r.source), samples: (r.samples ?? []).map((s: Raw) => ({ ...s, id: text(s.id) })) }
}

export function unknownKey(r: Raw): T.UnknownKey {
  return { key: r.key ?? r.prefix, count: r.count, first_seen: r.first_seen, last_seen: r.last_seen, sent_by: r.address ?? r.user_agent }
}

export function user(r: Raw): T.User {
  return { ...(r as T.User), id: text(r.id), enabled: r.enabled ?? !r.disabled }
}

export function apiKey(r: Raw): T.ApiKey {
  return { ...(r as T.ApiKey), id: text(r.id), last_used_at: r.last_used_at ?? r.last_used ?? null }
}

export function audit(r: Raw): { entries: T.AuditEntry[]; next_cursor: string | null } {
  return { entries: (r.entries ?? []).map((e: Raw) => ({ ...e, id: text(e.id), target: e.object ?? e.target, ip: e.address ?? e.ip })), next_cursor: r.next_cursor || null }
}

export function importRun(r: Raw): T.ImportRun {
  return { ...(r as T.ImportRun), id: text(r.id) }
}

export function preset(r: Raw): T.ImportPreset {
  return { ...(r as T.ImportPreset), id: text(r.id ?? r.name) }
}
