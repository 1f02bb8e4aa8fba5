package customer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Actions of an erasure.
const (
	Suppress          = "suppress"            // drop future events of the identifiers
	Delete            = "delete"              // clear all stores
	DeleteAndSuppress = "delete_and_suppress" // both; the default
	Unsuppress        = "unsuppress"          // let the identifiers in again
	Anonymise         = "anonymise"           // keep events without who it was
)

// StoreCount is how much of one store concerned the customer, before and after.
type StoreCount struct {
	Store  string `json:"store"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// Erasure is the receipt of one erasure.
type Erasure struct {
	ID          int64
	Action      string
	Status      string // accepted, filtered, rewritten, verified
	Customer    core.CustomerID
	ByUser      string
	Reason      string
	RequestedAt core.Micros
	VerifiedAt  core.Micros
	Stores      []StoreCount
}

// CheckAction says whether an action is known.
func CheckAction(action string) error {
	switch action {
	case Suppress, Delete, DeleteAndSuppress, Unsuppress, Anonymise:
		return nil
	}
	return errs.Field("action", "unknown_action", "an action is suppress, delete, delete_and_suppress, unsuppress or anonymise")
}

// PersonalProperties are the properties that anonymising takes out of events.
func PersonalProperties() []string {
	return []string{"email", "phone", "name", "first_name", "last_name", "firstName", "lastName", "full_name", "fullName", "username", "address", "birthday", "birthdate", "avatar"}
}

// OpenErasure records a request and, where the action asks for it, puts
// tombstones on the customer's identifiers or takes them away. From the commit
// on, events of suppressed or erased identifiers are kept out.
func (x *Session) OpenErasure(ctx context.Context, c core.CustomerID, action, by, reason string) (*Erasure, []Known, error) {
	ids, err := x.identifiers(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	e := &Erasure{Action: action, Status: "accepted", Customer: c, ByUser: by, Reason: reason, RequestedAt: x.now}
	if err := x.tx.QueryRow(ctx, queries.Get("last_erasure"), []any{x.ws}, &e.ID); err != nil {
		return nil, nil, fmt.Errorf("read erasures: %w", err)
	}
	e.ID++
	if _, err := x.tx.Exec(ctx, queries.Get("insert_erasure"), x.ws, e.ID, e.Action, e.Status, c, by, reason, e.RequestedAt, 0, "[]"); err != nil {
		return nil, nil, fmt.Errorf("write erasure: %w", err)
	}
	x.g.mu.Lock()
	defer x.g.mu.Unlock()
	for _, id := range ids {
		k := keyOf(x.s.secret, core.Identifier{Type: id.Type, Value: id.Value})
		if action == Unsuppress {
			delete(x.g.tombs, k)
			if _, err := x.tx.Exec(ctx, queries.Get("delete_tombstone"), x.ws, k[:]); err != nil {
				return nil, nil, fmt.Errorf("take tombstone away: %w", err)
			}
			continue
		}
		if action == Anonymise {
			continue
		}
		t := tombstone{x.now, action != Delete}
		x.g.tombs[k] = t
		if _, err := x.tx.Exec(ctx, queries.Get("set_tombstone"), x.ws, k[:], t.at, t.suppressed); err != nil {
			return nil, nil, fmt.Errorf("write tombstone: %w", err)
		}
	}
	return e, ids, nil
}

func (x *Session) identifiers(ctx context.Context, c core.CustomerID) ([]Known, error) {
	var out []Known
	err := x.tx.Query(ctx, queries.Get("identifiers_of"), func(row db.Row) error {
		var k Known
		if err := row.Scan(&k.Actor, &k.Type, &k.Value, &k.FirstSeen, &k.ValidFrom); err != nil {
			return err
		}
		out = append(out, k)
		return nil
	}, x.ws, c)
	if err != nil {
		return nil, fmt.Errorf("read identifiers: %w", err)
	}
	return out, nil
}

// Forget removes what this room holds of a customer and those absorbed by it,
// and tells how much. A device that passed to another customer stays with that
// one. The caller loads the graph again after the commit.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, c core.CustomerID) ([]StoreCount, error) {
	family, err := s.family(ctx, tx, ws, c)
	if err != nil {
		return nil, err
	}
	in := db.List(2, len(family))
	args := append([]any{ws}, db.Anys(family)...)
	counts := []StoreCount{}
	run := func(store, statement string) error {
		n, err := tx.Exec(ctx, statement, args...)
		if err != nil {
			return fmt.Errorf("erase %s: %w", store, err)
		}
		counts = append(counts, StoreCount{store, n, 0})
		return nil
	}
	mine := `(SELECT h.actor FROM actor_homes h WHERE h.workspace_id = $1 AND h.customer IN (` + in + `) AND NOT EXISTS (SELECT 1 FROM actor_homes o WHERE o.workspace_id = h.workspace_id AND o.actor = h.actor AND o.customer NOT IN (` + in + `)))`
	actors, err := s.eraseActors(ctx, tx, ws, `SELECT id FROM actors WHERE workspace_id = $1 AND id IN `+mine, args)
	if err != nil {
		return nil, err
	}
	counts = append(counts, StoreCount{"identifiers", actors, 0})
	for _, step := range [][2]string{
		{"notes", `DELETE FROM customer_notes WHERE workspace_id = $1 AND customer IN (` + in + `)`},
		{"consent", `DELETE FROM consents WHERE workspace_id = $1 AND customer IN (` + in + `)`},
		{"identity_facts", `DELETE FROM identity_facts WHERE workspace_id = $1 AND component IN (SELECT a.component FROM actors a WHERE a.workspace_id = $1 AND a.component <> 0 AND a.id IN ` + mine + `)
 AND NOT EXISTS (SELECT 1 FROM actors b JOIN actor_homes o ON o.workspace_id = b.workspace_id AND o.actor = b.id WHERE b.workspace_id = identity_facts.workspace_id AND b.component = identity_facts.component AND b.component <> 0 AND o.customer NOT IN (` + in + `))`},
		{"components", `UPDATE actors SET component = 0 WHERE workspace_id = $1 AND component <> 0 AND id IN ` + mine},
		{"identifier_homes", `DELETE FROM actor_homes WHERE workspace_id = $1 AND customer IN (` + in + `)`},
		{"identity_log", `DELETE FROM identity_log WHERE workspace_id = $1 AND (into_customer IN (` + in + `) OR from_customer IN (` + in + `))`},
		// The numbers stay taken: they are never given to somebody else.
		{"customers", `UPDATE customers SET flags = 2, absorbed_into = 0, identified = FALSE, name = '', email = '', user_id = '', search = '', traits = '{}',
 first_seen = 0, last_seen = 0, events = 0, orders = 0, revenue = 0, last_order = 0 WHERE workspace_id = $1 AND id IN (` + in + `)`},
	} {
		if err := run(step[0], step[1]); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// eraseActors replaces the values of identifiers by random ones. Their numbers
// stay taken.
func (s *Service) eraseActors(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, query string, args []any) (int64, error) {
	var list []Known
	err := tx.Query(ctx, query, func(row db.Row) error {
		var k Known
		err := row.Scan(&k.Actor)
		list = append(list, k)
		return err
	}, args...)
	if err != nil {
		return 0, fmt.Errorf("list identifiers: %w", err)
	}
	return int64(len(list)), scramble(ctx, tx, ws, list)
}

// scramble gives identifiers values that nobody can send.
func scramble(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, ids []Known) error {
	for _, k := range ids {
		b := make([]byte, 16)
		_, _ = rand.Read(b) // never fails
		if _, err := tx.Exec(ctx, queries.Get("rename_actor"), "erased:"+hex.EncodeToString(b), ws, k.Actor); err != nil {
			return fmt.Errorf("replace identifier: %w", err)
		}
	}
	return nil
}

// Anonymise replaces a customer's identifiers by random ones.
func (s *Service) Anonymise(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, c core.CustomerID, ids []Known) ([]StoreCount, error) {
	if err := scramble(ctx, tx, ws, ids); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, queries.Get("blank_customer"), ws, c); err != nil {
		return nil, fmt.Errorf("blank customer: %w", err)
	}
	n, err := tx.Exec(ctx, `DELETE FROM customer_notes WHERE workspace_id = $1 AND customer = $2`, ws, c)
	if err != nil {
		return nil, fmt.Errorf("erase notes: %w", err)
	}
	return []StoreCount{{"identifiers", int64(len(ids)), 0}, {"notes", n, 0}}, nil
}

// CloseErasure writes the receipt.
func (s *Service) CloseErasure(ctx context.Context, ws core.WorkspaceID, e *Erasure) error {
	raw, err := json.Marshal(e.Stores)
	if err != nil {
		return err
	}
	e.Status, e.VerifiedAt = "verified", core.FromTime(s.clock.Now())
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("close_erasure"), e.Status, e.VerifiedAt, string(raw), ws, e.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("write receipt: %w", err)
	}
	return nil
}

// Erasures gives the receipts, newest first.
func (s *Service) Erasures(ctx context.Context, ws core.WorkspaceID) ([]Erasure, error) {
	var out []Erasure
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("erasures"), func(row db.Row) error {
			var e Erasure
			var raw string
			if err := row.Scan(&e.ID, &e.Action, &e.Status, &e.Customer, &e.ByUser, &e.Reason, &e.RequestedAt, &e.VerifiedAt, &raw); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(raw), &e.Stores); err != nil {
				return err
			}
			out = append(out, e)
			return nil
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	return out, nil
}
