package timeline

import (
	"cmp"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// Bounds of a window: the rows it should hold, and the range of customers it
// is taken from. A customer with more rows makes a window of its own.
const (
	windowRows = 16 << 10
	windowLow  = windowRows / 4
	windowHigh = windowRows * 2
)

// window gathers the rows of a small range of customers from all sources and
// puts them in order. Taking many customers at once keeps the cost of a source
// off each row.
type window struct {
	in        *Rows   // as the sources gave them
	customers []int64 // of the rows of in
	out       *Rows   // in order, unless in was
	one       *Rows   // the rows of one customer, handed to fn
	order     []int32
	starts    []int32
	width     core.CustomerID
}

func newWindow(p *plan, names *nameTable) *window {
	return &window{in: newRows(p, names), out: newRows(p, names), one: newRows(p, names), width: 64}
}

func (w *window) reset() {
	w.in.reset()
	w.customers = w.customers[:0]
}

// end gives the customer before which a window from c on stops.
func (w *window) end(c, hi core.CustomerID) core.CustomerID {
	if hi-c <= w.width {
		return hi
	}
	return c + w.width
}

// adapt makes the next window wider or narrower.
func (w *window) adapt() {
	switch n := len(w.customers); {
	case n < windowLow && w.width < 1<<16:
		w.width *= 2
	case n > windowHigh && w.width > 1:
		w.width /= 2
	}
}

// each calls fn for every customer of the window, in order.
func (w *window) each(fn func(c core.CustomerID, r *Rows) error) error {
	n := len(w.customers)
	rows := w.in
	order := w.sorted()
	if order != nil {
		rows = w.out
		rows.gather(w.in, order)
	}
	at := func(i int) int64 {
		if order != nil {
			return w.customers[order[i]]
		}
		return w.customers[i]
	}
	for from := 0; from < n; {
		c := at(from)
		to := from + 1
		for to < n && at(to) == c {
			to++
		}
		w.one.slice(rows, from, to)
		w.one.customer = core.CustomerID(c)
		if err := fn(w.one.customer, w.one); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// sorted gives the order of the rows by customer, time and position, or nil
// when they have it already.
func (w *window) sorted() []int32 {
	c, t, s := w.customers, w.in.Time, w.in.Seq
	n := len(c)
	inOrder := true
	lo, hi := int64(0), int64(0)
	for i := range n {
		if i == 0 {
			lo, hi = c[0], c[0]
			continue
		}
		lo, hi = min(lo, c[i]), max(hi, c[i])
		if c[i] < c[i-1] || c[i] == c[i-1] && (t[i] < t[i-1] || t[i] == t[i-1] && s[i] < s[i-1]) {
			inOrder = false
		}
	}
	if inOrder {
		return nil
	}
	w.order = slices.Grow(w.order[:0], n)[:n]
	if hi-lo < int64(4*n+1024) {
		w.count(lo, int(hi-lo)+1)
	} else {
		for i := range w.order {
			w.order[i] = int32(i)
		}
		slices.SortStableFunc(w.order, func(a, b int32) int { return cmp.Compare(c[a], c[b]) })
	}
	w.settle()
	return w.order
}

// count sorts by customer, counting; rows of a customer stay as they came.
func (w *window) count(lo int64, width int) {
	w.starts = slices.Grow(w.starts[:0], width+1)[:width+1]
	clear(w.starts)
	for _, c := range w.customers {
		w.starts[c-lo+1]++
	}
	for i := 1; i <= width; i++ {
		w.starts[i] += w.starts[i-1]
	}
	for i, c := range w.customers {
		k := w.starts[c-lo]
		w.order[k] = int32(i)
		w.starts[c-lo] = k + 1
	}
}

// settle sorts each customer's rows by time and position. Sources come by
// month, so few rows are out of place.
func (w *window) settle() {
	c, t, s, o := w.customers, w.in.Time, w.in.Seq, w.order
	before := func(a, b int32) bool { return t[a] < t[b] || t[a] == t[b] && s[a] < s[b] }
	for from := 0; from < len(o); {
		to := from + 1
		for to < len(o) && c[o[to]] == c[o[from]] {
			to++
		}
		if to-from > 64 {
			slices.SortFunc(o[from:to], func(a, b int32) int {
				if before(a, b) {
					return -1
				}
				return 1
			})
			from = to
			continue
		}
		for i := from + 1; i < to; i++ {
			x, j := o[i], i
			for j > from && before(x, o[j-1]) {
				o[j] = o[j-1]
				j--
			}
			o[j] = x
		}
		from = to
	}
}

// gather fills r with the rows of in, in that order.
func (r *Rows) gather(in *Rows, order []int32) {
	r.Time, r.Seq, r.Kind, r.Name = pickRows(r.Time, in.Time, order), pickRows(r.Seq, in.Seq, order), pickRows(r.Kind, in.Kind, order), pickRows(r.Name, in.Name, order)
	r.Actor, r.Received, r.Original = pickRows(r.Actor, in.Actor, order), pickRows(r.Received, in.Received, order), pickRows(r.Original, in.Original, order)
	r.Sent, r.Source, r.Flags = pickRows(r.Sent, in.Sent, order), pickRows(r.Source, in.Source, order), pickRows(r.Flags, in.Flags, order)
	r.ID, r.Context = pickRows(r.ID, in.ID, order), pickRows(r.Context, in.Context, order)
	r.Props, r.Rest = pickRows(r.Props, in.Props, order), pickRows(r.Rest, in.Rest, order)
	for i := range r.cols {
		c, d := &in.cols[i], &r.cols[i]
		d.Kind, d.Num, d.Text = pickRows(d.Kind, c.Kind, order), pickRows(d.Num, c.Num, order), pickRows(d.Text, c.Text, order)
	}
}

func pickRows[T any](into, in []T, order []int32) []T {
	if len(in) == 0 {
		return into[:0]
	}
	if cap(into) < len(order) {
		into = make([]T, len(order), len(order)+len(order)/4)
	}
	into = into[:len(order)]
	for i, j := range order {
		into[i] = in[j]
	}
	return into
}

// slice makes r show rows [a, b) of from.
func (r *Rows) slice(from *Rows, a, b int) {
	r.Time, r.Seq, r.Kind, r.Name = from.Time[a:b:b], from.Seq[a:b:b], from.Kind[a:b:b], from.Name[a:b:b]
	if r.wide {
		r.Actor, r.Received, r.Original = loaded(from.Actor, a, b), loaded(from.Received, a, b), loaded(from.Original, a, b)
		r.Sent, r.Source, r.Flags = loaded(from.Sent, a, b), loaded(from.Source, a, b), loaded(from.Flags, a, b)
		r.ID, r.Context = loaded(from.ID, a, b), loaded(from.Context, a, b)
		r.Props, r.Rest = loaded(from.Props, a, b), loaded(from.Rest, a, b)
	}
	for i := range r.cols {
		c, d := &from.cols[i], &r.cols[i]
		d.Kind, d.Num, d.Text = c.Kind[a:b:b], c.Num[a:b:b], c.Text[a:b:b]
	}
}

// loaded gives rows [a, b) of a column that may not be loaded.
func loaded[T any](in []T, a, b int) []T {
	if len(in) == 0 {
		return nil
	}
	return in[a:b:b]
}
