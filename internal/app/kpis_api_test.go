package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/httpapi"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// caller makes requests to the API with the key of a role.
type caller struct {
	t   *testing.T
	api http.Handler
	key string
}

func (b *bench) handler() http.Handler {
	return httpapi.New(httpapi.Deps{DB: b.DB, Clock: b.clock, Log: slog.New(slog.DiscardHandler), Access: b.Access, Inbox: b.Inbox, Customers: b.Customers,
		Lifecycle: b.Lifecycle, Segments: b.Segments, Insight: b.Insight, Timeline: b.Timeline, Pipeline: b.Pipeline, Loaded: b.LoadWorkspace,
		Running: func(core.WorkspaceID) []httpapi.Work { return nil }})
}

func (b *bench) caller(t *testing.T, api http.Handler, ws core.WorkspaceID, role access.Role) *caller {
	t.Helper()
	_, key, err := b.Access.CreateKey(context.Background(), ws, string(role), role, "test")
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t, api, key}
}

// do makes a request, wants a status and reads the answer into out.
func (c *caller) do(method, path string, in any, status int, out any) {
	c.t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			c.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	r := httptest.NewRequest(method, "/api/v1"+path, body)
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	w := httptest.NewRecorder()
	c.api.ServeHTTP(w, r)
	if w.Code != status {
		c.t.Fatalf("%s %s answers %d, want %d: %s", method, path, w.Code, status, w.Body)
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
}

type kpiAnswer struct {
	KPIs []apiKPI `json:"kpis"`
}

type apiKPI struct {
	Key, Name, Unit, Status, Formula, Note, Direction, Owner string
	Stage                                                    *string
	Value, Target, Numerator, Denominator, Low, High         *float64
	Spark                                                    []*float64
	Incomplete                                               bool
}

func (a kpiAnswer) get(t *testing.T, key, stage string) apiKPI {
	t.Helper()
	for _, k := range a.KPIs {
		if k.Key == key && (k.Stage == nil && stage == "" || k.Stage != nil && *k.Stage == stage) {
			return k
		}
	}
	t.Fatalf("no KPI %s of stage %q", key, stage)
	return apiKPI{}
}

func wantValue(t *testing.T, k apiKPI, v float64) {
	t.Helper()
	if k.Value == nil || *k.Value != v {
		t.Errorf("%s is %s, want %v", k.Key, show(k.Value), v)
	}
}

// shopping sends two customers and their orders.
func shopping(b *bench) {
	order := func(user, id string, day float64, revenue any) obj {
		return obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": id, "timestamp": b.at(day),
			"properties": obj{"order_id": id, "revenue": revenue, "currency": "EUR"}}
	}
	b.send(obj{"type": "page", "userId": "u", "messageId": "p", "timestamp": b.at(-20)},
		order("u", "o1", -20, "12.50"), order("u", "o2", -3, 7.5), order("w", "o3", -2, 80),
		obj{"type": "track", "event": "Order Refunded", "userId": "w", "messageId": "r", "timestamp": b.at(-1), "properties": obj{"order_id": "o3", "total": 30}})
}

func (b *bench) model(t *testing.T) lifecycle.Model {
	t.Helper()
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Lifecycle.Create(context.Background(), 1, def, "sterne_cutler", "test")
	if err != nil {
		t.Fatal(err)
	}
	b.Lifecycle.Wait()
	return m
}

func TestKPIsOverTheAPI(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		t.Helper()
		m := b.model(t)
		shopping(b)
		api := b.handler()
		c := b.caller(t, api, 1, access.Owner)
		var got kpiAnswer
		c.do("GET", "/kpis", nil, 200, &got)
		wantValue(t, got.get(t, "orders", ""), 3)
		wantValue(t, got.get(t, "revenue", "conversion"), 7000)
		wantValue(t, got.get(t, "aov", "conversion"), 7000.0/3)
		wantValue(t, got.get(t, "stage_count", "retention"), 1)
		wantValue(t, got.get(t, "stage_count", "conversion"), 1)
		if k := got.get(t, "orders", ""); k.Formula == "" || k.Name == "" || len(k.Spark) != 12 || k.Status != "none" {
			t.Errorf("orders: %+v", k)
		}
		// What happens next shows at once when nothing else is going on.
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "z", "messageId": "o9", "timestamp": b.at(-0.5), "properties": obj{"order_id": "o9", "revenue": 1}})
		c.do("GET", "/kpis?model="+itoa(m.ID), nil, 200, &got)
		wantValue(t, got.get(t, "orders", ""), 4)
		end := b.clock.Now().Add(24 * time.Hour).Format(time.RFC3339)
		c.do("GET", "/kpis?from="+b.at(-2.5)[:19]+"Z&to="+end, nil, 200, &got)
		if k := got.get(t, "orders", ""); !k.Incomplete || *k.Value != 2 {
			t.Errorf("orders of a period that runs: %+v", k)
		}
		c.do("GET", "/kpis?from="+end+"&to="+b.at(-2)[:19]+"Z", nil, 400, nil)
		c.do("GET", "/kpis?window=soon", nil, 400, nil)
		c.do("GET", "/kpis?model=99", nil, 404, nil)
		b.boardKPIs(t, c, m.ID)
		b.customerKPIs(t, c)
	})
}

