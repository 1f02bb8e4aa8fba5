package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// timeline fills a timeline of its own, opens it as a new process would, and
// reads it.
func (c *BenchCmd) timeline(b *bencher) error {
	if c.Timeline <= 0 {
		return nil
	}
	dir := filepath.Join(b.dir, "timeline")
	if err := b.withTimeline(dir, func(d *db.DB, s *timeline.Store) error { return c.fill(b, d, s) }); err != nil {
		return err
	}
	return b.withTimeline(dir, func(_ *db.DB, s *timeline.Store) error { return c.read(b, s) })
}

// withTimeline opens a timeline without an installation around it.
func (b *bencher) withTimeline(dir string, fn func(d *db.DB, s *timeline.Store) error) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	d, err := db.Open(b.env.Ctx, filepath.Join(dir, "ciclo.db"))
	if err != nil {
		return err
	}
	s, err := timeline.Open(b.env.Ctx, timeline.Options{DB: d, Dir: dir, Clock: b.env.Clock, Log: b.env.Log})
	if err != nil {
		return errors.Join(err, d.Close())
	}
	return errors.Join(fn(d, s), s.Close(), d.Close())
}

func (c *BenchCmd) fill(b *bencher, d *db.DB, s *timeline.Store) error {
	ctx := b.env.Ctx
	t := demo.Traffic{Events: c.Timeline, Customers: max(c.Timeline/10, 1), Days: 180, Seed: 1, Start: core.FromTime(b.env.Clock.Now()) - 180*core.Day}
	events := make([]core.Event, 2000)
	var appending, sealing [2]float64
	tell := b.env.Clock.Now()
	for i := int64(0); i < c.Timeline; {
		k := min(int64(len(events)), c.Timeline-i)
		for j := range k {
			t.Event(i+j, &events[j])
		}
		i += k
		w := startWatch(b.env.Clock)
		if err := d.Write(ctx, func(tx *db.Tx) error { return s.Append(ctx, tx, 1, events[:k]) }); err != nil {
			return err
		}
		appending = plus(appending, w)
		if i%200_000 == 0 || i == c.Timeline {
			w := startWatch(b.env.Clock)
			if _, err := s.Seal(ctx, 1); err != nil {
				return err
			}
			sealing = plus(sealing, w)
		}
		if now := b.env.Clock.Now(); now.Sub(tell) > 5*time.Second || i == c.Timeline {
			tell = now
			b.say("timeline: %d of %d events", i, c.Timeline)
		}
	}
	w := startWatch(b.env.Clock)
	if err := s.Compact(ctx, 1); err != nil {
		return err
	}
	compacting, _ := w.read()
	n := float64(c.Timeline)
	st := s.Stats(1)
	b.add("timeline: append, seal, compact", "", "%.0f k/s, %.0f k/s, %.1f s; %.0f bytes an event in %d files", n/appending[0]/1000, n/sealing[0]/1000, compacting, float64(st.Bytes)/n, st.Segments)
	return nil
}

func plus(sum [2]float64, w stopwatch) [2]float64 {
	wall, cpu := w.read()
	return [2]float64{sum[0] + wall, sum[1] + cpu}
}

func (c *BenchCmd) read(b *bencher, s *timeline.Store) error {
	millions := float64(c.Timeline) / 1e6
	scans := []struct {
		what, hold string
		req        timeline.Request
	}{
		{"all events by day and name", "0.25 s for 10 M", timeline.Request{AnyOrder: true}},
		{"one event of 20", "", timeline.Request{Match: []timeline.EventKey{{Kind: core.KindTrack, Name: demo.TrafficEvent(3)}}}},
		{"a number property of all events", "", timeline.Request{Columns: []string{timeline.Prop("price")}}},
	}
	for _, q := range scans {
		first, cpu, err := c.scan(b, s, q.req)
		if err != nil {
			return err
		}
		again := make([]time.Duration, 5)
		for i := range again {
			took, _, err := c.scan(b, s, q.req)
			if err != nil {
				return err
			}
			again[i] = time.Duration(took * float64(time.Second))
		}
		b.add(fmt.Sprintf("scan of %g M events: %s", millions, q.what), q.hold, "first %.3f s, then %s; %.2f CPU-s", first, quantile(again, 0.5), cpu)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	reads := make([]time.Duration, 500)
	for i := range reads {
		id := core.CustomerID(1 + rnd.Int64N(max(c.Timeline/10, 1)))
		began := b.env.Clock.Now()
		if _, err := s.Customer(b.env.Ctx, 1, id, timeline.CustomerQuery{Desc: true, Limit: 100}); err != nil {
			return err
		}
		reads[i] = b.env.Clock.Now().Sub(began)
	}
	b.add(fmt.Sprintf("one customer's last 100 events of %g M", millions), "5 ms", "p50 %s, p99 %s", quantile(reads, 0.5), quantile(reads, 0.99))
	return nil
}

// scan counts events by day and name, and sums the first property asked for.
func (c *BenchCmd) scan(b *bencher, s *timeline.Store, req timeline.Request) (wall, cpu float64, err error) {
	req.Workspace = 1
	w := startWatch(b.env.Clock)
	var total atomic.Int64
	err = s.Scan(context.WithoutCancel(b.env.Ctx), req, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
		sum := int64(0)
		for i, t := range r.Time {
			sum += t/core.Day + int64(r.Name[i])
		}
		if len(req.Columns) > 0 {
			for _, v := range r.PropColumn(0).Num {
				sum += int64(v)
			}
		}
		total.Add(sum)
		return nil
	})
	if err == nil && total.Load() == 0 {
		err = errors.New("the scan found nothing")
	}
	wall, cpu = w.read()
	return wall, cpu, err
}
