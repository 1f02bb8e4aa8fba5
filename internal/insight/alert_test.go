package insight_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// TestDeviation compares with values worked out by hand.
func TestDeviation(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		x         float64
		history   []float64
		z, median float64
		ok        bool
	}{
		// median 3, deviations 2 1 0 1 2: MAD 1
		"plain":              {7, []float64{1, 2, 3, 4, 5}, 0.6745 * 4, 3, true},
		"below":              {-1, []float64{5, 4, 3, 2, 1}, -0.6745 * 4, 3, true},
		"two outliers":       {7, []float64{3, 2, 4, 1000, -999}, 0.6745 * 4, 3, true},
		"even number":        {5, []float64{1, 2, 3, 4}, 0.6745 * 2.5, 2.5, true},
		"mostly one value":   {9, []float64{4, 4, 4, 4, 9}, 5 / (math.Sqrt(math.Pi/2) * 1), 4, true},
		"one value, other x": {5, []float64{4, 4, 4, 4}, math.Inf(1), 4, true},
		"one value, below":   {3, []float64{4, 4, 4, 4}, math.Inf(-1), 4, true},
		"one value, same x":  {4, []float64{4, 4, 4, 4}, 0, 4, true},
		"too few":            {4, []float64{1, 2, 3}, 0, 0, false},
		"no number":          {math.NaN(), []float64{1, 2, 3, 4}, 0, 0, false},
	} {
		z, median, _, ok := insight.Deviation(c.x, c.history)
		if ok != c.ok || median != c.median || math.Abs(z-c.z) > 1e-12 && z != c.z {
			t.Errorf("%s: z %v median %v %v, want %v %v %v", what, z, median, ok, c.z, c.median, c.ok)
		}
	}
	// Of normal values it estimates the standard deviation, and one in about 2,000
	// lies beyond 3.5 (0.0465 %).
	rnd := rand.New(rand.NewPCG(1, 2))
	history := make([]float64, 20_001)
	for i := range history {
		history[i] = 10 + 3*rnd.NormFloat64()
	}
	beyond := 0
	for _, x := range history {
		if math.Abs(x-10)/3 > 3.5 {
			beyond++
		}
	}
	if _, m, spread, _ := insight.Deviation(10, history); math.Abs(spread-3) > 0.1 || math.Abs(m-10) > 0.1 || beyond == 0 || beyond > 25 {
		t.Errorf("spread %v, median %v, %d beyond", spread, m, beyond)
	}
}

