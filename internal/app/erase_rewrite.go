package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// eraseSteps is how many stores the progress of an erasure counts: those of
// eraseRewrite, the rewrite of the database, the proof.
const eraseSteps = 8

// eraseRewrite takes the data out of every store. It can be repeated: what an
// attempt did stays done.
func (a *App) eraseRewrite(ctx context.Context, e *customer.Erasure) error {
	if !e.Clears() {
		return nil
	}
	r, err := a.Customers.Reach(ctx, e.Workspace, e.ID)
	if err != nil {
		return err
	}
	report, done := a.work.Start(e.Workspace, "erasure", fmt.Sprintf("Erasure %d", e.ID))
	defer done()
	for i, step := range []func(context.Context, *customer.Erasure, *customer.Reach) error{
		a.eraseInbox, a.eraseFold, a.eraseEvents, a.eraseQuarantine, a.eraseImports, a.eraseIdentity,
	} {
		report(int64(i), eraseSteps)
		if err := a.Customers.ErasureProgress(ctx, e, int64(i), eraseSteps); err != nil {
			return err
		}
		if err := step(ctx, e, r); err != nil {
			return err
		}
	}
	e.Done = eraseSteps - 2
	return nil
}

// eraseClean makes the database forget deleted rows, once for all erasures that
// wait for it, and marks them as rewritten.
func (a *App) eraseClean(ctx context.Context, list []*customer.Erasure) []*customer.Erasure {
	needed := slices.ContainsFunc(list, func(e *customer.Erasure) bool { return e.Status == customer.Filtered && e.Clears() })
	var failed error
	if needed {
		failed = a.DB.Clean(ctx)
	}
	return a.eraseEach(ctx, list, customer.Filtered, func(ctx context.Context, e *customer.Erasure) error {
		if failed != nil {
			return failed
		}
		e.Status, e.RewrittenAt, e.Error = customer.Rewritten, core.FromTime(a.Clock.Now()), ""
		e.Total = eraseSteps
		e.Done = eraseSteps - 1
		if err := a.DB.Write(ctx, func(tx *db.Tx) error { return a.Customers.SaveErasure(ctx, tx, e) }); err != nil {
			return err
		}
		a.Timeline.Show(e.Workspace, e.ID)
		return nil
	})
}

