package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// TestBatchIsOneTransaction lets a reactor fail: nothing of the batch may stay
// anywhere, the batch must wait, and in the end each event is there once.
func TestBatchIsOneTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g := newRig(t, d)
		ctx := context.Background()
		g.send("u@1:a")
		g.drain()
		tables := []string{"inbox", "timeline_tail", "actors", "actor_homes", "customers", "identity_log", "fold_states", "dedupe_blocks", "source_counters", "quarantine", "unknown_keys"}
		count := func() string {
			var out []string
			for _, table := range tables {
				out = append(out, fmt.Sprint(table, "=", g.rows(table)))
			}
			return strings.Join(out, " ")
		}
		g.send("u@2:b", "v@3:c", "w@4:d")
		before := count()
		g.fail = errors.New("the reactor cannot write")
		for range 3 {
			if _, err := g.pipe.Step(ctx, ws); !errors.Is(err, g.fail) {
				t.Fatalf("step: %v", err)
			}
			if got := count(); got != before {
				t.Fatalf("after a failure\n%s, was\n%s", got, before)
			}
			if got := g.timeline(1); got != "a" || g.pipe.Processed() != 1 || len(g.pipe.Recent(ws, 9)) != 1 {
				t.Fatalf("after a failure the timeline holds %q, %d are processed", got, g.pipe.Processed())
			}
		}
		g.fail = nil
		g.drain()
		if a, b, c := g.timeline(1), g.timeline(2), g.timeline(3); a != "a b" || b != "c" || c != "d" {
			t.Errorf("timelines %q, %q, %q", a, b, c)
		}
		if a, b := g.state(1, 1), g.state(2, 1); a != "a b!" || b != "c!" {
			t.Errorf("states %q and %q", a, b)
		}
		if g.rows("inbox") != 0 || g.rows("actors") != 3 || g.pipe.Processed() != 4 {
			t.Errorf("%s, processed %d", count(), g.pipe.Processed())
		}
	})
}

// TestPoison sends events that find no customer between others: they go to
// quarantine, the others go on.
func TestPoison(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g := newRig(t, d, "robot")
		ctx := context.Background()
		g.send("u@1:a", "robot@2:b", "null@3:c", "u@4:d")
		g.drain()
		if got := g.timeline(1); got != "a d" || g.pipe.Processed() != 2 {
			t.Errorf("timeline %q, %d processed", got, g.pipe.Processed())
		}
		held, err := g.inbox.ListQuarantine(ctx, ws, inbox.HeldFilter{}, 10)
		if err != nil || len(held) != 2 || held[0].Reason != inbox.CodeNoIdentity || held[0].Detail == "" {
			t.Errorf("held %+v, %v", held, err)
		}
		// A spoilt state does not stop its customer: it is folded anew.
		err = d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE fold_states SET states = $1 WHERE workspace_id = $2", []byte{1, 3, 0xFF, 0xFF, 0xFF}, ws)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		g.send("u@5:e")
		g.drain()
		if got := g.state(1, 1); got != "a d e!" {
			t.Errorf("healed to %q", got)
		}
	})
}

// TestLateEventsGiveTheSameAsInOrder folds random histories in random order
// and in time's order.
func TestLateEventsGiveTheSameAsInOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			var events []string
			for i := range 60 {
				events = append(events, fmt.Sprintf("u%d@%d:e%d", rnd.IntN(4), 5*i+rnd.IntN(5), i))
			}
			inOrder, shuffled := newRig(t, dbtest.SQLite(t)), newRig(t, d)
			inOrder.send(events...)
			inOrder.drain()
			mixed := slices.Clone(events)
			rnd.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			for part := range slices.Chunk(mixed, 1+rnd.IntN(9)) {
				shuffled.send(part...)
				shuffled.drain()
				if rnd.IntN(4) == 0 {
					if _, err := shuffled.store.Seal(context.Background(), ws); err != nil {
						t.Fatal(err)
					}
				}
			}
			if a, b := inOrder.all(1), shuffled.all(1); a != b {
				t.Errorf("in order\n%s, shuffled\n%s", a, b)
			}
			for c := core.CustomerID(1); c <= 4; c++ {
				saved, again, err := shuffled.pipe.Refold(context.Background(), ws, c)
				if err != nil || string(saved[1]) != string(again[1]) {
					t.Errorf("customer %d: saved %q, folded again %q, %v", c, saved[1], again[1], err)
				}
			}
		})
	}
}

// all writes the states of four customers, free of their numbers.
func (g *rig) all(machine int64) string {
	var out []string
	for c := core.CustomerID(1); c <= 4; c++ {
		out = append(out, g.state(c, machine))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// TestTimers lets time pass over many customers.
func TestTimers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g := newRig(t, d)
		g.clock.Set(minutes(10))
		g.send("u@1:a", "v@5:b")
		g.drain()
		if a, b := g.state(1, 1), g.state(2, 1); a != "a" || b != "b" {
			t.Fatalf("before their time %q and %q", a, b)
		}
		g.clock.Set(minutes(61))
		g.drain()
		if a, b := g.state(1, 1), g.state(2, 1); a != "a!" || b != "b" {
			t.Errorf("at the first's time %q and %q", a, b)
		}
		g.send("v@62:c")
		g.clock.Set(minutes(123))
		g.drain()
		if b := g.state(2, 1); b != "b c!" {
			t.Errorf("an event before its time moved the timer to %q", b)
		}
	})
}

