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
	ends      []int32         // where each customer's rows end, once sorted
	lo, hi    core.CustomerID // customers of the window at hand
	width     core.CustomerID // of the next one
}

func newWindow(p *plan, names *nameTable) *window {
	return &window{in: newRows(p, names), out: newRows(p, names), one: newRows(p, names), width: 64}
}

// reset empties the window and sets the customers [lo, hi) that it takes.
func (w *window) reset(lo, hi core.CustomerID) {
	w.lo, w.hi = lo, hi
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

// each calls fn for every customer of the window, in order, or once for all.
func (w *window) each(fn func(c core.CustomerID, r *Rows) error) error {
	rows := w.in
	if rows.plan.mixed {
		if len(w.customers) == 0 {
			return nil
		}
		w.one.slice(rows, 0, len(w.customers))
		w.one.Customers, w.one.Low, w.one.customer = w.customers, w.lo, core.CustomerID(w.customers[0])
		return fn(w.one.customer, w.one)
	}
	order := w.sorted()
	if order != nil {
		rows = w.out
		rows.gather(w.in, order)
	}
	from := 0
	for _, end := range w.ends {
		c := w.customers[from]
		if order != nil {
			c = w.customers[order[from]]
		}
		w.one.slice(rows, from, int(end))
		w.one.customer = core.CustomerID(c)
		if err := fn(w.one.customer, w.one); err != nil {
			return err
		}
		from = int(end)
	}
	return nil
}

// sorted gives the order of the rows by customer, time and position, or nil
// when they have it already, and notes in ends where each customer ends.
func (w *window) sorted() []int32 {
	c, t, s := w.customers, w.in.Time, w.in.Seq
	n := len(c)
	w.ends = w.ends[:0]
	if n == 0 {
		return nil
	}
	inOrder, any := true, w.in.plan.anyOrder
	for i := 1; i < n; i++ {
		if c[i] == c[i-1] {
			inOrder = any || t[i] > t[i-1] || t[i] == t[i-1] && s[i] >= s[i-1]
		} else {
			inOrder = c[i] > c[i-1]
			w.ends = append(w.ends, int32(i))
		}
		if !inOrder {
			break
		}
	}
	if inOrder {
		w.ends = append(w.ends, int32(n))
		return nil
	}
	w.order = slices.Grow(w.order[:0], n)[:n]
	if width := int64(w.hi - w.lo); width < int64(4*n+1024) {
		w.count(int64(w.lo), int(width))
	} else {
		w.compare()
	}
	if !any {
		w.settle()
	}
	return w.order
}

// compare sorts by customer where their numbers lie too far apart to count.
func (w *window) compare() {
	c := w.customers
	for i := range w.order {
		w.order[i] = int32(i)
	}
	slices.SortStableFunc(w.order, func(a, b int32) int { return cmp.Compare(c[a], c[b]) })
	w.ends = w.ends[:0]
	for i := 1; i < len(w.order); i++ {
		if c[w.order[i]] != c[w.order[i-1]] {
			w.ends = append(w.ends, int32(i))
		}
	}
	w.ends = append(w.ends, int32(len(w.order)))
}

// count sorts by customer, counting; rows of a customer stay as they came.
func (w *window) count(lo int64, width int) {
	w.starts = slices.Grow(w.starts[:0], width+1)[:width+1]
	clear(w.starts)
	for _, c := range w.customers {
		w.starts[c-lo+1]++
	}
	w.ends = w.ends[:0]
	sum := int32(0)
	for i, n := range w.starts {
		if sum += n; n > 0 {
			w.ends = append(w.ends, sum)
		}
		w.starts[i] = sum
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
	t, s, o := w.in.Time, w.in.Seq, w.order
	before := func(a, b int32) bool { return t[a] < t[b] || t[a] == t[b] && s[a] < s[b] }
	from := 0
	for _, end := range w.ends {
		part := o[from:end]
		from = int(end)
		if len(part) > 64 {
			slices.SortFunc(part, func(a, b int32) int {
				if before(a, b) {
					return -1
				}
				return 1
			})
			continue
		}
		for i := 1; i < len(part); i++ {
			x, j := part[i], i
			for j > 0 && before(x, part[j-1]) {
				part[j] = part[j-1]
				j--
			}
			part[j] = x
		}
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
	r.Time, r.Seq, r.Kind, r.Name = from.Time[a:b:b], loaded(from.Seq, a, b), from.Kind[a:b:b], from.Name[a:b:b]
	if r.wide {
		r.Actor, r.Received, r.Original = loaded(from.Actor, a, b), loaded(from.Received, a, b), loaded(from.Original, a, b)
		r.Sent, r.Source, r.Flags = loaded(from.Sent, a, b), loaded(from.Source, a, b), loaded(from.Flags, a, b)
		r.ID, r.Context = loaded(from.ID, a, b), loaded(from.Context, a, b)
		r.Props, r.Rest = loaded(from.Props, a, b), loaded(from.Rest, a, b)
	}
	if r.plan.noFlags {
		if len(r.zeros) < b-a {
			r.zeros = make([]uint32, 2*(b-a))
		}
		r.Flags = r.zeros[: b-a : b-a]
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
