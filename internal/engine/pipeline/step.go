package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// maxTimers bounds how many due customers one transaction takes.
const maxTimers = 1000

// Step processes one batch of a workspace and tells how many events and timers
// it took.
func (p *Pipeline) Step(ctx context.Context, ws core.WorkspaceID) (int, error) {
	defer p.lock(ws)()
	work, err := p.Inbox.Take(ctx, ws, p.MaxEvents)
	if err != nil {
		return 0, fmt.Errorf("take from inbox: %w", err)
	}
	n := 0
	err = p.transact(ctx, ws, func(r *run) error {
		n = 0
		if work != nil {
			if err := r.resolve(ctx, work); err != nil {
				return err
			}
			n = len(work.List())
		}
		if err := r.timers(ctx, work == nil); err != nil {
			return err
		}
		n += len(r.due)
		if work == nil && n == 0 {
			return errIdle
		}
		if work != nil {
			if err := work.Commit(ctx, r.tx); err != nil {
				return fmt.Errorf("finish inbox: %w", err)
			}
			n = max(n, 1)
		}
		return nil
	})
	if errors.Is(err, errIdle) {
		return 0, nil
	}
	return n, err
}

var errIdle = errors.New("nothing to do")

// Do runs a command that changes identity or needs customers folded anew, in
// order with the batches. fn may use the session; the customers that it moved
// and those it returns are folded anew in the same transaction.
func (p *Pipeline) Do(ctx context.Context, ws core.WorkspaceID, fn func(tx *db.Tx, s Session) ([]core.CustomerID, error)) error {
	defer p.lock(ws)()
	return p.transact(ctx, ws, func(r *run) error {
		r.command = true
		again, err := fn(r.tx, r.session)
		for _, c := range again {
			r.refold[c] = true
		}
		return err
	})
}

// Signal writes what Ciclo itself has to say into timelines, in order with the
// batches. fn gives the events; their customers follow from their actors.
func (p *Pipeline) Signal(ctx context.Context, ws core.WorkspaceID, fn func(tx *db.Tx, s Session) ([]core.Event, error)) error {
	defer p.lock(ws)()
	return p.transact(ctx, ws, func(r *run) (err error) {
		r.batch.Events, err = fn(r.tx, r.session)
		return err
	})
}

// run is the state of one transaction.
type run struct {
	p       *Pipeline
	ws      core.WorkspaceID
	tx      *db.Tx
	now     core.Micros
	session Session
	batch   *Batch
	events  map[core.CustomerID][]int // into batch.Events
	refold  map[core.CustomerID]bool
	command bool // no history streams in: time has passed up to now
	due     []core.CustomerID
	states  map[core.CustomerID][]byte
	changed map[core.CustomerID]saved
}

type saved struct {
	due  core.Micros // 0 = none
	blob []byte      // nil: delete the row
}

// transact runs prepare, then folds, reacts, saves and commits.
func (p *Pipeline) transact(ctx context.Context, ws core.WorkspaceID, prepare func(*run) error) error {
	opened := false
	err := p.DB.Write(ctx, func(tx *db.Tx) error {
		if opened { // a second attempt: memory may hold what was rolled back
			if err := p.Identity.Load(ctx, ws); err != nil {
				return err
			}
		}
		opened = true
		r := &run{p: p, ws: ws, tx: tx, now: core.FromTime(p.Clock.Now()), session: p.Identity.Begin(ws, tx),
			events: map[core.CustomerID][]int{}, refold: map[core.CustomerID]bool{}, changed: map[core.CustomerID]saved{}}
		r.batch = &Batch{Workspace: ws, Now: r.now, Reset: map[core.CustomerID]Reset{}}
		if err := prepare(r); err != nil {
			return err
		}
		return r.finish(ctx)
	})
	if err != nil && opened && !errors.Is(err, errIdle) {
		if lerr := p.Identity.Load(context.WithoutCancel(ctx), ws); lerr != nil {
			return errors.Join(err, lerr)
		}
	}
	return err
}

