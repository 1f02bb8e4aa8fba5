package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const ws = core.WorkspaceID(1)

type rig struct {
	*jobs.Queue
	t     *testing.T
	db    *db.DB
	clock *clock.Manual
	mu    sync.Mutex
	done  []string
}

func newRig(t *testing.T, d *db.DB, opt jobs.Options) *rig {
	t.Helper()
	r := &rig{t: t, db: d, clock: clock.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	r.Queue = jobs.New(d, r.clock, slog.New(slog.DiscardHandler), opt)
	return r
}

func (r *rig) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, s)
}

func (r *rig) add(kind string, payloads ...string) {
	r.t.Helper()
	var specs []jobs.Spec
	for _, p := range payloads {
		specs = append(specs, jobs.Spec{Kind: kind, Ref: 7, Payload: p})
	}
	if err := r.db.Write(context.Background(), func(tx *db.Tx) error { return r.Enqueue(context.Background(), tx, ws, specs) }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) round() int {
	r.t.Helper()
	n, err := r.Round(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) list() []jobs.Job {
	r.t.Helper()
	out, err := r.List(context.Background(), ws, "k", 7, 0, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func TestJobsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d, jobs.Options{})
		tries := 0
		r.Handle("k", func(_ context.Context, j *jobs.Job) (string, error) {
			switch j.Payload {
			case "late":
				if tries++; tries < 3 {
					return "", &jobs.Later{After: time.Minute, Why: fmt.Sprint("not yet ", tries)}
				}
			case "bad":
				return "", errors.New("cannot\x00 be done")
			}
			r.note(j.Payload)
			return "well", nil
		})
		r.add("k", "good", "late", "bad")
		if n := r.round(); n != 3 {
			t.Fatalf("%d jobs at first", n)
		}
		if n := r.round(); n != 0 {
			t.Errorf("%d jobs before the pause is over", n)
		}
		r.clock.Advance(time.Minute - time.Microsecond)
		if n := r.round(); n != 0 {
			t.Errorf("%d jobs a moment too early", n)
		}
		r.clock.Advance(time.Microsecond)
		r.round()
		r.clock.Advance(time.Minute)
		r.round()
		got := map[string]string{}
		for _, j := range r.list() {
			got[j.Payload] = fmt.Sprintf("%s %d %s %v", j.State, j.Attempts, j.Note, j.EndedAt != 0)
		}
		want := map[string]string{"good": "done 1 well true", "late": "done 3 well true", "bad": "failed 1 cannot be done true"}
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("%s: %q, want %q", k, got[k], want[k])
			}
		}
		bad := slices.IndexFunc(r.list(), func(j jobs.Job) bool { return j.Payload == "bad" })
		id := r.list()[bad].ID
		if err := r.Again(context.Background(), ws, "k", 7, id); err != nil {
			t.Fatal(err)
		}
		if n := r.round(); n != 1 {
			t.Errorf("%d jobs after one was repeated", n)
		}
		for _, c := range []struct {
			ws  core.WorkspaceID
			ref int64
		}{{2, 7}, {ws, 8}} {
			if err := r.Again(context.Background(), c.ws, "k", c.ref, id); errs.KindOf(err) != errs.NotFound {
				t.Errorf("repeating a job of somebody else: %v", err)
			}
		}
	})
}

// TestJobsAreClaimedOnce lets several queues of one database work at the same
// jobs, and one die with a job in its hands.
func TestJobsAreClaimedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		all := newRig(t, d, jobs.Options{Workers: 3, Lease: time.Minute})
		var queues []*rig
		for range 4 {
			q := newRig(t, d, jobs.Options{Workers: 3, Lease: time.Minute})
			q.clock = all.clock
			q.Queue = jobs.New(d, all.clock, slog.New(slog.DiscardHandler), jobs.Options{Workers: 3, Lease: time.Minute})
			q.Handle("k", func(_ context.Context, j *jobs.Job) (string, error) { all.note(j.Payload); return "", nil })
			queues = append(queues, q)
		}
		var want []string
		for i := range 60 {
			want = append(want, fmt.Sprintf("%02d", i))
		}
		all.add("k", want...)
		// One process takes some and dies: what it held is free when the lease ends.
		ctx, die := context.WithCancel(context.Background())
		dead := jobs.New(d, all.clock, slog.New(slog.DiscardHandler), jobs.Options{Workers: 2, Lease: time.Minute})
		dead.Handle("k", func(context.Context, *jobs.Job) (string, error) { die(); return "", nil })
		_, _ = dead.Round(ctx)
		var wg sync.WaitGroup
		for _, q := range queues {
			wg.Go(func() {
				for q.round() > 0 {
				}
			})
		}
		wg.Wait()
		if len(all.done) != 58 {
			t.Errorf("%d jobs done while two are leased, want 58", len(all.done))
		}
		all.clock.Advance(time.Minute)
		for queues[0].round() > 0 {
		}
		slices.Sort(all.done)
		if !slices.Equal(all.done, want) {
			t.Errorf("done %v", all.done)
		}
	})
}

// TestJobsFollowTheirTransaction rolls one back.
func TestJobsFollowTheirTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d, jobs.Options{})
		r.Handle("k", func(_ context.Context, j *jobs.Job) (string, error) { r.note(j.Payload); return "", nil })
		undo := errors.New("undo")
		err := d.Write(context.Background(), func(tx *db.Tx) error {
			if err := r.Enqueue(context.Background(), tx, ws, []jobs.Spec{{Kind: "k", Ref: 7, Payload: "x"}}); err != nil {
				return err
			}
			return undo
		})
		if !errors.Is(err, undo) || r.round() != 0 {
			t.Errorf("a job of a transaction that failed was run: %v", err)
		}
		r.add("other", "y")
		r.round()
		list, err := r.List(context.Background(), ws, "other", 7, 0, 10)
		if err != nil || len(list) != 1 || list[0].State != jobs.Failed {
			t.Errorf("a job that nobody does: %+v, %v", list, err)
		}
	})
}
