package segment

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Evaluate folds all history with a condition and gives those who satisfy it at
// an instant (0: now), rising. It writes nothing.
func (s *Service) Evaluate(ctx context.Context, ws core.WorkspaceID, when *expr.Node, at core.Micros) ([]core.CustomerID, error) {
	_, m, err := s.of(ws).catalogue.check("", when)
	if err != nil {
		return nil, err
	}
	everybody, err := s.People.Everybody(ctx, ws)
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	return s.evaluate(ctx, ws, m, at, everybody)
}

// evaluation is one pass over history.
type evaluation struct {
	prog    *fold.Program
	cond    int
	now     core.Micros
	feeds   []*fold.Feed
	matched [][]core.CustomerID // by worker: who satisfies it
	met     [][]core.CustomerID // by worker: of whom rows were read
}

// evaluate is Evaluate for a machine; everybody are all customers, rising. A past
// instant sees only those who were there then.
func (s *Service) evaluate(ctx context.Context, ws core.WorkspaceID, m *machine, at core.Micros, everybody []core.CustomerID) ([]core.CustomerID, error) {
	now := core.FromTime(s.Clock.Now())
	past := at != 0 && at < now
	if past {
		now = at
	}
	workers := runtime.GOMAXPROCS(0)
	e := &evaluation{now: now, matched: make([][]core.CustomerID, workers), met: make([][]core.CustomerID, workers)}
	e.prog, e.cond = m.ladder.Rung(0)
	for range workers {
		e.feeds = append(e.feeds, e.prog.NewFeed())
	}
	refs := m.ladder.Refs()
	req := timeline.Request{Workspace: ws, To: now + 1, Match: fold.Keys(m.Reads()), Columns: fold.Columns(&refs), Workers: workers}
	if past {
		req.Match = nil // any event tells that somebody was there
	}
	err := s.Timeline.Scan(ctx, req, func(w int, c core.CustomerID, r *timeline.Rows) error {
		e.met[w] = append(e.met[w], c)
		if e.prog.Eval(e.feeds[w].Fold(c, r), e.cond, now) {
			e.matched[w] = append(e.matched[w], c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fold history: %w", err)
	}
	out := slices.Concat(e.matched...)
	if !past && m.Void() {
		out = append(out, e.others(everybody)...)
	}
	slices.Sort(out)
	return out, nil
}

// others are the customers of whom nothing was read and who satisfy the
// condition all the same.
func (e *evaluation) others(everybody []core.CustomerID) []core.CustomerID {
	met := slices.Concat(e.met...)
	slices.Sort(met)
	left := minus(everybody, met)
	if !e.prog.Sampled() {
		if e.prog.Eval(e.feeds[0].Empty(0), e.cond, e.now) {
			return left
		}
		return nil
	}
	var out []core.CustomerID
	for _, c := range left {
		if e.prog.Eval(e.feeds[0].Empty(c), e.cond, e.now) {
			out = append(out, c)
		}
	}
	return out
}
