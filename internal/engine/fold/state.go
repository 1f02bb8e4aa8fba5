package fold

import (
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/tidwall/gjson"
)

// State is one customer's values of a Program's accumulators.
type State struct {
	// Customer is whose state it is, for samples. It is not saved: who opens a
	// state sets it. While it is 0 nobody is in a sample.
	Customer core.CustomerID
	Marks    uint64
	slots    []slot
	prog     *Program
}

// New gives the state of a customer without history.
func (p *Program) New() *State { return &State{slots: make([]slot, len(p.accs)), prog: p} }

// Apply folds one event and says whether a condition may have changed by it.
// Events come in timeline order.
func (p *Program) Apply(s *State, in *Input) bool {
	touched := false
	var keys [4]eventKey
	for _, key := range keysOf(in, &keys) {
		for _, i := range p.byEvent[key] {
			a := &p.accs[i]
			if matches(a.where, in) {
				a.apply(&s.slots[i], in)
				touched = true
			}
		}
	}
	for _, i := range p.every {
		touched = p.accs[i].look(s, i, in) || touched
	}
	if in.Kind == core.KindIdentify && len(p.byTrait) > 0 {
		touched = p.applyTraits(s, in) || touched
	}
	return touched
}

// keysOf writes into keys those under which accumulators wait for an event.
func keysOf(in *Input, keys *[4]eventKey) []eventKey {
	*keys = [4]eventKey{{in.Kind, in.Name}, {0, in.Name}, {in.Kind, ""}, {0, ""}}
	switch {
	case in.Kind == core.KindSignal:
		return keys[:1] // what Ciclo writes itself counts only where it is named
	case in.Name == "":
		return keys[:2] // the other two are the same keys
	}
	return keys[:]
}

// look offers an event to an accumulator that chooses itself, and says whether
// it took something from it.
func (a *acc) look(st *State, i int, in *Input) bool {
	s := &st.slots[i]
	switch a.mode {
	case modeLadder:
		return a.climbOn(s, st.Customer, in)
	case modeSequence:
		return a.seq.apply(s, in)
	case modeKeyed:
		return a.applyKeyed(s, in)
	}
	return a.applyHeld(s, in)
}

func (p *Program) applyTraits(s *State, in *Input) bool {
	touched := false
	for name, i := range p.byTrait {
		if raw, null, ok := traitOf(in.Props, name); ok {
			s.slots[i].setTrait(raw, null, in.Time)
			touched = true
		}
	}
	return touched
}

// traitOf gives the raw JSON of a trait that an event sets; null unsets it.
func traitOf(props Props, name string) (raw string, null, ok bool) {
	obj, isJSON := props.(JSON)
	if !isJSON {
		v, ok := props.Prop(name)
		if row, isRow := props.(*row); !ok && isRow && row.null(name) {
			return "", true, true
		}
		return rawJSON(v), false, ok
	}
	r := gjson.GetBytes(obj, core.EscapePath(name))
	if !r.Exists() {
		r = gjson.GetBytes(obj, name)
	}
	return r.Raw, r.Type == gjson.Null, r.Exists()
}

func (s *slot) setTrait(raw string, null bool, at core.Micros) {
	s.text, s.set, s.last = raw, !null, at
	if null {
		s.text = ""
	}
}

func rawJSON(v core.Value) string {
	switch v.Kind {
	case core.ValueText:
		return string(gjson.AppendJSONString(nil, v.Text))
	case core.ValueTime:
		return string(gjson.AppendJSONString(nil, core.ToTime(v.Time).Format(time.RFC3339Nano)))
	}
	return v.Display()
}

// matches says whether all conditions on an event's properties hold. Relative
// dates count from the event.
func matches(where []*expr.Matcher, in *Input) bool {
	for _, m := range where {
		v, set := core.Value{Kind: core.ValueTime, Time: in.Time}, true
		if m.Name != expr.EventTime {
			v, set = in.Props.Prop(m.Name)
		}
		if !m.Test(v, set, in.Time) {
			return false
		}
	}
	return true
}

// Eval says whether condition c holds for s at now. Where conditions ask for a
// stage of another model, now must not go back from one call to the next.
func (p *Program) Eval(s *State, c int, now core.Micros) bool { return p.conds[c](s, now) }

// NextChange gives the first instant after now at which any condition may
// change because time passes; ok is false when none can.
func (p *Program) NextChange(s *State, now core.Micros) (at core.Micros, ok bool) {
	for _, i := range p.ladders {
		s.climber(i, now)
	}
	for i := range p.accs {
		if t, has := p.accs[i].nextChange(&s.slots[i], now); has && (!ok || t < at) {
			at, ok = t, true
		}
	}
	return at, ok
}
