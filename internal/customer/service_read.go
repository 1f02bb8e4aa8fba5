package customer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Known is an identifier of a customer.
type Known struct {
	Actor     core.ActorID
	Type      string
	Value     string
	FirstSeen core.Micros
	ValidFrom core.Micros // Beginning: always
}

// Identifiers gives the identifiers of a customer.
func (s *Service) Identifiers(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) ([]Known, error) {
	var out []Known
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("identifiers_of"), func(row db.Row) error {
			var k Known
			if err := row.Scan(&k.Actor, &k.Type, &k.Value, &k.FirstSeen, &k.ValidFrom); err != nil {
				return err
			}
			out = append(out, k)
			return nil
		}, ws, c)
	})
	if err != nil {
		return nil, fmt.Errorf("read identifiers: %w", err)
	}
	return out, nil
}

// Traits gives a customer's traits with their origin, from the saved state of
// the summary fold.
func Traits(state []byte) ([]Trait, error) {
	var s Summary
	if err := s.decode(state); err != nil {
		return nil, err
	}
	return s.Traits, nil
}

func scanLog(row db.Row) (LogEntry, error) {
	var e LogEntry
	var list string
	err := row.Scan(&e.ID, &e.At, &e.EventAt, &e.Rule, &e.From, &e.Into, &list, &e.Fact, &e.EventID, &e.ByUser, &e.Reason, &e.UndoneAt)
	e.Actors = decodeActors(list)
	return e, err
}

// History gives the identity log of a customer, newest first.
func (s *Service) History(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) ([]LogEntry, error) {
	var out []LogEntry
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("log_of"), func(row db.Row) error {
			e, err := scanLog(row)
			out = append(out, e)
			return err
		}, ws, c)
	})
	if err != nil {
		return nil, fmt.Errorf("read identity log: %w", err)
	}
	return out, nil
}

// Merge joins two customers on a user's word; both may be identified. The
// numbers of into remain.
func (x *Session) Merge(ctx context.Context, into, from core.CustomerID, by, reason string) error {
	x.g.mu.Lock()
	defer x.g.mu.Unlock()
	if into == from {
		return errs.Field("from", "same_customer", "a customer cannot be merged with itself")
	}
	a, err := x.anchor(ctx, into)
	if err != nil {
		return err
	}
	b, err := x.anchor(ctx, from)
	if err != nil {
		return err
	}
	f := Fact{ID: x.g.nextFact, At: x.now, Kind: FactMerge, Actors: []core.ActorID{a, b}}
	x.g.nextFact++
	before := len(x.log)
	if err := x.record(ctx, f, false); err != nil {
		return err
	}
	for i := before; i < len(x.log); i++ {
		x.log[i].ByUser, x.log[i].Reason = by, reason
	}
	return nil
}

// anchor gives the identifier that stands for a customer: of those that brought
// its number the user, else the first; else the first it has.
func (x *Session) anchor(ctx context.Context, c core.CustomerID) (core.ActorID, error) {
	var best core.ActorID
	rank := 0
	err := x.tx.Query(ctx, `SELECT a.id, a.type, a.birth FROM actor_homes h JOIN actors a ON a.workspace_id = h.workspace_id AND a.id = h.actor
WHERE h.workspace_id = $1 AND h.customer = $2 ORDER BY a.id`, func(row db.Row) error {
		var a Actor
		if err := row.Scan(&a.ID, &a.Type, &a.Birth); err != nil {
			return err
		}
		r := 1
		if a.Birth == c {
			r += 2
		}
		if a.Type == core.TypeUserID {
			r++
		}
		if r > rank {
			best, rank = a.ID, r
		}
		return nil
	}, x.ws, c)
	if err != nil {
		return 0, fmt.Errorf("read identifiers: %w", err)
	}
	if best == 0 {
		return 0, errs.New(errs.NotFound, "unknown_customer", "there is no customer %d, or it was merged into another", c)
	}
	return best, nil
}

// Unmerge takes back a merge of the log: the facts that joined the two sides no
// longer count, and the component is resolved as if they had never been.
func (x *Session) Unmerge(ctx context.Context, logID int64, by, reason string) error {
	x.g.mu.Lock()
	defer x.g.mu.Unlock()
	var e LogEntry
	found := false
	err := x.tx.Query(ctx, queries.Get("log_entry"), func(row db.Row) error {
		var err error
		e, err = scanLog(row)
		found = true
		return err
	}, x.ws, logID)
	if err != nil {
		return fmt.Errorf("read identity log: %w", err)
	}
	switch {
	case !found:
		return errs.New(errs.NotFound, "unknown_log_entry", "there is no entry %d in the identity log", logID)
	case e.Rule != "merged":
		return errs.New(errs.Conflict, "not_a_merge", "entry %d is not a merge", logID)
	case e.UndoneAt != 0:
		return errs.New(errs.Conflict, "already_undone", "entry %d was undone already", logID)
	}
	comp, err := x.undo(ctx, &e)
	if err != nil {
		return err
	}
	if _, err := x.tx.Exec(ctx, queries.Get("undo_log"), x.now, x.ws, logID); err != nil {
		return fmt.Errorf("write identity log: %w", err)
	}
	if err := x.recompute(ctx, comp, nil); err != nil {
		return err
	}
	x.addLog(LogEntry{Rule: "split", From: e.From, Into: e.Into, Actors: e.Actors, Fact: e.Fact, ByUser: by, Reason: reason})
	return nil
}

