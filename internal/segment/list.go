package segment

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Lister writes entries of lists into timelines.
type Lister interface {
	// Signal writes what events fn gives, in order with what comes from outside.
	// anchor gives, for a customer, the identifier that stands for it.
	Signal(ctx context.Context, ws core.WorkspaceID, fn func(tx *db.Tx, anchor func(core.CustomerID) (core.ActorID, error)) ([]core.Event, error)) error
}

// listChunk is how many entries one transaction writes.
const listChunk = 1000

// Change puts customers on a static segment's list, or takes them off, and tells
// how many were not there, or were.
func (s *Service) Change(ctx context.Context, ws core.WorkspaceID, id int64, list []core.CustomerID, in bool, by string) (changed int64, err error) {
	g, err := s.Get(ws, id)
	if err != nil {
		return 0, err
	}
	if g.Kind != Static {
		return 0, errs.New(errs.Conflict, "dynamic_segment", "the members of segment %q follow from its condition: only a static segment takes a list", g.Name)
	}
	for from := 0; from < len(list); from += listChunk {
		part := list[from:min(from+listChunk, len(list))]
		n := int64(0)
		err := s.lists.Signal(ctx, ws, func(tx *db.Tx, anchor func(core.CustomerID) (core.ActorID, error)) ([]core.Event, error) {
			events, err := s.entries(ctx, tx, ws, g, part, in, by, anchor)
			n = int64(len(events))
			return events, err
		})
		if err != nil {
			return changed, fmt.Errorf("change list: %w", err)
		}
		changed += n
	}
	return changed, nil
}

// entries makes the signals for those who are not yet as wanted.
func (s *Service) entries(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, g Segment, list []core.CustomerID, in bool, by string, anchor func(core.CustomerID) (core.ActorID, error)) ([]core.Event, error) {
	is := map[core.CustomerID]bool{}
	args := append([]any{ws, g.Machine}, db.Anys(list)...)
	err := tx.Query(ctx, `SELECT customer FROM segment_now WHERE workspace_id = $1 AND machine = $2 AND customer IN (`+db.List(3, len(list))+`)`, func(row db.Row) error {
		var c core.CustomerID
		if err := row.Scan(&c); err != nil {
			return err
		}
		is[c] = true
		return nil
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	props, err := json.Marshal(map[string]any{"list": g.Key, "in": in, "by": by})
	if err != nil {
		return nil, err
	}
	now := core.FromTime(s.Clock.Now())
	var out []core.Event
	seen := map[core.CustomerID]bool{}
	for _, c := range list {
		if is[c] == in || seen[c] {
			continue
		}
		seen[c] = true
		actor, err := anchor(c)
		if err != nil {
			return nil, err
		}
		out = append(out, core.Event{Customer: c, Actor: actor, Time: now, Received: now, ID: fmt.Sprintf("list:%d:%d:%d", g.ID, c, now),
			Kind: core.KindSignal, Name: expr.SignalList, Props: props})
	}
	return out, nil
}

// SetLister gives the service what writes into timelines.
func (s *Service) SetLister(l Lister) { s.lists = l }
