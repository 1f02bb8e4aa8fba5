package demo_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/demo"
)

func config(people int) demo.Config {
	return demo.Config{Seed: 7, People: people, Months: 18, End: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
}

func TestSameSeedSameEvents(t *testing.T) {
	t.Parallel()
	a, b := demo.New(config(300)), demo.New(config(300))
	var last time.Time
	for n := 0; ; n++ {
		x, at, ok := a.Next()
		y, _, ok2 := b.Next()
		if ok != ok2 || string(x) != string(y) {
			t.Fatalf("event %d differs:\n%s\n%s", n, x, y)
		}
		if !ok {
			if n < 5000 {
				t.Fatalf("only %d events", n)
			}
			return
		}
		if at.Before(last) {
			t.Fatalf("event %d goes back in time", n)
		}
		last = at
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	g := demo.New(config(2000))
	for {
		if _, _, ok := g.Next(); !ok {
			break
		}
	}
	tr := g.Truth()
	per := float64(tr.Events) / 2000
	t.Logf("%d events, %.1f a person, %d orders, %d refunds, %d active, %d buyers, %d silent, steps %v", tr.Events, per, tr.Orders, tr.Refunds, len(tr.Active), len(tr.Buyers), len(tr.Silent), tr.Step)
	if per < 40 || per > 65 {
		t.Errorf("%.1f events a person, want about 50", per)
	}
	if tr.Orders == 0 || tr.Refunds == 0 || len(tr.Silent) == 0 || len(tr.Buyers) == 0 {
		t.Error("something planted is missing")
	}
}

// TestLiveShopSells plays visits of the living shop: some of them buy.
func TestLiveShopSells(t *testing.T) {
	t.Parallel()
	orders, events := 0, 0
	for n := range 300 {
		bodies, waits := demo.Live(config(300), 1_790_000_000, n)
		if len(bodies) != len(waits) {
			t.Fatal("a wait for each event")
		}
		for _, b := range bodies {
			events++
			if bytes.Contains(b, []byte(`"Order Completed"`)) {
				orders++
			}
		}
	}
	if events < 1000 || orders == 0 {
		t.Errorf("%d events and %d orders in 300 visits", events, orders)
	}
}

// TestCosts: the same seed spends the same, a day costs the same whatever the end
// is, and only what is paid for costs.
func TestCosts(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cfg := demo.Config{Seed: 3, People: 2000, Months: 2, End: end}
	short, long := demo.Costs(cfg, end), demo.Costs(cfg, end.AddDate(0, 0, 10))
	if len(short) == 0 || len(long) <= len(short) || !reflect.DeepEqual(short, long[:len(short)]) {
		t.Fatalf("%d costs, later %d", len(short), len(long))
	}
	days, salaries := map[time.Time]bool{}, 0
	for _, c := range short {
		days[c.Day] = true
		if c.Amount <= 0 || c.Channel == "" || c.Channel == "newsletter" {
			t.Errorf("%+v", c)
		}
		if c.Salaries {
			salaries++
		}
	}
	if len(days) != 60 || salaries != 3 {
		t.Errorf("%d days with costs, %d times salaries", len(days), salaries)
	}
	cfg.Seed++
	if reflect.DeepEqual(short, demo.Costs(cfg, end)) {
		t.Error("another seed spends the same")
	}
}
