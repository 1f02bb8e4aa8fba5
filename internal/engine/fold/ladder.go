package fold

import (
	"encoding/binary"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Rung is one place of a Ladder.
type Rung struct {
	Key  string
	When *expr.Node
	Stay core.Micros // least time on it; 0 = none
}

// Ladder is a list of rungs of which a customer stands on the last one whose
// condition holds, once the least time on the present one is over. It is
// immutable and safe for concurrent use.
type Ladder struct {
	prog  *Program
	keys  []string
	conds []int
	marks []uint64 // bit of each rung for "has been on"
	stay  []core.Micros
	refs  expr.Refs
	void  bool
}

// NewLadder compiles rungs; days and weeks are those of cal.
func NewLadder(cal expr.Calendar, rungs []Rung) (*Ladder, error) {
	return NewLadderWith(NewBuilderIn(cal), rungs)
}

// NewLadderWith compiles rungs with a new Builder.
func NewLadderWith(b *Builder, rungs []Rung) (*Ladder, error) {
	l := &Ladder{refs: expr.Refs{Events: []expr.EventRef{}}}
	for _, r := range rungs {
		c, err := b.Add(r.When)
		if err != nil {
			return nil, fmt.Errorf("compile condition of stage %s: %w", r.Key, err)
		}
		l.keys, l.conds, l.stay = append(l.keys, r.Key), append(l.conds, c), append(l.stay, r.Stay)
		refs := expr.References(r.When)
		l.refs.Events = append(l.refs.Events, refs.Events...)
		l.refs.Properties = append(l.refs.Properties, refs.Properties...)
		l.refs.Traits = append(l.refs.Traits, refs.Traits...)
	}
	for _, a := range b.p.accs {
		if a.mode == modeLadder {
			l.refs.Events = append(l.refs.Events, a.ladder.refs.Events...)
			l.refs.Properties = append(l.refs.Properties, a.ladder.refs.Properties...)
			l.refs.Traits = append(l.refs.Traits, a.ladder.refs.Traits...)
		}
	}
	l.refs.Compact()
	for _, k := range l.keys {
		l.marks = append(l.marks, uint64(1)<<b.Mark(k))
	}
	var err error
	if l.prog, err = b.Build(); err != nil {
		return nil, err
	}
	l.void = l.prog.void()
	return l, nil
}

// Void says whether somebody without any event that the conditions read may stand
// on a rung: then a customer's first event counts, whatever it is.
func (l *Ladder) Void() bool { return l.void }

// Sampled says whether conditions ask for a random share, so that customers who
// did the same differ.
func (p *Program) Sampled() bool {
	for _, i := range p.ladders {
		if p.accs[i].ladder.prog.Sampled() {
			return true
		}
	}
	return p.sampled
}

// void says whether a condition may hold on an empty state.
func (p *Program) void() bool {
	if p.sampled {
		return true
	}
	for _, i := range p.ladders {
		if p.accs[i].ladder.void {
			return true
		}
	}
	empty := p.New()
	for c := range p.conds {
		if p.Eval(empty, c, 0) {
			return true
		}
	}
	return false
}

// Reads are the events that the conditions of all rungs read; nil: all.
func (l *Ladder) Reads() []expr.EventRef {
	if l.refs.All() {
		return nil
	}
	return l.refs.Events
}

// Rung gives the program of all conditions and the number in it of one rung's.
func (l *Ladder) Rung(i int) (p *Program, cond int) { return l.prog, l.conds[i] }

// Refs are the names that the conditions of all rungs read.
func (l *Ladder) Refs() expr.Refs { return l.refs }

// Key names a rung; that of -1, which is none, is "".
func (l *Ladder) Key(rung int) string {
	if rung < 0 {
		return ""
	}
	return l.keys[rung]
}

func (l *Ladder) find(key string) int {
	for i, k := range l.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// Step is a move from one rung to another; -1 is none.
type Step struct {
	From, To int
	At       core.Micros
	// Closes and Opens number the customer's stays, from 1; 0: none ends or
	// begins.
	Closes, Opens int64
	By            *Input // nil: the passing of time
}

// Climber is a customer on a Ladder.
type Climber struct {
	l     *Ladder
	s     *State
	clock core.Micros
	rung  int // -1 = none
	from  int // where it came from
	since core.Micros
	stays int64
	by    *Input // the event being applied
	begun bool   // an event was applied
}

// Open continues from a state that Append wrote; nil starts from nothing.
func (l *Ladder) Open(customer core.CustomerID, state []byte) (*Climber, error) {
	if state == nil {
		c := &Climber{l: l, s: l.prog.New(), rung: -1, from: -1}
		c.s.Customer = customer
		return c, nil
	}
	c, rest, err := l.decode(state)
	if err != nil || len(rest) != 0 {
		return nil, errState
	}
	c.s.Customer = customer
	return c, nil
}

func (l *Ladder) decode(state []byte) (*Climber, []byte, error) {
	r := reader{buf: state}
	c := &Climber{l: l, clock: r.varint(), rung: int(r.varint()), from: int(r.varint()), since: r.varint(), stays: r.varint()}
	if n := len(l.keys); r.err || c.rung < -1 || c.rung >= n || c.from < -1 || c.from >= n {
		return nil, nil, errState
	}
	c.begun = true
	var err error
	c.s, r.buf, err = l.prog.Decode(r.buf)
	return c, r.buf, err
}

// Append writes the state to buf.
func (c *Climber) Append(buf []byte) []byte {
	for _, v := range [5]int64{c.clock, int64(c.rung), int64(c.from), c.since, c.stays} {
		buf = binary.AppendVarint(buf, v)
	}
	return c.l.prog.Append(buf, c.s)
}

// Clock is the latest instant folded.
func (c *Climber) Clock() core.Micros { return c.clock }

// Rung is where the customer stands, -1 for nowhere, and since when.
func (c *Climber) Rung() (rung int, since core.Micros) { return c.rung, c.since }

// Holds says for each rung whether its condition holds at an instant that is not
// before Clock.
func (c *Climber) Holds(now core.Micros) []bool {
	out := make([]bool, len(c.l.conds))
	for i, cond := range c.l.conds {
		out[i] = c.l.prog.Eval(c.s, cond, max(now, c.clock))
	}
	return out
}

// Due is when time alone may move the customer next.
func (c *Climber) Due() (core.Micros, bool) {
	at, ok := c.l.prog.NextChange(c.s, c.clock)
	if end, bound := c.bound(); bound && end > c.clock && (!ok || end < at) {
		return end, true
	}
	return at, ok
}

// bound is until when the least time on the present rung lasts.
func (c *Climber) bound() (core.Micros, bool) {
	if c.rung < 0 || c.l.stay[c.rung] == 0 {
		return 0, false
	}
	return c.since + c.l.stay[c.rung], true
}

// Advance lets time pass up to and including to.
func (c *Climber) Advance(to core.Micros, moved func(Step)) {
	for {
		at, ok := c.Due()
		if !ok || at > to {
			return
		}
		c.clock, c.by = at, nil
		c.settle(moved)
	}
}

// Apply advances to the event's time and folds it.
func (c *Climber) Apply(e *Input, moved func(Step)) {
	c.Advance(e.Time, moved)
	c.clock = max(c.clock, e.Time)
	if c.l.prog.Apply(c.s, e) || !c.begun {
		c.by, c.begun = e, true
		c.settle(moved)
		c.by = nil
	}
}

// settle moves the customer to the rung that holds now. A move may make another
// condition true ("has been on"); each rung is entered once at most.
func (c *Climber) settle(moved func(Step)) {
	for range c.l.keys {
		if end, bound := c.bound(); bound && c.clock < end {
			return
		}
		next := c.holds()
		if next == c.rung {
			return
		}
		marked := c.s.Marks
		c.move(next, moved)
		if c.s.Marks == marked {
			return
		}
	}
}

// holds is the last rung whose condition holds, -1 when none does.
func (c *Climber) holds() int {
	for i := len(c.l.conds) - 1; i >= 0; i-- {
		if c.l.prog.Eval(c.s, c.l.conds[i], c.clock) {
			return i
		}
	}
	return -1
}

func (c *Climber) move(next int, moved func(Step)) {
	st := Step{From: c.rung, To: next, At: c.clock, By: c.by}
	if c.rung >= 0 {
		st.Closes = c.stays
	}
	if next >= 0 {
		c.stays++
		st.Opens = c.stays
		c.s.Marks |= c.l.marks[next]
	}
	c.from, c.rung, c.since = c.rung, next, c.clock
	moved(st)
}
