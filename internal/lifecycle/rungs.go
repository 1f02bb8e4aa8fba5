package lifecycle

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// DefaultModel is the key of the default model; "" when there is none.
func (s *Service) DefaultModel(ws core.WorkspaceID) string {
	m, err := s.Model(ws, 0)
	if err != nil {
		return ""
	}
	return m.Key
}

// ByKey gives the model of a key.
func (s *Service) ByKey(ws core.WorkspaceID, key string) (Model, bool) {
	for _, m := range s.of(ws).models {
		if m.Key == key {
			return m, true
		}
	}
	return Model{}, false
}

// Rungs gives the stages of a model in its current version, for conditions on
// them; none when there is no model of that key.
func (s *Service) Rungs(ws core.WorkspaceID, key string) []fold.Rung {
	m, ok := s.ByKey(ws, key)
	if !ok {
		return nil
	}
	rungs, err := rungs(m.Stages)
	if err != nil {
		return nil // it was checked when it was saved
	}
	return rungs
}

func rungs(stages []Stage) ([]fold.Rung, error) {
	out := make([]fold.Rung, len(stages))
	for i := range stages {
		s := &stages[i]
		when, err := expr.Expand(&s.When, alone{})
		if err != nil {
			return nil, fmt.Errorf("condition of stage %s: %w", s.Key, err)
		}
		out[i] = fold.Rung{Key: s.Key, When: when}
		if s.MinStay != "" && s.MinStay != "0s" {
			if out[i].Stay, err = expr.ParseSpan(s.MinStay); err != nil {
				return nil, fmt.Errorf("minimum stay of stage %s: %w", s.Key, err)
			}
		}
	}
	return out, nil
}

// alone is the library of stage models: their conditions name nothing but
// themselves, since segments rest on them.
type alone struct{}

func (alone) Segment(string) (*expr.Node, bool) { return nil, false }
func (alone) Cuts() (expr.Cuts, bool)           { return expr.Cuts{}, false }
func (alone) DefaultModel() string              { return "" }
func (alone) Stages(string) ([]string, bool)    { return nil, false }

// NowAll gives the current stage of everybody who is in one.
func (s *Service) NowAll(ctx context.Context, ws core.WorkspaceID, m Model) (map[core.CustomerID]string, error) {
	out := map[core.CustomerID]string{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, `SELECT customer, stage FROM stage_now WHERE workspace_id = $1 AND machine = $2`, func(row db.Row) error {
			var c core.CustomerID
			var stage string
			if err := row.Scan(&c, &stage); err != nil {
				return err
			}
			out[c] = stage
			return nil
		}, ws, m.Machine)
	})
	if err != nil {
		return nil, fmt.Errorf("read stages: %w", err)
	}
	return out, nil
}
