package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// maintainEvery is the rhythm of Maintain.
const maintainEvery = 10 * time.Second

// Maintain compacts dedupe blocks, empties old quarantine, writes the log of
// unknown keys and checks the load of the queue, until ctx ends. Errors are
// logged: the next round tries again.
func (s *Service) Maintain(ctx context.Context) error {
	for round := 0; ; round++ {
		s.note(ctx, s.MaintainOnce(ctx, round%360 == 0))
		for due := s.Clock.After(maintainEvery); due != nil; {
			select {
			case <-ctx.Done():
				return s.flushLast(ctx)
			case <-s.merge:
				_, err := s.Compact(ctx)
				s.note(ctx, err)
			case <-due:
				due = nil
			}
		}
	}
}

// note logs what went wrong in a round, unless the service is stopping.
func (s *Service) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, "inbox maintenance failed", "error", err)
	}
}

// flushLast writes what only memory knows when the service stops.
func (s *Service) flushLast(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.flushUnknown(ctx)
}

// MaintainOnce does one round. With purge set it also removes what is too old.
func (s *Service) MaintainOnce(ctx context.Context, purge bool) error {
	if err := s.flushUnknown(ctx); err != nil {
		return err
	}
	if err := s.refreshLoad(ctx); err != nil {
		return err
	}
	if _, err := s.Compact(ctx); err != nil {
		return err
	}
	if !purge {
		return nil
	}
	return s.purge(ctx)
}

// strayAfter is when parts of a merge that never ended are removed.
const strayAfter = 6 * core.Hour

func (s *Service) purge(ctx context.Context) error {
	type ref struct {
		ws core.WorkspaceID
		id int64
	}
	var spaces []core.WorkspaceID
	var strays []ref
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		err := tx.Query(ctx, s.q.Get("quarantine_workspaces"), func(row db.Row) error {
			var ws core.WorkspaceID
			if err := row.Scan(&ws); err != nil {
				return err
			}
			spaces = append(spaces, ws)
			return nil
		})
		if err != nil {
			return err
		}
		return tx.Query(ctx, s.q.Get("stray_parts"), func(row db.Row) error {
			var r ref
			if err := row.Scan(&r.ws, &r.id); err != nil {
				return err
			}
			strays = append(strays, r)
			return nil
		}, (s.now()-strayAfter)<<11)
	})
	if err != nil {
		return fmt.Errorf("find old rows: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, ws := range spaces {
			if _, err := tx.Exec(ctx, s.q.Get("quarantine_purge"), ws, s.now()-QuarantineFor); err != nil {
				return err
			}
		}
		for _, r := range strays {
			if _, err := tx.Exec(ctx, s.q.Get("delete_parts"), r.ws, r.id); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, s.q.Get("unknown_keys_trim"), s.now()-90*core.Day)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove old rows: %w", err)
	}
	return nil
}
