package query

import (
	"context"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// What makes a customer new in growth accounting.
const (
	NewEvent = "event"      // the first occurrence of the event (default)
	NewSeen  = "first_seen" // the first event of any name
)

// Growth accounts for active customers by period.
type Growth struct {
	Event
	Interval Interval `json:"interval"`
	New      string   `json:"new,omitempty"`
}

func (g *Growth) check() error {
	if err := g.Event.check("growth"); err != nil {
		return err
	}
	if err := oneOf("growth.new", g.New, NewEvent, NewSeen); err != nil {
		return err
	}
	return g.Interval.check("growth.interval")
}

// GrowthResult has a row for each period.
type GrowthResult struct {
	Interval Interval    `json:"interval"`
	Rows     []GrowthRow `json:"rows"`
}

// GrowthRow counts customers: Active = Active before + New + Resurrecting − Dormant.
type GrowthRow struct {
	Bucket
	Active       int64    `json:"active"`
	New          int64    `json:"new"`
	Returning    int64    `json:"returning"`    // active in the period before, too
	Resurrecting int64    `json:"resurrecting"` // active again after a pause
	Dormant      int64    `json:"dormant"`      // active in the period before, not now
	Ratio        *float64 `json:"ratio"`        // (New + Resurrecting) / Dormant
}

// growth reads the whole history, since only that tells who is new.
func (q *query) growth(ctx context.Context) (*GrowthResult, error) {
	g := q.spec.Growth
	edges, err := q.cal.buckets(g.Interval, q.from, q.to)
	if err != nil {
		return nil, err
	}
	grid := newGrid(append([]core.Micros{q.cal.add(g.Interval, edges[0], -1)}, edges...)) // one period before
	seen := g.New == NewSeen
	parts := make([][]GrowthRow, len(q.workers))
	for i := range parts {
		parts[i] = make([]GrowthRow, grid.len()+1)
	}
	err = q.scan(ctx, 0, q.to, seen, func(n int, w *worker, r *timeline.Rows) error {
		account(parts[n], grid, w, r, seen)
		return nil
	})
	if err != nil {
		return nil, err
	}
	res := &GrowthResult{Interval: g.Interval}
	for i, b := range q.bucketList(edges, edges[0], q.to) {
		row := GrowthRow{Bucket: b}
		for _, p := range parts {
			x := &p[i+1]
			row.Active, row.New, row.Returning, row.Resurrecting, row.Dormant = row.Active+x.Active, row.New+x.New, row.Returning+x.Returning, row.Resurrecting+x.Resurrecting, row.Dormant+x.Dormant
		}
		if row.Dormant > 0 {
			v := float64(row.New+row.Resurrecting) / float64(row.Dormant)
			row.Ratio = &v
		}
		res.Rows = append(res.Rows, row)
	}
	return res, nil
}

// account takes one customer. Bucket 0 of the grid is the period before the
// range; rows has one entry more than the grid has buckets.
func account(rows []GrowthRow, grid *grid, w *worker, r *timeline.Rows, seen bool) {
	first, last, never := 0, -2, true
	for k, i := range w.rows {
		if w.masks[k] == 0 && !(seen && never) {
			continue
		}
		b := grid.of(r.Time[i])
		if never {
			first, never = b, false
		}
		if w.masks[k] == 0 || b < 0 || b == last {
			continue
		}
		switch x := &rows[b]; {
		case b == first:
			x.Active++
			x.New++
		case b == last+1:
			x.Active++
			x.Returning++
		default:
			x.Active++
			x.Resurrecting++
		}
		if last >= 0 && b > last+1 {
			rows[last+1].Dormant++
		}
		last = b
	}
	if last >= 0 {
		rows[last+1].Dormant++
	}
}
