package fold

import (
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// probe tells the value that a condition compares.
type probe func(s *State, now core.Micros) (core.Value, bool)

// Probe compiles what n compares, for explanations, and gives its number. A
// condition that compares no single value (a group, a sequence) has none.
func (b *Builder) Probe(n *expr.Node) (int, error) {
	p, err := b.probe(n)
	if err != nil {
		return 0, err
	}
	b.p.probes = append(b.p.probes, p)
	return len(b.p.probes) - 1, nil
}

// Value gives what probe number i compares at now; ok is false when there is
// nothing.
func (p *Program) Value(s *State, i int, now core.Micros) (v core.Value, ok bool) {
	if p.probes[i] == nil {
		return v, false
	}
	return p.probes[i](s, now)
}

func (b *Builder) probe(n *expr.Node) (probe, error) {
	switch {
	case n.Trait != nil:
		name := n.Trait.Name
		i := b.slot("trait\x00"+name, acc{mode: modeTrait, property: name})
		return func(s *State, _ core.Micros) (core.Value, bool) { return s.slots[i].value() }, nil
	case n.Did != nil:
		return b.didProbe(n.Did)
	case n.Lapse != nil:
		return b.lastProbe(n.Lapse)
	case n.Stage != nil && n.Stage.Model != "":
		return b.stageProbe(n.Stage.Model)
	}
	return nil, nil
}

// didProbe tells the number or the value that a Did compares.
func (b *Builder) didProbe(d *expr.Did) (probe, error) {
	ev, where, key, err := b.selector(d.Kind, d.Event, d.Where)
	if err != nil {
		return nil, err
	}
	a := acc{event: ev, where: where, property: d.Property, measure: d.Measure, zone: b.p.cal.Zone}
	if a.measure == "" {
		a.measure = expr.Count
	}
	if d.Picks() {
		i, err := b.picker(d, a, key)
		if err != nil {
			return nil, err
		}
		return func(s *State, now core.Micros) (core.Value, bool) {
			in, sl := b.p.accs[i].within(&s.slots[i], now)
			v, set, _, ok := in.picked(sl, now)
			return v, set && ok
		}, nil
	}
	measure, err := b.measure(d, a, key, expr.Bound{Op: expr.GTE, Lo: 1 << 62})
	if err != nil {
		return nil, err
	}
	return func(s *State, now core.Micros) (core.Value, bool) {
		n, ok := measure(s, now)
		return core.Value{Kind: core.ValueNumber, Num: float64(n) / 1e6}, ok
	}, nil
}

// lastProbe tells when the last event was whose lapse is waited for.
func (b *Builder) lastProbe(l *expr.Lapse) (probe, error) {
	return b.didProbe(&expr.Did{Kind: l.Kind, Event: l.Event, Where: l.Where, Measure: expr.LastTime})
}

// stageProbe tells the stage in which the customer is.
func (b *Builder) stageProbe(model string) (probe, error) {
	l, err := b.Models(model)
	if err != nil {
		return nil, err
	}
	i := b.slot("ladder\x00"+model, acc{mode: modeLadder, ladder: l})
	return func(s *State, now core.Micros) (core.Value, bool) {
		c := s.climber(i, now)
		if c == nil || c.rung < 0 {
			return core.Value{}, false
		}
		return core.Value{Kind: core.ValueText, Text: l.keys[c.rung]}, true
	}, nil
}
