package timeline

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// mergeWidth is how many files of like size a month may have before they are
// merged into one.
const mergeWidth = 4

// Compact merges the small files of each month, by size tiers, and rewrites
// files of which many rows moved to other customers. It returns when nothing is
// left to do.
func (s *Store) Compact(ctx context.Context, ws core.WorkspaceID) error {
	for {
		again, err := s.compactOnce(ctx, ws)
		if err != nil {
			return fmt.Errorf("compact timeline of workspace %d: %w", ws, err)
		}
		if !again {
			return nil
		}
	}
}

func (s *Store) compactOnce(ctx context.Context, ws core.WorkspaceID) (bool, error) {
	p := s.space(ws)
	v := p.view()
	due := s.toCompact(v.segments) != nil
	v.release()
	if !due {
		return false, nil
	}
	// An erasure is called while nothing else runs and takes the lock then, so
	// nobody may wait for stillness who has it.
	release := sync.OnceFunc(s.still(ws))
	defer release()
	p.work.Lock()
	defer p.work.Unlock()
	v = p.view()
	defer v.release()
	old := s.toCompact(v.segments)
	if old == nil {
		return false, nil
	}
	g, err := s.rewrite(ctx, ws, old, nil, "compact", release)
	if err != nil {
		return false, err
	}
	return true, s.replace(ctx, p, old, []*segment{g}, "compact", nil)
}

// toCompact finds files to be made one, or one to be written anew.
func (s *Store) toCompact(all []*segment) []*segment {
	if old := s.toMerge(all); old != nil {
		return old
	}
	return s.toSettle(all)
}

// tier is the size class of a file: each holds four times the events of the
// one before.
func tier(events int64) int { return bits.Len64(uint64(events)/4096) / 2 }

// toMerge finds files of one month and like size.
func (s *Store) toMerge(all []*segment) []*segment {
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].month == all[from].month {
			to++
		}
		list := slices.Clone(all[from:to])
		slices.SortFunc(list, func(a, b *segment) int { return int(min(max(a.events-b.events, -1), 1)) })
		for i := 0; i < len(list); {
			j := i
			for j < len(list) && tier(list[j].events) == tier(list[i].events) {
				j++
			}
			// Smaller files go along: they would be next.
			if j-i >= mergeWidth {
				if out := s.fitting(list[:j]); len(out) >= mergeWidth {
					return out
				}
			}
			i = j
		}
		from = to
	}
	return nil
}

// fitting gives the smallest of list, sorted by size, that make one file.
func (s *Store) fitting(list []*segment) []*segment {
	var sum int64
	for i, g := range list {
		if sum += g.events; sum > s.opt.MaxFileEvents {
			return list[:i]
		}
	}
	return list
}

// toSettle finds a file of which enough customers moved.
func (s *Store) toSettle(all []*segment) []*segment {
	for _, g := range all {
		m := s.moved(g.ws, g.version)
		n := m.within(g.minCustomer, g.maxCustomer)
		if n > 0 && float64(n) >= s.opt.SettleShare*float64(g.customers) {
			return []*segment{g}
		}
	}
	return nil
}

// rewrite writes the rows of old files, which are of one month, to a new one,
// under the customers they belong to now. edit may change an event or refuse
// it. The result is nil when no row is left. prepared is called when it is known
// where the rows live.
func (s *Store) rewrite(ctx context.Context, ws core.WorkspaceID, old []*segment, edit func(*row) bool, step string, prepared func()) (*segment, error) {
	defer prepared()
	o := outline{ws: ws, month: old[0].month, version: s.home().Version(ws), props: propCounts{}, context: map[string]bool{}, many: map[string]bool{}, step: step}
	for _, g := range old {
		f, err := g.opened()
		if err != nil {
			return nil, err
		}
		o.rows += g.events
		o.props.merge(f.layout.Props)
		for _, c := range f.layout.Context {
			o.context[c] = true
		}
		for _, c := range f.layout.Many {
			o.many[c] = true
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan []*row, 8)
	go func() {
		defer close(batches)
		if err := s.push(ctx, ws, view{segments: old, prepared: prepared}, edit, batches); err != nil {
			cancel(err)
		}
	}()
	var at []*row
	g, err := s.writeSegment(ctx, o, func(into []*row) (int, error) {
		for len(at) == 0 {
			var ok bool
			if at, ok = <-batches; !ok {
				return 0, context.Cause(ctx)
			}
		}
		n := copy(into, at)
		at = at[n:]
		return n, nil
	})
	if err != nil {
		cancel(err)
		for range batches {
		}
		return nil, errors.Join(err)
	}
	return g, nil
}

// push sends the rows of files in order.
func (s *Store) push(ctx context.Context, ws core.WorkspaceID, v view, edit func(*row) bool, out chan<- []*row) error {
	var batch []*row
	send := func() error {
		select {
		case out <- batch:
			batch = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := s.scan(ctx, Request{Workspace: ws, Workers: 1}, everything(), v, func(_ int, _ core.CustomerID, r *Rows) error {
		for i := range r.Time {
			e := r.row(i)
			if edit != nil && !edit(e) {
				continue
			}
			if batch = append(batch, e); len(batch) >= 1024 {
				if err := send(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return send()
}

// replace lists new files instead of old ones, durably and then in memory. also
// joins the transaction.
func (s *Store) replace(ctx context.Context, p *space, old, made []*segment, step string, also func(*db.Tx) error) error {
	made = slices.DeleteFunc(made, func(g *segment) bool { return g == nil })
	s.fault(step + ".swap")
	err := s.opt.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.deleteSegments(ctx, tx, old); err != nil {
			return err
		}
		for _, g := range made {
			if err := s.insertSegment(ctx, tx, g); err != nil {
				return err
			}
		}
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		s.fault(step + ".commit")
		return nil
	})
	if err := s.settled(ctx, p.ws, made, err); err != nil {
		return err
	}
	s.fault(step + ".listed")
	p.mu.Lock()
	p.swap(old, made)
	p.mu.Unlock()
	for _, g := range old {
		g.retire()
	}
	return nil
}
