package query

import (
	"math/bits"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// track is one customer's rows as a funnel sees them: times, and masks with bit
// k for step k, then a bit for each exclusion.
type track struct {
	times []core.Micros
	masks []uint64
}

// outcome is a customer's (or a piece's) result.
type outcome struct {
	depth   int     // furthest step, from 1
	rows    []int32 // row by step, -1 where it was not made; valid until the next outcome
	start   core.Micros
	tainted bool
	by      int32 // see attempt
	broke   int32
	open    bool // an attempt that is not tainted may still go on
	since   core.Micros
}

// attempt is one try, begun at a step-1 event.
type attempt struct {
	start   core.Micros
	depth   int
	tainted bool
	rows    []int32
	by      int32 // first row of the instant that tainted it, else -1
	broke   int32 // first row of the instant that ended it in strict order, else -1
}

// queue holds the attempts at one depth, by start.
type queue struct {
	items []*attempt
	clean int // attempts that are not tainted
}

// rule is what all walks of a funnel share.
type rule struct {
	steps    int
	optional []bool
	reach    []int // by depth: the next required step, from 1
	stepMask uint64
	order    string
	mode     string
	all      bool // count every conversion
	simple   bool // ordered, every step required, nothing excluded, counted once
	window   core.Micros
	exclude  []span
	from, to core.Micros // of step 1
	now      core.Micros
}

// span is where an exclusion acts.
type span struct {
	bit      uint64
	from, to int
}

func newRule(f *Funnel, from, to, now core.Micros) *rule {
	n := len(f.Steps)
	r := &rule{steps: n, optional: make([]bool, n+1), reach: make([]int, n), stepMask: 1<<n - 1, order: f.Order, mode: f.mode(), all: f.Counting == CountAll,
		window: f.window(), from: from, to: to, now: now}
	for i := range f.Steps {
		r.optional[i+1] = f.Steps[i].Optional
	}
	for d := range n {
		for r.reach[d] = d + 1; r.optional[r.reach[d]]; {
			r.reach[d]++
		}
	}
	for i := range f.Exclude {
		a, b := f.Exclude[i].between(n)
		r.exclude = append(r.exclude, span{1 << (n + i), a, b})
	}
	r.simple = (r.order == "" || r.order == OrderFree) && !r.all && len(r.exclude) == 0 && !slices.Contains(r.optional, true)
	return r
}

// walk runs attempts over tracks; it is one worker's.
type walk struct {
	*rule
	t      track
	queues []queue // by depth, from 1
	best   *attempt
	done   bool
	free   []*attempt
	rows   [2][]int32 // of chain: the best so far and the one at hand
	match  matching
	given  outcome // what out is called with
	out    func(*outcome) error
	tried  func(a *attempt, dropped bool) // told of every attempt that ends, when set
}

func newWalk(r *rule, out func(*outcome) error) *walk {
	w := &walk{rule: r, queues: make([]queue, r.steps+1), out: out, match: newMatching(r.steps)}
	for i := range w.rows {
		w.rows[i] = make([]int32, r.steps)
	}
	return w
}

// run gives the outcomes of a track to out: at most one, or one a piece when
// all conversions count.
func (w *walk) run(t track) error {
	w.t, w.done = t, false
	if w.order == OrderAny {
		return w.anyOrder()
	}
	first := slices.IndexFunc(t.masks, func(m uint64) bool { return m&1 != 0 })
	if first < 0 {
		return nil // nothing begins
	}
	for first > 0 && t.times[first-1] == t.times[first] {
		first--
	}
	if w.simple && w.mode != ModeWindowFunnel && w.tried == nil && len(t.times)-first <= maxChained {
		if ok, err := w.chain(first); ok || err != nil {
			return err
		}
	}
	for i, j := first, 0; i < len(t.times) && !w.done; i = j {
		for j = i + 1; j < len(t.times) && t.times[j] == t.times[i]; {
			j++
		}
		w.instant(i, j)
		if w.all && w.best != nil && w.best.depth == w.steps && !w.best.tainted {
			w.drop()
			if err := w.finish(outcome{}); err != nil {
				return err
			}
		}
	}
	var o outcome
	for d := 1; d <= w.steps; d++ {
		for _, a := range w.queues[d].items {
			if !a.tainted && a.start+w.window >= w.now && (!o.open || a.start < o.since) {
				o.open, o.since = true, a.start
			}
			w.close(a)
		}
		w.queues[d].items, w.queues[d].clean = w.queues[d].items[:0], 0
	}
	return w.finish(o)
}

// maxChained bounds the rows of chain, whose work grows with their square.
const maxChained = 32

// chain is run for the plain case, of a short track whose rows from first on are
// all of different times: it follows each start to its end. It says false where
// two rows share a time.
func (w *walk) chain(first int) (bool, error) {
	times, masks := w.t.times[first:], w.t.masks[first:]
	for k := 1; k < len(times); k++ {
		if times[k] == times[k-1] {
			return false, nil
		}
	}
	o := outcome{by: -1, broke: -1}
	ends := max(w.now, times[len(times)-1]) // an attempt whose window reaches it still runs
	for i, at := range times {
		if masks[i]&1 == 0 || at < w.from || at >= w.to {
			continue
		}
		rows, depth, end := w.rows[1], 1, at+w.window
		rows[0] = int32(first + i)
		for k := i + 1; k < len(times) && depth < w.steps && times[k] <= end; k++ {
			if masks[k]>>depth&1 != 0 {
				rows[depth] = int32(first + k)
				depth++
			}
		}
		if depth > o.depth {
			o.depth, o.start = depth, at
			w.rows[0], w.rows[1] = rows, w.rows[0]
		}
		if depth == w.steps {
			o.open = false
			break
		}
		if !o.open && end >= ends {
			o.open, o.since = true, at
		}
	}
	if o.depth == 0 {
		return true, nil
	}
	o.rows = w.rows[0]
	for s := o.depth; s < w.steps; s++ {
		o.rows[s] = -1
	}
	w.given = o
	return true, w.out(&w.given)
}

// drop forgets the attempts that run.
func (w *walk) drop() {
	for d := range w.queues {
		for _, a := range w.queues[d].items {
			if w.tried != nil {
				w.tried(a, true)
			}
		}
		w.free = append(w.free, w.queues[d].items...)
		w.queues[d].items, w.queues[d].clean = w.queues[d].items[:0], 0
	}
}

// finish reports the best attempt.
func (w *walk) finish(o outcome) error {
	if w.best == nil {
		return nil
	}
	a := w.best
	o.depth, o.rows, o.start, o.tainted, o.by, o.broke = a.depth, a.rows, a.start, a.tainted, a.by, a.broke
	w.best = nil
	w.free = append(w.free, a)
	w.given = o
	return w.out(&w.given)
}

// close ends an attempt and keeps it if it is the best: the deepest, then one
// that is not tainted, then the earliest.
func (w *walk) close(a *attempt) {
	if w.tried != nil {
		w.tried(a, false)
	}
	b := w.best
	if b == nil || a.depth > b.depth || a.depth == b.depth && (b.tainted && !a.tainted || b.tainted == a.tainted && a.start < b.start) {
		if b != nil {
			w.free = append(w.free, b)
		}
		w.best = a
		return
	}
	w.free = append(w.free, a)
}

// instant takes the rows [i, j), which are of one time.
func (w *walk) instant(i, j int) {
	at, m := w.t.times[i], uint64(0)
	for k := i; k < j; k++ {
		m |= w.t.masks[k]
	}
	for d := 1; d < w.steps; d++ {
		q := &w.queues[d]
		n := 0
		for n < len(q.items) && q.items[n].start+w.window < at {
			if !q.items[n].tainted {
				q.clean--
			}
			w.close(q.items[n])
			n++
		}
		if n > 0 {
			q.items = append(q.items[:0], q.items[n:]...)
		}
	}
	for d := w.steps - 1; d >= 1; d-- {
		if len(w.queues[d].items) > 0 {
			w.advance(d, i, j, m)
		}
	}
	if m&1 != 0 && at >= w.from && at < w.to {
		w.begin(i, j)
	}
	done := &w.queues[w.steps]
	if len(done.items) == 0 {
		return
	}
	// Attempts begun earlier are at least as deep, so that no later conversion
	// can be of an earlier attempt.
	w.done = done.clean > 0 && !w.all
	for _, a := range done.items {
		w.close(a)
	}
	done.items, done.clean = done.items[:0], 0
	if w.done {
		w.drop()
	}
}

// advance moves the attempts at depth d as far as the rows [i, j) carry them.
func (w *walk) advance(d, i, j int, m uint64) {
	q := &w.queues[d]
	to := d
	if m&w.stepMask != 0 {
		to = w.carry(d, i, j)
	}
	for _, x := range w.exclude {
		if m&x.bit != 0 && d >= x.from && to < x.to {
			q.taint(int32(i))
		}
	}
	if to == d {
		if w.order == OrderStrict {
			for _, a := range q.items {
				a.broke = int32(i)
				w.close(a)
			}
			q.items, q.clean = q.items[:0], 0
		}
		return
	}
	into := &w.queues[to]
	for _, a := range q.items {
		a.depth = to
		for s := d; s < to; s++ {
			a.rows[s] = w.match.row(s)
		}
	}
	into.items = append(into.items, q.items...)
	into.clean += q.clean
	q.items, q.clean = q.items[:0], 0
}

// begin starts an attempt at an instant of step 1.
func (w *walk) begin(i, j int) {
	var a *attempt
	if n := len(w.free); n > 0 {
		a, w.free = w.free[n-1], w.free[:n-1]
	} else {
		a = &attempt{rows: make([]int32, w.steps)}
	}
	a.start, a.tainted, a.by, a.broke = w.t.times[i], false, -1, -1
	a.depth = w.carry(0, i, j)
	for s := range a.rows {
		a.rows[s] = -1
		if s < a.depth {
			a.rows[s] = w.match.row(s)
		}
	}
	q := &w.queues[a.depth]
	q.items = append(q.items, a)
	q.clean++
}

// dropped says whether an outcome made the required step before step s, counted
// from 0, but not s, and cannot any more.
func (r *rule) dropped(o *outcome, s int) bool {
	before := s - 1
	for r.optional[before+1] {
		before--
	}
	return !o.tainted && o.rows[before] >= 0 && o.rows[s] < 0 && !(o.open && o.depth < r.steps)
}

// within says whether an outcome is behind the number of a cell.
func (r *rule) within(c *Cell, o *outcome) bool {
	if c.Outcome == OutcomeExcluded || o.tainted {
		return o.tainted && c.Outcome == OutcomeExcluded
	}
	switch c.Outcome {
	case OutcomeConverted:
		return o.depth == r.steps
	case OutcomePending:
		return o.open && o.depth < r.steps && (c.Step == 0 || o.depth == c.Step)
	case OutcomeDropped:
		return r.dropped(o, c.Step-1)
	}
	return o.rows[max(c.Step, 1)-1] >= 0
}

// carry tells how deep the rows [i, j) of one instant take an attempt at depth
// d, and leaves in w.match which row serves which step. The rows count as if
// they came in the order of the steps, each once. Required steps come first;
// optional ones take what is left, the last first.
func (w *walk) carry(d, i, j int) int {
	w.match.reset(i, j, w.t.masks)
	if w.mode != ModeCiclo {
		return w.carryAs(d, i, j)
	}
	if j == i+1 {
		for s := w.reach[d]; s > d; s-- {
			if w.t.masks[i]&(1<<(s-1)) != 0 {
				w.match.set(s-1, int32(i))
				return s
			}
		}
		return d
	}
	to, stop := d, d
	for stop = w.reach[d]; w.match.augment(stop - 1); stop = w.reach[stop] {
		if to = stop; stop == w.steps {
			break
		}
	}
	for s := min(stop, w.steps); s > d; s-- {
		if w.optional[s] && w.match.augment(s-1) {
			to = max(to, s)
		}
	}
	return to
}

// carryAs is carry in another mode.
func (w *walk) carryAs(d, i, j int) int {
	serve := func(s int) bool {
		for k := i; k < j; k++ {
			if w.t.masks[k]&(1<<(s-1)) != 0 {
				w.match.set(s-1, int32(k))
				return true
			}
		}
		return false
	}
	if w.mode == ModeStrictIncrease {
		for s := w.reach[d]; s > d; s-- {
			if serve(s) {
				return s
			}
		}
		return d
	}
	to, stop := d, d
	for stop = w.reach[d]; serve(stop); stop = w.reach[stop] {
		if to = stop; stop == w.steps {
			break
		}
	}
	for s := min(stop, w.steps); s > d; s-- {
		if w.optional[s] && serve(s) {
			to = max(to, s)
		}
	}
	return to
}

func (q *queue) taint(row int32) {
	for k := len(q.items) - 1; k >= 0 && q.clean > 0; k-- {
		if !q.items[k].tainted {
			q.items[k].tainted, q.items[k].by = true, row
			q.clean--
		}
	}
}

// matching pairs steps with rows, each row once.
type matching struct {
	masks []uint64
	from  int
	count int
	rowOf []int32 // by step, -1 none
	step  []int32 // by row, -1 none
	seen  []bool  // rows tried by one augmentation
}

func newMatching(steps int) matching { return matching{rowOf: make([]int32, steps)} }

func (m *matching) reset(i, j int, masks []uint64) {
	for s := range m.rowOf {
		m.rowOf[s] = -1
	}
	m.masks, m.from, m.count = masks, i, j-i
	if j == i+1 {
		return
	}
	for len(m.step) < m.count {
		m.step, m.seen = append(m.step, -1), append(m.seen, false)
	}
	for k := range m.count {
		m.step[k] = -1
	}
}

func (m *matching) row(step int) int32 { return m.rowOf[step] }

func (m *matching) set(step int, row int32) { m.rowOf[step] = row }

// augment finds a row for a step, moving other steps to other rows if need be.
func (m *matching) augment(step int) bool {
	clear(m.seen[:m.count])
	return m.try(step)
}

func (m *matching) try(step int) bool {
	for k := range m.count {
		if m.masks[m.from+k]&(1<<step) == 0 || m.seen[k] {
			continue
		}
		m.seen[k] = true
		if m.step[k] < 0 || m.try(int(m.step[k])) {
			m.step[k], m.rowOf[step] = int32(step), int32(m.from+k)
			return true
		}
	}
	return false
}

// distinct counts the steps in a mask.
func distinct(mask uint64) int { return bits.OnesCount64(mask) }
