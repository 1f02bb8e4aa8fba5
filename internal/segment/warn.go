package segment

import (
	"context"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// kinds is a set of core.ValueKind, by bit.
type kinds uint16

// see adds what a column holds.
func (k *kinds) see(c *timeline.PropColumn) {
	for _, v := range c.Kind {
		*k |= 1 << v
	}
	*k &^= 1 << core.ValueNone
}

func kindsOf(list ...core.ValueKind) (k kinds) {
	for _, v := range list {
		k |= 1 << v
	}
	return k
}

// warnings says what of a condition is probably not meant so. seen are the kinds
// of values that the properties and traits held which it reads.
func (s *Service) warnings(ctx context.Context, ws core.WorkspaceID, when *expr.Node, p *Preview, seen map[string]kinds) ([]Warning, error) {
	var out []Warning
	switch {
	case p.Size == 0:
		out = append(out, Warning{Code: "matches_nobody"})
	case p.Size == p.Population:
		out = append(out, Warning{Code: "matches_all"})
	}
	if p.Size > 0 && expr.Lasting(when) {
		out = append(out, Warning{Code: "never_leaves"})
	}
	known, err := s.Timeline.Names(ctx, ws)
	if err != nil {
		return nil, fmt.Errorf("read event names: %w", err)
	}
	for _, ref := range expr.References(when).Events {
		has := func(n timeline.NameStat) bool { return n.Name == ref.Name && (ref.Kind == 0 || n.Kind == ref.Kind) }
		if ref.Name != "" && ref.Kind != core.KindSignal && !slices.ContainsFunc(known, has) {
			out = append(out, Warning{"unknown_event", ref.Name})
		}
	}
	w := &warner{seen: seen}
	w.node(when)
	return append(out, w.out...), nil
}

// warner looks at the comparisons of a condition.
type warner struct {
	seen map[string]kinds
	out  []Warning
}

func (w *warner) add(code, name string) {
	if x := (Warning{code, name}); !slices.Contains(w.out, x) {
		w.out = append(w.out, x)
	}
}

func (w *warner) node(n *expr.Node) {
	for _, group := range [2][]expr.Node{n.All, n.Any} {
		for i := range group {
			w.node(&group[i])
		}
	}
	switch {
	case n.Not != nil:
		w.node(n.Not)
	case n.Trait != nil:
		w.match(n.Trait, "unknown_trait")
	case n.Did != nil:
		w.did(n.Did)
	case n.Compare != nil:
		w.did(&n.Compare.A)
		w.did(&n.Compare.B)
	case n.Lapse != nil:
		w.where(n.Lapse.Where)
	case n.Sequence != nil:
		for i := range n.Sequence.Steps {
			w.where(n.Sequence.Steps[i].Where)
		}
	case n.Keyed != nil:
		w.node(n.Keyed.When)
	}
}

func (w *warner) did(d *expr.Did) {
	w.where(d.Where)
	if d.Picks() && d.Property != "" {
		m := d.Match()
		w.match(&m, "unknown_property")
	}
}

func (w *warner) where(list []expr.Match) {
	for i := range list {
		w.match(&list[i], "unknown_property")
	}
}

// match compares what a comparison is about with what the data hold.
func (w *warner) match(m *expr.Match, unknown string) {
	seen, read := w.seen[m.Name]
	switch want := wanted(m); {
	case !read: // the event's own time
	case seen == 0:
		w.add(unknown, m.Name)
	case want != 0 && want&seen == 0:
		w.add("type_mismatch", m.Name)
	}
}

// wanted are the kinds of values with which a comparison can hold; 0: any.
func wanted(m *expr.Match) kinds {
	v, _ := core.ParseJSON(m.Value)
	switch m.Op {
	case expr.GT, expr.GTE, expr.LT, expr.LTE, expr.Between, expr.NotBetween:
		if v.Kind == core.ValueText || len(v.List) > 0 && v.List[0].Kind == core.ValueText {
			return kindsOf(core.ValueText, core.ValueNumber, core.ValueTime) // dates
		}
		return kindsOf(core.ValueNumber)
	case expr.Is, expr.IsNot:
		return kindsOf(v.Kind, core.ValueList)
	case expr.In, expr.NotIn, expr.AllOf:
		k := kindsOf(core.ValueList)
		for i := range v.List {
			k |= kindsOf(v.List[i].Kind)
		}
		return k
	case expr.Contains, expr.NotContains, expr.Starts, expr.NotStarts, expr.Ends, expr.NotEnds, expr.Matches, expr.NotMatches:
		return kindsOf(core.ValueText, core.ValueList)
	case expr.IsTrue, expr.IsFalse:
		return kindsOf(core.ValueBool)
	case expr.LengthIs, expr.LengthGT, expr.LengthGTE, expr.LengthLT, expr.LengthLTE, expr.Element:
		return kindsOf(core.ValueList)
	case expr.Before, expr.After, expr.On, expr.InLast, expr.NotInLast, expr.InNext, expr.MoreThanAgo, expr.Anniversary, expr.Weekday, expr.Hour:
		return kindsOf(core.ValueText, core.ValueNumber, core.ValueTime)
	}
	return 0
}
