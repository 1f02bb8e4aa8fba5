package fold_test

import (
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// oracle evaluates conditions by their definition, over the list of events, in
// the slowest and plainest way: what the fold must agree with.
type oracle struct {
	cal      expr.Calendar
	customer core.CustomerID
	events   []fold.Input // up to now
	now      core.Micros
	model    []fold.Rung
}

func (o *oracle) eval(n *expr.Node) bool {
	switch {
	case n.All != nil:
		for i := range n.All {
			if !o.eval(&n.All[i]) {
				return false
			}
		}
		return true
	case n.Any != nil:
		for i := range n.Any {
			if o.eval(&n.Any[i]) {
				return true
			}
		}
		return false
	case n.Not != nil:
		return !o.eval(n.Not)
	case n.Trait != nil && n.Trait.For != "":
		return o.held(n.Trait)
	case n.Trait != nil:
		v, set := o.trait(n.Trait.Name, len(o.events))
		return o.match(*n.Trait, v, set, o.now)
	case n.Did != nil:
		return o.did(n.Did)
	case n.Lapse != nil:
		ev := o.selected(n.Lapse.Kind, n.Lapse.Event, n.Lapse.Where)
		return len(ev) > 0 && o.now >= o.events[ev[len(ev)-1]].Time+core.Micros(n.Lapse.Days*float64(core.Day))
	case n.Sequence != nil:
		return o.chain(n.Sequence, 0, -1, 0)
	case n.Keyed != nil:
		return o.keyed(n.Keyed)
	case n.Sample != nil:
		return n.Sample.Holds(o.customer)
	case n.Compare != nil:
		return o.compare(n.Compare)
	case n.Stage != nil:
		return slices.Contains(n.Stage.In, o.stands())
	case n.Consent != nil:
		return slices.Contains(n.Consent.State, o.consent())
	}
	return false
}

func (o *oracle) compare(c *expr.Compare) bool {
	var v [2]float64
	for i, d := range [2]*expr.Did{&c.A, &c.B} {
		var in []int
		for _, k := range o.selected(d.Kind, d.Event, d.Where) {
			if o.inside(d.Window, o.events[k].Time) {
				in = append(in, k)
			}
		}
		m, ok := o.measure(d, in)
		if !ok {
			return false
		}
		v[i] = float64(m)
	}
	if c.Factor != 0 {
		v[1] *= c.Factor
	}
	return map[expr.Op]bool{expr.GT: v[0] > v[1], expr.GTE: v[0] >= v[1], expr.LT: v[0] < v[1], expr.LTE: v[0] <= v[1]}[c.Op]
}

// stands is the last stage of the model whose condition holds.
func (o *oracle) stands() string {
	if len(o.events) == 0 {
		return "" // nobody stands anywhere before the first event
	}
	for i := len(o.model) - 1; i >= 0; i-- {
		if o.eval(o.model[i].When) {
			return o.model[i].Key
		}
	}
	return ""
}

// consent is the strictest last word of those whose word nobody took back.
func (o *oracle) consent() string {
	word := "unknown"
	level := -1
	for i := range o.events {
		if o.events[i].Name != expr.SignalConsent {
			continue
		}
		holder, _ := o.events[i].Props.Prop("holder")
		gone := false
		for j := i + 1; j < len(o.events); j++ {
			if o.events[j].Name != expr.SignalConsent {
				continue
			}
			again, _ := o.events[j].Props.Prop("holder")
			over, _ := o.events[j].Props.Prop("over")
			gone = gone || again.Num == holder.Num || over.List[0].Num == holder.Num
		}
		state, _ := o.events[i].Props.Prop("state")
		if l := slices.Index(expr.ConsentStates(), state.Text); !gone && l > level {
			word, level = state.Text, l
		}
	}
	return word
}

func (o *oracle) match(m expr.Match, v core.Value, set bool, now core.Micros) bool {
	c, err := expr.CompileIn(m, o.cal)
	return err == nil && c.Test(v, set, now)
}

// trait is the newest value of a trait after the first n events.
func (o *oracle) trait(name string, n int) (core.Value, bool) {
	for i := n - 1; i >= 0; i-- {
		e := &o.events[i]
		if raw := keyOf(e.Props, name); e.Kind == core.KindIdentify && raw != "" {
			return core.ParseJSON([]byte(raw))
		}
	}
	return core.Value{}, false
}

// held looks back from now for the first event since which m holds.
func (o *oracle) held(m *expr.Match) bool {
	span, err := expr.ParseSpan(m.For)
	if err != nil {
		return false
	}
	plain := *m
	plain.For = ""
	since, ok := core.Micros(0), false
	for n := len(o.events); n > 0; n-- {
		if o.events[n-1].Kind == core.KindSignal {
			continue // what Ciclo writes itself begins nothing
		}
		if v, set := o.trait(m.Name, n); !o.match(plain, v, set, o.now) {
			break
		}
		since, ok = o.events[n-1].Time, true
	}
	return ok && o.now-since >= span
}

// selected gives the indexes of the events that a selector takes.
func (o *oracle) selected(kind, event string, where []expr.Match) []int {
	var out []int
	for i := range o.events {
		if o.takes(i, kind, event, where) {
			out = append(out, i)
		}
	}
	return out
}

func (o *oracle) takes(i int, kind, event string, where []expr.Match) bool {
	e := &o.events[i]
	if k, err := expr.EventKind(kind); err != nil || k == 0 && e.Kind == core.KindSignal || k != 0 && e.Kind != k || event != "" && e.Name != event {
		return false
	}
	for _, m := range where {
		v, set := e.Props.Prop(m.Name)
		if m.Name == expr.EventTime {
			v, set = core.Value{Kind: core.ValueTime, Time: e.Time}, true
		}
		if !o.match(m, v, set, e.Time) {
			return false
		}
	}
	return true
}

func (o *oracle) inside(w *expr.Window, at core.Micros) bool {
	switch {
	case w == nil:
		return true
	case w.Last != "":
		span, err := expr.ParseSpan(w.Last)
		before := core.Micros(0)
		if w.Before != "" {
			before, _ = expr.ParseSpan(w.Before)
		}
		return err == nil && at > o.now-before-span && at <= o.now-before
	case w.Calendar != "":
		unit, back, _ := w.Period()
		return o.cal.Period(unit, at) == o.cal.Period(unit, o.now)-back
	}
	return (w.From == nil || at >= core.FromTime(*w.From)) && (w.To == nil || at < core.FromTime(*w.To))
}

func (o *oracle) did(d *expr.Did) bool {
	var in []int
	for _, i := range o.selected(d.Kind, d.Event, d.Where) {
		if o.inside(d.Window, o.events[i].Time) {
			in = append(in, i)
		}
	}
	if d.Picks() {
		return o.picks(d, in)
	}
	b, err := d.Bound()
	if err != nil {
		return false
	}
	v, ok := o.measure(d, in)
	return ok && b.Holds(v)
}

func (o *oracle) picks(d *expr.Did, in []int) bool {
	if len(in) == 0 {
		return false
	}
	e := &o.events[in[len(in)-1]]
	if d.Measure == expr.First || d.Measure == expr.FirstTime {
		e = &o.events[in[0]]
	}
	v, set := e.Props.Prop(d.Property)
	if d.Measure == expr.FirstTime || d.Measure == expr.LastTime {
		v, set = core.Value{Kind: core.ValueTime, Time: e.Time}, true
	}
	return o.match(d.Match(), v, set, o.now)
}

func (o *oracle) measure(d *expr.Did, in []int) (int64, bool) {
	days, values := map[int64]bool{}, map[string]bool{}
	n, sum, lo, hi := int64(0), int64(0), int64(math.MaxInt64), int64(math.MinInt64)
	for _, i := range in {
		e := &o.events[i]
		days[o.cal.Day(e.Time)] = true
		v, ok := e.Props.Prop(d.Property)
		if !ok {
			continue
		}
		values[v.Display()] = true
		if x, ok := core.ParseMoney(v.Display(), 6); ok {
			n, sum, lo, hi = n+1, sum+x, min(lo, x), max(hi, x)
		}
	}
	switch d.Measure {
	case expr.Sum:
		return sum, true
	case expr.Mean:
		return sum / max(n, 1), n > 0
	case expr.Min:
		return lo, n > 0
	case expr.Max:
		return hi, n > 0
	case expr.DistinctDays:
		return int64(len(days)) * 1_000_000, true
	case expr.Distinct:
		return int64(len(values)) * 1_000_000, true
	}
	return int64(len(in)) * 1_000_000, true
}

// chain tries every way to continue a chain whose newest event is at index last.
func (o *oracle) chain(s *expr.Sequence, step, last int, start core.Micros) bool {
	if step == len(s.Steps) {
		return s.Window == nil || s.Window.Last == "" || o.inside(s.Window, start)
	}
	st := &s.Steps[step]
	within := core.Micros(0)
	if st.Within != "" {
		within, _ = expr.ParseSpan(st.Within)
	}
	if st.Not && step == len(s.Steps)-1 {
		end := o.events[last].Time + within
		for i := last + 1; i < len(o.events); i++ {
			if o.takes(i, st.Kind, st.Event, st.Where) && (within == 0 || o.events[i].Time < end) {
				return false
			}
		}
		return (within == 0 || o.now >= end) && o.chain(s, step+1, last, start)
	}
	var stop *expr.Step
	if st.Not {
		stop, st = st, &s.Steps[step+1]
		step++
		if within = 0; st.Within != "" {
			within, _ = expr.ParseSpan(st.Within)
		}
	}
	for i := last + 1; i < len(o.events); i++ {
		at := o.events[i].Time
		ranged := s.Window == nil || s.Window.Last != "" || o.inside(s.Window, at)
		if o.takes(i, st.Kind, st.Event, st.Where) && ranged && (within == 0 || at < o.events[last].Time+within) {
			begin := start
			if last < 0 {
				begin = at
			}
			if o.chain(s, step+1, i, begin) {
				return true
			}
		}
		if stop != nil && o.takes(i, stop.Kind, stop.Event, stop.Where) {
			return false
		}
	}
	return false
}

func (o *oracle) keyed(k *expr.Keyed) bool {
	groups := map[string][]fold.Input{}
	for i := range o.events {
		if raw := keyOf(o.events[i].Props, k.By); raw != "" {
			groups[raw] = append(groups[raw], o.events[i])
		}
	}
	for _, events := range groups {
		// A value is there once an event that the condition reads has it.
		refs := expr.References(k.When)
		part := oracle{cal: o.cal, events: events, now: o.now}
		if part.reads(&refs) && part.eval(k.When) {
			return true
		}
	}
	return false
}

// reads says whether there is an event of those that a condition names.
func (o *oracle) reads(refs *expr.Refs) bool {
	for i := range o.events {
		for _, r := range refs.Events {
			if (r.Kind == 0 || r.Kind == o.events[i].Kind) && (r.Name == "" || r.Name == o.events[i].Name) {
				return true
			}
		}
	}
	return false
}

// keyOf is the raw text of a property, "" when it is not there.
func keyOf(p fold.Props, name string) string {
	v, ok := p.Prop(name)
	switch {
	case !ok:
		return ""
	case v.Kind == core.ValueText:
		return `"` + v.Text + `"`
	}
	return v.Display()
}
