package timeline_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// died is what a fault point panics with.
type died struct{ point string }

// dieAt runs fn with a panic at the nth pass of a fault point and says whether
// it came to that.
func (m *model) dieAt(point string, nth int, fn func() error) (hit bool) {
	m.fault = func(p string) {
		if p != point {
			return
		}
		if nth--; nth == 0 {
			hit = true
			panic(died{p})
		}
	}
	defer func() {
		m.fault = nil
		if p := recover(); p != nil {
			if d, ok := p.(died); !ok || d.point != point {
				panic(p)
			}
		}
	}()
	// A panic inside a SQLite write comes back as an error.
	if err := fn(); err != nil && !hit {
		m.t.Fatalf("%s: %v", point, err)
	}
	return hit
}

func TestDyingAnywhereLosesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := newModel(t, d, 77)
		points := []string{}
		for _, step := range []string{"seal", "compact", "erase"} {
			for _, p := range []string{"create", "written", "swap", "commit", "listed"} {
				points = append(points, step+"."+p)
			}
		}
		for _, point := range points {
			for nth := 1; nth <= 2; nth++ {
				m.dieRound(point, nth)
			}
		}
	})
}

// dieRound prepares work, dies in it, opens again and compares.
func (m *model) dieRound(point string, nth int) {
	m.t.Helper()
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			m.t.Fatal(err)
		}
	}
	step, _, _ := strings.Cut(point, ".")
	for range 5 {
		must(m.append(30))
		if step != "seal" {
			_, err := m.store.Seal(ctx, ws)
			must(err)
		}
	}
	must(m.append(10))
	m.identity()
	hit := false
	switch step {
	case "seal":
		hit = m.dieAt(point, nth, func() error { _, err := m.store.Seal(ctx, ws); return err })
	case "compact":
		hit = m.dieAt(point, nth, func() error { return m.store.Compact(ctx, ws) })
	case "erase":
		who := m.all[0]
		spec := timeline.EraseSpec{Customers: []core.CustomerID{m.homes.Home(ws, who.Actor, who.Time)}}
		hit = m.dieAt(point, nth, func() error { _, err := m.store.Erase(ctx, ws, spec); return err })
		gone := !hit || point == "erase.listed"
		m.all = keepIf(m.all, func(e core.Event) bool { return !gone || !m.chosen(&spec, &e) })
	}
	if !hit && nth == 1 {
		m.t.Fatalf("%s was never reached", point)
	}
	// The dead store is left as it is, open files and all.
	m.open()
	m.verify()
	m.check()
	segments, err := m.store.Segments(ctx, ws)
	must(err)
	if n := len(m.files()); n != len(segments) {
		m.t.Fatalf("after dying at %s there are %d files for %d segments", point, n, len(segments))
	}
}

func keepIf(in []core.Event, keep func(core.Event) bool) []core.Event {
	out := in[:0]
	for _, e := range in {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

func TestVerifyNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	breaks := []struct {
		name, says string
		do         func(path string) error
	}{
		{"missing", "no such file", os.Remove},
		{"flipped", "checksum", func(p string) error {
			b, err := os.ReadFile(p)
			if err == nil {
				b[len(b)/2] ^= 1
				err = os.WriteFile(p, b, 0o600)
			}
			return err
		}},
		{"cut", "bytes", func(p string) error { return os.Truncate(p, 100) }},
		{"stray", "listed nowhere", func(p string) error { return os.WriteFile(p+".old", nil, 0o600) }},
	}
	for _, b := range breaks {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, dbtest.SQLite(t), 5)
			if err := m.append(200); err != nil {
				t.Fatal(err)
			}
			if _, err := m.store.Seal(context.Background(), ws); err != nil {
				t.Fatal(err)
			}
			m.verify()
			file := m.files()[0]
			if err := b.do(file); err != nil {
				t.Fatal(err)
			}
			problems, err := m.store.Verify(context.Background())
			if err != nil || len(problems) != 1 {
				t.Fatalf("verify found %v, %v", problems, err)
			}
			base := file[strings.LastIndex(file, "/")+1:]
			if !strings.Contains(problems[0], base) || !strings.Contains(problems[0], b.says) {
				t.Fatalf("verify says %q, want %q about %s", problems[0], b.says, base)
			}
		})
	}
}

