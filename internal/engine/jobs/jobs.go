// Package jobs runs background work that must survive a restart: a row a job in
// the database, claimed under a lease, run by the handler of its kind, retried
// when the handler says so. A job is made in the transaction of what it follows
// from, so that one never is without the other.
//
// A handler may run twice for one job (the process dies after the work and before
// the row says so): it must bear that.
//
// Table: jobs.
package jobs

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// States of a job.
const (
	Waiting = "waiting"
	Done    = "done"
	Failed  = "failed"
)

// Job is one piece of work.
type Job struct {
	Workspace core.WorkspaceID
	ID        int64
	Kind      string
	Ref       int64 // what it belongs to, as its kind knows it
	State     string
	Payload   string
	Attempts  int64 // begun so far
	RunAt     core.Micros
	MadeAt    core.Micros
	EndedAt   core.Micros // 0: not yet
	Note      string      // what the last attempt said
}

// Handler does a job. It gives a note for the log; a *Later error puts the job
// off, any other ends it as failed.
type Handler func(ctx context.Context, j *Job) (note string, err error)

// Later says that a job shall be tried again.
type Later struct {
	After time.Duration
	Why   string
}

func (l *Later) Error() string { return l.Why }

// Options of a Queue; zero fields take the defaults.
type Options struct {
	Workers int           // at once, default 8
	Lease   time.Duration // how long an attempt may take, default 2 minutes
	Keep    time.Duration // how long ended jobs stay, default 30 days
}

// Queue holds and runs jobs. Make one with New, name the handlers, then Run it.
type Queue struct {
	db       *db.DB
	clock    clock.Clock
	log      *slog.Logger
	opt      Options
	handlers map[string]Handler
	wake     chan struct{}
}

// New makes a queue.
func New(d *db.DB, c clock.Clock, log *slog.Logger, opt Options) *Queue {
	if opt.Workers <= 0 {
		opt.Workers = 8
	}
	if opt.Lease <= 0 {
		opt.Lease = 2 * time.Minute
	}
	if opt.Keep <= 0 {
		opt.Keep = 30 * 24 * time.Hour
	}
	return &Queue{db: d, clock: c, log: log, opt: opt, handlers: map[string]Handler{}, wake: make(chan struct{}, 1)}
}

// Handle names the handler of a kind, before Run.
func (q *Queue) Handle(kind string, h Handler) { q.handlers[kind] = h }

// Spec is what a job to be made is about.
type Spec struct {
	Kind    string
	Ref     int64
	Payload string
	RunAt   core.Micros // 0: now
}

// Enqueue makes jobs in a transaction.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, specs []Spec) error {
	if len(specs) == 0 {
		return nil
	}
	var last int64
	if err := tx.QueryRow(ctx, queries.Get("last"), []any{ws}, &last); err != nil {
		return fmt.Errorf("make jobs: %w", err)
	}
	now := core.FromTime(q.clock.Now())
	rows := make([][]any, len(specs))
	for i, s := range specs {
		at := s.RunAt
		if at == 0 {
			at = now
		}
		rows[i] = []any{ws, last + int64(i) + 1, s.Kind, s.Ref, Waiting, s.Payload, 0, at, 0, now, 0, ""}
	}
	err := tx.Bulk(ctx, db.Insert{Table: "jobs", Columns: []string{"workspace_id", "id", "kind", "ref", "state", "payload", "attempts", "run_at", "lease_until", "made_at", "ended_at", "note"}, Rows: rows})
	if err != nil {
		return fmt.Errorf("make jobs: %w", err)
	}
	tx.AfterCommit(q.kick)
	return nil
}

func (q *Queue) kick() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// maxSleep bounds how long the loop waits for a hint that may have been lost.
const maxSleep = time.Minute

// Run works until ctx ends. A slow job keeps one worker, not the others.
func (q *Queue) Run(ctx context.Context) error {
	delay := time.Duration(0)
	cleaned := core.Micros(0)
	var wg sync.WaitGroup
	defer wg.Wait()
	busy := make(chan struct{}, q.opt.Workers)
	for {
		n, wait, err := q.start(ctx, busy, &wg)
		now := core.FromTime(q.clock.Now())
		if err == nil && now-cleaned > core.Hour {
			err, cleaned = q.clean(ctx, now), now
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			delay = min(max(2*delay, 100*time.Millisecond), 30*time.Second)
			q.log.Error("jobs cannot be run, they wait", "error", err, "retry_in", delay)
			wait = delay
		case n > 0:
			delay = 0
			continue
		default:
			delay = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		case <-q.clock.After(wait):
		}
	}
}

// start claims as many jobs as workers are free, at least one, and sets the
// workers to them. wait is how long nothing is due.
func (q *Queue) start(ctx context.Context, busy chan struct{}, wg *sync.WaitGroup) (n int, wait time.Duration, err error) {
	select {
	case busy <- struct{}{}:
	case <-ctx.Done():
		return 0, 0, nil
	}
	free := cap(busy) - len(busy) + 1 // only this loop takes workers
	list, wait, err := q.claim(ctx, free)
	if len(list) == 0 {
		<-busy
		return 0, wait, err
	}
	for i := range list {
		if i > 0 {
			busy <- struct{}{}
		}
		wg.Go(func() {
			if err := q.do(ctx, &list[i]); err != nil {
				q.log.Error("a job cannot be ended, it is tried again", "kind", list[i].Kind, "job", list[i].ID, "error", err)
			}
			<-busy
			q.kick() // it may be due again before the loop looks
		})
	}
	return len(list), wait, err
}

