package customer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// buy is an order of a user.
func buy(id string, minute int, user string, euro int) msg {
	m := ev(id, minute, core.KindTrack, user, "", fmt.Sprintf(`{"order_id":%q,"revenue":%d,"currency":"EUR"}`, id, euro))
	m.Name = "Order Completed"
	return m
}

// TestSituation6Unmerge follows three customers through merges and back.
func TestSituation6Unmerge(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, customer.DefaultSettings())
		ctx := context.Background()
		for i, u := range []string{"ann", "bob", "cat", "dan"} {
			h.send(10, ev(u+"1", 10*i, core.KindTrack, "", "device-"+u, ""), ev(u+"2", 10*i+1, core.KindIdentify, u, "device-"+u, `{"email":"`+u+`@x.io","plan":"`+u+`"}`), buy(u+"3", 10*i+2, u, 10+i))
			if err := h.consent(h.of(u), []customer.Consent{{Channel: "email", Topic: "news", State: []string{"subscribed", "unsubscribed"}[i%2]}}); err != nil {
				t.Fatal(err)
			}
		}
		ann, bob, cat, dan := h.of("ann"), h.of("bob"), h.of("cat"), h.of("dan")
		start := h.snapshot()

		// One merge and back.
		first := h.merge(ann, bob)
		if got := h.together("ann", "bob", "cat", "device-bob"); got != "ann+bob+device-bob | cat" {
			t.Fatalf("after one merge %s", got)
		}
		row, err := h.s.Get(ctx, ws, bob)
		if err != nil || row.ID != ann || row.Orders != 2 || row.Revenue != 2100 || row.Events != 6 {
			t.Errorf("the absorbed number answers with %+v, %v", row, err)
		}
		if list, err := h.s.Consents(ctx, ws, ann); err != nil || len(list) != 1 || list[0].State != "unsubscribed" {
			t.Errorf("consent after the merge %+v, %v", list, err)
		}
		h.unmerge(first)
		if got := h.snapshot(); got != start {
			t.Fatalf("not exactly back:%s", differ(got, start))
		}

		// The middle one of three.
		one := h.merge(ann, bob)
		two := h.merge(ann, cat)
		three := h.merge(ann, dan)
		if got := h.together("ann", "bob", "cat", "dan"); got != "ann+bob+cat+dan" {
			t.Fatalf("after three merges %s", got)
		}
		h.unmerge(two)
		if got := h.together("ann", "bob", "cat", "dan"); got != "ann+bob+dan | cat" {
			t.Fatalf("without the middle merge %s", got)
		}
		if row, err := h.s.Get(ctx, ws, cat); err != nil || row.ID != cat || row.Orders != 1 || row.Traits != `{"email":"cat@x.io","plan":"cat"}` {
			t.Errorf("cat stands alone as %+v, %v", row, err)
		}
		h.unmerge(one)
		if got := h.together("ann", "bob", "cat", "dan"); got != "ann+dan | bob | cat" {
			t.Fatalf("with the last merge only %s", got)
		}

		// Merged again after the un-merge, the other way round, and back.
		again := h.merge(bob, ann)
		if got := h.together("ann", "bob", "cat", "dan"); got != "ann+bob+dan | cat" {
			t.Fatalf("merged again %s", got)
		}
		if row, err := h.s.Get(ctx, ws, ann); err != nil || row.ID != bob {
			t.Errorf("ann lives on as %+v, %v", row, err)
		}
		h.unmerge(again)
		h.unmerge(three)
		if got := h.snapshot(); got != start {
			t.Fatalf("not exactly back:%s", differ(got, start))
		}
		for _, entry := range []int64{one, two, three, again, 9999} {
			if err := h.do(func(x *customer.Session) error { return x.Unmerge(ctx, entry, "tester", "twice") }); err == nil {
				t.Errorf("entry %d is undone twice", entry)
			}
		}
		if got := h.snapshot(); got != start {
			t.Errorf("a refused un-merge changed something:%s", differ(got, start))
		}
		// A new process sees the same.
		if err := h.s.Load(ctx, ws); err != nil {
			t.Fatal(err)
		}
		if got := h.snapshot(); got != start {
			t.Errorf("after a restart:%s", differ(got, start))
		}
	})
}