func TestBrokenFileFailsReads(t *testing.T) {
	t.Parallel()
	m := newModel(t, dbtest.SQLite(t), 6)
	if err := m.append(300); err != nil {
		t.Fatal(err)
	}
	if _, err := m.store.Seal(context.Background(), ws); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.files() {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i := 4; i < len(b)/3; i++ {
			b[i] = 0xa5
		}
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := m.store.Scan(context.Background(), timeline.Request{Workspace: ws, Columns: []string{timeline.ColActor, timeline.ColProps}}, func(int, core.CustomerID, *timeline.Rows) error { return nil })
	if err == nil {
		t.Fatal("a damaged file was scanned without an error")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := newModel(t, d, 8)
		ctx := context.Background()
		const rounds = 15
		var wg sync.WaitGroup
		var mu sync.Mutex
		// Append asks for customers that are right by the map during the call:
		// as the pipeline does, changes of identity wait for it.
		var identity sync.Mutex
		done := make(chan struct{})
		var all []core.Event
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer close(done)
			for range rounds {
				events := make([]core.Event, 40)
				identity.Lock()
				for i := range events {
					events[i] = m.event()
				}
				// The lock makes reference and store move together for the readers.
				mu.Lock()
				err := d.Write(ctx, func(tx *db.Tx) error { return m.store.Append(ctx, tx, ws, events) })
				all = append(all, events...)
				mu.Unlock()
				identity.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
			}
		}()
		worker := func(fn func() error) {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for {
					select {
					case <-done:
						return
					default:
					}
					if err := fn(); err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
		worker(func() error { _, err := m.store.Seal(ctx, ws); return err })
		worker(func() error { return m.store.Compact(ctx, ws) })
		worker(func() error {
			identity.Lock()
			defer identity.Unlock()
			m.homesOnly()
			return nil
		})
		for range 2 {
			worker(func() error { return m.countBetween(ctx, &mu, &all) })
		}
		wg.Wait()
		m.all = all
		m.check()
		m.verify()
	})
}

// homesOnly changes identities from a goroutine of its own: it must not touch
// the model's random source.
func (m *model) homesOnly() {
	v := m.homes.Version(ws)
	m.homes.merge(core.CustomerID(1+v%actors), core.CustomerID(1+(v*7+3)%actors))
	if v%3 == 0 {
		m.homes.unmerge(core.ActorID(1 + v%actors))
	}
	time.Sleep(2 * time.Millisecond)
}

// countBetween scans and checks that no event is missing or doubled.
func (m *model) countBetween(ctx context.Context, mu *sync.Mutex, all *[]core.Event) error {
	mu.Lock()
	before := len(*all)
	mu.Unlock()
	seen := map[int64]bool{}
	var in sync.Mutex
	err := m.store.Scan(ctx, timeline.Request{Workspace: ws, Workers: 2}, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
		in.Lock()
		defer in.Unlock()
		for _, s := range r.Seq {
			if seen[s] {
				return errors.New("an event came twice")
			}
			seen[s] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(seen) < before {
		return errors.New("an event is missing")
	}
	return nil
}

func TestHoldKeepsFiles(t *testing.T) {
	t.Parallel()
	m := newModel(t, dbtest.SQLite(t), 12)
	ctx := context.Background()
	for range 5 {
		if err := m.append(50); err != nil {
			t.Fatal(err)
		}
		if _, err := m.store.Seal(ctx, ws); err != nil {
			t.Fatal(err)
		}
	}
	before := m.files()
	release := m.store.Hold()
	if err := m.store.Compact(ctx, ws); err != nil {
		t.Fatal(err)
	}
	if len(m.files()) <= len(before) {
		t.Fatalf("compaction under a hold left %d of %d files", len(m.files()), len(before))
	}
	release()
	release()
	segments, err := m.store.Segments(ctx, ws)
	if err != nil || len(m.files()) != len(segments) {
		t.Fatalf("after release %d files for %d segments, %v", len(m.files()), len(segments), err)
	}
	m.check()
}

// TestAnotherProcessKeepsFiles is the backup: what its copy of the manifest
// lists stays while it keeps the files, also over a restart of the server.
func TestAnotherProcessKeepsFiles(t *testing.T) {
	t.Parallel()
	m := newModel(t, dbtest.SQLite(t), 13)
	ctx := context.Background()
	for range 5 {
		if err := m.append(50); err != nil {
			t.Fatal(err)
		}
		if _, err := m.store.Seal(ctx, ws); err != nil {
			t.Fatal(err)
		}
	}
	release, err := timeline.KeepFiles(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	listed := m.files()
	there := func(when string) {
		t.Helper()
		for _, f := range listed {
			if _, err := os.Stat(f); err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	if err := m.store.Compact(ctx, ws); err != nil {
		t.Fatal(err)
	}
	there("compacted")
	m.verify()
	m.reopen()
	there("opened anew")
	m.verify()
	if err := release(); err != nil {
		t.Fatal(err)
	}
	over, stop := context.WithCancel(ctx)
	stop()
	if err := m.store.Maintain(over); !errors.Is(err, context.Canceled) { // one round
		t.Fatal(err)
	}
	segments, err := m.store.Segments(ctx, ws)
	if err != nil || len(m.files()) != len(segments) {
		t.Fatalf("after release %d files for %d segments, %v", len(m.files()), len(segments), err)
	}
	m.check()
}

// TestEraseBesideUpkeep: an erasure has stillness when it asks for the files, so
// sealing and compaction must not hold them while they wait for stillness.
func TestEraseBesideUpkeep(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	m := newModel(t, dbtest.SQLite(t), 33)
	for range 6 {
		var list []core.Event
		for i := range 20 {
			e := m.event()
			e.Time = start + core.Micros(i)*core.Hour
			list = append(list, e)
		}
		if err := m.db.Write(ctx, func(tx *db.Tx) error { return m.store.Append(ctx, tx, ws, list) }); err != nil {
			t.Fatal(err)
		}
		if _, err := m.store.Seal(ctx, ws); err != nil {
			t.Fatal(err)
		}
	}
	still := func() *atomic.Bool {
		var met atomic.Bool
		m.store.SetStill(func(core.WorkspaceID) func() {
			if !met.CompareAndSwap(false, true) {
				return func() {}
			}
			erased := make(chan error, 1)
			go func() {
				_, err := m.store.Erase(ctx, ws, timeline.EraseSpec{Customers: []core.CustomerID{1}})
				erased <- err
			}()
			select {
			case err := <-erased:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(time.Minute):
				t.Error("an erasure waits for the upkeep that waits for it")
			}
			return func() {}
		})
		return &met
	}
	met := still()
	if err := m.store.Compact(ctx, ws); err != nil || !met.Load() {
		t.Fatalf("compacted: %v, %v", met.Load(), err)
	}
	if err := m.append(20); err != nil {
		t.Fatal(err)
	}
	met = still()
	if _, err := m.store.Seal(ctx, ws); err != nil || !met.Load() {
		t.Fatalf("sealed: %v, %v", met.Load(), err)
	}
}
