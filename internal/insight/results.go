package insight

import (
	"container/list"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
)

// Limits bound what is kept of answered charts.
type Limits struct {
	Entries int   // default 1000
	Bytes   int64 // of answers and questions, default 64 MB
}

func (l Limits) orDefault() Limits {
	if l.Entries <= 0 {
		l.Entries = 1000
	}
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	return l
}

// question tells charts apart: what is asked, in which settings, of which state
// of the timeline.
type question struct {
	ws             core.WorkspaceID
	spec           string // canonical JSON
	zone, currency string
	staff          string
	week           int
	change         [2]int64
	definitions    int64 // of stages and segments, where they matter
	rates          int64 // version of the exchange rates, where they matter
}

// held is one answer in memory.
type held struct {
	q        question
	raw      []byte
	computed core.Micros
	moves    bool // time alone may change it
	day      int64
}

// size estimates the bytes held, bookkeeping included.
func (k *held) size() int64 { return int64(len(k.raw)+len(k.q.spec)+len(k.q.zone)) + 256 }

// results are the answers in memory, the least recently used dropped first.
type results struct {
	mu    sync.Mutex
	limit Limits
	bytes int64
	order *list.List // of *held, the latest used first
	at    map[question]*list.Element
	epoch map[core.WorkspaceID]int64 // raised when a workspace is forgotten
}

func newResults(l Limits) *results {
	return &results{limit: l.orDefault(), order: list.New(), at: map[question]*list.Element{}, epoch: map[core.WorkspaceID]int64{}}
}

// get finds an answer that is still good on a local day and drops one that is not.
func (r *results) get(q question, now core.Micros, day int64) *held {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.at[q]
	if e == nil {
		return nil
	}
	k := e.Value.(*held)
	if age := now - k.computed; age < 0 || k.moves && (age >= stale || day != k.day) {
		r.drop(e)
		return nil
	}
	r.order.MoveToFront(e)
	return k
}

// put keeps an answer, unless the workspace was forgotten since epoch or the
// answer alone is too large.
func (r *results) put(k *held, epoch int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch[k.q.ws] != epoch || k.size() > r.limit.Bytes {
		return
	}
	if e := r.at[k.q]; e != nil {
		r.drop(e)
	}
	r.at[k.q] = r.order.PushFront(k)
	r.bytes += k.size()
	for r.bytes > r.limit.Bytes || r.order.Len() > r.limit.Entries {
		r.drop(r.order.Back())
	}
}

func (r *results) drop(e *list.Element) {
	k := r.order.Remove(e).(*held)
	delete(r.at, k.q)
	r.bytes -= k.size()
}

func (r *results) era(ws core.WorkspaceID) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch[ws]
}

// forget drops the answers of a workspace and tells how many.
func (r *results) forget(ws core.WorkspaceID) (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch[ws]++
	for q, e := range r.at {
		if q.ws == ws {
			r.drop(e)
			n++
		}
	}
	return n
}
