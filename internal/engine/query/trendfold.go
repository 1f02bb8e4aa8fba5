package query

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// cell is what one series knows of one bucket. Sums are millionths.
type cell struct {
	n, customers  int64
	first         int64 // customers met here for the first time in the range
	sum, min, max int64
	stamp         core.CustomerID // customer counted last
	until         int32           // of a total of active: last day counted for stamp
	values        []int64
}

const cellBytes = 96

// add takes an event of c; val counts when the measure is numeric.
func (x *cell) add(c core.CustomerID, val int64) {
	if x.stamp != c {
		x.stamp = c
		x.customers++
	}
	if x.n == 0 || val < x.min {
		x.min = val
	}
	if x.n == 0 || val > x.max {
		x.max = val
	}
	x.n++
	x.sum = addClamped(x.sum, val)
}

// count takes an event of c without a number.
func (x *cell) count(c core.CustomerID) {
	if x.stamp != c {
		x.stamp = c
		x.customers++
	}
	x.n++
}

func (x *cell) merge(o *cell) {
	if o.n > 0 && (x.n == 0 || o.min < x.min) {
		x.min = o.min
	}
	if o.n > 0 && (x.n == 0 || o.max > x.max) {
		x.max = o.max
	}
	x.n += o.n
	x.customers += o.customers
	x.first += o.first
	x.sum = addClamped(x.sum, o.sum)
	x.values = append(x.values, o.values...)
}

// addClamped adds and stays at the bounds of int64.
func addClamped(a, b int64) int64 {
	c := a + b
	if a > 0 && b > 0 && c < 0 || a == math.MaxInt64 || b == math.MaxInt64 {
		return math.MaxInt64
	}
	if a < 0 && b < 0 && c >= 0 {
		return math.MinInt64
	}
	return c
}

// trendGroup holds the cells of one breakdown value: series by series, the
// buckets and then the total.
type trendGroup struct{ cells []cell }

func mergeTrend(a, b *trendGroup) {
	for i := range a.cells {
		a.cells[i].merge(&b.cells[i])
	}
}

// trendFold folds one range.
type trendFold struct {
	q         *query
	t         *Trend
	from, to  core.Micros // rows before from serve active only
	grid      *grid
	lead      int // buckets of the grid before the first shown
	width     int // cells a series: shown buckets and the total
	edges     []core.Micros
	props     []int // column by series, or -1
	currency  int
	plain     bool       // every series only counts, and nobody asks who
	events    bool       // plain, and of events only
	breakdown *dimension // nil: none
	parts     []*trendPart
	roster    *roster // nil: nobody asks who
	trace     *trace
}

// trendPart is one worker's share.
type trendPart struct {
	groups   *groups[trendGroup]
	customer core.CustomerID
	met      map[string]struct{} // values of this customer, for weights
	foreign  foreign             // rows in currencies without a rate
	spare    int                 // bytes reserved and not used yet
	worker   int
}

// trend answers a trend.
func (q *query) trend(ctx context.Context) (*TrendResult, error) {
	t := q.spec.Trend
	f, err := q.newTrendFold(t, q.from, q.to)
	if err != nil {
		return nil, err
	}
	if err := q.roster.bucket(len(f.edges) - 1); err != nil {
		return nil, err
	}
	f.ask(q, false)
	keys, all, err := f.run(ctx, q.roster.fixed())
	if err != nil {
		return nil, err
	}
	res := &TrendResult{Interval: t.Interval, Buckets: q.bucketList(f.edges, q.from, q.to)}
	if res.Lines, err = f.lines(keys, all); err != nil {
		return nil, err
	}
	if t.Compare == "" || q.roster != nil && !q.roster.cell.Before {
		return res, nil
	}
	from, to := q.compared(t.Compare)
	before, err := q.newTrendFold(t, from, to)
	if err != nil {
		return nil, err
	}
	before.ask(q, true)
	if _, all, err = before.run(ctx, keys); err != nil {
		return nil, err
	}
	lines, err := before.lines(keys, all)
	if err != nil {
		return nil, err
	}
	res.Before = q.bucketList(before.edges, from, to)
	for i := range res.Lines {
		res.Lines[i].Before = &lines[i]
	}
	return res, nil
}

// ask lets the fold of the period that the cell lies in say who counts.
func (f *trendFold) ask(q *query, before bool) {
	if q.roster != nil && q.roster.cell.Before == before {
		f.roster, f.trace = q.roster, q.trace
	}
}

