package access

import "sync"

// cache remembers what was read from the database. What was read before a
// change is not remembered after it.
type cache[K comparable, V any] struct {
	mu      sync.RWMutex
	version uint64
	by      map[K]V
}

func (c *cache[K, V]) get(k K) (v V, version uint64, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok = c.by[k]
	return v, c.version, ok
}

// put remembers v unless something changed since version was given.
func (c *cache[K, V]) put(k K, v V, version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != version {
		return
	}
	if c.by == nil || len(c.by) >= 10_000 {
		c.by = map[K]V{}
	}
	c.by[k] = v
}

// clear forgets all.
func (c *cache[K, V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	c.by = nil
}
