package insight

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// maxAlertHistory bounds what is kept of one alert.
const maxAlertHistory = 1000

// AlertEntry is one change of an alert's state.
type AlertEntry struct {
	N      int64
	At     core.Micros
	State  string
	Detail Verdict
}

// alertDefinition is the JSON in the table.
type alertDefinition struct {
	Enabled  bool     `json:"enabled"`
	Watched  Watched  `json:"watched"`
	Rule     Rule     `json:"rule"`
	Schedule Schedule `json:"schedule"`
	Webhook  int64    `json:"webhook,omitempty"`
	Emails   []string `json:"emails,omitempty"`
	Language string   `json:"language,omitempty"`
}

func (a *Alert) definition() (string, error) {
	raw, err := json.Marshal(alertDefinition{a.Enabled, a.Watched, a.Rule, a.Schedule, a.Webhook, a.Emails, a.Language})
	if err != nil {
		return "", fmt.Errorf("write alert: %w", err)
	}
	return string(raw), nil
}

func scanAlert(row db.Row) (ws core.WorkspaceID, a Alert, err error) {
	var space int64
	var text string
	if err := row.Scan(&space, &a.ID, &a.Name, &text, &a.State, &a.Since, &a.Checked, &a.Problem, &a.Due, &a.Created, &a.Updated, &a.By); err != nil {
		return 0, a, err
	}
	var d alertDefinition
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return 0, a, fmt.Errorf("read alert %d: %w", a.ID, err)
	}
	a.Enabled, a.Watched, a.Rule, a.Schedule, a.Webhook, a.Emails, a.Language = d.Enabled, d.Watched, d.Rule, d.Schedule, d.Webhook, d.Emails, cmp.Or(d.Language, "en")
	return core.WorkspaceID(space), a, nil
}

// Alerts gives the alerts of a workspace, the oldest first.
func (s *Service) Alerts(ctx context.Context, ws core.WorkspaceID) ([]Alert, error) {
	out := []Alert{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("alerts"), func(row db.Row) error {
			_, a, err := scanAlert(row)
			out = append(out, a)
			return err
		}, ws)
	})
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	return out, nil
}

// Alert gives one alert.
func (s *Service) Alert(ctx context.Context, ws core.WorkspaceID, id int64) (a Alert, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		a, err = readAlert(ctx, tx, ws, id)
		return err
	})
	return a, err
}

func readAlert(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, id int64) (a Alert, err error) {
	found := false
	err = tx.Query(ctx, queries.Get("alert"), func(row db.Row) (err error) {
		found = true
		_, a, err = scanAlert(row)
		return err
	}, ws, id)
	if err == nil && !found {
		err = errs.New(errs.NotFound, "unknown_alert", "there is no alert %d", id)
	}
	return a, err
}

// prepare checks an alert and sets when it is due.
func (s *Service) prepare(ctx context.Context, ws core.WorkspaceID, a *Alert) error {
	a.defaults()
	if err := s.checkAlert(a); err != nil {
		return err
	}
	if !a.Enabled {
		a.Due = math.MaxInt64
		return nil
	}
	set, _, err := s.settings(ctx, ws)
	if err != nil {
		return err
	}
	a.Due = a.Schedule.next(s.now(), set.zone(), true)
	return nil
}

func (s *Settings) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// watches wants the insight of an alert to be there, and to be a trend.
func watches(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, a *Alert) error {
	if a.Watched.Insight == 0 {
		return nil
	}
	in, err := readInsight(ctx, tx, ws, a.Watched.Insight)
	if errs.KindOf(err) == errs.NotFound {
		return errs.Field("watched.insight", "unknown_insight", "there is no saved insight %d", a.Watched.Insight)
	} else if err != nil {
		return err
	}
	if in.Spec.Kind != query.KindTrend {
		return errs.Field("watched.insight", "not_a_trend", "an alert watches a line of a trend, and this insight is a %s", in.Spec.Kind)
	}
	return nil
}

// AddAlert keeps a new alert; it is looked at at once, or at its time of day.
func (s *Service) AddAlert(ctx context.Context, ws core.WorkspaceID, a Alert, by string) (Alert, error) {
	if err := s.prepare(ctx, ws, &a); err != nil {
		return a, err
	}
	text, err := a.definition()
	if err != nil {
		return a, err
	}
	now := s.now()
	a.State, a.Since, a.Created, a.Updated, a.By, a.Checked, a.Problem = AlertOK, now, now, now, by, 0, ""
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := room(ctx, tx, ws, "count_alerts", maxAlerts, errs.Say("alerts")); err != nil {
			return err
		}
		if err := watches(ctx, tx, ws, &a); err != nil {
			return err
		}
		if a.ID, err = number(ctx, tx, ws, "alert"); err != nil {
			return err
		}
		tx.AfterCommit(s.wakeAlerts)
		_, err = tx.Exec(ctx, queries.Get("insert_alert"), ws, a.ID, a.Name, text, a.Watched.Insight, a.State, a.Since, a.Due, now, by)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("add alert: %w", err)
	}
	return a, nil
}

// ChangeAlert changes an alert; its state stays until it is looked at again,
// which is at once.
func (s *Service) ChangeAlert(ctx context.Context, ws core.WorkspaceID, id int64, c AlertChange) (a Alert, err error) {
	if a, err = s.Alert(ctx, ws, id); err != nil {
		return a, err
	}
	was := a.Updated
	a.apply(&c)
	if err := s.prepare(ctx, ws, &a); err != nil {
		return a, err
	}
	text, err := a.definition()
	if err != nil {
		return a, err
	}
	a.Updated = max(s.now(), was+1) // settle tells versions apart by it
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := readAlert(ctx, tx, ws, id); err != nil {
			return err
		}
		if err := watches(ctx, tx, ws, &a); err != nil {
			return err
		}
		tx.AfterCommit(s.wakeAlerts)
		_, err := tx.Exec(ctx, queries.Get("update_alert"), a.Name, text, a.Watched.Insight, a.Due, a.Updated, ws, id)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("change alert: %w", err)
	}
	return a, nil
}

// DeleteAlert deletes an alert with its history.
func (s *Service) DeleteAlert(ctx context.Context, ws core.WorkspaceID, id int64) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := readAlert(ctx, tx, ws, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("delete_alert_history"), ws, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("delete_alert"), ws, id); err != nil || s.Jobs == nil {
			return err
		}
		return s.Jobs.Drop(ctx, tx, ws, LetterJob, id)
	})
	if err != nil {
		return fmt.Errorf("delete alert: %w", err)
	}
	return nil
}

// AlertHistory gives the newest changes of an alert's state, the latest first.
func (s *Service) AlertHistory(ctx context.Context, ws core.WorkspaceID, id int64, limit int) ([]AlertEntry, error) {
	out := []AlertEntry{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := readAlert(ctx, tx, ws, id); err != nil {
			return err
		}
		return tx.Query(ctx, queries.Get("alert_history"), func(row db.Row) error {
			var e AlertEntry
			var detail string
			if err := row.Scan(&e.N, &e.At, &e.State, &detail); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(detail), &e.Detail); err != nil {
				return fmt.Errorf("read history: %w", err)
			}
			out = append(out, e)
			return nil
		}, ws, id, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("read history of alert: %w", err)
	}
	return out, nil
}
