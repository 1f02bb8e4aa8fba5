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

// members finds the customers who meet a condition at now, by folding of their
// timelines what the condition reads.
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
	var in, met set
	err = s.Timeline.Scan(ctx, read(ws, who, now), func(_ int, c core.CustomerID, r *timeline.Rows) error {
		st := prog.New()
		st.Customer = c
		row := rowProps{r: r}
		x := fold.Input{Props: &row}
		for i := range r.Time {
			row.i = i
			x.Time, x.Seq, x.Kind, x.Name = r.Time[i], r.Seq[i], core.Kind(r.Kind[i]), core.CanonicalEvent(r.NameOf(r.Name[i]))
			prog.Apply(st, &x)
		}
		meets := prog.Eval(st, cond, now)
		mu.Lock()
		defer mu.Unlock()
		if met.add(c); meets {
			in.add(c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fold history: %w", err)
	}
	return func(c core.CustomerID) bool {
		if met.has(c) {
			return in.has(c)
		}
		st := prog.New() // of one who did nothing that the condition reads
		st.Customer = c
		return prog.Eval(st, cond, now)
	}, nil
}

// read asks for the events and properties that a condition reads.
func read(ws core.WorkspaceID, who *expr.Node, now core.Micros) timeline.Request {
	refs := expr.References(who)
	req := timeline.Request{Workspace: ws, To: now}
	for _, name := range append(refs.Properties, refs.Traits...) {
		if _, context := timeline.ContextOf(name); context {
			continue // no property has such a name
		}
		req.Columns = append(req.Columns, timeline.Prop(name))
	}
	if refs.All() {
		return req
	}
	req.Match = []timeline.EventKey{}
	for _, e := range refs.Events {
		for _, name := range core.EventNames(e.Name) {
			for k := core.KindTrack; k <= core.KindSignal; k++ {
				if e.Kind == 0 || e.Kind == k {
					req.Match = append(req.Match, timeline.EventKey{Kind: k, Name: name})
				}
			}
		}
	}
	return req
}

// rowProps are the properties of one row.
type rowProps struct {
	r *timeline.Rows
	i int
}

// Prop finds one that was asked for.
func (p *rowProps) Prop(path string) (core.Value, bool) { return p.r.Prop(p.i, path) }

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
