package query

import (
	"context"

	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Stickiness counts in how many intervals of the range each customer did the
// event.
type Stickiness struct {
	Event
	Interval Interval `json:"interval"`
	Group    int      `json:"group,omitempty"`    // intervals taken together, counted backwards from the end; default 1
	AtLeast  int      `json:"at_least,omitempty"` // events in an interval; default 1
}

func (s *Stickiness) check() error {
	if err := s.Event.check("stickiness"); err != nil {
		return err
	}
	if s.Group < 0 || s.Group > MaxBuckets {
		return bad("stickiness.group", "must lie between 1 and %d", MaxBuckets)
	}
	if s.AtLeast < 0 || s.AtLeast > 1_000_000 {
		return bad("stickiness.at_least", "must lie between 1 and 1000000")
	}
	return s.Interval.check("stickiness.interval")
}

// StickinessResult is a histogram of customers by the number of intervals.
type StickinessResult struct {
	Interval  Interval        `json:"interval"`
	Customers int64           `json:"customers"` // with at least one interval
	Bars      []StickinessBar `json:"bars"`      // 1, 2 … all intervals
}

// StickinessBar counts the customers active in exactly, and in at least, so many
// intervals.
type StickinessBar struct {
	Intervals int   `json:"intervals"`
	Customers int64 `json:"customers"`
	OrMore    int64 `json:"or_more"`
}

func (q *query) stickiness(ctx context.Context) (*StickinessResult, error) {
	s := q.spec.Stickiness
	edges, err := q.cal.buckets(s.Interval, q.from, q.to)
	if err != nil {
		return nil, err
	}
	grid, size, least := newGrid(edges), max(s.Group, 1), max(s.AtLeast, 1)
	n := (grid.len() + size - 1) / size
	if q.roster != nil && q.roster.cell.Intervals > n {
		return nil, bad("cell.intervals", "must lie between 1 and %d", n)
	}
	parts := make([][]int64, len(q.workers))
	for i := range parts {
		parts[i] = make([]int64, n+1)
	}
	err = q.scan(ctx, q.from, q.to, false, func(k int, w *worker, r *timeline.Rows) error {
		met, at, events := 0, -1, 0
		for _, i := range w.rows {
			g := (grid.len() - 1 - grid.of(r.Time[i])) / size
			if g != at {
				at, events = g, 0
			}
			if q.trace != nil {
				q.trace.active(r, int(i), n-1-g)
			}
			if events++; events == least {
				met++
			}
		}
		parts[k][met]++
		q.trace.sticks(met)
		if t := q.roster; t != nil && met > 0 && (met == t.cell.Intervals || t.cell.OrMore && met > t.cell.Intervals) {
			return t.add(k, w.customer, 1)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range parts[1:] {
		add(parts[0], p)
	}
	res := &StickinessResult{Interval: s.Interval, Bars: make([]StickinessBar, n)}
	for k := n; k >= 1; k-- {
		res.Customers += parts[0][k]
		res.Bars[k-1] = StickinessBar{Intervals: k, Customers: parts[0][k], OrMore: res.Customers}
	}
	return res, nil
}
