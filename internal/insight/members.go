package insight

import (
	"context"
	"fmt"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// members finds the customers who meet a condition at now, by folding their
// whole timelines.
func (s *Service) members(ctx context.Context, ws core.WorkspaceID, who *expr.Node, cal expr.Calendar, now core.Micros) (func(core.CustomerID) bool, error) {
	b := fold.NewBuilderIn(cal)
	cond, err := b.Add(who)
	if err != nil {
		return nil, errs.Field("who", "invalid_query", "%v", err)
	}
	if b.Mark("") > 0 { // a mark is a stage of the model that owns a condition
		return nil, errs.Field("who", "invalid_query", "a condition on past stages belongs to a stage model: filter by stage instead")
	}
	prog, err := b.Build()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var in set
	req := timeline.Request{Workspace: ws, To: now, Columns: []string{timeline.ColProps, timeline.ColID}}
	err = s.Timeline.Scan(ctx, req, func(_ int, c core.CustomerID, r *timeline.Rows) error {
		st := prog.New()
		st.Customer = c
		var e core.Event
		for i := range r.Time {
			r.Event(i, &e)
			x := fold.InputOf(&e)
			prog.Apply(st, &x)
		}
		if prog.Eval(st, cond, now) {
			mu.Lock()
			in.add(c)
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fold history: %w", err)
	}
	return in.has, nil
}

// set holds customers, whose numbers are dense.
type set struct{ bits []uint64 }

func (s *set) add(c core.CustomerID) {
	for int(c>>6) >= len(s.bits) {
		s.bits = append(s.bits, 0)
	}
	s.bits[c>>6] |= 1 << (c & 63)
}

func (s *set) has(c core.CustomerID) bool {
	return int(c>>6) < len(s.bits) && s.bits[c>>6]&(1<<(c&63)) != 0
}
