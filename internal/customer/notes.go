package customer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Note is what a user wrote about a customer.
type Note struct {
	ID        int64
	Customer  core.CustomerID
	Author    string
	Body      string
	CreatedAt core.Micros
	UpdatedAt core.Micros
}

func checkNote(body string) error {
	if strings.TrimSpace(body) == "" || len(body) > 20_000 {
		return errs.Field("body", "bad_note", "a note has 1 to 20,000 characters")
	}
	return nil
}

// family gives a customer with all numbers that were absorbed into it.
func (s *Service) family(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, c core.CustomerID) ([]core.CustomerID, error) {
	out := []core.CustomerID{c}
	for i := 0; i < len(out) && len(out) < 1000; i++ {
		err := tx.Query(ctx, queries.Get("absorbed_by"), func(row db.Row) error {
			var id core.CustomerID
			if err := row.Scan(&id); err != nil {
				return err
			}
			out = append(out, id)
			return nil
		}, ws, out[i])
		if err != nil {
			return nil, fmt.Errorf("read absorbed customers: %w", err)
		}
	}
	return out, nil
}

// Notes gives the notes on a customer and those absorbed by it, newest first.
func (s *Service) Notes(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) ([]Note, error) {
	var out []Note
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		family, err := s.family(ctx, tx, ws, c)
		if err != nil {
			return err
		}
		args := append([]any{ws}, db.Anys(family)...)
		return tx.Query(ctx, `SELECT id, customer, author, body, created_at, updated_at FROM customer_notes WHERE workspace_id = $1 AND customer IN (`+
			db.List(2, len(family))+`) ORDER BY id DESC`, func(row db.Row) error {
			var n Note
			if err := row.Scan(&n.ID, &n.Customer, &n.Author, &n.Body, &n.CreatedAt, &n.UpdatedAt); err != nil {
				return err
			}
			out = append(out, n)
			return nil
		}, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	return out, nil
}

// AddNote writes a note on a customer.
func (s *Service) AddNote(ctx context.Context, ws core.WorkspaceID, c core.CustomerID, author, body string) (Note, error) {
	if err := checkNote(body); err != nil {
		return Note{}, err
	}
	now := core.FromTime(s.clock.Now())
	n := Note{Customer: c, Author: author, Body: body, CreatedAt: now, UpdatedAt: now}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("last_note"), []any{ws}, &n.ID); err != nil {
			return err
		}
		n.ID++
		_, err := tx.Exec(ctx, queries.Get("insert_note"), ws, n.ID, c, author, body, now)
		return err
	})
	if err != nil {
		return Note{}, fmt.Errorf("add note: %w", err)
	}
	return n, nil
}

// EditNote changes a note's text.
func (s *Service) EditNote(ctx context.Context, ws core.WorkspaceID, c core.CustomerID, id int64, body string) error {
	if err := checkNote(body); err != nil {
		return err
	}
	return s.noteWrite(ctx, "edit note", id, queries.Get("update_note"), body, core.FromTime(s.clock.Now()), ws, id, c)
}

// DeleteNote removes a note.
func (s *Service) DeleteNote(ctx context.Context, ws core.WorkspaceID, c core.CustomerID, id int64) error {
	return s.noteWrite(ctx, "delete note", id, queries.Get("delete_note"), ws, id, c)
}

func (s *Service) noteWrite(ctx context.Context, what string, id int64, query string, args ...any) error {
	var n int64
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		n, err = tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n == 0 {
		return errs.New(errs.NotFound, "unknown_note", "this customer has no note %d", id)
	}
	return nil
}

// Consent is a customer's word about one topic of a channel.
type Consent struct {
	Channel string
	Topic   string
	State   string
	At      core.Micros
	Source  string
}

// strictness orders consent states: of two that meet by a merge, the stricter
// holds until the customer chooses again.
func strictness(state string) int {
	switch state {
	case "unsubscribed":
		return 3
	case "pending":
		return 2
	case "unknown":
		return 1
	}
	return 0
}

// consentKey is what a consent is about.
type consentKey struct{ channel, topic string }

// consentOf is a consent as one number of a family has it.
type consentOf struct {
	Consent
	customer core.CustomerID
}

// merger says into whom a customer was merged, and when.
type merger struct {
	into core.CustomerID
	at   core.Micros
}

