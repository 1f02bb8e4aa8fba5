package segment

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// recomputed is who makes a version because something that the condition names
// has changed.
const recomputed = "recomputed"

// build computes all versions that wait for it, in the background.
func (s *Service) build(ctx context.Context, ws core.WorkspaceID) {
	ctx = context.WithoutCancel(ctx)
	s.jobs.Add(1)
	go func() {
		defer s.jobs.Done()
		if err := s.Resume(ctx, ws); err != nil {
			s.Log.Error("segment computation failed, it resumes at the next start", "workspace", ws, "error", err)
		}
	}()
}

// Refresh computes anew the segments that name something which has changed: a
// segment, a stage model, the cut points of scores.
func (s *Service) Refresh(ctx context.Context, ws core.WorkspaceID) { s.build(ctx, ws) }

// pending is a version whose history is not computed yet.
type pending struct {
	segment, version, machine int64
	emit                      bool
	d                         stored
}

// Resume computes the versions that are not finished, for instance after a
// restart, and puts them into service; then those that rest on something which
// has changed, until none does.
func (s *Service) Resume(ctx context.Context, ws core.WorkspaceID) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	// A chain of segments that name each other is as long as there are segments.
	for range MaxSegments {
		list, err := s.unfinished(ctx, ws)
		if err != nil {
			return err
		}
		for _, p := range list {
			if err := s.finish(ctx, ws, p); err != nil {
				return err
			}
		}
		more, err := s.renew(ctx, ws)
		if err != nil || !more && len(list) == 0 {
			return err
		}
	}
	return nil
}

func (s *Service) unfinished(ctx context.Context, ws core.WorkspaceID) ([]pending, error) {
	var list []pending
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("unfinished"), func(row db.Row) error {
			var p pending
			var text string
			if err := row.Scan(&p.segment, &p.version, &p.machine, &p.emit, &text); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &p.d); err != nil {
				return err
			}
			list = append(list, p)
			return nil
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("read unfinished versions: %w", err)
	}
	return list, nil
}

func (s *Service) finish(ctx context.Context, ws core.WorkspaceID, p pending) error {
	report, done := s.Work.Start(ws, "segment", p.d.Name)
	defer done()
	if err := s.backfill.Backfill(ctx, ws, p.machine, report); err != nil {
		return err
	}
	return s.activate(ctx, ws, p)
}

// activate makes a computed version the current one and drops the old stays.
func (s *Service) activate(ctx context.Context, ws core.WorkspaceID, p pending) error {
	old, err := s.Get(ws, p.segment)
	if err != nil {
		return nil // deleted meanwhile
	}
	defer s.backfill.Hold(ws)()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, queries.Get("set_status"), "live", ws, p.segment, p.version); err != nil {
			return err
		}
		name, description := p.d.Name, p.d.Description
		if old.Machine != p.machine { // renamed since: the newest name stays
			name, description = old.Name, old.Description
		}
		if _, err := tx.Exec(ctx, queries.Get("activate"), p.version, name, description, core.FromTime(s.Clock.Now()), ws, p.segment); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("retire"), ws, p.segment, p.version); err != nil {
			return err
		}
		if old.Machine == p.machine {
			return nil
		}
		if p.emit {
			if err := s.tellDifference(ctx, tx, ws, old, p.machine); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, queries.Get("drop_machine"), ws, old.Machine)
		return err
	})
	if err != nil {
		return fmt.Errorf("put version into service: %w", err)
	}
	s.changes.Add(1)
	return s.Load(ctx, ws)
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
		d := Definition{Key: g.Key, Name: g.Name, Description: g.Description, Kind: g.Kind}
		if g.Kind == Dynamic {
			d.When = g.When
		}
		if err := s.newVersion(ctx, ws, g.ID, &stored{d, p}, false, recomputed); err != nil {
			return false, fmt.Errorf("compute segment %s anew: %w", g.Key, err)
		}
		more = true
	}
	return more, nil
}
