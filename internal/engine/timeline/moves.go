package timeline

import (
	"slices"
	"sort"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
)

// moveSet is the set of numbers-at-write whose events may live elsewhere. A nil
// moveSet is empty.
type moveSet struct {
	set    map[core.CustomerID]struct{}
	sorted []core.CustomerID
}

func (m *moveSet) has(c core.CustomerID) bool {
	if m == nil {
		return false
	}
	_, ok := m.set[c]
	return ok
}

// within counts the numbers in [lo, hi].
func (m *moveSet) within(lo, hi core.CustomerID) int {
	if m == nil {
		return 0
	}
	i := sort.Search(len(m.sorted), func(i int) bool { return m.sorted[i] >= lo })
	j := sort.Search(len(m.sorted), func(i int) bool { return m.sorted[i] > hi })
	return j - i
}

type moveKey struct {
	ws    core.WorkspaceID
	since int64
}

type moveEntry struct {
	at  int64 // version it was read at
	set *moveSet
}

// moveCache remembers what Homes said for the versions that files carry.
type moveCache struct {
	mu      sync.Mutex
	entries map[moveKey]moveEntry
}

// moved gives the numbers moved since version, as of now.
func (s *Store) moved(ws core.WorkspaceID, since int64) *moveSet {
	h := s.home()
	now := h.Version(ws)
	if now == since {
		return nil
	}
	k := moveKey{ws, since}
	c := &s.moves
	c.mu.Lock()
	e, ok := c.entries[k]
	c.mu.Unlock()
	if ok && e.at == now {
		return e.set
	}
	var out *moveSet
	if m := h.Moved(ws, since); len(m) > 0 {
		out = &moveSet{set: m, sorted: make([]core.CustomerID, 0, len(m))}
		for n := range m {
			out.sorted = append(out.sorted, n)
		}
		slices.Sort(out.sorted)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= 256 {
		c.entries = map[moveKey]moveEntry{}
	}
	c.entries[k] = moveEntry{now, out}
	return out
}
