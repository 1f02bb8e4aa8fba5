package pipeline

import (
	"context"
	"errors"
	"fmt"
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
		again, err := fn(r.tx, r.session)
		for _, c := range again {
			r.refold[c] = true
		}
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
// comes late or the past changed.
func (r *run) customer(ctx context.Context, c core.CustomerID, all []fold.Machine, bounds map[int64]bound, isDue bool) error {
	old := unpack(r.states[c])
	machines := make([]fold.Machine, 0, len(all))
	for _, m := range all {
		if b, building := bounds[m.ID()]; !building || c <= b.upto || c > b.last {
			machines = append(machines, m)
		}
	}
	again := r.refold[c]
	open := make([]fold.Instance, len(machines))
	clock := core.Micros(0)
	for i, m := range machines {
		inst, err := m.Open(c, old[m.ID()])
		if err != nil {
			again = true
			break
		}
		open[i] = inst
		clock = max(clock, inst.Clock())
		for _, e := range r.events[c] {
			if r.batch.Events[e].Time < inst.Clock() {
				again = true
			}
		}
	}
	if again {
		return r.anew(ctx, c, machines, clock)
	}
	emit := func(s core.Signal) { r.batch.Signals = append(r.batch.Signals, s) }
	for _, e := range r.events[c] {
		in := fold.InputOf(&r.batch.Events[e])
		for _, inst := range open {
			inst.Apply(&in, emit)
		}
	}
	if isDue {
		for _, inst := range open {
			inst.Advance(r.now, emit)
		}
	}
	r.keep(c, machines, open)
	return nil
}

// anew folds a customer's whole timeline.
func (r *run) anew(ctx context.Context, c core.CustomerID, machines []fold.Machine, clock core.Micros) error {
	past, err := r.p.Timeline.Customer(ctx, r.ws, c, timeline.CustomerQuery{Lean: true})
	if err != nil {
		return fmt.Errorf("read timeline: %w", err)
	}
	for _, e := range r.events[c] {
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
	r.batch.Reset[c] = Reset{News: clock}
	if len(past) == 0 {
		r.changed[c] = saved{}
		return nil
	}
	emit := func(s core.Signal) { r.batch.Signals = append(r.batch.Signals, s) }
	open := make([]fold.Instance, len(machines))
	for i, m := range machines {
		if open[i], err = m.Open(c, nil); err != nil {
			return fmt.Errorf("open machine %d: %w", m.ID(), err)
		}
		for j := range past {
			in := fold.InputOf(&past[j])
			open[i].Apply(&in, emit)
		}
		// Time that had already passed stays passed.
		open[i].Advance(min(clock, r.now), emit)
	}
	r.keep(c, machines, open)
	return nil
}

func (r *run) keep(c core.CustomerID, machines []fold.Machine, open []fold.Instance) {
	s := saved{blob: []byte{}}
	for i, m := range machines {
		s.blob = pack(s.blob, m.ID(), open[i])
		if at, ok := open[i].Due(); ok && (s.due == 0 || at < s.due) {
			s.due = at
		}
	}
	r.changed[c] = s
}
