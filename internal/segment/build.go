package segment

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/versions"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// recomputed is who makes a version because something that the condition names
// has changed.
const recomputed = "recomputed"

// loaded is what is in memory of a workspace's segments.
type loaded struct {
	catalogue *catalogue
	segments  []Segment
	programs  map[int64]*program // by machine
	machines  []fold.Machine     // current versions and those being built
	owner     map[int64]int64    // machine to segment
}

// stored is a version as its row keeps it.
type stored struct {
	Definition
	Program *program `json:"program"`
}

func (s *Service) empty(ws core.WorkspaceID) *loaded {
	return &loaded{catalogue: &catalogue{ws: ws, models: s.Models, byKey: map[string]*expr.Node{}}, programs: map[int64]*program{}, owner: map[int64]int64{}}
}

func (s *Service) read(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (*loaded, error) {
	l := s.empty(ws)
	var err error
	if l.catalogue.cal, err = s.Calendar(ctx, ws); err != nil {
		return nil, fmt.Errorf("read calendar: %w", err)
	}
	err = tx.Query(ctx, queries.Get("segments"), func(row db.Row) error {
		var g Segment
		var text string
		if err := row.Scan(&g.ID, &g.Key, &g.Name, &g.Description, &g.Kind, &g.Version, &g.By, &g.CreatedAt, &g.UpdatedAt, &g.Machine, &text, &g.Filling); err != nil {
			return err
		}
		d, err := l.add(g.ID, g.Machine, text)
		if err != nil {
			return err
		}
		if g.When = d.When; g.Kind == Static {
			g.When = expr.OnList(g.Key)
		}
		l.segments = append(l.segments, g)
		l.catalogue.byKey[g.Key] = g.When
		return nil
	}, ws)
	if err != nil {
		return nil, err
	}
	run, err := lastRun(ctx, tx, ws)
	if run != nil {
		l.catalogue.cuts = &run.Cuts
	}
	return l, err
}

func (l *loaded) add(segment, machine int64, text string) (*stored, error) {
	var d stored
	if err := json.Unmarshal([]byte(text), &d); err != nil || d.Program == nil {
		return nil, fmt.Errorf("read definition of machine %d: %w", machine, err)
	}
	m, err := d.Program.compile(machine)
	if err != nil {
		return nil, fmt.Errorf("compile machine %d: %w", machine, err)
	}
	l.machines = append(l.machines, m)
	l.programs[machine], l.owner[machine] = d.Program, segment
	return &d, nil
}

// Head finds the current version of a segment.
func (l *loaded) Head(segment int64) (machine int64, building *bool) {
	for i := range l.segments {
		if g := &l.segments[i]; g.ID == segment {
			return g.Machine, &g.Building
		}
	}
	return 0, nil
}

// serve makes a computed version the current one and tells who entered and left
// by it, where that is wished.
func (s *Service) serve(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, p *versions.Pending, old int64) error {
	if _, err := tx.Exec(ctx, queries.Get("activate"), p.Version, core.FromTime(s.Clock.Now()), ws, p.Owner); err != nil || old == p.Machine {
		return err
	}
	var emit bool
	if err := tx.QueryRow(ctx, queries.Get("emit"), []any{ws, p.Owner, p.Version}, &emit); err != nil || !emit {
		return err
	}
	g, err := s.Get(ws, p.Owner)
	if err != nil {
		return err
	}
	return s.tellDifference(ctx, tx, ws, g, p.Machine)
}

// renew makes a new version of the segments whose program no longer is what
// their condition stands for.
func (s *Service) renew(ctx context.Context, ws core.WorkspaceID) (more bool, err error) {
	if err := s.Load(ctx, ws); err != nil {
		return false, err
	}
	l := s.of(ws)
	for _, g := range l.segments {
		p, err := l.catalogue.program(g.When)
		if err != nil {
			s.Log.Warn("a segment keeps its old condition, since what it names is gone", "workspace", ws, "segment", g.Key, "error", err)
			continue
		}
		if g.Building || p.same(l.programs[g.Machine]) {
			continue
		}
		if _, err := s.kept.Next(ctx, ws, g.ID, &versions.Draft{Definition: &stored{g.definition(), p}, By: recomputed, More: []any{false}}); err != nil {
			return false, fmt.Errorf("compute segment %s anew: %w", g.Key, err)
		}
		more = true
	}
	return more, nil
}
