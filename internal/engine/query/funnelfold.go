package query

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// funnelGroup is what is counted for one value.
type funnelGroup struct {
	entered, excluded, pending int64
	reached, stopped, dropped  []int64     // by step; stopped: pending at that depth
	gaps                       []durations // by step, since the last required one
	whole                      durations   // from step 1 to the last
	seen                       durations   // how long the windows of the pending were seen
}

// unlimited keeps a part for every value: a funnel's parts are small.
const unlimited = 1 << 40

func newFunnelGroup(steps int) *funnelGroup {
	return &funnelGroup{reached: make([]int64, steps), stopped: make([]int64, steps), dropped: make([]int64, steps), gaps: make([]durations, steps)}
}

func mergeFunnel(a, b *funnelGroup) {
	a.entered += b.entered
	a.excluded += b.excluded
	a.pending += b.pending
	add(a.reached, b.reached)
	add(a.stopped, b.stopped)
	add(a.dropped, b.dropped)
	for s := range a.gaps {
		a.gaps[s].merge(&b.gaps[s])
	}
	a.whole.merge(&b.whole)
	a.seen.merge(&b.seen)
}

// funnelFold is one worker's share of a funnel.
type funnelFold struct {
	f      *Funnel
	walk   *walk
	total  *funnelGroup
	groups *groups[funnelGroup]
	prop   *dimension // of the breakdown, nil: none
	each   bool
	memory *budget
	spare  int
	worker int
	roster *roster
	trace  *trace

	w     *worker // of the customer at hand
	r     *timeline.Rows
	times []core.Micros
	own   []core.Micros // times, where not all rows count
	index []int32       // rows of the track at hand, when each value is on its own
	part  track
	value string
	alone bool
}

func (q *query) funnel(ctx context.Context) (*FunnelResult, error) {
	f := q.spec.Funnel
	window := f.window()
	folds := make([]*funnelFold, len(q.workers))
	r := newRule(f, q.from, q.to, q.env.Now)
	for i := range folds {
		x := &funnelFold{f: f, total: newFunnelGroup(len(f.Steps)), prop: q.split, memory: &q.memory, each: f.Breakdown != nil && f.Breakdown.At == AtEach}
		x.groups = newGroups(unlimited, &q.memory, 160+48*len(f.Steps), func() *funnelGroup { return newFunnelGroup(len(f.Steps)) })
		x.walk = newWalk(r, x.take)
		x.worker, x.roster, x.trace = i, q.roster, q.trace
		if q.trace != nil {
			x.walk.tried = func(a *attempt, dropped bool) { q.trace.tried(x, a, dropped) }
		}
		folds[i] = x
	}
	to := q.to + window // the look-ahead; a span is at most 200 years
	if err := q.scan(ctx, q.from, to+1, f.Order == OrderStrict, func(n int, w *worker, r *timeline.Rows) error { return folds[n].fold(w, r) }); err != nil {
		return nil, err
	}
	return q.funnelResult(f, folds), nil
}

// fold takes the rows of one customer.
func (x *funnelFold) fold(w *worker, r *timeline.Rows) error {
	x.w, x.r, x.alone = w, r, false
	if len(w.rows) == len(r.Time) {
		x.times = r.Time
	} else {
		x.own = x.own[:0]
		for _, i := range w.rows {
			x.own = append(x.own, r.Time[i])
		}
		x.times = x.own
	}
	t := track{x.times, w.masks}
	if x.roster != nil && x.roster.cell.Outcome == OutcomeDiffers {
		if err := x.differs(t); err != nil || x.trace == nil {
			return err
		}
	}
	if err := x.walk.run(t); err != nil || !x.each {
		return err
	}
	return x.separately()
}

// differs lists the customer if its track comes out otherwise in the mode to
// compare with.
func (x *funnelFold) differs(t track) error {
	var results [2][]string
	other := *x.walk.rule
	other.mode = x.roster.cell.Mode
	for i, r := range []*rule{x.walk.rule, &other} {
		w := newWalk(r, func(o *outcome) error {
			s := fmt.Sprint(o.depth, o.tainted, o.open)
			for _, k := range o.rows {
				s += fmt.Sprint(" ", k >= 0)
			}
			results[i] = append(results[i], s)
			return nil
		})
		if err := w.run(t); err != nil {
			return err
		}
	}
	if slices.Equal(results[0], results[1]) {
		return nil
	}
	return x.roster.add(x.worker, x.w.customer, 1)
}

// separately runs every value on its own, over only its rows.
func (x *funnelFold) separately() error {
	x.alone = true
	values := map[string][]int32{}
	var order []string
	for k, i := range x.w.rows {
		v := x.w.label(x.r, int(i), x.prop)
		if values[v] == nil {
			order = append(order, v)
		}
		values[v] = append(values[v], int32(k))
	}
	for _, v := range order {
		x.value, x.index = v, values[v]
		x.part.times, x.part.masks = x.part.times[:0], x.part.masks[:0]
		for _, k := range x.index {
			x.part.times, x.part.masks = append(x.part.times, x.times[k]), append(x.part.masks, x.w.masks[k])
		}
		if err := x.walk.run(x.part); err != nil {
			return err
		}
	}
	return nil
}

