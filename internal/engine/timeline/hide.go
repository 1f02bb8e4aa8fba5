package timeline

import (
	"slices"
	"strings"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
)

// hidden holds what readers leave out although files and tail still have it:
// erasures whose files are not rewritten yet.
type hidden struct {
	mu    sync.RWMutex
	rules map[core.WorkspaceID]map[int64]*eraser
}

// Hide makes Customer and Scan leave out what spec chooses, until Show is
// called with the same key. Erase still finds it.
func (s *Store) Hide(ws core.WorkspaceID, key int64, spec EraseSpec) {
	s.hidden.mu.Lock()
	defer s.hidden.mu.Unlock()
	if s.hidden.rules == nil {
		s.hidden.rules = map[core.WorkspaceID]map[int64]*eraser{}
	}
	if s.hidden.rules[ws] == nil {
		s.hidden.rules[ws] = map[int64]*eraser{}
	}
	s.hidden.rules[ws][key] = newEraser(spec)
}

// Show ends a Hide.
func (s *Store) Show(ws core.WorkspaceID, key int64) {
	s.hidden.mu.Lock()
	defer s.hidden.mu.Unlock()
	delete(s.hidden.rules[ws], key)
}

// of gives the rules of a workspace by customer, nil when there are none.
func (h *hidden) of(ws core.WorkspaceID) map[core.CustomerID][]*eraser {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var out map[core.CustomerID][]*eraser
	for _, e := range h.rules[ws] {
		for _, c := range e.spec.Customers {
			if out == nil {
				out = map[core.CustomerID][]*eraser{}
			}
			out[c] = append(out[c], e)
		}
	}
	return out
}

// on gives the rules for one customer.
func (h *hidden) on(ws core.WorkspaceID, c core.CustomerID) []*eraser {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var out []*eraser
	for _, e := range h.rules[ws] {
		if _, ok := slices.BinarySearch(e.spec.Customers, c); ok {
			out = append(out, e)
		}
	}
	return out
}

// all says whether the rule takes everything of its customers.
func (e *eraser) all() bool { return !e.parts && e.spec.From == 0 && e.spec.To == 0 }

func (e *eraser) inRange(t core.Micros) bool { return t >= e.from && t < e.to }

// maskEvents takes what rules hide out of the events of one customer.
func maskEvents(events []core.Event, rules []*eraser) []core.Event {
	for _, e := range rules {
		if !e.parts {
			events = slices.DeleteFunc(events, func(v core.Event) bool { return e.inRange(v.Time) })
			continue
		}
		for i := range events {
			if e.inRange(events[i].Time) {
				e.cleanEvent(&events[i])
			}
		}
	}
	return events
}

// mask wraps the function of a Scan.
func mask(rules map[core.CustomerID][]*eraser, fn func(worker int, c core.CustomerID, r *Rows) error) func(int, core.CustomerID, *Rows) error {
	return func(worker int, c core.CustomerID, r *Rows) error {
		list := rules[c]
		if len(list) == 0 {
			return fn(worker, c, r)
		}
		if r = maskRows(r, list); r.Len() == 0 {
			return nil
		}
		return fn(worker, c, r)
	}
}

// maskRows copies rows without what rules hide.
func maskRows(r *Rows, rules []*eraser) *Rows {
	order := make([]int32, 0, len(r.Time))
	for i, t := range r.Time {
		if !slices.ContainsFunc(rules, func(e *eraser) bool { return !e.parts && e.inRange(t) }) {
			order = append(order, int32(i))
		}
	}
	out := newRows(r.plan, r.names)
	out.gather(r, order)
	out.customer = r.customer
	for _, e := range rules {
		if e.parts {
			for i, t := range out.Time {
				if e.inRange(t) {
					e.maskRow(out, i)
				}
			}
		}
	}
	return out
}

// maskRow empties the parts of row i that go.
func (e *eraser) maskRow(r *Rows, i int) {
	for k, path := range r.plan.paths {
		root, _, _ := strings.Cut(path, ".")
		device := path == ContextPath("ip") && e.spec.Names != nil // as clean does
		if c := &r.cols[k]; device || e.props[path] || e.props[root] || c.Kind[i] == core.ValueText && e.names([]byte(c.Text[i])) {
			c.Kind[i], c.Num[i], c.Text[i] = core.ValueNone, 0, ""
		}
	}
	v := core.Event{}
	if r.plan.props {
		v.Props = r.Props[i]
	}
	if r.plan.rest {
		v.Rest = r.Rest[i]
	}
	if r.plan.context {
		v.Context = r.Context[i]
	}
	if r.plan.id {
		v.ID = r.ID[i]
	}
	e.cleanEvent(&v)
	if r.plan.props {
		r.Props[i] = v.Props
	}
	if r.plan.rest {
		r.Rest[i] = v.Rest
	}
	if r.plan.context {
		r.Context[i] = v.Context
	}
	if r.plan.id {
		r.ID[i] = v.ID
	}
}
