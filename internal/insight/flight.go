package insight

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// States of a chart that is watched.
const (
	Queued  = "queued"
	Running = "running"
	Done    = "done"
	Unknown = "unknown"
)

// Progress is how far a chart is: rows passed of the pass over the timeline
// that is under way.
type Progress struct {
	State       string
	Done, Total int64
}

// flight is one computation and all who wait for it.
type flight struct {
	cancel  context.CancelFunc
	done    chan struct{} // closed when kept or err is there
	kept    *held
	err     error
	waiters int // under the lock of flights

	running         atomic.Bool
	passed, outOf   atomic.Int64
	computedAndDone atomic.Bool
}

func (f *flight) progress() Progress {
	p := Progress{Queued, f.passed.Load(), f.outOf.Load()}
	switch {
	case f.computedAndDone.Load():
		p.State, p.Done = Done, p.Total
	case f.running.Load():
		p.State = Running
	}
	return p
}

// maxWatched bounds the charts whose progress can be asked for.
const maxWatched = 4096

// watchKey is the name that a client gave to its wait.
type watchKey struct {
	ws core.WorkspaceID
	id string
}

// flights are the computations under way.
type flights struct {
	mu      sync.Mutex
	by      map[question]*flight
	watched map[watchKey]*flight
	recent  []watchKey // in the order in which they were first named
}

func newFlights() *flights {
	return &flights{by: map[question]*flight{}, watched: map[watchKey]*flight{}}
}

var watchForm = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

func checkWatch(id string) error {
	if id != "" && !watchForm.MatchString(id) {
		return errs.Field("progress", "bad_progress", "a progress id is 8 to 64 letters, digits, _ and -")
	}
	return nil
}

// watch lets progress of f be asked for. The lock is held.
func (s *flights) watch(ws core.WorkspaceID, id string, f *flight) {
	if id == "" {
		return
	}
	k := watchKey{ws, id}
	if s.watched[k] == nil {
		s.recent = append(s.recent, k)
	}
	s.watched[k] = f
	for len(s.recent) > maxWatched {
		delete(s.watched, s.recent[0])
		s.recent = s.recent[1:]
	}
}

// unwatch forgets a name, if it still means f. The lock is held.
func (s *flights) unwatch(ws core.WorkspaceID, id string, f *flight) {
	k := watchKey{ws, id}
	if id == "" || s.watched[k] != f {
		return
	}
	delete(s.watched, k)
	s.recent = slices.DeleteFunc(s.recent, func(o watchKey) bool { return o == k })
}

// ended is the flight of an answer that was there already.
func ended(k *held) *flight {
	f := &flight{kept: k, done: make(chan struct{})}
	f.computedAndDone.Store(true)
	close(f.done)
	return f
}

// join gives the flight of a question, begun by start when there is none, and
// counts the caller among those who wait for it.
func (s *flights) join(ctx context.Context, q question, watch string, start func(ctx context.Context, f *flight) (*held, error)) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.by[q]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		// Who asked first may go while others still wait.
		var own context.Context
		own, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
		s.by[q] = f
		go s.fly(own, q, f, start)
	}
	f.waiters++
	s.watch(q.ws, watch, f)
	return f
}

func (s *flights) fly(ctx context.Context, q question, f *flight, start func(ctx context.Context, f *flight) (*held, error)) {
	defer f.cancel()
	f.kept, f.err = safely(func() (*held, error) { return start(ctx, f) })
	f.computedAndDone.Store(true)
	s.mu.Lock()
	if s.by[q] == f {
		delete(s.by, q)
	}
	s.mu.Unlock()
	close(f.done)
}

// safely turns a panic into an error: nobody else catches one of a computation
// that runs for many.
func safely(fn func() (*held, error)) (k *held, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("chart panicked: %v", p)
		}
	}()
	return fn()
}

// wait gives the answer of a flight. Who goes before stops it when nobody else
// waits.
func (s *flights) wait(ctx context.Context, q question, watch string, f *flight) (*held, error) {
	select {
	case <-f.done:
		return f.kept, f.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwatch(q.ws, watch, f)
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if s.by[q] == f {
			delete(s.by, q) // whoever asks from now on gets a new one
		}
	}
	return nil, ctx.Err()
}

// progress tells how far a named chart is.
func (s *flights) progress(ws core.WorkspaceID, id string) Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.watched[watchKey{ws, id}]; f != nil {
		return f.progress()
	}
	return Progress{State: Unknown}
}
