package lifecycle

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// machine is a version of a stage model, compiled.
type machine struct {
	id    int64
	prog  *fold.Program
	keys  []string
	conds []int
	marks []uint64 // bit of each stage for "has been in"; 0 when nobody asks
	stay  []core.Micros
}

// compile turns a definition into a machine; days and weeks are those of cal.
func compile(id int64, d *Definition, cal expr.Calendar) (*machine, error) {
	b := fold.NewBuilderIn(cal)
	m := &machine{id: id}
	for i := range d.Stages {
		s := &d.Stages[i]
		c, err := b.Add(&s.When)
		if err != nil {
			return nil, fmt.Errorf("compile condition of stage %s: %w", s.Key, err)
		}
		stay := core.Micros(0)
		if s.MinStay != "" && s.MinStay != "0s" {
			if stay, err = expr.ParseSpan(s.MinStay); err != nil {
				return nil, fmt.Errorf("minimum stay of stage %s: %w", s.Key, err)
			}
		}
		m.keys, m.conds, m.stay = append(m.keys, s.Key), append(m.conds, c), append(m.stay, stay)
	}
	for _, k := range m.keys {
		m.marks = append(m.marks, uint64(1)<<b.Mark(k))
	}
	p, err := b.Build()
	if err != nil {
		return nil, err
	}
	m.prog = p
	return m, nil
}

func (m *machine) ID() int64 { return m.id }

// instance is a machine at work on one customer.
type instance struct {
	m       *machine
	c       core.CustomerID
	s       *fold.State
	clock   core.Micros
	stage   int // index, -1 = none
	since   core.Micros
	spells  int64
	current fold.Input // the event being applied; Kind 0 for a timer
}

var errDamaged = errors.New("stage state is damaged")

func (m *machine) Open(c core.CustomerID, state []byte) (fold.Instance, error) {
	in := &instance{m: m, c: c, stage: -1}
	if state == nil {
		in.s = m.prog.New()
		in.s.Customer = c
		return in, nil
	}
	var head [4]int64
	for i := range head {
		v, n := binary.Varint(state)
		if n <= 0 {
			return nil, errDamaged
		}
		head[i], state = v, state[n:]
	}
	s, rest, err := m.prog.Decode(state)
	if err != nil || len(rest) != 0 || head[1] < -1 || head[1] >= int64(len(m.keys)) {
		return nil, errDamaged
	}
	in.clock, in.stage, in.since, in.spells, in.s = head[0], int(head[1]), head[2], head[3], s
	in.s.Customer = c
	return in, nil
}

func (in *instance) Append(buf []byte) []byte {
	for _, v := range [4]int64{in.clock, int64(in.stage), in.since, in.spells} {
		buf = binary.AppendVarint(buf, v)
	}
	return in.m.prog.Append(buf, in.s)
}

func (in *instance) Clock() core.Micros { return in.clock }

// Due is when time alone may move the customer next.
func (in *instance) Due() (core.Micros, bool) {
	at, ok := in.m.prog.NextChange(in.s, in.clock)
	if end, bound := in.bound(); bound && end > in.clock && (!ok || end < at) {
		return end, true
	}
	return at, ok
}

// bound is until when the current stage's minimum stay holds.
func (in *instance) bound() (core.Micros, bool) {
	if in.stage < 0 || in.m.stay[in.stage] == 0 {
		return 0, false
	}
	return in.since + in.m.stay[in.stage], true
}

func (in *instance) Advance(to core.Micros, emit func(core.Signal)) {
	for {
		at, ok := in.Due()
		if !ok || at > to {
			return
		}
		in.clock = at
		in.current = fold.Input{}
		in.settle(emit)
	}
}

func (in *instance) Apply(e *fold.Input, emit func(core.Signal)) {
	in.Advance(e.Time, emit)
	in.clock = max(in.clock, e.Time)
	if in.m.prog.Apply(in.s, e) {
		in.current = *e
		in.settle(emit)
	}
}

// settle moves the customer to the stage that holds now. A move may make
// another condition true ("has been in"); each stage is entered once at most.
func (in *instance) settle(emit func(core.Signal)) {
	for range in.m.keys {
		if end, bound := in.bound(); bound && in.clock < end {
			return
		}
		next := in.holds()
		if next == in.stage {
			return
		}
		marked := in.s.Marks
		in.move(next, emit)
		if in.s.Marks == marked {
			return
		}
	}
}

// holds is the last stage whose condition holds, -1 when none does.
func (in *instance) holds() int {
	for i := len(in.m.conds) - 1; i >= 0; i-- {
		if in.m.prog.Eval(in.s, in.m.conds[i], in.clock) {
			return i
		}
	}
	return -1
}

func (in *instance) move(next int, emit func(core.Signal)) {
	sig := core.StageMoved{Machine: in.m.id, Customer: in.c, At: in.clock, ByTimer: in.current.Kind == 0}
	if in.stage >= 0 {
		sig.From, sig.Closes = in.m.keys[in.stage], in.spells
	}
	if next >= 0 {
		in.spells++
		sig.To, sig.Opens = in.m.keys[next], in.spells
		in.s.Marks |= in.m.marks[next]
	}
	if !sig.ByTimer {
		e := &in.current
		sig.EventID, sig.EventName, sig.EventKind, sig.EventAt = e.ID, e.Name, e.Kind, e.Time
	}
	in.stage, in.since = next, in.clock
	emit(sig)
}
