package segment

import (
	"context"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Members lists who is in a segment now, rising.
func (s *Service) Members(ctx context.Context, ws core.WorkspaceID, g Segment) (out []core.CustomerID, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = members(ctx, tx, ws, g.Machine)
		return err
	})
	return out, err
}

// Sizes gives how many customers each segment has now, by segment.
func (s *Service) Sizes(ctx context.Context, ws core.WorkspaceID) (map[int64]int64, error) {
	owner := s.of(ws).owner
	current := map[int64]bool{}
	for _, g := range s.Segments(ws) {
		current[g.Machine] = true
	}
	out := map[int64]int64{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("sizes"), func(row db.Row) error {
			var m, n int64
			if err := row.Scan(&m, &n); err != nil {
				return err
			}
			if current[m] {
				out[owner[m]] = n
			}
			return nil
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("count members: %w", err)
	}
	return out, nil
}

// Stay is one stay of a customer in a segment with its evidence.
type Stay struct {
	Segment            int64
	N                  int64
	Entered, Left      core.Micros
	ByTimer            bool
	EventID, EventName string
	EventKind          core.Kind
	EventAt            core.Micros
	LeftByTimer        bool
	LeftEventID        string
	LeftEventName      string
	LeftEventAt        core.Micros
}

// Of gives a customer's stays in the current version of all segments, newest
// first.
func (s *Service) Of(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) ([]Stay, error) {
	current := map[int64]int64{}
	for _, g := range s.Segments(ws) {
		current[g.Machine] = g.ID
	}
	var out []Stay
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("history"), func(row db.Row) error {
			var m int64
			var st Stay
			if err := row.Scan(&m, &st.N, &st.Entered, &st.Left, &st.ByTimer, &st.EventID, &st.EventName, &st.EventKind, &st.EventAt,
				&st.LeftByTimer, &st.LeftEventID, &st.LeftEventName, &st.LeftEventAt); err != nil {
				return err
			}
			var serves bool
			if st.Segment, serves = current[m]; serves {
				out = append(out, st)
			}
			return nil
		}, ws, c)
	})
	if err != nil {
		return nil, fmt.Errorf("read stays: %w", err)
	}
	return out, nil
}

// Span is a stay without its evidence.
type Span struct {
	Customer      core.CustomerID
	N             int64
	Entered, Left core.Micros
}

// Spans gives all stays in a segment, by customer and number.
func (s *Service) Spans(ctx context.Context, ws core.WorkspaceID, g Segment) ([]Span, error) {
	var out []Span
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("stays"), func(row db.Row) error {
			var sp Span
			if err := row.Scan(&sp.Customer, &sp.N, &sp.Entered, &sp.Left); err != nil {
				return err
			}
			out = append(out, sp)
			return nil
		}, ws, g.Machine)
	})
	if err != nil {
		return nil, fmt.Errorf("read stays: %w", err)
	}
	return out, nil
}

// Size is a segment at the end of a period.
type Size struct {
	Start, End    core.Micros
	Size          int64
	Entered, Left int64 // within the period
}

// maxPeriods bounds a history.
const maxPeriods = 1000

// History gives a segment's size period by period between two instants.
func (s *Service) History(ctx context.Context, ws core.WorkspaceID, g Segment, from, to core.Micros, unit expr.Unit) ([]Size, error) {
	if from >= to {
		return nil, errs.Field("to", "bad_range", "must lie after from")
	}
	cal := s.of(ws).catalogue.cal
	var out []Size
	for p := cal.Period(unit, from); ; p++ {
		start := cal.PeriodStart(unit, p)
		if start >= to {
			break
		}
		if len(out) == maxPeriods {
			return nil, errs.Field("from", "bad_range", "more than %d periods: choose a shorter range or a longer interval", maxPeriods)
		}
		out = append(out, Size{Start: start, End: cal.PeriodStart(unit, p+1)})
	}
	delta := make([]int64, len(out)+1)
	at := func(t core.Micros) int { // the period of t, or the one after the last
		i, _ := slices.BinarySearchFunc(out, t, func(z Size, t core.Micros) int {
			if z.End <= t {
				return -1
			}
			return 1
		})
		return i
	}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("spans"), func(row db.Row) error {
			var entered, left core.Micros
			if err := row.Scan(&entered, &left); err != nil {
				return err
			}
			i, j := at(entered), at(left)
			delta[i]++
			if delta[j]--; i < len(out) && entered >= out[0].Start {
				out[i].Entered++
			}
			if j < len(out) && left >= out[0].Start {
				out[j].Left++
			}
			return nil
		}, ws, g.Machine)
	})
	if err != nil {
		return nil, fmt.Errorf("read stays: %w", err)
	}
	size := int64(0)
	for i := range out {
		size += delta[i]
		out[i].Size = size
	}
	return out, nil
}

// Overlap is a set of segments and how many customers are in exactly these.
type Overlap struct {
	Segments  []int64
	Customers int64
}

// MaxOverlap is how many segments can be compared at once.
const MaxOverlap = 6

// Overlaps counts the customers in each combination of segments, the largest
// first.
func (s *Service) Overlaps(ctx context.Context, ws core.WorkspaceID, ids []int64) ([]Overlap, error) {
	if len(ids) < 2 || len(ids) > MaxOverlap {
		return nil, errs.Field("segments", "bad_segments", "name 2 to %d segments", MaxOverlap)
	}
	masks := map[core.CustomerID]uint8{}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, errs.Field("segments", "bad_segments", "segment %d is named twice", id)
		}
		g, err := s.Get(ws, id)
		if err != nil {
			return nil, err
		}
		list, err := s.Members(ctx, ws, g)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			masks[c] |= 1 << i
		}
	}
	counts := map[uint8]int64{}
	for _, m := range masks {
		counts[m]++
	}
	var out []Overlap
	for m, n := range counts {
		o := Overlap{Customers: n}
		for i, id := range ids {
			if m&(1<<i) != 0 {
				o.Segments = append(o.Segments, id)
			}
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Overlap) int {
		if a.Customers != b.Customers {
			return int(min(max(b.Customers-a.Customers, -1), 1))
		}
		return slices.Compare(a.Segments, b.Segments)
	})
	return out, nil
}

// Versions gives a segment's versions, newest first.
func (s *Service) Versions(ctx context.Context, ws core.WorkspaceID, id int64) ([]Version, error) {
	var out []Version
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("versions"), func(row db.Row) error {
			var v Version
			var text string
			if err := row.Scan(&v.Version, &v.Status, &text, &v.By, &v.CreatedAt); err != nil {
				return err
			}
			v.When = readWhen(text)
			out = append(out, v)
			return nil
		}, ws, id)
	})
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	return out, nil
}

// Version is one version of a segment.
type Version struct {
	Version   int64
	Status    string // building, live, retired
	When      *expr.Node
	By        string // "recomputed": something that the condition names had changed
	CreatedAt core.Micros
}
