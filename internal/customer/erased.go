package customer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/tidwall/gjson"
)

// always is the since of a span without beginning. It is not the lowest int64,
// whose text SQLite reads as a float.
const always core.Micros = -math.MaxInt64

// erasedSpan is one tombstone of an identifier: what happens to its events with
// a time in [since, until).
type erasedSpan struct {
	since, until core.Micros
	suppressed   bool     // dropped and counted
	props        []string // they lose these properties; none = they are refused
}

func (s *erasedSpan) same(o *erasedSpan) bool {
	return s.since == o.since && s.until == o.until && s.suppressed == o.suppressed && slices.Equal(s.props, o.props)
}

// touches says whether the span concerns an event. One that was received before
// the erasure is older than it, whatever time it claims.
func (s *erasedSpan) touches(at, received core.Micros) bool {
	if at >= s.since && at < s.until {
		return true
	}
	return s.since == always && received != 0 && received < s.until
}

// gate says whether the tombstones of a message's identifiers let it in, and
// takes out of it the properties that were erased.
func (g *graph) gate(keys []idKey, m *core.Message) error {
	if len(g.tombs) == 0 {
		return nil
	}
	var props []string
	var err error
	for _, k := range keys {
		for i := range g.tombs[k] {
			s := &g.tombs[k][i]
			switch {
			case !s.touches(m.Time, m.Received):
			case s.suppressed:
				return ErrSuppressed
			case len(s.props) > 0:
				props = append(props, s.props...)
			default:
				err = ErrErased
			}
		}
	}
	if err == nil && len(props) > 0 {
		m.Props = without(m.Props, props)
	}
	return err
}

// without takes members out of a JSON object.
func without(obj []byte, names []string) []byte {
	out, cut := []byte{'{'}, false
	gjson.ParseBytes(obj).ForEach(func(k, v gjson.Result) bool {
		if slices.Contains(names, k.Str) {
			cut = true
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, k.Raw...), ':'), v.Raw...)
		return true
	})
	if !cut {
		return obj
	}
	return append(out, '}')
}

// bury adds tombstones, in memory and in SQL.
func (x *Session) bury(ctx context.Context, spans map[idKey][]erasedSpan) error {
	var rows [][]any
	for k, list := range spans {
		for _, s := range list {
			if slices.ContainsFunc(x.g.tombs[k], func(o erasedSpan) bool { return s.same(&o) }) {
				continue
			}
			props := ""
			if len(s.props) > 0 {
				text, err := json.Marshal(s.props)
				if err != nil {
					return fmt.Errorf("write tombstone: %w", err)
				}
				props = string(text)
			}
			x.g.tombs[k] = append(x.g.tombs[k], s)
			rows = append(rows, []any{x.ws, k[:], s.since, s.until, s.suppressed, props})
		}
	}
	err := x.tx.Bulk(ctx, db.Insert{Table: "erased_spans", Columns: []string{"workspace_id", "hash", "since", "until", "suppressed", "props"}, Rows: rows,
		Conflict: "ON CONFLICT (workspace_id, hash, since, until, suppressed, props) DO NOTHING"})
	if err != nil {
		return fmt.Errorf("write tombstones: %w", err)
	}
	return nil
}

// admit takes the suppression off an identifier; what was erased stays erased.
func (x *Session) admit(ctx context.Context, k idKey) error {
	x.g.tombs[k] = slices.DeleteFunc(x.g.tombs[k], func(s erasedSpan) bool { return s.suppressed })
	if len(x.g.tombs[k]) == 0 {
		delete(x.g.tombs, k)
	}
	if _, err := x.tx.Exec(ctx, queries.Get("unsuppress"), x.ws, k[:]); err != nil {
		return fmt.Errorf("take tombstone away: %w", err)
	}
	return nil
}

func loadTombs(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, g *graph) error {
	return tx.Query(ctx, queries.Get("load_tombstones"), func(row db.Row) error {
		var hash []byte
		var s erasedSpan
		var props string
		if err := row.Scan(&hash, &s.since, &s.until, &s.suppressed, &props); err != nil {
			return err
		}
		if props != "" {
			if err := json.Unmarshal([]byte(props), &s.props); err != nil {
				return fmt.Errorf("read tombstone: %w", err)
			}
		}
		var k idKey
		copy(k[:], hash)
		g.tombs[k] = append(g.tombs[k], s)
		return nil
	}, ws)
}

// Refused says whether tombstones keep a message out: code is the quarantine
// code, or "" with the counter of a drop. It is for messages that are held for
// another reason: what was erased must not be kept that way either.
func (s *Service) Refused(ws core.WorkspaceID, m *core.Message) (code, counter string) {
	g := s.graph(ws)
	g.mu.RLock()
	defer g.mu.RUnlock()
	if len(g.tombs) == 0 {
		return "", ""
	}
	ids := g.set.identifiersOf(m)
	keys := make([]idKey, len(ids))
	for i, id := range ids {
		keys[i] = keyOf(s.secret, id)
	}
	copied := *m
	var r *refusal
	if errors.As(g.gate(keys, &copied), &r) {
		return r.Refusal()
	}
	return "", ""
}
