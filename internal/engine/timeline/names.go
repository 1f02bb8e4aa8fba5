package timeline

import "sync"

// nameTable numbers the event names met by one Scan.
type nameTable struct {
	mu  sync.RWMutex
	ids map[string]uint32
	all []string
}

func newNameTable() *nameTable { return &nameTable{ids: map[string]uint32{}} }

func (t *nameTable) id(name string) uint32 {
	t.mu.RLock()
	id, ok := t.ids[name]
	t.mu.RUnlock()
	if ok {
		return id
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if id, ok = t.ids[name]; ok {
		return id
	}
	id = uint32(len(t.all))
	t.all = append(t.all, name)
	t.ids[name] = id
	return id
}

func (t *nameTable) find(name string) (uint32, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	id, ok := t.ids[name]
	return id, ok
}

func (t *nameTable) name(id uint32) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if int(id) < len(t.all) {
		return t.all[id]
	}
	return ""
}
