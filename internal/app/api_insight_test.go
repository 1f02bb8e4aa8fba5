package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/tidwall/gjson"
)

// orderTrend is a chart whose words carry the mark.
func orderTrend(x *tenant) obj {
	return obj{"kind": "trend", "range": obj{"last": "30d"}, "trend": obj{"interval": "day", "series": []any{obj{"event": "Order Completed", "label": x.name("label")}}}}
}

// insight saves a chart and gives its number.
func (x *tenant) insight() int64 {
	x.t.Helper()
	return x.want("POST", "/insights", obj{"name": x.name("insight"), "description": x.mark, "spec": orderTrend(x)}).Get("id").Int()
}

// board makes a dashboard and gives its number.
func (x *tenant) board() int64 {
	x.t.Helper()
	return x.want("POST", "/dashboards", dashboard(x, []any{x.insight()})).Get("id").Int()
}

func dashboard(x *tenant, ids []any) obj {
	return obj{"name": x.name("board"), "description": x.mark, "shared_with": []string{"analyst"}, "range": obj{"last": "30d"}, "tiles": []obj{
		{"id": "a", "kind": "insight", "insight": ids[len(ids)-1], "title": x.mark, "x": 0, "y": 0, "w": 6, "h": 4},
		{"id": "b", "kind": "kpi", "kpi": "orders", "x": 6, "y": 0, "w": 3, "h": 2}, {"id": "c", "kind": "text", "text": x.mark, "x": 6, "y": 2, "w": 6, "h": 2},
	}}
}

func (x *tenant) annotation() int64 {
	x.t.Helper()
	return x.want("POST", "/annotations", obj{"at": 1_700_000_000_000_000, "text": x.name("note")}).Get("id").Int()
}

func dashboardScenarios() map[string]scenario {
	board := one((*tenant).board)
	note := one((*tenant).annotation)
	with := func(x *tenant, ids []any) any { return dashboard(x, ids) }
	return map[string]scenario{
		"GET /dashboards":         {perm: access.ReadData},
		"GET /dashboards/ready":   {perm: access.ReadData},
		"POST /dashboards/ready":  {perm: access.Insights, body: plain(obj{"key": "revenue"})},
		"POST /dashboards":        {perm: access.Insights, ids: one((*tenant).insight), body: with},
		"GET /dashboards/{id}":    {perm: access.ReadData, ids: board},
		"PATCH /dashboards/{id}":  {perm: access.Insights, ids: func(x *tenant) []any { return []any{x.board(), x.insight()} }, body: with},
		"DELETE /dashboards/{id}": {perm: access.Insights, ids: board},
		"POST /dashboards/{id}/restore": {perm: access.Insights, ids: func(x *tenant) []any {
			id := x.board()
			x.want("DELETE", "/dashboards/"+itoa(id), nil)
			return []any{id}
		}},
		"GET /annotations": {perm: access.ReadData, query: "from=1&to=1800000000000000"},
		"POST /annotations": {perm: access.Insights, body: func(x *tenant, _ []any) any {
			return obj{"at": 1_700_000_000_000_000, "until": 1_700_000_001_000_000, "text": x.name("note")}
		}},
		"PATCH /annotations/{id}": {perm: access.Insights, ids: note, body: func(x *tenant, _ []any) any {
			return obj{"at": 1_700_000_000_000_000, "until": 1_700_000_001_000_000, "text": x.name("note")}
		}},
		"DELETE /annotations/{id}": {perm: access.Insights, ids: note},
	}
}

func costScenarios() map[string]scenario {
	return map[string]scenario{
		"GET /costs": {perm: access.ReadData, query: "from=2026-01-01&to=2026-12-31"},
		"PUT /costs": {perm: access.Design, body: func(x *tenant, _ []any) any {
			return obj{"costs": []obj{{"day": "2026-03-01", "channel": x.name("channel"), "campaign": x.mark, "kind": "ads", "amount": 1250, "currency": "EUR"}}}
		}},
		"DELETE /costs": {perm: access.Design, query: "from=2026-03-01&to=2026-03-01&channel=search"},
		"POST /costs/import": {perm: access.Design, query: "currency=EUR", status: 200, form: func(x *tenant) (string, string) {
			return form(x.t, "file", "costs.csv", "day,channel,amount\n2026-03-01,"+x.name("channel")+",12.50\n")
		}},
	}
}

