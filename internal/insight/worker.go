package insight

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Events of alerts, as a Notifier is told.
const (
	EventAlertFiring    = "alert.firing"
	EventAlertRecovered = "alert.recovered"
)

// Notifier tells others of an event. It joins the transaction that makes the
// event true, so that what is told and what is so are one; it must not wait for
// the network.
type Notifier interface {
	Notify(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, event string, payload any) error
}

// Notice is the payload of alert events.
type Notice struct {
	Alert   int64       `json:"alert"`
	Name    string      `json:"name"`
	State   string      `json:"state"`
	At      core.Micros `json:"at"`
	Watched Watched     `json:"watched"`
	Rule    Rule        `json:"rule"`
	Verdict Verdict     `json:"verdict"`
	Webhook int64       `json:"webhook,omitempty"` // the endpoint that is meant; 0: all
}

// LogNotifier is the Notifier where none is given: it only writes to the log,
// beside the history that every alert has.
type LogNotifier struct{ Log *slog.Logger }

// Notify writes one line once the transaction is durable.
func (n LogNotifier) Notify(_ context.Context, tx *db.Tx, ws core.WorkspaceID, event string, payload any) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("write notice: %w", err)
	}
	tx.AfterCommit(func() {
		n.Log.Info("alert event, which nobody delivers", "workspace", ws, "event", event, "payload", string(raw))
	})
	return nil
}

// alertRetry is how long the worker waits when the database refuses.
const alertRetry = time.Minute

func (s *Service) wakeAlerts() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// settings asks for those of a workspace; plain ones when nobody knows.
func (s *Service) settings(ctx context.Context, ws core.WorkspaceID) (Settings, time.Weekday, error) {
	if s.Settings == nil {
		return Settings{Currency: "EUR", Zone: time.UTC, LapseDays: 90}, time.Monday, nil
	}
	return s.Settings(ctx, ws)
}

// WatchAlerts looks at each alert when it is due, until ctx ends. With none it
// waits for the first without looking.
func (s *Service) WatchAlerts(ctx context.Context) error {
	for ctx.Err() == nil {
		next, err := s.CheckAlerts(ctx)
		var due <-chan time.Time
		switch {
		case err != nil && ctx.Err() == nil:
			s.Log.Error("alerts cannot be looked at; tried again in a minute", "error", err)
			due = s.Clock.After(alertRetry)
		case next != math.MaxInt64:
			due = s.Clock.After(time.Duration(max(next-s.now(), 0)) * time.Microsecond)
		}
		select {
		case <-ctx.Done():
		case <-due:
		case <-s.wake:
		}
	}
	return nil
}

// dueAlert is an alert with its workspace.
type dueAlert struct {
	ws core.WorkspaceID
	Alert
}

// CheckAlerts looks at every alert that is due and tells when the next one is,
// the largest number when none is.
func (s *Service) CheckAlerts(ctx context.Context) (next core.Micros, err error) {
	for {
		var list []dueAlert
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			list = list[:0]
			if err := tx.QueryRow(ctx, queries.Get("next_due"), nil, &next); err != nil || next > s.now() {
				return err
			}
			return tx.Query(ctx, queries.Get("due_alerts"), func(row db.Row) error {
				ws, a, err := scanAlert(row)
				list = append(list, dueAlert{ws, a})
				return err
			}, s.now())
		})
		if err != nil {
			return 0, fmt.Errorf("read due alerts: %w", err)
		}
		if len(list) == 0 {
			return next, nil
		}
		for i := range list {
			if err := s.checkAlertNow(ctx, &list[i]); err != nil {
				return 0, err
			}
		}
	}
}

// checkAlertNow looks at one alert and writes what came of it. Only what keeps
// all alerts from being written is an error.
func (s *Service) checkAlertNow(ctx context.Context, a *dueAlert) error {
	var x Reading
	set, week, err := s.settings(ctx, a.ws)
	if err == nil {
		x, err = s.look(ctx, a.ws, &a.Alert, set, week)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v := Verdict{}
	if err == nil {
		v = a.Rule.Judge(x)
	} else if v.Problem = err.Error(); errs.KindOf(err) == errs.Internal {
		s.Log.Error("alert cannot be looked at", "workspace", a.ws, "alert", a.ID, "error", err)
		v.Problem = errs.Say("something went wrong on the server; the log says what").Error()
	}
	now := s.now()
	due := a.Schedule.next(now, set.zone(), false)
	err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.settle(ctx, tx, a, v, now, due) })
	if err != nil {
		return fmt.Errorf("settle alert %d: %w", a.ID, err)
	}
	return nil
}

// settle moves an alert to the state that a verdict means, and tells of a change
// that matters. An alert that was changed or deleted meanwhile is left alone.
func (s *Service) settle(ctx context.Context, tx *db.Tx, a *dueAlert, v Verdict, now, due core.Micros) error {
	state, since := a.State, a.Since
	switch {
	case v.Problem != "": // nothing is known: it stays as it is
	case v.Firing:
		state = AlertFiring
	case state == AlertFiring:
		state = AlertRecovered
	default:
		state = AlertOK
	}
	if state != a.State {
		since = now
	}
	n, err := tx.Exec(ctx, queries.Get("settle_alert"), state, since, now, v.Problem, due, a.ws, a.ID, a.Updated)
	if err != nil || n == 0 || state == a.State || state == AlertOK {
		return err
	}
	if err := addEntry(ctx, tx, a, state, v, now); err != nil {
		return err
	}
	event := map[string]string{AlertFiring: EventAlertFiring, AlertRecovered: EventAlertRecovered}[state]
	notice := Notice{a.ID, a.Name, state, now, a.Watched, a.Rule, v, a.Webhook}
	if err := s.notifier().Notify(ctx, tx, a.ws, event, notice); err != nil {
		return err
	}
	return s.post(ctx, tx, a, &notice)
}

func addEntry(ctx context.Context, tx *db.Tx, a *dueAlert, state string, v Verdict, now core.Micros) error {
	detail, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	var last int64
	if err := tx.QueryRow(ctx, queries.Get("last_alert_entry"), []any{a.ws, a.ID}, &last); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, queries.Get("add_alert_entry"), a.ws, a.ID, last+1, now, state, string(detail)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, queries.Get("prune_alert_history"), a.ws, a.ID, last+1-maxAlertHistory)
	return err
}

func (s *Service) notifier() Notifier {
	if s.Notify == nil {
		return LogNotifier{s.Log}
	}
	return s.Notify
}
