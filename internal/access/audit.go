package access

import (
	"context"
	"fmt"
	"math"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// AuditEntry is one audited act.
type AuditEntry struct {
	ID      int64
	At      core.Micros
	Actor   string
	Action  string
	Object  string
	Detail  string
	Address string
}

// Audit writes one act to the log.
func (s *Service) Audit(ctx context.Context, ws core.WorkspaceID, e AuditEntry) error {
	e.At = core.FromTime(s.clock.Now())
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("next_audit"), []any{ws}, &e.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("insert_audit"), ws, e.ID, e.At, e.Actor, e.Action, e.Object, e.Detail, e.Address)
		return err
	})
	if err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// AuditLog gives acts older than before (0 = the newest), filtered by actor and
// action when not empty.
func (s *Service) AuditLog(ctx context.Context, ws core.WorkspaceID, before int64, actor, action string, limit int) ([]AuditEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	var out []AuditEntry
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("audit"), func(row db.Row) error {
			var e AuditEntry
			if err := row.Scan(&e.ID, &e.At, &e.Actor, &e.Action, &e.Object, &e.Detail, &e.Address); err != nil {
				return err
			}
			out = append(out, e)
			return nil
		}, ws, before, actor, action, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return out, nil
}
