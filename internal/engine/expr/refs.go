package expr

import (
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// Refs are the names that a condition reads, each once and in order.
type Refs struct {
	Events     []EventRef
	Properties []string // of events; "a.b" may be a key or a path
	Traits     []string
	Stages     []string
	Models     []string // stage models whose conditions are read, too
	Segments   []string // before Expand
}

// EventRef is a kind of event that a condition reads: Kind 0 is any kind, Name
// "" is any name.
type EventRef struct {
	Kind core.Kind
	Name string
}

// All says whether a condition reads every event there is.
func (r *Refs) All() bool { return slices.Contains(r.Events, EventRef{}) }

// References gives what n reads, so that a scan can leave out the rest. Traits
// are read from identify events. How long a trait has held counts from the
// customer's first event, so it reads all events.
func References(n *Node) Refs {
	var r Refs
	r.node(n)
	r.Compact()
	return r
}

// Compact sorts the names and keeps each once.
func (r *Refs) Compact() {
	slices.SortFunc(r.Events, func(a, b EventRef) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		return compareText(a.Name, b.Name)
	})
	r.Events = slices.Compact(r.Events)
	for _, list := range []*[]string{&r.Properties, &r.Traits, &r.Stages, &r.Models, &r.Segments} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (r *Refs) node(n *Node) {
	for _, group := range [2][]Node{n.All, n.Any} {
		for i := range group {
			r.node(&group[i])
		}
	}
	switch {
	case n.Not != nil:
		r.node(n.Not)
	case n.Trait != nil:
		r.Traits = append(r.Traits, n.Trait.Name)
		r.Events = append(r.Events, EventRef{Kind: core.KindIdentify})
		if n.Trait.For != "" {
			r.Events = append(r.Events, EventRef{})
		}
	case n.Did != nil:
		r.event(n.Did.Kind, n.Did.Event, n.Did.Where)
		if n.Did.Property != "" && n.Did.Measure != "" {
			r.Properties = append(r.Properties, n.Did.Property)
		}
	case n.Compare != nil:
		for _, d := range [2]*Did{&n.Compare.A, &n.Compare.B} {
			r.node(&Node{Did: d})
		}
	case n.Lapse != nil:
		r.event(n.Lapse.Kind, n.Lapse.Event, n.Lapse.Where)
	case n.Stage != nil:
		r.stage(n.Stage)
	case n.Sequence != nil:
		for i := range n.Sequence.Steps {
			st := &n.Sequence.Steps[i]
			r.event(st.Kind, st.Event, st.Where)
		}
	case n.Segment != nil:
		r.Segments = append(r.Segments, n.Segment.Key)
	case n.Message != nil:
		if d, err := n.Message.did(); err == nil {
			r.event(d.Kind, d.Event, d.Where)
		}
	case n.Consent != nil:
		r.Events = append(r.Events, EventRef{core.KindSignal, SignalConsent})
		r.Properties = append(r.Properties, "channel", "topic", "state", "holder", "over")
	case n.Keyed != nil:
		r.Properties = append(r.Properties, n.Keyed.By)
		if n.Keyed.When != nil {
			r.node(n.Keyed.When)
		}
	}
}

func (r *Refs) stage(s *Stage) {
	for _, key := range slices.Concat(s.In, s.Entered, []string{s.Was, s.From}) {
		if key != "" {
			r.Stages = append(r.Stages, key)
		}
	}
	if s.Model != "" {
		r.Models = append(r.Models, s.Model)
	}
}

func (r *Refs) event(kind, event string, where []Match) {
	if k, err := EventKind(kind); err == nil {
		r.Events = append(r.Events, EventRef{k, core.CanonicalEvent(event)})
	}
	for i := range where {
		if where[i].Name != EventTime {
			r.Properties = append(r.Properties, where[i].Name)
		}
	}
}

// last is the last step; none of a sequence that is not checked yet.
func (s *Sequence) last() Step {
	if len(s.Steps) == 0 {
		return Step{}
	}
	return s.Steps[len(s.Steps)-1]
}

// Timed says whether n may change because time passes and nothing happens. What
// it names elsewhere, before Expand, may.
func Timed(n *Node) bool {
	for _, group := range [2][]Node{n.All, n.Any} {
		for i := range group {
			if Timed(&group[i]) {
				return true
			}
		}
	}
	switch {
	case n.Not != nil:
		return Timed(n.Not)
	case n.Trait != nil:
		return n.Trait.For != "" || timedMatch(n.Trait)
	case n.Did != nil:
		m := n.Did.Match()
		return n.Did.Window.moves() || n.Did.Picks() && timedMatch(&m)
	case n.Lapse != nil:
		return true
	case n.Sequence != nil:
		last := n.Sequence.last()
		return n.Sequence.Window.moves() || last.Not && last.Within != ""
	case n.Keyed != nil:
		return n.Keyed.When != nil && Timed(n.Keyed.When)
	case n.Message != nil:
		return n.Message.Window.moves()
	case n.Compare != nil:
		return n.Compare.A.Window.moves() || n.Compare.B.Window.moves()
	}
	return n.Stage != nil && (n.Stage.Was == "" || n.Stage.Model != "") || n.Segment != nil || n.RFM != nil
}

func timedMatch(m *Match) bool {
	c, err := Compile(*m)
	return err == nil && c.Timed()
}

// moves says whether time alone carries events out of the window.
func (w *Window) moves() bool { return w != nil && (w.Last != "" || w.Calendar != "") }

// Lasting says whether a customer who satisfies n can never cease to, so that
// nobody ever leaves. Late events, erasure and merges may still undo it.
func Lasting(n *Node) bool {
	up, _ := n.monotone()
	return up
}

// monotone says whether n, once true, stays so (up), and once false, stays so.
func (n *Node) monotone() (up, down bool) {
	switch {
	case n.Not != nil:
		up, down = n.Not.monotone()
		return down, up
	case n.All != nil || n.Any != nil:
		up, down = true, true
		for _, group := range [2][]Node{n.All, n.Any} {
			for i := range group {
				u, d := group[i].monotone()
				up, down = up && u, down && d
			}
		}
		return up, down
	case n.Did != nil:
		return n.Did.monotone()
	case n.Stage != nil:
		return n.Stage.Was != "" || len(n.Stage.Entered) > 0 && !n.Stage.Window.moves(), false
	case n.Message != nil:
		if d, err := n.Message.did(); err == nil {
			return d.monotone()
		}
	case n.Sample != nil:
		return true, true
	case n.Sequence != nil:
		last := n.Sequence.last()
		return !n.Sequence.Window.moves() && (!last.Not || last.Within != ""), false
	}
	return false, false
}

func (d *Did) monotone() (up, down bool) {
	if d.Window.moves() {
		return false, false
	}
	if d.Picks() {
		m := d.Match()
		switch d.Measure {
		case First, FirstTime:
			return !timedMatch(&m) || d.Measure == FirstTime && d.Op == MoreThanAgo, false
		case LastTime:
			return d.Op == After || d.Op == GT || d.Op == GTE, false
		}
		return false, false
	}
	b, err := d.Bound()
	if err != nil {
		return false, false
	}
	grows, shrinks := b.Op == GT || b.Op == GTE, b.Op == LT || b.Op == LTE
	switch d.Measure {
	case "", Count, DistinctDays, Distinct:
		return grows, shrinks || b.Op == Is && b.Lo == 0
	case Max:
		return grows, false
	case Min:
		return shrinks, false
	}
	return false, false
}