// compared gives the range to compare with.
func (q *query) compared(how string) (from, to core.Micros) {
	shift := func(at core.Micros, years, days int) core.Micros { return q.cal.shift(at, years, days) }
	if how == CompareLastYear {
		return shift(q.from, -1, 0), shift(q.to, -1, 0)
	}
	days := q.cal.days(q.from, q.to)
	return shift(q.from, 0, -days), shift(q.to, 0, -days)
}

func (q *query) newTrendFold(t *Trend, from, to core.Micros) (*trendFold, error) {
	f := &trendFold{q: q, t: t, from: from, to: to, currency: -1, breakdown: q.split}
	var err error
	if f.edges, err = q.cal.buckets(t.Interval, from, to); err != nil {
		return nil, err
	}
	f.width = len(f.edges)
	for i := range t.Series {
		s := &t.Series[i]
		f.props = append(f.props, -1)
		if s.numeric() {
			f.props[i] = q.picker.path(s.Property)
		}
		if s.Money {
			f.currency = q.picker.path("currency")
		}
		if s.measure() == Active {
			f.lead = max(f.lead, s.Days-1)
		}
	}
	f.plain = f.breakdown == nil && q.roster == nil
	f.events = f.plain
	for i := range t.Series {
		m := t.Series[i].measure()
		f.plain = f.plain && (m == Count || m == Customers)
		f.events = f.events && m == Count
	}
	edges := f.edges
	for range f.lead {
		edges = slices.Insert(slices.Clone(edges), 0, q.cal.add(Day, edges[0], -1))
	}
	f.grid = newGrid(edges)
	limit := 1
	if t.Breakdown != nil {
		limit = t.Breakdown.top()
	}
	size := f.width * len(t.Series) * cellBytes
	for range q.workers {
		g := newGroups(limit, &q.memory, size, func() *trendGroup { return &trendGroup{make([]cell, f.width*len(t.Series))} })
		f.parts = append(f.parts, &trendPart{groups: g, met: map[string]struct{}{}})
	}
	return f, nil
}

// run folds the range. fixed, when not nil, are the values to show.
func (f *trendFold) run(ctx context.Context, fixed []string) ([]string, map[string]*trendGroup, error) {
	var sets []*groups[trendGroup]
	for _, p := range f.parts {
		sets = append(sets, p.groups)
	}
	from := f.from
	if f.lead > 0 {
		from = f.grid.edges[0]
	}
	f.q.mixed = f.events
	f.q.loose = !f.t.Cumulative && f.lead == 0 && !slices.ContainsFunc(f.t.Series, func(s Series) bool { return s.measure() == Active })
	keys, all, err := folded(f.q, sets, fixed, mergeTrend, func() error {
		for _, p := range f.parts {
			p.foreign = foreign{}
		}
		return f.q.scan(ctx, from, f.to, false, f.fold)
	})
	if f.breakdown == nil {
		f.q.meta.Values = 0
	}
	f.tell()
	return keys, all, err
}

// tell makes hints of what was left out.
func (f *trendFold) tell() {
	var all foreign
	for _, p := range f.parts {
		all.merge(&p.foreign)
	}
	f.q.foreign(&all)
}

// fold takes the rows of one customer.
func (f *trendFold) fold(n int, w *worker, r *timeline.Rows) error {
	p := f.parts[n]
	if f.breakdown != nil {
		clear(p.met)
	}
	p.worker = n
	if f.plain {
		return f.counted(p, w, r)
	}
	for k, i := range w.rows {
		b := f.grid.of(r.Time[i]) - f.lead
		if b >= f.width-1 {
			continue
		}
		for m := w.masks[k]; m != 0; m &= m - 1 {
			if err := f.event(p, w, r, int(i), bits.TrailingZeros64(m), b); err != nil {
				return err
			}
		}
	}
	return nil
}

// counted is fold for series that only count.
func (f *trendFold) counted(p *trendPart, w *worker, r *timeline.Rows) error {
	g, err := p.groups.get("", 0)
	if err != nil || g == nil {
		return err
	}
	if f.events {
		f.tally(g, w, r)
		return nil
	}
	for k, i := range w.rows {
		b := f.grid.of(r.Time[i])
		if b >= f.width-1 {
			continue
		}
		for m := w.masks[k]; m != 0; m &= m - 1 {
			cells := g.cells[bits.TrailingZeros64(m)*f.width:][:f.width]
			total := &cells[f.width-1]
			if total.stamp != w.customer {
				cells[b].first++
			}
			total.count(w.customer)
			cells[b].count(w.customer)
		}
	}
	return nil
}

