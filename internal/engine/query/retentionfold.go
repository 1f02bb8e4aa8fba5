package query

import (
	"context"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// retentionGroup counts one table, row by row.
type retentionGroup struct {
	size                []int64
	returned, sum, nums []int64
}

func mergeRetention(a, b *retentionGroup) {
	add(a.size, b.size)
	add(a.returned, b.returned)
	add(a.nums, b.nums)
	for i, v := range b.sum {
		a.sum[i] = addClamped(a.sum[i], v)
	}
}

// retentionFold holds what all workers share.
type retentionFold struct {
	q                *query
	r                *Retention
	rows, cols       int
	columns          [][2]int
	grid             *grid // of the rows and the periods behind them
	most             int   // last period of any column
	triangle         bool
	unit             core.Micros // of rolling periods; 0 = calendar
	prop             int
	breakdown        *dimension // nil: none
	least            int64
	parts            []*retentionPart
	entryBit, anyBit uint64
}

// retentionPart is one worker's share and scratch.
type retentionPart struct {
	groups  *groups[retentionGroup]
	anchors []anchor
	backs   []back
	n       []int64 // return events by period
	sum     []int64
	nums    []int64
	ok      []bool // by column

	worker   int
	customer core.CustomerID
}

type anchor struct {
	row   int
	at    core.Micros
	event int32 // row of the timeline
}

type back struct {
	at    core.Micros
	val   int64
	num   bool
	event int32
}

const (
	startBit = 1 << iota
	returnBit
	everBit
)

func (q *query) retention(ctx context.Context) (*RetentionResult, error) {
	f, err := q.newRetentionFold(q.spec.Retention)
	if err != nil {
		return nil, err
	}
	if err := f.locate(); err != nil {
		return nil, err
	}
	var sets []*groups[retentionGroup]
	for _, p := range f.parts {
		sets = append(sets, p.groups)
	}
	from := q.from
	if f.r.Entry == EntryFirstTime || f.r.Entry == EntryFirstEver {
		from = beginning // the first is known from the whole history only
	}
	to := q.to
	if f.unit > 0 {
		to += core.Micros(f.lookAhead()+2) * f.unit // one more: days of 23 h and short months
	} else if !f.triangle {
		to = f.grid.edges[f.grid.len()]
	}
	keys, all, err := folded(q, sets, q.roster.fixed(), mergeRetention, func() error { return q.scan(ctx, from, to, false, f.fold) })
	if err != nil {
		return nil, err
	}
	if f.breakdown == nil {
		keys, q.meta.Values = []string{""}, 0
	}
	res := &RetentionResult{Groups: []RetentionGroup{}, Unit: f.r.Unit, Columns: f.columns, Buckets: q.bucketList(f.grid.edges[:f.rows+1], q.from, q.to)}
	for _, k := range keys {
		g, v := all[k], newValue(k)
		if g == nil {
			g = f.group()
		}
		if f.breakdown == nil {
			v = Value{All: true}
		}
		res.Groups = append(res.Groups, f.table(v, g))
	}
	return res, nil
}

// lookAhead is how many rolling periods may follow the end of the range.
func (f *retentionFold) lookAhead() int {
	if f.triangle {
		return 0
	}
	return f.most
}

func (q *query) newRetentionFold(r *Retention) (*retentionFold, error) {
	edges, err := q.cal.buckets(r.Unit, q.from, q.to)
	if err != nil {
		return nil, err
	}
	f := &retentionFold{q: q, r: r, rows: len(edges) - 1, columns: r.Brackets, prop: -1, breakdown: q.split, least: max(int64(r.AtLeast), 1)}
	f.triangle = r.Periods == 0 && len(r.Brackets) == 0
	periods := r.Periods
	if f.triangle {
		periods = f.rows - 1
	}
	if len(r.Brackets) == 0 {
		for k := range periods + 1 {
			f.columns = append(f.columns, [2]int{k, k})
		}
	}
	f.cols, f.most = len(f.columns), f.columns[len(f.columns)-1][1]
	if f.rows*f.cols > maxRetention {
		return nil, bad("retention.periods", "the table would have %d cells, more than %d: choose a longer unit, a shorter range or fewer periods", f.rows*f.cols, maxRetention)
	}
	if !f.triangle {
		for range f.most {
			edges = append(edges, q.cal.add(r.Unit, edges[len(edges)-1], 1))
		}
	}
	f.grid = newGrid(edges)
	if r.Mode == ModeRolling {
		f.unit = rollingUnit(r.Unit)
	}
	f.entryBit, f.anyBit = startBit, startBit
	if r.Entry == EntryFirstEver {
		f.anyBit = everBit
	}
	if r.Property != "" {
		f.prop = q.picker.path(r.Property)
	}
	limit := 1
	if r.Breakdown != nil {
		limit = r.Breakdown.top()
	}
	for range q.workers {
		n := f.most + 1
		p := &retentionPart{worker: len(f.parts), n: make([]int64, n), sum: make([]int64, n), nums: make([]int64, n), ok: make([]bool, f.cols)}
		p.groups = newGroups(limit, &q.memory, 8*f.rows*(1+3*f.cols), f.group)
		f.parts = append(f.parts, p)
	}
	return f, nil
}

func (f *retentionFold) group() *retentionGroup {
	n := f.rows * f.cols
	return &retentionGroup{make([]int64, f.rows), make([]int64, n), make([]int64, n), make([]int64, n)}
}

// fold takes the rows of one customer.
func (f *retentionFold) fold(n int, w *worker, r *timeline.Rows) error {
	p := f.parts[n]
	p.customer = w.customer
	first := f.gather(p, w, r)
	if f.q.trace != nil {
		f.q.trace.retained(f, p, r)
	}
	if len(p.anchors) == 0 {
		return nil
	}
	key := ""
	if f.breakdown != nil {
		key = w.label(r, first, f.breakdown)
	}
	g, err := p.groups.get(key, 1)
	if err != nil || g == nil {
		return err
	}
	skip := 0
	for _, a := range p.anchors {
		for skip < len(p.backs) && p.backs[skip].at < a.at {
			skip++
		}
		if err := f.tell(p, g, a.row, f.follow(p, g, a, p.backs[skip:])); err != nil {
			return err
		}
	}
	return nil
}

// gather finds the entries and the return events of a customer, and the row of
// the first entry.
func (f *retentionFold) gather(p *retentionPart, w *worker, r *timeline.Rows) (first int) {
	p.anchors, p.backs = p.anchors[:0], p.backs[:0]
	recurring, known := f.r.Entry == "" || f.r.Entry == EntryRecurring, false
	for k, i := range w.rows {
		at, m := r.Time[i], w.masks[k]
		if m&f.anyBit != 0 && (recurring || !known) {
			known = true
			if m&f.entryBit != 0 && at >= f.q.from && at < f.q.to {
				row := f.grid.of(at)
				if n := len(p.anchors); n == 0 || p.anchors[n-1].row != row {
					if n == 0 {
						first = int(i)
					}
					p.anchors = append(p.anchors, anchor{row, at, i})
				}
			}
		}
		if m&returnBit != 0 && at >= f.q.from {
			b := back{at: at, event: i}
			if f.prop >= 0 {
				b.val, b.num = w.number(r, int(i), f.prop)
			}
			p.backs = append(p.backs, b)
		}
	}
	return first
}

// follow counts one entry, and says in which columns it came back.
func (f *retentionFold) follow(p *retentionPart, g *retentionGroup, a anchor, backs []back) []bool {
	clear(p.n)
	clear(p.sum)
	clear(p.nums)
	for i := range backs {
		b := &backs[i]
		k, ok := f.period(a, b.at)
		if !ok {
			break
		}
		p.n[k]++
		if b.num {
			p.sum[k] = addClamped(p.sum[k], b.val)
			p.nums[k]++
		}
	}
	g.size[a.row]++
	later, laterSum, laterNums := false, int64(0), int64(0)
	for c := f.cols - 1; c >= 0; c-- {
		var n, sum, nums int64
		for k := f.columns[c][0]; k <= f.columns[c][1]; k++ {
			n, sum, nums = n+p.n[k], addClamped(sum, p.sum[k]), nums+p.nums[k]
		}
		back := n >= f.least || f.columns[c][0] == 0 // period 0 holds everybody
		if f.r.OnOrAfter {
			later = later || back
			laterSum, laterNums = addClamped(laterSum, sum), laterNums+nums
			back, sum, nums = later, laterSum, laterNums
		}
		p.ok[c] = back
		if at := a.row*f.cols + c; back {
			g.returned[at]++
			g.sum[at] = addClamped(g.sum[at], sum)
			g.nums[at] += nums
		}
	}
	return p.ok
}

// period gives the period of an instant after an entry; ok is false behind the
// last one.
func (f *retentionFold) period(a anchor, at core.Micros) (k int, ok bool) {
	if f.unit > 0 {
		k = int((at - a.at) / f.unit)
	} else {
		k = f.grid.of(at) - a.row
	}
	return k, k <= f.most && f.exists(a.row, k)
}

// exists says whether a row has a cell for period k.
func (f *retentionFold) exists(row, k int) bool { return !f.triangle || row+k < f.rows }

// runs says whether the last period of a column still runs for some of a row.
func (f *retentionFold) runs(row, c int) bool {
	last := f.columns[c][1]
	if f.unit > 0 {
		return f.grid.edges[row+1]+core.Micros(last+1)*f.unit > f.q.env.Now
	}
	return f.grid.edges[row+last+1] > f.q.env.Now
}

func (f *retentionFold) table(v Value, g *retentionGroup) RetentionGroup {
	out := RetentionGroup{Value: v, Average: make([]RetentionCell, f.cols)}
	starts := make([]float64, f.cols) // sums of the first column of the complete cells
	for row := range f.rows {
		var cells []RetentionCell
		for c := range f.cols {
			if !f.exists(row, f.columns[c][0]) {
				break
			}
			at := row*f.cols + c
			x := RetentionCell{Size: g.size[row], Returned: g.returned[at], Sum: float64(g.sum[at]) / 1e6, Count: g.nums[at], Incomplete: f.runs(row, c)}
			start := float64(g.sum[row*f.cols]) / 1e6
			if !x.Incomplete {
				a := &out.Average[c]
				a.Size, a.Returned, a.Sum, a.Count = a.Size+x.Size, a.Returned+x.Returned, a.Sum+x.Sum, a.Count+x.Count
				starts[c] += start
			}
			f.shares(&x, start)
			cells = append(cells, x)
		}
		out.Rows = append(out.Rows, cells)
	}
	for c := range out.Average {
		f.shares(&out.Average[c], starts[c])
	}
	return out
}

func (f *retentionFold) shares(x *RetentionCell, start float64) {
	if x.Size > 0 {
		v := float64(x.Returned) / float64(x.Size)
		x.Share = &v
	}
	if f.prop >= 0 && start != 0 {
		v := x.Sum / start
		x.Kept = &v
	}
}

// locate checks that the cell asked for is in the table.
func (f *retentionFold) locate() error {
	t := f.q.roster
	if t == nil {
		return nil
	}
	c := t.cell
	if *c.Row >= f.rows {
		return bad("cell.row", "must lie between 0 and %d", f.rows-1)
	}
	if c.Column != nil && (*c.Column >= f.cols || !f.exists(*c.Row, f.columns[*c.Column][0])) {
		return bad("cell.column", "row %d has no column %d", *c.Row, *c.Column)
	}
	return nil
}

// tell says whether the customer at hand, who entered in row, is behind the
// number asked for; back says in which columns it returned.
func (f *retentionFold) tell(p *retentionPart, g *retentionGroup, row int, back []bool) error {
	t := f.q.roster
	if t == nil || row != *t.cell.Row || !p.groups.is(t.key, g) {
		return nil
	}
	if f.q.trace != nil {
		f.q.trace.entered = true
	}
	if t.cell.Outcome != OutcomeSize && back[*t.cell.Column] != (t.cell.Outcome == OutcomeReturned) {
		return nil
	}
	return t.add(p.worker, p.customer, 1)
}
