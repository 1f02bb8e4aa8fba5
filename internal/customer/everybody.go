package customer

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// EachTraits calls fn with the traits, a JSON object, of every customer.
func (s *Service) EachTraits(ctx context.Context, ws core.WorkspaceID, fn func(c core.CustomerID, traits []byte)) error {
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("traits_of_all"), func(row db.Row) error {
			var c core.CustomerID
			var traits string
			if err := row.Scan(&c, &traits); err != nil {
				return err
			}
			fn(c, []byte(traits))
			return nil
		}, ws)
	})
	if err != nil {
		return fmt.Errorf("read traits: %w", err)
	}
	return nil
}

// Find gives the customers that identifiers name, in order; 0 where there is
// none. Absorbed numbers answer as their survivor.
func (s *Service) Find(ctx context.Context, ws core.WorkspaceID, ids []core.Identifier) ([]core.CustomerID, error) {
	out := make([]core.CustomerID, len(ids))
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		for i, id := range ids {
			value, ok := Normalize(id.Type, id.Value)
			if !ok {
				continue
			}
			err := tx.Query(ctx, queries.Get("customer_of"), func(row db.Row) error { return row.Scan(&out[i]) }, ws, value, id.Type)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find customers: %w", err)
	}
	return out, nil
}

// Anchor gives the identifier that stands for a customer.
func (x *Session) Anchor(ctx context.Context, c core.CustomerID) (core.ActorID, error) {
	return x.anchor(ctx, c)
}

// Survivors gives, for each number, the customer that answers for it; one that
// is not there is an error.
func (s *Service) Survivors(ctx context.Context, ws core.WorkspaceID, list []core.CustomerID) ([]core.CustomerID, error) {
	out := make([]core.CustomerID, len(list))
	for i, id := range list {
		c, err := s.Get(ctx, ws, id)
		if err != nil {
			return nil, errs.Wrap(err, errs.KindOf(err), errs.CodeOf(err), "there is no customer %d", id)
		}
		out[i] = c.ID
	}
	return out, nil
}
