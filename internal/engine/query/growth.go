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

// States of a customer in a period of growth accounting.
const (
	StateActive       = "active"
	StateNew          = "new"
	StateReturning    = "returning"
	StateResurrecting = "resurrecting"
	StateDormant      = "dormant"
)

// growthFold holds what all workers share.
type growthFold struct {
	q     *query
	grid  *grid // bucket 0 is the period before the range
	seen  bool
	parts [][]GrowthRow // by worker, one entry more than the grid has buckets
}

// growth reads the whole history, since only that tells who is new.
func (q *query) growth(ctx context.Context) (*GrowthResult, error) {
	g := q.spec.Growth
	edges, err := q.cal.buckets(g.Interval, q.from, q.to)
	if err != nil {
		return nil, err
	}
	if err := q.roster.bucket(len(edges) - 1); err != nil {
		return nil, err
	}
	f := &growthFold{q: q, seen: g.New == NewSeen, parts: make([][]GrowthRow, len(q.workers)),
		grid: newGrid(append([]core.Micros{q.cal.add(g.Interval, edges[0], -1)}, edges...))}
	for i := range f.parts {
		f.parts[i] = make([]GrowthRow, f.grid.len()+1)
	}
	if err := q.scan(ctx, beginning, q.to, f.seen, f.fold); err != nil {
		return nil, err
	}
	res := &GrowthResult{Interval: g.Interval}
	for i, b := range q.bucketList(edges, edges[0], q.to) {
		row := GrowthRow{Bucket: b}
		for _, p := range f.parts {
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

// fold takes the rows of one customer.
func (f *growthFold) fold(n int, w *worker, r *timeline.Rows) error {
	rows, trace := f.parts[n], f.q.trace
	first, last, never := 0, -2, true
	for k, i := range w.rows {
		if w.masks[k] == 0 && !(f.seen && never) {
			continue
		}
		b := f.grid.of(r.Time[i])
		if never {
			first, never = b, false
			trace.first(r, int(i))
		}
		if w.masks[k] == 0 {
			continue
		}
		if trace != nil {
			trace.active(r, int(i), b-1)
		}
		if b < 0 || b == last {
			continue
		}
		rows[b].Active++
		state := StateResurrecting
		switch x := &rows[b]; {
		case b == first:
			x.New++
			state = StateNew
		case b == last+1:
			x.Returning++
			state = StateReturning
		default:
			x.Resurrecting++
		}
		if last >= 0 && b > last+1 {
			rows[last+1].Dormant++
			if err := f.tell(n, w.customer, last, StateDormant); err != nil {
				return err
			}
		}
		if err := f.tell(n, w.customer, b-1, state); err != nil {
			return err
		}
		last = b
	}
	if last >= 0 {
		rows[last+1].Dormant++
		return f.tell(n, w.customer, last, StateDormant)
	}
	return nil
}

// tell says that c is in a state in a bucket of the result.
func (f *growthFold) tell(n int, c core.CustomerID, bucket int, state string) error {
	t := f.q.roster
	if t == nil {
		return nil
	}
	f.q.trace.state(bucket, state)
	if t.at != bucket || state != t.cell.State && (t.cell.State != StateActive || state == StateDormant) {
		return nil
	}
	return t.add(n, c, 1)
}
