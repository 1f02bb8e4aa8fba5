// Package query answers charts by folding the timeline: trend, funnel,
// retention, growth accounting, stickiness, paths, composition, table, attribution
// and journey maps. People and Explain tell who is behind a number and why, by the
// same folds. It does not draw, save or authorise.
//
// A Spec is plain JSON; Run checks it, reads only the months, events and columns
// it needs, folds each customer's rows in one call and adds the workers' parts.
// Every part holds whole numbers, or values that are sorted at the end, so that
// the answer does not depend on how customers were shared among workers. Sums
// are whole millionths, as in package fold.
//
// Rules for all kinds: ranges are half open, [from, to), in the workspace's
// zone; nothing at or after now counts; events of bots and tests are left out
// unless the spec asks for them; signals, which Ciclo writes itself, count only
// where a spec names them; a missing value of a breakdown is a value of its own;
// values beyond the top N become the rest, which counts each customer once.
// Memory is bounded by Env.Budget: a query that needs more ends with an error
// that says so.
package query
