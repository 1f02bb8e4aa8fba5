package app

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// importDoor lets imports in by the inbox.
type importDoor struct{ a *App }

func (d importDoor) NewSource(ctx context.Context, ws core.WorkspaceID) (core.SourceID, error) {
	src, _, err := d.a.Inbox.CreateSource(ctx, ws, inbox.NewSource{Name: "Imports", Kind: inbox.Server,
		Settings: inbox.Settings{DedupeDays: inbox.MaxDedupeDays}})
	if err != nil {
		return 0, err
	}
	return src.ID, nil
}

func (d importDoor) HasSource(ctx context.Context, ws core.WorkspaceID, id core.SourceID) (bool, error) {
	_, err := d.a.Inbox.GetSource(ctx, ws, id)
	if errs.KindOf(err) == errs.NotFound && err != nil {
		return false, nil
	}
	return err == nil, err
}

func (d importDoor) Send(ctx context.Context, ws core.WorkspaceID, id core.SourceID, body []byte, live bool) ([]connect.Refused, error) {
	src, err := d.a.Inbox.GetSource(ctx, ws, id)
	if err != nil {
		return nil, err
	}
	res, err := d.a.Inbox.Accept(ctx, inbox.Door{Source: src, Meta: inbox.Meta{Shape: inbox.ShapeBatch, Imported: true, Live: live},
		Body: body, Received: core.FromTime(d.a.Clock.Now())})
	if err != nil {
		return nil, err
	}
	var out []connect.Refused
	for _, r := range res.Rejects {
		out = append(out, connect.Refused{Index: r.Index, Code: r.Code, Message: r.Message})
	}
	return out, nil
}

func (d importDoor) Waiting(ctx context.Context, ws core.WorkspaceID) (int64, core.Micros, error) {
	p, err := d.a.Inbox.PendingOf(ctx, ws)
	return p.Events, p.Oldest, err
}

// directory tells imports what is known about customers.
type directory struct{ d *db.DB }

// lookUpAtOnce bounds the identifiers of one query.
const lookUpAtOnce = 500

func (d directory) Traits(ctx context.Context, ws core.WorkspaceID, ids []core.Identifier) ([]string, error) {
	out := make([]string, len(ids))
	known := map[core.Identifier]string{}
	err := d.d.Read(ctx, func(tx *db.Tx) error {
		for from := 0; from < len(ids); from += lookUpAtOnce {
			args := []any{ws}
			for _, id := range ids[from:min(from+lookUpAtOnce, len(ids))] {
				value, _ := customer.Normalize(id.Type, id.Value)
				args = append(args, value)
			}
			q := `SELECT a.type, a.value, c.traits FROM actors a JOIN actor_homes h ON h.workspace_id = a.workspace_id AND h.actor = a.id
JOIN customers c ON c.workspace_id = h.workspace_id AND c.id = h.customer
WHERE a.workspace_id = $1 AND a.value IN (` + db.List(2, len(args)-1) + `) ORDER BY h.valid_from`
			err := tx.Query(ctx, q, func(row db.Row) error {
				var id core.Identifier
				var traits string
				if err := row.Scan(&id.Type, &id.Value, &traits); err != nil {
					return err
				}
				known[id] = traits
				return nil
			}, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up customers: %w", err)
	}
	for i, id := range ids {
		value, _ := customer.Normalize(id.Type, id.Value)
		out[i] = known[core.Identifier{Type: id.Type, Value: value}]
	}
	return out, nil
}

func (a *App) openImports() (*connect.Service, error) {
	return connect.New(connect.Deps{DB: a.DB, Clock: a.Clock, Log: a.Log, Dir: filepath.Join(a.Config.Data, "imports"), Door: importDoor{a},
		Directory: directory{a.DB}, Work: a.work, Defaults: func(ctx context.Context, ws core.WorkspaceID) (string, string, error) {
			w, err := a.Access.Workspace(ctx, ws)
			return w.TimeZone, w.Currency, err
		}})
}
