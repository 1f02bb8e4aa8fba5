package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Inbox is where accepted batches wait.
type Inbox interface {
	Workspaces(ctx context.Context) ([]core.WorkspaceID, error)
	// Take gives the oldest waiting events; nil when nothing waits.
	Take(ctx context.Context, ws core.WorkspaceID, maxEvents int) (Work, error)
	Wake() <-chan struct{}
}

// Work is a taken batch.
type Work interface {
	List() []core.Message
	Reject(i int, code, detail string)
	Drop(i int, counter string)
	Commit(ctx context.Context, tx *db.Tx) error
}

// Identity resolves messages to customers.
type Identity interface {
	Begin(ws core.WorkspaceID, tx *db.Tx) Session
	// Load reads the map again after a failed transaction.
	Load(ctx context.Context, ws core.WorkspaceID) error
}

// Session is identity at work on one batch.
type Session interface {
	Resolve(ctx context.Context, m *core.Message) (core.CustomerID, core.ActorID, error)
	Moved() map[core.CustomerID]bool
	Absorbed() map[core.CustomerID]core.CustomerID
	Commit(ctx context.Context) error
}

// Refusal is implemented by errors of Session.Resolve that concern one event:
// it goes to quarantine under Code, or is dropped and counted when Code is "".
type Refusal interface {
	error
	Refusal() (code, counter string)
}

// Reactor is a room that writes its own tables from what a batch brought.
type Reactor interface {
	React(ctx context.Context, tx *db.Tx, b *Batch) error
}

// MachineSource gives a room's machines for a workspace. A machine being
// backfilled is among them.
type MachineSource interface {
	Machines(ws core.WorkspaceID) []fold.Machine
}

// Batch is what one transaction brought, as reactors see it.
type Batch struct {
	Workspace core.WorkspaceID
	Now       core.Micros
	Events    []core.Event
	Signals   []core.Signal
	// Reset holds the customers whose timeline was folded anew: their signals
	// are the whole history, not what changed.
	Reset map[core.CustomerID]Reset
	// Absorbed holds customers that ceased to exist, by survivor; 0 means that
	// one lives again.
	Absorbed map[core.CustomerID]core.CustomerID
}

// Reset says what of a customer was folded anew.
type Reset struct {
	Machine int64       // 0: all that are live; else the one being backfilled
	News    core.Micros // signals before this instant are no news
}

// Deps are what the pipeline stands on. Reactors run in their order.
type Deps struct {
	DB        *db.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Inbox     Inbox
	Identity  Identity
	Timeline  *timeline.Store
	Sources   []MachineSource
	Reactors  []Reactor
	MaxEvents int // per transaction; default 2,000
}

// Pipeline processes workspaces. Run it once per process.
type Pipeline struct {
	Deps
	locks sync.Map // WorkspaceID → *sync.Mutex
	kick  chan struct{}

	recentMu sync.Mutex
	recent   map[core.WorkspaceID][]core.Event

	processed atomic.Int64
	lastEvent atomic.Int64
}

// New makes a pipeline.
func New(d Deps) *Pipeline {
	if d.MaxEvents == 0 {
		d.MaxEvents = 2000
	}
	return &Pipeline{Deps: d, kick: make(chan struct{}, 1), recent: map[core.WorkspaceID][]core.Event{}}
}

// Processed tells how many events this process has put into timelines.
func (p *Pipeline) Processed() int64 { return p.processed.Load() }

// LastEvent is when the last event was received, of those processed.
func (p *Pipeline) LastEvent() core.Micros { return p.lastEvent.Load() }

// Kick wakes the loop: timers or machines changed.
func (p *Pipeline) Kick() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// Hold keeps batches of a workspace out until the function it gives is called.
func (p *Pipeline) Hold(ws core.WorkspaceID) (release func()) { return p.lock(ws) }

