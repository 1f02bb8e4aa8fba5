package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

const space core.WorkspaceID = 3

// bundle is a service over one database with a source.
type bundle struct {
	t      testing.TB
	db     *db.DB
	clock  *clock.Manual
	s      *inbox.Service
	source *inbox.Source
	key    string
	limits inbox.Limits
	recent int
}

func setup(t testing.TB, d *db.DB, set inbox.Settings) *bundle {
	t.Helper()
	b := &bundle{t: t, db: d, clock: clock.NewManual(core.ToTime(received - core.Second/1000))}
	b.restart()
	var err error
	b.source, b.key, err = b.s.CreateSource(context.Background(), space, inbox.NewSource{Name: "Site", Kind: inbox.Browser, Settings: set})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// restart makes a new service over the same database, as a new process would.
func (b *bundle) restart() {
	b.t.Helper()
	s, err := inbox.New(inbox.Deps{DB: b.db, Clock: b.clock, Secret: []byte("0123456789abcdef"), Limits: b.limits, RecentKeys: b.recent})
	if err != nil {
		b.t.Fatal(err)
	}
	b.s = s
	b.clock.Advance(time.Millisecond) // a start takes time, and ids come from the clock
}

// send accepts a batch of events.
func (b *bundle) send(events ...string) inbox.Result {
	b.t.Helper()
	res, err := b.s.Accept(context.Background(), b.door(events...))
	if err != nil {
		b.t.Fatal(err)
	}
	return res
}

func (b *bundle) door(events ...string) inbox.Door {
	return inbox.Door{
		Source: b.source, Meta: inbox.Meta{Shape: inbox.ShapeBatch, IP: "203.0.113.7"},
		Body: []byte(`{"batch":[` + strings.Join(events, ",") + `]}`), Received: core.FromTime(b.clock.Now()),
	}
}

// take takes work, which must be there.
func (b *bundle) take() *inbox.Work {
	b.t.Helper()
	w, err := b.s.Take(context.Background(), space, 10_000)
	if err != nil || w == nil {
		b.t.Fatalf("take: %v, work %v", err, w != nil)
	}
	return w
}

func (b *bundle) commit(w *inbox.Work) error {
	ctx := context.Background()
	return b.db.Write(ctx, func(tx *db.Tx) error { return w.Commit(ctx, tx) })
}

// drain processes all that waits and gives the ids of what went on.
func (b *bundle) drain() []core.Message {
	b.t.Helper()
	var out []core.Message
	for {
		w, err := b.s.Take(context.Background(), space, 10_000)
		if err != nil {
			b.t.Fatal(err)
		}
		if w == nil {
			return out
		}
		if err := b.commit(w); err != nil {
			b.t.Fatal(err)
		}
		out = append(out, w.Messages...)
	}
}

func (b *bundle) counts() map[string]int64 {
	b.t.Helper()
	list, err := b.s.ListSources(context.Background(), space)
	if err != nil || len(list) == 0 {
		b.t.Fatalf("list sources: %v", err)
	}
	return list[0].Counts
}

func ids(ms []core.Message) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.ID)
	}
	return strings.Join(out, " ")
}

func event(id, name string) string {
	return fmt.Sprintf(`{"type":"track","event":%q,"userId":"u","messageId":%q}`, name, id)
}

func TestAcceptTakeCommit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"), `{"type":"bogus"}`)
		b.clock.Advance(time.Second)
		big := `{"type":"track","event":"big","userId":"u","messageId":"2","properties":{"x":"` + strings.Repeat("y", 5000) + `"}}`
		b.send(big)
		select {
		case <-b.s.Wake():
		default:
			t.Error("no wake signal")
		}
		if ws, err := b.s.Workspaces(ctx); err != nil || !slices.Equal(ws, []core.WorkspaceID{space}) {
			t.Errorf("workspaces %v, %v", ws, err)
		}
		if p, err := b.s.Pending(ctx); err != nil || p.Batches != 2 || p.Events != 3 || p.Oldest != received {
			t.Errorf("pending %+v, %v", p, err)
		}
		w := b.take()
		if ids(w.Messages) != "1 2" || w.Batches() != 2 || w.Total() != 3 || w.Messages[1].Received != received+core.Second || w.Messages[0].Context.IP != "203.0.113.7" {
			t.Fatalf("messages %q: %+v", ids(w.Messages), w.Messages)
		}
		if err := b.commit(w); err != nil {
			t.Fatal(err)
		}
		if w, err := b.s.Take(ctx, space, 100); err != nil || w != nil {
			t.Errorf("after commit: work %v, %v", w, err)
		}
		if p, err := b.s.PendingOf(ctx, space); err != nil || p.Batches != 0 || p.Oldest != 0 {
			t.Errorf("pending %+v, %v", p, err)
		}
		if c := b.counts(); c["events"] != 2 || c["quarantined"] != 1 {
			t.Errorf("counts %v", c)
		}
		if list, _ := b.s.ListSources(ctx, space); list[0].LastEventAt != received+core.Second {
			t.Errorf("last event at %d", list[0].LastEventAt)
		}
	})
}

func TestFailedTransactionChangesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"), event("2", "a"), `{"type":"bogus"}`)
		boom := errors.New("boom")
		for range 2 {
			w := b.take()
			w.Reject(0, inbox.CodeErasedIdentity, "gone")
			err := d.Write(ctx, func(tx *db.Tx) error {
				if err := w.Commit(ctx, tx); err != nil {
					return err
				}
				return boom
			})
			if !errors.Is(err, boom) {
				t.Fatal(err)
			}
		}
		if got := ids(b.drain()); got != "1 2" {
			t.Errorf("took %q, want both", got)
		}
		if c := b.counts(); c["events"] != 2 || c["quarantined"] != 1 || c["duplicates"] != 0 {
			t.Errorf("counts %v", c)
		}
	})
}

func TestTwoConsumers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"))
		first, second := b.take(), b.take()
		if err := b.commit(first); err != nil {
			t.Fatal(err)
		}
		if err := b.commit(second); errs.KindOf(err) != errs.Conflict {
			t.Errorf("second commit: %v, want conflict", err)
		}
		// Different batches with one message id: the slower must not store it.
		b.send(event("2", "a"))
		slow := b.take()
		other := *b
		other.restart()
		other.send(event("2", "a"))
		fast := other.take()
		if err := other.commit(fast); err != nil {
			t.Fatal(err)
		}
		if err := b.commit(slow); errs.KindOf(err) != errs.Conflict {
			t.Errorf("slow commit: %v, want conflict", err)
		}
		if got := b.drain(); len(got) != 0 {
			t.Errorf("left over: %q", ids(got))
		}
	})
}

func TestRejectAndDrop(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"), event("2", "b"), event("3", "c"))
		w := b.take()
		w.Reject(0, inbox.CodeErasedIdentity, "erased on 1 May")
		w.Reject(1, inbox.CodeNoIdentity, "blocked value")
		w.Drop(2, "suppressed")
		if err := b.commit(w); err != nil {
			t.Fatal(err)
		}
		if c := b.counts(); c["events"] != 0 || c["quarantined"] != 2 || c["suppressed"] != 1 {
			t.Errorf("counts %v", c)
		}
		held, err := b.s.ListQuarantine(ctx, space, inbox.HeldFilter{}, 10)
		if err != nil || len(held) != 2 {
			t.Fatalf("held %+v, %v", held, err)
		}
		slices.SortFunc(held, func(a, b inbox.Held) int { return strings.Compare(a.MessageID, b.MessageID) })
		if held[0].Raw != "" || held[0].Whole || held[0].Reason != "erased_identity" {
			t.Errorf("an erased event keeps its body: %+v", held[0])
		}
		if held[1].Raw != event("2", "b") || held[1].Detail != "blocked value" {
			t.Errorf("held: %+v", held[1])
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		b.limits = inbox.Limits{QueueEvents: 3}
		b.restart()
		b.send(event("1", "a"), event("2", "a"))
		_, err := b.s.Accept(ctx, b.door(event("3", "a"), event("4", "a")))
		wait, ok := inbox.RetryAfter(err)
		if errs.KindOf(err) != errs.Busy || !ok || wait < time.Second || wait > 300*time.Second {
			t.Errorf("full queue: %v, wait %s", err, wait)
		}
		b.restart() // a new process counts what waits
		if _, err := b.s.Accept(ctx, b.door(event("3", "a"), event("4", "a"))); errs.KindOf(err) != errs.Busy {
			t.Errorf("full queue after restart: %v", err)
		}
		b.drain()
		if got := ids(func() []core.Message { b.send(event("3", "a"), event("4", "a")); return b.drain() }()); got != "3 4" {
			t.Errorf("after draining: %q", got)
		}
		if _, err := b.s.Accept(ctx, b.door(event("5", "a"), event("6", "a"), event("7", "a"), event("8", "a"))); err != nil {
			t.Errorf("an empty queue refuses a large batch: %v", err)
		}
	})
}

func TestDamagedRowGoesToQuarantine(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"))
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE inbox SET body = $1, encoding = $2 WHERE workspace_id = $3", []byte("\xff\x00 broken"), 1, space)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		b.send(event("2", "a"))
		if got := ids(b.drain()); got != "2" {
			t.Errorf("beside a damaged row: %q", got)
		}
		held, err := b.s.ListQuarantine(ctx, space, inbox.HeldFilter{}, 10)
		if err != nil || len(held) != 1 || held[0].Reason != inbox.CodeUnreadable || held[0].Whole {
			t.Errorf("held %+v, %v", held, err)
		}
	})
}

func TestMaintainRunsUntilStopped(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.s.Maintain(ctx) }()
	b.s.NoteUnknown("wk_last", "", received)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.restart()
	if list, err := b.s.UnknownKeys(context.Background()); err != nil || len(list) != 1 {
		t.Errorf("after a stop: %+v, %v", list, err)
	}
}