func (r *run) finish(ctx context.Context) error {
	for c := range r.session.Moved() {
		r.refold[c] = true
	}
	homes, ok := r.p.Identity.(timeline.Homes)
	if !ok {
		return errors.New("identity does not tell homes")
	}
	// A later message of the batch may have moved the customer of an earlier
	// one: what is written must agree with the map as it is now.
	for i := range r.batch.Events {
		e := &r.batch.Events[i]
		if c := homes.Home(r.ws, e.Actor, e.Time); c != 0 {
			e.Customer = c
		}
	}
	if len(r.batch.Events) > 0 {
		if err := r.p.Timeline.Append(ctx, r.tx, r.ws, r.batch.Events); err != nil {
			return fmt.Errorf("append to timeline: %w", err)
		}
	}
	if err := r.fold(ctx); err != nil {
		return err
	}
	r.batch.Absorbed = r.session.Absorbed()
	if err := r.session.Commit(ctx); err != nil {
		return err
	}
	for _, re := range r.p.Reactors {
		if err := re.React(ctx, r.tx, r.batch); err != nil {
			return fmt.Errorf("react: %w", err)
		}
	}
	if err := r.save(ctx); err != nil {
		return err
	}
	count := int64(len(r.batch.Events))
	r.tx.AfterCommit(func() {
		r.p.processed.Add(count)
		if count > 0 {
			r.p.lastEvent.Store(r.batch.Events[count-1].Received)
			r.p.remember(r.ws, r.batch.Events)
		}
	})
	return nil
}

// resolve turns messages into events of customers.
func (r *run) resolve(ctx context.Context, work Work) error {
	msgs := work.List()
	r.batch.Events = make([]core.Event, 0, len(msgs))
	for i := range msgs {
		m := &msgs[i]
		c, a, err := r.session.Resolve(ctx, m)
		if err != nil {
			var ref Refusal
			if !errors.As(err, &ref) {
				return fmt.Errorf("resolve customer: %w", err)
			}
			code, counter := ref.Refusal()
			if code == "" {
				work.Drop(i, counter)
			} else {
				work.Reject(i, code, err.Error())
			}
			continue
		}
		r.batch.Events = append(r.batch.Events, eventOf(m, c, a))
	}
	return nil
}

func eventOf(m *core.Message, c core.CustomerID, a core.ActorID) core.Event {
	e := core.Event{
		Customer: c, Actor: a, Time: m.Time, Received: m.Received, Original: m.Original, Sent: m.Sent, ID: m.ID, Kind: m.Kind,
		Name: m.Name, Source: m.Source, Flags: m.Flags, Context: m.Context, Props: m.Props, Rest: m.ContextRest,
	}
	if m.GroupID != "" {
		e.Context.Group = m.GroupID
	}
	return e
}

// group sorts the batch's events by customer.
func (r *run) group() {
	for i := range r.batch.Events {
		e := &r.batch.Events[i]
		r.events[e.Customer] = append(r.events[e.Customer], i)
	}
	for _, idx := range r.events {
		slices.SortFunc(idx, func(a, b int) int {
			x, y := &r.batch.Events[a], &r.batch.Events[b]
			switch {
			case x.Before(y):
				return -1
			case y.Before(x):
				return 1
			}
			return 0
		})
	}
}

// timers adds the customers whose time has come. Instants long past come from
// history that is still streaming in: they wait until the inbox is empty, so
// that history in order is folded once.
func (r *run) timers(ctx context.Context, idle bool) error {
	from := r.now - 10*core.Minute
	if idle {
		from = 0
	}
	err := r.tx.Query(ctx, `SELECT customer FROM fold_states WHERE workspace_id = $1 AND due IS NOT NULL AND due <= $2 AND due >= $3 ORDER BY due LIMIT $4`,
		func(row db.Row) error {
			var c core.CustomerID
			if err := row.Scan(&c); err != nil {
				return err
			}
			r.due = append(r.due, c)
			return nil
		}, r.ws, r.now, from, maxTimers)
	if err != nil {
		return fmt.Errorf("read timers: %w", err)
	}
	return nil
}

// fold brings every touched customer up to date.
func (r *run) fold(ctx context.Context) error {
	r.group()
	touched := map[core.CustomerID]bool{}
	for c := range r.events {
		touched[c] = true
	}
	for _, c := range r.due {
		touched[c] = true
	}
	for c := range r.refold {
		touched[c] = true
	}
	list := make([]core.CustomerID, 0, len(touched))
	for c := range touched {
		list = append(list, c)
	}
	slices.Sort(list)
	if err := r.load(ctx, list); err != nil {
		return err
	}
	bounds, err := r.p.bounds(ctx, r.tx, r.ws)
	if err != nil {
		return err
	}
	machines := r.p.machines(r.ws)
	due := map[core.CustomerID]bool{}
	for _, c := range r.due {
		due[c] = true
	}
	for _, c := range list {
		if err := r.customer(ctx, c, machines, bounds, due[c]); err != nil {
			return fmt.Errorf("fold customer %d: %w", c, err)
		}
	}
	return nil
}

