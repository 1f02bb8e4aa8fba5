package timeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// EraseSpec chooses what Erase takes away: the events of customers, in a range
// of event time, or only some of their top-level properties.
type EraseSpec struct {
	Customers []core.CustomerID     // current customers
	From, To  core.Micros           // half open on event time; 0 = open
	Actors    map[core.ActorID]bool // only events that these tracked; nil = all
	Props     []string              // nil = whole events
	// Names, when set, says whether a text tells who the customer is. Then the
	// events stay and what tells it goes: Props, values, addresses.
	Names func(text []byte) bool
	// Progress is told how many files are done; nil is told nothing.
	Progress func(done, total int)
}

// EraseCount tells how many events of one store matched before and after.
type EraseCount struct {
	Store         string // "segments" or "tail"
	Before, After int64
}

// eraser is an EraseSpec at work.
type eraser struct {
	s     *Store
	p     *space
	spec  EraseSpec
	from  core.Micros
	to    core.Micros
	props map[string]bool
	parts bool // events stay, parts of them go
}

// Erase removes what spec chooses from files and tail. The old files go as soon
// as no reader and no Hold keeps them.
func (s *Store) Erase(ctx context.Context, ws core.WorkspaceID, spec EraseSpec) ([]EraseCount, error) {
	if len(spec.Customers) == 0 {
		return nil, errs.Field("customers", "erase_without_customers", "erasing needs at least one customer")
	}
	e := newEraser(spec)
	e.s, e.p = s, s.space(ws)
	e.p.work.Lock()
	defer e.p.work.Unlock()
	counts, err := e.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("erase from timeline of workspace %d: %w", ws, err)
	}
	return counts, nil
}

func newEraser(spec EraseSpec) *eraser {
	spec.Customers = slices.Clone(spec.Customers)
	slices.Sort(spec.Customers)
	e := &eraser{spec: spec, from: math.MinInt64, to: math.MaxInt64, props: map[string]bool{}, parts: len(spec.Props) > 0 || spec.Names != nil}
	if spec.From != 0 {
		e.from = spec.From
	}
	if spec.To != 0 {
		e.to = spec.To
	}
	for _, k := range spec.Props {
		e.props[k] = true
	}
	return e
}

func (e *eraser) run(ctx context.Context) ([]EraseCount, error) {
	v := e.p.view()
	defer v.release()
	sealed, tail := EraseCount{Store: "segments"}, EraseCount{Store: "tail"}
	var old, made []*segment
	for i, g := range v.segments {
		if e.spec.Progress != nil {
			e.spec.Progress(i, len(v.segments))
		}
		n, err := e.count(ctx, view{segments: []*segment{g}})
		if err != nil {
			return nil, errors.Join(err, discard(made))
		}
		if n == 0 {
			continue
		}
		sealed.Before += n
		to, err := e.s.rewrite(ctx, e.p.ws, []*segment{g}, e.edit, "erase", func() {})
		if err != nil {
			return nil, errors.Join(err, discard(made))
		}
		old, made = append(old, g), append(made, to)
	}
	err := e.s.replace(ctx, e.p, old, made, "erase", func(tx *db.Tx) error {
		n, err := e.tail(ctx, tx)
		tail.Before = n
		return err
	})
	if err != nil {
		return nil, err
	}
	now := e.p.view()
	defer now.release()
	if sealed.After, err = e.count(ctx, view{segments: now.segments}); err != nil {
		return nil, err
	}
	tail.After, err = e.count(ctx, view{runs: now.runs})
	return []EraseCount{sealed, tail}, err
}

// Left counts the events that spec chooses, in files and tail.
func (s *Store) Left(ctx context.Context, ws core.WorkspaceID, spec EraseSpec) ([]EraseCount, error) {
	e := newEraser(spec)
	e.s, e.p = s, s.space(ws)
	v := e.p.view()
	defer v.release()
	sealed, err := e.count(ctx, view{segments: v.segments})
	if err != nil {
		return nil, fmt.Errorf("count events of workspace %d: %w", ws, err)
	}
	tail, err := e.count(ctx, view{runs: v.runs})
	if err != nil {
		return nil, fmt.Errorf("count events of workspace %d: %w", ws, err)
	}
	return []EraseCount{{"segments", sealed, sealed}, {"tail", tail, tail}}, nil
}

