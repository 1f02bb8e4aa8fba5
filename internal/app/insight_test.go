package app_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// play sends the whole history of a demo shop through the ordinary door.
func (b *bench) play(g *demo.Generator) {
	b.t.Helper()
	const size = 2000
	for done := false; !done; {
		body, n := []byte(`{"batch":[`), 0
		for ; n < size; n++ {
			e, _, ok := g.Next()
			if !ok {
				done = true
				break
			}
			if n > 0 {
				body = append(body, ',')
			}
			body = append(body, e...)
		}
		if n == 0 {
			break
		}
		if _, err := b.Inbox.Accept(context.Background(), inbox.Door{Source: b.source, Meta: inbox.Meta{Shape: inbox.ShapeBatch},
			Body: append(body, "]}"...), Received: core.FromTime(b.clock.Now())}); err != nil {
			b.t.Fatal(err)
		}
		b.drain()
	}
}

// demoSpec is a report over the whole life of a shop.
func demoSpec(from, to time.Time) insight.Spec {
	return insight.Spec{Workspace: 1, From: core.FromTime(from), To: core.FromTime(to), Settings: insight.Settings{Currency: "EUR", Zone: time.UTC, LapseDays: 90}}
}

func kpiMap(list []insight.KPI) map[string]insight.KPI {
	out := map[string]insight.KPI{}
	for _, k := range list {
		if k.Scope == insight.ScopeAll {
			out[k.Key] = k
		}
	}
	return out
}

// TestKPIsOfDemoShop compares the report over a shop's whole life with what its
// generator knows.
func TestKPIsOfDemoShop(t *testing.T) {
	t.Parallel()
	people := 2000
	if testing.Short() {
		people = 300
	}
	engines(t, func(t *testing.T, b *bench) {
		end := b.clock.Now()
		g := demo.New(demo.Config{Seed: 5, People: people, Months: 18, End: end})
		b.play(g)
		tr := g.Truth()
		spec := demoSpec(end.AddDate(-3, 0, 0), end)
		r, err := b.Insight.Report(context.Background(), spec)
		if err != nil {
			t.Fatal(err)
		}
		k := kpiMap(b.Insight.KPIs(r, "en", nil))
		want := func(key string, v float64) {
			t.Helper()
			if got := k[key].Value; got == nil || *got != v {
				t.Errorf("%s is %v, the truth is %v", key, show(got), v)
			}
		}
		want("orders", float64(tr.Orders))
		want("revenue_gross", float64(tr.Net))
		want("refunds", float64(tr.Back))
		want("revenue", float64(tr.Net-tr.Back))
		want("aov", float64(tr.Net-tr.Back)/float64(tr.Orders))
		want("purchase_frequency", float64(tr.Orders)/float64(len(tr.Buyers)))
		want("new_customers", float64(len(tr.Buyers)))
		for _, key := range []string{"repeat_rate", "dormant_rate", "clv_historic"} {
			if d := k[key].Denominator; d == nil || *d != float64(len(tr.Buyers)) {
				t.Errorf("%s counts %v customers, the truth is %d", key, show(d), len(tr.Buyers))
			}
		}
		var dormant float64
		for _, at := range tr.LastOrder {
			if end.Sub(at) >= 90*24*time.Hour {
				dormant++
			}
		}
		want("dormant_rate", dormant/float64(len(tr.Buyers)))
	})
}

// TestTemplatesNameKnownKPIs: a stage cannot show what the catalogue lacks.
func TestTemplatesNameKnownKPIs(t *testing.T) {
	t.Parallel()
	b := open(t, "")
	templates, err := lifecycle.Templates()
	if err != nil {
		t.Fatal(err)
	}
	for _, tpl := range templates {
		for _, st := range tpl.Stages {
			for _, key := range st.KPIs {
				if d, ok := b.Insight.Definition(key); !ok || d.Scope == insight.ScopeCustomer {
					t.Errorf("stage %s of %s names KPI %q", st.Key, tpl.Key, key)
				}
			}
		}
	}
}

func show(v *float64) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprintf("%.6g", *v)
}

// BenchmarkKPIs computes the full report over the demo shop: 20,000 people and
// about a million events, or CICLO_BENCH_PEOPLE people.
func BenchmarkKPIs(b *testing.B) { benchKPIs(b, false) }

// BenchmarkKPIsOfCosts is the same with costs entered, which need to know where
// visits came from.
func BenchmarkKPIsOfCosts(b *testing.B) { benchKPIs(b, true) }

func benchKPIs(b *testing.B, costs bool) {
	x := open(b, "")
	people := 20_000
	if text := os.Getenv("CICLO_BENCH_PEOPLE"); text != "" {
		if _, err := fmt.Sscan(text, &people); err != nil {
			b.Fatal(err)
		}
	}
	g := demo.New(demo.Config{Seed: 1, People: people, Months: 18, End: x.clock.Now()})
	x.play(g)
	if _, err := x.Timeline.Seal(context.Background(), 1); err != nil {
		b.Fatal(err)
	}
	spec := demoSpec(x.clock.Now().AddDate(0, 0, -30), x.clock.Now())
	if costs {
		day := core.FromTime(x.clock.Now())/core.Day - 5
		if _, err := x.Insight.SetCosts(context.Background(), 1, []insight.Cost{{Day: day, Channel: "search", Amount: 100_000, Currency: "EUR"}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	n, busy := 0, processor(b)
	for b.Loop() {
		n++
		spec.Window = 30*core.Day + core.Micros(n) // a new entry each time: nothing from the cache
		r, err := x.Insight.Report(context.Background(), spec)
		if err != nil {
			b.Fatal(err)
		}
		if list := x.Insight.KPIs(r, "en", nil); len(list) < 30 {
			b.Fatalf("%d KPIs", len(list))
		}
	}
	b.ReportMetric(float64(x.Timeline.Stats(1).Events), "events")
	b.ReportMetric(b.Elapsed().Seconds()/float64(n), "s/report")
	b.ReportMetric((processor(b)-busy)/float64(n), "cpu-s/report")
}

// processor gives the seconds of processor time used by this process, which a
// busy machine does not stretch.
func processor(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
