package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Erase carries out an erasure over all stores and gives the receipt. It can be
// repeated: a crash in between leaves the tombstones, and the rest is done by
// the next call.
func (a *App) Erase(ctx context.Context, ws core.WorkspaceID, c core.CustomerID, action, by, reason string) (*customer.Erasure, error) {
	var e *customer.Erasure
	var ids []customer.Known
	err := a.Pipeline.Do(ctx, ws, func(_ *db.Tx, s pipeline.Session) ([]core.CustomerID, error) {
		var err error
		e, ids, err = s.(*customer.Session).OpenErasure(ctx, c, action, by, reason)
		return nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("open erasure: %w", err)
	}
	switch action {
	case customer.Delete, customer.DeleteAndSuppress:
		err = a.erase(ctx, ws, e, ids)
	case customer.Anonymise:
		err = a.anonymise(ctx, ws, e, ids)
	}
	if err != nil {
		return nil, err
	}
	return e, a.Customers.CloseErasure(ctx, ws, e)
}

func (a *App) erase(ctx context.Context, ws core.WorkspaceID, e *customer.Erasure, ids []customer.Known) error {
	release := a.Pipeline.Hold(ws)
	defer release()
	if err := a.eraseEvents(ctx, ws, e, timeline.EraseSpec{Customers: []core.CustomerID{e.Customer}}); err != nil {
		return err
	}
	n, err := a.eraseQuarantine(ctx, ws, ids)
	if err != nil {
		return err
	}
	e.Stores = append(e.Stores, customer.StoreCount{Store: "quarantine", Before: n})
	err = a.DB.Write(ctx, func(tx *db.Tx) error {
		counts, err := a.Customers.Forget(ctx, tx, ws, e.Customer)
		if err != nil {
			return err
		}
		if n, err = tx.Exec(ctx, `DELETE FROM fold_states WHERE workspace_id = $1 AND customer = $2`, ws, e.Customer); err != nil {
			return err
		}
		counts = append(counts, customer.StoreCount{Store: "fold_states", Before: n})
		if n, err = a.Lifecycle.Forget(ctx, tx, ws, e.Customer); err != nil {
			return err
		}
		e.Stores = append(e.Stores, append(counts, customer.StoreCount{Store: "stage_spells", Before: n})...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("erase customer: %w", err)
	}
	a.Pipeline.Forget(ws, e.Customer)
	return a.Customers.Load(ctx, ws)
}

func (a *App) eraseEvents(ctx context.Context, ws core.WorkspaceID, e *customer.Erasure, spec timeline.EraseSpec) error {
	counts, err := a.Timeline.Erase(ctx, ws, spec)
	if err != nil {
		return fmt.Errorf("erase events: %w", err)
	}
	for _, c := range counts {
		e.Stores = append(e.Stores, customer.StoreCount{Store: "timeline_" + c.Store, Before: c.Before, After: c.After})
	}
	return nil
}

// eraseQuarantine removes held events that name one of the identifiers.
func (a *App) eraseQuarantine(ctx context.Context, ws core.WorkspaceID, ids []customer.Known) (int64, error) {
	var hit []int64
	f := inbox.HeldFilter{}
	for {
		list, err := a.Inbox.ListQuarantine(ctx, ws, f, 1000)
		if err != nil {
			return 0, err
		}
		for _, h := range list {
			for _, k := range ids {
				if strings.Contains(strings.ToLower(h.Raw), strings.ToLower(k.Value)) {
					hit = append(hit, h.ID)
					break
				}
			}
		}
		if len(list) < 1000 {
			break
		}
		f.Before = list[len(list)-1].ID
	}
	if len(hit) == 0 {
		return 0, nil
	}
	return a.Inbox.DeleteQuarantine(ctx, ws, inbox.HeldFilter{IDs: hit})
}

func (a *App) anonymise(ctx context.Context, ws core.WorkspaceID, e *customer.Erasure, ids []customer.Known) error {
	release := a.Pipeline.Hold(ws)
	err := func() error {
		defer release()
		spec := timeline.EraseSpec{Customers: []core.CustomerID{e.Customer}, Props: customer.PersonalProperties()}
		if err := a.eraseEvents(ctx, ws, e, spec); err != nil {
			return err
		}
		err := a.DB.Write(ctx, func(tx *db.Tx) error {
			counts, err := a.Customers.Anonymise(ctx, tx, ws, e.Customer, ids)
			e.Stores = append(e.Stores, counts...)
			return err
		})
		if err != nil {
			return fmt.Errorf("anonymise customer: %w", err)
		}
		a.Pipeline.Forget(ws, e.Customer)
		return a.Customers.Load(ctx, ws)
	}()
	if err != nil {
		return err
	}
	// Traits and conditions follow from the events that are left.
	return a.Pipeline.Do(ctx, ws, func(*db.Tx, pipeline.Session) ([]core.CustomerID, error) {
		return []core.CustomerID{e.Customer}, nil
	})
}
