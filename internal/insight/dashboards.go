package insight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func noDashboard(id int64) error {
	return errs.New(errs.NotFound, "unknown_dashboard", "there is no dashboard %d, or it is not shared with you", id)
}

func scanDashboard(row db.Row) (d Dashboard, err error) {
	var shared, tiles, span string
	if err := row.Scan(&d.ID, &d.Name, &d.Description, &shared, &tiles, &span, &d.BuiltIn, &d.Created, &d.Updated, &d.By); err != nil {
		return d, err
	}
	err = errors.Join(json.Unmarshal([]byte(shared), &d.SharedWith), json.Unmarshal([]byte(tiles), &d.Tiles), json.Unmarshal([]byte(span), &d.Range))
	if err != nil {
		return d, fmt.Errorf("read dashboard %d: %w", d.ID, err)
	}
	return d, nil
}

// Dashboards gives the dashboards that a viewer sees, the oldest first.
func (s *Service) Dashboards(ctx context.Context, ws core.WorkspaceID, v Viewer) ([]Dashboard, error) {
	out := []Dashboard{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("dashboards"), func(row db.Row) error {
			d, err := scanDashboard(row)
			if err == nil && v.sees(&d) {
				out = append(out, d)
			}
			return err
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("read dashboards: %w", err)
	}
	return out, nil
}

// Dashboard gives one dashboard.
func (s *Service) Dashboard(ctx context.Context, ws core.WorkspaceID, id int64, v Viewer) (d Dashboard, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		d, err = readDashboard(ctx, tx, ws, id, v)
		return err
	})
	return d, err
}

func readDashboard(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, id int64, v Viewer) (d Dashboard, err error) {
	err = noDashboard(id)
	rerr := tx.Query(ctx, queries.Get("dashboard"), func(row db.Row) error {
		var rerr error
		if d, rerr = scanDashboard(row); rerr == nil && v.sees(&d) {
			err = nil
		}
		return rerr
	}, ws, id)
	return d, errors.Join(rerr, err)
}

// AddDashboard keeps a new dashboard.
func (s *Service) AddDashboard(ctx context.Context, ws core.WorkspaceID, d Dashboard, v Viewer) (Dashboard, error) {
	d.apply(&DashboardChange{})
	if err := s.checkDashboard(&d); err != nil {
		return d, err
	}
	d.By, d.Created = v.Label, s.now()
	d.Updated = d.Created
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return insertDashboard(ctx, tx, ws, &d) })
	if err != nil {
		return d, fmt.Errorf("add dashboard: %w", err)
	}
	return d, nil
}

// columns writes what is JSON in the table.
func (d *Dashboard) columns() (shared, tiles, span string, err error) {
	if d.SharedWith == nil {
		d.SharedWith = []string{}
	}
	if d.Tiles == nil {
		d.Tiles = []Tile{}
	}
	var raw [3][]byte
	for i, v := range []any{d.SharedWith, d.Tiles, d.Range} {
		if raw[i], err = json.Marshal(v); err != nil {
			return "", "", "", fmt.Errorf("write dashboard: %w", err)
		}
	}
	return string(raw[0]), string(raw[1]), string(raw[2]), nil
}

func insertDashboard(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, d *Dashboard) error {
	if err := room(ctx, tx, ws, "count_dashboards", maxDashboards, errs.Say("dashboards")); err != nil {
		return err
	}
	shared, tiles, span, err := d.columns()
	if err != nil {
		return err
	}
	if d.ID, err = number(ctx, tx, ws, "dashboard"); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, queries.Get("insert_dashboard"), ws, d.ID, d.Name, d.Description, shared, tiles, span, d.BuiltIn, d.Created, d.Updated, d.By); err != nil {
		return err
	}
	return showInsights(ctx, tx, ws, d)
}