// TestDo runs commands in order with the batches, and rolls a failed one back.
func TestDo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g := newRig(t, d)
		ctx := context.Background()
		g.send("u@1:a", "v@2:b")
		g.drain()
		boom := errors.New("boom")
		err := g.pipe.Do(ctx, ws, func(tx *db.Tx, s pipeline.Session) ([]core.CustomerID, error) {
			x := s.(interface {
				Merge(ctx context.Context, into, from core.CustomerID, by, reason string) error
			})
			if err := x.Merge(ctx, 1, 2, "t", "r"); err != nil {
				t.Error(err)
			}
			return nil, boom
		})
		if !errors.Is(err, boom) || g.timeline(1) != "a" || g.timeline(2) != "b" || g.ids.Home(ws, 2, 0) != 2 {
			t.Errorf("after a failed command: %v, %q, %q, home %d", err, g.timeline(1), g.timeline(2), g.ids.Home(ws, 2, 0))
		}
		err = g.pipe.Do(ctx, ws, func(tx *db.Tx, s pipeline.Session) ([]core.CustomerID, error) {
			return []core.CustomerID{1}, s.(interface {
				Merge(ctx context.Context, into, from core.CustomerID, by, reason string) error
			}).Merge(ctx, 1, 2, "t", "r")
		})
		if err != nil {
			t.Fatal(err)
		}
		g.drain()
		if g.timeline(1) != "a b" || g.state(1, 1) != "a b!" || g.state(2, 1) != "" {
			t.Errorf("merged: %q, state %q, other %q", g.timeline(1), g.state(1, 1), g.state(2, 1))
		}
		last := g.batches[len(g.batches)-1]
		for _, b := range g.batches {
			if b.Absorbed[2] == 1 {
				last = b
			}
		}
		if _, reset := last.Reset[1]; !reset || last.Absorbed[2] != 1 {
			t.Errorf("reactors were told %+v", last)
		}
	})
}

// TestHoldKeepsBatchesOut checks that no batch is processed while held.
func TestHoldKeepsBatchesOut(t *testing.T) {
	t.Parallel()
	g := newRig(t, dbtest.SQLite(t))
	g.send("u@1:a")
	release := g.pipe.Hold(ws)
	done := make(chan error)
	go func() {
		_, err := g.pipe.Step(context.Background(), ws)
		done <- err
	}()
	select {
	case <-done:
		t.Error("a batch was processed")
	default:
	}
	if g.rows("inbox") != 1 || g.pipe.Processed() != 0 {
		t.Error("a batch was processed while held")
	}
	release()
	if err := <-done; err != nil || g.pipe.Processed() != 1 {
		t.Errorf("after the release: %v, %d processed", err, g.pipe.Processed())
	}
}

func TestRecentAndForget(t *testing.T) {
	t.Parallel()
	g := newRig(t, dbtest.SQLite(t))
	for i := range 5 {
		var list []string
		for j := range 50 {
			list = append(list, fmt.Sprintf("u%d@%d:e%d", j%2, i*50+j, i*50+j))
		}
		g.send(list...)
		g.drain()
	}
	got := g.pipe.Recent(ws, 300)
	if len(got) != 200 || got[0].Name != "e249" || got[199].Name != "e50" {
		t.Fatalf("%d recent events, from %s", len(got), got[0].Name)
	}
	g.pipe.Forget(ws, 1)
	for _, e := range g.pipe.Recent(ws, 300) {
		if e.Customer == 1 {
			t.Fatal("a forgotten customer is among the recent events")
		}
	}
	if n := len(g.pipe.Recent(ws, 300)); n != 100 {
		t.Errorf("%d left", n)
	}
}

// TestBackfillResumes announces a machine over history, breaks the backfill
// off, lets events come in meanwhile, and ends it: its states are those of a
// machine that was there from the start.
func TestBackfillResumes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g := newRig(t, d)
		ctx := context.Background()
		var events []string
		for i := range 40 {
			events = append(events, fmt.Sprintf("u%d@%d:e%d", i%4, i, i))
		}
		g.send(events...)
		g.drain()
		// The new machine knows customers 1 to 3; the fourth is live from the start.
		err := d.Write(ctx, func(tx *db.Tx) error { return g.pipe.StartBackfill(ctx, tx, ws, 7, 3) })
		if err != nil {
			t.Fatal(err)
		}
		g.machines = append(g.machines, recorder{7})
		g.fail = errors.New("stop")
		if err := g.pipe.Backfill(ctx, ws, 7, nil); !errors.Is(err, g.fail) {
			t.Fatalf("broken off: %v", err)
		}
		g.fail = nil
		g.send("u0@100:late0", "u3@101:late3", "u1@5:past1")
		g.drain()
		if g.state(1, 7) != "" || g.state(2, 7) != "" {
			t.Errorf("not backfilled yet, but %q and %q", g.state(1, 7), g.state(2, 7))
		}
		var told [2]int64
		if err := g.pipe.Backfill(ctx, ws, 7, func(done, total int64) { told = [2]int64{done, total} }); err != nil {
			t.Fatal(err)
		}
		if told != [2]int64{3, 3} || g.rows("fold_backfills") != 0 {
			t.Errorf("progress %v, %d left", told, g.rows("fold_backfills"))
		}
		g.send("u2@120:after2", "u3@121:after3")
		g.drain()
		for c := core.CustomerID(1); c <= 3; c++ {
			if a, b := g.state(c, 1), g.state(c, 7); a != b || a == "" {
				t.Errorf("customer %d: backfilled %q, live %q", c, b, a)
			}
		}
		if err := g.pipe.Backfill(ctx, ws, 7, nil); err != nil {
			t.Errorf("a second time: %v", err)
		}
	})
}
