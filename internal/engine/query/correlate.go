package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// CorrelateOptions says what may go with conversion.
type CorrelateOptions struct {
	// Events tries every event that is not of the funnel, done after step 1 and
	// before the conversion, or by the end of the window where there was none.
	Events     bool     `json:"events,omitempty"`
	Properties []string `json:"properties,omitempty"` // of the event of step 1
	Traits     []string `json:"traits,omitempty"`     // as they were at step 1
	// Least is how many customers a factor needs to be tried; default 10.
	Least int64 `json:"least,omitempty"`
	Limit int   `json:"limit,omitempty"` // factors given; default 100
}

// Correlation lists what goes with conversion, the surest first. It says
// nothing about causes.
type Correlation struct {
	Converted int64    `json:"converted"`
	Dropped   int64    `json:"dropped"` // did not convert, window over
	Pending   int64    `json:"pending"` // left out: nobody knows yet
	Tried     int      `json:"tried"`   // factors that enough customers have
	Factors   []Factor `json:"factors"`
	Meta      Meta     `json:"meta"`
}

// Factor is one thing that customers did or were. Odds is how many times the
// odds of conversion are with it against without, Low to High its 95 % interval;
// Rate is the share of false discoveries if this and all surer ones are believed.
type Factor struct {
	Kind      string  `json:"kind"` // event, property, trait
	Name      string  `json:"name"`
	Value     *Value  `json:"value,omitempty"`
	Converted int64   `json:"converted"` // with it
	Dropped   int64   `json:"dropped"`   // with it
	Odds      float64 `json:"odds"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	P         float64 `json:"p"`
	Rate      float64 `json:"rate"`
}

const maxFactors = 20 // properties and traits

func (o *CorrelateOptions) check(s *Spec) error {
	switch {
	case s.Kind != KindFunnel || s.Funnel == nil:
		return bad("kind", "must be funnel")
	case s.Funnel.Counting == CountAll:
		return bad("funnel.counting", "must be customers: each is one case")
	case len(s.Funnel.Steps) < 2:
		return bad("funnel.steps", "must be two or more")
	case !o.Events && len(o.Properties)+len(o.Traits) == 0:
		return bad("correlate", "names nothing to try: events, properties or traits")
	case len(o.Properties)+len(o.Traits) > maxFactors:
		return bad("correlate.properties", "and traits are more than %d", maxFactors)
	case o.Least < 0:
		return bad("correlate.least", "must not be negative")
	case o.Limit < 0 || o.Limit > 1000:
		return bad("correlate.limit", "must lie between 1 and 1000")
	}
	for field, names := range map[string][]string{"properties": o.Properties, "traits": o.Traits} {
		for i, name := range names {
			if err := checkProperty(fmt.Sprintf("correlate.%s[%d]", field, i), name); err != nil {
				return err
			}
		}
	}
	return nil
}

// sides counts customers with a factor: those who dropped, who converted.
type sides struct {
	n     [2]int64
	stamp core.CustomerID
	kind  core.Kind
	name  string
}

// correlating is one worker's share.
type correlating struct {
	walk    *walk
	last    outcome
	times   []core.Micros
	rows    []int32
	n       [2]int64
	pending int64
	events  []sides                // by name and kind, as the worker's table
	values  []map[string]*[2]int64 // by dimension
}

// Correlate looks for what goes with conversion in a funnel.
func Correlate(ctx context.Context, src Source, spec Spec, env Env, o CorrelateOptions) (*Correlation, error) {
	q, err := newQuery(ctx, src, spec, env)
	if err != nil {
		return nil, err
	}
	if err := o.check(&spec); err != nil {
		return nil, err
	}
	var dims []*dimension
	for i, name := range append(slices.Clone(o.Properties), o.Traits...) {
		by := ByProperty
		if i >= len(o.Properties) {
			by = ByTrait
		}
		d, err := q.dimension(ctx, "correlate", by, name, false)
		if err != nil {
			return nil, err
		}
		dims = append(dims, d)
	}
	r := newRule(spec.Funnel, q.from, q.to, q.env.Now)
	parts := make([]*correlating, len(q.workers))
	for i := range parts {
		x := &correlating{values: make([]map[string]*[2]int64, len(dims))}
		x.walk = newWalk(r, func(o *outcome) error {
			x.last, x.rows = *o, append(x.rows[:0], o.rows...)
			return nil
		})
		for k := range x.values {
			x.values[k] = map[string]*[2]int64{}
		}
		parts[i] = x
	}
	err = q.scan(ctx, q.from, q.to+r.window+1, o.Events || spec.Funnel.Order == OrderStrict, func(n int, w *worker, r *timeline.Rows) error {
		return parts[n].fold(w, r, dims, o.Events)
	})
	if err != nil {
		return nil, err
	}
	return q.correlation(parts, dims, &o), nil
}

// fold takes one customer.
func (x *correlating) fold(w *worker, r *timeline.Rows, dims []*dimension, events bool) error {
	x.times = x.times[:0]
	for _, i := range w.rows {
		x.times = append(x.times, r.Time[i])
	}
	x.last = outcome{}
	if err := x.walk.run(track{x.times, w.masks}); err != nil {
		return err
	}
	o := &x.last
	side, end := 0, o.start+x.walk.window+1
	switch {
	case o.depth == 0 || o.tainted:
		return nil
	case o.depth == x.walk.steps:
		side, end = 1, x.times[slices.Max(x.rows)]
	case o.open:
		x.pending++
		return nil
	}
	x.n[side]++
	for k, d := range dims {
		if err := x.value(w, k, w.label(r, int(w.rows[x.rows[0]]), d), side); err != nil {
			return err
		}
	}
	if events {
		return x.others(w, r, o.start, end, side)
	}
	return nil
}

func (x *correlating) value(w *worker, k int, key string, side int) error {
	n := x.values[k][key]
	if n == nil {
		if err := w.memory.take(len(key) + entryBytes); err != nil {
			return err
		}
		n = &[2]int64{}
		x.values[k][strings.Clone(key)] = n
	}
	n[side]++
	return nil
}

// others counts the events that are of no step between two instants.
func (x *correlating) others(w *worker, r *timeline.Rows, from, to core.Micros, side int) error {
	for _, i := range w.rows {
		at := int(r.Name[i])<<3 | int(r.Kind[i])
		if r.Time[i] <= from || r.Time[i] >= to || w.table[at]&^known != 0 {
			continue
		}
		if at >= len(x.events) {
			more := at + 1 - len(x.events)
			if err := w.memory.take(more * 64); err != nil {
				return err
			}
			x.events = append(x.events, make([]sides, more)...)
		}
		e := &x.events[at]
		if e.stamp == w.customer {
			continue
		}
		if e.stamp == 0 {
			e.kind, e.name = core.Kind(r.Kind[i]), r.NameOf(r.Name[i])
		}
		e.stamp = w.customer
		e.n[side]++
	}
	return nil
}

// correlation adds the shares and tries the factors.
func (q *query) correlation(parts []*correlating, dims []*dimension, o *CorrelateOptions) *Correlation {
	out := &Correlation{Factors: []Factor{}}
	type key struct{ kind, name, value string }
	counts := map[key]*[2]int64{}
	count := func(k key, n [2]int64) {
		have := counts[k]
		if have == nil {
			have = &[2]int64{}
			counts[k] = have
		}
		have[0], have[1] = have[0]+n[0], have[1]+n[1]
	}
	for _, x := range parts {
		out.Dropped, out.Converted, out.Pending = out.Dropped+x.n[0], out.Converted+x.n[1], out.Pending+x.pending
		for i := range x.events {
			if e := &x.events[i]; e.stamp != 0 {
				name := e.name
				if e.kind != core.KindTrack && name == "" {
					name = e.kind.String()
				}
				count(key{"event", name, ""}, e.n)
			}
		}
		for i, values := range x.values {
			for v, n := range values {
				count(key{dims[i].by, dims[i].name, v}, *n)
			}
		}
	}
	least := cmp.Or(o.Least, 10)
	for k, n := range counts {
		f := Factor{Kind: k.kind, Name: k.name, Converted: n[1], Dropped: n[0]}
		if n[0]+n[1] < least {
			continue
		}
		if k.kind != "event" {
			v := newValue(k.value)
			f.Value = &v
		}
		t := stats.Table{A: n[1], B: n[0], C: out.Converted - n[1], D: out.Dropped - n[0]}
		ratio, iv := t.OddsRatio()
		f.Odds, f.Low, f.High, f.P = ratio, iv.Low, iv.High, t.P()
		out.Factors = append(out.Factors, f)
	}
	out.rank(cmp.Or(o.Limit, 100))
	out.Meta = q.meta
	return out
}

// rank corrects for the number of tries and keeps the surest.
func (c *Correlation) rank(limit int) {
	c.Tried = len(c.Factors)
	p := make([]float64, len(c.Factors))
	for i := range p {
		p[i] = c.Factors[i].P
	}
	for i, rate := range stats.FalseDiscovery(p) {
		c.Factors[i].Rate = rate
	}
	slices.SortFunc(c.Factors, func(a, b Factor) int {
		var x, y string
		if a.Value != nil && b.Value != nil {
			x, y = a.Value.key(), b.Value.key()
		}
		return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(math.Abs(math.Log(b.Odds)), math.Abs(math.Log(a.Odds))), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(x, y))
	})
	if len(c.Factors) > limit {
		c.Factors = c.Factors[:limit]
	}
}
