package app

import (
	"sort"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
)

// Work is one long task that users can watch.
type Work struct {
	ID        int64
	Workspace core.WorkspaceID
	Kind      string // import, recompute, history
	Label     string
	Done      int64
	Total     int64
	Started   time.Time
}

// Board of running work. It is only in memory: work that survives a restart
// registers again.
type workBoard struct {
	clock clock.Clock
	mu    sync.Mutex
	last  int64
	all   map[int64]*Work
}

func newWorkBoard(c clock.Clock) *workBoard { return &workBoard{clock: c, all: map[int64]*Work{}} }

// Start registers a task; report tells how far it is, done takes it off.
func (b *workBoard) Start(ws core.WorkspaceID, kind, label string) (report func(done, total int64), done func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	w := &Work{ID: b.last, Workspace: ws, Kind: kind, Label: label, Started: b.clock.Now()}
	b.all[w.ID] = w
	report = func(done, total int64) {
		b.mu.Lock()
		defer b.mu.Unlock()
		w.Done, w.Total = done, total
	}
	done = func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.all, w.ID)
	}
	return report, done
}

// Running gives the tasks of a workspace.
func (b *workBoard) Running(ws core.WorkspaceID) []Work {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Work
	for _, w := range b.all {
		if w.Workspace == ws {
			out = append(out, *w)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}