func TestTakeIsBounded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := setup(t, d, inbox.Settings{})
		b.send(event("1", "a"), event("2", "a"), event("3", "a"))
		b.send(event("4", "a"), event("5", "a"))
		b.send(event("6", "a"))
		for _, x := range []struct {
			most int
			want string
		}{{2, "1 2 3"}, {2, "4 5"}, {9, "6"}} { // the first is larger than asked for
			w, err := b.s.Take(context.Background(), space, x.most)
			if err != nil || ids(w.Messages) != x.want {
				t.Fatalf("took %q, %v; want %q", ids(w.Messages), err, x.want)
			}
			if err := b.commit(w); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestUnwritableStore(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{})
	b.send(event("1", "a"))
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := b.s.Accept(context.Background(), b.door(event("2", "a")))
	if _, ok := inbox.RetryAfter(err); errs.KindOf(err) != errs.Unavailable || !ok {
		t.Errorf("closed store: %v", err)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		if src, err := b.s.Resolve(ctx, b.key); err != nil || src.ID != b.source.ID || src.Workspace != space {
			t.Fatalf("resolve: %+v, %v", src, err)
		}
		if _, err := b.s.Resolve(ctx, "wk_other_key"); errs.KindOf(err) != errs.Unauthorized || errs.CodeOf(err) != inbox.CodeInvalidKey {
			t.Errorf("unknown key: %v", err)
		}
		off, on := false, true
		if _, err := b.s.UpdateSource(ctx, space, b.source.ID, inbox.SourceUpdate{Enabled: &off}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.s.Resolve(ctx, b.key); errs.KindOf(err) != errs.NotFound || errs.CodeOf(err) != inbox.CodeSourceDisabled {
			t.Errorf("disabled source: %v", err)
		}
		if _, err := b.s.UpdateSource(ctx, space, b.source.ID, inbox.SourceUpdate{Enabled: &on}); err != nil {
			t.Fatal(err)
		}
		_, fresh, err := b.s.RotateKey(ctx, space, b.source.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.s.Resolve(ctx, b.key); errs.KindOf(err) != errs.Unauthorized {
			t.Errorf("old key after rotation: %v", err)
		}
		if _, err := b.s.Resolve(ctx, fresh); err != nil {
			t.Errorf("new key: %v", err)
		}
		if _, _, err := b.s.CreateSource(ctx, space+1, inbox.NewSource{Name: "x", Kind: inbox.Server, Key: fresh}); errs.KindOf(err) != errs.Conflict {
			t.Errorf("a key used twice: %v", err)
		}
		if _, err := b.s.UpdateSource(ctx, space+1, b.source.ID, inbox.SourceUpdate{Enabled: &off}); errs.KindOf(err) != errs.NotFound {
			t.Errorf("update from a foreign workspace: %v", err)
		}
		if list, err := b.s.ListSources(ctx, space+1); err != nil || len(list) != 0 {
			t.Errorf("foreign workspace sees %v, %v", list, err)
		}
	})
}

func TestSourceValidation(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{})
	for name, n := range map[string]inbox.NewSource{
		"name":                   {Name: " ", Kind: inbox.Server},
		"kind":                   {Name: "x", Kind: "fridge"},
		"ip_policy":              {Name: "x", Kind: inbox.Server, IPPolicy: "some"},
		"key":                    {Name: "x", Kind: inbox.Server, Key: "a:b c d e"},
		"settings.dedupe_days":   {Name: "x", Kind: inbox.Server, Settings: inbox.Settings{DedupeDays: 7}},
		"settings.properties[0]": {Name: "x", Kind: inbox.Server, Settings: inbox.Settings{Properties: []inbox.PropertyRule{{Path: "a", Action: "burn"}}}},
		"settings.plan.common":   {Name: "x", Kind: inbox.Server, Settings: inbox.Settings{Plan: &inbox.Plan{Common: []byte(`{"type":"blob"}`)}}},
	} {
		_, _, err := b.s.CreateSource(context.Background(), space, n)
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Field != name {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		for i := range 3 {
			b.s.NoteUnknown("wk_wrong_key", "198.51.100.77", received+core.Micros(i))
		}
		if err := b.s.MaintainOnce(ctx, true); err != nil {
			t.Fatal(err)
		}
		b.s.NoteUnknown("wk_wrong_key", "198.51.100.78", received+10)
		for i := range 1000 {
			b.s.NoteUnknown(fmt.Sprint("flood", i), "", received)
		}
		list, err := b.s.UnknownKeys(ctx)
		if err != nil || len(list) != 200 {
			t.Fatalf("%d keys, %v", len(list), err)
		}
		if k := list[0]; k.Shown != "wk_wrong…" || k.Count != 4 || k.FirstSeen != received || k.LastSeen != received+10 || k.Address != "198.51.100.0" {
			t.Errorf("got %+v", k)
		}
	})
}