// tally is counted for series of events, whoever made them.
func (f *trendFold) tally(g *trendGroup, w *worker, r *timeline.Rows) {
	for k, i := range w.rows {
		b := f.grid.of(r.Time[i])
		if b >= f.width-1 {
			continue
		}
		for m := w.masks[k]; m != 0; m &= m - 1 {
			s := bits.TrailingZeros64(m) * f.width
			g.cells[s+b].n++
			g.cells[s+f.width-1].n++
		}
	}
}

// event adds row i to series s in bucket b, which is negative before the range.
func (f *trendFold) event(p *trendPart, w *worker, r *timeline.Rows, i, s, b int) error {
	series, val := &f.t.Series[s], int64(0)
	early := r.Time[i] < f.from
	active := series.measure() == Active
	if early && !active {
		return nil
	}
	if f.props[s] >= 0 {
		var ok bool
		if val, ok = w.number(r, i, f.props[s]); !ok {
			return nil
		}
		if series.Money {
			if val, ok = f.q.home(w, r, i, f.currency, val, &p.foreign); !ok {
				return nil
			}
		}
	}
	key := ""
	if f.breakdown != nil {
		key = w.label(r, i, f.breakdown)
	}
	g, err := p.groups.get(key, f.weight(p, s, key, val))
	if err != nil || g == nil {
		return err
	}
	cells := g.cells[s*f.width : (s+1)*f.width]
	total := &cells[f.width-1]
	if active {
		d := f.active(cells, w.customer, b, series.Days, early)
		if f.roster != nil && f.roster.series == s && p.groups.is(f.roster.key, g) && (f.roster.whole() || d[0] <= f.roster.at && f.roster.at <= d[1]) {
			return f.tell1(p, w, r, i, !f.roster.whole() || !early)
		}
		return nil
	}
	if f.roster != nil && f.roster.series == s && f.roster.inside(b, f.t.Cumulative) && p.groups.is(f.roster.key, g) {
		if err := f.tell1(p, w, r, i, true); err != nil {
			return err
		}
	}
	if total.stamp != w.customer {
		cells[b].first++
	}
	total.add(w.customer, val)
	cells[b].add(w.customer, val)
	if _, ok := series.quantile(); ok {
		if p.spare -= 16; p.spare < 0 {
			p.spare = 1 << 16
			if err := f.q.memory.take(p.spare); err != nil {
				return err
			}
		}
		total.values, cells[b].values = append(total.values, val), append(cells[b].values, val)
	}
	return nil
}

// tell1 says that row i is behind the number asked for.
func (f *trendFold) tell1(p *trendPart, w *worker, r *timeline.Rows, i int, counts bool) error {
	if !counts {
		return nil
	}
	f.trace.event(r, i)
	return f.roster.add(p.worker, w.customer, 1)
}

// active counts a customer on day b and the days after that still see it, and
// gives the first and the last of them.
func (f *trendFold) active(cells []cell, c core.CustomerID, b, days int, early bool) [2]int {
	total := &cells[f.width-1]
	if total.stamp != c {
		total.stamp, total.until, total.first = c, math.MinInt32, 0
	}
	if !early && total.first == 0 {
		total.first = 1 // the customer is in the total
		total.customers++
		total.n++
	}
	from, to := max(b, int(total.until)+1, 0), min(b+days-1, f.width-2)
	for d := from; d <= to; d++ {
		cells[d].customers++
		cells[d].n++
	}
	total.until = int32(max(int(total.until), to))
	return [2]int{max(b, 0), to}
}

// weight ranks the values of a breakdown by the first series.
func (f *trendFold) weight(p *trendPart, series int, key string, val int64) int64 {
	if f.breakdown == nil || p.groups.fixed || series != 0 {
		return 0
	}
	switch f.t.Series[0].measure() {
	case Customers, Active:
		if _, met := p.met[key]; met {
			return 0
		}
		p.met[key] = struct{}{}
	case Sum:
		return val
	}
	return 1
}
