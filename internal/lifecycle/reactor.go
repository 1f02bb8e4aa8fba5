package lifecycle

import (
	"context"
	"fmt"
	"math"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Forever is the left_at of a spell that still runs.
const Forever core.Micros = math.MaxInt64

type spellKey struct {
	machine  int64
	customer core.CustomerID
	n        int64
}

type spellRow struct {
	stage, from, to string
	entered, left   core.Micros
	by              core.StageMoved
	leftByTimer     bool
	leftEvent       string
}

// Record writes the moves of a batch. Customers in reset had their timeline
// folded anew: their spells are replaced by the moves given. Those in gone
// ceased to exist.
func (s *Service) Record(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, moves []core.StageMoved, reset, gone []core.CustomerID) error {
	machines := s.machineIDs(ws)
	for _, list := range [2][]core.CustomerID{reset, gone} {
		for _, c := range list {
			for _, m := range machines {
				if _, err := tx.Exec(ctx, queries.Get("delete_spells"), ws, m, c); err != nil {
					return fmt.Errorf("delete spells: %w", err)
				}
			}
		}
	}
	open := map[spellKey]*spellRow{}
	var order []spellKey
	for _, mv := range moves {
		if mv.Closes > 0 {
			if r := open[spellKey{mv.Machine, mv.Customer, mv.Closes}]; r != nil {
				r.left, r.to, r.leftByTimer, r.leftEvent = mv.At, mv.To, mv.ByTimer, mv.EventID
			} else if _, err := tx.Exec(ctx, queries.Get("close_spell"), mv.At, mv.To, mv.ByTimer, mv.EventID, ws, mv.Machine, mv.Customer, mv.Closes); err != nil {
				return fmt.Errorf("close spell: %w", err)
			}
		}
		if mv.Opens > 0 {
			k := spellKey{mv.Machine, mv.Customer, mv.Opens}
			open[k] = &spellRow{stage: mv.To, from: mv.From, entered: mv.At, left: Forever, by: mv}
			order = append(order, k)
		}
	}
	rows := make([][]any, 0, len(order))
	for _, k := range order {
		r := open[k]
		rows = append(rows, []any{ws, k.machine, k.customer, k.n, r.stage, r.from, r.to, r.entered, r.left, r.by.ByTimer,
			r.by.EventID, r.by.EventName, int64(r.by.EventKind), r.by.EventAt, r.leftByTimer, r.leftEvent})
	}
	err := tx.Bulk(ctx, db.Insert{Table: "stage_spells", Rows: rows, Columns: []string{"workspace_id", "machine", "customer", "n", "stage", "came_from", "went_to",
		"entered_at", "left_at", "by_timer", "event_id", "event_name", "event_kind", "event_at", "left_by_timer", "left_event"}})
	if err != nil {
		return fmt.Errorf("write spells: %w", err)
	}
	if len(moves) > 0 || len(reset) > 0 || len(gone) > 0 {
		tx.AfterCommit(s.kept.Touch)
	}
	return nil
}

// Forget removes all spells of customers and tells how many.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, list []core.CustomerID) (int64, error) {
	const step = 500
	total := int64(0)
	for from := 0; from < len(list); from += step {
		part := list[from:min(from+step, len(list))]
		n, err := tx.Exec(ctx, `DELETE FROM stage_spells WHERE workspace_id = $1 AND customer IN (`+db.List(2, len(part))+`)`, append([]any{ws}, db.Anys(part)...)...)
		if err != nil {
			return 0, fmt.Errorf("erase spells: %w", err)
		}
		total += n
	}
	tx.AfterCommit(s.kept.Touch)
	return total, nil
}
