package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// erase requests an erasure and carries it out.
func (b *bench) erase(r customer.ErasureRequest) *customer.Erasure {
	b.t.Helper()
	ctx := context.Background()
	e, err := b.Customers.RequestErasure(ctx, 1, r)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.EraseRound(ctx, customer.Verified); err != nil {
		b.t.Fatal(err)
	}
	if e, err = b.Customers.Erasure(ctx, 1, e.ID); err != nil {
		b.t.Fatal(err)
	}
	if e.Status != customer.Verified || e.Error != "" {
		b.t.Fatalf("erasure %+v", e)
	}
	return e
}

func (b *bench) eraseOne(c core.CustomerID, action, reason string) *customer.Erasure {
	b.t.Helper()
	return b.erase(customer.ErasureRequest{Action: action, Customers: []core.CustomerID{c}, By: "tester", Reason: reason})
}

func TestErase(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		def, _ := lifecycle.FromTemplate("sterne_cutler")
		if _, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test"); err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		say := func(user, id string, day float64) obj {
			return obj{"type": "identify", "userId": user, "anonymousId": "dev-" + user, "messageId": id, "timestamp": b.at(day), "traits": obj{"email": user + "@x.io", "name": "Name " + user}}
		}
		b.send(say("ann", "1", -3), say("bob", "2", -3), say("ann", "3", -2))
		if _, err := b.Timeline.Seal(ctx, 1); err != nil {
			t.Fatal(err)
		}
		b.send(say("ann", "4", -1))
		ann := find(t, b, "ann")
		if _, err := b.Customers.AddNote(ctx, 1, ann.ID, "me", "secret"); err != nil {
			t.Fatal(err)
		}
		r := b.eraseOne(ann.ID, customer.DeleteAndSuppress, "asked for it")
		if r.Status != "verified" || len(r.Stores) < 8 {
			t.Fatalf("receipt %+v", r)
		}
		if _, err := b.Customers.Get(ctx, 1, ann.ID); errs.KindOf(err) != errs.NotFound {
			t.Fatalf("an erased customer can be read: %v", err)
		}
		if ev, err := b.Timeline.Customer(ctx, 1, ann.ID, timeline.CustomerQuery{}); err != nil || len(ev) != 0 {
			t.Fatalf("%d events are left, %v", len(ev), err)
		}
		if bob := find(t, b, "bob"); bob.Events != 1 {
			t.Fatalf("somebody else lost events: %+v", bob)
		}
		// Suppressed: nothing comes in any more.
		b.send(say("ann", "5", 0))
		if p, _ := b.Customers.List(ctx, 1, customer.Filter{Query: "ann"}); len(p.Customers) != 0 {
			t.Fatal("a suppressed identifier made a customer")
		}
		rep, err := b.Verify(ctx, 0)
		if err != nil || len(rep.Problems) > 0 {
			t.Fatalf("verify: %v %v", rep.Problems, err)
		}
		// Delete alone: older events go to quarantine, newer ones start anew.
		bob := find(t, b, "bob")
		b.eraseOne(bob.ID, customer.Delete, "")
		b.send(say("bob", "6", -5))
		groups, err := b.Inbox.QuarantineGroups(ctx, 1, inbox.HeldFilter{}, 10)
		if err != nil || len(groups) != 1 || groups[0].Reason != "erased_identity" {
			t.Fatalf("quarantine %+v %v", groups, err)
		}
		b.clock.Advance(1000)
		b.send(say("bob", "7", 0))
		again := find(t, b, "bob")
		if again.ID == bob.ID || again.Events != 1 {
			t.Fatalf("came back as %+v", again)
		}
		// Anonymise: the events stay, the person goes.
		b.eraseOne(again.ID, customer.Anonymise, "")
		c, err := b.Customers.Get(ctx, 1, again.ID)
		if err != nil || c.Events != 1 || c.Email != "" || strings.Contains(c.Traits, "bob") {
			t.Fatalf("after anonymising: %+v %v", c, err)
		}
	})
}

func find(t *testing.T, b *bench, user string) *customer.Customer {
	t.Helper()
	p, err := b.Customers.List(context.Background(), 1, customer.Filter{Query: user})
	if err != nil || len(p.Customers) != 1 {
		t.Fatalf("customers named %s: %d, %v", user, len(p.Customers), err)
	}
	return &p.Customers[0]
}

func TestMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		buy := func(user, id string, day float64) obj {
			return obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": id, "timestamp": b.at(day), "properties": obj{"order_id": id, "revenue": 10}}
		}
		b.send(buy("ann", "1", -9), buy("bob", "2", -8), buy("ann", "3", -7),
			obj{"type": "identify", "userId": "ann", "messageId": "4", "timestamp": b.at(-6), "traits": obj{"plan": "a"}},
			obj{"type": "identify", "userId": "bob", "messageId": "5", "timestamp": b.at(-5), "traits": obj{"plan": "b"}})
		ann, bob := find(t, b, "ann"), find(t, b, "bob")
		if err := b.merge(ann, bob); err != nil {
			t.Fatal(err)
		}
		both, err := b.Customers.Get(ctx, 1, bob.ID)
		if err != nil || both.ID != ann.ID || both.Events != 5 || both.Orders != 3 || both.Revenue != 3000 || both.Traits != `{"plan":"b"}` {
			t.Fatalf("merged %+v %v", both, err)
		}
		b.send(buy("bob", "6", -1)) // goes with the identifier that brought it
		if both, _ = b.Customers.Get(ctx, 1, ann.ID); both.Orders != 4 {
			t.Fatalf("order after the merge: %+v", both)
		}
		log, err := b.Customers.History(ctx, 1, ann.ID)
		if err != nil || len(log) != 1 {
			t.Fatalf("log %+v %v", log, err)
		}
		for _, e := range log {
			if e.Rule == "merged" {
				if err := b.unmerge(e.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		a2, _ := b.Customers.Get(ctx, 1, ann.ID)
		b2, err := b.Customers.Get(ctx, 1, bob.ID)
		if err != nil || a2.Orders != 2 || a2.Traits != `{"plan":"a"}` || b2.ID != bob.ID || b2.Orders != 2 || b2.Traits != `{"plan":"b"}` {
			t.Fatalf("after the un-merge %+v and %+v, %v", a2, b2, err)
		}
		if err := b.merge(find(t, b, "bob"), find(t, b, "ann")); err != nil {
			t.Fatal(err)
		}
		if again, _ := b.Customers.Get(ctx, 1, ann.ID); again.ID != bob.ID || again.Orders != 4 {
			t.Fatalf("merged again the other way: %+v", again)
		}
		if rep, err := b.Verify(ctx, 0); err != nil || len(rep.Problems) > 0 {
			t.Fatalf("verify: %v %v", rep.Problems, err)
		}
	})
}
