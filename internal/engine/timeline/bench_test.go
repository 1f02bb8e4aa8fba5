package timeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// The benchmarks read a timeline of CICLO_BENCH_EVENTS events (default 200,000;
// ten events a customer, 180 days, 20 names). With CICLO_BENCH_DIR they keep it
// there, so that the next process starts cold.
func benchEvents(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("CICLO_BENCH_EVENTS"))
	if err != nil {
		if testing.Short() {
			b.Skip("set CICLO_BENCH_EVENTS to run")
		}
		n = 200_000
	}
	return n
}

// shopEvent makes event i of n of a shop.
func shopEvent(r *rand.Rand, i, n int, e *core.Event) {
	at := start + int64(i)*(180*core.Day/int64(n)) + r.Int64N(int64(core.Hour))
	c := 1 + r.Int64N(int64(max(n/10, 1)))
	*e = core.Event{Customer: core.CustomerID(c), Actor: core.ActorID(c), Time: at, Received: at + r.Int64N(3*core.Second), Sent: at + 1000,
		ID: fmt.Sprintf("%016x-%016x", r.Uint64(), r.Uint64()), Kind: core.KindTrack, Name: "Event " + strconv.Itoa(r.IntN(20)), Source: 1}
	e.Context = core.Context{PageURL: "https://shop.example/p/" + strconv.Itoa(r.IntN(5000)), PagePath: "/p/" + strconv.Itoa(r.IntN(5000)), IP: "10.0." + strconv.Itoa(r.IntN(250)) + ".1",
		Browser: "Firefox", OS: "Linux", Device: "desktop", Locale: "it-IT", Country: "IT", Library: "ciclo.js"}
	e.Props = fmt.Appendf(nil, `{"product_id":"sku-%d","price":%d.%02d,"quantity":%d,"currency":"EUR","category":"c%d","plan":"gold","new":%t}`,
		r.IntN(3000), r.IntN(200), r.IntN(100), 1+r.IntN(4), r.IntN(40), r.IntN(2) == 0)
}

