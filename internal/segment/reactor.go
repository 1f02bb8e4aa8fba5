package segment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Forever is the left_at of a stay that still runs.
const Forever core.Micros = math.MaxInt64

// Move is who entered or left a segment, as others are told.
type Move struct {
	Segment Segment
	core.SegmentMoved
}

// Batch is what one transaction of the pipeline brought the room.
type Batch struct {
	Now   core.Micros
	Moves []core.SegmentMoved
	// Reset are the customers whose timeline was folded anew by all machines:
	// their moves are the whole history.
	Reset []core.CustomerID
	Gone  []core.CustomerID // ceased to exist
	// Built is the machine whose history was computed, if that was all.
	Built int64
	// Quiet says whether what a customer did is history, of which nobody is told.
	Quiet func(core.CustomerID) bool
}

type stayKey struct {
	machine  int64
	customer core.CustomerID
	n        int64
}

// Record writes the stays of a batch and tells the news.
func (s *Service) Record(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, b *Batch) error {
	if len(b.Moves) == 0 && len(b.Reset) == 0 && len(b.Gone) == 0 {
		return nil
	}
	l := s.of(ws)
	before, err := s.inside(ctx, tx, ws, b.Reset)
	if err != nil {
		return err
	}
	if _, err := s.Forget(ctx, tx, ws, slices.Concat(b.Reset, b.Gone)); err != nil {
		return err
	}
	if err := s.write(ctx, tx, ws, b.Moves); err != nil {
		return err
	}
	tx.AfterCommit(s.kept.Touch)
	if s.News == nil || b.Built != 0 {
		return nil
	}
	news := l.news(b, before)
	if len(news) == 0 {
		return nil
	}
	return s.News(ctx, tx, ws, news)
}

// write inserts the stays that begin and closes those that end.
func (s *Service) write(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, moves []core.SegmentMoved) error {
	open := map[stayKey]int{}
	var rows [][]any
	for _, mv := range moves {
		k := stayKey{mv.Machine, mv.Customer, mv.N}
		if mv.In {
			open[k] = len(rows)
			rows = append(rows, []any{ws, mv.Machine, mv.Customer, mv.N, mv.At, Forever, mv.ByTimer, mv.EventID, mv.EventName, int64(mv.EventKind), mv.EventAt,
				false, "", "", core.Micros(0)})
			continue
		}
		if i, ok := open[k]; ok {
			r := rows[i]
			r[5], r[11], r[12], r[13], r[14] = mv.At, mv.ByTimer, mv.EventID, mv.EventName, mv.EventAt
			continue
		}
		if _, err := tx.Exec(ctx, queries.Get("close_stay"), mv.At, mv.ByTimer, mv.EventID, mv.EventName, mv.EventAt, ws, mv.Machine, mv.Customer, mv.N); err != nil {
			return fmt.Errorf("close stay: %w", err)
		}
	}
	err := tx.Bulk(ctx, db.Insert{Table: "segment_stays", Rows: rows, Columns: []string{"workspace_id", "machine", "customer", "n", "entered_at", "left_at",
		"by_timer", "event_id", "event_name", "event_kind", "event_at", "left_by_timer", "left_event_id", "left_event_name", "left_event_at"}})
	if err != nil {
		return fmt.Errorf("write stays: %w", err)
	}
	return nil
}

// Forget removes all stays of customers and tells how many.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, list []core.CustomerID) (int64, error) {
	const step = 200
	machines := s.Machines(ws)
	total := int64(0)
	for from := 0; from < len(list) && len(machines) > 0; from += step {
		part := list[from:min(from+step, len(list))]
		args := []any{ws}
		for _, m := range machines {
			args = append(args, m.ID())
		}
		args = append(args, db.Anys(part)...)
		n, err := tx.Exec(ctx, `DELETE FROM segment_stays WHERE workspace_id = $1 AND machine IN (`+db.List(2, len(machines))+
			`) AND customer IN (`+db.List(2+len(machines), len(part))+`)`, args...)
		if err != nil {
			return 0, fmt.Errorf("delete stays: %w", err)
		}
		total += n
	}
	if len(list) > 0 {
		tx.AfterCommit(s.kept.Touch)
	}
	return total, nil
}

