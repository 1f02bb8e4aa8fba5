package insight

import (
	"context"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// maxWaiting bounds how many computations of one workspace may wait.
const maxWaiting = 200

// queue lets so many computations run at once. Those that wait are let in
// workspace by workspace, so that one with many does not hold up the others;
// within a workspace the first is the first.
type queue struct {
	mu      sync.Mutex
	free    int
	turn    []core.WorkspaceID // with somebody waiting; the next one's turn first
	waiting map[core.WorkspaceID][]chan struct{}
}

func newQueue(places int) *queue {
	return &queue{free: places, waiting: map[core.WorkspaceID][]chan struct{}{}}
}

// enter waits for a place, until ctx ends. Who got one leaves it again.
func (q *queue) enter(ctx context.Context, ws core.WorkspaceID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.mu.Unlock()
		return nil
	}
	if len(q.waiting[ws]) >= maxWaiting {
		q.mu.Unlock()
		return errs.New(errs.Busy, "too_many_charts", "%d charts of this workspace wait already: try again in a moment", maxWaiting)
	}
	if len(q.waiting[ws]) == 0 {
		q.turn = append(q.turn, ws)
	}
	ready := make(chan struct{})
	q.waiting[ws] = append(q.waiting[ws], ready)
	q.mu.Unlock()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting[ws], ready); i >= 0 {
		q.drop(ws, i)
	} else {
		q.next() // the place came at the same moment
	}
	return ctx.Err()
}

// drop takes waiter i of a workspace out.
func (q *queue) drop(ws core.WorkspaceID, i int) {
	q.waiting[ws] = slices.Delete(q.waiting[ws], i, i+1)
	if len(q.waiting[ws]) == 0 {
		delete(q.waiting, ws)
		q.turn = slices.DeleteFunc(q.turn, func(o core.WorkspaceID) bool { return o == ws })
	}
}

// next gives a place to whose turn it is.
func (q *queue) next() {
	if len(q.turn) == 0 {
		q.free++
		return
	}
	ws := q.turn[0]
	q.turn = append(q.turn[1:], ws)
	close(q.waiting[ws][0])
	q.drop(ws, 0)
}

// leave gives a place back.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next()
}

// Waiting tells how many charts and reports wait for their turn.
func (s *Service) Waiting() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	n := 0
	for _, list := range s.queue.waiting {
		n += len(list)
	}
	return n
}
