// Package lifecycle keeps stage models: data that says which lifecycle stage a
// customer is in, and why. A model lists stages; a customer is in the last one
// of the list whose condition holds, so customers skip, fall back and come back
// as their history and the clock say. Off-path stages (dormant, lost) stand
// last in the list. A model is versioned; each version is a fold.Machine.
//
// Tables: stage_models, stage_model_versions, stage_spells.
//
// Invariants: the spells of a customer in a machine do not overlap, are
// numbered from 1 without gaps, and equal a fold of the customer's timeline.
package lifecycle
