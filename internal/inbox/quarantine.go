package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// QuarantineFor is how long quarantined events are kept.
const QuarantineFor = 30 * core.Day

// maxHeldBytes bounds how much of one event is kept. What is cut cannot be
// replayed.
const maxHeldBytes = 256 << 10

// Held is one event in quarantine.
type Held struct {
	ID        int64         `json:"id"`
	Source    core.SourceID `json:"source"`
	Reason    string        `json:"reason"`
	Event     string        `json:"event"`
	MessageID string        `json:"message_id"`
	Received  core.Micros   `json:"received_at"`
	Detail    string        `json:"detail"`
	Raw       string        `json:"raw"`
	// Whole is false when the event was too large to keep, or its body was
	// removed: it cannot be replayed.
	Whole bool `json:"whole"`

	meta     string
	envelope []byte
}

// HeldGroup sums up held events of one reason, event and source.
type HeldGroup struct {
	Source    core.SourceID `json:"source"`
	Reason    string        `json:"reason"`
	Event     string        `json:"event"`
	Count     int64         `json:"count"`
	FirstSeen core.Micros   `json:"first_seen"`
	LastSeen  core.Micros   `json:"last_seen"`
	Samples   []Held        `json:"samples"` // the newest, up to three
}

// HeldFilter chooses held events; zero fields choose all.
type HeldFilter struct {
	IDs    []int64
	Source core.SourceID
	Reason string
	Event  *string
	Before int64 // id: only older ones, for paging
}

// where writes the conditions of f after workspace_id = $1.
func (f HeldFilter) where(ws core.WorkspaceID) (string, []any) {
	text, args := "workspace_id = $1", []any{ws}
	add := func(condition string, v any) {
		args = append(args, v)
		text += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Source != 0 {
		add("source_id = $%d", f.Source)
	}
	if f.Reason != "" {
		add("reason = $%d", f.Reason)
	}
	if f.Event != nil {
		add("event = $%d", *f.Event)
	}
	if f.Before != 0 {
		add("id < $%d", f.Before)
	}
	if len(f.IDs) > 0 {
		text += " AND id IN (" + db.List(len(args)+1, len(f.IDs)) + ")"
		args = append(args, db.Anys(f.IDs)...)
	}
	return text, args
}

// hold writes events to quarantine.
func (s *Service) hold(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, events []held) error {
	if len(events) == 0 {
		return nil
	}
	in := db.Insert{Table: "quarantine", Columns: []string{
		"workspace_id", "id", "source_id", "reason", "event", "message_id", "received_at", "detail", "whole", "meta", "envelope", "raw",
	}}
	for _, h := range events {
		raw, envelope, whole := h.content()
		meta := h.batch.meta
		if h.code == CodeErasedIdentity { // nothing of an erased customer is kept
			h.id, meta = "", Meta{Shape: meta.Shape, Source: meta.Source}
		}
		meta.MessageID = h.id
		meta.Unknown, meta.Mismatch = false, false
		meta.Rate, meta.Hashed, meta.Print = h.rate, h.hashed(), h.print
		if h.batch.result.PostHog {
			meta.PostHog = true
		}
		text, err := json.Marshal(meta)
		if err != nil {
			return fmt.Errorf("write quarantine meta: %w", err)
		}
		in.Rows = append(in.Rows, []any{
			ws, s.nextID(), h.batch.row.source, h.code, clean8(h.name, MaxNameRunes), clean8(h.id, MaxIDRunes), h.batch.received,
			clean8(h.message, 500), whole, string(text), envelope, raw,
		})
	}
	if err := tx.Bulk(ctx, in); err != nil {
		return fmt.Errorf("write quarantine: %w", err)
	}
	return nil
}

// clean8 makes text safe to store.
func clean8(s string, n int) string {
	return clip(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""), n)
}

// content gives what may be kept of an event: nothing of an erased customer,
// and only what the property rules leave.
func (h *held) content() (raw, envelope []byte, whole bool) {
	if h.code == CodeErasedIdentity {
		return []byte{}, []byte{}, false
	}
	raw = h.raw
	p, policy := h.rules(), h.batch.meta.IPPolicy
	if len(raw) > maxHeldBytes || h.code == CodeUnreadable {
		if p != nil {
			raw = nil // rules that must be applied cannot be
		}
		return append([]byte{}, raw[:min(len(raw), maxHeldBytes)]...), []byte{}, false
	}
	if h.code != CodeTooDeep {
		raw = p.event(h.id, raw, policy)
	} else if p != nil {
		return []byte{}, []byte{}, false // too deep to apply rules that must be applied
	}
	envelope = []byte{}
	if h.batch.envelope != nil {
		envelope = rewrite(h.batch.envelope, func(key string, val []byte) []byte {
			if key == "context" {
				return p.context(h.id, val, policy)
			}
			return val
		})
	}
	return raw, envelope, true
}

// rules gives the property rules for an event. Those of a batch that could not
// be parsed are its source's.
func (h *held) rules() *propertyRules {
	if h.batch.properties == nil {
		return h.batch.source.rules.properties
	}
	return h.batch.properties
}

// hashed gives the properties that content hashes, and those hashed before.
func (h *held) hashed() []string {
	out := slices.Clone(h.batch.meta.Hashed)
	if p := h.rules(); p != nil && h.code != CodeTooDeep {
		for _, path := range p.hashed {
			if !slices.Contains(out, path) {
				out = append(out, path)
			}
		}
	}
	return out
}

