package httpapi

import (
	"cmp"
	"context"
	"math"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
)

type watchedShape struct {
	KPI     string `json:"kpi,omitempty" maxLength:"64" doc:"A KPI, or an insight"`
	Stage   string `json:"stage,omitempty" maxLength:"64" doc:"Of a KPI of stages"`
	Model   int64  `json:"model,omitempty" minimum:"0" doc:"Of the stage; left out: the default stage model"`
	Period  string `json:"period,omitempty" maxLength:"16" doc:"Of a KPI: the span up to now that it is computed over, default 30d"`
	Insight int64  `json:"insight,omitempty" minimum:"0" doc:"A saved trend: its last complete bucket"`
	Line    string `json:"line,omitempty" maxLength:"3" doc:"A, B … or F1 … of formulas; default A"`
	Value   string `json:"value,omitempty" maxLength:"1000" doc:"Value of the breakdown"`
}

type ruleShape struct {
	Kind       string   `json:"kind" enum:"threshold,change,anomaly"`
	Op         string   `json:"op,omitempty" enum:"above,below" doc:"Of a threshold"`
	Value      *float64 `json:"value,omitempty" doc:"Of a threshold"`
	Direction  string   `json:"direction,omitempty" enum:"up,down,both" doc:"Of a change or anomaly, default both"`
	By         *float64 `json:"by,omitempty" doc:"Of a change: 0.2 is 20 % of the value before"`
	Deviations float64  `json:"deviations,omitempty" minimum:"0" maximum:"100" doc:"Of an anomaly: robust standard deviations from the median of the same season, default 3.5"`
	Seasons    int      `json:"seasons,omitempty" minimum:"0" maximum:"52" doc:"Of an anomaly: past values of the same season, default 8"`
	Least      float64  `json:"least,omitempty" minimum:"0" doc:"Of a change or anomaly: the smallest difference that matters"`
}

type scheduleShape struct {
	Every string `json:"every" maxLength:"16" doc:"A span between 5m and 31d"`
	At    string `json:"at,omitempty" maxLength:"5" doc:"Local time such as 08:00, for whole days"`
}

type alertShape struct {
	ID        int64         `json:"id"`
	Name      string        `json:"name"`
	Enabled   bool          `json:"enabled"`
	Watched   watchedShape  `json:"watched"`
	Rule      ruleShape     `json:"rule"`
	Schedule  scheduleShape `json:"schedule"`
	Webhook   int64         `json:"webhook,omitempty" doc:"The endpoint that is told; left out: all that want alerts"`
	Emails    []string      `json:"emails" doc:"Addresses that get a letter when it fires and when it recovers"`
	Language  string        `json:"language" enum:"en,it,ro" doc:"Of the letters"`
	State     string        `json:"state" enum:"ok,firing,recovered"`
	Since     int64         `json:"since" doc:"Of the state; microseconds UTC"`
	CheckedAt *int64        `json:"checked_at" doc:"Null: not yet"`
	NextAt    *int64        `json:"next_at" doc:"Null: it is switched off"`
	Problem   string        `json:"problem,omitempty" doc:"Why the last look said nothing; the state stays"`
	// MailProblem is told apart from Problem: the look may be fine.
	MailProblem string `json:"mail_problem,omitempty" doc:"What kept the newest letter to an address from being handed over"`
	CreatedAt   int64  `json:"created_at" doc:"Microseconds UTC"`
	UpdatedAt   int64  `json:"updated_at" doc:"Microseconds UTC"`
	By          string `json:"by"`
}

type alertsOut struct {
	Alerts []alertShape `json:"alerts"`
}

type alertIn struct {
	Name     string         `json:"name" minLength:"1" maxLength:"200"`
	Enabled  *bool          `json:"enabled,omitempty" doc:"Default true"`
	Watched  watchedShape   `json:"watched"`
	Rule     ruleShape      `json:"rule"`
	Schedule *scheduleShape `json:"schedule,omitempty" doc:"Default every 1h"`
	Webhook  int64          `json:"webhook,omitempty" minimum:"0"`
	Emails   []string       `json:"emails,omitempty" maxItems:"10" doc:"Addresses that get a letter"`
	Language string         `json:"language,omitempty" enum:"en,it,ro" doc:"Of the letters; default the language of the one who makes it"`
}