func rateScenarios() map[string]scenario {
	return map[string]scenario{
		"GET /rates":         {perm: access.ReadData, query: "currency=RON&from=2026-01-01&to=2026-12-31&limit=10"},
		"GET /rates/missing": {perm: access.ReadData},
		"PUT /rates": {perm: access.Design, body: func(*tenant, []any) any {
			return obj{"rates": []obj{{"day": "2026-03-01", "currency": "RON", "rate": "0.2009"}}}
		}},
		"DELETE /rates": {perm: access.Design, query: "from=2026-03-01&to=2026-03-01&currency=RON"},
		"POST /rates/import": {perm: access.Design, query: "currency=RON", status: 200, form: func(x *tenant) (string, string) {
			return form(x.t, "file", "rates.csv", "day,rate\n2026-03-01,0.2009\n")
		}},
	}
}

func alertOf(x *tenant) obj {
	return obj{"name": x.name("alert"), "enabled": true, "watched": obj{"insight": x.insight(), "line": "A"}, "rule": obj{"kind": "threshold", "op": "above", "value": 3},
		"schedule": obj{"every": "1d", "at": "08:00"}, "webhook": 7, "emails": []string{x.mark + "@example.com"}, "language": "ro"}
}

func (x *tenant) alert() int64 {
	x.t.Helper()
	a := alertOf(x)
	a["enabled"] = false // nothing changes it but who is meant to
	return x.want("POST", "/alerts", a).Get("id").Int()
}

func alertScenarios() map[string]scenario {
	alert := one((*tenant).alert)
	return map[string]scenario{
		"GET /alerts":      {perm: access.ReadData},
		"POST /alerts":     {perm: access.Design, body: func(x *tenant, _ []any) any { return alertOf(x) }},
		"GET /alerts/{id}": {perm: access.ReadData, ids: alert},
		"PATCH /alerts/{id}": {perm: access.Design, ids: alert, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("alert"), "enabled": false, "watched": obj{"kpi": "orders", "period": "7d"}, "rule": obj{"kind": "change", "by": 0.5, "direction": "down"}, "schedule": obj{"every": "6h"}, "emails": []string{}, "language": "it"}
		}},
		"DELETE /alerts/{id}":      {perm: access.Design, ids: alert},
		"GET /alerts/{id}/history": {perm: access.ReadData, ids: alert},
	}
}

func insightScenarios() map[string]scenario {
	saved := one((*tenant).insight)
	return map[string]scenario{
		"POST /insights/run":             {perm: access.ReadData, quiet: true, query: "progress=abcd-1234", body: func(x *tenant, _ []any) any { return orderTrend(x) }},
		"GET /insights/progress/{watch}": {perm: access.ReadData, ids: func(*tenant) []any { return []any{"some_id-42"} }},
		"GET /insights":                  {perm: access.ReadData},
		"POST /insights": {perm: access.Insights, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("insight"), "description": x.mark, "spec": orderTrend(x)}
		}},
		"GET /insights/{id}": {perm: access.ReadData, ids: saved},
		"PATCH /insights/{id}": {perm: access.Insights, ids: saved, body: func(x *tenant, _ []any) any {
			return obj{"name": x.name("insight"), "description": x.mark, "spec": orderTrend(x)}
		}},
		"DELETE /insights/{id}": {perm: access.Insights, ids: saved},
		"POST /insights/{id}/restore": {perm: access.Insights, ids: func(x *tenant) []any {
			id := x.insight()
			x.want("DELETE", "/insights/"+itoa(id), nil)
			return []any{id}
		}},
		"GET /insights/{id}/versions": {perm: access.ReadData, ids: saved},
		"GET /insights/{id}/run":      {perm: access.ReadData, ids: saved, query: "progress=abcd-1234&last=7d"},
	}
}

// TestDashboardsOfRoles: a dashboard shows itself to the roles that it is shared
// with, and the charts on it to everybody who may read data.
func TestDashboardsOfRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	x := w.a
	id, saved := itoa(x.board()), itoa(x.insight())
	for role, sees := range map[access.Role]bool{access.Owner: true, access.Admin: true, access.Analyst: true, access.Support: false, access.Developer: false, access.Marketer: false} {
		want := map[bool]int{true: 200, false: 404}[sees]
		if rec := x.do(request{method: "GET", path: "/dashboards/" + id, key: x.keys[role]}); rec.Code != want {
			t.Errorf("%s reads the dashboard: %d, want %d", role, rec.Code, want)
		}
		if rec := x.do(request{method: "GET", path: "/insights/" + saved + "/run", key: x.keys[role]}); rec.Code != 200 {
			t.Errorf("%s runs an insight: %d %s", role, rec.Code, rec.Body)
		}
	}
	first, second := x.want("GET", "/insights/"+saved+"/run", nil), x.want("GET", "/insights/"+saved+"/run?last=90d", nil)
	if !first.Get("cached").Bool() || second.Get("cached").Bool() || first.Get("definition_version").Int() != 1 || first.Get("from").Int() <= second.Get("from").Int() {
		t.Errorf("run: %.300s; over 90 days: %.300s", first, second)
	}
}