func (p *Pipeline) lock(ws core.WorkspaceID) func() {
	m, _ := p.locks.LoadOrStore(ws, &sync.Mutex{})
	mu := m.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

// maxSleep bounds how long the loop waits for a hint that may have been lost.
const maxSleep = time.Second

// Run processes until ctx ends. Errors are logged and retried with a delay;
// accepted batches stay in the inbox meanwhile.
func (p *Pipeline) Run(ctx context.Context) error {
	delay := time.Duration(0)
	for {
		busy, next, err := p.round(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			delay = min(max(2*delay, 100*time.Millisecond), 10*time.Second)
			p.Log.Error("pipeline round failed, events stay in the inbox", "error", err, "retry_in", delay)
		case busy:
			delay = 0
			continue
		default:
			delay = 0
		}
		wait := next
		if delay > 0 {
			wait = delay
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.Inbox.Wake():
		case <-p.kick:
		case <-p.Clock.After(wait):
		}
	}
}

// round gives every workspace one step and tells whether any had work, and
// how long to sleep when none had.
func (p *Pipeline) round(ctx context.Context) (busy bool, sleep time.Duration, err error) {
	sleep = maxSleep
	waiting, err := p.Inbox.Workspaces(ctx)
	if err != nil {
		return false, 0, err
	}
	now := core.FromTime(p.Clock.Now())
	due, err := p.dueWorkspaces(ctx)
	if err != nil {
		return false, 0, err
	}
	for _, ws := range waiting {
		if _, ok := due[ws]; !ok {
			due[ws] = now + core.Day
		}
	}
	var errs []error
	for ws, at := range due {
		if wait := time.Duration(at-now) * time.Microsecond; wait > 0 && wait < sleep {
			sleep = wait
		}
		n, err := p.Step(ctx, ws)
		if err != nil {
			errs = append(errs, fmt.Errorf("workspace %d: %w", ws, err))
			continue
		}
		busy = busy || n > 0
	}
	return busy, sleep, errors.Join(errs...)
}

func (p *Pipeline) dueWorkspaces(ctx context.Context) (map[core.WorkspaceID]core.Micros, error) {
	out := map[core.WorkspaceID]core.Micros{}
	err := p.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, `SELECT workspace_id, MIN(due) FROM fold_states WHERE due IS NOT NULL GROUP BY workspace_id`, func(row db.Row) error {
			var ws core.WorkspaceID
			var at core.Micros
			if err := row.Scan(&ws, &at); err != nil {
				return err
			}
			out[ws] = at
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read timers: %w", err)
	}
	return out, nil
}

func (p *Pipeline) machines(ws core.WorkspaceID) []fold.Machine {
	var out []fold.Machine
	for _, s := range p.Sources {
		out = append(out, s.Machines(ws)...)
	}
	return out
}

// keepRecent is how many events of a workspace are kept to be looked at live.
const keepRecent = 200

func (p *Pipeline) remember(ws core.WorkspaceID, events []core.Event) {
	p.recentMu.Lock()
	defer p.recentMu.Unlock()
	if len(events) > keepRecent {
		events = events[len(events)-keepRecent:]
	}
	list := p.recent[ws]
	for _, e := range events {
		// The bytes belong to the whole batch: keep only this event's.
		e.Props, e.Rest = slices.Clone(e.Props), nil
		list = append(list, e)
	}
	if over := len(list) - keepRecent; over > 0 {
		list = slices.Delete(list, 0, over)
	}
	p.recent[ws] = list
}

// Recent gives the events processed last by this process, newest first.
func (p *Pipeline) Recent(ws core.WorkspaceID, n int) []core.Event {
	p.recentMu.Lock()
	defer p.recentMu.Unlock()
	out := slices.Clone(p.recent[ws])
	slices.Reverse(out)
	return out[:min(n, len(out))]
}

// Forget drops a customer's events from the list of recent ones.
func (p *Pipeline) Forget(ws core.WorkspaceID, c core.CustomerID) {
	p.recentMu.Lock()
	defer p.recentMu.Unlock()
	p.recent[ws] = slices.DeleteFunc(p.recent[ws], func(e core.Event) bool { return e.Customer == c })
}
