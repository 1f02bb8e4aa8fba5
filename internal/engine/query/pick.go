package query

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// picker holds the event choices of a spec, compiled. Choice k is bit k of a
// row's mask.
type picker struct {
	choices []choice
	where   []condition // on every row
	flags   bool        // leave out bots and tests
	local   expr.Calendar
	paths   []string // property columns; the place is the index in Rows
	traits  []int    // columns of traits, read from identify events
	ahead   bool     // identify events up to now are read
	ever    bool     // conditions on all events are at the first two choices
}

type choice struct {
	kind  core.Kind // 0 = all but signals
	name  string    // "" = all
	label string
	where []condition
}

type condition struct {
	matcher *expr.Matcher
	path    int
	match   expr.Match
	dim     *dimension // of the customer; nil: of the event, at path
}

// excludedFlags mark rows that do not count unless the spec says so.
const excludedFlags = uint32(core.FlagBot | core.FlagTest)

func newPicker(s *Spec, local expr.Calendar) (*picker, error) {
	p := &picker{flags: !s.Bots, local: local}
	var err error
	if p.where, err = p.compile(s.Where); err != nil {
		return nil, err
	}
	// Conditions on all events must not hide the first event ever: they move to
	// the choices that they are meant for.
	ever := s.Kind == KindRetention && s.Retention.Entry == EntryFirstEver
	p.ever = ever
	if ever {
		p.where = nil
	}
	for i, e := range s.events() {
		if ever && i < 2 {
			e.Where = append(slices.Clone(s.Where), e.Where...)
		}
		k, err := e.kind()
		if err != nil {
			return nil, bad("kind", "%v", err)
		}
		c := choice{kind: k, name: e.Event, label: e.label()}
		if c.where, err = p.compile(e.Where); err != nil {
			return nil, err
		}
		p.choices = append(p.choices, c)
	}
	return p, nil
}

// events lists the event choices of the spec, in the order of their bits.
func (s *Spec) events() []Event {
	var out []Event
	switch s.Kind {
	case KindTrend:
		for i := range s.Trend.Series {
			out = append(out, s.Trend.Series[i].Event)
		}
	case KindFunnel:
		for i := range s.Funnel.Steps {
			out = append(out, s.Funnel.Steps[i].Event)
		}
		for i := range s.Funnel.Exclude {
			out = append(out, s.Funnel.Exclude[i].Event)
		}
	case KindRetention:
		// The third choice is the bare start event, for entry first_ever.
		out = append(out, s.Retention.Start, s.Retention.back(), Event{Kind: s.Retention.Start.Kind, Event: s.Retention.Start.Event})
	case KindGrowth:
		out = append(out, s.Growth.Event)
	case KindStickiness:
		out = append(out, s.Stickiness.Event)
	case KindPaths:
		for _, e := range s.Paths.events() {
			out = append(out, e.Event)
		}
	case KindComposition:
		out = append(out, s.Composition.Event)
	case KindTable:
		for i := range s.Table.Columns {
			out = append(out, s.Table.Columns[i].Event)
		}
	case KindAttribution:
		out = append(out, s.Attribution.events()...)
	case KindJourney:
		out = append(out, s.Journey.events()...)
	}
	return out
}

// series are the measures of a trend or a table.
func (s *Spec) series() []Series {
	if s.Kind == KindTable {
		return s.Table.Columns
	}
	return s.Trend.Series
}

func (p *picker) compile(where []expr.Match) ([]condition, error) {
	var out []condition
	for _, m := range where {
		c, err := expr.CompileIn(m, p.local)
		if err != nil {
			return nil, bad("where", "%v", err)
		}
		path := -1 // the event's own time
		if m.Name != expr.EventTime {
			path = p.path(m.Name)
		}
		out = append(out, condition{matcher: c, path: path, match: m})
	}
	return out, nil
}

// path gives the place of a property's column, adding it when it is new.
func (p *picker) path(name string) int {
	if i := slices.Index(p.paths, name); i >= 0 {
		return i
	}
	p.paths = append(p.paths, name)
	return len(p.paths) - 1
}

func (p *picker) columns() []string {
	var out []string
	if p.flags {
		out = append(out, timeline.ColFlags)
	}
	for _, name := range p.paths {
		out = append(out, timeline.Prop(name))
	}
	return out
}

