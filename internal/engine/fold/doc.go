// Package fold compiles conditions and runs them over timelines. The same code
// serves three modes: live (saved state + one new event or a due timer),
// backfill (all of a customer's history) and as of (history up to a moment).
//
// A Program holds the accumulators that its conditions need, each once however
// many conditions share it. A State is one customer's values of them. Events are
// applied in timeline order (time, then log position); an event that comes late
// cannot be applied: the caller folds that customer's timeline anew, so that
// live and backfill agree by construction.
//
// Sums are integers in millionths of the unit: the order of addition does not
// matter and no rounding creeps in. State holds at most what the conditions
// need: a window that asks for "at least 3" keeps three instants.
package fold
