package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

type kpiShape struct {
	Key             string     `json:"key"`
	Name            string     `json:"name"`
	Stage           *string    `json:"stage" doc:"Stage it is shown with; null: none"`
	Scope           string     `json:"scope" enum:"all,stage,customer" doc:"What it is about: the whole base, that stage only, one customer"`
	Unit            string     `json:"unit" enum:"ratio,money,count,seconds,days,number" doc:"Money is in minor units"`
	Currency        string     `json:"currency,omitempty"`
	Value           *float64   `json:"value" doc:"Null: no value, which is not 0; note says why"`
	Numerator       *float64   `json:"numerator"`
	Denominator     *float64   `json:"denominator"`
	Low             *float64   `json:"low" doc:"95 % interval"`
	High            *float64   `json:"high"`
	Previous        *float64   `json:"previous" doc:"In the period of equal length before"`
	Target          *float64   `json:"target"`
	Warn            *float64   `json:"warn"`
	Direction       string     `json:"direction" enum:"up,down" doc:"Which way is good"`
	Status          string     `json:"status" enum:"ok,warn,bad,none"`
	Formula         string     `json:"formula"`
	NumeratorText   string     `json:"numerator_text"`
	DenominatorText string     `json:"denominator_text"`
	Definition      string     `json:"definition"`
	Note            string     `json:"note"`
	Unrated         []string   `json:"unrated,omitempty" doc:"Currencies that the value leaves out, since exchange rates are missing"`
	Version         int        `json:"version" doc:"Of the definition"`
	ComputedAt      time.Time  `json:"computed_at"`
	Incomplete      bool       `json:"incomplete" doc:"The period has not ended"`
	Spark           []*float64 `json:"spark" doc:"Course over the period, in twelve equal slices"`
	Owner           string     `json:"owner" doc:"Who set the target"`
}

func kpisOut(list []insight.KPI) []kpiShape {
	out := make([]kpiShape, len(list))
	for i := range list {
		k := &list[i]
		out[i] = kpiShape{Key: k.Key, Name: k.Name, Scope: k.Scope, Unit: k.Unit, Currency: k.Currency, Value: k.Value, Numerator: k.Numerator,
			Denominator: k.Denominator, Low: k.Low, High: k.High, Previous: k.Previous, Target: k.Target, Warn: k.Warn, Direction: k.Direction,
			Status: k.Status, Formula: k.Formula, NumeratorText: k.NumeratorText, DenominatorText: k.DenominatorText, Definition: k.Definition,
			Note: k.Note, Unrated: k.Unrated, Version: k.Version, ComputedAt: toTime(k.Computed), Incomplete: k.Incomplete, Spark: k.Spark, Owner: k.Owner}
		if k.Stage != "" {
			out[i].Stage = &k.Stage
		}
	}
	return out
}

type kpisIn struct {
	Span
	Model       int64  `query:"model" doc:"Stage model; default the default one"`
	Window      string `query:"window" default:"30d" doc:"Leads and stages convert within this span"`
	CostLag     string `query:"cost_lag" maxLength:"16" doc:"Span such as 14d: CAC counts costs so much earlier than customers"`
	IncludeBots bool   `query:"include_bots" doc:"Bots, test orders and own people count as well"`
}

type kpisBody struct {
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to" doc:"End of what was counted: of the period, or now when that comes first"`
	TimeZone   string     `json:"time_zone"`
	Currency   string     `json:"currency"`
	ComputedAt time.Time  `json:"computed_at"`
	Incomplete bool       `json:"incomplete"`
	KPIs       []kpiShape `json:"kpis"`
}

type targetIn struct {
	Key  string `path:"key" maxLength:"64"`
	Body struct {
		Value     *float64 `json:"value" doc:"Null takes the target away"`
		Direction string   `json:"direction,omitempty" enum:"up,down"`
		Warn      *float64 `json:"warn,omitempty" doc:"Up to here the value is near the target; null: a tenth off"`
	}
}

type targetOut struct {
	Key       string   `json:"key"`
	Value     *float64 `json:"value"`
	Direction string   `json:"direction"`
	Warn      *float64 `json:"warn"`
	Owner     string   `json:"owner"`
}

type catalogueOut struct {
	KPIs []catalogueShape `json:"kpis"`
}

type catalogueShape struct {
	Key       string `json:"key"`
	Name      string `json:"name"`
	Scope     string `json:"scope"`
	Unit      string `json:"unit"`
	Direction string `json:"direction"`
	Formula   string `json:"formula"`
	Note      string `json:"note"`
	Version   int    `json:"version"`
}

func (a *API) kpis() {
	const tag = "kpis"
	handle(a, route{method: "GET", path: "/kpis", summary: "All KPIs of a period, with interval, target and formula", perm: access.ReadData, tag: tag}, a.listKPIs)
	handle(a, route{method: "GET", path: "/kpis/catalogue", summary: "The KPIs there are", perm: access.ReadData, tag: tag},
		func(_ context.Context, p *access.Principal, _ *None) (*Body[catalogueOut], error) {
			out := catalogueOut{KPIs: []catalogueShape{}}
			for _, d := range a.Insight.Definitions() {
				out.KPIs = append(out.KPIs, catalogueShape{d.Key, d.Name.In(p.Locale), d.Scope, d.Unit, d.Direction, d.FormulaIn(p.Locale), d.Note.In(p.Locale), d.Version})
			}
			return body(out)
		})
	handle(a, route{method: "PUT", path: "/kpis/{key}/target", summary: "Set or take away the target of a KPI", perm: access.Design, audit: "kpi.target", tag: tag}, a.setTarget)
	handle(a, route{method: "GET", path: "/customers/{id}/kpis", summary: "KPIs of one customer, over the whole past", perm: access.ReadCustomers, tag: tag}, a.customerKPIs)
}

