package lifecycle

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Preview is the effect of a definition, before it is saved: where every
// customer would be now, and from where they would move.
type Preview struct {
	Before, After map[string]int64            // stage key ("" = none) → customers
	Moves         map[string]map[string]int64 // from key → to key → customers
	Holds         []int64                     // by stage: customers for whom its condition holds
	Evaluated     int64
	Took          time.Duration
}

// Preview folds all history with a definition and compares with the current
// version of model m; a zero model compares with nothing. It writes nothing.
func (s *Service) Preview(ctx context.Context, ws core.WorkspaceID, m Model, d *Definition) (*Preview, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	start := s.Clock.Now()
	now := core.FromTime(start)
	cal, err := s.Calendar(ctx, ws)
	if err != nil {
		return nil, err
	}
	mc, err := compile(0, d, cal)
	if err != nil {
		return nil, err
	}
	current := map[core.CustomerID]string{}
	if m.Machine != 0 {
		spans, err := s.Spans(ctx, ws, m)
		if err != nil {
			return nil, err
		}
		for _, sp := range spans {
			if sp.Left == Forever && sp.Stage >= 0 {
				current[sp.Customer] = m.Stages[sp.Stage].Key
			}
		}
	}
	p := &Preview{Before: map[string]int64{}, After: map[string]int64{}, Moves: map[string]map[string]int64{}, Holds: make([]int64, len(d.Stages))}
	var mu sync.Mutex
	err = s.Timeline.Scan(ctx, timeline.Request{Workspace: ws, Columns: []string{timeline.ColProps, timeline.ColID}}, func(_ int, c core.CustomerID, r *timeline.Rows) error {
		events := make([]core.Event, len(r.Time))
		for i := range events {
			r.Event(i, &events[i])
		}
		st, err := stand(mc, c, events, now)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		p.note(current[c], st)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fold history: %w", err)
	}
	p.Took = s.Clock.Now().Sub(start)
	return p, nil
}

func (p *Preview) note(was string, st *Standing) {
	p.Evaluated++
	p.Before[was]++
	p.After[st.Stage]++
	if was != st.Stage {
		if p.Moves[was] == nil {
			p.Moves[was] = map[string]int64{}
		}
		p.Moves[was][st.Stage]++
	}
	for i, h := range st.Holds {
		if h {
			p.Holds[i]++
		}
	}
}

// Fold runs a machine over events, for tests that compare live with backfill.
func Fold(mc fold.Machine, c core.CustomerID, events []core.Event, now core.Micros) ([]core.StageMoved, error) {
	in, err := mc.Open(c, nil)
	if err != nil {
		return nil, err
	}
	var out []core.StageMoved
	emit := func(s core.Signal) {
		if m, ok := s.(core.StageMoved); ok {
			out = append(out, m)
		}
	}
	for i := range events {
		e := fold.InputOf(&events[i])
		in.Apply(&e, emit)
	}
	in.Advance(now, emit)
	return out, nil
}
