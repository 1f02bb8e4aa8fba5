package httpapi

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/tidwall/gjson"
)

// sampler learns names, types and values from JSON objects.
type sampler struct {
	q    string
	seen map[string]*propShape
}

func newSampler(q string) *sampler { return &sampler{strings.ToLower(q), map[string]*propShape{}} }

const maxSampled = 1000 // names

func (s *sampler) add(obj []byte) {
	gjson.ParseBytes(obj).ForEach(func(k, v gjson.Result) bool {
		p := s.seen[k.Str]
		if p == nil {
			if len(s.seen) >= maxSampled || !strings.Contains(strings.ToLower(k.Str), s.q) {
				return true
			}
			p = &propShape{Name: k.Str, Samples: []string{}}
			s.seen[k.Str] = p
		}
		p.Count++
		if t := typeName(v); !slices.Contains(p.Types, t) {
			p.Types = append(p.Types, t)
		}
		if text := v.String(); len(p.Samples) < 10 && len(text) <= 100 && !slices.Contains(p.Samples, text) {
			p.Samples = append(p.Samples, text)
		}
		return true
	})
}

func typeName(v gjson.Result) string {
	switch {
	case v.Type == gjson.String:
		return "text"
	case v.Type == gjson.Number:
		return "number"
	case v.IsBool():
		return "boolean"
	case v.IsArray():
		return "list"
	case v.IsObject():
		return "object"
	}
	return "null"
}

func (s *sampler) list() []propShape {
	out := make([]propShape, 0, len(s.seen))
	for _, p := range s.seen {
		out = append(out, *p)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Count != out[j].Count {
			return out[i].Count > out[j].Count
		}
		return out[i].Name < out[j].Name
	})
	return out
}

var errSampled = errors.New("sampled enough")

// moveEvents gives the moves between stages and segments when they are asked for:
// they are not in the timeline.
func (a *API) moveEvents(ctx context.Context, ws core.WorkspaceID, event timeline.EventKey) (timeline.Also, error) {
	if event.Kind != core.KindSignal || a.Insight.Moves == nil {
		return nil, nil
	}
	return a.Insight.Moves(ctx, ws, []string{event.Name}, nil)
}

// properties samples up to 20,000 events of a name.
func (a *API) properties(ctx context.Context, p *access.Principal, in *struct {
	Event string `query:"event" maxLength:"255"`
	Kind  string `query:"kind" default:"track"`
	Q     string `query:"q" maxLength:"255"`
}) (*Body[struct {
	Properties []propShape `json:"properties"`
}], error) {
	kind, ok := core.ParseKind(in.Kind)
	if !ok {
		return nil, errs.Field("kind", "unknown_kind", "a kind is one of track, identify, page, screen, group, alias")
	}
	s := newSampler(in.Q)
	var n atomic.Int64
	event := timeline.EventKey{Kind: kind, Name: in.Event}
	also, err := a.moveEvents(ctx, p.Workspace, event)
	if err != nil {
		return nil, err
	}
	err = a.Timeline.Scan(ctx, timeline.Request{Workspace: p.Workspace, Match: []timeline.EventKey{event}, Columns: []string{timeline.ColProps}, Workers: 1, Also: also}, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
		for i := range r.Time {
			s.add(r.Props[i])
		}
		if n.Add(int64(len(r.Time))) > 20_000 {
			return errSampled
		}
		return nil
	})
	if err != nil && !errors.Is(err, errSampled) {
		return nil, err
	}
	var out struct {
		Properties []propShape `json:"properties"`
	}
	out.Properties = s.list()
	return body(out)
}
