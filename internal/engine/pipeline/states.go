package pipeline

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// packed is one machine's state as it is saved.
type packed struct {
	machine int64
	due     core.Micros // 0 = none
	body    []byte
}

// packedStates are those of one customer.
type packedStates []packed

// pack appends one machine's state to a customer's blob.
func pack(blob []byte, machine int64, inst fold.Instance) ([]byte, packed) {
	s := packed{machine: machine, body: inst.Append(nil)}
	if at, ok := inst.Due(); ok {
		s.due = at
	}
	return s.append(blob), s
}

func (s packed) append(blob []byte) []byte {
	blob = binary.AppendUvarint(blob, uint64(s.machine))
	blob = binary.AppendVarint(blob, s.due)
	blob = binary.AppendUvarint(blob, uint64(len(s.body)))
	return append(blob, s.body...)
}

// unpack splits a blob by machine; whole is false when it is damaged.
func unpack(blob []byte) (states packedStates, whole bool) {
	for len(blob) > 0 {
		id, n := binary.Uvarint(blob)
		if n <= 0 {
			return states, false
		}
		due, d := binary.Varint(blob[n:])
		if d <= 0 {
			return states, false
		}
		size, k := binary.Uvarint(blob[n+d:])
		if k <= 0 || uint64(len(blob)-n-d-k) < size {
			return states, false
		}
		blob = blob[n+d+k:]
		states = append(states, packed{int64(id), due, blob[:size:size]})
		blob = blob[size:]
	}
	return states, true
}

// of gives a machine's state; hint is where it probably is.
func (s packedStates) of(machine int64, hint int) (packed, bool) {
	if hint < len(s) && s[hint].machine == machine {
		return s[hint], true
	}
	for i := range s {
		if s[i].machine == machine {
			return s[i], true
		}
	}
	return packed{}, false
}

// load reads the saved states of customers.
func (r *run) load(ctx context.Context, list []core.CustomerID) error {
	r.states = make(map[core.CustomerID][]byte, len(list))
	const step = 256
	for len(list) > 0 {
		n := min(step, len(list))
		args := append([]any{r.ws}, db.Anys(list[:n])...)
		err := r.tx.Query(ctx, `SELECT customer, states FROM fold_states WHERE workspace_id = $1 AND customer IN (`+db.List(2, n)+`)`, func(row db.Row) error {
			var c core.CustomerID
			var blob []byte
			if err := row.Scan(&c, &blob); err != nil {
				return err
			}
			r.states[c] = blob
			return nil
		}, args...)
		if err != nil {
			return fmt.Errorf("read fold states: %w", err)
		}
		list = list[n:]
	}
	return nil
}

// save writes the states that changed.
func (r *run) save(ctx context.Context) error {
	rows := make([][]any, 0, len(r.changed))
	for c, s := range r.changed {
		if s.blob == nil {
			if _, err := r.tx.Exec(ctx, `DELETE FROM fold_states WHERE workspace_id = $1 AND customer = $2`, r.ws, c); err != nil {
				return fmt.Errorf("delete fold state: %w", err)
			}
			continue
		}
		var due any
		if s.due != 0 {
			due = s.due
		}
		rows = append(rows, []any{r.ws, c, due, s.blob})
	}
	for c, into := range r.batch.Absorbed {
		if into == 0 {
			continue
		}
		if _, err := r.tx.Exec(ctx, `DELETE FROM fold_states WHERE workspace_id = $1 AND customer = $2`, r.ws, c); err != nil {
			return fmt.Errorf("delete fold state: %w", err)
		}
	}
	err := r.tx.Bulk(ctx, db.Insert{Table: "fold_states", Columns: []string{"workspace_id", "customer", "due", "states"}, Rows: rows,
		Conflict: "ON CONFLICT (workspace_id, customer) DO UPDATE SET due = excluded.due, states = excluded.states"})
	if err != nil {
		return fmt.Errorf("write fold states: %w", err)
	}
	return nil
}

// bound is how far a machine's backfill came: customers up to upto, and those
// numbered after last, are live; the others wait.
type bound struct{ upto, last core.CustomerID }

func (p *Pipeline) bounds(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (map[int64]bound, error) {
	out := map[int64]bound{}
	err := tx.Query(ctx, `SELECT machine, upto, last FROM fold_backfills WHERE workspace_id = $1`, func(row db.Row) error {
		var m int64
		var b bound
		if err := row.Scan(&m, &b.upto, &b.last); err != nil {
			return err
		}
		out[m] = b
		return nil
	}, ws)
	if err != nil {
		return nil, fmt.Errorf("read backfills: %w", err)
	}
	return out, nil
}

// State gives the saved state of one machine for a customer, nil when there is
// none.
func (p *Pipeline) State(ctx context.Context, ws core.WorkspaceID, c core.CustomerID, machine int64) ([]byte, error) {
	var blob []byte
	err := p.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, `SELECT states FROM fold_states WHERE workspace_id = $1 AND customer = $2`, func(row db.Row) error { return row.Scan(&blob) }, ws, c)
	})
	if err != nil {
		return nil, fmt.Errorf("read fold state: %w", err)
	}
	states, _ := unpack(blob)
	st, _ := states.of(machine, 0)
	return st.body, nil
}

// Refold gives a customer's saved states by machine, and what a fold of the
// whole timeline gives, brought to the same instant. They are equal unless
// something is broken.
func (p *Pipeline) Refold(ctx context.Context, ws core.WorkspaceID, c core.CustomerID) (saved, again map[int64][]byte, err error) {
	defer p.lock(ws)()
	var blob []byte
	var bounds map[int64]bound
	err = p.DB.Read(ctx, func(tx *db.Tx) error {
		if bounds, err = p.bounds(ctx, tx, ws); err != nil {
			return err
		}
		return tx.Query(ctx, `SELECT states FROM fold_states WHERE workspace_id = $1 AND customer = $2`, func(row db.Row) error { return row.Scan(&blob) }, ws, c)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read fold state: %w", err)
	}
	events, err := p.Timeline.Customer(ctx, ws, c, timeline.CustomerQuery{})
	if err != nil {
		return nil, nil, fmt.Errorf("read timeline: %w", err)
	}
	saved, again = map[int64][]byte{}, map[int64][]byte{}
	states, _ := unpack(blob)
	for _, st := range states {
		saved[st.machine] = st.body
	}
	drop := func(core.Signal) {}
	for _, m := range p.machines(ws) {
		if _, building := bounds[m.ID()]; building {
			continue
		}
		live, err := m.Open(c, saved[m.ID()])
		if err != nil {
			return nil, nil, fmt.Errorf("open saved state: %w", err)
		}
		fresh, began, err := anew(m, c, events, drop)
		if err != nil {
			return nil, nil, err
		}
		if !began {
			continue
		}
		fresh.Advance(live.Clock(), drop)
		again[m.ID()] = fresh.Append(nil)
	}
	return saved, again, nil
}

// anew folds a timeline from nothing; began is false when nothing in it concerns
// the machine.
func anew(m fold.Machine, c core.CustomerID, events []core.Event, emit func(core.Signal)) (inst fold.Instance, began bool, err error) {
	if inst, err = m.Open(c, nil); err != nil {
		return nil, false, fmt.Errorf("open machine %d: %w", m.ID(), err)
	}
	for i := range events {
		in := fold.InputOf(&events[i])
		if fold.Wants(m, &in, !began) {
			inst.Apply(&in, emit)
			began = true
		}
	}
	return inst, began, nil
}