// customer folds one customer: the new events, or everything when one of them
// comes late or the past changed. A machine that nothing concerns stays closed.
func (r *run) customer(ctx context.Context, c core.CustomerID, all []fold.Machine, bounds map[int64]bound, isDue bool) error {
	w := &working{c: c}
	var whole bool
	w.old, whole = unpack(r.states[c])
	for _, m := range all {
		if b, building := bounds[m.ID()]; !building || c <= b.upto || c > b.last {
			w.machines = append(w.machines, m)
		}
	}
	inputs := make([]fold.Input, len(r.events[c]))
	for i, e := range r.events[c] {
		inputs[i] = fold.InputOf(&r.batch.Events[e])
	}
	now := core.Micros(math.MinInt64)
	if isDue {
		now = r.now
	}
	if r.refold[c] || !whole || !w.open(inputs, now) {
		return r.anew(ctx, w)
	}
	emit := func(s core.Signal) { r.batch.Signals = append(r.batch.Signals, s) }
	for e := range inputs {
		for i, inst := range w.insts {
			if inst != nil && fold.Wants(w.machines[i], &inputs[e], !w.began[i]) {
				inst.Apply(&inputs[e], emit)
				w.began[i] = true
			}
		}
	}
	for _, inst := range w.insts {
		if isDue && inst != nil {
			inst.Advance(r.now, emit)
		}
	}
	r.keep(w)
	return nil
}

// working is one customer's machines at work.
type working struct {
	c        core.CustomerID
	machines []fold.Machine
	old      packedStates
	insts    []fold.Instance // nil: nothing concerns the machine
	began    []bool          // the machine saw an event
}

// open opens the machines that an event or the time concerns. It gives false
// when an event comes late or a state is damaged.
func (w *working) open(inputs []fold.Input, now core.Micros) bool {
	w.insts, w.began = make([]fold.Instance, len(w.machines)), make([]bool, len(w.machines))
	for i, m := range w.machines {
		st, has := w.old.of(m.ID(), i)
		w.began[i] = has
		if !w.concerned(m, st, has, inputs, now) {
			continue
		}
		inst, err := m.Open(w.c, st.body)
		if err != nil {
			return false
		}
		w.insts[i] = inst
		for e := range inputs {
			if inputs[e].Time < inst.Clock() {
				return false
			}
		}
	}
	return true
}

func (w *working) concerned(m fold.Machine, st packed, has bool, inputs []fold.Input, now core.Micros) bool {
	if has && st.due != 0 && st.due <= now {
		return true
	}
	for e := range inputs {
		if fold.Wants(m, &inputs[e], !has) || has && st.due != 0 && st.due <= inputs[e].Time {
			return true
		}
	}
	return false
}

// clock is the latest instant that any machine has seen.
func (w *working) clock() (clock core.Micros) {
	for i, m := range w.machines {
		st, has := w.old.of(m.ID(), i)
		if !has {
			continue
		}
		if inst, err := m.Open(w.c, st.body); err == nil {
			clock = max(clock, inst.Clock())
		}
	}
	return clock
}

// anew folds a customer's whole timeline.
func (r *run) anew(ctx context.Context, w *working) error {
	past, err := r.p.Timeline.Customer(ctx, r.ws, w.c, timeline.CustomerQuery{Lean: true})
	if err != nil {
		return fmt.Errorf("read timeline: %w", err)
	}
	for _, e := range r.events[w.c] {
		past = append(past, r.batch.Events[e])
	}
	slices.SortStableFunc(past, func(a, b core.Event) int {
		switch {
		case a.Before(&b):
			return -1
		case b.Before(&a):
			return 1
		}
		return 0
	})
	clock := w.clock()
	r.batch.Reset[w.c] = Reset{News: clock}
	if r.command {
		clock = r.now
	}
	if len(past) == 0 {
		r.changed[w.c] = saved{}
		return nil
	}
	emit := func(s core.Signal) { r.batch.Signals = append(r.batch.Signals, s) }
	w.old, w.insts = nil, make([]fold.Instance, len(w.machines))
	for i, m := range w.machines {
		inst, began, err := anew(m, w.c, past, emit)
		if err != nil {
			return err
		}
		if began {
			// Time that had already passed stays passed.
			inst.Advance(min(clock, r.now), emit)
			w.insts[i] = inst
		}
	}
	r.keep(w)
	return nil
}

func (r *run) keep(w *working) {
	s := saved{blob: []byte{}}
	for i, m := range w.machines {
		var st packed
		if w.insts[i] != nil {
			s.blob, st = pack(s.blob, m.ID(), w.insts[i])
		} else if old, has := w.old.of(m.ID(), i); has {
			st, s.blob = old, old.append(s.blob)
		}
		if st.due != 0 && (s.due == 0 || st.due < s.due) {
			s.due = st.due
		}
	}
	r.changed[w.c] = s
}
