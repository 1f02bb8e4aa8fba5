package fold

import (
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

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

// Choosy is a Machine that looks at some events only. The pipeline keeps the
// others from it, and leaves its state closed while nothing concerns it.
type Choosy interface {
	Machine
	// Reads are the events that may change something; nil: all.
	Reads() []expr.EventRef
	// Void says whether the first event of a customer counts whatever it is,
	// since conditions may hold for somebody who did nothing they name.
	Void() bool
}

// Wants says whether m looks at an event; first: it saw none of the customer's
// yet.
func Wants(m Machine, in *Input, first bool) bool {
	c, ok := m.(Choosy)
	if !ok || first && c.Void() {
		return true
	}
	reads := c.Reads()
	if reads == nil {
		return true
	}
	for _, r := range reads {
		if (eventKey{r.Kind, r.Name}).takes(in) {
			return true
		}
	}
	return false
}