// undo takes out facts until the customer that was absorbed stands alone
// again: first the fact of the merge, then any other that still joins the two.
func (x *Session) undo(ctx context.Context, e *LogEntry) (uint32, error) {
	if len(e.Actors) == 0 {
		return 0, errs.New(errs.Conflict, "cannot_undo", "entry %d does not name what joined the customers", e.ID)
	}
	comp := x.g.comp[e.Actors[0]]
	if err := x.flush(ctx); err != nil { // facts are taken back where they are stored
		return 0, err
	}
	actors, facts, err := x.component(ctx, comp)
	if err != nil {
		return 0, err
	}
	// The two sides: identifiers born on either number.
	left, right := born(actors, e.From), born(actors, e.Into)
	for range len(facts) + 1 {
		out := Resolve(actors, facts, &x.g.set)
		i := joining(facts, &out, e.Fact, left, right)
		if i >= 0 && facts[i].ID != e.Fact && apart(actors, &out, e) {
			i = -1
		}
		if i < 0 {
			return comp, nil
		}
		facts[i].UndoneAt = x.now
		delete(x.g.seen, factKey(facts[i].Kind, facts[i].Actors))
		if _, err := x.tx.Exec(ctx, queries.Get("undo_fact"), x.now, x.ws, int64(comp), facts[i].ID); err != nil {
			return 0, fmt.Errorf("take back fact: %w", err)
		}
	}
	return 0, errors.New("facts cannot be taken apart")
}

func born(actors map[core.ActorID]*Actor, c core.CustomerID) []core.ActorID {
	var out []core.ActorID
	for id, a := range actors {
		if a.Birth == c {
			out = append(out, id)
		}
	}
	return out
}

// apart says whether the customer that was absorbed lives again, and not as
// the one that absorbed it.
func apart(actors map[core.ActorID]*Actor, out *Outcome, e *LogEntry) bool {
	var from, into *Group
	for _, g := range out.Groups {
		switch g.Number {
		case e.From:
			from = g
		case e.Into:
			into = g
		}
	}
	if from == nil || into != nil {
		return from != nil
	}
	// The one that absorbed it was absorbed itself meanwhile.
	return !slices.ContainsFunc(from.Members, func(a core.ActorID) bool {
		return actors[a].Type == core.TypeUserID && actors[a].Birth == e.Into
	})
}

// joining finds the next fact to take out: the named one first, then, while the
// sides share a group, a fact that holds members of that group from both.
func joining(facts []Fact, out *Outcome, named int64, left, right []core.ActorID) int {
	for i := range facts {
		if facts[i].ID == named && facts[i].UndoneAt == 0 {
			return i
		}
	}
	shared := map[*Group]bool{}
	for _, a := range left {
		for _, l := range out.Homes[a] {
			for _, b := range right {
				for _, r := range out.Homes[b] {
					if l.Group == r.Group {
						shared[l.Group] = true
					}
				}
			}
		}
	}
	if len(shared) == 0 {
		return -1
	}
	has := func(list []core.ActorID, f *Fact) bool {
		for _, a := range f.Actors {
			for _, b := range list {
				if a == b {
					return true
				}
			}
		}
		return false
	}
	for i := range facts {
		if facts[i].UndoneAt == 0 && has(left, &facts[i]) && has(right, &facts[i]) {
			return i
		}
	}
	for i := range facts { // joined over identifiers of neither side
		if facts[i].UndoneAt == 0 && has(left, &facts[i]) && len(facts[i].Actors) > 1 {
			for _, a := range facts[i].Actors {
				for _, h := range out.Homes[a] {
					if shared[h.Group] {
						return i
					}
				}
			}
		}
	}
	return -1
}

// Last gives the highest customer number of a workspace.
func (s *Service) Last(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (core.CustomerID, error) {
	var last core.CustomerID
	if err := tx.QueryRow(ctx, queries.Get("last_customer"), []any{ws}, &last); err != nil {
		return 0, fmt.Errorf("read last customer: %w", err)
	}
	return last, nil
}
