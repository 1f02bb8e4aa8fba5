package customer

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// SaveErasure writes how far an erasure came.
func (s *Service) SaveErasure(ctx context.Context, tx *db.Tx, e *Erasure) error {
	if e.Stores == nil {
		e.Stores = []StoreCount{}
	}
	raw, err := json.Marshal(receiptText{e.Stores, e.Kept})
	if err != nil {
		return fmt.Errorf("write receipt: %w", err)
	}
	_, err = tx.Exec(ctx, queries.Get("save_erasure"), e.Status, e.VerifiedAt, string(raw), e.Unknown, e.Customers, e.FilteredAt, e.RewrittenAt,
		e.Done, e.Total, e.Attempts, e.Error, e.FailedAt, e.Reason, e.Workspace, e.ID)
	if err != nil {
		return fmt.Errorf("write erasure: %w", err)
	}
	return nil
}

// ErasureProgress shows how many stores of an erasure are done.
func (s *Service) ErasureProgress(ctx context.Context, e *Erasure, done, total int64) error {
	e.Done, e.Total = done, total
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("erasure_progress"), done, total, e.Workspace, e.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("write progress of erasure: %w", err)
	}
	return nil
}

// Forget removes what the identity graph holds of the customers of an erasure,
// once their events are gone: until then it tells whose events they are. A
// device that passed to somebody else stays with that one. The caller loads the
// graph again after the commit.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, e *Erasure) error {
	if !e.Clears() {
		return nil
	}
	if err := s.forgetFacts(ctx, tx, e); err != nil {
		return err
	}
	if !e.Gone() {
		from, to := always, core.Micros(math.MaxInt64)
		switch {
		case e.Scope.Kind == ScopeProperties:
			return nil
		case e.Scope.Kind == ScopeRange:
			from, to = lowest(e.Scope.From), e.Scope.To
		}
		n, err := tx.Exec(ctx, queries.Get("blank_log"), e.Workspace, from, to, e.ID)
		if err != nil {
			return fmt.Errorf("blank identity log: %w", err)
		}
		e.Count("identity_log", n, 0)
		return nil
	}
	for _, step := range [][2]string{{"", "leave_components"}, {"identity_log", "erase_log"}, {"identifier_homes", "erase_homes"}} {
		n, err := tx.Exec(ctx, queries.Get(step[1]), e.Workspace, e.ID)
		if err != nil {
			return fmt.Errorf("erase %s: %w", step[1], err)
		}
		if step[0] != "" {
			e.Count(step[0], n, 0)
		}
	}
	t := crowdTx{tx: tx, ws: e.Workspace}
	if err := t.forget(ctx, -1); err != nil {
		return err
	}
	// The session that set the tombstones may have come before a late fact.
	if _, err := tx.Exec(ctx, queries.Get("erase_customers"), e.Workspace, e.ID); err != nil {
		return fmt.Errorf("erase customers: %w", err)
	}
	return s.orphans(ctx, tx, e)
}

// orphans replaces identifiers that were shared among erased customers only.
func (s *Service) orphans(ctx context.Context, tx *db.Tx, e *Erasure) error {
	var list []core.ActorID
	err := tx.Query(ctx, queries.Get("orphans"), func(row db.Row) error {
		var a core.ActorID
		err := row.Scan(&a)
		list = append(list, a)
		return err
	}, e.Workspace, e.ID)
	if err != nil {
		return fmt.Errorf("list identifiers: %w", err)
	}
	for _, a := range list {
		if err := scramble(ctx, tx, e.Workspace, a); err != nil {
			return err
		}
	}
	return nil
}

// forgetFacts removes the facts of components that nobody else is part of; in
// others the facts stay, since they tell who had the device when, without the
// event that told them.
func (s *Service) forgetFacts(ctx context.Context, tx *db.Tx, e *Erasure) error {
	if e.Scope.Kind == ScopeProperties {
		return nil
	}
	living := map[int64]bool{}
	err := tx.Query(ctx, queries.Get("living_components"), func(row db.Row) error {
		var c int64
		err := row.Scan(&c)
		living[c] = true
		return err
	}, e.Workspace, e.ID)
	if err != nil {
		return fmt.Errorf("read components: %w", err)
	}
	reach, err := s.reach(ctx, tx, e.Workspace, e.ID)
	if err != nil {
		return err
	}
	type ref struct {
		query    string
		comp, id int64
	}
	var todo []ref
	err = tx.Query(ctx, queries.Get("concerned_facts"), func(row db.Row) error {
		var r ref
		var at core.Micros
		var actors, event string
		if err := row.Scan(&r.id, &r.comp, &at, &actors, &event); err != nil {
			return err
		}
		inside := e.Scope.Kind != ScopeRange || at >= lowest(e.Scope.From) && at < e.Scope.To
		switch {
		case e.Gone() && !living[r.comp]:
			r.query = "erase_fact"
		case event != "" && inside && anyOf(reach.Actors, decodeActors(actors)):
			r.query = "blank_fact"
		default:
			return nil
		}
		todo = append(todo, r)
		return nil
	}, e.Workspace, e.ID)
	if err != nil {
		return fmt.Errorf("read facts: %w", err)
	}
	for _, r := range todo {
		if _, err := tx.Exec(ctx, queries.Get(r.query), e.Workspace, r.comp, r.id); err != nil {
			return fmt.Errorf("erase fact: %w", err)
		}
	}
	e.Count("identity_facts", int64(len(todo)), 0)
	return nil
}

func anyOf(set map[core.ActorID]bool, list []core.ActorID) bool {
	for _, a := range list {
		if set[a] {
			return true
		}
	}
	return false
}

// LeftOfErasure counts what the tables of this room still hold, by store.
func (s *Service) LeftOfErasure(ctx context.Context, e *Erasure) (map[string]int64, error) {
	left := map[string]string{}
	if e.Clears() && e.Scope.Kind == ScopeCustomer {
		left = map[string]string{"identifiers": "left_identifiers", "notes": "left_notes", "consent": "left_consents"}
	}
	if e.Gone() {
		left["customers"], left["identifier_homes"], left["identity_log"] = "left_customers", "left_homes", "left_log"
	}
	out := map[string]int64{}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		for store, query := range left {
			var n int64
			if err := tx.QueryRow(ctx, queries.Get(query), []any{e.Workspace, e.ID}, &n); err != nil {
				return err
			}
			out[store] = n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for what is left: %w", err)
	}
	return out, nil
}

// CloseErasure ends a verified erasure: the identifiers it needed are removed.
func (s *Service) CloseErasure(ctx context.Context, e *Erasure) error {
	e.Status, e.VerifiedAt, e.Error, e.Done = Verified, core.FromTime(s.clock.Now()), "", e.Total
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		for _, q := range []string{"drop_erasure_subjects", "drop_erasure_actors"} {
			if _, err := tx.Exec(ctx, queries.Get(q), e.Workspace, e.ID); err != nil {
				return err
			}
		}
		return s.SaveErasure(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("close erasure: %w", err)
	}
	return nil
}

// FailErasure notes that an attempt failed. What is said must not name anybody.
func (s *Service) FailErasure(ctx context.Context, e *Erasure, text string) error {
	e.Attempts++
	e.Error, e.FailedAt = clip(text, 500), core.FromTime(s.clock.Now())
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.SaveErasure(ctx, tx, e) })
}
