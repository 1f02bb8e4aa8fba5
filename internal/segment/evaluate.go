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
	list, _, err := s.evaluate(ctx, ws, m, at, everybody)
	return list, err
}

// evaluation is one pass over history.
type evaluation struct {
	prog    *fold.Program
	cond    int
	now     core.Micros
	feeds   []*fold.Feed
	matched [][]core.CustomerID // by worker: who satisfies it
	met     [][]core.CustomerID // by worker: of whom rows were read
	kinds   [][]kinds           // by worker: what the columns held
}

// evaluate is Evaluate for a machine; everybody are all customers, rising. A past
// instant sees only those who were there then. It also tells which kinds of
// values the properties and traits held that the condition reads.
func (s *Service) evaluate(ctx context.Context, ws core.WorkspaceID, m *fold.Stepper, at core.Micros, everybody []core.CustomerID) ([]core.CustomerID, map[string]kinds, error) {
	now := core.FromTime(s.Clock.Now())
	past := at != 0 && at < now
	if past {
		now = at
	}
	workers := runtime.GOMAXPROCS(0)
	e := &evaluation{now: now, matched: make([][]core.CustomerID, workers), met: make([][]core.CustomerID, workers), kinds: make([][]kinds, workers)}
	e.prog, e.cond = m.Ladder.Rung(0)
	refs := m.Ladder.Refs()
	columns := fold.Columns(&refs)
	for w := range workers {
		e.kinds[w] = make([]kinds, len(columns))
		e.feeds = append(e.feeds, e.prog.NewFeed())
	}
	req := timeline.Request{Workspace: ws, To: now + 1, Match: fold.Keys(m.Reads()), Columns: columns, Workers: workers}
	if past {
		req.Match = nil // any event tells that somebody was there
	}
	err := s.Timeline.Scan(ctx, req, func(w int, c core.CustomerID, r *timeline.Rows) error {
		e.met[w] = append(e.met[w], c)
		for k := range e.kinds[w] {
			e.kinds[w][k].see(r.PropColumn(k))
		}
		if e.prog.Eval(e.feeds[w].Fold(c, r), e.cond, now) {
			e.matched[w] = append(e.matched[w], c)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("fold history: %w", err)
	}
	out := slices.Concat(e.matched...)
	if !past && m.Void() {
		out = append(out, e.others(everybody)...)
	}
	slices.Sort(out)
	seen := map[string]kinds{}
	for k, name := range columns {
		for w := range e.kinds {
			seen[fold.Column(name)] |= e.kinds[w][k]
		}
	}
	return out, seen, nil
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