// match names the events to read.
func (p *picker) match(others bool) []timeline.EventKey {
	var out []timeline.EventKey
	add := func(k core.Kind, name string) {
		if key := (timeline.EventKey{Kind: k, Name: name}); !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	all := func(name string) {
		for k := core.KindTrack; k < core.KindSignal; k++ {
			add(k, name)
		}
	}
	if others {
		all("")
	} else if len(p.traits) > 0 {
		add(core.KindIdentify, "")
	}
	for _, c := range p.choices {
		if c.kind == 0 {
			all(c.name)
		} else {
			add(c.kind, c.name)
		}
	}
	return out
}

func (c *choice) wants(kind core.Kind, name string) bool {
	if c.kind == 0 && kind == core.KindSignal || c.kind != 0 && c.kind != kind {
		return false
	}
	return c.name == "" || c.name == name
}

// worker is the scratch of one goroutine of a scan.
type worker struct {
	p        *picker
	memory   *budget
	customer core.CustomerID
	rows     []int32  // rows of this customer that count
	masks    []uint64 // of those rows: bit k = choice k
	table    []uint64 // masks by name and kind, with known set
	plain    bool     // no conditions at all
	others   bool
	from, to core.Micros // of rows that count, where the scan is wider
	cut      bool        // the scan is wider
	now      core.Micros
	known    core.Micros // identify events received later do not count

	given    [][]int32 // by trait and row: the row of its value
	latest   []int32   // by trait
	stays    []Stay    // of customer stayed in stayedIn
	stayed   core.CustomerID
	stayedIn *dimension

	met              []uint64 // bits of customers, where a call is of several
	count, customers int64
	hits             []int64 // rows by choice, before its conditions
	seen             []int64 // values met by path
	asked            []int64 // rows asked by path
}

// known marks a table entry that was computed.
const known = 1 << 63

func newWorker(p *picker, m *budget) *worker {
	w := &worker{p: p, memory: m, known: everKnown, plain: true, hits: make([]int64, len(p.choices))}
	for _, c := range p.choices {
		w.plain = w.plain && len(c.where) == 0
	}
	w.plain = w.plain && len(p.where) == 0
	return w
}

// worker makes the scratch of one goroutine.
func (q *query) worker() *worker {
	w := newWorker(q.picker, &q.memory)
	w.now = q.env.Now
	if q.spec.AsKnown != nil {
		w.known = core.FromTime(*q.spec.AsKnown)
	}
	return w
}

func (w *worker) begin(others bool, from, to core.Micros) {
	w.from, w.to = from, to
	w.cut = len(w.p.traits) > 0 || from == 0 || to == 0
	w.table, w.others, w.count, w.customers = w.table[:0], others, 0, 0
	for len(w.seen) < len(w.p.paths) {
		w.seen, w.asked = append(w.seen, 0), append(w.asked, 0)
	}
}

// pick gathers the rows of c that count.
func (w *worker) pick(c core.CustomerID, r *timeline.Rows) {
	w.customer, w.rows, w.masks = c, w.rows[:0], w.masks[:0]
	wide := len(w.p.traits) > 0
	if wide {
		w.follow(r)
	} else if w.plain && !w.cut {
		w.pickPlain(r)
		return
	}
	for i, name := range r.Name {
		if w.p.flags && r.Flags[i]&excludedFlags != 0 {
			continue
		}
		if w.cut && (r.Time[i] < w.from || r.Time[i] >= w.to) {
			continue
		}
		at := int(name)<<3 | int(r.Kind[i])
		if at >= len(w.table) || w.table[at] == 0 {
			w.learn(at, r, i)
		}
		m := w.table[at] &^ known
		if !w.plain {
			if !w.holds(w.p.where, r, i) {
				continue
			}
			m = w.narrow(m, r, i)
		}
		if m != 0 || w.others {
			w.rows, w.masks = append(w.rows, int32(i)), append(w.masks, m)
		}
	}
	w.picked(r)
}

// picked counts what was gathered.
func (w *worker) picked(r *timeline.Rows) {
	w.count += int64(len(w.rows))
	if r.Customers == nil {
		w.customers += int64(min(len(w.rows), 1))
		return
	}
	clear(w.met)
	for _, i := range w.rows {
		at := r.Customers[i] - int64(r.Low)
		for at>>6 >= int64(len(w.met)) {
			w.met = append(w.met, 0)
		}
		w.met[at>>6] |= 1 << (at & 63)
	}
	for _, x := range w.met {
		w.customers += int64(bits.OnesCount64(x))
	}
}

// personal says whether a condition asks whose an event is.
func (p *picker) personal() bool {
	of := func(list []condition) bool {
		return slices.ContainsFunc(list, func(c condition) bool { return c.dim != nil })
	}
	return of(p.where) || slices.ContainsFunc(p.choices, func(c choice) bool { return of(c.where) })
}

// pickPlain is pick without conditions: most rows count.
func (w *worker) pickPlain(r *timeline.Rows) {
	n := len(r.Name)
	if cap(w.rows) < n {
		w.rows, w.masks = make([]int32, n, 2*n), make([]uint64, n, 2*n)
	}
	rows, masks, k := w.rows[:n], w.masks[:n], 0
	kinds, flags := r.Kind[:n], r.Flags
	for i, name := range r.Name {
		if w.p.flags && flags[i]&excludedFlags != 0 {
			continue
		}
		at := int(name)<<3 | int(kinds[i])
		if at >= len(w.table) || w.table[at] == 0 {
			w.learn(at, r, i)
		}
		if m := w.table[at] &^ known; m != 0 || w.others {
			rows[k], masks[k] = int32(i), m
			k++
		}
	}
	w.rows, w.masks = rows[:k], masks[:k]
	w.picked(r)
}

// learn works out the mask of row i's name and kind.
func (w *worker) learn(at int, r *timeline.Rows, i int) {
	for at >= len(w.table) {
		w.table = append(w.table, 0)
	}
	name, m := r.NameOf(r.Name[i]), uint64(known)
	for k := range w.p.choices {
		if w.p.choices[k].wants(core.Kind(r.Kind[i]), name) {
			m |= 1 << k
			w.hits[k]++ // once is enough: it tells an unknown event
		}
	}
	w.table[at] = m
}

// narrow takes away the choices whose conditions row i does not meet.
func (w *worker) narrow(m uint64, r *timeline.Rows, i int) uint64 {
	for k := range w.p.choices {
		if m&(1<<k) != 0 && !w.holds(w.p.choices[k].where, r, i) {
			m &^= 1 << k
		}
	}
	return m
}

func (w *worker) holds(where []condition, r *timeline.Rows, i int) bool {
	for k := range where {
		if !where[k].holds(w, r, i) {
			return false
		}
	}
	return true
}

// value reads the property at path of row i.
func (w *worker) value(r *timeline.Rows, i, path int) (core.Value, bool) {
	v, set := r.PropAt(i, path)
	w.asked[path]++
	if set {
		w.seen[path]++
	}
	return v, set
}

// text gives the value of a breakdown; a missing one is noValue.
func (w *worker) text(r *timeline.Rows, i, path int) string {
	col := r.PropColumn(path)
	w.asked[path]++
	switch col.Kind[i] {
	case core.ValueNone:
		return noValue
	case core.ValueText:
		w.seen[path]++
		return col.Text[i]
	}
	w.seen[path]++
	v, _ := r.PropAt(i, path)
	return v.Display()
}

// number reads the property at path of row i in millionths; see package fold.
func (w *worker) number(r *timeline.Rows, i, path int) (int64, bool) {
	col := r.PropColumn(path)
	w.asked[path]++
	if col.Kind[i] == core.ValueNone {
		return 0, false
	}
	w.seen[path]++
	if k := col.Kind[i]; k != core.ValueNumber && k != core.ValueText {
		return 0, false
	}
	if n, ok := whole(col, i); ok {
		return n * 1_000_000, true
	}
	v, _ := r.PropAt(i, path)
	return core.ParseMoney(v.Text, 6)
}

// whole is the short way for small whole numbers.
func whole(col *timeline.PropColumn, i int) (int64, bool) {
	if col.Kind[i] != core.ValueNumber {
		return 0, false
	}
	n := int64(col.Num[i])
	return n, float64(n) == col.Num[i] && n > -1e12 && n < 1e12
}

// hints tells of names that nothing carries.
func (q *query) hints(ctx context.Context) {
	hits := make([]int64, len(q.picker.choices))
	seen, asked := make([]int64, len(q.picker.paths)), make([]int64, len(q.picker.paths))
	for _, w := range q.workers {
		add(hits, w.hits)
		add(seen, w.seen)
		add(asked, w.asked)
	}
	told := map[string]bool{}
	for k, c := range q.picker.choices {
		if c.name == "" || hits[k] > 0 || told[c.label] {
			continue
		}
		told[c.label] = true
		if q.elsewhere(ctx, &c) {
			q.hint("no_events", c.name, fmt.Sprintf("events called %q exist, but none counts in this range", c.name))
		} else {
			q.hint("unknown_event", c.name, fmt.Sprintf("no event called %q was found", c.name))
		}
	}
	for k, path := range q.picker.paths {
		if _, context := timeline.ContextOf(path); context {
			continue
		}
		if asked[k] > 0 && seen[k] == 0 {
			q.hint("unknown_property", path, fmt.Sprintf("none of the events read has the property %q", path))
		}
	}
}

func (q *query) hint(code, name, text string) {
	q.meta.Hints = append(q.meta.Hints, Hint{code, name, text})
}

// elsewhere says whether the source knows its names and c is among them.
func (q *query) elsewhere(ctx context.Context, c *choice) bool {
	if _, move := expr.Moves()[c.name]; move && c.kind == core.KindSignal {
		return true
	}
	n, ok := q.src.(namer)
	if !ok {
		return false
	}
	names, err := n.Names(ctx, q.env.Workspace)
	return err == nil && slices.ContainsFunc(names, func(s timeline.NameStat) bool { return c.wants(s.Kind, s.Name) })
}

func add(into, from []int64) {
	for i := range from {
		into[i] += from[i]
	}
}
