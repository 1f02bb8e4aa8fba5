package app_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ciclo/ciclo/internal/access"
)

// TestCurrencyOfTheWorkspace changes it after orders in two currencies came: the
// sums of customers are in the new one, also of more customers than one job
// folds.
func TestCurrencyOfTheWorkspace(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		const all = 2300
		for from := 0; from < all; from += 575 {
			var events []obj
			for i := from; i < from+575; i++ {
				user := fmt.Sprintf("u%04d", i)
				events = append(events,
					obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": fmt.Sprint("e", i), "timestamp": b.at(-2), "properties": obj{"order_id": fmt.Sprint("e", i), "revenue": 10, "currency": "EUR"}},
					obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": fmt.Sprint("r", i), "timestamp": b.at(-1), "properties": obj{"order_id": fmt.Sprint("r", i), "revenue": 50, "currency": "RON"}})
			}
			b.send(events...)
		}
		want := func(when string, revenue int64) {
			t.Helper()
			for _, user := range []string{"u0000", "u1999", "u2299"} {
				c, err := b.Customers.Get(ctx, 1, b.number(user))
				if err != nil || c.Revenue != revenue || c.Orders != 2 {
					t.Errorf("%s: customer %s has %d in %d orders, %v; want %d", when, user, c.Revenue, c.Orders, err, revenue)
				}
			}
		}
		want("in euros", 10_00)
		c := b.caller(t, b.handler(), 1, access.Owner)
		c.do("PATCH", "/workspace", obj{"currency": "RON"}, 200, nil)
		b.work()
		want("in lei", 50_00)
		if rep, err := b.Verify(ctx, 0); err != nil || len(rep.Problems) > 0 {
			t.Errorf("verify: %v %v", rep, err)
		}
	})
}
