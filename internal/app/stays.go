package app

import (
	"context"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// stays gives charts the history of stages.
type stays struct{ *lifecycle.Service }

func (s stays) read(ctx context.Context, ws core.WorkspaceID, by, name string) (query.Stays, error) {
	if by != query.ByStage {
		return nil, errs.New(errs.NotFound, "unknown_segment", "there is no segment %q", name)
	}
	for _, m := range s.Models(ws) {
		if m.Key != name {
			continue
		}
		spans, err := s.Spans(ctx, ws, m)
		if err != nil {
			return nil, err
		}
		return spanStays{m, spans}, nil
	}
	return nil, errs.New(errs.NotFound, "unknown_stage_model", "there is no stage model %q", name)
}

// spanStays are the stays of one model, by customer.
type spanStays struct {
	model lifecycle.Model
	spans []lifecycle.Span
}

// Of gives the stays of one customer in order.
func (s spanStays) Of(c core.CustomerID) []query.Stay {
	var out []query.Stay
	for i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].Customer >= c }); i < len(s.spans) && s.spans[i].Customer == c; i++ {
		if sp := &s.spans[i]; sp.Stage >= 0 {
			out = append(out, query.Stay{Key: s.model.Stages[sp.Stage].Key, From: sp.Entered, To: sp.Left})
		}
	}
	return out
}