// QuarantineGroups sums up quarantine by reason, event and source, the most
// recent first, up to limit groups.
func (s *Service) QuarantineGroups(ctx context.Context, ws core.WorkspaceID, f HeldFilter, limit int) ([]HeldGroup, error) {
	where, args := f.where(ws)
	args = append(args, limit)
	query := fmt.Sprintf(`SELECT reason, event, source_id, count(*), min(received_at), max(received_at) FROM quarantine WHERE %s
GROUP BY reason, event, source_id ORDER BY max(received_at) DESC, reason, event, source_id LIMIT $%d`, where, len(args))
	var out []HeldGroup
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		err := tx.Query(ctx, query, func(row db.Row) error {
			var g HeldGroup
			if err := row.Scan(&g.Reason, &g.Event, &g.Source, &g.Count, &g.FirstSeen, &g.LastSeen); err != nil {
				return err
			}
			out = append(out, g)
			return nil
		}, args...)
		if err != nil {
			return err
		}
		for i := range out {
			g := &out[i]
			g.Samples, err = s.held(ctx, tx, ws, HeldFilter{Source: g.Source, Reason: g.Reason, Event: &g.Event}, 3)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("group quarantine: %w", err)
	}
	return out, nil
}

// ListQuarantine gives held events, newest first.
func (s *Service) ListQuarantine(ctx context.Context, ws core.WorkspaceID, f HeldFilter, limit int) ([]Held, error) {
	var out []Held
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = s.held(ctx, tx, ws, f, limit)
		return err
	})
	return out, err
}

func (s *Service) held(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, f HeldFilter, limit int) ([]Held, error) {
	where, args := f.where(ws)
	args = append(args, limit)
	query := fmt.Sprintf(`SELECT id, source_id, reason, event, message_id, received_at, detail, whole, meta, envelope, raw FROM quarantine
WHERE %s ORDER BY id DESC LIMIT $%d`, where, len(args))
	var out []Held
	err := tx.Query(ctx, query, func(row db.Row) error {
		var h Held
		var raw []byte
		if err := row.Scan(&h.ID, &h.Source, &h.Reason, &h.Event, &h.MessageID, &h.Received, &h.Detail, &h.Whole, &h.meta, &h.envelope, &raw); err != nil {
			return err
		}
		h.Raw = strings.ToValidUTF8(string(raw), "\uFFFD")
		if h.Whole {
			h.Raw = string(raw)
		}
		out = append(out, h)
		return nil
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("read quarantine: %w", err)
	}
	return out, nil
}

// DeleteQuarantine removes held events and tells how many.
func (s *Service) DeleteQuarantine(ctx context.Context, ws core.WorkspaceID, f HeldFilter) (int64, error) {
	where, args := f.where(ws)
	var n int64
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, "DELETE FROM quarantine WHERE "+where, args...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete from quarantine: %w", err)
	}
	return n, nil
}

// replayStep is how many held events go back in one transaction.
const replayStep = 200

// Replay sends held events through the inbox again, with the time they were
// received and their message ids, and takes them out of quarantine. What still
// breaks a rule comes back. It tells how many were sent; events that are not
// whole stay.
func (s *Service) Replay(ctx context.Context, ws core.WorkspaceID, f HeldFilter) (int, error) {
	total := 0
	for {
		n, oldest := 0, int64(0)
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			n, oldest = 0, 0
			found, err := s.held(ctx, tx, ws, f, replayStep)
			if err != nil || len(found) == 0 {
				return err
			}
			oldest = found[len(found)-1].ID
			n, err = s.resend(ctx, tx, ws, found)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("replay quarantine: %w", err)
		}
		total += n
		if oldest == 0 {
			break
		}
		f.Before = oldest
	}
	if total > 0 {
		s.signal(s.wake)
	}
	return total, nil
}

// resend makes an inbox row of each whole event and deletes it here.
func (s *Service) resend(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, found []Held) (int, error) {
	var ids []int64
	var size int64
	for _, h := range found {
		if !h.Whole {
			continue
		}
		var meta Meta
		if err := json.Unmarshal([]byte(h.meta), &meta); err != nil {
			return 0, fmt.Errorf("read meta of held event %d: %w", h.ID, err)
		}
		meta.Replayed = true
		body := []byte(h.Raw)
		if meta.Shape == ShapeBatch {
			body = wrapEvent(h.envelope, body)
		}
		text, err := json.Marshal(meta)
		if err != nil {
			return 0, err
		}
		r := &row{ws: ws, id: s.nextID(), source: h.Source, received: h.Received, events: 1, size: int64(len(body)), meta: string(text), body: body}
		if err := s.insertRow(ctx, tx, r); err != nil {
			return 0, err
		}
		ids = append(ids, h.ID)
		size += r.size
	}
	if len(ids) == 0 {
		return 0, nil
	}
	where, args := HeldFilter{IDs: ids}.where(ws)
	if _, err := tx.Exec(ctx, "DELETE FROM quarantine WHERE "+where, args...); err != nil {
		return 0, err
	}
	n := int64(len(ids))
	tx.AfterCommit(func() { s.load.add(n, n, size) })
	return len(ids), nil
}

// wrapEvent makes a batch of one event in its envelope.
func wrapEvent(envelope, event []byte) []byte {
	out := []byte(`{"batch":[`)
	out = append(append(out, event...), ']')
	if len(envelope) > 2 {
		out = append(append(out, ','), envelope[1:len(envelope)-1]...)
	}
	return append(out, '}')
}
