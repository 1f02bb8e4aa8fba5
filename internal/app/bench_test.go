package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// BenchmarkPipeline puts the demo shop's history through parser, identity,
// timeline, summary and one stage model, on SQLite; then with 20 segments more.
func BenchmarkPipeline(b *testing.B) {
	b.Run("stages", func(b *testing.B) { benchmarkPipeline(b, false) })
	b.Run("segments", func(b *testing.B) { benchmarkPipeline(b, true) })
}

func benchmarkPipeline(b *testing.B, segments bool) {
	bench := open(b, "")
	ctx := context.Background()
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := bench.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "bench"); err != nil {
		b.Fatal(err)
	}
	bench.Lifecycle.Wait()
	if segments {
		if err := bench.BenchSegments(ctx, 1); err != nil {
			b.Fatal(err)
		}
	}
	g := demo.New(demo.Config{Seed: 1, People: 20_000, Months: 18, End: bench.clock.Now()})
	const size = 1000
	next := func() []byte {
		body := []byte(`{"batch":[`)
		for i := range size {
			e, _, ok := g.Next()
			if !ok {
				b.Skip("the story is over")
			}
			if i > 0 {
				body = append(body, ',')
			}
			body = append(body, e...)
		}
		return append(body, "]}"...)
	}
	b.ResetTimer()
	var busy time.Duration
	for b.Loop() {
		b.StopTimer()
		body := next()
		b.StartTimer()
		start := time.Now()
		if _, err := bench.Inbox.Accept(ctx, inbox.Door{Source: bench.source, Meta: inbox.Meta{Shape: inbox.ShapeBatch}, Body: body, Received: core.FromTime(bench.clock.Now())}); err != nil {
			b.Fatal(err)
		}
		bench.drain()
		busy += time.Since(start)
	}
	b.ReportMetric(float64(b.N)*size/busy.Seconds(), "events/s")
}
