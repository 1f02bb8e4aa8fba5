package customer

import (
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
)

// crowd keeps the numbers of a workspace's customers with events in memory, so
// that a preview need not read a million rows first. What it does not know for
// sure it forgets, and reads again.
type crowd struct {
	reading sync.Mutex // one reads at a time

	mu      sync.Mutex
	list    []core.CustomerID        // rising; never changed once it was given away
	changes map[core.CustomerID]bool // since list: true came, false went; nil: nobody follows
	known   bool
}

// maxChanges bounds what is remembered beside a list that nobody asks for.
const maxChanges = 1 << 16

// note tells of a customer who came or went.
func (c *crowd) note(id core.CustomerID, in bool) {
	if c.changes == nil {
		return
	}
	if !in || !c.known {
		c.changes[id] = in
	} else if _, there := slices.BinarySearch(c.list, id); there {
		delete(c.changes, id)
	} else {
		c.changes[id] = true
	}
	if len(c.changes) > maxChanges {
		c.forget()
	}
}

// forget drops what is known.
func (c *crowd) forget() { c.list, c.changes, c.known = nil, nil, false }

// get gives the list; false: it has to be read.
func (c *crowd) get() ([]core.CustomerID, bool) {
	if !c.known || len(c.changes) == 0 {
		return c.list, c.known
	}
	var came []core.CustomerID
	for id, in := range c.changes {
		if in {
			came = append(came, id)
		}
	}
	slices.Sort(came)
	out := make([]core.CustomerID, 0, len(c.list)+len(came))
	for _, id := range c.list {
		for len(came) > 0 && came[0] < id {
			out, came = append(out, came[0]), came[1:]
		}
		if in, changed := c.changes[id]; in || !changed {
			out = append(out, id)
		}
		if len(came) > 0 && came[0] == id {
			came = came[1:]
		}
	}
	c.list = append(out, came...)
	clear(c.changes)
	return c.list, true
}

// everybody gives the list, by read when it is not known.
func (c *crowd) everybody(read func() ([]core.CustomerID, error)) ([]core.CustomerID, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.mu.Lock()
	if list, ok := c.get(); ok {
		c.mu.Unlock()
		return list, nil
	}
	c.changes = map[core.CustomerID]bool{} // from here on all are noted
	c.mu.Unlock()
	list, err := read()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || c.changes == nil { // forgotten meanwhile: good for this answer only
		c.forget()
		return list, err
	}
	c.list, c.known = list, true
	list, _ = c.get()
	return list, nil
}

// crowd gives a workspace's.
func (s *Service) crowd(ws core.WorkspaceID) *crowd {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.crowds[ws]
	if c == nil {
		c = &crowd{}
		s.crowds[ws] = c
	}
	return c
}

// changed notes what a transaction did to a workspace's customers, once it is
// durable.
func (s *Service) changed(ws core.WorkspaceID, fn func(c *crowd)) func() {
	c := s.crowd(ws)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		fn(c)
	}
}
