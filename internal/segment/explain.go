package segment

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Explanation says why a customer is in a segment, or is not.
type Explanation struct {
	Member bool
	At     core.Micros // the instant it speaks of
	Stay   *Stay       // the stay that runs, or the last one; only of now
	Next   core.Micros // when time alone may change the answer next; 0 = never
	Why    *Reason
}

// Reason is one condition with whether it holds.
type Reason struct {
	When     *expr.Node
	Holds    bool
	Value    string // what was compared: a number, a value, an instant
	HasValue bool
	Parts    []*Reason
}

// Explain folds a customer's timeline up to an instant (0: now) and tells which
// conditions hold.
func (s *Service) Explain(ctx context.Context, ws core.WorkspaceID, g Segment, c core.CustomerID, at core.Micros) (*Explanation, error) {
	now := core.FromTime(s.Clock.Now())
	live := at == 0 || at >= now
	if !live {
		now = at
	}
	events, err := s.Timeline.Customer(ctx, ws, c, timeline.CustomerQuery{Before: now + 1, Lean: true})
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	x := &explainer{cat: s.of(ws).catalogue}
	x.b = fold.NewBuilderIn(x.cat.cal)
	p, err := x.cat.program(g.When)
	if err != nil {
		return nil, err
	}
	x.b.Models = p.ladder(x.cat.cal)
	if err := x.add(g.When); err != nil {
		return nil, fmt.Errorf("explain segment: %w", err)
	}
	prog, err := x.b.Build()
	if err != nil {
		return nil, err
	}
	state := prog.New()
	state.Customer = c
	for i := range events {
		in := fold.InputOf(&events[i])
		prog.Apply(state, &in)
	}
	e := &Explanation{At: now, Why: x.reason(prog, state, now, g.When)}
	e.Member = e.Why.Holds && len(events) > 0
	if next, ok := prog.NextChange(state, now); ok {
		e.Next = next
	}
	if live {
		err = s.lastStay(ctx, ws, g, c, e)
	}
	return e, err
}

func (s *Service) lastStay(ctx context.Context, ws core.WorkspaceID, g Segment, c core.CustomerID, e *Explanation) error {
	stays, err := s.Of(ctx, ws, c)
	if err != nil {
		return err
	}
	for i := range stays {
		if stays[i].Segment == g.ID {
			e.Stay = &stays[i]
			return nil
		}
	}
	return nil
}

// explainer compiles a condition and each of its parts into one Program.
type explainer struct {
	cat   *catalogue
	b     *fold.Builder
	conds []int
	probe []int
	next  int
}

// add compiles n and its parts, in the order in which reason meets them.
func (x *explainer) add(n *expr.Node) error {
	whole, err := expr.Expand(n, x.cat)
	if err != nil {
		return err
	}
	c, err := x.b.Add(whole)
	if err != nil {
		return err
	}
	v, err := x.b.Probe(whole)
	if err != nil {
		return err
	}
	x.conds, x.probe = append(x.conds, c), append(x.probe, v)
	for _, p := range x.parts(n) {
		if err := x.add(p); err != nil {
			return err
		}
	}
	return nil
}

// parts are the conditions that n is made of, those of a segment that it names
// included.
func (x *explainer) parts(n *expr.Node) (out []*expr.Node) {
	for _, group := range [2][]expr.Node{n.All, n.Any} {
		for i := range group {
			out = append(out, &group[i])
		}
	}
	switch {
	case n.Not != nil:
		out = append(out, n.Not)
	case n.Segment != nil:
		if in, ok := x.cat.Segment(n.Segment.Key); ok {
			out = append(out, in)
		}
	}
	return out
}

func (x *explainer) reason(p *fold.Program, s *fold.State, now core.Micros, n *expr.Node) *Reason {
	i := x.next
	x.next++
	r := &Reason{When: n, Holds: p.Eval(s, x.conds[i], now)}
	if v, ok := p.Value(s, x.probe[i], now); ok {
		r.Value, r.HasValue = v.Display(), true
	}
	for _, part := range x.parts(n) {
		r.Parts = append(r.Parts, x.reason(p, s, now, part))
	}
	return r
}

// readWhen reads the condition of a stored version; nil when it has none.
func readWhen(text string) *expr.Node {
	var d stored
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil
	}
	return d.When
}
