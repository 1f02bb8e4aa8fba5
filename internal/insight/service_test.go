package insight_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// TestCatalogueIsComplete: every text in every language, nothing twice.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	units := map[string]bool{"ratio": true, "money": true, "count": true, "seconds": true, "days": true, "number": true}
	for _, d := range s.Definitions() {
		if d.Version < 1 || !units[d.Unit] || d.Direction != "up" && d.Direction != "down" || d.FormulaIn("en") == "" {
			t.Errorf("%s: %+v", d.Key, d)
		}
		if d.Name.EN == "" {
			t.Errorf("%s has no name", d.Key)
		}
		for _, x := range []insight.Text{d.Name, d.Numerator, d.Denominator, d.Formula, d.Note} {
			if x.EN != "" && (x.IT == "" || x.RO == "") || x.EN == "" && x.IT+x.RO != "" {
				t.Errorf("%s: a text is missing in a language: %+v", d.Key, x)
			}
		}
		if d.Name.In("it-IT") != d.Name.IT || d.Name.In("ro") != d.Name.RO || d.Name.In("fr") != d.Name.EN {
			t.Errorf("%s: languages are mixed up", d.Key)
		}
	}
}

// TestIntervalOfRatios: customers are the sample of a ratio of sums.
func TestIntervalOfRatios(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	var y, x []float64
	for c := range 40 {
		var net, n float64
		for i := range 1 + c%3 {
			v := float64(10 + c*7%31 + i)
			net, n = net+v*100, n+1
			s.append(s.order(core.CustomerID(c+1), float64(1+i*2), obj{"order_id": fmt.Sprint(i), "revenue": v}))
		}
		y, x = append(y, net), append(x, n)
	}
	want, _ := stats.RatioInterval(y, x)
	k := s.kpis(s.spec(30))["aov"]
	if k.Low == nil || *k.Low != want.Low || *k.High != want.High || *k.Value <= want.Low || *k.Value >= want.High {
		t.Errorf("order value %s between %s and %s, want %v", show(k.Value), show(k.Low), show(k.High), want)
	}
}

// TestYoungLeadsAreCensored: leads whose time runs are no failures.
func TestYoungLeadsAreCensored(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	for c := range core.CustomerID(40) {
		days := 40.0 // W is over
		if c >= 20 {
			days = 5 // W still runs
		}
		s.append(s.event(c+1, core.KindTrack, "Signed Up", days, nil))
		if c < 10 {
			s.append(s.order(c+1, days-15, obj{"order_id": "x", "revenue": 1}))
		}
	}
	k := s.kpis(s.spec(60))["lead_conversion"]
	if k.Value == nil || *k.Value != 0.5 || *k.Numerator != 10 || *k.Denominator != 40 {
		t.Errorf("lead conversion %s of %s / %s, want 0.5 of 10 / 40", show(k.Value), show(k.Numerator), show(k.Denominator))
	}
	if k.Low == nil || *k.Low <= 0.25 || *k.Low >= 0.5 || *k.High <= 0.5 || *k.High >= 0.8 {
		t.Errorf("interval %s to %s", show(k.Low), show(k.High))
	}
}

// TestReportIsKept while nothing changes, and for a minute at most.
func TestReportIsKept(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.order(1, 1, obj{"revenue": 1}))
	spec := s.spec(30)
	spec.From, spec.To = 0, 0
	get := func() *insight.Report {
		t.Helper()
		r, err := s.Report(context.Background(), spec)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := get()
	s.clock.Advance(59 * time.Second)
	if get() != first {
		t.Error("computed again although nothing changed")
	}
	s.append(s.order(2, 1, obj{"revenue": 1}))
	second := get()
	if second == first {
		t.Error("not computed again after a change")
	}
	s.clock.Advance(time.Minute)
	if get() == second {
		t.Error("a report serves longer than a minute")
	}
	other := spec
	other.IncludeBots = true
	if r, err := s.Report(context.Background(), other); err != nil || r == get() {
		t.Errorf("another report is the same one: %v", err)
	}
}

// TestGuestsBringRevenueOnly: their orders are in sums, they are no customers.
func TestGuestsBringRevenueOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.order(1, 2, obj{"order_id": "g", "revenue": 5, "guest": true}), s.order(2, 2, obj{"order_id": "c", "revenue": 3}),
		s.order(3, 2, obj{"order_id": "d", "revenue": 9, "currency": "USD"}))
	k := s.kpis(s.spec(30))
	s.want(k, "orders", 3)
	s.want(k, "revenue", 800)
	s.want(k, "aov", 400)
	s.want(k, "new_customers", 2)
	s.want(k, "purchase_frequency", 1)
	if k["revenue"].Note == "" || k["orders"].Note == "" {
		t.Error("nothing said about the other currency or the guest")
	}
}
