package timeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
)

// pick is a parsed CustomerQuery.
type pick struct {
	store *Store
	ws    core.WorkspaceID
	c     core.CustomerID
	q     CustomerQuery
	from  core.Micros
	to    core.Micros
	kinds uint32          // by bit; 0 = all
	names map[string]bool // nil = all
}

func (s *Store) newPick(ws core.WorkspaceID, c core.CustomerID, q CustomerQuery) *pick {
	p := &pick{store: s, ws: ws, c: c, q: q, from: math.MinInt64, to: math.MaxInt64}
	if q.After != 0 {
		p.from = q.After
	}
	if q.Before != 0 {
		p.to = q.Before
	}
	if q.AfterPos != nil {
		if q.Desc {
			p.to = min(p.to, q.AfterPos.Time+1)
		} else {
			p.from = max(p.from, q.AfterPos.Time)
		}
	}
	for _, k := range q.Kinds {
		p.kinds |= 1 << k
	}
	if q.Names != nil {
		p.names = make(map[string]bool, len(q.Names))
		for _, n := range q.Names {
			p.names[n] = true
		}
	}
	return p
}

// wants judges an event by all but its customer.
func (p *pick) wants(kind core.Kind, name string, at core.Micros, seq int64, received core.Micros) bool {
	if at < p.from || at >= p.to || p.q.AsReceived != 0 && received > p.q.AsReceived {
		return false
	}
	if p.q.Kinds != nil && p.kinds&(1<<kind) == 0 || p.names != nil && !p.names[name] {
		return false
	}
	if a := p.q.AfterPos; a != nil && at == a.Time {
		if p.q.Desc {
			return seq < a.Seq
		}
		return seq > a.Seq
	}
	return true
}

func (p *pick) wantsKeys(g *segment) bool {
	if g.moreKeys || p.names == nil && p.q.Kinds == nil {
		return true
	}
	for k := range g.keys {
		if (p.q.Kinds == nil || p.kinds&(1<<k.Kind) != 0) && (p.names == nil || p.names[k.Name]) {
			return true
		}
	}
	return false
}

// order compares in the direction of reading.
func (p *pick) order(a, b *row) int {
	if p.q.Desc {
		return byTime(b, a)
	}
	return byTime(a, b)
}

// cut sorts rows in the direction of reading and keeps the first Limit.
func (p *pick) cut(rows []*row) []*row {
	slices.SortFunc(rows, p.order)
	if p.q.Limit > 0 && len(rows) > p.q.Limit {
		rows = rows[:p.q.Limit]
	}
	return rows
}

// Customer gives events of one current customer in timeline order, or the
// newest first when q.Desc.
func (s *Store) Customer(ctx context.Context, ws core.WorkspaceID, c core.CustomerID, q CustomerQuery) ([]core.Event, error) {
	rules := s.hidden.on(ws, c)
	if slices.ContainsFunc(rules, (*eraser).all) {
		return nil, nil
	}
	p := s.newPick(ws, c, q)
	v := s.space(ws).view()
	defer v.release()
	numbers := s.home().Written(ws, c)
	var rows []*row
	for _, r := range v.runs {
		rows = append(rows, p.fromRun(r, numbers)...)
	}
	rows = p.cut(rows)
	rows, err := p.fromSegments(ctx, v.segments, numbers, rows)
	if err != nil {
		return nil, fmt.Errorf("read timeline of customer %d: %w", c, err)
	}
	out := make([]core.Event, len(rows))
	for i, e := range rows {
		e.event(&out[i])
		out[i].Customer = c
		out[i].Props, out[i].Rest = slices.Clone(e.props), slices.Clone(e.rest)
	}
	return maskEvents(out, rules), nil
}

// written says how rows of number n in a source of that identity version are
// to be read: not at all, as they are, or each by its home.
func (p *pick) written(n core.CustomerID, version int64) (read, ask bool) {
	if p.store.moved(p.ws, version).has(n) {
		return true, true
	}
	return n == p.c, false
}

func (p *pick) lives(e *row) bool {
	return p.store.home().Home(p.ws, e.actor, e.time) == p.c
}

func (p *pick) fromRun(r *run, numbers []core.CustomerID) []*row {
	var out []*row
	if r.maxTime < p.from || r.minTime >= p.to {
		return nil
	}
	for _, n := range numbers {
		read, ask := p.written(n, r.version)
		if !read {
			continue
		}
		for _, e := range r.of(n) {
			if p.wants(e.kind, e.name, e.time, e.seq, e.received) && (!ask || p.lives(e)) {
				out = append(out, e)
			}
		}
	}
	return out
}

// fromSegments adds the rows of sealed files to those of the tail, month by
// month in the direction of reading, until no later month can matter.
func (p *pick) fromSegments(ctx context.Context, segments []*segment, numbers []core.CustomerID, rows []*row) ([]*row, error) {
	list := slices.Clone(segments)
	if p.q.Desc {
		slices.Reverse(list)
	}
	for i := 0; i < len(list); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		month := list[i].month
		if p.full(rows, month) {
			break
		}
		// Two months at a time: one core for each, and little read in vain.
		to := i
		for months := 0; to < len(list); to++ {
			if to == i || list[to].month != list[to-1].month {
				if months++; months > 2 {
					break
				}
			}
		}
		found, err := p.fromAll(list[i:to], numbers)
		if err != nil {
			return nil, err
		}
		i = to
		rows = p.cut(append(rows, found...))
	}
	return rows, nil
}

// fromAll reads several files at once.
func (p *pick) fromAll(list []*segment, numbers []core.CustomerID) ([]*row, error) {
	if len(list) == 1 {
		return p.fromSegment(list[0], numbers)
	}
	found, errs := make([][]*row, len(list)), make([]error, len(list))
	var wg sync.WaitGroup
	for k, g := range list {
		wg.Add(1)
		go func() {
			defer wg.Done()
			found[k], errs[k] = p.fromSegment(g, numbers)
		}()
	}
	wg.Wait()
	return slices.Concat(found...), errors.Join(errs...)
}

// full says whether rows, sorted, hold Limit events that come before anything
// of the month.
func (p *pick) full(rows []*row, month int64) bool {
	if p.q.Limit <= 0 || len(rows) < p.q.Limit {
		return false
	}
	last := monthOf(rows[len(rows)-1].time)
	if p.q.Desc {
		return last > month
	}
	return last < month
}
