package customer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// concerned is an identifier of the customers, with the part of time in which
// it was theirs.
type concerned struct {
	actor   core.ActorID // 0 = never seen
	id      core.Identifier
	whole   bool
	tenures []tenure
}

// tenure is a part of time, half open.
type tenure struct{ from, to core.Micros }

// FilterErasure finds out whom the request concerns and sets the tombstones:
// from the commit on, nothing of what is erased comes in any more. Whoever is
// erased as a whole loses identifiers and row at once, so that a newer event
// starts a new customer. The caller makes reads leave the events out.
func (x *Session) FilterErasure(ctx context.Context, e *Erasure) (*Reach, error) {
	x.g.mu.Lock()
	defer x.g.mu.Unlock()
	asked, err := x.asked(ctx, e)
	if err != nil {
		return nil, err
	}
	ids, err := x.concerned(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := x.noteActors(ctx, e, ids); err != nil {
		return nil, err
	}
	for _, id := range asked {
		ids = append(ids, concerned{id: id, whole: true})
	}
	if err := x.entomb(ctx, e, ids); err != nil {
		return nil, err
	}
	if err := x.strip(ctx, e, ids); err != nil {
		return nil, err
	}
	r, err := x.s.reach(ctx, x.tx, x.ws, e.ID)
	if err != nil {
		return nil, err
	}
	e.Customers, e.Reason = int64(len(r.Mains)), r.Names.Redact(e.Reason)
	e.Status, e.FilteredAt, e.Error = Filtered, x.now, ""
	return r, x.s.SaveErasure(ctx, x.tx, e)
}

// asked resolves the subjects of a request into rows of erasure_customers and
// gives the identifiers that were named.
func (x *Session) asked(ctx context.Context, e *Erasure) ([]core.Identifier, error) {
	subjects, err := x.s.subjectsOf(ctx, x.tx, x.ws, e.ID)
	if err != nil {
		return nil, err
	}
	mains := map[core.CustomerID]bool{}
	var named []core.Identifier
	e.Unknown = 0
	for _, sub := range subjects {
		c := sub.customer
		if c == 0 {
			named = append(named, sub.id)
			if a, ok := x.g.ids[keyOf(x.s.secret, sub.id)]; ok {
				c = x.g.at(a, x.now)
			}
		}
		if c, err = x.survivor(ctx, c); err != nil {
			return nil, err
		}
		if c == 0 {
			e.Unknown++
			continue
		}
		mains[c] = true
	}
	var rows [][]any
	for c := range mains {
		family, err := x.s.family(ctx, x.tx, x.ws, c)
		if err != nil {
			return nil, err
		}
		for i, n := range family {
			rows = append(rows, []any{x.ws, e.ID, n, i == 0})
		}
	}
	err = x.tx.Bulk(ctx, db.Insert{Table: "erasure_customers", Columns: []string{"workspace_id", "erasure", "customer", "main"}, Rows: rows})
	if err != nil {
		return nil, fmt.Errorf("note customers to erase: %w", err)
	}
	return named, nil
}

// survivor follows a number to the customer it stands for; 0 when there is none
// or when it was erased.
func (x *Session) survivor(ctx context.Context, c core.CustomerID) (core.CustomerID, error) {
	for range 100 {
		if c == 0 {
			return 0, nil
		}
		var into core.CustomerID
		var flags int64
		found := false
		err := x.tx.Query(ctx, queries.Get("survivor"), func(row db.Row) error {
			found = true
			return row.Scan(&into, &flags)
		}, x.ws, c)
		switch {
		case err != nil:
			return 0, fmt.Errorf("read customer: %w", err)
		case !found || flags&FlagErased != 0:
			return 0, nil
		case into == 0:
			return c, nil
		}
		c = into
	}
	return 0, nil
}

// concerned lists the identifiers of the customers to erase.
func (x *Session) concerned(ctx context.Context, e *Erasure) ([]concerned, error) {
	theirs := map[core.CustomerID]bool{}
	err := x.tx.Query(ctx, queries.Get("erasure_customers"), func(row db.Row) error {
		var c core.CustomerID
		var main bool
		err := row.Scan(&c, &main)
		theirs[c] = true
		return err
	}, x.ws, e.ID)
	if err != nil {
		return nil, fmt.Errorf("read customers to erase: %w", err)
	}
	var out []concerned
	err = x.tx.Query(ctx, queries.Get("actors_concerned"), func(row db.Row) error {
		c := concerned{whole: true}
		err := row.Scan(&c.actor, &c.id.Type, &c.id.Value)
		homes := x.g.homes(c.actor)
		for i, h := range homes {
			if !theirs[h.Customer] {
				c.whole = false
				continue
			}
			t := tenure{max(h.From, always), math.MaxInt64}
			if i+1 < len(homes) {
				t.to = homes[i+1].From
			}
			c.tenures = append(c.tenures, t)
		}
		out = append(out, c)
		return err
	}, x.ws, e.ID)
	if err != nil {
		return nil, fmt.Errorf("read identifiers to erase: %w", err)
	}
	return out, nil
}

// noteActors keeps the identifiers, encrypted, until the erasure is verified.
func (x *Session) noteActors(ctx context.Context, e *Erasure, ids []concerned) error {
	if !e.Clears() {
		return nil
	}
	rows := make([][]any, 0, len(ids))
	for _, c := range ids {
		sealed := ""
		if c.whole { // what others use too tells nothing about these customers alone
			var err error
			if sealed, err = x.s.seal(c.id); err != nil {
				return err
			}
		}
		rows = append(rows, []any{x.ws, e.ID, c.actor, c.whole, sealed})
	}
	err := x.tx.Bulk(ctx, db.Insert{Table: "erasure_actors", Columns: []string{"workspace_id", "erasure", "actor", "whole", "sealed"}, Rows: rows})
	if err != nil {
		return fmt.Errorf("note identifiers to erase: %w", err)
	}
	return nil
}

// entomb sets or takes away tombstones.
func (x *Session) entomb(ctx context.Context, e *Erasure, ids []concerned) error {
	spans := map[idKey][]erasedSpan{}
	end := x.now + 1
	for _, c := range ids {
		k := keyOf(x.s.secret, c.id)
		if e.Action == Unsuppress {
			if err := x.admit(ctx, k); err != nil {
				return err
			}
			continue
		}
		tenures := c.tenures
		if c.whole {
			tenures = []tenure{{always, math.MaxInt64}}
		}
		for _, t := range tenures {
			if e.Clears() {
				s := erasedSpan{since: t.from, until: min(t.to, end)}
				switch e.Scope.Kind {
				case ScopeRange:
					s.since, s.until = max(s.since, lowest(e.Scope.From)), min(s.until, e.Scope.To)
				case ScopeProperties:
					s.props = e.Scope.Properties
				}
				if s.since < s.until {
					spans[k] = append(spans[k], s)
				}
			}
			if e.Action == Suppress || e.Action == DeleteAndSuppress {
				if t.to == math.MaxInt64 { // theirs now
					spans[k] = append(spans[k], erasedSpan{since: t.from, until: math.MaxInt64, suppressed: true})
				}
			}
		}
	}
	return x.bury(ctx, spans)
}

// lowest gives the beginning for an open end.
func lowest(from core.Micros) core.Micros {
	if from == 0 {
		return always
	}
	return from
}

// strip takes identifiers and what stands in the row of the customers.
func (x *Session) strip(ctx context.Context, e *Erasure, ids []concerned) error {
	if e.Scope.Kind != ScopeCustomer || !e.Clears() {
		return nil
	}
	n := int64(0)
	for _, c := range ids {
		if !c.whole || c.actor == 0 {
			continue
		}
		n++
		delete(x.g.ids, keyOf(x.s.secret, c.id))
		if err := scramble(ctx, x.tx, x.ws, c.actor); err != nil {
			return err
		}
	}
	e.Count("identifiers", n, 0)
	row := "blank_customers"
	if e.Gone() {
		row = "erase_customers"
	}
	for _, step := range [][2]string{{"customers", row}, {"notes", "erase_notes"}, {"consent", "erase_consents"}} {
		n, err := x.tx.Exec(ctx, queries.Get(step[1]), x.ws, e.ID)
		if err != nil {
			return fmt.Errorf("erase %s: %w", step[0], err)
		}
		e.Count(step[0], n, 0)
	}
	t := crowdTx{tx: x.tx, ws: x.ws}
	return t.forget(ctx, -1)
}

// scramble gives an identifier a value that nobody can send. Its number stays
// taken.
func scramble(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, a core.ActorID) error {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	if _, err := tx.Exec(ctx, queries.Get("rename_actor"), "erased:"+hex.EncodeToString(b), ws, a); err != nil {
		return fmt.Errorf("replace identifier: %w", err)
	}
	return nil
}

// ResetSummaries empties the rows of customers that are folded anew in this
// transaction: who has no events left gives no summary.
func (x *Session) ResetSummaries(ctx context.Context, list []core.CustomerID) error {
	t := crowdTx{tx: x.tx, ws: x.ws}
	if err := t.forget(ctx, -1); err != nil {
		return err
	}
	for _, c := range list {
		if _, err := x.tx.Exec(ctx, queries.Get("reset_summary"), x.ws, c); err != nil {
			return fmt.Errorf("reset summary: %w", err)
		}
	}
	return nil
}