type seat struct {
	machine  int64
	customer core.CustomerID
}

// inside says in which segments customers are before a batch.
func (s *Service) inside(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, list []core.CustomerID) (map[seat]bool, error) {
	out := map[seat]bool{}
	machines := s.Machines(ws)
	if s.News == nil || len(machines) == 0 {
		return out, nil
	}
	const step = 200
	for from := 0; from < len(list); from += step {
		part := list[from:min(from+step, len(list))]
		args := []any{ws}
		for _, m := range machines {
			args = append(args, m.ID())
		}
		args = append(args, db.Anys(part)...)
		err := tx.Query(ctx, `SELECT machine, customer FROM segment_now WHERE workspace_id = $1 AND machine IN (`+db.List(2, len(machines))+
			`) AND customer IN (`+db.List(2+len(machines), len(part))+`)`, func(row db.Row) error {
			var k seat
			if err := row.Scan(&k.machine, &k.customer); err != nil {
				return err
			}
			out[k] = true
			return nil
		}, args...)
		if err != nil {
			return nil, fmt.Errorf("read stays: %w", err)
		}
	}
	return out, nil
}

// news are the moves of which others are told: what happened, and for customers
// whose past was folded anew what is different now from what was known.
func (l *loaded) news(b *Batch, before map[seat]bool) []Move {
	current := map[int64]Segment{}
	for _, g := range l.segments {
		if !g.Building || g.Version > 1 { // who is in a new segment from the start has not entered it
			current[g.Machine] = g
		}
	}
	reset := map[core.CustomerID]bool{}
	for _, c := range b.Reset {
		reset[c] = true
	}
	last := map[seat]core.SegmentMoved{}
	var out []Move
	for _, mv := range b.Moves {
		g, serves := current[mv.Machine]
		switch {
		case !serves || b.Quiet != nil && b.Quiet(mv.Customer):
		case reset[mv.Customer]:
			last[seat{mv.Machine, mv.Customer}] = mv
		default:
			out = append(out, Move{g, mv})
		}
	}
	for k, mv := range last {
		if mv.In != before[k] {
			out = append(out, Move{current[k.machine], mv})
		}
	}
	for k := range before {
		if _, moved := last[k]; !moved {
			if g, serves := current[k.machine]; serves && (b.Quiet == nil || !b.Quiet(k.customer)) {
				out = append(out, Move{g, core.SegmentMoved{Machine: k.machine, Customer: k.customer, At: b.Now, ByTimer: true}})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Move) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Machine, b.Machine))
	})
	return out
}

// tellDifference tells who enters and leaves by a new version.
func (s *Service) tellDifference(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, old Segment, machine int64) error {
	if s.News == nil {
		return nil
	}
	was, err := members(ctx, tx, ws, old.Machine)
	if err != nil {
		return err
	}
	is, err := members(ctx, tx, ws, machine)
	if err != nil {
		return err
	}
	now := core.FromTime(s.Clock.Now())
	var moves []Move
	for _, c := range minus(is, was) {
		moves = append(moves, Move{old, core.SegmentMoved{Machine: machine, Customer: c, In: true, At: now, ByTimer: true}})
	}
	for _, c := range minus(was, is) {
		moves = append(moves, Move{old, core.SegmentMoved{Machine: machine, Customer: c, At: now, ByTimer: true}})
	}
	if len(moves) == 0 {
		return nil
	}
	return s.News(ctx, tx, ws, moves)
}

// members lists who is in a machine's segment now, rising.
func members(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, machine int64) ([]core.CustomerID, error) {
	var out []core.CustomerID
	err := tx.Query(ctx, queries.Get("members"), func(row db.Row) error {
		var c core.CustomerID
		var at core.Micros
		if err := row.Scan(&c, &at); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	}, ws, machine)
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	return out, nil
}

// minus gives what is in a and not in b; both rise.
func minus(a, b []core.CustomerID) []core.CustomerID {
	var out []core.CustomerID
	for _, c := range a {
		for len(b) > 0 && b[0] < c {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != c {
			out = append(out, c)
		}
	}
	return out
}