// count gives the events of a view that spec chooses.
func (e *eraser) count(ctx context.Context, v view) (int64, error) {
	var n int64
	p := plan{props: e.parts, actor: e.spec.Actors != nil}
	if e.spec.Names != nil {
		p = everything()
	}
	err := e.s.scan(ctx, Request{Workspace: e.p.ws, Workers: 1, From: e.spec.From, To: e.spec.To, Customers: e.spec.Customers}, p, v, func(_ int, _ core.CustomerID, r *Rows) error {
		for i := range r.Time {
			if e.spec.Actors != nil && !e.spec.Actors[core.ActorID(r.Actor[i])] {
				continue
			}
			if !e.parts || e.spec.Names == nil && e.holds(r.Props[i]) || e.spec.Names != nil && e.marked(r.row(i)) {
				n++
			}
		}
		return nil
	})
	return n, err
}

func (e *eraser) chosen(r *row) bool {
	if _, ok := slices.BinarySearch(e.spec.Customers, r.customer); !ok || r.time < e.from || r.time >= e.to {
		return false
	}
	if e.spec.Actors != nil && !e.spec.Actors[r.actor] {
		return false
	}
	return !e.parts || e.marked(r)
}

// edit changes a row, under its current customer, or refuses it.
func (e *eraser) edit(r *row) bool {
	if !e.chosen(r) {
		return true
	}
	if !e.parts {
		return false
	}
	e.clean(r)
	return true
}

// tail rewrites the tail inside tx and tells how many events matched.
func (e *eraser) tail(ctx context.Context, tx *db.Tx) (int64, error) {
	s, ws := e.s, e.p.ws
	var floor int64
	// Appends wait on this row: no batch can slip by.
	err := tx.QueryRow(ctx, s.q.Get("lock_seq"), []any{int64(ws)}, &floor)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return 0, fmt.Errorf("lock log positions: %w", err)
	}
	var old []*run
	err = tx.Query(ctx, s.q.Get("tail_of"), func(row db.Row) error {
		_, r, err := s.readTail(row)
		old = append(old, r)
		return err
	}, int64(ws))
	if err != nil {
		return 0, err
	}
	var fresh []*run
	var n int64
	for _, r := range old {
		kept, hit := e.editRun(r)
		n += hit
		if hit == 0 {
			fresh = append(fresh, r)
			continue
		}
		parts, err := e.storeTail(ctx, tx, r, kept)
		if err != nil {
			return 0, err
		}
		fresh = append(fresh, parts...)
	}
	tx.AfterCommit(func() { e.p.reset(fresh, floor) })
	return n, nil
}

// editRun gives what is left of a batch, by log position.
func (e *eraser) editRun(r *run) (kept []*row, hit int64) {
	h := e.s.home()
	m := e.s.moved(e.p.ws, r.version)
	for _, x := range r.rows {
		c := *x
		if m.has(c.customer) {
			c.customer = h.Home(e.p.ws, c.actor, c.time)
		}
		if !e.chosen(&c) {
			kept = append(kept, x)
			continue
		}
		hit++
		if e.edit(&c) {
			c.customer = x.customer
			kept = append(kept, &c)
		}
	}
	slices.SortFunc(kept, func(a, b *row) int { return int(min(max(a.seq-b.seq, -1), 1)) })
	return kept, hit
}

// storeTail writes rows in place of a batch: one tail row for each stretch
// without a gap, since positions inside a row are counted from its first.
func (e *eraser) storeTail(ctx context.Context, tx *db.Tx, was *run, kept []*row) ([]*run, error) {
	s, at := e.s, was.batches[0].appendedAt
	if _, err := tx.Exec(ctx, s.q.Get("drop_tail"), int64(e.p.ws), was.batches[0].firstSeq); err != nil {
		return nil, fmt.Errorf("remove tail row: %w", err)
	}
	var out []*run
	for from := 0; from < len(kept); {
		to := from + 1
		for to < len(kept) && kept[to].seq == kept[to-1].seq+1 {
			to++
		}
		events := make([]core.Event, to-from)
		for i, r := range kept[from:to] {
			r.event(&events[i])
		}
		first := kept[from].seq
		plain := s.codec.plain(events)
		if _, err := tx.Exec(ctx, s.q.Get("add_tail"), int64(e.p.ws), first, int64(len(events)), was.version, at, s.codec.pack(plain)); err != nil {
			return nil, fmt.Errorf("rewrite tail row: %w", err)
		}
		rows, err := s.codec.rows(plain, first)
		if err != nil {
			return nil, err
		}
		out = append(out, newRun(pointers(rows), was.version, []batch{{first, len(rows), at}}, int64(len(plain))))
		from = to
	}
	return out, nil
}
