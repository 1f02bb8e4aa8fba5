package fold

import (
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Stepper is a Machine that tells each step on a ladder by one signal.
type Stepper struct {
	Machine int64
	Ladder  *Ladder
	Signal  func(c core.CustomerID, st Step) core.Signal
}

// ID is the machine's number.
func (m *Stepper) ID() int64 { return m.Machine }

// Reads tells which events the ladder's conditions name.
func (m *Stepper) Reads() []expr.EventRef { return m.Ladder.Reads() }

// Void is that of the ladder.
func (m *Stepper) Void() bool { return m.Ladder.Void() }

// Open continues from a state that a climber wrote; nil starts from nothing.
func (m *Stepper) Open(c core.CustomerID, state []byte) (Instance, error) {
	climber, err := m.Ladder.Open(c, state)
	if err != nil {
		return nil, fmt.Errorf("state of machine %d: %w", m.Machine, err)
	}
	return &stepping{climber, m, c}, nil
}

// stepping is a Stepper at work on one customer.
type stepping struct {
	*Climber
	m *Stepper
	c core.CustomerID
}

func (in *stepping) Advance(to core.Micros, emit func(core.Signal)) {
	in.Climber.Advance(to, func(st Step) { emit(in.m.Signal(in.c, st)) })
}

func (in *stepping) Apply(e *Input, emit func(core.Signal)) {
	in.Climber.Apply(e, func(st Step) { emit(in.m.Signal(in.c, st)) })
}
