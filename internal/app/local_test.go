package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// TestLocalTimeChanges: who is in a segment or stage by local days or weeks is
// another question in another zone. What speaks of local time is computed anew,
// and nothing else; what comes later is folded in the new time.
func TestLocalTimeChanges(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		order := func(user, id string, day float64) obj {
			return obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": id, "timestamp": b.at(day)}
		}
		// It is noon UTC. Ann orders at 20:00 and 02:00 UTC: one day in New York, two
		// in Rome. Bob orders on two days, wherever he is.
		b.send(order("ann", "a1", -5+8.0/24), order("ann", "a2", -5+14.0/24), order("bob", "b1", -9), order("bob", "b2", -7), order("cat", "c1", -8))
		days := b.segment("days", `{"did":{"event":"Order Completed","measure":"distinct_days","op":"gte","value":2}}`)
		keyed := b.segment("keyed", `{"not":{"segment":{"key":"days"}}}`)
		count := b.segment("count", `{"did":{"event":"Order Completed","op":"gte","value":2,"window":{"last":"90d"}}}`)
		model, err := b.Lifecycle.Create(context.Background(), 1, lifecycle.Definition{Key: "m", Name: "M", Stages: []lifecycle.Stage{
			{Key: "in", Label: "In", When: *node(t, `{"all":[]}`)}, {Key: "often", Label: "Often", When: *node(t, days.When.Text())}}}, "", "test")
		if err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		staged := b.segment("staged", `{"stage":{"model":"m","in":["often"]}}`)
		c := b.caller(t, b.handler(), 1, access.Owner)
		now := func(when, want, rest, twice string) {
			t.Helper()
			b.Lifecycle.Wait()
			b.Segments.Wait()
			if got := [4]string{b.users(days), b.users(staged), b.users(keyed), b.users(count)}; got != [4]string{want, want, rest, twice} {
				t.Errorf("%s: %q, want %q, %q and %q", when, got, want, rest, twice)
			}
			if got := b.often(t, model.ID); got != want {
				t.Errorf("%s: the stage has %q, want %q", when, got, want)
			}
		}
		now("in Rome", "ann bob", "cat", "ann bob")
		c.do("PATCH", "/workspace", obj{"time_zone": "America/New_York"}, 200, nil)
		now("in New York", "bob", "ann cat", "ann bob")
		b.send(order("cat", "c2", -8+8.0/24), order("ann", "a3", -1))
		now("after more orders", "ann bob", "cat", "ann bob cat")
		c.do("PATCH", "/workspace", obj{"name": "Named anew"}, 200, nil)
		now("under another name", "ann bob", "cat", "ann bob cat")
		if d, n := b.fresh(days), b.fresh(count); d.Version != 2 || n.Version != 1 {
			t.Errorf("versions %d and %d, want 2 of what speaks of days and 1 of what does not", d.Version, n.Version)
		}
	})
}

// often names the customers in the stage of that key.
func (b *bench) often(t *testing.T, model int64) string {
	t.Helper()
	m, err := b.Lifecycle.Model(1, model)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, user := range []string{"ann", "bob", "cat"} {
		c := b.number(user)
		now, err := b.Lifecycle.Now(context.Background(), 1, m, []core.CustomerID{c})
		if err != nil {
			t.Fatal(err)
		}
		if now[c].Stage == "often" {
			out = append(out, user)
		}
	}
	return strings.Join(out, " ")
}