func (b *bench) boardKPIs(t *testing.T, c *caller, model int64) {
	t.Helper()
	var board struct {
		Stages []struct {
			Key     string
			KPIKeys []string `json:"kpi_keys"`
			KPIs    []apiKPI `json:"kpis"`
		}
	}
	c.do("GET", "/stage-models/"+itoa(model)+"/board", nil, 200, &board)
	for _, s := range board.Stages {
		if len(s.KPIs) != len(s.KPIKeys) || len(s.KPIs) == 0 {
			t.Errorf("stage %s names %v and shows %d KPIs", s.Key, s.KPIKeys, len(s.KPIs))
			continue
		}
		for i, k := range s.KPIs {
			if k.Key != s.KPIKeys[i] || k.Stage == nil || *k.Stage != s.Key {
				t.Errorf("KPI %d of stage %s is %+v", i, s.Key, k)
			}
		}
	}
}

func (b *bench) customerKPIs(t *testing.T, c *caller) {
	t.Helper()
	var got kpiAnswer
	c.do("GET", "/customers/1/kpis", nil, 200, &got)
	wantValue(t, got.get(t, "orders", ""), 2)
	wantValue(t, got.get(t, "revenue", ""), 2000)
	wantValue(t, got.get(t, "aov", ""), 1000)
	wantValue(t, got.get(t, "recency", ""), 3)
	wantValue(t, got.get(t, "gap", ""), 17)
	wantValue(t, got.get(t, "sessions", ""), 1)
	if k := got.get(t, "clv_historic", ""); k.Value != nil {
		t.Errorf("historic CLV without any cost is %s", show(k.Value))
	}
	c.do("GET", "/customers/77/kpis", nil, 404, nil)
}

func TestTargets(t *testing.T) {
	t.Parallel()
	b := open(t, "")
	b.model(t)
	shopping(b)
	c := b.caller(t, b.handler(), 1, access.Marketer)
	for _, x := range []struct {
		target obj
		status string
	}{
		{obj{"value": 3, "direction": "up", "warn": nil}, "ok"},
		{obj{"value": 4, "direction": "up", "warn": 3}, "warn"},
		{obj{"value": 5, "direction": "up", "warn": 4}, "bad"},
		{obj{"value": 2, "direction": "down", "warn": 2.5}, "bad"},
		{obj{"value": 2.9, "direction": "down"}, "warn"},
		{obj{"value": nil}, "none"},
	} {
		c.do("PUT", "/kpis/orders/target", x.target, 200, nil)
		var got kpiAnswer
		c.do("GET", "/kpis", nil, 200, &got)
		if k := got.get(t, "orders", ""); k.Status != x.status || (k.Target == nil) != (x.target["value"] == nil) {
			t.Errorf("target %v: %s, want %s (%+v)", x.target, k.Status, x.status, k)
		}
	}
	c.do("PUT", "/kpis/nothing/target", obj{"value": 1}, 404, nil)
	c.do("PUT", "/kpis/orders/target", obj{"value": 1, "direction": "up", "warn": 2}, 400, nil)
}

func TestKPIsNeedPermission(t *testing.T) {
	t.Parallel()
	b := open(t, "")
	m := b.model(t)
	shopping(b)
	api := b.handler()
	(&caller{t, api, ""}).do("GET", "/kpis", nil, 401, nil)
	b.caller(t, api, 1, access.Analyst).do("PUT", "/kpis/orders/target", obj{"value": 1}, 403, nil)
	b.caller(t, api, 1, access.Developer).do("GET", "/customers/1/kpis", nil, 403, nil)
	b.caller(t, api, 1, access.Developer).do("GET", "/kpis", nil, 200, nil)

	// Another workspace sees nothing of this one.
	err := b.DB.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), `INSERT INTO workspaces (id, name, time_zone, currency, week_start, settings, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			2, "Other", "UTC", "USD", 1, "{}", 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.LoadWorkspace(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	other := b.caller(t, api, 2, access.Owner)
	var got kpiAnswer
	other.do("GET", "/kpis", nil, 200, &got)
	wantValue(t, got.get(t, "orders", ""), 0)
	for _, k := range got.KPIs {
		if k.Stage != nil {
			t.Errorf("%s shows stage %s of another workspace", k.Key, *k.Stage)
		}
	}
	other.do("GET", "/customers/1/kpis", nil, 404, nil)
	other.do("GET", "/kpis?model="+itoa(m.ID), nil, 404, nil)
	other.do("GET", "/stage-models/"+itoa(m.ID)+"/board", nil, 404, nil)
	other.do("PUT", "/kpis/orders/target", obj{"value": 1}, 200, nil)
	b.caller(t, api, 1, access.Analyst).do("GET", "/kpis", nil, 200, &got)
	if k := got.get(t, "orders", ""); k.Target != nil {
		t.Error("a target of another workspace shows")
	}
}

func itoa(n int64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}
