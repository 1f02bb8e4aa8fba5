package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// backfillChunk is how many customers one transaction of a backfill folds; the
// live pipeline gets its turn in between.
const backfillChunk = 4000

// StartBackfill makes a machine wait for its backfill, inside the transaction
// that makes the machine known. last is the highest customer number there is.
func (p *Pipeline) StartBackfill(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, machine int64, last core.CustomerID) error {
	_, err := tx.Exec(ctx, `INSERT INTO fold_backfills (workspace_id, machine, upto, last) VALUES ($1, $2, 0, $3)`, ws, machine, last)
	if err != nil {
		return fmt.Errorf("start backfill: %w", err)
	}
	return nil
}

// Backfill folds every customer's history for a machine that StartBackfill
// announced, continuing where an earlier run stopped. progress is told customer
// numbers done and in all. Once it returns nil the machine is live.
func (p *Pipeline) Backfill(ctx context.Context, ws core.WorkspaceID, machine int64, progress func(done, total int64)) error {
	for {
		done, err := p.backfillStep(ctx, ws, machine, progress)
		if err != nil {
			return fmt.Errorf("backfill machine %d: %w", machine, err)
		}
		if done {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// backfillStep folds the next customers. Batches wait meanwhile, so that the
// timelines stand still; the database is written to only when all is folded.
func (p *Pipeline) backfillStep(ctx context.Context, ws core.WorkspaceID, machine int64, progress func(done, total int64)) (done bool, err error) {
	defer p.lock(ws)()
	f := &filler{p: p, ws: ws, machine: machine}
	waiting, err := f.load(ctx)
	if err != nil || !waiting {
		return true, err
	}
	if err := f.fold(ctx); err != nil {
		return false, err
	}
	done = f.upto >= f.last
	err = p.transact(ctx, ws, func(r *run) error {
		for _, s := range f.folded {
			r.changed[s.customer] = saved{due: s.due, blob: s.blob}
			r.batch.Signals = append(r.batch.Signals, s.signals...)
			r.batch.Reset[s.customer] = Reset{Machine: machine, News: s.clock}
		}
		if progress != nil {
			r.tx.AfterCommit(func() { progress(int64(f.upto), int64(f.last)) })
		}
		if done {
			_, err = r.tx.Exec(ctx, `DELETE FROM fold_backfills WHERE workspace_id = $1 AND machine = $2`, ws, machine)
		} else {
			_, err = r.tx.Exec(ctx, `UPDATE fold_backfills SET upto = $1 WHERE workspace_id = $2 AND machine = $3`, f.upto, ws, machine)
		}
		return err
	})
	return done, err
}

// filler folds some customers for one machine.
type filler struct {
	p       *Pipeline
	ws      core.WorkspaceID
	machine int64
	upto    core.CustomerID // the last customer of this step
	last    core.CustomerID // and of the backfill
	due     map[core.CustomerID]core.Micros
	states  map[core.CustomerID][]byte
	now     core.Micros
	streams bool // events wait in the inbox
	mu      sync.Mutex
	folded  []filled
}

// readBy are the events to read for a machine; nil: all.
func readBy(m fold.Machine) []timeline.EventKey {
	c, ok := m.(fold.Choosy)
	if !ok || c.Void() {
		return nil
	}
	return fold.Keys(c.Reads())
}

// filled is a customer with the machine's state added.
type filled struct {
	customer core.CustomerID
	clock    core.Micros
	due      core.Micros
	blob     []byte
	signals  []core.Signal
}

// load reads the states of the next customers that have any. waiting is false
// when the machine has no backfill left.
func (f *filler) load(ctx context.Context) (waiting bool, err error) {
	f.now = core.FromTime(f.p.Clock.Now())
	busy, err := f.p.Inbox.Workspaces(ctx)
	if err != nil {
		return false, fmt.Errorf("look into inbox: %w", err)
	}
	f.streams = slices.Contains(busy, f.ws)
	f.due, f.states = map[core.CustomerID]core.Micros{}, map[core.CustomerID][]byte{}
	err = f.p.DB.Read(ctx, func(tx *db.Tx) error {
		bounds, err := f.p.bounds(ctx, tx, f.ws)
		if err != nil {
			return err
		}
		var b bound
		if b, waiting = bounds[f.machine]; !waiting {
			return nil
		}
		f.last, f.upto = b.last, b.last
		return tx.Query(ctx, `SELECT customer, COALESCE(due, 0), states FROM fold_states WHERE workspace_id = $1 AND customer > $2 AND customer <= $3 ORDER BY customer LIMIT $4`, func(row db.Row) error {
			var c core.CustomerID
			var due core.Micros
			var blob []byte
			if err := row.Scan(&c, &due, &blob); err != nil {
				return err
			}
			f.due[c], f.states[c] = due, blob
			if len(f.states) == backfillChunk {
				f.upto = c
			}
			return nil
		}, f.ws, b.upto, b.last, backfillChunk)
	})
	if err != nil {
		return false, fmt.Errorf("read fold states: %w", err)
	}
	return waiting, nil
}

// fold reads the customers' timelines and folds them, on all cores.
func (f *filler) fold(ctx context.Context) error {
	machines := f.p.machines(f.ws)
	at := slices.IndexFunc(machines, func(m fold.Machine) bool { return m.ID() == f.machine })
	if at < 0 {
		return fmt.Errorf("machine %d is not known", f.machine)
	}
	list := slices.Sorted(maps.Keys(f.states))
	if len(list) == 0 {
		return nil
	}
	req := timeline.Request{Workspace: f.ws, Customers: list, Match: readBy(machines[at]), Columns: []string{timeline.ColID, timeline.ColProps}}
	err := f.p.Timeline.Scan(ctx, req, func(_ int, c core.CustomerID, rows *timeline.Rows) error {
		s, err := f.customer(machines, at, c, rows)
		if err != nil {
			return fmt.Errorf("fold customer %d: %w", c, err)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.folded = append(f.folded, s)
		return nil
	})
	if err != nil {
		return fmt.Errorf("fold history: %w", err)
	}
	slices.SortFunc(f.folded, func(a, b filled) int { return cmp.Compare(a.customer, b.customer) })
	return nil
}

func (f *filler) customer(machines []fold.Machine, at int, c core.CustomerID, rows *timeline.Rows) (filled, error) {
	s, whole := f.others(machines, at, c)
	if !whole { // the customer's next event folds everything anew
		s.blob = f.states[c]
		return s, nil
	}
	m := machines[at]
	inst, err := m.Open(c, nil)
	if err != nil {
		return s, err
	}
	emit := func(sig core.Signal) { s.signals = append(s.signals, sig) }
	began := false
	var e core.Event
	for i := range rows.Time {
		rows.Event(i, &e)
		in := fold.InputOf(&e)
		if fold.Wants(m, &in, !began) {
			inst.Apply(&in, emit)
			began = true
		}
	}
	if !began {
		return s, nil
	}
	inst.Advance(f.passed(s.clock), emit)
	var st packed
	s.blob, st = pack(s.blob, f.machine, inst)
	if st.due != 0 && (s.due == 0 || st.due < s.due) {
		s.due = st.due
	}
	return s, nil
}

// passed is up to when time has passed: to now, or, while history streams in, to
// where the customer's other machines stand, so that what comes next is not late.
func (f *filler) passed(clock core.Micros) core.Micros {
	if !f.streams {
		return f.now
	}
	return min(clock, f.now)
}

// others is the customer with the states of the other machines; whole is false
// when they are damaged.
func (f *filler) others(machines []fold.Machine, at int, c core.CustomerID) (s filled, whole bool) {
	s = filled{customer: c, due: f.due[c], blob: []byte{}}
	old, whole := unpack(f.states[c])
	for i, m := range machines {
		st, has := old.of(m.ID(), i)
		if i == at || !has {
			continue
		}
		inst, err := m.Open(c, st.body)
		if err != nil {
			return s, false
		}
		s.clock = max(s.clock, inst.Clock())
		s.blob = st.append(s.blob)
	}
	return s, whole
}
