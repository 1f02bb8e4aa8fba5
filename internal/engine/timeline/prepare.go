package timeline

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
)

// prepare decides which sources are read and where moved rows live, all by one
// version of the identity map.
func (sc *scanner) prepare(ctx context.Context) error {
	h := sc.store.home()
	for range 8 {
		if err := ctx.Err(); err != nil {
			return err
		}
		sc.version = h.Version(sc.req.Workspace)
		if err := sc.gather(ctx); err != nil {
			return err
		}
		if h.Version(sc.req.Workspace) == sc.version {
			return nil
		}
	}
	// Identities change faster than moved rows can be read: each row still has
	// exactly one home, by the map of some moment of this scan.
	return nil
}

func (sc *scanner) gather(ctx context.Context) error {
	sc.parts, sc.runs, sc.total, sc.plan.noFlags = nil, nil, 0, false
	var overlay []*row
	for _, g := range sc.view.segments {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !sc.wants(g) {
			continue
		}
		m := sc.store.moved(g.ws, g.version)
		if m.within(g.minCustomer, g.maxCustomer) == 0 {
			m = nil
		}
		if m != nil {
			rows, err := sc.homed(g, m)
			if err != nil {
				return err
			}
			overlay = append(overlay, rows...)
		}
		if sc.want.anyCustomer(g.minCustomer, g.maxCustomer) {
			sc.parts = append(sc.parts, part{g, m})
			sc.total += g.events
		}
	}
	for _, r := range sc.view.runs {
		m := sc.store.moved(sc.req.Workspace, r.version)
		if m.within(r.minCustomer, r.maxCustomer) == 0 {
			m = nil
		}
		overlay = append(overlay, sc.homedRun(r, m)...)
		sc.runs = append(sc.runs, memory{r, m})
	}
	if len(overlay) > 0 {
		sc.runs = append(sc.runs, memory{run: newRun(overlay, sc.version, nil, 0)})
	}
	return sc.lookAtFlags()
}

// lookAtFlags spares readers a column that says nothing.
func (sc *scanner) lookAtFlags() error {
	if !sc.plan.flags {
		return nil
	}
	for i := range sc.runs {
		if sc.runs[i].run.flags != 0 {
			return nil
		}
	}
	for i := range sc.parts {
		f, err := sc.parts[i].seg.opened()
		if err != nil {
			return err
		}
		for g := range f.groups {
			v, null, ok := f.constant(g, f.leaf["flags"])
			if !ok || null || v.Int64() != 0 {
				return nil
			}
		}
	}
	sc.plan.noFlags = true
	return nil
}

// wants says whether a segment may hold wanted rows, customers apart.
func (sc *scanner) wants(g *segment) bool {
	w := &sc.want
	return g.maxTime >= w.from && g.minTime < w.to && g.minReceived <= w.asReceived && (g.moreKeys || w.anyKey(g.keys))
}

// homedRun gives the wanted rows of moved numbers, copied under their homes.
func (sc *scanner) homedRun(r *run, m *moveSet) []*row {
	if m == nil {
		return nil
	}
	var out []*row
	h := sc.store.home()
	for _, n := range m.sorted {
		for _, e := range r.of(n) {
			if !sc.want.row(e) {
				continue
			}
			moved := *e
			moved.customer = h.Home(sc.req.Workspace, e.actor, e.time)
			if sc.want.customer(moved.customer) {
				out = append(out, &moved)
			}
		}
	}
	return out
}

// homed reads the wanted rows of moved numbers from a segment, under their
// homes.
func (sc *scanner) homed(g *segment, m *moveSet) ([]*row, error) {
	inner := &scanner{store: sc.store, req: Request{Workspace: sc.req.Workspace}, plan: sc.plan, want: sc.want, names: sc.names}
	inner.want.customers = m.sorted
	inner.plan.actor, inner.plan.paths = true, nil
	for _, path := range sc.plan.paths {
		_, context := ContextOf(path)
		inner.plan.context = inner.plan.context || context
		inner.plan.props = inner.plan.props || !context
	}
	c, err := newCursor(inner, &part{seg: g}, span{g.minCustomer, g.maxCustomer + 1})
	if err != nil {
		return nil, fmt.Errorf("read moved rows: %w", err)
	}
	defer c.close()
	h := sc.store.home()
	w := newWindow(&inner.plan, inner.names)
	rows := w.in
	var out []*row
	for n := c.head(); n != noCustomer; n = c.head() {
		end := w.end(n, noCustomer)
		w.reset(n, end)
		if err := c.pull(end, w); err != nil {
			return nil, fmt.Errorf("read moved rows: %w", err)
		}
		w.adapt()
		for i := range rows.Time {
			home := h.Home(g.ws, core.ActorID(rows.Actor[i]), rows.Time[i])
			if sc.want.customer(home) {
				e := rows.row(i)
				e.customer = home
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// row copies row i into memory, as far as it was loaded.
func (r *Rows) row(i int) *row {
	var e core.Event
	r.Event(i, &e)
	out := rowOf(&e)
	return &out
}

func rowOf(e *core.Event) row {
	out := row{customer: e.Customer, actor: e.Actor, time: e.Time, received: e.Received, original: e.Original, sent: e.Sent, seq: e.Seq,
		source: e.Source, id: e.ID, name: e.Name, flags: e.Flags, kind: e.Kind, props: e.Props, rest: e.Rest}
	if e.Context != (core.Context{}) {
		x := e.Context
		out.ctx = &x
	}
	return out
}
