package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type bench struct { // a whole installation on a clock that stands still
	*app.App
	clock  *clock.Manual
	source *inbox.Source
	t      testing.TB
	sent   int
}

func open(t testing.TB, database string) *bench {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	a, err := app.Open(context.Background(), app.Config{Data: t.TempDir(), Database: database}, slog.New(slog.DiscardHandler), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx := context.Background()
	ws, err := a.Access.Setup(ctx, access.Workspace{Name: "Test", TimeZone: "Europe/Rome", Currency: "EUR"},
		access.NewUser{Email: "a@b.c", Password: "a long password"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.LoadWorkspace(ctx, ws); err != nil {
		t.Fatal(err)
	}
	src, _, err := a.Inbox.CreateSource(ctx, ws, inbox.NewSource{Name: "site", Kind: inbox.Server})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{App: a, clock: c, source: src, t: t}
}

// engines runs fn with the stores on SQLite and on PostgreSQL.
func engines(t *testing.T, fn func(t *testing.T, b *bench)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(t, open(t, "")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); fn(t, open(t, dbtest.PostgresDSN(t))) })
}

type obj = map[string]any

// send accepts a batch and processes all that waits.
func (b *bench) send(events ...obj) {
	b.t.Helper()
	body, err := json.Marshal(obj{"batch": events})
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := b.Inbox.Accept(context.Background(), inbox.Door{Source: b.source, Meta: inbox.Meta{Shape: inbox.ShapeBatch, Imported: true}, Body: body, Received: core.FromTime(b.clock.Now())})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(res.Rejects) > 0 {
		b.t.Fatalf("rejected: %+v", res.Rejects)
	}
	b.drain()
}

// accept takes a batch as from a client and processes all that waits.
func (b *bench) accept(body []byte) {
	b.t.Helper()
	_, err := b.Inbox.Accept(context.Background(), inbox.Door{Source: b.source, Meta: inbox.Meta{Shape: inbox.ShapeBatch}, Body: body, Received: core.FromTime(b.clock.Now())})
	if err != nil {
		b.t.Fatal(err)
	}
	b.drain()
}

func (b *bench) drain() {
	b.t.Helper()
	for {
		n, err := b.Pipeline.Step(context.Background(), 1)
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (b *bench) at(day float64) string {
	return b.clock.Now().Add(time.Duration(day * 24 * float64(time.Hour))).Format(time.RFC3339Nano)
}

func TestSpine(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		def, err := lifecycle.FromTemplate("sterne_cutler")
		if err != nil {
			t.Fatal(err)
		}
		m, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test")
		if err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		b.send(obj{"type": "page", "anonymousId": "x", "messageId": "1", "timestamp": b.at(-400)},
			obj{"type": "identify", "userId": "u", "anonymousId": "x", "messageId": "2", "timestamp": b.at(-399), "traits": obj{"email": "U@x.io", "name": "Una"}},
			obj{"type": "track", "event": "Order Completed", "userId": "u", "messageId": "3", "timestamp": b.at(-398), "properties": obj{"order_id": "o1", "revenue": "12.50", "currency": "EUR"}})
		c, err := b.Customers.Get(ctx, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		if c.Name != "Una" || c.Email != "u@x.io" || c.UserID != "u" || c.Orders != 1 || c.Revenue != 1250 || c.Events != 3 {
			t.Fatalf("customer %+v", c)
		}
		m, _ = b.Lifecycle.Model(1, m.ID)
		stages := func() string {
			h, err := b.Lifecycle.History(ctx, 1, m, 1)
			if err != nil {
				t.Fatal(err)
			}
			s := ""
			for i := len(h) - 1; i >= 0; i-- {
				s += fmt.Sprintf("%s@%.0f ", h[i].Stage, float64(h[i].Entered-core.FromTime(b.clock.Now()))/float64(core.Day))
			}
			return s
		}
		want := "awareness@-400 engagement@-399 conversion@-398 dormant@-308 lost@-128 "
		if got := stages(); got != want {
			t.Fatalf("stages %s, want %s", got, want)
		}
		// A late order in between changes the past.
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "u", "messageId": "4", "timestamp": b.at(-300), "properties": obj{"order_id": "o2", "revenue": 10}})
		want = "awareness@-400 engagement@-399 conversion@-398 dormant@-308 retention@-300 dormant@-210 lost@-30 "
		if got := stages(); got != want {
			t.Fatalf("stages %s, want %s", got, want)
		}
		// A refund that names only its order takes it back.
		b.send(obj{"type": "track", "event": "Order Refunded", "userId": "u", "messageId": "5", "timestamp": b.at(-1), "properties": obj{"order_id": "o1"}})
		if c, _ = b.Customers.Get(ctx, 1, 1); c.Revenue != 1000 {
			t.Fatalf("revenue after refund %d, want 1000", c.Revenue)
		}
		// The same message again is dropped.
		b.send(obj{"type": "track", "event": "Order Refunded", "userId": "u", "messageId": "5", "timestamp": b.at(-1), "properties": obj{"order_id": "o1"}})
		if c, _ = b.Customers.Get(ctx, 1, 1); c.Events != 5 {
			t.Fatalf("%d events after a duplicate, want 5", c.Events)
		}
	})
}

