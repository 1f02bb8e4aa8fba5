package timeline

import (
	"fmt"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// fromSegment reads the wanted rows of the customer from one file, Limit at
// most of each number: those that come first in the direction of reading.
func (p *pick) fromSegment(g *segment, numbers []core.CustomerID) ([]*row, error) {
	if g.maxTime < p.from || g.minTime >= p.to || p.q.AsReceived != 0 && g.minReceived > p.q.AsReceived || !p.wantsKeys(g) {
		return nil, nil
	}
	var out []*row
	for _, n := range numbers {
		read, ask := p.written(n, g.version)
		if !read || n < g.minCustomer || n > g.maxCustomer {
			continue
		}
		rows, err := p.ofNumber(g, n, ask)
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", g.file, err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// matcher is the part of the query that blocks can be filtered by.
func (p *pick) matcher() matcher {
	m := newMatcher(&Request{AsReceived: p.q.AsReceived})
	kinds := p.kinds
	if p.q.Kinds == nil {
		kinds = math.MaxUint32
	}
	switch {
	case p.names != nil:
		m.all = false
		for n := range p.names {
			m.names[n] = kinds
		}
	case p.q.Kinds != nil:
		m.all, m.kinds = false, kinds
	}
	m.from, m.to = p.from, p.to
	return m
}

func (p *pick) ofNumber(g *segment, n core.CustomerID, ask bool) ([]*row, error) {
	f, err := g.opened()
	if err != nil {
		return nil, err
	}
	all, want, names := everything(), p.matcher(), newNameTable()
	if p.q.Lean {
		all = lean()
	}
	r := newReader(f, &all, &want, names, want.whole(g))
	defer r.leave()
	var out []*row
	rows := newRows(&all, names)
	for _, at := range blocksOf(f, n, p.q.Desc) {
		if r.group != at[0] {
			if wanted, err := r.enter(at[0]); err != nil || !wanted {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		sel, err := r.filter(at[1], n, n+1, nil)
		if err != nil {
			return nil, err
		}
		if sel, err = p.narrow(r, sel, ask, len(out)); err != nil {
			return nil, err
		}
		if len(sel) == 0 {
			continue
		}
		if err := r.load(sel); err != nil {
			return nil, err
		}
		rows.reset()
		r.add(rows, sel)
		for i := range rows.Time {
			out = append(out, rows.row(i))
		}
		if p.q.Limit > 0 && len(out) >= p.q.Limit {
			break
		}
	}
	return out, nil
}

// blocksOf lists the blocks that hold number n, as group and block, in the
// direction of reading.
func blocksOf(f *segmentFile, n core.CustomerID, desc bool) [][2]int {
	var out [][2]int
	for i, g := range f.groups {
		if g.blocks[len(g.blocks)-1].max < n || g.blocks[0].min > n {
			continue
		}
		for j, b := range g.blocks {
			if b.min <= n && n <= b.max {
				out = append(out, [2]int{i, j})
			}
		}
	}
	if desc {
		slices.Reverse(out)
	}
	return out
}

// narrow drops rows that live elsewhere or lie before the cursor, and those
// beyond the limit, of which have rows are already found.
func (p *pick) narrow(r *reader, sel []int32, ask bool, have int) (_ []int32, err error) {
	if len(sel) == 0 {
		return nil, nil
	}
	var actors intRange
	var seqs []int64
	if ask {
		from, to := r.start+int64(sel[0]), r.start+int64(sel[len(sel)-1])+1
		if err := r.intsOf("actor", from, to, &actors); err != nil {
			return nil, err
		}
	}
	if p.q.AfterPos != nil {
		if seqs, err = r.ints("seq"); err != nil {
			return nil, err
		}
	}
	if ask || seqs != nil {
		kept := make([]int32, 0, len(sel))
		for _, i := range sel {
			if ask && p.store.home().Home(p.ws, core.ActorID(actors.at(i)), r.time[i]) != p.c || seqs != nil && !p.behind(r.time[i], seqs[i]) {
				continue
			}
			kept = append(kept, i)
		}
		sel = kept
	}
	if left := p.q.Limit - have; p.q.Limit > 0 && len(sel) > left {
		if p.q.Desc {
			return sel[len(sel)-left:], nil
		}
		return sel[:left], nil
	}
	return sel, nil
}

// behind says whether an event lies behind the cursor in the direction of
// reading.
func (p *pick) behind(at core.Micros, seq int64) bool {
	a := p.q.AfterPos
	if at != a.Time {
		return at < a.Time == p.q.Desc
	}
	return seq != a.Seq && seq < a.Seq == p.q.Desc
}