// take counts an outcome.
func (x *funnelFold) take(o *outcome) error {
	if x.alone {
		g, err := x.groups.get(x.value, 1)
		if err != nil {
			return err
		}
		if err := x.tell(x.value, false, o); err != nil {
			return err
		}
		return x.count(g, o, x.part.times)
	}
	if err := x.tell("", true, o); err != nil {
		return err
	}
	if err := x.count(x.total, o, x.times); err != nil || x.prop == nil || x.each {
		return err
	}
	row := o.rows[0]
	switch x.f.Breakdown.At {
	case AtLast:
		for _, k := range o.rows {
			row = max(row, k)
		}
	case AtStep:
		row = o.rows[x.f.Breakdown.Step-1]
	}
	key := noValue
	if row >= 0 {
		key = x.w.label(x.r, int(x.w.rows[row]), x.prop)
	}
	if err := x.tell(key, false, o); err != nil {
		return err
	}
	g, err := x.groups.get(key, 1)
	if err != nil {
		return err
	}
	return x.count(g, o, x.times)
}

// tell says that an outcome of the customer at hand counts, of everybody or of
// one value.
func (x *funnelFold) tell(key string, total bool, o *outcome) error {
	if x.trace != nil && total {
		x.trace.funnel.any = true
	}
	if x.roster == nil || !x.roster.of(key, total) {
		return nil
	}
	in := x.walk.within(x.roster.cell, o)
	if x.trace != nil {
		x.trace.outcome(x, o, in)
	}
	if !in || x.roster.cell.Outcome == OutcomeDiffers {
		return nil
	}
	return x.roster.add(x.worker, x.w.customer, 1)
}

func (x *funnelFold) count(g *funnelGroup, o *outcome, times []core.Micros) error {
	if o.tainted {
		g.excluded++
		return nil
	}
	g.entered++
	if x.spare -= 16 * (o.depth + 1); x.spare < 0 {
		x.spare = 1 << 16
		if err := x.memory.take(x.spare); err != nil {
			return err
		}
	}
	last := int32(0)
	for s := range o.depth {
		k := o.rows[s]
		if k < 0 {
			continue // an optional step that was skipped
		}
		g.reached[s]++
		if s > 0 {
			g.gaps[s].add(times[k] - times[last])
		}
		if !x.f.Steps[s].Optional {
			last = k
		}
	}
	for s := 1; s < len(x.f.Steps); s++ {
		if x.walk.dropped(o, s) {
			g.dropped[s]++
		}
	}
	switch {
	case o.depth == len(x.f.Steps):
		g.whole.add(times[last] - o.start)
	case o.open:
		g.pending++
		g.stopped[o.depth-1]++
		g.seen.add(x.walk.now - o.since)
	}
	return nil
}

// funnelResult adds the workers' shares.
func (q *query) funnelResult(f *Funnel, folds []*funnelFold) *FunnelResult {
	res := &FunnelResult{Window: f.window()}
	for i := range f.Steps {
		label := f.Steps[i].Label
		if label == "" {
			label = f.Steps[i].label()
		}
		res.Labels = append(res.Labels, label)
	}
	total := folds[0].total
	var sets []*groups[funnelGroup]
	for i, x := range folds {
		if i > 0 {
			mergeFunnel(total, x.total)
		}
		sets = append(sets, x.groups)
	}
	res.Total = q.funnelOf(f, Value{All: true}, total)
	if f.Breakdown == nil {
		return res
	}
	top, values, _ := ranked(sets, f.Breakdown.top())
	all := merged(sets, mergeFunnel)
	q.meta.Values, q.meta.Truncated = values, values > len(top)
	for _, k := range top {
		res.Groups = append(res.Groups, q.funnelOf(f, newValue(k), all[k]))
		delete(all, k)
	}
	if len(all) > 0 {
		rest := newFunnelGroup(len(f.Steps))
		for _, g := range all {
			mergeFunnel(rest, g)
		}
		res.Groups = append(res.Groups, q.funnelOf(f, newValue(other), rest))
		if f.Breakdown.At == AtEach {
			q.hint("rest_counts_twice", f.Breakdown.Property, "the rest counts a customer once for each of its values")
		}
	}
	return res
}

func (q *query) funnelOf(f *Funnel, v Value, g *funnelGroup) FunnelGroup {
	n := len(f.Steps)
	out := FunnelGroup{Value: v, Entered: g.entered, Excluded: g.excluded, Pending: g.pending, Converted: g.reached[n-1], Steps: make([]FunnelStep, n)}
	var wg sync.WaitGroup
	before := g.entered
	for s := range n {
		step := &out.Steps[s]
		*step = FunnelStep{Reached: g.reached[s], Entered: g.entered, Before: before, Pending: g.stopped[s], Dropped: g.dropped[s]}
		if !f.Steps[s].Optional {
			before = g.reached[s]
		}
		wg.Go(func() { step.Time = spread(g.gaps[s].sorted()) })
	}
	whole := g.whole.sorted()
	out.Time = spread(whole)
	out.Curve = conversion(whole, g.seen.sorted(), g.entered)
	wg.Wait()
	return out
}