// TestTimerFiresToTheSecond moves the clock over a lapse point.
func TestTimerFiresToTheSecond(t *testing.T) {
	t.Parallel()
	b := open(t, "")
	ctx := context.Background()
	def, _ := lifecycle.FromTemplate("sterne_cutler")
	m, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test")
	if err != nil {
		t.Fatal(err)
	}
	b.Lifecycle.Wait()
	bought := b.clock.Now()
	b.send(obj{"type": "track", "event": "Order Completed", "userId": "u", "messageId": "1", "timestamp": b.at(0), "properties": obj{"order_id": "o", "revenue": 5}})
	m, _ = b.Lifecycle.Model(1, m.ID)
	stage := func() string {
		h, err := b.Lifecycle.History(ctx, 1, m, 1)
		if err != nil || len(h) == 0 {
			t.Fatalf("history %v %v", h, err)
		}
		return h[0].Stage
	}
	b.clock.Set(bought.Add(90*24*time.Hour - time.Microsecond))
	b.drain()
	if s := stage(); s != "conversion" {
		t.Fatalf("stage a moment before the lapse: %s", s)
	}
	b.clock.Set(bought.Add(90 * 24 * time.Hour))
	b.drain()
	if s := stage(); s != "dormant" {
		t.Fatalf("stage at the lapse: %s", s)
	}
}

// TestLiveEqualsBackfill sends random histories in random order, late events,
// device switches and merges included, and compares the spells kept live with
// a fold of each customer's timeline, and with a backfill of the same model.
func TestLiveEqualsBackfill(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		rounds := 6
		if testing.Short() {
			rounds = 2
		}
		def, _ := lifecycle.FromTemplate("acpral")
		m, err := b.Lifecycle.Create(ctx, 1, def, "acpral", "test")
		if err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		rnd := rand.New(rand.NewPCG(3, 9))
		for round := range rounds {
			for range 6 {
				var batch []obj
				for range 1 + rnd.IntN(25) {
					batch = append(batch, randomEvent(b, rnd))
				}
				b.send(batch...)
			}
			if round%2 == 1 {
				if _, err := b.Timeline.Seal(ctx, 1); err != nil {
					t.Fatal(err)
				}
			}
			b.clock.Advance(time.Duration(rnd.IntN(40)) * 24 * time.Hour)
			b.drain()
			m, _ = b.Lifecycle.Model(1, m.ID)
			compare(t, b, m)
		}
		again, err := b.Lifecycle.Create(ctx, 1, lifecycle.Definition{Key: "again", Name: "Again", Stages: def.Stages}, "", "test")
		if err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		b.drain()
		again, _ = b.Lifecycle.Model(1, again.ID)
		x, err := b.Lifecycle.Spans(ctx, 1, m)
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.Lifecycle.Spans(ctx, 1, again)
		if err != nil {
			t.Fatal(err)
		}
		if rep, err := b.Verify(ctx, 0); err != nil || len(rep.Problems) > 0 {
			t.Fatalf("verify: %v %v", rep, err)
		}
		if !reflect.DeepEqual(x, y) {
			t.Fatalf("backfill differs from live: %d and %d spells\n%v\n%v", len(y), len(x), y, x)
		}
	})
}