// InsightSettings reads what of the workspace changes KPIs.
func InsightSettings(w *access.Workspace) (insight.Settings, error) {
	t, err := insight.ParseTargets(w.Settings.Targets)
	return insight.Settings{Currency: w.Currency, Zone: w.Zone(), LapseDays: w.Settings.Lapse(), ByOrderDate: w.Settings.RefundDate == "order", Targets: t, Staff: w.Settings.Staff}, err
}

// spec turns a request into a report's. Absent ends stay 0, so that requests
// for "the last 30 days" find one another in the cache.
func (a *API) spec(w *access.Workspace, s Span, window string, model int64) (insight.Spec, error) {
	set, err := InsightSettings(w)
	if err != nil {
		return insight.Spec{}, err
	}
	if _, _, err := s.micros(a.Clock.Now(), 30); err != nil {
		return insight.Spec{}, err
	}
	d, err := expr.ParseSpan(window)
	if err != nil {
		return insight.Spec{}, errs.Field("window", "bad_window", "%v", err)
	}
	return insight.Spec{Workspace: w.ID, From: micros(s.From), To: micros(s.To), Window: d, Model: model, Settings: set}, nil
}

func (a *API) listKPIs(ctx context.Context, p *access.Principal, in *kpisIn) (*Body[kpisBody], error) {
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	if in.Model != 0 {
		if _, err := a.Lifecycle.Model(p.Workspace, in.Model); err != nil {
			return nil, err
		}
	}
	spec, err := a.spec(&w, in.Span, in.Window, in.Model)
	if err != nil {
		return nil, err
	}
	spec.IncludeBots = in.IncludeBots
	if in.CostLag != "" {
		if spec.CostLag, err = expr.ParseSpan(in.CostLag); err != nil || spec.CostLag > 366*core.Day {
			return nil, errs.Field("cost_lag", "bad_cost_lag", "must be a span of at most 366 days such as 14d")
		}
	}
	r, err := a.Insight.Report(ctx, spec)
	if err != nil {
		return nil, err
	}
	from, to := r.Span()
	return body(kpisBody{From: toTime(from), To: toTime(to), TimeZone: w.TimeZone, Currency: w.Currency, ComputedAt: toTime(r.Computed),
		Incomplete: r.Incomplete(), KPIs: kpisOut(a.Insight.KPIs(r, p.Locale, spec.Settings.Targets))})
}

// stageKPIs gives the board the KPIs that each stage names.
func (a *API) stageKPIs(ctx context.Context, p *access.Principal, w *access.Workspace, in *boardIn, model int64) (map[string][]kpiShape, error) {
	spec, err := a.spec(w, in.Span, in.Window, model)
	if err != nil {
		return nil, err
	}
	if at := micros(in.At); at != 0 && at < core.FromTime(a.Clock.Now()) {
		if spec.To == 0 || spec.To > at { // a board of the past shows the KPIs of then
			if spec.To == 0 && spec.From == 0 {
				spec.From = at - insight.DefaultSpan
			}
			spec.To = max(at, spec.From+1)
		}
	}
	r, err := a.Insight.Report(ctx, spec)
	if err != nil {
		return nil, err
	}
	out := map[string][]kpiShape{}
	for stage, list := range a.Insight.OfStages(r, p.Locale, spec.Settings.Targets) {
		out[stage] = kpisOut(list)
	}
	return out, nil
}

func (a *API) setTarget(ctx context.Context, p *access.Principal, in *targetIn) (*Body[targetOut], error) {
	var all map[string]insight.Target
	_, err := a.Access.ChangeWorkspace(ctx, p.Workspace, func(w *access.Workspace) error {
		var err error
		if all, err = insight.ParseTargets(w.Settings.Targets); err != nil {
			return err
		}
		var t *insight.Target
		if in.Body.Value != nil {
			t = &insight.Target{Value: *in.Body.Value, Direction: in.Body.Direction, Warn: in.Body.Warn, By: p.Label()}
		}
		if all, err = a.Insight.With(all, in.Key, t); err != nil {
			return err
		}
		w.Settings.Targets, err = json.Marshal(all)
		return err
	})
	if err != nil {
		return nil, err
	}
	note(ctx, 0, "value", in.Body.Value)
	d, _ := a.Insight.Definition(in.Key)
	out := targetOut{Key: in.Key, Direction: d.Direction}
	if set, ok := all[in.Key]; ok {
		out.Value, out.Direction, out.Warn, out.Owner = &set.Value, set.Direction, set.Warn, set.By
	}
	return body(out)
}

type customerKPIsOut struct {
	KPIs []kpiShape `json:"kpis"`
}

func (a *API) customerKPIs(ctx context.Context, p *access.Principal, in *CustomerPath) (*Body[customerKPIsOut], error) {
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
	if err != nil {
		return nil, err
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	set, err := InsightSettings(&w)
	if err != nil {
		return nil, err
	}
	list, err := a.Insight.Customer(ctx, insight.Spec{Workspace: p.Workspace, Settings: set}, c.ID, p.Locale)
	if err != nil {
		return nil, err
	}
	return body(customerKPIsOut{KPIs: kpisOut(list)})
}