// TestRules: when each fires.
func TestRules(t *testing.T) {
	t.Parallel()
	f := func(v float64) *float64 { return &v }
	past := []float64{98, 100, 101, 99, 100, 102, 100}
	for _, c := range []struct {
		rule insight.Rule
		x    insight.Reading
		want string
	}{
		{insight.Rule{Kind: "threshold", Op: "above", Value: f(5)}, insight.Reading{Value: f(5)}, "still"},
		{insight.Rule{Kind: "threshold", Op: "above", Value: f(5)}, insight.Reading{Value: f(5.01)}, "fires"},
		{insight.Rule{Kind: "threshold", Op: "below", Value: f(5)}, insight.Reading{Value: f(5)}, "still"},
		{insight.Rule{Kind: "threshold", Op: "below", Value: f(5)}, insight.Reading{Value: f(-1)}, "fires"},
		{insight.Rule{Kind: "threshold", Op: "below", Value: f(5)}, insight.Reading{}, "nothing"},
		{insight.Rule{Kind: "change", Direction: "both", By: f(0.2)}, insight.Reading{Value: f(120), Before: f(100)}, "fires"},
		{insight.Rule{Kind: "change", Direction: "both", By: f(0.2)}, insight.Reading{Value: f(80), Before: f(100)}, "fires"},
		{insight.Rule{Kind: "change", Direction: "both", By: f(0.2)}, insight.Reading{Value: f(119), Before: f(100)}, "still"},
		{insight.Rule{Kind: "change", Direction: "up", By: f(0.2)}, insight.Reading{Value: f(10), Before: f(100)}, "still"},
		{insight.Rule{Kind: "change", Direction: "down", By: f(0.2)}, insight.Reading{Value: f(10), Before: f(100)}, "fires"},
		{insight.Rule{Kind: "change", Direction: "down", By: f(0.2)}, insight.Reading{Value: f(-130), Before: f(-100)}, "fires"},
		{insight.Rule{Kind: "change", Direction: "both", By: f(0.2), Least: 30}, insight.Reading{Value: f(120), Before: f(100)}, "still"},
		{insight.Rule{Kind: "change", Direction: "both", By: f(9)}, insight.Reading{Value: f(1), Before: f(0)}, "fires"},
		{insight.Rule{Kind: "change", Direction: "both", By: f(0.2)}, insight.Reading{Value: f(0), Before: f(0)}, "still"},
		{insight.Rule{Kind: "change", Direction: "both", By: f(0.2)}, insight.Reading{Value: f(1)}, "nothing"},
		{insight.Rule{Kind: "anomaly", Direction: "both", Deviations: 3.5}, insight.Reading{Value: f(104), Past: past}, "still"},
		{insight.Rule{Kind: "anomaly", Direction: "both", Deviations: 3.5}, insight.Reading{Value: f(107), Past: past}, "fires"},
		{insight.Rule{Kind: "anomaly", Direction: "up", Deviations: 3.5}, insight.Reading{Value: f(20), Past: past}, "still"},
		{insight.Rule{Kind: "anomaly", Direction: "down", Deviations: 3.5}, insight.Reading{Value: f(20), Past: past}, "fires"},
		{insight.Rule{Kind: "anomaly", Direction: "both", Deviations: 3.5, Least: 10}, insight.Reading{Value: f(107), Past: past}, "still"},
		{insight.Rule{Kind: "anomaly", Direction: "both", Deviations: 3.5}, insight.Reading{Value: f(20), Past: past[:3]}, "nothing"},
		{insight.Rule{Kind: "anomaly", Direction: "both", Deviations: 3.5}, insight.Reading{Value: f(0), Past: []float64{9, 9, 9, 9}}, "fires"},
	} {
		v := c.rule.Judge(c.x)
		got := map[bool]string{true: "fires", false: "still"}[v.Firing]
		if v.Problem != "" {
			got = "nothing"
		}
		if got != c.want || v.Firing && v.Problem != "" {
			t.Errorf("%s with %s: %s %s, want %s", text(c.rule), text(c.x), got, text(v), c.want)
		}
	}
}

// pager notes what it is told, once it is durable.
type pager struct {
	mu   sync.Mutex
	told []string
	fail atomic.Bool
}

func (p *pager) Notify(_ context.Context, tx *db.Tx, ws core.WorkspaceID, event string, payload any) error {
	if p.fail.Load() {
		return errors.New("no")
	}
	n := payload.(insight.Notice)
	tx.AfterCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.told = append(p.told, fmt.Sprintf("%d %s %s %s %d", ws, event, n.Name, n.State, n.Webhook))
	})
	return nil
}

func (p *pager) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.told...)
}

// watched is a shop with a pager and a saved trend of orders by day.
func watched(t *testing.T, d *db.DB) (*shop, *pager) {
	t.Helper()
	s := newShop(t, d)
	p := &pager{}
	s.with(insight.Deps{Notify: p})
	if _, err := s.Save(context.Background(), ws, insight.Insight{Name: "Orders", Spec: ask(ws, core.EventOrderCompleted, last("30d")).Spec}, ""); err != nil {
		t.Fatal(err)
	}
	return s, p
}

