package app

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/segment"
	"github.com/zeebo/xxh3"
)

// Report is what a verification found.
type Report struct {
	Problems                                            []string
	Events, Customers, Spells, Stays, Members, Refolded int64
}

func (r *Report) add(format string, args ...any) {
	if len(r.Problems) < 1000 {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// Verify re-checks an installation: event files against the manifest, events
// stored twice, references between tables, stage spells, stays in segments,
// members of segments against an evaluation of all history, and the saved fold
// states of sample customers (0 = all) against a refold.
func (a *App) Verify(ctx context.Context, sample int) (*Report, error) {
	r := &Report{}
	problems, err := a.Timeline.Verify(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		r.add("timeline: %s", p)
	}
	spaces, err := a.Access.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range spaces {
		for _, step := range []func(context.Context, core.WorkspaceID, *Report) error{a.verifyEvents, a.verifyReferences, a.verifySpells, a.verifyStays, a.verifyMembers} {
			if err := step(ctx, w.ID, r); err != nil {
				return nil, fmt.Errorf("verify workspace %d: %w", w.ID, err)
			}
		}
		if err := a.verifyStates(ctx, w.ID, sample, r); err != nil {
			return nil, fmt.Errorf("verify workspace %d: %w", w.ID, err)
		}
	}
	return r, nil
}

// verifyEvents looks for the same message stored twice. Messages that reused an
// id with another content carry a flag and are no doubles.
func (a *App) verifyEvents(ctx context.Context, ws core.WorkspaceID, r *Report) error {
	seen := map[uint64]struct{}{}
	return a.Timeline.Scan(ctx, timeline.Request{Workspace: ws, Workers: 1, Columns: []string{timeline.ColID, timeline.ColSource, timeline.ColFlags, timeline.ColActor}},
		func(_ int, c core.CustomerID, rows *timeline.Rows) error {
			for i := range rows.Time {
				r.Events++
				if home := a.Customers.Home(ws, core.ActorID(rows.Actor[i]), rows.Time[i]); home != c {
					r.add("event %q is read under customer %d, but its identifier %d belongs to customer %d", rows.ID[i], c, rows.Actor[i], home)
				}
				if core.Flags(rows.Flags[i])&(core.FlagIDConflict|core.FlagNoMessageID) != 0 {
					continue
				}
				h := xxh3.HashString(fmt.Sprint(rows.Source[i], "\x00", rows.ID[i]))
				if _, twice := seen[h]; twice {
					r.add("event %q of source %d is stored twice (customer %d)", rows.ID[i], rows.Source[i], c)
				}
				seen[h] = struct{}{}
			}
			return nil
		})
}

// verifyReferences checks that what points somewhere points to something.
func (a *App) verifyReferences(ctx context.Context, ws core.WorkspaceID, r *Report) error {
	wrong, err := a.Customers.WrongBlocks(ctx, ws)
	if err != nil {
		return err
	}
	for _, n := range wrong {
		r.add("the list of who there is differs from the customers in block %d", n)
	}
	checks := map[string]string{
		"identifier %d has no customer":                       `SELECT a.id FROM actors a LEFT JOIN actor_homes h ON h.workspace_id = a.workspace_id AND h.actor = a.id WHERE a.workspace_id = $1 AND h.actor IS NULL AND a.value NOT LIKE 'erased:%'`,
		"identifier %d lives in a customer that is not there": `SELECT h.actor FROM actor_homes h LEFT JOIN customers c ON c.workspace_id = h.workspace_id AND c.id = h.customer WHERE h.workspace_id = $1 AND c.id IS NULL`,
		"identifier %d lives in a customer that was absorbed": `SELECT h.actor FROM actor_homes h JOIN customers c ON c.workspace_id = h.workspace_id AND c.id = h.customer WHERE h.workspace_id = $1 AND c.absorbed_into <> 0`,
		"fold state of customer %d, who is not there":         `SELECT f.customer FROM fold_states f LEFT JOIN customers c ON c.workspace_id = f.workspace_id AND c.id = f.customer WHERE f.workspace_id = $1 AND (c.id IS NULL OR c.absorbed_into <> 0)`,
		"stage spell of customer %d, who is not there":        `SELECT DISTINCT s.customer FROM stage_spells s LEFT JOIN customers c ON c.workspace_id = s.workspace_id AND c.id = s.customer WHERE s.workspace_id = $1 AND (c.id IS NULL OR c.absorbed_into <> 0)`,
		"segment stay of customer %d, who is not there":       `SELECT DISTINCT s.customer FROM segment_stays s LEFT JOIN customers c ON c.workspace_id = s.workspace_id AND c.id = s.customer WHERE s.workspace_id = $1 AND (c.id IS NULL OR c.absorbed_into <> 0)`,
		"survivor of customer %d is not there":                `SELECT x.id FROM customers x LEFT JOIN customers c ON c.workspace_id = x.workspace_id AND c.id = x.absorbed_into WHERE x.workspace_id = $1 AND x.absorbed_into <> 0 AND c.id IS NULL`,
	}
	return a.DB.Read(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM customers WHERE workspace_id = $1 AND absorbed_into = 0`, []any{ws}, &r.Customers); err != nil {
			return err
		}
		for text, q := range checks {
			err := tx.Query(ctx, q+" LIMIT 20", func(row db.Row) error {
				var id int64
				if err := row.Scan(&id); err != nil {
					return err
				}
				r.add(text, id)
				return nil
			}, ws)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// verifySpells checks that the stays of a customer follow each other.
func (a *App) verifySpells(ctx context.Context, ws core.WorkspaceID, r *Report) error {
	for _, m := range a.Lifecycle.Models(ws) {
		spans, err := a.Lifecycle.Spans(ctx, ws, m)
		if err != nil {
			return err
		}
		r.Spells += int64(len(spans))
		for i, s := range spans {
			switch {
			case s.Left < s.Entered:
				r.add("stage model %d, customer %d, spell %d ends before it begins", m.ID, s.Customer, s.N)
			case i > 0 && spans[i-1].Customer == s.Customer && (s.N != spans[i-1].N+1 || s.Entered < spans[i-1].Left):
				r.add("stage model %d, customer %d: spell %d does not follow the one before", m.ID, s.Customer, s.N)
			case (i == 0 || spans[i-1].Customer != s.Customer) && s.N != 1:
				r.add("stage model %d, customer %d: the first spell is number %d", m.ID, s.Customer, s.N)
			}
		}
	}
	return nil
}

// verifyStays checks that the stays of a customer in a segment follow each other.
func (a *App) verifyStays(ctx context.Context, ws core.WorkspaceID, r *Report) error {
	for _, g := range a.Segments.Segments(ws) {
		spans, err := a.Segments.Spans(ctx, ws, g)
		if err != nil {
			return err
		}
		r.Stays += int64(len(spans))
		for i, s := range spans {
			n, after := int64(1), core.Micros(math.MinInt64)
			if i > 0 && spans[i-1].Customer == s.Customer {
				n, after = spans[i-1].N+1, spans[i-1].Left
			}
			if s.Left < s.Entered || s.N != n || s.Entered < after {
				r.add("segment %d, customer %d: stay %d does not follow the one before, or ends before it begins", g.ID, s.Customer, s.N)
			}
		}
	}
	return nil
}

// verifyMembers compares who is in each segment with who satisfies its condition
// over all history. Customers whose moment came while no server ran are left out:
// they move when it starts.
func (a *App) verifyMembers(ctx context.Context, ws core.WorkspaceID, r *Report) error {
	all := a.Segments.Segments(ws)
	if slices.ContainsFunc(all, func(g segment.Segment) bool { return g.Building || g.Filling }) {
		return nil // one may rest on another
	}
	type difference struct {
		segment int64
		c       core.CustomerID
		in      bool
	}
	var found []difference
	for _, g := range all {
		stored, err := a.Segments.Members(ctx, ws, g)
		if err != nil {
			return err
		}
		want, err := a.Segments.Evaluate(ctx, ws, g.When, 0)
		if err != nil {
			return err
		}
		r.Members += int64(len(stored))
		for c, in := range differing(stored, want) {
			found = append(found, difference{g.ID, c, in})
		}
	}
	due, err := a.due(ctx, ws) // at last, so that no moment comes in between
	if err != nil {
		return err
	}
	for _, d := range found {
		if !due[d.c] {
			r.add("segment %d: customer %d is in it: %v; all history says otherwise", d.segment, d.c, d.in)
		}
	}
	return nil
}

// due gives the customers whose timer has run out.
func (a *App) due(ctx context.Context, ws core.WorkspaceID) (map[core.CustomerID]bool, error) {
	due := map[core.CustomerID]bool{}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, `SELECT customer FROM fold_states WHERE workspace_id = $1 AND due IS NOT NULL AND due <= $2`, func(row db.Row) error {
			var c core.CustomerID
			err := row.Scan(&c)
			due[c] = true
			return err
		}, ws, core.FromTime(a.Clock.Now()))
	})
	if err != nil {
		return nil, fmt.Errorf("read timers: %w", err)
	}
	return due, nil
}

// differing gives whom only one of two rising lists has, and whether it is the
// first.
func differing(a, b []core.CustomerID) map[core.CustomerID]bool {
	out := map[core.CustomerID]bool{}
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			out[a[0]], a = true, a[1:]
		case len(a) == 0 || b[0] < a[0]:
			out[b[0]], b = false, b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// verifyStates folds customers anew and compares with what was saved live.
func (a *App) verifyStates(ctx context.Context, ws core.WorkspaceID, sample int, r *Report) error {
	var ids []core.CustomerID
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, `SELECT customer FROM fold_states WHERE workspace_id = $1 ORDER BY customer`, func(row db.Row) error {
			var c core.CustomerID
			if err := row.Scan(&c); err != nil {
				return err
			}
			ids = append(ids, c)
			return nil
		}, ws)
	})
	if err != nil {
		return err
	}
	step := 1
	if sample > 0 && len(ids) > sample {
		step = len(ids) / sample
	}
	for i := 0; i < len(ids); i += step {
		saved, again, err := a.Pipeline.Refold(ctx, ws, ids[i])
		if err != nil {
			return fmt.Errorf("refold customer %d: %w", ids[i], err)
		}
		r.Refolded++
		for m, want := range again {
			if !bytes.Equal(saved[m], want) {
				r.add("fold state of customer %d for machine %d differs from a refold", ids[i], m)
			}
		}
	}
	return nil
}
