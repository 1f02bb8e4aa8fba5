package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Spell is one stay of a customer with its evidence.
type Spell struct {
	N             int64
	Stage         string
	From, To      string
	Entered, Left core.Micros
	ByTimer       bool
	EventID       string
	EventName     string
	EventKind     core.Kind
	EventAt       core.Micros
	LeftByTimer   bool
}

// History gives a customer's stays in the current version of a model, newest
// first.
func (s *Service) History(ctx context.Context, ws core.WorkspaceID, m Model, c core.CustomerID) ([]Spell, error) {
	var out []Spell
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("history"), func(row db.Row) error {
			var sp Spell
			if err := row.Scan(&sp.N, &sp.Stage, &sp.From, &sp.To, &sp.Entered, &sp.Left, &sp.ByTimer, &sp.EventID, &sp.EventName,
				&sp.EventKind, &sp.EventAt, &sp.LeftByTimer); err != nil {
				return err
			}
			out = append(out, sp)
			return nil
		}, ws, m.Machine, c)
	})
	if err != nil {
		return nil, fmt.Errorf("read stage history: %w", err)
	}
	return out, nil
}

// Standing is where a customer stands at an instant, found by folding the
// timeline: which conditions hold, and when that can change by itself.
type Standing struct {
	Stage string
	Since core.Micros
	Holds []bool // by stage of the model
	Next  core.Micros
}

// Explain folds a customer's timeline up to now and tells which stage's
// condition holds.
func (s *Service) Explain(ctx context.Context, ws core.WorkspaceID, m Model, c core.CustomerID) (*Standing, error) {
	events, err := s.Timeline.Customer(ctx, ws, c, timeline.CustomerQuery{})
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	for _, mc := range s.Machines(ws) {
		if mc.ID() == m.Machine {
			return stand(mc.(*fold.Stepper), c, events, core.FromTime(s.Clock.Now()))
		}
	}
	return nil, errors.New("stage model is not loaded")
}

func stand(mc *fold.Stepper, c core.CustomerID, events []core.Event, now core.Micros) (*Standing, error) {
	in, err := mc.Ladder.Open(c, nil)
	if err != nil {
		return nil, err
	}
	drop := func(fold.Step) {}
	for i := range events {
		e := fold.InputOf(&events[i])
		in.Apply(&e, drop)
	}
	in.Advance(now, drop)
	rung, since := in.Rung()
	st := &Standing{Stage: mc.Ladder.Key(rung), Since: since, Holds: in.Holds(now)}
	if at, ok := in.Due(); ok {
		st.Next = at
	}
	return st, nil
}

// Version is one version of a model.
type Version struct {
	Version    int64
	Status     string
	Definition Definition
	ByUser     string
	CreatedAt  core.Micros
}

// Versions gives a model's versions, newest first.
func (s *Service) Versions(ctx context.Context, ws core.WorkspaceID, model int64) ([]Version, error) {
	var out []Version
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("versions"), func(row db.Row) error {
			var v Version
			var text string
			if err := row.Scan(&v.Version, &v.Status, &text, &v.ByUser, &v.CreatedAt); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &v.Definition); err != nil {
				return err
			}
			out = append(out, v)
			return nil
		}, ws, model)
	})
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	return out, nil
}

// Where is the stage a customer is in.
type Where struct {
	Stage string
	Since core.Micros
}

// Now gives the current stage of customers in the current version of a model.
func (s *Service) Now(ctx context.Context, ws core.WorkspaceID, m Model, ids []core.CustomerID) (map[core.CustomerID]Where, error) {
	out := make(map[core.CustomerID]Where, len(ids))
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		for len(ids) > 0 {
			n := min(500, len(ids))
			args := append([]any{ws, m.Machine}, db.Anys(ids[:n])...)
			err := tx.Query(ctx, `SELECT customer, stage, entered_at FROM stage_now WHERE workspace_id = $1 AND machine = $2 AND customer IN (`+db.List(3, n)+`)`, func(row db.Row) error {
				var c core.CustomerID
				var w Where
				if err := row.Scan(&c, &w.Stage, &w.Since); err != nil {
					return err
				}
				out[c] = w
				return nil
			}, args...)
			if err != nil {
				return err
			}
			ids = ids[n:]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read stages: %w", err)
	}
	return out, nil
}
