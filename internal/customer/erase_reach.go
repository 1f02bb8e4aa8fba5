package customer

import (
	"context"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Reach is whom an erasure concerns.
type Reach struct {
	Mains  []core.CustomerID     // customers as they are now, sorted
	Actors map[core.ActorID]bool // identifiers that tracked their events
	Whole  map[core.ActorID]bool // of them, those that nobody else used
	Names  *Names                // what identifies them and nobody else
}

// Reach gives whom a filtered erasure concerns.
func (s *Service) Reach(ctx context.Context, ws core.WorkspaceID, erasure int64) (*Reach, error) {
	var r *Reach
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = s.reach(ctx, tx, ws, erasure)
		return err
	})
	return r, err
}

func (s *Service) reach(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, erasure int64) (*Reach, error) {
	r := &Reach{Actors: map[core.ActorID]bool{}, Whole: map[core.ActorID]bool{}}
	err := tx.Query(ctx, queries.Get("erasure_customers"), func(row db.Row) error {
		var c core.CustomerID
		var main bool
		err := row.Scan(&c, &main)
		if main {
			r.Mains = append(r.Mains, c)
		}
		return err
	}, ws, erasure)
	if err != nil {
		return nil, fmt.Errorf("read customers to erase: %w", err)
	}
	subjects, err := s.subjectsOf(ctx, tx, ws, erasure)
	if err != nil {
		return nil, err
	}
	var names []core.Identifier
	for _, sub := range subjects {
		if sub.customer == 0 {
			names = append(names, sub.id)
		}
	}
	var sealed []string
	err = tx.Query(ctx, queries.Get("erasure_actors"), func(row db.Row) error {
		var a core.ActorID
		var whole bool
		var text string
		err := row.Scan(&a, &whole, &text)
		r.Actors[a] = true
		if whole {
			r.Whole[a] = true
		}
		if text != "" {
			sealed = append(sealed, text)
		}
		return err
	}, ws, erasure)
	if err != nil {
		return nil, fmt.Errorf("read identifiers to erase: %w", err)
	}
	for _, text := range sealed {
		id, err := s.unseal(text)
		if err != nil {
			return nil, err
		}
		names = append(names, id)
	}
	slices.Sort(r.Mains)
	r.Names = NewNames(names)
	return r, nil
}

// Now gives the customers that identifiers belong to at present.
func (s *Service) Now(ws core.WorkspaceID, actors map[core.ActorID]bool) []core.CustomerID {
	g := s.graph(ws)
	g.mu.RLock()
	defer g.mu.RUnlock()
	var out []core.CustomerID
	for a := range actors {
		if int(a) >= len(g.home) {
			continue
		}
		for _, h := range g.homes(a) {
			out = append(out, h.Customer)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

type subject struct {
	customer core.CustomerID
	id       core.Identifier
}

func (s *Service) subjectsOf(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, erasure int64) ([]subject, error) {
	var out []subject
	var sealed []string
	err := tx.Query(ctx, queries.Get("erasure_subjects"), func(row db.Row) error {
		var sub subject
		var text string
		err := row.Scan(&sub.customer, &text)
		out, sealed = append(out, sub), append(sealed, text)
		return err
	}, ws, erasure)
	if err != nil {
		return nil, fmt.Errorf("read what to erase: %w", err)
	}
	for i, text := range sealed {
		if text == "" {
			continue
		}
		if out[i].id, err = s.unseal(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}
