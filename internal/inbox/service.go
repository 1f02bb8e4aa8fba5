package inbox

import (
	_ "embed"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

// Limits bound what waits in the inbox. Zero values take the defaults.
type Limits struct {
	QueueBytes  int64 // stored bytes; default 2 GiB
	QueueEvents int64 // default 5,000,000
}

// Deps is what a Service needs.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Log   *slog.Logger
	// Secret of the installation: keys of dedupe, write keys and hashed
	// properties are derived from it. It must never change.
	Secret []byte
	Limits Limits
	// Refused says whether somebody erased or suppressed keeps a message out:
	// the quarantine code, or "" with the counter of a drop. Nil: nobody does.
	Refused func(ws core.WorkspaceID, m *core.Message) (code, counter string)
	// RecentKeys is how many dedupe keys of a workspace stay exactly in memory;
	// 0 takes the default of 200,000.
	RecentKeys int
}

// Service keeps sources, inbox, dedupe keys and quarantine.
type Service struct {
	Deps
	q     db.Queries
	keys  keyring
	known *Networks
	cache sourceCache
	wake  chan struct{}
	merge chan struct{}

	lastID atomic.Int64

	load  load
	seenM sync.Mutex
	seen  map[core.WorkspaceID]*seen
	rates rates
	lost  unknownLog
}

// New makes a service. It does no I/O.
func New(d Deps) (*Service, error) {
	if len(d.Secret) < 16 {
		return nil, errors.New("the installation secret must have at least 16 bytes")
	}
	if d.Limits.QueueBytes == 0 {
		d.Limits.QueueBytes = 2 << 30
	}
	if d.Limits.QueueEvents == 0 {
		d.Limits.QueueEvents = 5_000_000
	}
	if d.RecentKeys == 0 {
		d.RecentKeys = 200_000
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	keys, err := newKeyring(d.Secret)
	if err != nil {
		return nil, err
	}
	known, err := KnownNetworks()
	if err != nil {
		return nil, err
	}
	return &Service{
		Deps: d, q: db.MustQueries(queriesText), keys: keys, known: known,
		wake: make(chan struct{}, 1), merge: make(chan struct{}, 1),
		seen: map[core.WorkspaceID]*seen{},
	}, nil
}

func (s *Service) now() core.Micros { return core.FromTime(s.Clock.Now()) }

// nextID makes an id that rises with time and is unique among processes with
// high probability: microseconds since 1970, then 11 random bits.
func (s *Service) nextID() int64 {
	want := s.now()<<11 | rand.Int64N(1<<11)
	for {
		last := s.lastID.Load()
		id := max(want, last+1)
		if s.lastID.CompareAndSwap(last, id) {
			return id
		}
	}
}

// Wake is signalled after each accepted batch. It is a hint: a receiver must
// also look from time to time.
func (s *Service) Wake() <-chan struct{} { return s.wake }

func (s *Service) signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// retryError tells a client when to come back.
type retryError struct {
	err   *errs.Error
	after time.Duration
}

func (e retryError) Error() string { return e.err.Error() }
func (e retryError) Unwrap() error { return e.err }

// Busy makes the error of a caller that should come back after wait.
func Busy(wait time.Duration, code, format string, args ...any) error {
	return retryError{errs.New(errs.Busy, code, format, args...), wait}
}

// RetryAfter gives how long the caller should wait before a new attempt, when
// err says so.
func RetryAfter(err error) (time.Duration, bool) {
	var r retryError
	if errors.As(err, &r) {
		return r.after, true
	}
	return 0, false
}

// load counts what waits, and how fast it is worked off.
type load struct {
	mu      sync.Mutex
	known   bool
	batches int64
	events  int64
	bytes   int64
	rate    float64 // events a second, smoothed
	last    core.Micros
}

func (l *load) add(batches, events, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches += batches
	l.events += events
	l.bytes += bytes
}

// worked notes that events were processed at now.
func (l *load) worked(events int64, now core.Micros) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if span := now - l.last; l.last > 0 && span > 0 && span < 10*core.Second {
		rate := float64(events) * float64(core.Second) / float64(span)
		if l.rate == 0 {
			l.rate = rate
		}
		l.rate += 0.1 * (rate - l.rate)
	}
	l.last = now
}

// wait estimates when room for events will be free: 1 to 300 seconds.
func (l *load) wait(over int64) time.Duration {
	secs := 10.0
	if l.rate > 0 {
		secs = float64(over)/l.rate + 1
	}
	return time.Duration(min(max(secs, 1), 300)) * time.Second
}
