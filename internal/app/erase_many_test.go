package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func (b *bench) named(user string) int {
	b.t.Helper()
	p, err := b.Customers.List(context.Background(), 1, customer.Filter{Query: user})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(p.Customers)
}

// TestEraseMany takes thousands of identifiers, known and not, and lets the
// suppressed ones in again.
func TestEraseMany(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		page := func(user, id string, day float64) obj {
			return obj{"type": "page", "userId": user, "messageId": id, "timestamp": b.at(day)}
		}
		var ids []core.Identifier
		for i := range customer.MaxErased + 1 {
			ids = append(ids, core.Identifier{Type: core.TypeUserID, Value: fmt.Sprintf("user-%d", i)})
		}
		for i := range 300 { // more than are folded in one go
			b.send(page(fmt.Sprintf("user-%d", i), fmt.Sprint("a", i), -5), page(fmt.Sprintf("user-%d", i), fmt.Sprint("b", i), -1))
		}
		b.send(page("keep", "k", -1))
		_, err := b.Customers.RequestErasure(ctx, 1, customer.ErasureRequest{Identifiers: ids, By: "tester"})
		if errs.KindOf(err) != errs.Unprocessable || errs.CodeOf(err) != "too_many_ids" {
			t.Fatalf("5,001 identifiers: %v", err)
		}
		part := b.erase(customer.ErasureRequest{Identifiers: ids[:300], Scope: customer.ErasureScope{Kind: customer.ScopeRange, From: days(b, -2)}, By: "tester"})
		if part.Action != customer.Delete || part.Customers != 300 {
			t.Fatalf("receipt %+v", part)
		}
		if c := find(t, b, "user-299"); c.Events != 1 {
			t.Fatalf("after the range: %+v", c)
		}
		e := b.erase(customer.ErasureRequest{Identifiers: ids[:customer.MaxErased], By: "tester"})
		if e.Action != customer.DeleteAndSuppress || e.Customers != 300 || e.Unknown != customer.MaxErased-300 || e.Requested != customer.MaxErased {
			t.Fatalf("receipt %+v", e)
		}
		b.clock.Advance(time.Second)
		b.send(page("user-7", "x", 0), page("user-4000", "y", 0))
		if b.named("user-7")+b.named("user-4000") != 0 {
			t.Fatal("suppressed identifiers came in")
		}
		b.erase(customer.ErasureRequest{Action: customer.Unsuppress, Identifiers: []core.Identifier{{Type: core.TypeUserID, Value: "user-7"}, {Type: core.TypeUserID, Value: "user-4000"}}, By: "tester"})
		b.send(page("user-7", "x2", 0), page("user-4000", "y2", 0), page("user-7", "x3", -3))
		if c := find(t, b, "user-7"); c.Events != 1 {
			t.Fatalf("what was erased came back: %+v", c)
		}
		if b.named("user-4000") != 1 || b.named("keep") != 1 {
			t.Fatal("an identifier that was let in again stays out, or somebody else is gone")
		}
		if r, err := b.Verify(ctx, 0); err != nil || len(r.Problems) > 0 {
			t.Fatalf("verify: %v %v", r.Problems, err)
		}
	})
}

// TestEraseSharedDevice refuses late events of a device only for the time in
// which the erased customer had it.
func TestEraseSharedDevice(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		b.send(obj{"type": "identify", "userId": "ann", "anonymousId": "kiosk", "messageId": "1", "timestamp": b.at(-30)},
			obj{"type": "identify", "userId": "bob", "anonymousId": "kiosk", "messageId": "2", "timestamp": b.at(-20)})
		ann, bob := find(t, b, "ann"), find(t, b, "bob")
		b.eraseOne(ann.ID, customer.DeleteAndSuppress, "")
		b.send(obj{"type": "page", "anonymousId": "kiosk", "messageId": "3", "timestamp": b.at(-10)},
			obj{"type": "page", "anonymousId": "kiosk", "messageId": "4", "timestamp": b.at(-25)})
		if c, err := b.Customers.Get(ctx, 1, bob.ID); err != nil || c.Events != 2 {
			t.Fatalf("bob %+v %v", c, err)
		}
		held, err := b.Inbox.ListQuarantine(ctx, 1, inbox.HeldFilter{}, 10)
		if err != nil || len(held) != 1 || held[0].Reason != "erased_identity" || held[0].Raw != "" || held[0].MessageID != "" || held[0].Whole {
			t.Fatalf("held %+v %v", held, err)
		}
	})
}

// TestBackupsAreNamed lists in a receipt the backups that still hold the data.
func TestBackupsAreNamed(t *testing.T) {
	t.Parallel()
	b := open(t, "")
	b.send(obj{"type": "page", "userId": "ann", "messageId": "1", "timestamp": b.at(-1)})
	if _, err := b.Timeline.Seal(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	backup := func(name string) {
		t.Helper()
		cmd := app.BackupCmd{Where: app.Where{Data: b.Config.Data}, To: filepath.Join(t.TempDir(), name)}
		if err := cmd.Run(&app.Env{Ctx: context.Background(), Streams: app.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, Log: slog.New(slog.DiscardHandler), Clock: b.clock}); err != nil {
			t.Fatal(err)
		}
	}
	backup("before.tar")
	b.clock.Advance(time.Hour)
	e := b.eraseOne(find(t, b, "ann").ID, customer.Delete, "")
	b.clock.Advance(time.Hour)
	backup("after.tar")
	list, err := b.Customers.Backups(context.Background(), e.RewrittenAt, 30)
	if err != nil || len(list) != 1 || list[0].Name != "before.tar" || list[0].Due != list[0].Made+30*core.Day {
		t.Fatalf("backups %+v %v", list, err)
	}
}
