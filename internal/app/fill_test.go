package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/segment"
)

// work runs the jobs that are due.
func (b *bench) work() {
	b.t.Helper()
	for {
		n, err := b.Jobs.Round(context.Background())
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// dying writes so many chunks of a list, and is dead then.
type dying struct {
	*pipeline.Pipeline
	chunks int
}

func (d *dying) Signal(ctx context.Context, ws core.WorkspaceID, fn func(tx *db.Tx, anchor func(core.CustomerID) (core.ActorID, error)) ([]core.Event, error)) error {
	if d.chunks == 0 {
		return errors.New("dead")
	}
	d.chunks--
	return d.Pipeline.Signal(ctx, ws, func(tx *db.Tx, s pipeline.Session) ([]core.Event, error) {
		return fn(tx, func(c core.CustomerID) (core.ActorID, error) { return s.(*customer.Session).Anchor(ctx, c) })
	})
}

// TestListIsFilledAcrossAStop: a program that stops in the middle goes on where
// it was, in another life too, and everybody is on the list once. Who was merged
// or erased in between is there as what is left of them.
func TestListIsFilledAcrossAStop(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		const all = 2500
		for from := 0; from < all; from += 500 {
			var events []obj
			for i := range 500 {
				events = append(events, obj{"type": "track", "event": "Order Completed", "userId": fmt.Sprintf("u%04d", from+i), "messageId": fmt.Sprint("m", from+i), "timestamp": b.at(-1)})
			}
			b.send(events...)
		}
		everybody, err := b.Customers.Everybody(ctx, 1)
		if err != nil || len(everybody) != all {
			t.Fatalf("%d customers, %v", len(everybody), err)
		}
		list := slices.Concat(everybody, everybody[:10]) // some are named twice
		slices.Reverse(list)
		b.Segments.SetLister(&dying{b.Pipeline, 1})
		g, err := b.Segments.CreateList(ctx, 1, segment.Definition{Name: "Behind a bar"}, list, "ann")
		if err != nil {
			t.Fatal(err)
		}
		b.Segments.Wait()
		size := func() int { t.Helper(); return len(strings.Fields(b.users(g))) }
		if got := b.fresh(g); !got.Filling || size() != 0 {
			t.Errorf("before anything is done %+v with %d members", got, size())
		}
		b.work()
		if got := b.fresh(g); !got.Filling || size() != 1000 {
			t.Errorf("after the stop %+v with %d members", got, size())
		}

		b.again()
		if got := b.fresh(g); !got.Filling || size() != 1000 {
			t.Errorf("in its next life %+v with %d members", got, size())
		}
		from, into := b.number("u2000"), b.number("u2001")
		if err := b.merge(&customer.Customer{ID: into}, &customer.Customer{ID: from}); err != nil {
			t.Fatal(err)
		}
		b.drain()
		b.eraseOne(b.number("u2400"), customer.Delete, "asked")
		b.clock.Advance(5 * time.Minute)
		b.work()
		if got := b.fresh(g); got.Filling || size() != all-2 {
			t.Errorf("in the end %+v with %d members, want %d", got, size(), all-2)
		}
		var entries int
		for _, c := range []core.CustomerID{everybody[0], everybody[1499]} {
			events, _ := b.seen(c)
			entries += events
		}
		if entries != 4 {
			t.Errorf("two customers with an order and an entry each have %d events", entries)
		}
		var left int
		err = b.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT COUNT(*) FROM segment_fills", nil, &left)
		})
		if err != nil || left != 0 {
			t.Errorf("%d rows left, %v", left, err)
		}
	})
}

// TestListIsDeletedWhileItFills leaves nothing behind.
func TestListIsDeletedWhileItFills(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "u", "messageId": "1", "timestamp": b.at(-1)})
		g, err := b.Segments.CreateList(ctx, 1, segment.Definition{Name: "Short"}, []core.CustomerID{1}, "ann")
		if err != nil {
			t.Fatal(err)
		}
		b.Segments.Wait()
		if err := b.Segments.Delete(ctx, 1, g.ID); err != nil {
			t.Fatal(err)
		}
		b.work()
		var fills, stays int
		err = b.DB.Read(ctx, func(tx *db.Tx) error {
			return errors.Join(tx.QueryRow(ctx, "SELECT COUNT(*) FROM segment_fills", nil, &fills), tx.QueryRow(ctx, "SELECT COUNT(*) FROM segment_stays", nil, &stays))
		})
		if events, _ := b.seen(1); err != nil || fills+stays != 0 || events != 1 {
			t.Errorf("left are %d rows, %d stays and %d events, %v", fills, stays, events, err)
		}
		// One of nobody has nothing to wait for.
		if g, err = b.Segments.CreateList(ctx, 1, segment.Definition{Name: "Nobody"}, nil, "ann"); err != nil || g.Filling {
			t.Errorf("an empty list %+v %v", g, err)
		}
	})
}
