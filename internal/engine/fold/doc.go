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
// need: a window that asks for "at least 3" keeps three instants, a window of
// the calendar keeps this period's and the last one's figures, a sequence one
// chain for each step. A keyed condition keeps the 1,000 values seen last.
//
// NextChange names the next instant, to the microsecond, at which time alone may
// change an answer; at an instant, timers come before events. Each operator has
// its case in testdata/operators.txt, and random conditions are held against
// their definition in oracle_test.go.
package fold
