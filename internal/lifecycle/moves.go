package lifecycle

import (
	"context"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Move is one move of a customer into a stage.
type Move struct {
	Customer core.CustomerID
	N        int64
	At       core.Micros
	From, To string
	ByTimer  bool
	Event    string
}

// MoveCursor continues a list of moves, newest first.
type MoveCursor struct {
	At       core.Micros     `json:"at"`
	Customer core.CustomerID `json:"c"`
	N        int64           `json:"n"`
}

// MoveQuery chooses moves in [From, To). Stage means entered or left it.
type MoveQuery struct {
	From, To                  core.Micros
	Stage, FromStage, ToStage string
	Limit                     int
	After                     MoveCursor
}

// Moves lists moves into stages, newest first.
func (s *Service) Moves(ctx context.Context, ws core.WorkspaceID, m Model, q MoveQuery) ([]Move, *MoveCursor, error) {
	var b strings.Builder
	b.WriteString(`SELECT customer, n, entered_at, came_from, stage, by_timer, event_name FROM stage_spells
WHERE workspace_id = $1 AND machine = $2 AND entered_at >= $3 AND entered_at < $4`)
	args := []any{ws, m.Machine, q.From, q.To}
	add := func(cond string, vals ...any) {
		for _, v := range vals {
			args = append(args, v)
			cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		b.WriteString(" AND " + cond)
	}
	if q.Stage != "" {
		add("(stage = ? OR came_from = ?)", q.Stage, q.Stage)
	}
	if q.FromStage != "" {
		from := q.FromStage
		if from == "none" {
			from = ""
		}
		add("came_from = ?", from)
	}
	if q.ToStage != "" {
		add("stage = ?", q.ToStage)
	}
	if q.After.At != 0 {
		add("(entered_at, customer, n) < (?, ?, ?)", q.After.At, q.After.Customer, q.After.N)
	}
	fmt.Fprintf(&b, " ORDER BY entered_at DESC, customer DESC, n DESC LIMIT %d", q.Limit+1)
	var out []Move
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, b.String(), func(row db.Row) error {
			var mv Move
			if err := row.Scan(&mv.Customer, &mv.N, &mv.At, &mv.From, &mv.To, &mv.ByTimer, &mv.Event); err != nil {
				return err
			}
			out = append(out, mv)
			return nil
		}, args...)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list moves: %w", err)
	}
	if len(out) > q.Limit {
		last := out[q.Limit-1]
		return out[:q.Limit], &MoveCursor{last.At, last.Customer, last.N}, nil
	}
	return out, nil, nil
}