func (s *shop) alert(a insight.Alert) insight.Alert {
	s.t.Helper()
	a.Enabled = true
	out, err := s.AddAlert(context.Background(), ws, a, "ann")
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// check looks at what is due and gives the state of an alert.
func (s *shop) check(id int64) insight.Alert {
	s.t.Helper()
	if _, err := s.CheckAlerts(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	a, err := s.Alert(context.Background(), ws, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// TestAlertFiresOnce and recovers once, however often it is looked at.
func TestAlertFiresOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := watched(t, d)
		a := s.alert(insight.Alert{Name: "Many orders", Watched: insight.Watched{KPI: "orders", Period: "1d"}, Rule: insight.Rule{Kind: "threshold", Op: "above", Value: ptr(1.0)}, Schedule: insight.Schedule{Every: "1h"}, Webhook: 7})
		want := func(state string, told int) {
			t.Helper()
			got := s.check(a.ID)
			if got.State != state || len(p.all()) != told || got.Checked != core.FromTime(s.clock.Now()) || got.Problem != "" || got.Due != got.Checked+core.Hour {
				t.Fatalf("state %s with %d told %v, want %s with %d (%s)", got.State, len(p.all()), p.all(), state, told, text(got))
			}
			s.clock.Advance(time.Hour)
		}
		want("ok", 0)
		s.append(s.order(1, 0.1, obj{"order_id": "a"}), s.order(1, 0.05, obj{"order_id": "b"}))
		want("firing", 1)
		want("firing", 1)
		want("firing", 1)
		s.clock.Advance(24 * time.Hour)
		want("recovered", 2)
		want("ok", 2)
		want("ok", 2)
		if got := strings.Join(p.all(), "; "); got != "3 alert.firing Many orders firing 7; 3 alert.recovered Many orders recovered 7" {
			t.Errorf("told %s", got)
		}
		h, err := s.AlertHistory(context.Background(), ws, a.ID, 10)
		if err != nil || len(h) != 2 || h[0].State != "recovered" || h[1].State != "firing" || h[1].N != 1 || *h[1].Detail.Value != 2 || *h[1].Detail.Limit != 1 || h[0].At <= h[1].At {
			t.Errorf("history %s %v", text(h), err)
		}
	})
}

// TestAlertIsTooEarly: what is not due is not looked at; the next instant is told.
func TestAlertIsTooEarly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := watched(t, d)
		ctx := context.Background()
		next := func() core.Micros {
			t.Helper()
			n, err := s.CheckAlerts(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := next(); n != math.MaxInt64 {
			t.Errorf("without alerts the next is due at %d", n)
		}
		rule := insight.Rule{Kind: "threshold", Op: "below", Value: ptr(1.0)}
		a := s.alert(insight.Alert{Name: "a", Watched: insight.Watched{Insight: 1}, Rule: rule, Schedule: insight.Schedule{Every: "1d", At: "08:30"}})
		eight := core.FromTime(time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC))
		if n := next(); n != eight || a.Due != eight || len(p.all()) != 0 {
			t.Errorf("due at %v, looked at %v", core.ToTime(n), p.all())
		}
		s.clock.Set(core.ToTime(eight))
		if n := next(); n != eight+core.Day || len(p.all()) != 1 {
			t.Errorf("due at %v, told %v", core.ToTime(n), p.all())
		}
		if _, err := s.ChangeAlert(ctx, ws, a.ID, insight.AlertChange{Enabled: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(100 * 24 * time.Hour)
		if n := next(); n != math.MaxInt64 || len(p.all()) != 1 {
			t.Errorf("one that is off is due at %d", n)
		}
		if _, err := s.ChangeAlert(ctx, ws, a.ID, insight.AlertChange{Enabled: ptr(true), Schedule: &insight.Schedule{Every: "5m"}}); err != nil {
			t.Fatal(err)
		}
		if n := next(); n != core.FromTime(s.clock.Now())+5*core.Minute || len(p.all()) != 1 { // it still fires: nothing is told
			t.Errorf("switched on again it is due at %v, told %v", core.ToTime(n), p.all())
		}
		if err := s.DeleteInsight(ctx, ws, 1); errs.CodeOf(err) != "in_use" || !strings.Contains(err.Error(), `alert "a"`) {
			t.Errorf("an insight that is watched is deleted: %v", err)
		}
		if err := s.DeleteAlert(ctx, ws, a.ID); err != nil || next() != math.MaxInt64 {
			t.Errorf("deleted: %v", err)
		}
	})
}

// TestLocalTimeOfAlerts follows the clocks of the workspace.
func TestLocalTimeOfAlerts(t *testing.T) {
	t.Parallel()
	s, _ := watched(t, dbtest.SQLite(t))
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	s.with(insight.Deps{Settings: func(context.Context, core.WorkspaceID) (insight.Settings, time.Weekday, error) {
		return insight.Settings{Currency: "EUR", Zone: rome, LapseDays: 90}, time.Monday, nil
	}})
	a := s.alert(insight.Alert{Name: "a", Watched: insight.Watched{Insight: 1}, Rule: insight.Rule{Kind: "threshold", Op: "below", Value: ptr(1.0)}, Schedule: insight.Schedule{Every: "1d", At: "02:30"}})
	s.clock.Set(time.Date(2026, 3, 27, 12, 0, 0, 0, rome))
	for _, want := range []time.Time{time.Date(2026, 3, 28, 2, 30, 0, 0, rome), time.Date(2026, 3, 29, 3, 30, 0, 0, rome), time.Date(2026, 3, 30, 2, 30, 0, 0, rome)} {
		if got := core.ToTime(s.check(a.ID).Due); !got.Equal(want) {
			t.Errorf("due at %v, want %v", got.In(rome), want)
		}
		s.clock.Set(want)
	}
}

// TestSkippedTimeOfAlerts: west of Greenwich, too, a time that clocks skip moves
// forward.
func TestSkippedTimeOfAlerts(t *testing.T) {
	t.Parallel()
	s, _ := watched(t, dbtest.SQLite(t))
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	s.with(insight.Deps{Settings: func(context.Context, core.WorkspaceID) (insight.Settings, time.Weekday, error) {
		return insight.Settings{Currency: "EUR", Zone: york, LapseDays: 90}, time.Monday, nil
	}})
	a := s.alert(insight.Alert{Name: "a", Watched: insight.Watched{Insight: 1}, Rule: insight.Rule{Kind: "threshold", Op: "below", Value: ptr(1.0)}, Schedule: insight.Schedule{Every: "1d", At: "02:30"}})
	s.clock.Set(time.Date(2026, 3, 7, 12, 0, 0, 0, york))
	if got := core.ToTime(s.check(a.ID).Due).In(york).Format(time.RFC3339); got != "2026-03-08T03:30:00-04:00" {
		t.Errorf("due at %s", got)
	}
}

// TestAnomalyOfSeason: a Sunday is compared with Sundays. Twice as many orders
// on a Monday as on a Sunday are usual; on a Sunday they are not.
func TestAnomalyOfSeason(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := watched(t, d)
		day := func(daysAgo, n int) {
			var list []core.Event
			for i := range n {
				list = append(list, s.order(1, float64(daysAgo)-float64(i)/1000, obj{"order_id": fmt.Sprint(daysAgo, "-", i)}))
			}
			s.append(list...)
		}
		weekday := func(daysAgo int) time.Weekday { return core.ToTime(s.now).AddDate(0, 0, -daysAgo).Weekday() }
		for ago := 70; ago > 1; ago-- {
			n := 20 + ago%3
			if weekday(ago) == time.Sunday {
				n = 5 + ago%3
			}
			day(ago, n)
		}
		day(1, 21) // now is a Sunday: yesterday was a usual Saturday
		a := s.alert(insight.Alert{Name: "a", Watched: insight.Watched{Insight: 1}, Rule: insight.Rule{Kind: "anomaly"}, Schedule: insight.Schedule{Every: "1d"}})
		if got := s.check(a.ID); got.State != "ok" || got.Problem != "" {
			t.Fatalf("a usual Saturday: %s", text(got))
		}
		day(0, 21) // today, the Sunday, as many as on other days
		s.clock.Advance(24 * time.Hour)
		if got := s.check(a.ID); got.State != "firing" || len(p.all()) != 1 {
			t.Fatalf("a Sunday like a Saturday: %s", text(got))
		}
		h, err := s.AlertHistory(context.Background(), ws, a.ID, 10)
		if err != nil || len(h) != 1 || *h[0].Detail.Value != 21 || *h[0].Detail.Expected < 5 || *h[0].Detail.Expected > 7 || h[0].Detail.History != 8 || *h[0].Detail.Deviation < 3.5 || *h[0].Detail.High >= 21 {
			t.Errorf("history %s %v", text(h), err)
		}
		s.clock.Advance(24 * time.Hour) // Monday had none: still notable, nothing is repeated
		if got := s.check(a.ID); got.State != "firing" || len(p.all()) != 1 {
			t.Errorf("a Monday without orders: %s", text(got))
		}
	})
}

