package timeline

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// reader reads blocks of one file: filter chooses rows of a block, load reads
// the other columns for those, add hands them to Rows.
type reader struct {
	file  *segmentFile
	plan  *plan
	want  *matcher
	names *nameTable
	whole wholeness

	group int // row group entered, -1 = none
	cols  []*column
	block int
	start int64 // first row of the block in its group
	rows  int

	customers, time, seq []int64
	kinds                []int32
	oneKind              []int32         // a block of the kind that all rows of the group have; empty: they differ
	filled               map[int][]int64 // buffers of constant columns, by leaf
	events               []int32
	eventText            []string // when the page is not dictionary encoded
	ids                  []uint32 // name ids by place in the dictionary
	masks                []uint32 // kinds wanted, likewise
	anyName              bool     // some name of the group is wanted
	identity             []int32
	sel                  []int32
	feeds                []columnFeed
	typed                map[string]*typedBlock
	received             intRange
	rest                 textRange
	restAt               [3]int64 // group, first and last row that rest holds
}

// wholeness says which filters every row of a segment passes.
type wholeness struct{ time, received bool }

func (m *matcher) whole(g *segment) wholeness {
	return wholeness{time: g.minTime >= m.from && g.maxTime < m.to, received: g.maxReceived <= m.asReceived}
}

func newReader(f *segmentFile, p *plan, want *matcher, names *nameTable, whole wholeness) *reader {
	r := &reader{file: f, plan: p, want: want, names: names, whole: whole, group: -1, typed: map[string]*typedBlock{}, filled: map[int][]int64{}}
	r.feeds = newFeeds(r)
	return r
}

// enter moves to a row group; it says whether any of its events is wanted.
func (r *reader) enter(group int) (bool, error) {
	r.leave()
	r.group, r.oneKind = group, r.oneKind[:0]
	if v, null, ok := r.file.constant(group, r.file.leaf["kind"]); ok && !null {
		r.oneKind = sized(r.oneKind, blockRows)
		for i := range r.oneKind {
			r.oneKind[i] = v.Int32()
		}
	}
	r.cols = make([]*column, len(r.file.groups[group].chunks))
	c, err := r.column("event")
	if err != nil {
		return false, err
	}
	d, err := c.readDict()
	if err != nil {
		return false, fmt.Errorf("read event names: %w", err)
	}
	r.ids, r.masks, r.anyName = r.ids[:0], r.masks[:0], r.want.all
	if d == nil {
		r.anyName = true
		return true, nil
	}
	for i := range d.len() {
		name := d.text(int32(i))
		mask := r.want.kindsOf(name)
		r.ids = append(r.ids, r.names.id(name))
		r.masks = append(r.masks, mask)
		r.anyName = r.anyName || mask != 0
	}
	if !r.anyName && d.len() < maxDict/64 {
		return false, nil
	}
	// A dictionary may have overflowed into plain pages: look at the pages.
	return true, nil
}

func (r *reader) leave() {
	for _, c := range r.cols {
		if c != nil {
			c.close()
		}
	}
	r.cols, r.group = nil, -1
	r.restAt = [3]int64{-1}
}

// column gives the column called name, or nil when the file has none.
func (r *reader) column(name string) (*column, error) {
	leaf, ok := r.file.leaf[name]
	if !ok {
		return nil, nil
	}
	if c := r.cols[leaf]; c != nil {
		return c, nil
	}
	c, err := newColumn(r.file, r.group, leaf)
	r.cols[leaf] = c
	return c, err
}

func (r *reader) ints(name string) ([]int64, error) {
	leaf := r.file.leaf[name]
	if v, null, ok := r.file.constant(r.group, leaf); ok && !null {
		b := sized(r.filled[leaf], r.rows)
		for i := range b {
			b[i] = v.Int64()
		}
		r.filled[leaf] = b
		return b, nil
	}
	c, err := r.column(name)
	if err != nil {
		return nil, err
	}
	v, err := c.ints(r.start)
	if err == nil && len(v) != r.rows {
		err = fmt.Errorf("column %s: page has %d rows, want %d", name, len(v), r.rows)
	}
	return v, err
}

// intRange is a number column of some rows of a block.
type intRange struct {
	off    int
	values []int64
}

func (t *intRange) at(row int32) int64 { return t.values[int(row)-t.off] }