// Consents gives a customer's consent. After a merge the stricter state of both
// sides holds until the customer chooses again. Nothing is overwritten for
// that: an un-merge finds what each side had.
func (s *Service) Consents(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) ([]Consent, error) {
	var all []consentOf
	merged := map[core.CustomerID]merger{}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		family, err := s.family(ctx, tx, ws, c)
		if err != nil {
			return err
		}
		in, args := db.List(2, len(family)), append([]any{ws}, db.Anys(family)...)
		err = tx.Query(ctx, `SELECT from_customer, into_customer, at FROM identity_log WHERE workspace_id = $1 AND from_customer IN (`+in+
			`) AND rule = 'merged' AND undone_at = 0 ORDER BY id`, func(row db.Row) error {
			var from core.CustomerID
			var m merger
			if err := row.Scan(&from, &m.into, &m.at); err != nil {
				return err
			}
			merged[from] = m // the latest counts
			return nil
		}, args...)
		if err != nil {
			return err
		}
		return tx.Query(ctx, `SELECT customer, channel, topic, state, at, source FROM consents WHERE workspace_id = $1 AND customer IN (`+in+
			`) ORDER BY channel, topic, at`, func(row db.Row) error {
			var x consentOf
			if err := row.Scan(&x.customer, &x.Channel, &x.Topic, &x.State, &x.At, &x.Source); err != nil {
				return err
			}
			all = append(all, x)
			return nil
		}, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	return strictest(all, merged), nil
}

// strictest gives one consent a channel and topic: of those that the customer
// did not choose anew since, the stricter one, and of equals the later.
func strictest(all []consentOf, merged map[core.CustomerID]merger) []Consent {
	out := []Consent{}
	at := map[consentKey]int{}
	for _, x := range all {
		if outdated(x, all, merged) {
			continue
		}
		k := consentKey{x.Channel, x.Topic}
		i, known := at[k]
		switch {
		case !known:
			at[k] = len(out)
			out = append(out, x.Consent)
		case strictness(x.State) >= strictness(out[i].State):
			out[i] = x.Consent
		}
	}
	return out
}

// outdated says whether somebody whom the customer of x was merged into chose
// about the same after that.
func outdated(x consentOf, all []consentOf, merged map[core.CustomerID]merger) bool {
	since, c := core.Micros(0), x.customer
	for range len(merged) {
		m, ok := merged[c]
		if !ok {
			return false
		}
		c, since = m.into, max(since, m.at)
		for _, o := range all {
			if o.customer == c && o.Channel == x.Channel && o.Topic == x.Topic && o.At > since {
				return true
			}
		}
	}
	return false
}

// SetConsent writes a customer's choices and gives the signals that tell its
// timeline. They hold for the whole customer, also against what customers
// absorbed by it had chosen before.
func (x *Session) SetConsent(ctx context.Context, c core.CustomerID, list []Consent) ([]core.Event, error) {
	for i, k := range list {
		field := fmt.Sprintf("channels[%d]", i)
		switch k.State {
		case "subscribed", "unsubscribed", "pending", "unknown":
		default:
			return nil, errs.Field(field+".state", "bad_state", "a state is subscribed, unsubscribed, pending or unknown")
		}
		if k.Channel == "" || len(k.Channel) > 64 || len(k.Topic) > 100 {
			return nil, errs.Field(field+".channel", "bad_channel", "a channel has 1 to 64 characters, a topic up to 100")
		}
	}
	family, err := x.s.family(ctx, x.tx, x.ws, c)
	if err != nil {
		return nil, fmt.Errorf("write consent: %w", err)
	}
	anchor, err := x.anchor(ctx, c)
	if err != nil {
		return nil, err
	}
	over := slices.DeleteFunc(family, func(n core.CustomerID) bool { return n == c })
	now := core.FromTime(x.s.clock.Now())
	var out []core.Event
	for i, k := range list {
		if _, err := x.tx.Exec(ctx, queries.Get("set_consent"), x.ws, c, k.Channel, k.Topic, k.State, now, k.Source); err != nil {
			return nil, fmt.Errorf("write consent: %w", err)
		}
		props, err := json.Marshal(map[string]any{"channel": k.Channel, "topic": k.Topic, "state": k.State, "source": k.Source, "holder": c, "over": over})
		if err != nil {
			return nil, err
		}
		out = append(out, core.Event{Customer: c, Actor: anchor, Time: now, Received: now, ID: fmt.Sprintf("consent:%d:%d:%d", c, now, i),
			Kind: core.KindSignal, Name: expr.SignalConsent, Props: props})
	}
	return out, nil
}
