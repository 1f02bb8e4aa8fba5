package connect

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/zeebo/xxh3"
)

// MaxRows bounds the rows of one file. A row takes 24 bytes of memory, a row or
// order 20 more, an order with an id about 40 more: 1 M order lines of 1 M
// orders take about 90 MB, 1 M events 45 MB.
const MaxRows = 20_000_000

// groupRef is an order, or a row that stands alone: a chain of rows.
type groupRef struct {
	at         core.Micros
	head, tail int32
}

// reading is one pass over a file: its rows in a spool, and their order in time.
type reading struct {
	l         *layout
	sha       string
	sp        *spool
	places    []int64 // of rows in the spool
	next      []int32 // next row of the same order, -1 at the end
	groups    []groupRef
	keys      map[xxh3.Uint128]int32
	refunders map[uint64]bool // customers who gave something back
	rows      int64           // rows read, refused ones included
}

func newReading(l *layout, sha, dir string) (*reading, error) {
	sp, err := newSpool(dir)
	if err != nil {
		return nil, err
	}
	return &reading{l: l, sha: sha, sp: sp, keys: map[xxh3.Uint128]int32{}, refunders: map[uint64]bool{}}, nil
}

func (r *reading) close() error { return r.sp.close() }

// scan reads all rows. refuse is told of the bad ones, seen how many were read
// from time to time.
func (r *reading) scan(ctx context.Context, t *table, refuse func(*RowError) error, seen func(rows int64)) error {
	for {
		line, cells, bad, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if r.rows++; r.rows%4096 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			seen(r.rows)
		}
		if r.rows > MaxRows {
			return errs.New(errs.TooLarge, "too_many_rows", "the file has more than 20,000,000 rows; split it")
		}
		if bad == nil {
			bad, err = r.add(line, cells)
		}
		if err == nil && bad != nil {
			err = refuse(bad)
		}
		if err != nil {
			return err
		}
	}
	r.keys = nil
	return r.sp.flush()
}

// add puts a row into its order.
func (r *reading) add(line int64, cells []string) (*RowError, error) {
	var at core.Micros
	var bad *RowError
	group, found := int32(-1), false
	var key xxh3.Uint128
	keyed := false
	if r.l.Kind == Orders {
		x, err := r.l.orderLine(line, cells)
		if err != nil {
			return err, nil
		}
		if at = x.at; x.refund && !x.who.nobody() {
			r.refunders[xxh3.HashString(x.who.key())] = true
		}
		if key, keyed = r.l.groupKey(&x); keyed {
			group, found = r.keys[key]
		}
	} else if at, bad = r.l.check(line, cells); bad != nil {
		return bad, nil
	}
	place, err := r.sp.add(line, cells)
	if err != nil {
		return nil, err
	}
	row := int32(len(r.places))
	r.places, r.next = append(r.places, place), append(r.next, -1)
	if keyed && found {
		g := &r.groups[group]
		r.next[g.tail], g.tail, g.at = row, row, min(g.at, at)
		return nil, nil
	}
	if keyed {
		r.keys[key] = int32(len(r.groups))
	}
	r.groups = append(r.groups, groupRef{at, row, row})
	return nil, nil
}

// sort puts orders and rows into the order of time, equal times as in the file.
func (r *reading) sort() {
	slices.SortFunc(r.groups, func(a, b groupRef) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return cmp.Compare(a.head, b.head)
	})
}

// outcome is what came of one order, or of a row that stands alone.
type outcome struct {
	rows    int
	events  []made
	refused []*RowError
}

// each makes the events, in order of time. The outcome is used until fn
// returns.
func (r *reading) each(ctx context.Context, fn func(outcome) error) error {
	ret := &returns{who: r.refunders, bought: map[uint64][]purchase{}}
	for i, g := range r.groups {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		out, err := r.group(g, ret)
		if err != nil {
			return err
		}
		if err := fn(out); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) group(g groupRef, ret *returns) (outcome, error) {
	if r.l.Kind == Orders {
		return r.order(g, ret)
	}
	cells := make([]string, len(r.l.columns))
	line, err := r.sp.get(r.places[g.head], cells)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{rows: 1}
	convert := r.l.identify
	if r.l.Kind == Events {
		convert = r.l.event
	}
	e, bad := convert(line, cells, r.sha)
	if bad != nil {
		out.refused = []*RowError{bad}
		return out, nil
	}
	out.events = []made{e}
	return out, nil
}

// maxLines bounds the lines of one order.
const maxLines = 100_000

func (r *reading) order(g groupRef, ret *returns) (outcome, error) {
	var out outcome
	var lines []orderLine
	for row := g.head; row >= 0; row = r.next[row] {
		cells := make([]string, len(r.l.columns))
		line, err := r.sp.get(r.places[row], cells)
		if err != nil {
			return out, err
		}
		out.rows++
		x, bad := r.l.orderLine(line, cells)
		if bad == nil && len(lines) >= maxLines {
			bad = r.l.bad(line, cells, "order_id", "order_too_large", "the order has more than 100,000 lines")
		}
		if bad != nil {
			out.refused = append(out.refused, bad)
			continue
		}
		lines = append(lines, x)
	}
	if len(lines) == 0 {
		return out, nil
	}
	events, bad := r.l.orderEvents(lines, r.sha, ret)
	if bad == nil {
		out.events = events
		return out, nil
	}
	for i := range lines { // what is wrong with the order is wrong with all its lines
		e := *bad
		e.Line, e.Row = lines[i].line, joinCells(lines[i].cells)
		out.refused = append(out.refused, &e)
	}
	return out, nil
}