// showInsights notes which insights a dashboard shows; each must exist.
func showInsights(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, d *Dashboard) error {
	if _, err := tx.Exec(ctx, queries.Get("show_nothing"), ws, d.ID); err != nil {
		return err
	}
	for i := range d.Tiles {
		id := d.Tiles[i].Insight
		if id == 0 {
			continue
		}
		switch _, err := readInsight(ctx, tx, ws, id); {
		case errs.KindOf(err) == errs.NotFound:
			return errs.Field(fmt.Sprintf("tiles[%d].insight", i), "unknown_insight", "there is no saved insight %d", id)
		case err != nil:
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("show_insight"), ws, id, d.ID); err != nil {
			return err
		}
	}
	return nil
}

// ChangeDashboard changes a dashboard that the viewer sees.
func (s *Service) ChangeDashboard(ctx context.Context, ws core.WorkspaceID, id int64, c DashboardChange, v Viewer) (d Dashboard, err error) {
	now := s.now()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if d, err = readDashboard(ctx, tx, ws, id, v); err != nil {
			return err
		}
		d.apply(&c)
		if err := s.checkDashboard(&d); err != nil {
			return err
		}
		d.Updated = now
		shared, tiles, span, err := d.columns()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("update_dashboard"), d.Name, d.Description, shared, tiles, span, now, ws, id); err != nil {
			return err
		}
		return showInsights(ctx, tx, ws, &d)
	})
	if err != nil {
		return d, fmt.Errorf("change dashboard: %w", err)
	}
	return d, nil
}

// DeleteDashboard deletes a dashboard that the viewer sees; its insights stay.
// RestoreDashboard brings it back.
func (s *Service) DeleteDashboard(ctx context.Context, ws core.WorkspaceID, id int64, v Viewer) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := readDashboard(ctx, tx, ws, id, v); err != nil {
			return err
		}
		return s.bury(ctx, tx, ws, "delete_dashboard", id)
	})
	if err != nil {
		return fmt.Errorf("delete dashboard: %w", err)
	}
	return nil
}

// MakeReady makes one of the ready dashboards with its insights, in a language,
// shared with everybody. Insights that an earlier one left are used again.
func (s *Service) MakeReady(ctx context.Context, ws core.WorkspaceID, key, lang string, v Viewer) (d Dashboard, err error) {
	i := slices.IndexFunc(s.ready, func(r Ready) bool { return r.Key == key })
	if i < 0 {
		return d, errs.Field("key", "unknown_dashboard", "there is no ready dashboard of that name")
	}
	r, now := &s.ready[i], s.now()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := only(ctx, tx, ws, key, 0); err != nil {
			return err
		}
		d = Dashboard{Name: r.Name.In(lang), Description: r.Description.In(lang), SharedWith: roles(), BuiltIn: key, Created: now, Updated: now, By: v.Label}
		made, err := readyInsights(ctx, tx, ws, r, lang, v.Label, now)
		if err != nil {
			return err
		}
		for _, t := range r.Tiles {
			t.Insight = made[t.Show]
			d.Tiles = append(d.Tiles, t.Tile)
		}
		if err := s.checkDashboard(&d); err != nil {
			return err
		}
		return insertDashboard(ctx, tx, ws, &d)
	})
	if err != nil {
		return d, fmt.Errorf("make ready dashboard: %w", err)
	}
	return d, nil
}

// readyInsights finds or makes the insights of a ready dashboard and gives their
// numbers by key.
func readyInsights(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, r *Ready, lang, by string, now core.Micros) (map[string]int64, error) {
	made := map[string]int64{}
	for _, x := range r.Insights {
		in := Insight{Name: x.Name.In(lang), Description: x.Description.In(lang), Spec: x.Spec, BuiltIn: r.Key + "/" + x.Key, Created: now, By: by}
		err := tx.QueryRow(ctx, queries.Get("built_in_insight"), []any{ws, in.BuiltIn}, &in.ID)
		if errors.Is(err, db.ErrNoRows) {
			var raw []byte
			if raw, err = encodeSpec(&in.Spec); err == nil {
				err = insertInsight(ctx, tx, ws, &in, raw)
			}
		}
		if err != nil {
			return nil, err
		}
		made[x.Key] = in.ID
	}
	return made, nil
}
