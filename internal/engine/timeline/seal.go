package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Seal turns the tail of a workspace, as of now, into segments, a month each,
// and tells how many events it moved.
func (s *Store) Seal(ctx context.Context, ws core.WorkspaceID) (sealed int, err error) {
	p := s.space(ws)
	if _, _, oldest := p.tailSize(); oldest == 0 {
		return 0, nil
	}
	// What is written must rest on a map that is committed: an identity change
	// that is rolled back would leave rows under numbers that never were. An erasure
	// is called in stillness and takes the lock then, so stillness comes first.
	release := sync.OnceFunc(s.still(ws))
	defer release()
	p.work.Lock()
	defer p.work.Unlock()
	runs := p.freeze()
	done := false
	var made []*segment
	defer func() {
		if !done {
			p.thaw(false, nil)
		}
	}()
	if len(runs) == 0 {
		return 0, nil
	}
	made, sealed, err = s.writeRuns(ctx, ws, runs, release)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("seal timeline of workspace %d: %w", ws, err), discard(made))
	}
	if err := s.settled(ctx, ws, made, s.listSealed(ctx, ws, runs, made)); err != nil {
		return 0, fmt.Errorf("seal timeline of workspace %d: %w", ws, err)
	}
	s.fault("seal.listed")
	p.thaw(true, made)
	done = true
	return sealed, nil
}

// settled finds out what became of a swap that gave an error: a lost connection
// may hide a commit. It gives nil when the swap took place; otherwise it removes
// the new files, unless not even that can be found out: then the next start
// sorts it out.
func (s *Store) settled(ctx context.Context, ws core.WorkspaceID, made []*segment, swap error) error {
	if swap == nil || len(made) == 0 {
		return swap
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var n int64
	err := s.opt.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, s.q.Get("count_file"), []any{int64(ws), made[0].file}, &n)
	})
	switch {
	case err != nil:
		return errors.Join(swap, fmt.Errorf("ask what became of the swap: %w", err))
	case n > 0:
		return nil
	}
	return errors.Join(swap, discard(made))
}

// discard removes files that were never listed.
func discard(made []*segment) error {
	var all []error
	for _, g := range made {
		if g != nil {
			all = append(all, g.shut(), removeQuietly(g.path))
		}
	}
	return errors.Join(all...)
}

// writeRuns writes the rows of runs to one file a month, under the customers
// they belong to now. placed is called when it is known where they live.
func (s *Store) writeRuns(ctx context.Context, ws core.WorkspaceID, runs []*run, placed func()) (made []*segment, rows int, err error) {
	version := s.home().Version(ws)
	months := map[int64][][]*row{}
	for _, r := range runs {
		for k, list := range s.byMonth(ws, r) {
			months[k] = append(months[k], list)
		}
		rows += len(r.rows)
	}
	placed()
	order := make([]int64, 0, len(months))
	for m := range months {
		order = append(order, m)
	}
	slices.Sort(order)
	for _, m := range order {
		list := mergeSorted(months[m])
		o := outline{ws: ws, month: m, version: version, step: "seal"}
		o.look(list)
		g, err := s.writeSegment(ctx, o, sliceFeed(list))
		if err != nil {
			return made, 0, err
		}
		made = append(made, g)
		delete(months, m)
	}
	return made, rows, nil
}

// byMonth gives the rows of a run by month, sorted, under the customers they
// belong to now.
func (s *Store) byMonth(ws core.WorkspaceID, r *run) map[int64][]*row {
	out := map[int64][]*row{}
	m := s.moved(ws, r.version)
	moved := m.within(r.minCustomer, r.maxCustomer) > 0
	var month int64
	var low, high core.Micros // of month
	for _, e := range r.rows {
		if moved && m.has(e.customer) {
			c := *e
			c.customer = s.home().Home(ws, e.actor, e.time)
			e = &c
		}
		if e.time < low || e.time >= high {
			month = monthOf(e.time)
			low, high = monthBounds(month)
		}
		out[month] = append(out[month], e)
	}
	if moved {
		for _, list := range out {
			slices.SortFunc(list, byTimeline)
		}
	}
	return out
}

// mergeSorted joins sorted lists into one.
func mergeSorted(lists [][]*row) []*row {
	for len(lists) > 1 {
		next := lists[:0:0]
		for i := 0; i+1 < len(lists); i += 2 {
			next = append(next, mergeTwo(lists[i], lists[i+1]))
		}
		if len(lists)%2 == 1 {
			next = append(next, lists[len(lists)-1])
		}
		lists = next
	}
	return lists[0]
}

// listSealed makes the swap durable: segments in, tail rows out.
func (s *Store) listSealed(ctx context.Context, ws core.WorkspaceID, runs []*run, made []*segment) error {
	s.fault("seal.swap")
	return s.opt.DB.Write(ctx, func(tx *db.Tx) error {
		for _, g := range made {
			if err := s.insertSegment(ctx, tx, g); err != nil {
				return err
			}
		}
		for _, r := range runs {
			for _, b := range r.batches {
				n, err := tx.Exec(ctx, s.q.Get("drop_tail"), int64(ws), b.firstSeq)
				if err != nil {
					return fmt.Errorf("remove sealed tail row: %w", err)
				}
				if n != 1 {
					return fmt.Errorf("remove sealed tail row %d: it is gone", b.firstSeq)
				}
			}
		}
		s.fault("seal.commit")
		return nil
	})
}
