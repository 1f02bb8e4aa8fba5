package inbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestDuplicates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"), event("1", "a"), event("1", "b"), event("1", "a"), event("1", "b"))
		got := b.drain()
		if len(got) != 2 || got[0].Name != "a" || got[1].Name != "b" || got[0].Flags&core.FlagIDConflict != 0 || got[1].Flags&core.FlagIDConflict == 0 {
			t.Fatalf("in one batch: %+v", got)
		}
		for range 2 {
			b.send(event("1", "a"), event("1", "b"))
			if got := b.drain(); len(got) != 0 {
				t.Errorf("a third copy went on: %+v", got)
			}
			b.restart()
		}
		// Another source has its own ids; events without an id are never dropped.
		other, _, err := b.s.CreateSource(context.Background(), space, inbox.NewSource{Name: "Other", Kind: inbox.Server})
		if err != nil {
			t.Fatal(err)
		}
		b.source = other
		const nameless = `{"type":"track","event":"n","userId":"u"}`
		b.send(event("1", "a"), nameless, nameless)
		if got := b.drain(); len(got) != 3 {
			t.Errorf("other source: %q", ids(got))
		}
		if c := b.counts(); c["duplicates"] != 7 || c["id_conflicts"] != 1 || c["events"] != 2 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestRejectedEventsAreNotRemembered(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"))
		w := b.take()
		w.Reject(0, inbox.CodeNoIdentity, "blocked")
		if err := b.commit(w); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(time.Hour)
		for want := 1; want >= 0; want-- {
			if n, err := b.s.Replay(ctx, space, inbox.HeldFilter{}); err != nil || n != want {
				t.Fatalf("replayed %d, %v; want %d", n, err, want)
			}
		}
		got := b.drain()
		if ids(got) != "1" || got[0].Received != received {
			t.Fatalf("after replay: %+v", got)
		}
	})
}

// TestDedupeAgainstOracle plays random batches, with retries, changed copies,
// failed commits, merges and restarts, against a map.
func TestDedupeAgainstOracle(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for seed := range uint64(2) {
			b := setup(t, d, inbox.Settings{})
			b.clock.Advance(time.Duration(seed) * time.Hour) // ids come from the clock, which never shows an instant twice
			b.recent = 300                                   // most look-ups must go through filters and blocks
			b.restart()
			playOracle(t, b, rand.New(rand.NewPCG(seed, 1)))
		}
	})
}

func playOracle(t *testing.T, b *bundle, r *rand.Rand) {
	seen := map[string]bool{}  // source, id and name
	known := map[string]bool{} // source and id
	for round := range 120 {
		var events []string
		for range 1 + r.IntN(80) {
			events = append(events, event(fmt.Sprint("m", r.IntN(4000)), fmt.Sprint("n", r.IntN(40)/39)))
		}
		b.send(events...)
		if r.IntN(4) == 0 {
			continue // several batches in one take
		}
		if r.IntN(5) == 0 {
			b.take() // never committed
		}
		want := map[string]bool{}
		w := b.take()
		for _, m := range w.Messages {
			k, full := m.ID, m.ID+"/"+m.Name
			if seen[full] || want[full] {
				t.Fatalf("round %d: %s went on twice", round, full)
			}
			if conflict := m.Flags&core.FlagIDConflict != 0; conflict != known[k] {
				t.Fatalf("round %d: %s conflict %v, want %v", round, full, conflict, known[k])
			}
			want[full], known[k] = true, true
		}
		if err := b.commit(w); err != nil {
			t.Fatal(err)
		}
		for full := range want {
			seen[full] = true
		}
		switch r.IntN(6) {
		case 0:
			b.restart()
		case 1:
			if _, err := b.s.Compact(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range events {
			parts := strings.Split(e, `"`)
			if full := parts[15] + "/" + parts[7]; !seen[full] {
				t.Fatalf("round %d: %s was lost", round, full)
			}
		}
	}
}

func TestMergeAndWindow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{DedupeDays: 30})
		b.recent = 1
		b.restart()
		all := func(round int) []string {
			var out []string
			for i := range 700 {
				out = append(out, event(fmt.Sprintf("r%d-%d", round, i), "a"))
			}
			return out
		}
		for round := range 17 {
			b.send(all(round)...)
			b.drain()
		}
		gone, err := b.s.Compact(ctx)
		if err != nil || gone != 14 {
			t.Fatalf("compacted %d blocks away, %v; want 14", gone, err)
		}
		var blocks, parts, entries int64
		err = d.Read(ctx, func(tx *db.Tx) error {
			if err := tx.QueryRow(ctx, "SELECT count(*), CAST(sum(entries) AS BIGINT) FROM dedupe_blocks", nil, &blocks, &entries); err != nil {
				return err
			}
			return tx.QueryRow(ctx, "SELECT count(*) FROM dedupe_parts", nil, &parts)
		})
		if err != nil || blocks != 3 || entries != 17*700 || parts != 7 {
			t.Errorf("%d blocks, %d parts, %d entries, %v", blocks, parts, entries, err)
		}
		for range 2 {
			for round := range 17 {
				b.send(all(round)...)
			}
			if got := b.drain(); len(got) != 0 {
				t.Fatalf("%d duplicates went on after a merge", len(got))
			}
			b.restart()
		}
		b.clock.Advance(29 * 24 * time.Hour)
		b.send(all(3)[0], event("new", "a"))
		if got := ids(b.drain()); got != "new" {
			t.Errorf("after 29 days: %q", got)
		}
		b.clock.Advance(2 * 24 * time.Hour)
		if _, err := b.s.Compact(ctx); err != nil {
			t.Fatal(err)
		}
		b.send(all(3)[0], event("new", "a"))
		if got := ids(b.drain()); got != "r3-0" {
			t.Errorf("after 31 days: %q", got)
		}
	})
}

func TestMergeBesideAnotherProcess(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := setup(t, d, inbox.Settings{})
		b.recent = 1
		b.restart()
		for i := range 20 {
			b.send(event(fmt.Sprint(i), "a"))
			b.drain()
		}
		other := *b
		other.restart()
		if _, err := other.s.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
		other.send(event("from other", "a"))
		other.drain()
		for i := range 20 {
			b.send(event(fmt.Sprint(i), "a"))
		}
		b.send(event("from other", "a"), event("fresh", "a"))
		if got := ids(b.drain()); got != "fresh" {
			t.Errorf("with blocks merged elsewhere: %q went on", got)
		}
	})
}
