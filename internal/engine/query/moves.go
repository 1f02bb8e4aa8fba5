package query

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Moves lists what a spec asks of the moves between stages and segments: the
// names of their events, and the keys of segments and stage models; nil: all.
func (s *Spec) Moves() (names, keys []string) {
	all, known := false, expr.Moves()
	for _, e := range s.events() {
		if e.Kind != core.KindSignal.String() {
			continue
		}
		for name, property := range known {
			if e.Event != "" && e.Event != name {
				continue
			}
			names = append(names, name)
			of := keysIn(append(slices.Clone(s.Where), e.Where...), property)
			all = all || of == nil
			keys = append(keys, of...)
		}
	}
	slices.Sort(names)
	if all {
		keys = nil
	}
	return slices.Compact(names), keys
}

// keysIn gives the values that conditions leave to a property; nil: any.
func keysIn(where []expr.Match, property string) []string {
	for _, m := range where {
		if m.Name != property {
			continue
		}
		switch v, list := "", []string{}; {
		case m.Op == expr.Is && json.Unmarshal(m.Value, &v) == nil:
			return []string{v}
		case m.Op == expr.In && json.Unmarshal(m.Value, &list) == nil:
			return list
		}
	}
	return nil
}

// moves makes the moves ready that the events name.
func (q *query) moves(ctx context.Context) (err error) {
	names, keys := q.spec.Moves()
	if len(names) == 0 || q.env.Moves == nil {
		return nil
	}
	if q.also, err = q.env.Moves(ctx, names, keys); err != nil {
		return fmt.Errorf("read moves: %w", err)
	}
	return nil
}
