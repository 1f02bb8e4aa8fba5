package insight_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func (s *shop) want(k map[string]insight.KPI, key string, v float64) {
	s.t.Helper()
	if got := k[key].Value; got == nil || math.Abs(*got-v) > 1e-8 {
		s.t.Errorf("%s is %s, want %.9g", key, show(got), v)
	}
}

// TestRetentionVector: 200 active at the start, 220 at the end, 40 of them new:
// the retention rate is 0.90.
func TestRetentionVector(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	n := 0
	next := func(days ...float64) {
		n++
		for i, d := range days {
			s.append(s.order(core.CustomerID(n), d, obj{"order_id": fmt.Sprint(n, "-", i), "revenue": 10}))
		}
	}
	for range 180 {
		next(40, 10)
	}
	for range 20 {
		next(100) // active at day 30 before now, silent for 100 days at the end
	}
	for range 40 {
		next(5)
	}
	k := s.kpis(s.spec(30))
	s.want(k, "crr", 0.90)
	s.want(k, "active_customers", 220)
	s.want(k, "new_customers", 40)
	if d := k["crr"].Denominator; d == nil || *d != 200 {
		t.Errorf("%s customers at the start, want 200", show(d))
	}
}

// TestChurnVector: 5 of 100 lost in a twelfth of a year.
func TestChurnVector(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	for c := range core.CustomerID(100) {
		s.append(s.order(c+1, map[bool]float64{true: 91, false: 50}[c < 5], obj{"order_id": "x", "revenue": 1}))
	}
	k := s.kpis(s.spec(30.4375))
	s.want(k, "churn_rate", 0.05)
	s.want(k, "churn_annualised", 0.45963991233736334)
}

// TestChurnIsNotRetention: who lapsed and came back is lost and kept.
func TestChurnIsNotRetention(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.order(1, 100, obj{"revenue": 1}), s.order(1, 5, obj{"revenue": 1}), s.order(2, 60, obj{"revenue": 1}))
	k := s.kpis(s.spec(30))
	s.want(k, "churn_rate", 0.5)
	s.want(k, "crr", 1)
}

// TestEngagementVector: 1,810 sessions, 693 engaged.
func TestEngagementVector(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	var list []core.Event
	for i := range 1810 {
		c, day := core.CustomerID(i%60+1), 1+float64(i/60)*0.3
		list = append(list, s.event(c, core.KindPage, "", day, nil))
		if i < 693 {
			list = append(list, s.event(c, core.KindPage, "", day-0.01, nil))
		}
	}
	s.append(list...)
	k := s.kpis(s.spec(30))
	s.want(k, "sessions", 1810)
	s.want(k, "engagement_rate", 0.3828729281767956)
	s.want(k, "bounce_rate", 0.6171270718232045)
	s.want(k, "single_page_rate", 0.6171270718232045)
	s.want(k, "pages_per_session", (1810+693)/1810.0)
	s.want(k, "visitors", 60)
}

// TestEmailVector: 10,000 sent, 200 bounced, 2,940 opened, 980 by machines
// alone, 294 clicked.
func TestEmailVector(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	var list []core.Event
	for i := range 10_000 {
		c := core.CustomerID(i + 1)
		add := func(name string, day float64, flags core.Flags) {
			e := s.event(c, core.KindTrack, name, day, nil)
			e.Flags = flags
			list = append(list, e)
		}
		add("Email Sent", 5, 0)
		if i >= 9800 {
			add("Email Bounced", 4.9, 0)
			continue
		}
		add("Email Delivered", 4.9, 0)
		switch {
		case i < 980:
			add("Email Opened", 4.8, core.FlagBot)
			add("Email Link Clicked", 4.8, core.FlagBot) // a scanner
		case i < 2940:
			add("Email Opened", 4.7, 0)
			add("Email Opened", 4.6, 0)
		}
		if i >= 980 && i < 980+294 {
			add("Email Link Clicked", 4.5, 0)
		}
	}
	s.append(list...)
	k := s.kpis(s.spec(30))
	s.want(k, "email_delivery_rate", 0.98)
	s.want(k, "email_open_rate", 0.3)
	s.want(k, "email_human_open_rate", 0.2222222222222222)
	s.want(k, "email_click_rate", 0.03)
	s.want(k, "email_ctor", 0.1)
	if d := k["email_open_rate"].Denominator; d == nil || *d != 9800 {
		t.Errorf("%s delivered, want 9800", show(d))
	}
}

// TestNothingGivesNoValue: a rate with denominator 0 has no value, and sums are 0.
func TestNothingGivesNoValue(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	for key, k := range s.kpis(s.spec(30)) {
		switch {
		case k.Unit == "count" || key == "revenue" || key == "revenue_gross" || key == "refunds":
			if k.Value == nil || *k.Value != 0 {
				t.Errorf("%s is %s, want 0", key, show(k.Value))
			}
		case k.Value != nil || k.Low != nil || k.High != nil || k.Previous != nil:
			t.Errorf("%s has a value: %s", key, show(k.Value))
		case k.Note == "":
			t.Errorf("%s does not say why it has no value", key)
		}
	}
}
