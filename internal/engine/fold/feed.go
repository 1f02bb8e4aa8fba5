package fold

import (
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Feed applies the rows of a scan to states of one Program, reading properties
// from their columns. Each worker of a scan has its own.
type Feed struct {
	p     *Program
	in    Input
	row   row
	hits  [][]int // by name and kind
	known []bool
	state *State
}

// NewFeed makes a Feed.
func (p *Program) NewFeed() *Feed {
	f := &Feed{p: p, state: p.New()}
	f.in.Props = &f.row
	return f
}

// Columns are the columns that a scan must load for conditions that read refs.
func Columns(refs *expr.Refs) []string {
	var out []string
	seen := map[string]bool{}
	for _, list := range [2][]string{refs.Properties, refs.Traits} {
		for _, name := range list {
			if !seen[name] {
				seen[name] = true
				out = append(out, timeline.Prop(name))
			}
		}
	}
	return out
}

// Column gives the name of a property or trait back from its column.
func Column(column string) string { return strings.TrimPrefix(column, timeline.Prop("")) }

// Keys are the events that a scan must read; nil: all but signals.
func Keys(reads []expr.EventRef) []timeline.EventKey {
	if reads == nil {
		return nil
	}
	out := []timeline.EventKey{}
	for _, r := range reads {
		kinds := []core.Kind{r.Kind}
		if r.Kind == 0 {
			kinds = []core.Kind{core.KindTrack, core.KindIdentify, core.KindPage, core.KindScreen, core.KindGroup, core.KindAlias}
		}
		for _, k := range kinds {
			out = append(out, timeline.EventKey{Kind: k, Name: r.Name})
		}
	}
	return out
}

// row is one row of a scan as Props.
type row struct {
	r *timeline.Rows
	i int
}

// Prop reads a column.
func (p *row) Prop(path string) (core.Value, bool) { return p.r.Prop(p.i, path) }

// null says whether a property is an explicit null.
func (p *row) null(path string) bool {
	k := p.r.PropIndex(path)
	return k >= 0 && p.r.NullAt(p.i, k)
}

// Fold gives the state of a customer after the rows, valid until the next call.
func (f *Feed) Fold(customer core.CustomerID, r *timeline.Rows) *State {
	f.reset(customer)
	f.row.r = r
	for i := range r.Time {
		f.in.Time, f.in.Kind, f.row.i = r.Time[i], core.Kind(r.Kind[i]), i
		hits := f.look(r, r.Name[i], f.in.Kind)
		for _, k := range hits {
			a := &f.p.accs[k]
			if matches(a.where, &f.in) {
				a.apply(&f.state.slots[k], &f.in)
			}
		}
		if len(f.p.every) > 0 {
			f.in.Name = core.CanonicalEvent(r.NameOf(r.Name[i]))
			for _, k := range f.p.every {
				f.p.accs[k].look(f.state, k, &f.in)
			}
		}
		if f.in.Kind == core.KindIdentify && len(f.p.byTrait) > 0 {
			f.p.applyTraits(f.state, &f.in)
		}
	}
	return f.state
}

// Empty is the state of a customer of whom no row was read.
func (f *Feed) Empty(customer core.CustomerID) *State {
	f.reset(customer)
	return f.state
}

// reset empties the state, keeping the room of its lists.
func (f *Feed) reset(customer core.CustomerID) {
	f.state.Customer, f.state.Marks = customer, 0
	for i := range f.state.slots {
		s := &f.state.slots[i]
		*s = slot{ring: s.ring[:0], texts: s.texts[:0], steps: nil}
	}
}

// look gives the accumulators of an event.
func (f *Feed) look(r *timeline.Rows, name uint32, kind core.Kind) []int {
	at := int(name)<<3 | int(kind)
	for at >= len(f.known) {
		f.known, f.hits = append(f.known, false), append(f.hits, nil)
	}
	if !f.known[at] {
		in := Input{Kind: kind, Name: core.CanonicalEvent(r.NameOf(name))}
		var keys [4]eventKey
		for _, key := range keysOf(&in, &keys) {
			f.hits[at] = append(f.hits[at], f.p.byEvent[key]...)
		}
		f.known[at] = true
	}
	return f.hits[at]
}
