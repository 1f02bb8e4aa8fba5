// Package customer turns identifiers into customers and keeps what is known of
// each: identity graph, traits and summary, notes, consent, export and erasure.
//
// Tables: customers, actors, actor_homes, identity_facts, identity_log,
// identity_moves, erasures, erasure_subjects, erasure_customers, erasure_actors,
// erased_spans, backups, customer_notes, consents.
//
// Identity is a pure function of facts. A fact is a set of identifiers seen
// together at an instant (or an alias, or a merge by a user). Facts that share
// an identifier form a component; a new fact recomputes its component from all
// its facts in event-time order, so the order of arrival never matters, a late
// event lands where it would have landed in time, and taking a fact out again
// (un-merge) gives back exactly what was before. Events are never rewritten:
// each keeps its actor, and the map (actor, time) → customer says where it lives.
package customer
