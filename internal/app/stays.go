package app

import (
	"context"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// stays gives charts the history of stages and segments.
type stays struct {
	*lifecycle.Service
	segments *segment.Service
}

func (s stays) read(ctx context.Context, ws core.WorkspaceID, by, name string) (query.Stays, error) {
	if by == query.BySegment {
		return s.segment(ctx, ws, name)
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
	for i := s.from(c); i < len(s.spans) && s.spans[i].Customer == c; i++ {
		if sp := &s.spans[i]; sp.Stage >= 0 {
			out = append(out, query.Stay{Key: s.model.Stages[sp.Stage].Key, From: sp.Entered, To: sp.Left})
		}
	}
	return out
}

// from gives the first span of c or of who comes after.
func (s spanStays) from(c core.CustomerID) int {
	return sort.Search(len(s.spans), func(i int) bool { return s.spans[i].Customer >= c })
}

// Next gives the first customer from c on who has spans.
func (s spanStays) Next(c core.CustomerID) (core.CustomerID, bool) {
	if i := s.from(c); i < len(s.spans) {
		return s.spans[i].Customer, true
	}
	return 0, false
}

func (s stays) segment(ctx context.Context, ws core.WorkspaceID, key string) (query.Stays, error) {
	g, ok := s.segments.ByKey(ws, key)
	if !ok {
		return nil, errs.New(errs.NotFound, "unknown_segment", "there is no segment %q", key)
	}
	spans, err := s.segments.Spans(ctx, ws, g)
	return memberStays(spans), err
}

// memberStays are the stays in one segment, by customer. Outside of them a
// customer is out.
type memberStays []segment.Span

// Of gives the stays of one customer in order.
func (s memberStays) Of(c core.CustomerID) []query.Stay {
	var out []query.Stay
	for i := s.from(c); i < len(s) && s[i].Customer == c; i++ {
		out = append(out, query.Stay{Key: "in", From: s[i].Entered, To: s[i].Left})
	}
	return out
}

// from gives the first span of c or of who comes after.
func (s memberStays) from(c core.CustomerID) int {
	return sort.Search(len(s), func(i int) bool { return s[i].Customer >= c })
}

// Next gives the first customer from c on who has spans.
func (s memberStays) Next(c core.CustomerID) (core.CustomerID, bool) {
	if i := s.from(c); i < len(s) {
		return s[i].Customer, true
	}
	return 0, false
}