func benchStore(b *testing.B) (*timeline.Store, int) {
	b.Helper()
	n := benchEvents(b)
	dir := os.Getenv("CICLO_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	d, err := db.Open(context.Background(), filepath.Join(dir, "ciclo.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	s, err := timeline.Open(context.Background(), timeline.Options{DB: d, Dir: dir, Clock: clock.System{}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if have := s.Stats(ws).Events; have == 0 {
		fillStore(b, d, s, n)
	} else if have != int64(n) {
		b.Fatalf("the kept timeline has %d events, not %d", have, n)
	}
	return s, n
}

// fillStore appends, seals and compacts n events and logs the rates.
func fillStore(b *testing.B, d *db.DB, s *timeline.Store, n int) {
	b.Helper()
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, 2))
	var appending, sealing time.Duration
	events := make([]core.Event, 1000)
	sealed := 0
	for i := 0; i < n; {
		k := min(len(events), n-i)
		for j := range k {
			shopEvent(r, i+j, n, &events[j])
		}
		i += k
		t := time.Now()
		if err := d.Write(ctx, func(tx *db.Tx) error { return s.Append(ctx, tx, ws, events[:k]) }); err != nil {
			b.Fatal(err)
		}
		appending += time.Since(t)
		if i%200_000 == 0 || i == n {
			t = time.Now()
			m, err := s.Seal(ctx, ws)
			if err != nil {
				b.Fatal(err)
			}
			sealing += time.Since(t)
			sealed += m
		}
	}
	t := time.Now()
	if err := s.Compact(ctx, ws); err != nil {
		b.Fatal(err)
	}
	st := s.Stats(ws)
	b.Logf("append %.0f events/s, seal %.0f events/s, compact %.1f s; %d files, %.1f bytes/event", float64(n)/appending.Seconds(), float64(sealed)/sealing.Seconds(), time.Since(t).Seconds(), st.Segments, float64(st.Bytes)/float64(n))
}

// scanBench runs a scan per iteration; the first one of a process is logged
// apart, since it opens the files.
func scanBench(b *testing.B, s *timeline.Store, n int, q timeline.Request, fold func(r *timeline.Rows) int64) {
	q.Workspace = ws
	spent := cpuSeconds(b)
	first := time.Duration(0)
	for b.Loop() {
		var sum atomic.Int64
		t := time.Now()
		err := s.Scan(context.Background(), q, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
			sum.Add(fold(r))
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		if first == 0 {
			first = time.Since(t)
			b.Logf("first scan %.3f s, %.1f M rows/s, result %d", first.Seconds(), float64(n)/first.Seconds()/1e6, sum.Load())
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric((cpuSeconds(b)-spent)/float64(n)/float64(b.N)*1e9, "cpu-ns/row")
}

// cpuSeconds gives the processor time this process has used: on a shared
// machine it says more than the wall clock.
func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkScan10M measures scans: all events counted by day and name, one
// event, a numeric property, and a text property.
func BenchmarkScan10M(b *testing.B) {
	s, n := benchStore(b)
	b.Run("trend", func(b *testing.B) {
		scanBench(b, s, n, timeline.Request{AnyOrder: true}, func(r *timeline.Rows) int64 {
			sum := int64(0)
			for i, t := range r.Time {
				sum += (t-start)/core.Day + int64(r.Kind[i])
			}
			return sum
		})
	})
	b.Run("one_event", func(b *testing.B) {
		scanBench(b, s, n, timeline.Request{Match: []timeline.EventKey{{Kind: core.KindTrack, Name: "Event 3"}}}, func(r *timeline.Rows) int64 { return int64(r.Len()) })
	})
	b.Run("funnel_events_30_days", func(b *testing.B) {
		q := timeline.Request{From: start + 60*core.Day, To: start + 90*core.Day}
		for i := range 4 {
			q.Match = append(q.Match, timeline.EventKey{Kind: core.KindTrack, Name: "Event " + strconv.Itoa(i)})
		}
		scanBench(b, s, n, q, func(r *timeline.Rows) int64 { return int64(r.Len()) })
	})
	b.Run("price", func(b *testing.B) {
		scanBench(b, s, n, timeline.Request{Columns: []string{timeline.Prop("price")}}, func(r *timeline.Rows) int64 {
			var sum float64
			for _, v := range r.PropColumn(0).Num {
				sum += v
			}
			return int64(sum)
		})
	})
	b.Run("category", func(b *testing.B) {
		scanBench(b, s, n, timeline.Request{Columns: []string{timeline.Prop("category")}}, func(r *timeline.Rows) int64 {
			var sum int
			for _, v := range r.PropColumn(0).Text {
				sum += len(v)
			}
			return int64(sum)
		})
	})
}

// BenchmarkCustomer100 reads one customer's last 100 events.
func BenchmarkCustomer100(b *testing.B) {
	s, n := benchStore(b)
	r := rand.New(rand.NewPCG(3, 4))
	spent := cpuSeconds(b)
	for b.Loop() {
		c := core.CustomerID(1 + r.Int64N(int64(max(n/10, 1))))
		if _, err := s.Customer(context.Background(), ws, c, timeline.CustomerQuery{Desc: true, Limit: 100}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpuSeconds(b)-spent)/float64(b.N)*1e6, "cpu-µs/op")
}

// BenchmarkAppend appends batches of 1,000 events to SQLite.
func BenchmarkAppend(b *testing.B) {
	dir := b.TempDir()
	ctx := context.Background()
	d, err := db.Open(ctx, filepath.Join(dir, "ciclo.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	s, err := timeline.Open(ctx, timeline.Options{DB: d, Dir: dir, Clock: clock.System{}})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	events := make([]core.Event, 1000)
	for i := range events {
		shopEvent(r, i, 100_000, &events[i])
	}
	for b.Loop() {
		if err := d.Write(ctx, func(tx *db.Tx) error { return s.Append(ctx, tx, ws, events) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(events))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