type alertChange struct {
	Name     *string        `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Enabled  *bool          `json:"enabled,omitempty"`
	Watched  *watchedShape  `json:"watched,omitempty"`
	Rule     *ruleShape     `json:"rule,omitempty"`
	Schedule *scheduleShape `json:"schedule,omitempty"`
	Webhook  *int64         `json:"webhook,omitempty" minimum:"0"`
	Emails   *[]string      `json:"emails,omitempty" maxItems:"10"`
	Language *string        `json:"language,omitempty" enum:"en,it,ro"`
}

type alertEntryShape struct {
	N     int64  `json:"n"`
	At    int64  `json:"at" doc:"Microseconds UTC"`
	State string `json:"state" enum:"firing,recovered"`
	insight.Verdict
}

type alertHistoryOut struct {
	History []alertEntryShape `json:"history" doc:"The newest 200 changes of the state, the latest first"`
}

// AlertPath is the path of one alert.
type AlertPath struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) alertOut(ctx context.Context, p *access.Principal, x *insight.Alert) (alertShape, error) {
	out := alertFacts(x)
	var err error
	out.MailProblem, err = a.Insight.LetterProblem(ctx, p.Workspace, x)
	out.Problem, out.MailProblem = a.hear(ctx, out.Problem), a.hear(ctx, out.MailProblem)
	return out, err
}

// alertBody answers with one alert.
func (a *API) alertBody(ctx context.Context, p *access.Principal, x *insight.Alert) (*Body[alertShape], error) {
	out, err := a.alertOut(ctx, p, x)
	if err != nil {
		return nil, err
	}
	return body(out)
}

func alertFacts(a *insight.Alert) alertShape {
	out := alertShape{ID: a.ID, Name: a.Name, Enabled: a.Enabled, Watched: watchedShape(a.Watched), Rule: ruleShape(a.Rule), Schedule: scheduleShape(a.Schedule),
		Webhook: a.Webhook, Emails: append([]string{}, a.Emails...), Language: a.Language, State: a.State, Since: a.Since, Problem: a.Problem, CreatedAt: a.Created, UpdatedAt: a.Updated, By: a.By}
	if a.Checked != 0 {
		out.CheckedAt = &a.Checked
	}
	if a.Due != core.Micros(math.MaxInt64) {
		out.NextAt = &a.Due
	}
	return out
}

func (a *API) alerts() {
	const tag = "alerts"
	handle(a, route{method: "GET", path: "/alerts", summary: "List alerts", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[alertsOut], error) {
			list, err := a.Insight.Alerts(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			out := alertsOut{Alerts: make([]alertShape, len(list))}
			for i := range list {
				if out.Alerts[i], err = a.alertOut(ctx, p, &list[i]); err != nil {
					return nil, err
				}
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/alerts", summary: "Make an alert on a KPI or on a line of a saved trend", perm: access.Design, audit: "alert.create", status: http.StatusCreated, tag: tag}, a.addAlert)
	handle(a, route{method: "GET", path: "/alerts/{id}", summary: "Read an alert", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *AlertPath) (*Body[alertShape], error) {
			x, err := a.Insight.Alert(ctx, p.Workspace, in.ID)
			if err != nil {
				return nil, err
			}
			return a.alertBody(ctx, p, &x)
		})
	handle(a, route{method: "PATCH", path: "/alerts/{id}", summary: "Change an alert", perm: access.Design, audit: "alert.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			AlertPath
			Body alertChange
		}) (*Body[alertShape], error) {
			b := &in.Body
			x, err := a.Insight.ChangeAlert(ctx, p.Workspace, in.ID, insight.AlertChange{Name: b.Name, Enabled: b.Enabled, Watched: (*insight.Watched)(b.Watched),
				Rule: (*insight.Rule)(b.Rule), Schedule: (*insight.Schedule)(b.Schedule), Webhook: b.Webhook, Emails: b.Emails, Language: b.Language})
			if err != nil {
				return nil, err
			}
			note(ctx, 0, "name", &x.Name, "enabled", &x.Enabled)
			return a.alertBody(ctx, p, &x)
		})
	handle(a, route{method: "DELETE", path: "/alerts/{id}", summary: "Delete an alert with its history", perm: access.Design, audit: "alert.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *AlertPath) (*None, error) {
			return nil, a.Insight.DeleteAlert(ctx, p.Workspace, in.ID)
		})
	handle(a, route{method: "GET", path: "/alerts/{id}/history", summary: "When an alert fired and recovered", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *AlertPath) (*Body[alertHistoryOut], error) {
			list, err := a.Insight.AlertHistory(ctx, p.Workspace, in.ID, 200)
			if err != nil {
				return nil, err
			}
			out := alertHistoryOut{History: make([]alertEntryShape, len(list))}
			for i, e := range list {
				out.History[i] = alertEntryShape{e.N, e.At, e.State, e.Detail}
			}
			return body(out)
		})
}

func (a *API) addAlert(ctx context.Context, p *access.Principal, in *struct{ Body alertIn }) (*Body[alertShape], error) {
	b := &in.Body
	x := insight.Alert{Name: b.Name, Enabled: b.Enabled == nil || *b.Enabled, Watched: insight.Watched(b.Watched), Rule: insight.Rule(b.Rule), Webhook: b.Webhook, Emails: b.Emails, Language: cmp.Or(b.Language, p.Locale)}
	if b.Schedule != nil {
		x.Schedule = insight.Schedule(*b.Schedule)
	}
	x, err := a.Insight.AddAlert(ctx, p.Workspace, x, p.Label())
	if err != nil {
		return nil, err
	}
	note(ctx, x.ID, "name", &x.Name)
	return a.alertBody(ctx, p, &x)
}