// TestAnomalyOfKPI compares a period with those before, and says when there are
// too few.
func TestAnomalyOfKPI(t *testing.T) {
	t.Parallel()
	s, p := watched(t, dbtest.SQLite(t))
	a := s.alert(insight.Alert{Name: "a", Watched: insight.Watched{KPI: "orders", Period: "7d"}, Rule: insight.Rule{Kind: "anomaly", Direction: "down"}})
	s.append(s.order(1, 10, obj{"order_id": "x"}))
	if got := s.check(a.ID); got.State != "ok" || !strings.Contains(got.Problem, "too few") {
		t.Errorf("without a past: %s", text(got))
	}
	for week := 2; week < 9; week++ {
		for i := range 10 + week%2 {
			s.append(s.order(1, float64(week*7)-float64(i)/10, obj{"order_id": fmt.Sprint(week, "-", i)}))
		}
	}
	s.clock.Advance(time.Hour)
	if got := s.check(a.ID); got.State != "firing" || got.Problem != "" || len(p.all()) != 1 {
		t.Errorf("a week without orders: %s %v", text(got), p.all())
	}
}

// TestAlertWithoutNumber keeps its state and says why.
func TestAlertWithoutNumber(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := watched(t, d)
		ctx := context.Background()
		a := s.alert(insight.Alert{Name: "a", Watched: insight.Watched{Insight: 1}, Rule: insight.Rule{Kind: "threshold", Op: "below", Value: ptr(1.0)}})
		if got := s.check(a.ID); got.State != "firing" {
			t.Fatal(text(got))
		}
		for what, w := range map[string]insight.Watched{
			"no value": {KPI: "aov"}, "no such line": {Insight: 1, Line: "F1"}, "no such value of a breakdown": {Insight: 1, Value: "x"},
		} {
			if _, err := s.ChangeAlert(ctx, ws, a.ID, insight.AlertChange{Watched: &w}); err != nil {
				t.Fatal(err)
			}
			if got := s.check(a.ID); got.State != "firing" || got.Problem == "" || len(p.all()) != 1 {
				t.Errorf("%s: %s %v", what, text(got), p.all())
			}
		}
		if _, err := s.ChangeAlert(ctx, ws, a.ID, insight.AlertChange{Watched: &insight.Watched{Insight: 1}}); err != nil {
			t.Fatal(err)
		}
		growth := query.Spec{Kind: query.KindGrowth, Range: last("30d"), Growth: &query.Growth{Event: query.Event{Event: "A"}, Interval: query.Day}}
		if _, err := s.ChangeInsight(ctx, ws, 1, insight.InsightChange{Spec: &growth}, ""); err != nil {
			t.Fatal(err)
		}
		if got := s.check(a.ID); got.State != "firing" || !strings.Contains(got.Problem, "trend") {
			t.Errorf("no longer a trend: %s", text(got))
		}
	})
}