// Round runs the jobs that are due now, waits for them and tells how many.
func (q *Queue) Round(ctx context.Context) (int, error) {
	list, _, err := q.claim(ctx, q.opt.Workers)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	errs := make([]error, len(list))
	for i := range list {
		wg.Go(func() { errs[i] = q.do(ctx, &list[i]) })
	}
	wg.Wait()
	return len(list), errors.Join(errs...)
}

// claim takes at most limit due jobs, the longest waiting first, and tells how
// long it is to the next.
func (q *Queue) claim(ctx context.Context, limit int) (list []Job, wait time.Duration, err error) {
	now := core.FromTime(q.clock.Now())
	var next core.Micros
	err = q.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, queries.Get("next"), nil, &next) })
	if err != nil {
		return nil, 0, fmt.Errorf("look for jobs: %w", err)
	}
	wait = maxSleep
	if next != 0 {
		wait = min(wait, max(time.Duration(next-now)*time.Microsecond, time.Millisecond))
	}
	if next == 0 || next > now {
		return nil, wait, nil
	}
	err = q.db.Write(ctx, func(tx *db.Tx) error {
		list = list[:0]
		return tx.Query(ctx, queries.Get("claim"), func(row db.Row) error {
			var j Job
			err := row.Scan(&j.Workspace, &j.ID, &j.Kind, &j.Ref, &j.Payload, &j.Attempts, &j.RunAt, &j.MadeAt)
			list = append(list, j)
			return err
		}, now+core.Micros(q.opt.Lease.Microseconds()), now, limit)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("claim jobs: %w", err)
	}
	return list, wait, nil
}

func (q *Queue) do(ctx context.Context, j *Job) error {
	run, cancel := context.WithTimeout(ctx, q.opt.Lease)
	defer cancel()
	h := q.handlers[j.Kind]
	if h == nil {
		return q.end(ctx, j, "", fmt.Errorf("no program does jobs of kind %q", j.Kind))
	}
	note, err := h(run, j)
	if ctx.Err() != nil {
		return nil // stopping: the lease ends and the job is tried again
	}
	return q.end(ctx, j, note, err)
}

// end writes what became of an attempt.
func (q *Queue) end(ctx context.Context, j *Job, note string, failed error) error {
	now := core.FromTime(q.clock.Now())
	state, at, ended := Done, j.RunAt, now
	var later *Later
	switch {
	case errors.As(failed, &later):
		state, at, ended, note = Waiting, now+core.Micros(later.After.Microseconds()), 0, later.Why
	case failed != nil:
		state, note = Failed, failed.Error()
	}
	if len(note) > 2000 {
		note = note[:2000]
	}
	err := q.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("end"), state, at, ended, clean(note), j.Workspace, j.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("end job %d: %w", j.ID, err)
	}
	return nil
}

// clean removes what no store can hold.
func clean(s string) string {
	out := []rune{}
	for _, r := range s {
		if r != 0 && r != 0xFFFD {
			out = append(out, r)
		}
	}
	return string(out)
}

// clean drops jobs that ended long ago.
func (q *Queue) clean(ctx context.Context, now core.Micros) error {
	err := q.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("clean"), now-core.Micros(q.opt.Keep.Microseconds()))
		return err
	})
	if err != nil {
		return fmt.Errorf("drop ended jobs: %w", err)
	}
	return nil
}

// List gives the jobs of a kind that belong to ref, newest first, before the
// number given (0: all).
func (q *Queue) List(ctx context.Context, ws core.WorkspaceID, kind string, ref, before int64, limit int) ([]Job, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	var out []Job
	err := q.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("list"), func(row db.Row) error {
			j := Job{Workspace: ws, Kind: kind, Ref: ref}
			err := row.Scan(&j.ID, &j.State, &j.Payload, &j.Attempts, &j.RunAt, &j.MadeAt, &j.EndedAt, &j.Note)
			out = append(out, j)
			return err
		}, ws, kind, ref, before, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return out, nil
}

// Again makes an ended job wait anew, with its attempts forgotten.
func (q *Queue) Again(ctx context.Context, ws core.WorkspaceID, kind string, ref, id int64) error {
	err := q.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, queries.Get("again"), core.FromTime(q.clock.Now()), ws, kind, ref, id)
		if err == nil && n == 0 {
			return errs.New(errs.NotFound, "unknown_job", "there is no ended delivery %d", id)
		}
		tx.AfterCommit(q.kick)
		return err
	})
	if err != nil {
		return fmt.Errorf("repeat job: %w", err)
	}
	return nil
}

// DropWaiting removes the jobs of a kind that belong to ref and have not ended.
func (q *Queue) DropWaiting(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, kind string, ref int64) error {
	if _, err := tx.Exec(ctx, queries.Get("drop_waiting"), ws, kind, ref); err != nil {
		return fmt.Errorf("drop jobs: %w", err)
	}
	return nil
}

// Drop removes all jobs of a kind that belong to ref.
func (q *Queue) Drop(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, kind string, ref int64) error {
	if _, err := tx.Exec(ctx, queries.Get("drop"), ws, kind, ref); err != nil {
		return fmt.Errorf("drop jobs: %w", err)
	}
	return nil
}
