package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// again closes an installation and opens it anew, as after a kill: nothing but
// folder and database is left.
func (b *bench) again() *bench {
	b.t.Helper()
	cfg := b.Config
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	a, err := app.Open(context.Background(), cfg, slog.New(slog.DiscardHandler), b.clock)
	if err != nil {
		b.t.Fatal(err)
	}
	*b.App = *a //nolint:govet // the old one is closed; its clean-up closes this one
	return b
}

// seen counts the events of a customer that readers find.
func (b *bench) seen(c core.CustomerID) (one, all int) {
	b.t.Helper()
	ctx := context.Background()
	events, err := b.Timeline.Customer(ctx, 1, c, timeline.CustomerQuery{})
	if err != nil {
		b.t.Fatal(err)
	}
	err = b.Timeline.Scan(ctx, timeline.Request{Workspace: 1, Workers: 1}, func(_ int, id core.CustomerID, r *timeline.Rows) error {
		if id == c {
			all += r.Len()
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(events), all
}

// TestWhatIsLeftIsHidden: what the proof of an erasure finds is read by nobody
// until the next attempt has taken it away.
func TestWhatIsLeftIsHidden(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		ann, _ := fillWithAnn(t, b)
		e, err := b.Customers.RequestErasure(ctx, 1, customer.ErasureRequest{Action: customer.Delete, Customers: []core.CustomerID{ann}, By: "tester"})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.EraseRound(ctx, customer.Rewritten); err != nil {
			t.Fatal(err)
		}
		late := core.Event{Customer: ann, Actor: 1 << 30, Time: core.FromTime(b.clock.Now()), Received: core.FromTime(b.clock.Now()), ID: "late", Kind: core.KindPage, Source: 1}
		if err := b.DB.Write(ctx, func(tx *db.Tx) error { return b.Timeline.Append(ctx, tx, 1, []core.Event{late}) }); err != nil {
			t.Fatal(err)
		}
		if one, all := b.seen(ann); one != 1 || all != 1 {
			t.Fatalf("%d and %d events are there", one, all)
		}
		for _, want := range []string{customer.Filtered, customer.Verified} {
			if err := b.EraseRound(ctx, customer.Verified); err != nil {
				t.Fatal(err)
			}
			if now, err := b.Customers.Erasure(ctx, 1, e.ID); err != nil || now.Status != want {
				t.Fatalf("%+v, %v", now, err)
			}
			if one, all := b.seen(ann); one != 0 || all != 0 {
				t.Errorf("%s, but %d and %d events are read", want, one, all)
			}
			b.clock.Advance(3 * time.Minute)
		}
	})
}

// TestEraseResumes stops the process after each status, lets one attempt fail,
// and looks what readers see in between.
func TestEraseResumes(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		ann, _ := fillWithAnn(t, b)
		e, err := b.Customers.RequestErasure(ctx, 1, customer.ErasureRequest{Action: customer.Delete, Customers: []core.CustomerID{ann}, By: "tester"})
		if err != nil || e.Status != customer.Accepted {
			t.Fatalf("%+v %v", e, err)
		}
		is := func(want string) *customer.Erasure {
			t.Helper()
			e, err := b.Customers.Erasure(ctx, 1, e.ID)
			if err != nil || e.Status != want {
				t.Fatalf("erasure %+v, want %s: %v", e, want, err)
			}
			return e
		}
		if one, all := b.again().seen(ann); one == 0 || all != one {
			t.Fatalf("before, %d and %d events are read", one, all)
		}
		is(customer.Accepted)
		if err := b.EraseRound(ctx, customer.Filtered); err != nil {
			t.Fatal(err)
		}
		for range 2 { // at once, and in the next process too
			is(customer.Filtered)
			if one, all := b.seen(ann); one != 0 || all != 0 {
				t.Fatalf("filtered, but %d and %d events are read", one, all)
			}
			if _, err := b.Customers.Get(ctx, 1, ann); errs.KindOf(err) != errs.NotFound {
				t.Fatalf("filtered, but the customer is read: %v", err)
			}
			b.again()
		}
		// A newer event starts a new customer although files still hold the old one.
		b.clock.Advance(time.Second)
		b.send(obj{"type": "page", "userId": secrets()["user"], "messageId": "new", "timestamp": b.at(0)})
		fresh := find(t, b, secrets()["user"])
		if fresh.ID == ann || fresh.Events != 1 {
			t.Fatalf("new customer %+v", fresh)
		}
		files, err := filepath.Glob(filepath.Join(b.Config.Data, "timeline", "1", "*.parquet"))
		if err != nil || len(files) == 0 {
			t.Fatalf("files %v %v", files, err)
		}
		b.again()
		if err := os.Rename(files[0], files[0]+".away"); err != nil {
			t.Fatal(err)
		}
		if err := b.EraseRound(ctx, customer.Verified); err != nil {
			t.Fatal(err)
		}
		if failed := is(customer.Filtered); failed.Error == "" || failed.Attempts != 1 || failed.FailedAt == 0 {
			t.Fatalf("a failed attempt is not seen: %+v", failed)
		}
		if err := os.Rename(files[0]+".away", files[0]); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(3 * time.Minute)
		if err := b.EraseRound(ctx, customer.Rewritten); err != nil {
			t.Fatal(err)
		}
		if done := is(customer.Rewritten); done.Error != "" {
			t.Fatalf("%+v", done)
		}
		if err := b.again().EraseRound(ctx, customer.Verified); err != nil {
			t.Fatal(err)
		}
		is(customer.Verified)
		if c, err := b.Customers.Get(ctx, 1, fresh.ID); err != nil || c.Events != 1 {
			t.Fatalf("the new customer: %+v %v", c, err)
		}
		b.eraseOne(fresh.ID, customer.Delete, "")
		if got := found(everything(t, b.App)); len(got) > 0 {
			t.Errorf("%v are left", got)
		}
		if r, err := b.Verify(ctx, 0); err != nil || len(r.Problems) > 0 {
			t.Errorf("verify: %v %v", r.Problems, err)
		}
	})
}

// TestAnonymise keeps events and loses who it was.
func TestAnonymise(t *testing.T) {
	t.Parallel()
	for engine, dsn := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.PostgresDSN} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			b := open(t, dsn(t))
			ann, _ := fillWithAnn(t, b)
			before, err := b.Customers.Get(context.Background(), 1, ann)
			if err != nil {
				t.Fatal(err)
			}
			b.erase(customer.ErasureRequest{Action: customer.Anonymise, Customers: []core.CustomerID{ann}, Scope: customer.ErasureScope{Properties: []string{"coupon"}}})
			for _, what := range found(everything(t, b.App)) {
				if what != "message" && what != "group" { // these tell nothing about a person
					t.Errorf("%s is left", what)
				}
			}
			after, err := b.Customers.Get(context.Background(), 1, ann)
			if err != nil || after.Events != before.Events || after.Revenue != before.Revenue || after.Name+after.Email+after.UserID != "" {
				t.Errorf("%+v %v", after, err)
			}
			b.send(obj{"type": "page", "userId": secrets()["user"], "messageId": "late", "timestamp": b.at(-3)})
			if p, err := b.Customers.List(context.Background(), 1, customer.Filter{Query: secrets()["user"]}); err != nil || len(p.Customers) > 0 {
				t.Errorf("a late event tells who it was: %+v %v", p, err)
			}
			if r, err := b.Verify(context.Background(), 0); err != nil || len(r.Problems) > 0 {
				t.Errorf("verify: %v %v", r.Problems, err)
			}
		})
	}
}