// TestAlertAndNoticeAreOne: who cannot be told keeps the state from changing, and
// is told at the next attempt.
func TestAlertAndNoticeAreOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := watched(t, d)
		a := s.alert(insight.Alert{Name: "a", Watched: insight.Watched{Insight: 1}, Rule: insight.Rule{Kind: "threshold", Op: "below", Value: ptr(1.0)}})
		p.fail.Store(true)
		if _, err := s.CheckAlerts(context.Background()); err == nil {
			t.Error("nobody was told and it is no error")
		}
		h, err := s.AlertHistory(context.Background(), ws, a.ID, 10)
		if got, gerr := s.Alert(context.Background(), ws, a.ID); gerr != nil || err != nil || got.State != "ok" || got.Checked != 0 || len(h) != 0 {
			t.Errorf("state %s, history %s", text(got), text(h))
		}
		p.fail.Store(false)
		if got := s.check(a.ID); got.State != "firing" || len(p.all()) != 1 {
			t.Errorf("at the next attempt: %s %v", text(got), p.all())
		}
	})
}

// TestAlertsRefuse what cannot be watched.
func TestAlertsRefuse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := watched(t, d)
		ctx := context.Background()
		growth := query.Spec{Kind: query.KindGrowth, Range: last("30d"), Growth: &query.Growth{Event: query.Event{Event: "A"}, Interval: query.Day}}
		if _, err := s.Save(ctx, ws, insight.Insight{Name: "Growth", Spec: growth}, ""); err != nil {
			t.Fatal(err)
		}
		good := func() insight.Alert {
			return insight.Alert{Name: "a", Enabled: true, Watched: insight.Watched{Insight: 1}, Rule: insight.Rule{Kind: "threshold", Op: "above", Value: ptr(1.0)}}
		}
		for what, c := range map[string]struct {
			change      func(a *insight.Alert)
			code, field string
		}{
			"no name":         {func(a *insight.Alert) { a.Name = "" }, "missing_name", "name"},
			"nothing":         {func(a *insight.Alert) { a.Watched = insight.Watched{} }, "bad_watched", "watched"},
			"both":            {func(a *insight.Alert) { a.Watched.KPI = "orders" }, "bad_watched", "watched"},
			"unknown insight": {func(a *insight.Alert) { a.Watched.Insight = 9 }, "unknown_insight", "watched.insight"},
			"growth":          {func(a *insight.Alert) { a.Watched.Insight = 2 }, "not_a_trend", "watched.insight"},
			"line":            {func(a *insight.Alert) { a.Watched.Line = "F0" }, "bad_line", "watched.line"},
			"stage of line":   {func(a *insight.Alert) { a.Watched.Stage = "x" }, "bad_watched", "watched.insight"},
			"unknown KPI":     {func(a *insight.Alert) { a.Watched = insight.Watched{KPI: "luck"} }, "unknown_kpi", "watched.kpi"},
			"KPI of one":      {func(a *insight.Alert) { a.Watched = insight.Watched{KPI: "recency"} }, "unknown_kpi", "watched.kpi"},
			"no stage":        {func(a *insight.Alert) { a.Watched = insight.Watched{KPI: "dwell"} }, "missing_stage", "watched.stage"},
			"period":          {func(a *insight.Alert) { a.Watched = insight.Watched{KPI: "orders", Period: "1m"} }, "bad_period", "watched.period"},
			"rule":            {func(a *insight.Alert) { a.Rule.Kind = "hunch" }, "bad_rule", "rule.kind"},
			"op":              {func(a *insight.Alert) { a.Rule.Op = "near" }, "bad_op", "rule.op"},
			"no value":        {func(a *insight.Alert) { a.Rule.Value = nil }, "bad_value", "rule.value"},
			"infinite":        {func(a *insight.Alert) { a.Rule.Value = ptr(math.Inf(1)) }, "bad_value", "rule.value"},
			"no share":        {func(a *insight.Alert) { a.Rule = insight.Rule{Kind: "change"} }, "bad_by", "rule.by"},
			"share 0":         {func(a *insight.Alert) { a.Rule = insight.Rule{Kind: "change", By: ptr(0.0)} }, "bad_by", "rule.by"},
			"direction":       {func(a *insight.Alert) { a.Rule = insight.Rule{Kind: "anomaly", Direction: "left"} }, "bad_direction", "rule.direction"},
			"deviations":      {func(a *insight.Alert) { a.Rule = insight.Rule{Kind: "anomaly", Deviations: 0.5} }, "bad_deviations", "rule.deviations"},
			"seasons":         {func(a *insight.Alert) { a.Rule = insight.Rule{Kind: "anomaly", Seasons: 3} }, "bad_seasons", "rule.seasons"},
			"least":           {func(a *insight.Alert) { a.Rule = insight.Rule{Kind: "anomaly", Least: -1} }, "bad_least", "rule.least"},
			"often":           {func(a *insight.Alert) { a.Schedule.Every = "1m" }, "bad_every", "schedule.every"},
			"never":           {func(a *insight.Alert) { a.Schedule.Every = "soon" }, "bad_every", "schedule.every"},
			"time":            {func(a *insight.Alert) { a.Schedule = insight.Schedule{Every: "1d", At: "25:00"} }, "bad_at", "schedule.at"},
			"time of hours":   {func(a *insight.Alert) { a.Schedule = insight.Schedule{Every: "1h", At: "08:00"} }, "bad_at", "schedule.at"},
			"webhook":         {func(a *insight.Alert) { a.Webhook = -1 }, "bad_webhook", "webhook"},
		} {
			a := good()
			c.change(&a)
			_, err := s.AddAlert(ctx, ws, a, "")
			refused(t, what, err, c.code, c.field)
		}
		a, err := s.AddAlert(ctx, ws, good(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		for what, fn := range map[string]func() error{
			"read":    func() error { _, err := s.Alert(ctx, ws+1, a.ID); return err },
			"change":  func() error { _, err := s.ChangeAlert(ctx, ws+1, a.ID, insight.AlertChange{}); return err },
			"history": func() error { _, err := s.AlertHistory(ctx, ws+1, a.ID, 9); return err },
			"delete":  func() error { return s.DeleteAlert(ctx, ws+1, a.ID) },
		} {
			if err := fn(); errs.KindOf(err) != errs.NotFound {
				t.Errorf("%s in another workspace: %v", what, err)
			}
		}
		_, err = s.AddAlert(ctx, ws+1, good(), "")
		refused(t, "an insight of another workspace", err, "unknown_insight", "watched.insight")
	})
}

