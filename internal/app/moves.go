package app

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/lifecycle"
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
			props := object("segment", g.Key)
			same := func(string, string) []byte { return props }
			out = append(out, &moves{memberStays(spans), expr.SignalSegmentEntered, expr.SignalSegmentLeft, same, same})
		}
	}
	for _, m := range s.Models(ws) {
		if asks(m.Key, expr.SignalStageEntered, expr.SignalStageLeft) {
			spans, err := s.Spans(ctx, ws, m)
			if err != nil {
				return nil, err
			}
			out = append(out, &moves{spanStays{m, spans}, expr.SignalStageEntered, expr.SignalStageLeft, stageProps(m, "from"), stageProps(m, "to")})
		}
	}
	return out, nil
}

// stageProps writes the properties of moves once for each pair of stages.
func stageProps(m lifecycle.Model, beside string) func(stage, other string) []byte {
	props := map[[2]string][]byte{}
	for i := range m.Stages {
		stage := m.Stages[i].Key
		props[[2]string{stage, ""}] = object("model", m.Key, "stage", stage, beside, "")
		for k := range m.Stages {
			props[[2]string{stage, m.Stages[k].Key}] = object("model", m.Key, "stage", stage, beside, m.Stages[k].Key)
		}
	}
	return func(stage, other string) []byte { return props[[2]string{stage, other}] }
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

// indexedStays are stays that know who comes next.
type indexedStays interface {
	query.Stays
	Next(c core.CustomerID) (core.CustomerID, bool)
}

// moves are the moves of one segment or stage model.
type moves struct {
	indexedStays
	entered, left string // names of the events
	// Properties by the key of a stay, and of the one that ends where it begins or
	// begins where it ends; "": none does.
	from, to func(key, other string) []byte
}

func (m *moves) Events(c core.CustomerID, into []core.Event) []core.Event {
	list := m.Of(c)
	add := func(at core.Micros, name string, props []byte) {
		into = append(into, core.Event{Customer: c, Time: at, Kind: core.KindSignal, Name: name, Props: props})
	}
	for i, s := range list {
		before, after := "", ""
		if i > 0 && list[i-1].To == s.From {
			before = list[i-1].Key
		}
		if i+1 < len(list) && list[i+1].From == s.To {
			after = list[i+1].Key
		}
		add(s.From, m.entered, m.from(s.Key, before))
		if s.To != math.MaxInt64 {
			add(s.To, m.left, m.to(s.Key, after))
		}
	}
	return into
}
