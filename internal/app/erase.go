package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// How long an erasure that failed waits for the next attempt, and how often the
// worker looks without being woken.
const (
	eraseRetry    = time.Minute
	eraseRetryMax = time.Hour
	eraseLook     = 30 * time.Second
)

// Erasures carries out what was requested until ctx ends. What a stopped process
// left undone is taken up first.
func (a *App) Erasures(ctx context.Context) error {
	for {
		if err := a.EraseRound(ctx, customer.Verified); err != nil && ctx.Err() == nil {
			a.Log.Error("erasures cannot be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.Customers.ErasureWake():
		case <-a.Clock.After(eraseLook):
		}
	}
}

// EraseRound brings every unfinished erasure that is due as far as the status
// upto. First all are filtered, so that reads leave the data out as soon as can
// be; the rewrite of the database is shared. One that fails keeps its status
// and the error, and is tried again later.
func (a *App) EraseRound(ctx context.Context, upto string) error {
	all, err := a.Customers.UnfinishedErasures(ctx)
	if err != nil {
		return err
	}
	var list []*customer.Erasure
	for i := range all {
		if a.eraseDue(&all[i]) {
			list = append(list, &all[i])
		}
	}
	list = a.eraseEach(ctx, list, customer.Accepted, a.eraseFilter)
	if upto == customer.Filtered {
		return nil
	}
	waiting := a.eraseEach(ctx, list, customer.Filtered, a.eraseRewrite)
	if waiting = a.eraseClean(ctx, waiting); upto == customer.Rewritten {
		return nil
	}
	a.eraseEach(ctx, waiting, customer.Rewritten, a.eraseVerify)
	return nil
}

func (a *App) eraseDue(e *customer.Erasure) bool {
	if e.Error == "" {
		return true
	}
	wait := min(eraseRetry<<min(e.Attempts, 10), eraseRetryMax)
	return a.Clock.Now().Sub(core.ToTime(e.FailedAt)) >= wait
}

// eraseEach runs a step on those erasures that have a status and gives all that
// did not fail.
func (a *App) eraseEach(ctx context.Context, list []*customer.Erasure, status string, step func(context.Context, *customer.Erasure) error) []*customer.Erasure {
	var good []*customer.Erasure
	for _, e := range list {
		if e.Status == status {
			done := *e
			done.Stores = append([]customer.StoreCount{}, e.Stores...)
			if err := step(ctx, &done); err != nil {
				a.eraseFailed(ctx, e, err)
				continue
			}
			*e = done
		}
		good = append(good, e)
	}
	return good
}

// eraseFailed keeps the error for those who look. It must not name anybody.
func (a *App) eraseFailed(ctx context.Context, e *customer.Erasure, err error) {
	if ctx.Err() != nil {
		return // the process stops: the next one goes on
	}
	a.Log.Error("erasure failed; it is tried again", "workspace", e.Workspace, "erasure", e.ID, "status", e.Status, "error", err)
	text := err.Error()
	r, rerr := a.Customers.Reach(ctx, e.Workspace, e.ID)
	if rerr == nil {
		text = r.Names.Redact(text)
	}
	var left *leftError
	if errors.As(err, &left) {
		e.Status = customer.Filtered // rewrite again, and nobody reads what is left until then
		if rerr == nil {
			a.Timeline.Hide(e.Workspace, e.ID, eraseSpec(e, r))
		}
	}
	if err := a.Customers.FailErasure(ctx, e, text); err != nil {
		a.Log.Error("cannot note that an erasure failed", "erasure", e.ID, "error", err)
	}
}

// eraseSpec tells the timeline what goes.
func eraseSpec(e *customer.Erasure, r *customer.Reach) timeline.EraseSpec {
	spec := timeline.EraseSpec{Customers: r.Mains}
	switch {
	case e.Action == customer.Anonymise:
		spec.Props = append(customer.PersonalProperties(), e.Scope.Properties...)
		spec.Names = tells(r.Names)
	case e.Scope.Kind == customer.ScopeRange:
		spec.From, spec.To = e.Scope.From, e.Scope.To
	case e.Scope.Kind == customer.ScopeProperties:
		spec.Props = e.Scope.Properties
	}
	return spec
}

// tells says whether a value gives a customer away. Short numbers are amounts
// more often than they are identifiers.
func tells(n *customer.Names) func([]byte) bool {
	return func(text []byte) bool {
		if len(text) < 5 && strings.Trim(string(text), "0123456789.-") == "" {
			return false
		}
		return n.In(text)
	}
}

// foldAtOnce is how many customers are folded anew in one transaction.
const foldAtOnce = 200

// eraseFilter sets the tombstones and makes reads leave the data out.
func (a *App) eraseFilter(ctx context.Context, e *customer.Erasure) error {
	ws := e.Workspace
	var r *customer.Reach
	before := *e
	err := a.Pipeline.Do(ctx, ws, func(tx *db.Tx, s pipeline.Session) ([]core.CustomerID, error) {
		*e = before
		x, ok := s.(*customer.Session)
		if !ok {
			return nil, errors.New("identity session is of another kind")
		}
		var err error
		if r, err = x.FilterErasure(ctx, e); err != nil || !e.Clears() {
			return nil, err
		}
		a.Timeline.Hide(ws, e.ID, eraseSpec(e, r))
		if e.Gone() {
			if err := a.eraseStates(ctx, tx, e, r); err != nil {
				return nil, err
			}
			return nil, a.Customers.SaveErasure(ctx, tx, e)
		}
		if len(r.Mains) > foldAtOnce {
			return nil, nil // in parts, by the next step
		}
		return r.Mains, x.ResetSummaries(ctx, r.Mains)
	})
	if err != nil {
		a.Timeline.Show(ws, e.ID)
		return fmt.Errorf("filter: %w", err)
	}
	a.eraseMemory(e, r)
	return nil
}

// eraseStates removes what is folded of customers that cease to exist.
func (a *App) eraseStates(ctx context.Context, tx *db.Tx, e *customer.Erasure, r *customer.Reach) error {
	n, err := tx.Exec(ctx, `DELETE FROM fold_states WHERE workspace_id = $1 AND customer IN (SELECT customer FROM erasure_customers WHERE workspace_id = $1 AND erasure = $2)`,
		e.Workspace, e.ID)
	if err != nil {
		return fmt.Errorf("erase fold states: %w", err)
	}
	e.Count("fold_states", n, 0)
	if n, err = a.Lifecycle.Forget(ctx, tx, e.Workspace, r.Mains); err != nil {
		return err
	}
	e.Count("stage_spells", n, 0)
	if n, err = a.Segments.Forget(ctx, tx, e.Workspace, r.Mains); err != nil {
		return err
	}
	e.Count("segment_stays", n, 0)
	return nil
}

// eraseMemory drops what only memory holds.
func (a *App) eraseMemory(e *customer.Erasure, r *customer.Reach) {
	if !e.Clears() {
		return
	}
	for _, c := range r.Mains {
		a.Pipeline.Forget(e.Workspace, c)
	}
	e.Count("report_cache", a.Insight.Forget(e.Workspace), 0)
}

// hideErased makes reads leave out what erasures that a stopped process began
// have not rewritten yet.
func (a *App) hideErased(ctx context.Context) error {
	list, err := a.Customers.UnfinishedErasures(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		e := &list[i]
		if e.Status != customer.Filtered || !e.Clears() {
			continue
		}
		r, err := a.Customers.Reach(ctx, e.Workspace, e.ID)
		if err != nil {
			return err
		}
		a.Timeline.Hide(e.Workspace, e.ID, eraseSpec(e, r))
	}
	return nil
}
