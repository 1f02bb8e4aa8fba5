package lifecycle

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/versions"
)

// recomputed is who makes a version because the local time is another one.
const recomputed = "recomputed"

// stored is a version as its row keeps it. What is saved of customers belongs to
// the local time that the version was made for.
type stored struct {
	Definition
	// Calendar is the local time that the conditions speak of; nil: of none.
	Calendar *expr.Calendar `json:"calendar,omitempty"`
}

// stored gives a definition with the workspace's local time, if it is about any.
func (l *loaded) stored(d Definition) *stored {
	out := &stored{Definition: d}
	for i := range d.Stages {
		if expr.Local(&d.Stages[i].When) {
			out.Calendar = &l.cal
		}
	}
	return out
}

// Refresh computes the models anew that speak of local time, when that has
// changed.
func (s *Service) Refresh(ctx context.Context, ws core.WorkspaceID) { s.kept.Build(ctx, ws) }

// renew makes a new version of the models whose local time has changed.
func (s *Service) renew(ctx context.Context, ws core.WorkspaceID) (more bool, err error) {
	if err := s.Load(ctx, ws); err != nil {
		return false, err
	}
	l := s.of(ws)
	for i := range l.models {
		m := &l.models[i]
		now := l.stored(Definition{Key: m.Key, Name: m.Name, Stages: m.Stages})
		if m.Building || sameTime(now.Calendar, l.local[m.Machine]) {
			continue
		}
		if _, err := s.kept.Next(ctx, ws, m.ID, &versions.Draft{Definition: now, By: recomputed}); err != nil {
			return false, fmt.Errorf("compute stage model %s anew: %w", m.Key, err)
		}
		more = true
	}
	return more, nil
}

// sameTime says whether two calendars are one, or both are none.
func sameTime(a, b *expr.Calendar) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Zone.String() == b.Zone.String() && a.Week == b.Week
}
