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

// ladder compiles the stages of a definition; days and weeks are those of cal.
func (d *Definition) ladder(cal expr.Calendar) (*fold.Ladder, error) {
	rungs := make([]fold.Rung, len(d.Stages))
	for i := range d.Stages {
		s := &d.Stages[i]
		rungs[i] = fold.Rung{Key: s.Key, When: &s.When}
		if s.MinStay != "" && s.MinStay != "0s" {
			stay, err := expr.ParseSpan(s.MinStay)
			if err != nil {
				return nil, fmt.Errorf("minimum stay of stage %s: %w", s.Key, err)
			}
			rungs[i].Stay = stay
		}
	}
	return fold.NewLadder(cal, rungs)
}

// compile turns a definition into a machine.
func compile(id int64, d *Definition, cal expr.Calendar) (*machine, error) {
	l, err := d.ladder(cal)
	if err != nil {
		return nil, err
	}
	return &machine{id, l}, nil
}

func (m *machine) ID() int64 { return m.id }

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