// idleClock counts who waits for time.
type idleClock struct {
	*shop
	waits atomic.Int64
}

func (c *idleClock) Now() time.Time { return c.clock.Now() }

func (c *idleClock) After(d time.Duration) <-chan time.Time {
	due := c.clock.After(d)
	c.waits.Add(1) // from here on an advance is seen
	return due
}

// TestWatchAlerts: the worker waits without looking while there are none, is
// woken by the first, and follows the clock.
func TestWatchAlerts(t *testing.T) {
	t.Parallel()
	s, p := watched(t, dbtest.SQLite(t))
	idle := &idleClock{shop: s}
	var err error
	if s.Service, err = insight.New(insight.Deps{Timeline: s.store, DB: s.db, Clock: idle, Notify: p}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.WatchAlerts(ctx) }()
	rule := insight.Rule{Kind: "threshold", Op: "above", Value: ptr(0.0)}
	off, err := s.AddAlert(ctx, ws, insight.Alert{Name: "off", Watched: insight.Watched{Insight: 1}, Rule: rule}, "")
	if err != nil || idle.waits.Load() != 0 {
		t.Fatalf("it waits for time although nothing is due: %d %v", idle.waits.Load(), err)
	}
	a := s.alert(insight.Alert{Name: "on", Watched: insight.Watched{KPI: "orders", Period: "30d"}, Rule: rule})
	until(func() bool { got, err := s.Alert(ctx, ws, a.ID); return err != nil || got.Checked != 0 })
	s.append(s.order(1, 1, obj{"order_id": "x"}))
	// An hour at a time, and only while it waits: else the order would soon be older than what is watched.
	seen := int64(0)
	until(func() bool {
		if n := idle.waits.Load(); n != seen {
			seen = n
			s.clock.Advance(time.Hour)
		}
		return len(p.all()) == 1
	})
	if got, err := s.Alert(ctx, ws, off.ID); err != nil || got.Checked != 0 {
		t.Errorf("one that is off was looked at: %s %v", text(got), err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}
