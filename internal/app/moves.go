package app

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// moves gives charts the moves between stages and segments as events; see
// query.Env.
func (s stays) moves(ctx context.Context, ws core.WorkspaceID, names, keys []string) (timeline.Also, error) {
	asks := func(key string, of ...string) bool {
		return (keys == nil || slices.Contains(keys, key)) && slices.ContainsFunc(of, func(n string) bool { return slices.Contains(names, n) })
	}
	var out moveEvents
	for _, g := range s.segments.Segments(ws) {
		if asks(g.Key, expr.SignalSegmentEntered, expr.SignalSegmentLeft) {
			spans, err := s.segments.Spans(ctx, ws, g)
			if err != nil {
				return nil, err
			}
			out = append(out, &segmentMoves{spans, object("segment", g.Key)})
		}
	}
	for _, m := range s.Models(ws) {
		if asks(m.Key, expr.SignalStageEntered, expr.SignalStageLeft) {
			spans, err := s.Spans(ctx, ws, m)
			if err != nil {
				return nil, err
			}
			out = append(out, newStageMoves(m, spans))
		}
	}
	return out, nil
}

// object writes pairs of names and texts as JSON.
func object(pairs ...string) []byte {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	raw, _ := json.Marshal(m) //nolint:errcheck // texts encode
	return raw
}

// moveEvents are the moves of several segments and stage models.
type moveEvents []timeline.Also

func (l moveEvents) Next(c core.CustomerID) (first core.CustomerID, ok bool) {
	for _, m := range l {
		if n, has := m.Next(c); has && (!ok || n < first) {
			first, ok = n, true
		}
	}
	return first, ok
}

func (l moveEvents) Events(c core.CustomerID, into []core.Event) []core.Event {
	from := len(into)
	for _, m := range l {
		into = m.Events(c, into)
	}
	own := into[from:]
	sort.SliceStable(own, func(i, j int) bool { return own[i].Time < own[j].Time })
	return into
}

func move(c core.CustomerID, at core.Micros, name string, props []byte) core.Event {
	return core.Event{Customer: c, Time: at, Kind: core.KindSignal, Name: name, Props: props}
}

// segmentMoves are the moves of one segment.
type segmentMoves struct {
	spans []segment.Span
	props []byte
}

func (m *segmentMoves) from(c core.CustomerID) int {
	return sort.Search(len(m.spans), func(i int) bool { return m.spans[i].Customer >= c })
}

func (m *segmentMoves) Next(c core.CustomerID) (core.CustomerID, bool) {
	i := m.from(c)
	if i == len(m.spans) {
		return 0, false
	}
	return m.spans[i].Customer, true
}

func (m *segmentMoves) Events(c core.CustomerID, into []core.Event) []core.Event {
	for i := m.from(c); i < len(m.spans) && m.spans[i].Customer == c; i++ {
		into = append(into, move(c, m.spans[i].Entered, expr.SignalSegmentEntered, m.props))
		if m.spans[i].Left != math.MaxInt64 {
			into = append(into, move(c, m.spans[i].Left, expr.SignalSegmentLeft, m.props))
		}
	}
	return into
}

// stageMoves are the moves of one stage model. props holds the properties by
// stage and by the stage before or after, of which the last is none.
type stageMoves struct {
	spans         []lifecycle.Span
	entered, left [][][]byte
}

func newStageMoves(m lifecycle.Model, spans []lifecycle.Span) *stageMoves {
	out := &stageMoves{spans: spans}
	for i := range m.Stages {
		var entered, left [][]byte
		for k := range len(m.Stages) + 1 {
			other := ""
			if k < len(m.Stages) {
				other = m.Stages[k].Key
			}
			entered = append(entered, object("model", m.Key, "stage", m.Stages[i].Key, "from", other))
			left = append(left, object("model", m.Key, "stage", m.Stages[i].Key, "to", other))
		}
		out.entered, out.left = append(out.entered, entered), append(out.left, left)
	}
	return out
}

func (m *stageMoves) from(c core.CustomerID) int {
	return sort.Search(len(m.spans), func(i int) bool { return m.spans[i].Customer >= c })
}

func (m *stageMoves) Next(c core.CustomerID) (core.CustomerID, bool) {
	i := m.from(c)
	if i == len(m.spans) {
		return 0, false
	}
	return m.spans[i].Customer, true
}

func (m *stageMoves) Events(c core.CustomerID, into []core.Event) []core.Event {
	// beside gives the stage of spell i, if it meets at an instant.
	beside := func(i int, meets func(s *lifecycle.Span) bool) int {
		none := len(m.entered)
		if i < 0 || i >= len(m.spans) || m.spans[i].Customer != c || m.spans[i].Stage < 0 || !meets(&m.spans[i]) {
			return none
		}
		return int(m.spans[i].Stage)
	}
	for i := m.from(c); i < len(m.spans) && m.spans[i].Customer == c; i++ {
		s := &m.spans[i]
		if s.Stage < 0 {
			continue
		}
		before := beside(i-1, func(o *lifecycle.Span) bool { return o.Left == s.Entered })
		into = append(into, move(c, s.Entered, expr.SignalStageEntered, m.entered[s.Stage][before]))
		if s.Left != math.MaxInt64 {
			after := beside(i+1, func(o *lifecycle.Span) bool { return o.Entered == s.Left })
			into = append(into, move(c, s.Left, expr.SignalStageLeft, m.left[s.Stage][after]))
		}
	}
	return into
}
