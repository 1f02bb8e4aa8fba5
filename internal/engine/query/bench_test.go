package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
)

const benchDays = 180

// trafficStore holds CICLO_BENCH_EVENTS events (default 200,000): ten a customer
// over 180 days, one visit in ten followed by the steps of a funnel, each made by
// six in ten. With CICLO_BENCH_DIR it is kept for the next run.
func trafficStore(b *testing.B) (*timeline.Store, int) {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("CICLO_BENCH_EVENTS"))
	if err != nil {
		n = 200_000
	}
	dir := os.Getenv("CICLO_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	ctx := context.Background()
	d, err := db.Open(ctx, filepath.Join(dir, "ciclo.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	s, err := timeline.Open(ctx, timeline.Options{DB: d, Dir: dir, Clock: clock.System{}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if s.Stats(ws).Events >= int64(n) {
		return s, n
	}
	r, sealed := rand.New(rand.NewPCG(1, 1)), 0
	for made := 0; made < n; {
		batch := traffic(r, made, n)
		if err := d.Write(ctx, func(tx *db.Tx) error { return s.Append(ctx, tx, ws, batch) }); err != nil {
			b.Fatal(err)
		}
		if made += len(batch); made-sealed >= 200_000 || made >= n {
			if _, err := s.Seal(ctx, ws); err != nil {
				b.Fatal(err)
			}
			sealed = made
		}
	}
	if err := s.Compact(ctx, ws); err != nil {
		b.Fatal(err)
	}
	return s, n
}

// traffic makes the next thousand events, in rising time.
func traffic(r *rand.Rand, made, n int) []core.Event {
	steps := []string{"Product Viewed", "Product Added", "Checkout Started", "Order Completed"}
	out := make([]core.Event, 0, 1000)
	for len(out) < 990 {
		c := core.CustomerID(1 + r.IntN(max(n/10, 1)))
		at := day(1) + int64(made+len(out))*(benchDays*core.Day/int64(n))
		props := fmt.Sprintf(`{"price":%d.%02d,"category":"c%d","currency":"EUR"}`, r.IntN(200), r.IntN(100), r.IntN(40))
		if r.IntN(10) > 0 {
			out = append(out, event(c, at, "Page "+strconv.Itoa(r.IntN(12)), props))
			continue
		}
		for k, name := range steps {
			if k > 0 && r.IntN(10) >= 6 {
				break
			}
			at += r.Int64N(core.Hour)
			out = append(out, event(c, at, name, props))
		}
	}
	for i := range out {
		out[i].ID = fmt.Sprintf("%016x-%d", r.Uint64(), i)
	}
	return out
}

// BenchmarkQueries prints the time of each kind over all events.
func BenchmarkQueries(b *testing.B) {
	s, n := trafficStore(b)
	const rg = `"range":{"from":"2020-01-01","to":"2020-06-29"}`
	const steps = `"window":"7d","steps":[{"event":"Product Viewed"},{"event":"Product Added"},{"event":"Checkout Started"},{"event":"Order Completed"}]`
	for _, c := range []struct{ name, spec string }{
		{"funnel", `{"kind":"funnel",` + rg + `,"funnel":{` + steps + `}}`},
		{"funnel_strict", `{"kind":"funnel",` + rg + `,"funnel":{"order":"strict",` + steps + `}}`},
		{"funnel_any", `{"kind":"funnel",` + rg + `,"funnel":{"order":"any",` + steps + `}}`},
		{"funnel_by_category", `{"kind":"funnel",` + rg + `,"funnel":{"breakdown":{"property":"category"},` + steps + `}}`},
		{"retention", `{"kind":"retention",` + rg + `,"retention":{"start":{"event":"Product Viewed"},"return":{"event":"Product Viewed"},"unit":"week"}}`},
		{"trend_all", `{"kind":"trend",` + rg + `,"trend":{"interval":"day","series":[{"kind":"any","measure":"customers"}]}}`},
		{"trend_sum", `{"kind":"trend",` + rg + `,"trend":{"interval":"day","series":[{"event":"Order Completed","measure":"sum","property":"price"}]}}`},
		{"trend_by_category", `{"kind":"trend",` + rg + `,"trend":{"interval":"week","breakdown":{"property":"category","top":10},"series":[{"event":"Product Viewed","measure":"customers"}]}}`},
		{"growth", `{"kind":"growth",` + rg + `,"growth":{"kind":"any","interval":"week"}}`},
		{"stickiness", `{"kind":"stickiness",` + rg + `,"stickiness":{"kind":"any","interval":"week"}}`},
		{"paths", `{"kind":"paths",` + rg + `,"paths":{"events":[{"kind":"any"}]}}`},
		{"composition", `{"kind":"composition",` + rg + `,"composition":{"event":"Product Viewed","breakdown":{"property":"category","top":10}}}`},
		{"table", `{"kind":"table",` + rg + `,"table":{"breakdown":{"property":"category"},"columns":[{"event":"Product Viewed"},{"event":"Product Viewed","measure":"customers"}]}}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := env()
			e.Workers = 0
			spec := parse(b, "%s", c.spec)
			var folded int64
			spent := cpuSeconds(b)
			for b.Loop() {
				res, err := query.Run(context.Background(), s, spec, e)
				if err != nil {
					b.Fatal(err)
				}
				folded = res.Meta.Rows
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric((cpuSeconds(b)-spent)/float64(n)/float64(b.N)*1e9, "cpu-ns/row")
			b.ReportMetric(float64(folded), "folded")
		})
	}
	b.Run("people_of_step", func(b *testing.B) {
		spec := parse(b, "%s", `{"kind":"funnel",`+rg+`,"funnel":{`+steps+`}}`)
		var people int64
		for b.Loop() {
			res, err := query.People(context.Background(), s, spec, env(), query.Cell{Step: 2})
			if err != nil {
				b.Fatal(err)
			}
			people = res.Total
		}
		b.ReportMetric(float64(people), "people")
	})
	b.Run("explain", func(b *testing.B) {
		spec := parse(b, "%s", `{"kind":"funnel",`+rg+`,"funnel":{`+steps+`}}`)
		for b.Loop() {
			if _, err := query.Explain(context.Background(), s, spec, env(), 77, &query.Cell{Step: 2}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare_funnel", func(b *testing.B) { bareFunnel(b, s, n) })
	b.Run("bare_scan", func(b *testing.B) {
		for b.Loop() {
			if err := s.Scan(context.Background(), timeline.Request{Workspace: ws, From: day(1), To: day(181)}, func(int, core.CustomerID, *timeline.Rows) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// bareFunnel is the yardstick: the same columns with the least fold that counts
// depths.
func bareFunnel(b *testing.B, s *timeline.Store, n int) {
	names := []string{"Product Viewed", "Product Added", "Checkout Started", "Order Completed"}
	q := timeline.Request{Workspace: ws, From: day(1), To: day(181 + 7), Columns: []string{timeline.ColFlags}}
	for _, name := range names {
		q.Match = append(q.Match, timeline.EventKey{Kind: core.KindTrack, Name: name})
	}
	spent := cpuSeconds(b)
	for b.Loop() {
		depths := make([][5]int64, 64)
		err := s.Scan(context.Background(), q, func(w int, _ core.CustomerID, r *timeline.Rows) error {
			var ids [4]uint32
			for k, name := range names {
				ids[k], _ = r.NameID(name)
			}
			var starts [4]int64
			best := 0
			for i, at := range r.Time {
				for k := 3; k >= 0; k-- {
					if r.Name[i] != ids[k] || r.Flags[i] != 0 {
						continue
					}
					if k == 0 {
						starts[0], best = at, max(best, 1)
					} else if starts[k-1] != 0 && at-starts[k-1] <= 7*core.Day {
						starts[k], best = starts[k-1], max(best, k+1)
					}
				}
			}
			depths[w][best]++
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric((cpuSeconds(b)-spent)/float64(n)/float64(b.N)*1e9, "cpu-ns/row")
}

// cpuSeconds gives the processor time used so far: on a shared machine it says
// more than the wall clock.
func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