func compare(t *testing.T, b *bench, m lifecycle.Model) {
	t.Helper()
	ctx := context.Background()
	now := core.FromTime(b.clock.Now())
	page := 0
	for id := core.CustomerID(1); id < 200; id++ {
		events, err := b.Timeline.Customer(ctx, 1, id, timeline.CustomerQuery{})
		if err != nil {
			t.Fatal(err)
		}
		history, err := b.Lifecycle.History(ctx, 1, m, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, mc := range b.Lifecycle.Machines(1) {
			if mc.ID() != m.Machine {
				continue
			}
			moves, err := lifecycle.Fold(mc, id, events, now)
			if err != nil {
				t.Fatal(err)
			}
			var want, got []string
			for _, mv := range moves {
				if mv.Opens > 0 {
					want = append(want, fmt.Sprint(mv.Opens, mv.To, mv.At, mv.EventID, mv.ByTimer))
				}
			}
			for i := len(history) - 1; i >= 0; i-- {
				h := history[i]
				got = append(got, fmt.Sprint(h.N, h.Stage, h.Entered, h.EventID, h.ByTimer))
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("customer %d with %d events:\nlive %v\nfold %v", id, len(events), got, want)
			}
			if len(events) > 0 {
				page++
			}
		}
	}
	if page == 0 {
		t.Fatal("nobody to compare")
	}
}

func randomEvent(b *bench, rnd *rand.Rand) obj {
	b.sent++
	e := obj{"messageId": fmt.Sprintf("%s-%d", filepath.Base(b.Config.Data), b.sent), "timestamp": b.at(-float64(rnd.IntN(200)) - rnd.Float64())}
	if rnd.IntN(3) > 0 {
		e["anonymousId"] = fmt.Sprint("anon", rnd.IntN(12))
	}
	if rnd.IntN(3) == 0 || e["anonymousId"] == nil {
		e["userId"] = fmt.Sprint("user", rnd.IntN(8))
	}
	switch rnd.IntN(6) {
	case 0:
		e["type"] = "identify"
		e["traits"] = obj{"email": fmt.Sprintf("m%d@x.io", rnd.IntN(6))}
	case 1:
		e["type"] = "page"
	case 2, 3:
		e["type"], e["event"] = "track", "Order Completed"
		e["properties"] = obj{"order_id": fmt.Sprint("o", b.sent), "revenue": rnd.IntN(9000) / 100}
	default:
		e["type"], e["event"] = "track", []string{"Product Viewed", "Product Added", "Product Shared"}[rnd.IntN(3)]
	}
	return e
}

func (b *bench) merge(into, from *customer.Customer) error {
	ctx := context.Background()
	return b.Pipeline.Do(ctx, 1, func(_ *db.Tx, s pipeline.Session) ([]core.CustomerID, error) {
		return nil, s.(*customer.Session).Merge(ctx, into.ID, from.ID, "tester", "same person")
	})
}

func (b *bench) unmerge(log int64) error {
	ctx := context.Background()
	return b.Pipeline.Do(ctx, 1, func(_ *db.Tx, s pipeline.Session) ([]core.CustomerID, error) {
		return nil, s.(*customer.Session).Unmerge(ctx, log, "tester", "not the same")
	})
}
