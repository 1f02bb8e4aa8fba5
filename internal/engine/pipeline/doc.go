// Package pipeline takes what waits in the inbox and turns it into timelines,
// fold states and signals, one transaction a batch: dedupe, resolve identifiers,
// append to the timeline, fold, let the reactors write their tables, save the
// states, delete the inbox rows, commit. Timers that fall due enter here too.
//
// An event that is older than what its customer's fold has seen, and a customer
// whose past changed by a merge, are not patched: the customer's whole timeline
// is folded anew in the same transaction. That is why live and backfill agree.
//
// Tables: fold_states, fold_backfills.
package pipeline
