package fold

import (
	"encoding/json"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/zeebo/xxh3"
)

// keyState is the state of the events with one value of a property.
type keyState struct {
	hash  int64
	at    core.Micros // newest event
	state *State
}

// keyed compiles a condition that must hold on the events of one value.
func (b *Builder) keyed(k *expr.Keyed) (cond, error) {
	inner := NewBuilderIn(b.p.cal)
	c, err := inner.Add(k.When)
	if err != nil {
		return nil, err
	}
	prog, err := inner.Build()
	if err != nil {
		return nil, err
	}
	key, err := json.Marshal(k)
	if err != nil {
		return nil, err
	}
	i := b.slot("keyed\x00"+string(key), acc{mode: modeKeyed, by: k.By, prog: prog, refs: expr.References(k.When).Events})
	return func(s *State, now core.Micros) bool {
		keys := s.slots[i].keys
		for j := range keys {
			if prog.Eval(keys[j].state, c, now) {
				return true
			}
		}
		return false
	}, nil
}

// reads says whether the condition on one value is about such events.
func (a *acc) reads(in *Input) bool {
	for _, r := range a.refs {
		if (eventKey{r.Kind, r.Name}).takes(in) {
			return true
		}
	}
	return false
}

func (a *acc) applyKeyed(s *slot, in *Input) bool {
	if !a.reads(in) {
		return false
	}
	v, ok := in.Props.Prop(a.by)
	if !ok {
		return false
	}
	hash := valueHash(v)
	for i := len(s.keys) - 1; i >= 0; i-- {
		if s.keys[i].hash == hash {
			s.keys[i].at = in.Time
			return a.prog.Apply(s.keys[i].state, in)
		}
	}
	state := a.prog.New()
	a.prog.Apply(state, in)
	if len(s.keys) == maxKeys {
		oldest := 0
		for i := range s.keys {
			if s.keys[i].at < s.keys[oldest].at {
				oldest = i
			}
		}
		s.keys = append(s.keys[:oldest], s.keys[oldest+1:]...)
	}
	s.keys = append(s.keys, keyState{hash, in.Time, state})
	return true
}

// valueHash tells values apart: text "1" is not the number 1.
func valueHash(v core.Value) int64 {
	return int64(xxh3.HashString(string(rune('a'+v.Kind)) + v.Display()))
}

// held compiles a comparison of a trait that must hold for a span.
func (b *Builder) held(m *expr.Match) (cond, error) {
	span, err := expr.ParseSpan(m.For)
	if err != nil {
		return nil, err
	}
	plain := *m
	plain.For = ""
	mt, err := expr.CompileIn(plain, b.p.cal)
	if err != nil {
		return nil, err
	}
	key, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	i := b.slot("held\x00"+string(key), acc{mode: modeHeld, property: m.Name, held: mt})
	b.p.accs[i].spans = append(b.p.accs[i].spans, span)
	return func(s *State, now core.Micros) bool {
		sl := &s.slots[i]
		return sl.set && now >= sl.last+span
	}, nil
}

// applyHeld keeps since when the comparison holds. A trait that was never set
// is missing from the customer's first event on.
func (a *acc) applyHeld(s *slot, in *Input) bool {
	if in.Kind == core.KindSignal {
		return false
	}
	first := s.n == 0
	s.n = 1
	raw, null, ok := "", true, false
	if in.Kind == core.KindIdentify {
		raw, null, ok = traitOf(in.Props, a.property)
	}
	if !ok && !first {
		return false
	}
	v, set := core.Value{}, false
	if ok && !null {
		v, set = core.ParseJSON([]byte(raw))
	}
	switch holds := a.held.Test(v, set, in.Time); {
	case !holds:
		was := s.set
		s.set, s.last = false, 0
		return was
	case s.set:
		return false
	}
	s.set, s.last = true, in.Time
	return true
}
