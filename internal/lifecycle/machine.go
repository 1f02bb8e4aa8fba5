package lifecycle

import (
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// machine is a version of a stage model, compiled.
type machine struct {
	id     int64
	ladder *fold.Ladder
}

// compile turns a definition into a machine; days and weeks are those of cal.
func compile(id int64, d *Definition, cal expr.Calendar) (*machine, error) {
	list, err := rungs(d.Stages)
	if err != nil {
		return nil, err
	}
	l, err := fold.NewLadder(cal, list)
	if err != nil {
		return nil, err
	}
	return &machine{id, l}, nil
}

func (m *machine) ID() int64 { return m.id }

func (m *machine) Reads() []expr.EventRef { return m.ladder.Reads() }

func (m *machine) Void() bool { return m.ladder.Void() }

// instance is a machine at work on one customer.
type instance struct {
	*fold.Climber
	m *machine
	c core.CustomerID
}

func (m *machine) Open(c core.CustomerID, state []byte) (fold.Instance, error) {
	climber, err := m.ladder.Open(c, state)
	if err != nil {
		return nil, fmt.Errorf("stage state: %w", err)
	}
	return &instance{climber, m, c}, nil
}

func (in *instance) Advance(to core.Micros, emit func(core.Signal)) {
	in.Climber.Advance(to, func(st fold.Step) { emit(in.signal(st)) })
}

func (in *instance) Apply(e *fold.Input, emit func(core.Signal)) {
	in.Climber.Apply(e, func(st fold.Step) { emit(in.signal(st)) })
}

func (in *instance) signal(st fold.Step) core.StageMoved {
	sig := core.StageMoved{Machine: in.m.id, Customer: in.c, From: in.m.ladder.Key(st.From), To: in.m.ladder.Key(st.To), At: st.At,
		Closes: st.Closes, Opens: st.Opens, ByTimer: st.By == nil}
	if e := st.By; e != nil {
		sig.EventID, sig.EventName, sig.EventKind, sig.EventAt = e.ID, e.Name, e.Kind, e.Time
	}
	return sig
}