// eraseInbox waits until what was accepted before the tombstones is processed:
// they keep it out.
func (a *App) eraseInbox(ctx context.Context, e *customer.Erasure, r *customer.Reach) error {
	_, hits, err := a.Inbox.Naming(ctx, e.Workspace, e.FilteredAt+1, r.Names.In)
	if err != nil {
		return err
	}
	for {
		p, err := a.Inbox.PendingOf(ctx, e.Workspace)
		if err != nil {
			return err
		}
		if p.Oldest == 0 || p.Oldest > e.FilteredAt {
			e.Count("inbox", hits, 0)
			return nil
		}
		n, err := a.Pipeline.Step(ctx, e.Workspace)
		if err != nil {
			return fmt.Errorf("process the inbox: %w", err)
		}
		if n == 0 && ctx.Err() == nil {
			if p, err = a.Inbox.PendingOf(ctx, e.Workspace); err == nil && p.Oldest != 0 && p.Oldest <= e.FilteredAt {
				err = errors.New("events accepted before the erasure cannot be processed")
			}
			if err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// eraseFold folds many customers anew, in parts. Few were folded when the
// tombstones were set.
func (a *App) eraseFold(ctx context.Context, e *customer.Erasure, r *customer.Reach) error {
	if e.Gone() || len(r.Mains) <= foldAtOnce {
		return nil
	}
	return a.foldAnew(ctx, e.Workspace, r.Mains)
}

func (a *App) foldAnew(ctx context.Context, ws core.WorkspaceID, list []core.CustomerID) error {
	return a.foldParts(ctx, ws, list, func(s pipeline.Session, part []core.CustomerID) error {
		x, ok := s.(*customer.Session)
		if !ok {
			return errors.New("identity session is of another kind")
		}
		return x.ResetSummaries(ctx, part)
	})
}

// foldParts folds customers anew, some in a transaction; before is called in it
// first.
func (a *App) foldParts(ctx context.Context, ws core.WorkspaceID, list []core.CustomerID, before func(s pipeline.Session, part []core.CustomerID) error) error {
	for part := range slices.Chunk(list, foldAtOnce) {
		err := a.Pipeline.Do(ctx, ws, func(_ *db.Tx, s pipeline.Session) ([]core.CustomerID, error) { return part, before(s, part) })
		if err != nil {
			return fmt.Errorf("fold customers anew: %w", err)
		}
	}
	return nil
}

// eraseEvents rewrites tail and files. Nothing changes in identity meanwhile.
func (a *App) eraseEvents(ctx context.Context, e *customer.Erasure, r *customer.Reach) error {
	if len(r.Mains) == 0 {
		return nil
	}
	spec := eraseSpec(e, r)
	merged := false
	err := func() error {
		defer a.Pipeline.Hold(e.Workspace)()
		if now := a.Customers.Now(e.Workspace, r.Whole); !e.Gone() && !subset(now, r.Mains) {
			// Somebody absorbed a customer meanwhile: only what these
			// identifiers tracked was meant.
			merged = true
			spec.Customers, spec.Actors = now, r.Whole
		}
		counts, err := a.Timeline.Erase(ctx, e.Workspace, spec)
		if err != nil {
			return err
		}
		for _, c := range counts {
			e.Count("timeline_"+c.Store, c.Before, c.After)
		}
		return nil
	}()
	if err != nil {
		return fmt.Errorf("erase events: %w", err)
	}
	if merged {
		return a.foldAnew(ctx, e.Workspace, spec.Customers)
	}
	return nil
}

func subset(list, of []core.CustomerID) bool {
	return !slices.ContainsFunc(list, func(c core.CustomerID) bool { return !slices.Contains(of, c) })
}

// eraseQuarantine removes held events that name somebody, whatever their time.
func (a *App) eraseQuarantine(ctx context.Context, e *customer.Erasure, r *customer.Reach) error {
	ids, err := a.Inbox.HeldNaming(ctx, e.Workspace, e.FilteredAt+1, r.Names.In)
	if err != nil {
		return err
	}
	n, err := a.Inbox.ForgetHeld(ctx, e.Workspace, ids)
	e.Count("quarantine", n, 0)
	return err
}

func (a *App) eraseImports(ctx context.Context, e *customer.Erasure, r *customer.Reach) error {
	got, err := a.Imports.Forget(ctx, e.Workspace, r.Names.In)
	if err != nil {
		return err
	}
	e.Count("import_rejects", got.Rejects, 0)
	e.Count("import_files", got.Uploads+int64(len(got.Kept)), int64(len(got.Kept)))
	e.Kept = nil
	for _, k := range got.Kept {
		e.Kept = append(e.Kept, customer.Kept{Import: k.Import, File: k.File})
	}
	return nil
}

// eraseIdentity clears the identity graph, which had to tell whose events are
// whose until they were gone.
func (a *App) eraseIdentity(ctx context.Context, e *customer.Erasure, r *customer.Reach) error {
	defer a.Pipeline.Hold(e.Workspace)()
	err := a.DB.Write(ctx, func(tx *db.Tx) error {
		if e.Gone() {
			if err := a.eraseStates(ctx, tx, e, r); err != nil {
				return err
			}
		}
		return a.Customers.Forget(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("erase identity: %w", err)
	}
	a.eraseMemory(e, r)
	return a.Customers.Load(ctx, e.Workspace)
}

// leftError says that the proof found something: the rewrite is repeated.
type leftError struct{ stores []string }

func (l *leftError) Error() string {
	return fmt.Sprintf("the check found something left in %v; it is rewritten again", l.stores)
}

// eraseVerify proves that nothing is left, by a scan of every store.
func (a *App) eraseVerify(ctx context.Context, e *customer.Erasure) error {
	if !e.Clears() {
		return a.Customers.CloseErasure(ctx, e)
	}
	r, err := a.Customers.Reach(ctx, e.Workspace, e.ID)
	if err != nil {
		return err
	}
	left, err := a.Customers.LeftOfErasure(ctx, e)
	if err != nil {
		return err
	}
	for _, look := range []func(context.Context, *customer.Erasure, *customer.Reach, map[string]int64) error{a.leftInTimeline, a.leftInStates, a.leftAtDoor} {
		if err := look(ctx, e, r, left); err != nil {
			return err
		}
	}
	found := &leftError{}
	for store, n := range left {
		e.Count(store, n, n)
		if n > 0 {
			found.stores = append(found.stores, store)
		}
	}
	if len(found.stores) > 0 {
		slices.Sort(found.stores)
		return found
	}
	return a.Customers.CloseErasure(ctx, e)
}

func (a *App) leftInTimeline(ctx context.Context, e *customer.Erasure, r *customer.Reach, left map[string]int64) error {
	specs := []timeline.EraseSpec{eraseSpec(e, r)}
	if e.Gone() && len(r.Whole) > 0 { // under whatever number
		specs = append(specs, timeline.EraseSpec{Actors: r.Whole})
	}
	for _, spec := range specs {
		if len(spec.Customers) == 0 && len(spec.Actors) == 0 {
			continue
		}
		counts, err := a.Timeline.Left(ctx, e.Workspace, spec)
		if err != nil {
			return err
		}
		for _, c := range counts {
			left["timeline_"+c.Store] += c.After
		}
	}
	return nil
}

func (a *App) leftInStates(ctx context.Context, e *customer.Erasure, _ *customer.Reach, left map[string]int64) error {
	if !e.Gone() {
		return nil
	}
	return a.DB.Read(ctx, func(tx *db.Tx) error {
		for _, table := range []string{"fold_states", "stage_spells", "segment_stays"} {
			var n int64
			err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM `+table+` WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)`,
				[]any{e.Workspace, e.ID}, &n)
			if err != nil {
				return fmt.Errorf("look through %s: %w", table, err)
			}
			left[table] = n
		}
		return nil
	})
}

// leftAtDoor looks where events and rows wait that nobody owns yet.
func (a *App) leftAtDoor(ctx context.Context, e *customer.Erasure, r *customer.Reach, left map[string]int64) error {
	_, hits, err := a.Inbox.Naming(ctx, e.Workspace, e.FilteredAt+1, r.Names.In)
	if err != nil {
		return err
	}
	held, err := a.Inbox.HeldNaming(ctx, e.Workspace, e.FilteredAt+1, r.Names.In)
	if err != nil {
		return err
	}
	got, err := a.Imports.Naming(ctx, e.Workspace, r.Names.In)
	if err != nil {
		return err
	}
	left["inbox"], left["quarantine"], left["import_rejects"], left["import_files"] = hits, int64(len(held)), got.Rejects, got.Uploads
	return nil
}
