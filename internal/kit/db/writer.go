package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// maxGroup bounds how many writes share one commit, so that no caller waits on
// an endless group.
const maxGroup = 256

var errClosed = errors.New("database is closed")

// writer is the single SQLite connection that writes. One goroutine owns it.
type writer struct {
	db    *DB
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	jobs  chan *job
	done  chan struct{}

	mu     sync.RWMutex
	closed bool
}

type job struct {
	ctx  context.Context
	fn   func(*Tx) error
	solo bool // runs outside any transaction (checkpoint, migration)
	tx   *Tx
	err  error
	out  chan error
}

func newWriter(ctx context.Context, dsn string) (*writer, error) {
	pool, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &writer{pool: pool, conn: conn, stmts: map[string]*sql.Stmt{}, jobs: make(chan *job, maxGroup), done: make(chan struct{})}, nil
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error) error {
	return w.submit(&job{ctx: ctx, fn: fn, out: make(chan error, 1)})
}

func (w *writer) checkpoint(ctx context.Context) error {
	return w.submit(&job{ctx: ctx, solo: true, out: make(chan error, 1), fn: func(tx *Tx) error {
		_, err := w.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
		return err
	}})
}

func (w *writer) submit(j *job) error {
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return errClosed
	}
	select {
	case w.jobs <- j:
		w.mu.RUnlock()
	case <-j.ctx.Done():
		w.mu.RUnlock()
		return j.ctx.Err()
	}
	// Once queued the write may commit: wait for its true outcome.
	return <-j.out
}

func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.jobs)
	w.mu.Unlock()
	<-w.done
	for _, s := range w.stmts {
		_ = s.Close()
	}
	return errors.Join(w.conn.Close(), w.pool.Close())
}

func (w *writer) loop() {
	defer close(w.done)
	for j := range w.jobs {
		group := []*job{j}
	fill:
		for len(group) < maxGroup && !j.solo {
			select {
			case next, ok := <-w.jobs:
				if !ok {
					break fill
				}
				group = append(group, next)
				if next.solo {
					break fill
				}
			default:
				break fill
			}
		}
		w.run(group)
	}
}

func (w *writer) run(group []*job) {
	var solo *job
	if last := group[len(group)-1]; last.solo {
		solo, group = last, group[:len(group)-1]
	}
	if len(group) > 0 {
		w.commit(group)
	}
	if solo != nil {
		solo.out <- solo.fn(nil)
	}
}

// commit runs each job in a savepoint and makes all of them durable at once.
func (w *writer) commit(group []*job) {
	bg := context.Background()
	fail := func(err error) {
		for _, j := range group {
			if j.err == nil {
				j.err = err
			}
			j.out <- j.err
		}
	}
	if _, err := w.conn.ExecContext(bg, "BEGIN IMMEDIATE"); err != nil {
		fail(fmt.Errorf("begin write: %w", err))
		return
	}
	for _, j := range group {
		w.savepoint(bg, j, len(group) > 1)
	}
	if len(group) == 1 && group[0].err != nil {
		_, _ = w.conn.ExecContext(bg, "ROLLBACK")
		fail(nil)
		return
	}
	if _, err := w.conn.ExecContext(bg, "COMMIT"); err != nil {
		_, _ = w.conn.ExecContext(bg, "ROLLBACK")
		fail(fmt.Errorf("commit: %w", err))
		return
	}
	for _, j := range group {
		if j.err == nil {
			j.tx.committed()
		}
		j.out <- j.err
	}
}

func (w *writer) savepoint(bg context.Context, j *job, nested bool) {
	if err := j.ctx.Err(); err != nil {
		j.err = err
		return
	}
	j.tx = &Tx{db: w.db, q: w.conn, w: w}
	if nested {
		if _, j.err = w.conn.ExecContext(bg, "SAVEPOINT job"); j.err != nil {
			return
		}
	}
	j.err = safely(j.fn, j.tx)
	if !nested {
		return
	}
	if j.err != nil {
		_, _ = w.conn.ExecContext(bg, "ROLLBACK TO job")
	}
	_, _ = w.conn.ExecContext(bg, "RELEASE job")
}

// safely turns a panic into an error: the writer must outlive its callers.
func safely(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write panicked: %v", p)
		}
	}()
	return fn(tx)
}

func (w *writer) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(w.stmts) >= 512 {
		for k, old := range w.stmts {
			_ = old.Close()
			delete(w.stmts, k)
		}
	}
	w.stmts[query] = s
	return s, nil
}