// TestCostImport: a file makes KPIs; one with a fault names each line and writes
// nothing.
func TestCostImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	x := w.a
	send := func(text string) gjson.Result {
		rec := x.do(request{method: "POST", path: "/costs/import", body: text, kind: "text/csv"})
		return gjson.Parse(rec.Body.String())
	}
	today, before := time.Now().UTC().Format("2006-01-02"), time.Now().UTC().AddDate(0, 0, -3).Format("2006-01-02")
	file := "Data;Canale;Importo;Valuta\n" + today + ";Ricerca;1.000,00;EUR\n" + before + ";Ricerca;12,00;EUR\n" + before + ";Fiera;99;USD\n"
	if r := send(file); r.Get("added").Int() != 3 {
		t.Errorf("import: %s", r)
	}
	if r := send(file); r.Get("same").Int() != 3 || r.Get("added").Int()+r.Get("changed").Int() != 0 {
		t.Errorf("the same file again: %s", r)
	}
	r := send("day;channel;amount;currency\n2026-01-01;a;1;EUR\n2026-13-01;a;1;EUR\n2026-01-02;;1;EUR\n")
	if r.Get("code").Str != "bad_lines" || r.Get("errors.#").Int() != 2 || r.Get("errors.0.location").Str != "line 3, day" || r.Get("errors.1.location").Str != "line 4, channel" {
		t.Errorf("faults: %s", r)
	}
	if n := x.want("GET", "/costs?from=2026-01-01&to=2030-01-01", nil).Get("costs.#").Int(); n != 3 {
		t.Errorf("%d rows of costs", n)
	}
	k := x.want("GET", "/kpis", nil).Get(`kpis.#(key=="cac")`)
	if k.Get("numerator").Int() < 1200 || k.Get("value").Float() != k.Get("numerator").Float()/k.Get("denominator").Float() || !strings.Contains(k.Get("note").Str, "99.00 USD") {
		t.Errorf("CAC %s", k)
	}
}

// slow is a timeline whose scans wait until they are called off.
type slow struct {
	query.Source
	entered, stopped chan struct{}
}

func (s *slow) Scan(ctx context.Context, req timeline.Request, _ func(int, core.CustomerID, *timeline.Rows) error) error {
	req.Progress(3, 9)
	s.entered <- struct{}{}
	<-ctx.Done()
	s.stopped <- struct{}{}
	return ctx.Err()
}

// TestChartStopsWithItsClient: while it is computed its progress can be seen; when
// the client goes, so does the work.
func TestChartStopsWithItsClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	s := &slow{w.srv.Timeline, make(chan struct{}, 1), make(chan struct{}, 1)}
	w.srv.Insight.Source = s
	id := itoa(w.a.insight())
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, "GET", w.srv.URL()+"/api/v1/insights/"+id+"/run?progress=my-own_chart", nil)
		if err == nil {
			req.Header.Set("Authorization", "Bearer "+w.a.keys[access.Analyst])
			var res *http.Response
			if res, err = http.DefaultClient.Do(req); err == nil {
				err = res.Body.Close()
			}
		}
		done <- err
	}()
	<-s.entered
	if p := w.a.want("GET", "/insights/progress/my-own_chart", nil); p.Get("state").Str != "running" || p.Get("done").Int() != 3 || p.Get("total").Int() != 9 {
		t.Errorf("progress %s", p)
	}
	if p := w.b.want("GET", "/insights/progress/my-own_chart", nil); p.Get("state").Str != "unknown" {
		t.Errorf("the other workspace sees progress %s", p)
	}
	leave()
	<-s.stopped
	if err := <-done; err == nil {
		t.Error("the client that left got an answer")
	}
	if p := w.a.want("GET", "/insights/progress/my-own_chart", nil); p.Get("state").Str != "unknown" {
		t.Errorf("afterwards progress is %s", p)
	}
}
