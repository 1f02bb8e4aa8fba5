// Package inbox is the way in: it knows the sources of a workspace, reads what
// they send, keeps each accepted batch until the pipeline has processed it, and
// decides which events are duplicates, which break a rule and must wait in
// quarantine, and which go on.
//
// Accept parses a body and appends one row, as received, to the table inbox; it
// returns once that row is durable. Take reads the oldest rows, parses them
// again with the same result, and applies dedupe, tracking plan and property
// rules. Work.Commit removes the rows and writes quarantine, dedupe keys and
// counters inside the transaction of the caller, so an event is processed once.
//
// Programs are marked, never blocked: by user agent, by the network of the
// address (networks.json and the source's own), by what only automated browsers
// show, and by the rate of one sender in a minute of event time. Properties can
// be dropped, hashed or encrypted; Reveal opens what is encrypted for a reader
// who may see it. What waits in quarantine keeps its marks and is treated once.
//
// Tables: sources, source_counters, inbox, dedupe_blocks, dedupe_parts,
// quarantine, unknown_keys.
//
// Invariants: accepted + quarantined = events in the body; a row leaves inbox
// only with the transaction that stored what came of it; memory changes only
// after a commit; correctness rests on no lock of this process.
package inbox
