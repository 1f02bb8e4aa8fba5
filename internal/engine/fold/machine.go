package fold

import "github.com/ciclo/ciclo/internal/core"

// Machine is one definition, compiled and versioned, whose state per customer
// is kept up to date live: a version of a stage model, a customer's summary.
type Machine interface {
	// ID is unique in the workspace and never reused: an edited definition is
	// another machine.
	ID() int64
	// Open continues from a state that Encode wrote; nil starts from nothing.
	Open(customer core.CustomerID, state []byte) (Instance, error)
}

// Instance is a Machine at work on one customer.
type Instance interface {
	// Clock is the latest instant folded: an event before it comes too late to
	// be applied.
	Clock() core.Micros
	// Advance lets time pass up to and including to, emitting what changes.
	Advance(to core.Micros, emit func(core.Signal))
	// Apply advances to the event's time and folds it.
	Apply(in *Input, emit func(core.Signal))
	// Due is the next instant at which time alone may change something.
	Due() (at core.Micros, ok bool)
	// Append writes the state to buf.
	Append(buf []byte) []byte
}
