package versions

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// rounds bounds how often what rests on something that changed is made anew: a
// chain of definitions that name each other is no longer.
const rounds = 1000

// Build computes all versions that wait for it, in the background.
func (k *Keeper[S]) Build(ctx context.Context, ws core.WorkspaceID) {
	ctx = context.WithoutCancel(ctx)
	k.jobs.Go(func() {
		if err := k.Resume(ctx, ws); err != nil {
			k.deps.Log.Error("history cannot be computed, it resumes at the next start", "of", k.rules.What, "workspace", ws, "error", err)
		}
	})
}

// Resume implements Face.
func (k *Keeper[S]) Resume(ctx context.Context, ws core.WorkspaceID) error {
	k.turn.Lock()
	defer k.turn.Unlock()
	for range rounds {
		var list []*Pending
		err := k.deps.DB.Read(ctx, func(tx *db.Tx) error {
			list = nil
			return k.unfinished(ctx, tx, ws, func(p *Pending) error {
				list = append(list, p)
				return nil
			})
		})
		if err != nil {
			return fmt.Errorf("read unfinished versions: %w", err)
		}
		for _, p := range list {
			if err := k.finish(ctx, ws, p); err != nil {
				return err
			}
		}
		if k.rules.Renew == nil {
			return nil
		}
		if more, err := k.rules.Renew(ctx, ws); err != nil || !more && len(list) == 0 {
			return err
		}
	}
	return nil
}

func (k *Keeper[S]) finish(ctx context.Context, ws core.WorkspaceID, p *Pending) error {
	report, done := k.deps.Work.Start(ws, k.rules.Work, p.Name)
	defer done()
	if err := k.backfill.Backfill(ctx, ws, p.Machine, report); err != nil {
		return err
	}
	if err := k.serve(ctx, ws, p); err != nil {
		return fmt.Errorf("put version into service: %w", err)
	}
	if k.rules.Served != nil {
		k.rules.Served(ctx, ws)
	}
	return nil
}

// serve makes a computed version the one that serves, and drops what the old one
// had found.
func (k *Keeper[S]) serve(ctx context.Context, ws core.WorkspaceID, p *Pending) error {
	old, building := k.Of(ws).Head(p.Owner)
	if building == nil {
		return nil // deleted meanwhile
	}
	err := k.announce(ctx, ws, func(tx *db.Tx) error {
		if err := k.exec(ctx, tx, "live", ws, p.Owner, p.Version); err != nil {
			return err
		}
		if err := k.exec(ctx, tx, "retire", ws, p.Owner, p.Version); err != nil {
			return err
		}
		if err := k.rules.Serve(ctx, tx, ws, p, old); err != nil || old == p.Machine {
			return err
		}
		return k.exec(ctx, tx, "drop_machine", ws, old)
	})
	if err == nil {
		k.Touch()
	}
	return err
}
