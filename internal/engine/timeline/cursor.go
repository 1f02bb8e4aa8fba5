package timeline

import (
	"fmt"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
)

// cursor reads one segment customer by customer over a span.
type cursor struct {
	sc    *scanner
	part  *part
	sp    span
	r     *reader
	group int // the block at hand
	block int
	sel   []int32 // rows of the block still to give; loaded
	next  core.CustomerID
	fails error
	keep  func(core.CustomerID) bool
}

func newCursor(sc *scanner, p *part, sp span) (*cursor, error) {
	f, err := p.seg.opened()
	if err != nil {
		return nil, err
	}
	c := &cursor{sc: sc, part: p, sp: sp, group: -1, r: newReader(f, &sc.plan, &sc.want, sc.names, sc.want.whole(p.seg))}
	if p.moved != nil || sc.want.customers != nil {
		c.keep = func(n core.CustomerID) bool { return !p.moved.has(n) && sc.want.customer(n) }
	}
	c.advance()
	return c, nil
}

func (c *cursor) head() core.CustomerID { return c.next }

func (c *cursor) close() { c.r.leave() }

// advance finds the next block with wanted rows. A fault is given by the next
// take.
func (c *cursor) advance() {
	if err := c.step(); err != nil {
		c.fails = fmt.Errorf("file %s: %w", c.part.seg.file, err)
		// The fault must reach the merge: claim a head, so that take is called.
		c.next = c.sp.lo
	}
}

func (c *cursor) step() error {
	f := c.r.file
	for {
		if c.group >= 0 {
			c.block++
		}
		if c.group < 0 || c.block >= len(f.groups[c.group].blocks) {
			ok, err := c.nextGroup()
			if err != nil {
				return err
			}
			if !ok {
				c.next, c.sel = noCustomer, nil
				return nil
			}
		}
		b := f.groups[c.group].blocks[c.block]
		if b.min >= c.sp.hi {
			c.next, c.sel = noCustomer, nil
			return nil
		}
		if b.max < c.sp.lo || !c.sc.want.anyCustomer(max(b.min, c.sp.lo), min(b.max, c.sp.hi)) {
			c.count(b)
			continue
		}
		sel, err := c.r.filter(c.block, c.sp.lo, c.sp.hi, c.keep)
		c.count(b)
		if err != nil {
			return err
		}
		if len(sel) == 0 {
			continue
		}
		if err := c.r.load(sel); err != nil {
			return err
		}
		c.sel, c.next = sel, core.CustomerID(c.r.customers[sel[0]])
		return nil
	}
}

// count reports a block as passed by the span that holds its first customer.
func (c *cursor) count(b blockInfo) {
	if b.min >= c.sp.lo && b.min < c.sp.hi {
		c.sc.progress(int64(b.rows))
	}
}

// nextGroup enters the next row group that may hold wanted rows.
func (c *cursor) nextGroup() (bool, error) {
	f := c.r.file
	for c.group++; c.group < len(f.groups); c.group++ {
		blocks := f.groups[c.group].blocks
		c.block = 0
		if blocks[len(blocks)-1].max < c.sp.lo || blocks[0].min >= c.sp.hi {
			continue
		}
		wanted, err := c.r.enter(c.group)
		if err != nil {
			return false, err
		}
		if wanted {
			c.block = sort.Search(len(blocks)-1, func(i int) bool { return blocks[i].max >= c.sp.lo })
			return true, nil
		}
		for _, b := range blocks {
			c.count(b)
		}
	}
	return false, nil
}

func (c *cursor) pull(end core.CustomerID, w *window) error {
	for c.next < end && c.fails == nil {
		n := len(c.sel)
		if c.r.customers[c.sel[n-1]] >= int64(end) {
			n = sort.Search(n, func(i int) bool { return c.r.customers[c.sel[i]] >= int64(end) })
		}
		c.r.add(w.in, c.sel[:n])
		w.customers = c.r.addCustomers(w.customers, c.sel[:n])
		if c.sel = c.sel[n:]; len(c.sel) > 0 {
			c.next = core.CustomerID(c.r.customers[c.sel[0]])
			break
		}
		c.advance()
	}
	return c.fails
}

// spans cuts the customers into ranges of about equal work, several for each
// worker.
func (sc *scanner) spans(workers int) ([]span, error) {
	type weight struct {
		at   core.CustomerID
		rows int64
	}
	var weights []weight
	var total int64
	for i := range sc.parts {
		f, err := sc.parts[i].seg.opened()
		if err != nil {
			return nil, err
		}
		for _, g := range f.groups {
			for _, b := range g.blocks {
				weights = append(weights, weight{b.min, int64(b.rows)})
				total += int64(b.rows)
			}
		}
	}
	for _, m := range sc.runs {
		for i := 0; i < len(m.run.rows); i += 512 {
			n := int64(min(512, len(m.run.rows)-i))
			weights = append(weights, weight{m.run.rows[i].customer, n})
			total += n
		}
	}
	sort.Slice(weights, func(i, j int) bool { return weights[i].at < weights[j].at })
	target := max(total/int64(workers*4), 65_536)
	out := []span{{core.CustomerID(0), noCustomer}}
	var sum int64
	for _, w := range weights {
		if sum >= target && w.at > out[len(out)-1].lo {
			out[len(out)-1].hi = w.at
			out = append(out, span{w.at, noCustomer})
			sum = 0
		}
		sum += w.rows
	}
	return out, nil
}
