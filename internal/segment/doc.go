// Package segment keeps segments: conditions on customers, and who satisfies
// them now, since when and why.
//
// A dynamic segment is a condition of package expr, versioned; each version is a
// fold.Machine, so that customers enter and leave on the event or at the instant
// that changes the answer. A static one is a list that users keep: an entry is a
// signal in the customer's timeline, and the segment the condition of being on
// the list, so that lists follow merges and erasure and are read as of any
// moment. A condition that names another segment holds a copy of its condition;
// editing one computes those that name it anew.
//
// Tables: segments, segment_versions, segment_stays, segment_fills, rfm_runs,
// persona_runs; view segment_now.
//
// Invariants: the stays of a customer in a machine do not overlap, are numbered
// from 1 without gaps, and equal a fold of the customer's timeline.
package segment