// TestConsentOverMerges follows consent through merges, new choices and back.
func TestConsentOverMerges(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, customer.DefaultSettings())
		ctx := context.Background()
		h.send(10, ev("a", 1, track, "ann", "", ""), ev("b", 2, track, "bob", "", ""), ev("c", 3, track, "cat", "", ""))
		ann, bob, cat := h.of("ann"), h.of("bob"), h.of("cat")
		choose := func(c core.CustomerID, topic, state string) {
			t.Helper()
			h.clock.Advance(time.Minute)
			if err := h.consent(c, []customer.Consent{{Channel: "email", Topic: topic, State: state}}); err != nil {
				t.Fatal(err)
			}
			h.clock.Advance(time.Minute)
		}
		has := func(c core.CustomerID, want string) {
			t.Helper()
			list, err := h.s.Consents(ctx, ws, c)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, x := range list {
				got += x.Topic + "=" + x.State + " "
			}
			if got != want {
				t.Errorf("customer %d has %q, want %q", c, got, want)
			}
		}
		choose(ann, "news", "subscribed")
		choose(bob, "news", "unsubscribed")
		choose(bob, "offers", "subscribed")
		choose(cat, "news", "pending")
		first := h.merge(ann, bob)
		has(ann, "news=unsubscribed offers=subscribed ")
		choose(ann, "news", "subscribed") // the customer chooses again
		has(ann, "news=subscribed offers=subscribed ")
		second := h.merge(cat, ann)
		has(cat, "news=pending offers=subscribed ") // bob's old no stays outdated
		choose(cat, "offers", "unsubscribed")
		has(cat, "news=pending offers=unsubscribed ")
		h.unmerge(second)
		has(cat, "news=pending offers=unsubscribed ")
		has(ann, "news=subscribed offers=subscribed ")
		h.unmerge(first)
		has(ann, "news=subscribed ")
		has(bob, "news=unsubscribed offers=subscribed ")
	})
}

// TestMergeThenUnmergeIsTheIdentity takes random graphs, merges random
// customers, and undoes the merges in random order, with restarts and sealed
// events in between: everything known of everybody must be as it was.
func TestMergeThenUnmergeIsTheIdentity(t *testing.T) {
	t.Parallel()
	rounds := uint64(24)
	if testing.Short() {
		rounds = 4
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, dbtest.SQLite(t), customer.DefaultSettings())
			rnd := rand.New(rand.NewPCG(seed, 77))
			h.send(1+rnd.IntN(20), randomGraph(rnd, 40)...)
			h.randomConsents(rnd)
			if rnd.IntN(2) == 0 {
				if _, err := h.store.Seal(context.Background(), ws); err != nil {
					t.Fatal(err)
				}
			}
			before := h.snapshot()
			var entries []int64
			for range 1 + rnd.IntN(5) {
				list := h.alive()
				if len(list) < 2 {
					break
				}
				rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
				entries = append(entries, h.merge(list[0], list[1]))
				if rnd.IntN(3) == 0 {
					if err := h.s.Load(context.Background(), ws); err != nil {
						t.Fatal(err)
					}
				}
			}
			if len(entries) > 0 && h.snapshot() == before {
				t.Fatal("merges changed nothing")
			}
			rnd.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
			for _, e := range entries {
				h.clock.Advance(time.Second)
				h.unmerge(e)
			}
			if got := h.snapshot(); got != before {
				t.Errorf("%d merges undone:%s", len(entries), differ(got, before))
			}
		})
	}
}

// randomGraph makes events of a few people who share devices and addresses.
func randomGraph(rnd *rand.Rand, n int) []msg {
	var out []msg
	for i := range n {
		user, anon, traits := "", fmt.Sprint("anon", rnd.IntN(8)), ""
		if rnd.IntN(2) == 0 {
			user = fmt.Sprint("user", rnd.IntN(5))
		}
		if user != "" && rnd.IntN(3) == 0 {
			anon = ""
		}
		kind := []core.Kind{core.KindTrack, core.KindIdentify, core.KindPage}[rnd.IntN(3)]
		if rnd.IntN(3) == 0 {
			traits = fmt.Sprintf(`{"email":"m%d@x.io","plan":"p%d"}`, rnd.IntN(6), rnd.IntN(3))
		}
		m := ev(fmt.Sprint("e", i), rnd.IntN(400), kind, user, anon, traits)
		if kind == core.KindTrack && rnd.IntN(2) == 0 {
			m.Name, m.Props = "Order Completed", fmt.Appendf(nil, `{"order_id":"o%d","revenue":%d,"currency":"EUR"}`, i, rnd.IntN(50))
		}
		out = append(out, m)
	}
	return out
}

func (h *house) randomConsents(rnd *rand.Rand) {
	h.t.Helper()
	for _, c := range h.alive() {
		if rnd.IntN(2) > 0 {
			continue
		}
		state := []string{"subscribed", "unsubscribed", "pending"}[rnd.IntN(3)]
		if err := h.consent(c, []customer.Consent{{Channel: "email", Topic: fmt.Sprint("t", rnd.IntN(2)), State: state}}); err != nil {
			h.t.Fatal(err)
		}
		h.clock.Advance(time.Second)
	}
}
