package query

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// What the rows of a table are.
const (
	RowsValue    = "value" // of the breakdown (default)
	RowsCustomer = "customer"
)

// Bounds of a table.
const (
	DefaultRows = 50
	MaxRows     = 1000
)

// Table has a row for each value or customer, and a column for each measure.
type Table struct {
	Rows      string     `json:"rows,omitempty"`
	Breakdown *Breakdown `json:"breakdown,omitempty"` // of rows value; its top is not read
	Columns   []Series   `json:"columns"`             // A, B …, as the series of a trend
	Sort      string     `json:"sort,omitempty"`      // a column or row, with - for falling; default -A
	Limit     int        `json:"limit,omitempty"`     // rows; default 50
}

func (t *Table) check() error {
	if err := oneOf("table.rows", t.Rows, RowsValue, RowsCustomer); err != nil {
		return err
	}
	if t.Rows == RowsCustomer && t.Breakdown != nil {
		return bad("table.breakdown", "has no meaning with a row for each customer")
	}
	if t.Rows != RowsCustomer && t.Breakdown == nil {
		return bad("table.breakdown", "is missing: it says what the rows are")
	}
	if len(t.Columns) == 0 || len(t.Columns) > MaxSeries {
		return bad("table.columns", "must be 1 to %d columns", MaxSeries)
	}
	for i := range t.Columns {
		field := fmt.Sprintf("table.columns[%d]", i)
		if t.Columns[i].measure() == Active {
			return bad(field+".measure", "active has no meaning in a table")
		}
		if err := t.Columns[i].check(field, &Trend{}); err != nil {
			return err
		}
	}
	if col, _ := t.order(); col < -1 {
		return bad("table.sort", "must name a column from A to %c, or row", 'A'+len(t.Columns)-1)
	}
	if t.Limit < 0 || t.Limit > MaxRows {
		return bad("table.limit", "must lie between 1 and %d", MaxRows)
	}
	return t.Breakdown.check("table.breakdown")
}

// order gives the column to sort by, -1 for the row's own name, -2 for nothing
// known.
func (t *Table) order() (column int, falling bool) {
	name, falling := strings.CutPrefix(cmp.Or(t.Sort, "-A"), "-")
	switch {
	case name == "row":
		return -1, falling
	case len(name) == 1 && name[0] >= 'A' && int(name[0]-'A') < len(t.Columns):
		return int(name[0] - 'A'), falling
	}
	return -2, falling
}

// TableResult has the first rows in the order asked for.
type TableResult struct {
	Rows  []TableRow `json:"rows"`
	Count int64      `json:"count"` // rows in all
	Total TableRow   `json:"total"` // over all rows, also those not shown
}

// TableRow is one value or customer; Points are its columns.
type TableRow struct {
	Value    *Value          `json:"value,omitempty"`
	Customer core.CustomerID `json:"customer,omitempty"`
	Points   []Point         `json:"points"`
}

// tableCells are the cells of one row.
type tableCells struct{ cells []cell }

func mergeCells(a, b *tableCells) {
	for i := range a.cells {
		a.cells[i].merge(&b.cells[i])
	}
}

// tableFold holds what all workers share.
type tableFold struct {
	q        *query
	t        *Table
	column   int
	falling  bool
	limit    int
	props    []int
	currency int
	parts    []*tablePart
}

type tablePart struct {
	worker  int
	groups  *groups[tableCells]
	total   *tableCells
	own     *tableCells // of the customer at hand
	rows    []TableRow  // the first so far, cut now and then
	count   int64
	foreign foreign
	spare   int
}

func (q *query) table(ctx context.Context) (*TableResult, error) {
	t := q.spec.Table
	f := &tableFold{q: q, t: t, limit: cmp.Or(t.Limit, DefaultRows), currency: -1}
	f.column, f.falling = t.order()
	for i := range t.Columns {
		s := &t.Columns[i]
		f.props = append(f.props, -1)
		if s.numeric() {
			f.props[i] = q.picker.path(s.Property)
		}
		if s.Money {
			f.currency = q.picker.path("currency")
		}
	}
	for i := range q.workers {
		p := &tablePart{worker: i, total: f.cells(), own: f.cells()}
		p.groups = newGroups(unlimited, &q.memory, len(t.Columns)*cellBytes+64, f.cells)
		f.parts = append(f.parts, p)
	}
	if err := q.scan(ctx, q.from, q.to, false, f.fold); err != nil {
		return nil, err
	}
	return f.result(), nil
}

