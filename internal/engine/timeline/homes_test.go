package timeline_test

import (
	"maps"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
)

// fakeHomes is an identity map that merges, un-merges and hands devices over.
type fakeHomes struct {
	mu      sync.RWMutex
	version int64
	now     map[core.ActorID][]stay
	ever    map[core.ActorID]map[core.CustomerID]struct{}
	log     []map[core.CustomerID]struct{} // numbers moved by each change
	written map[core.CustomerID][]core.CustomerID
}

// stay says where an actor's events live from an instant on.
type stay struct {
	from core.Micros
	c    core.CustomerID
}

func newFakeHomes(actors int) *fakeHomes {
	h := &fakeHomes{now: map[core.ActorID][]stay{}, ever: map[core.ActorID]map[core.CustomerID]struct{}{}}
	for i := 1; i <= actors; i++ {
		h.now[core.ActorID(i)] = []stay{{-1 << 62, core.CustomerID(i)}}
		h.ever[core.ActorID(i)] = map[core.CustomerID]struct{}{core.CustomerID(i): {}}
	}
	h.index()
	return h
}

func (h *fakeHomes) Home(_ core.WorkspaceID, a core.ActorID, at core.Micros) core.CustomerID {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.home(a, at)
}

func (h *fakeHomes) home(a core.ActorID, at core.Micros) core.CustomerID {
	var c core.CustomerID
	for _, s := range h.now[a] {
		if s.from <= at {
			c = s.c
		}
	}
	return c
}

func (h *fakeHomes) Version(core.WorkspaceID) int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.version
}

func (h *fakeHomes) Moved(_ core.WorkspaceID, since int64) map[core.CustomerID]struct{} {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := map[core.CustomerID]struct{}{}
	for _, m := range h.log[since:] {
		maps.Copy(out, m)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (h *fakeHomes) Written(_ core.WorkspaceID, c core.CustomerID) []core.CustomerID {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if l := h.written[c]; l != nil {
		return l
	}
	return []core.CustomerID{c}
}

// change moves actors: set gives an actor's new stays, nil leaves it alone.
func (h *fakeHomes) change(set func(a core.ActorID, stays []stay) []stay) {
	h.mu.Lock()
	defer h.mu.Unlock()
	moved := map[core.CustomerID]struct{}{}
	for a, stays := range h.now {
		next := set(a, stays)
		if next == nil {
			continue
		}
		maps.Copy(moved, h.ever[a])
		h.now[a] = next
		for _, s := range next {
			h.ever[a][s.c] = struct{}{}
		}
	}
	if len(moved) == 0 {
		return
	}
	h.log = append(h.log, moved)
	h.version++
	h.index()
}

func (h *fakeHomes) index() {
	w := map[core.CustomerID]map[core.CustomerID]struct{}{}
	for a, stays := range h.now {
		for _, s := range stays {
			if w[s.c] == nil {
				w[s.c] = map[core.CustomerID]struct{}{s.c: {}}
			}
			maps.Copy(w[s.c], h.ever[a])
		}
	}
	h.written = map[core.CustomerID][]core.CustomerID{}
	for c, m := range w {
		h.written[c] = slices.Sorted(maps.Keys(m))
	}
}

// merge moves everything of from to into.
func (h *fakeHomes) merge(from, into core.CustomerID) {
	h.change(func(_ core.ActorID, stays []stay) []stay {
		if !slices.ContainsFunc(stays, func(s stay) bool { return s.c == from }) {
			return nil
		}
		next := slices.Clone(stays)
		for i := range next {
			if next[i].c == from {
				next[i].c = into
			}
		}
		return next
	})
}

// unmerge gives an actor its own customer again.
func (h *fakeHomes) unmerge(a core.ActorID) {
	h.change(func(b core.ActorID, _ []stay) []stay {
		if a != b {
			return nil
		}
		return []stay{{-1 << 62, core.CustomerID(a)}}
	})
}

// hand gives what an actor does from at on to another customer.
func (h *fakeHomes) hand(a core.ActorID, c core.CustomerID, at core.Micros) {
	h.change(func(b core.ActorID, stays []stay) []stay {
		if a != b || stays[len(stays)-1].from >= at {
			return nil
		}
		return append(slices.Clone(stays), stay{at, c})
	})
}