// intsOf reads rows [from, to) of the group, all of the block, into t.
func (r *reader) intsOf(name string, from, to int64, t *intRange) error {
	t.off, t.values = int(from-r.start), sized(t.values, int(to-from))
	leaf := r.file.leaf[name]
	if v, null, ok := r.file.constant(r.group, leaf); ok && !null {
		for i := range t.values {
			t.values[i] = v.Int64()
		}
		return nil
	}
	c, err := r.column(name)
	if err != nil {
		return err
	}
	step := r.file.pageRows(name)
	for row := from / step * step; row < to; row += step {
		v, err := c.ints(row)
		if err != nil {
			return err
		}
		lo, hi := max(from, row), min(to, row+step)
		if hi > row+int64(len(v)) {
			return fmt.Errorf("column %s: page has %d rows, want %d", name, len(v), hi-row)
		}
		copy(t.values[lo-from:], v[lo-row:hi-row])
	}
	return nil
}

// filter chooses the rows of a block that are wanted and written under numbers
// of [lo, hi) that keep accepts; nil keeps all. The result is valid until the
// next call.
func (r *reader) filter(block int, lo, hi core.CustomerID, keep func(core.CustomerID) bool) (sel []int32, err error) {
	info := r.file.groups[r.group].blocks[block]
	r.block, r.start, r.rows = block, int64(block)*blockRows, info.rows
	every := r.want.all
	if !every {
		if err := r.readNames(); err != nil {
			return nil, err
		}
		if every = r.everyWanted(); !every && !r.anyWanted() {
			return nil, nil
		}
	}
	if r.customers, err = r.ints("customer"); err != nil {
		return nil, err
	}
	from, to := 0, info.rows
	if info.min < lo {
		from = sort.Search(info.rows, func(i int) bool { return r.customers[i] >= int64(lo) })
	}
	if info.max >= hi {
		to = sort.Search(info.rows, func(i int) bool { return r.customers[i] >= int64(hi) })
	}
	if from >= to {
		return nil, nil
	}
	sel = r.file.identity[from:to]
	if !every {
		sel = r.keepNames(sel)
	}
	if keep != nil {
		sel = r.keepCustomers(sel, keep)
	}
	return r.filterTimes(sel)
}

func (r *reader) filterTimes(sel []int32) (_ []int32, err error) {
	if len(sel) == 0 {
		return nil, nil
	}
	if r.time, err = r.ints("time"); err != nil {
		return nil, err
	}
	if !r.whole.time {
		sel = r.keepBetween(sel, r.time, r.want.from, r.want.to)
	}
	if !r.whole.received && len(sel) > 0 {
		if err := r.intsOf("received", r.start, r.start+int64(r.rows), &r.received); err != nil {
			return nil, err
		}
		received := r.received.values
		to := r.want.asReceived
		if to < math.MaxInt64 {
			to++
		}
		sel = r.keepBetween(sel, received, math.MinInt64, to)
	}
	return sel, nil
}

// readNames loads kinds and event names of the block.
func (r *reader) readNames() error {
	if err := r.readKinds(); err != nil {
		return err
	}
	e, err := r.column("event")
	if err != nil {
		return err
	}
	idx, ok, err := e.indexes(r.start)
	if err != nil {
		return err
	}
	if ok && len(idx) != r.rows {
		return fmt.Errorf("column event: page has %d rows, want %d", len(idx), r.rows)
	}
	r.events = idx
	if !ok {
		return r.readPlainNames(e)
	}
	return nil
}

func (r *reader) readKinds() error {
	if len(r.oneKind) > 0 {
		r.kinds = r.oneKind[:r.rows]
		return nil
	}
	c, err := r.column("kind")
	if err != nil {
		return err
	}
	if err := c.read(r.start); err != nil {
		return err
	}
	data := c.page.Data()
	if r.kinds = data.Int32(); len(r.kinds) != r.rows {
		return fmt.Errorf("column kind: page has %d rows, want %d", len(r.kinds), r.rows)
	}
	return nil
}