func (f *tableFold) cells() *tableCells { return &tableCells{make([]cell, len(f.t.Columns))} }

// fold takes the rows of one customer.
func (f *tableFold) fold(n int, w *worker, r *timeline.Rows) error {
	p := f.parts[n]
	for i := range p.own.cells {
		p.own.cells[i] = cell{values: p.own.cells[i].values[:0]}
	}
	any := false
	for k, i := range w.rows {
		for m := w.masks[k]; m != 0; m &= m - 1 {
			in, err := f.event(p, w, r, int(i), bits.TrailingZeros64(m))
			if err != nil {
				return err
			}
			any = any || in
		}
	}
	if f.t.Rows != RowsCustomer || !any {
		return nil
	}
	p.count++
	p.rows = append(p.rows, f.row(nil, w.customer, p.own))
	if len(p.rows) >= 2*f.limit+64 {
		p.rows = f.first(p.rows)
	}
	return nil
}

// event adds row i to column s and says whether it counts.
func (f *tableFold) event(p *tablePart, w *worker, r *timeline.Rows, i, s int) (bool, error) {
	series, val := &f.t.Columns[s], int64(0)
	if f.props[s] >= 0 {
		var ok bool
		if val, ok = w.number(r, i, f.props[s]); !ok {
			return false, nil
		}
		if series.Money {
			if val, ok = f.q.home(w, r, i, f.currency, val, &p.foreign); !ok {
				return false, nil
			}
		}
	}
	into, key := []*cell{&p.total.cells[s]}, ""
	if f.t.Rows == RowsCustomer {
		into = append(into, &p.own.cells[s])
	} else {
		key = w.label(r, i, f.q.split)
		g, err := p.groups.get(key, 0)
		if err != nil {
			return false, err
		}
		into = append(into, &g.cells[s])
	}
	_, keep := series.quantile()
	if p.spare -= 16; keep && p.spare < 0 {
		p.spare = 1 << 16
		if err := f.q.memory.take(p.spare); err != nil {
			return false, err
		}
	}
	for _, c := range into {
		c.add(w.customer, val)
		if keep {
			c.values = append(c.values, val)
		}
	}
	if t := f.q.roster; t != nil && t.series == s && (!t.split || t.key == key) {
		f.q.trace.event(r, i)
		return true, t.add(p.worker, w.customer, 1)
	}
	return true, nil
}

func (f *tableFold) row(v *Value, c core.CustomerID, cells *tableCells) TableRow {
	row := TableRow{Value: v, Customer: c}
	for s := range cells.cells {
		row.Points = append(row.Points, f.t.Columns[s].point(&cells.cells[s]))
	}
	return row
}

// first sorts rows and keeps the first ones. Rows without the number sorted by
// come last in either direction.
func (f *tableFold) first(rows []TableRow) []TableRow {
	slices.SortFunc(rows, func(a, b TableRow) int {
		name := cmp.Compare(a.Customer, b.Customer)
		if a.Value != nil && b.Value != nil {
			name = cmp.Compare(a.Value.key(), b.Value.key())
		}
		if f.column < 0 {
			if f.falling {
				return -name
			}
			return name
		}
		x, y := a.Points[f.column].Value, b.Points[f.column].Value
		switch {
		case x == nil && y == nil:
			return name
		case x == nil:
			return 1
		case y == nil:
			return -1
		case f.falling:
			return cmp.Or(cmp.Compare(*y, *x), name)
		}
		return cmp.Or(cmp.Compare(*x, *y), name)
	})
	return rows[:min(len(rows), f.limit)]
}

func (f *tableFold) result() *TableResult {
	res := &TableResult{Rows: []TableRow{}}
	total := f.parts[0].total
	var sets []*groups[tableCells]
	var all foreign
	for i, p := range f.parts {
		if i > 0 {
			mergeCells(total, p.total)
		}
		sets = append(sets, p.groups)
		res.Rows, res.Count = append(res.Rows, p.rows...), res.Count+p.count
		all.merge(&p.foreign)
	}
	if f.t.Rows != RowsCustomer {
		values := merged(sets, mergeCells)
		res.Count = int64(len(values))
		f.q.meta.Values = len(values)
		for k, c := range values {
			v := newValue(k)
			res.Rows = append(res.Rows, f.row(&v, 0, c))
		}
	}
	res.Rows = f.first(res.Rows)
	res.Total = f.row(&Value{All: true}, 0, total)
	f.q.meta.Truncated = res.Count > int64(len(res.Rows))
	f.q.foreign(&all)
	return res
}