// readPlainNames numbers the names of a page without dictionary behind those
// of the dictionary.
func (r *reader) readPlainNames(c *column) error {
	if r.eventText == nil {
		r.eventText = make([]string, blockRows)
	}
	if err := c.texts(r.start, r.start+int64(r.rows), r.start, blockRows, r.eventText); err != nil {
		return err
	}
	places := map[string]int32{}
	out := make([]int32, r.rows)
	for i, name := range r.eventText[:r.rows] {
		k, ok := places[name]
		if !ok {
			name = strings.Clone(name)
			k = int32(len(r.ids))
			places[name] = k
			r.ids = append(r.ids, r.names.id(name))
			r.masks = append(r.masks, r.want.kindsOf(name))
		}
		out[i] = k
	}
	r.events = out
	return nil
}

// everyWanted says that the rows are of one kind, of which every name of the
// dictionary is wanted.
func (r *reader) everyWanted() bool {
	if len(r.oneKind) == 0 {
		return false
	}
	bit := uint32(1) << uint(r.oneKind[0])
	for _, m := range r.masks {
		if m&bit == 0 {
			return false
		}
	}
	return true
}

func (r *reader) anyWanted() bool {
	for i, e := range r.events {
		if r.masks[e]&(1<<uint(r.kinds[i])) != 0 {
			return true
		}
	}
	return false
}

// own gives the reader's selection, emptied. A filter may read the old content
// while it appends, since it never overtakes itself.
func (r *reader) own() []int32 {
	if r.sel == nil {
		r.sel = make([]int32, 0, blockRows)
	}
	return r.sel[:0]
}

// keepNames writes every row and moves on behind those that are wanted: names
// come in no order that a processor could guess.
func (r *reader) keepNames(sel []int32) []int32 {
	out, k := r.own()[:len(sel)], 0
	kinds, events, masks := r.kinds, r.events, r.masks
	for _, i := range sel {
		out[k] = i
		k += int(masks[events[i]] >> uint(kinds[i]) & 1)
	}
	return out[:k]
}

// keepCustomers asks keep once per customer.
func (r *reader) keepCustomers(sel []int32, keep func(core.CustomerID) bool) []int32 {
	out := r.own()
	last, ok := int64(-1), false
	for _, i := range sel {
		if c := r.customers[i]; c != last {
			last, ok = c, keep(core.CustomerID(c))
		}
		if ok {
			out = append(out, i)
		}
	}
	return out
}

func (r *reader) keepBetween(sel []int32, values []int64, from, to int64) []int32 {
	out := r.own()
	for _, i := range sel {
		if v := values[i]; v >= from && v < to {
			out = append(out, i)
		}
	}
	return out
}

// load reads what Rows needs of the chosen rows of the block.
func (r *reader) load(sel []int32) (err error) {
	if r.want.all { // else the names chose the rows
		if err := r.readNames(); err != nil {
			return err
		}
	}
	if !r.plan.anyOrder {
		if r.seq, err = r.ints("seq"); err != nil {
			return err
		}
	}
	from, to := r.start+int64(sel[0]), r.start+int64(sel[len(sel)-1])+1
	for _, f := range r.feeds {
		if err := f.load(from, to); err != nil {
			return err
		}
	}
	return nil
}

// add appends chosen rows of the loaded block.
func (r *reader) add(out *Rows, sel []int32) {
	out.Time = addChosen(out.Time, r.time, sel)
	if !r.plan.anyOrder {
		out.Seq = addChosen(out.Seq, r.seq, sel)
	}
	n := len(out.Kind)
	out.Kind = slices.Grow(out.Kind, len(sel))[:n+len(sel)]
	out.Name = slices.Grow(out.Name, len(sel))[:n+len(sel)]
	kinds, names := out.Kind[n:], out.Name[n:]
	for k, i := range sel {
		kinds[k] = uint8(r.kinds[i])
		names[k] = r.ids[r.events[i]]
	}
	for _, f := range r.feeds {
		f.add(out, sel)
	}
}

func (r *reader) addCustomers(out []int64, sel []int32) []int64 {
	return addChosen(out, r.customers, sel)
}

// addChosen appends the chosen values of a block, at once when they lie side by
// side.
func addChosen(out, values []int64, sel []int32) []int64 {
	if a, b := int(sel[0]), int(sel[len(sel)-1])+1; b-a == len(sel) {
		return append(out, values[a:b]...)
	}
	n := len(out)
	out = slices.Grow(out, len(sel))[:n+len(sel)]
	for k, i := range sel {
		out[n+k] = values[i]
	}
	return out
}
