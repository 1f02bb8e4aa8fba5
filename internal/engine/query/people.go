package query

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// Outcomes of a cell.
const (
	OutcomeReached   = "reached" // of a funnel's step (default)
	OutcomeConverted = "converted"
	OutcomeDropped   = "dropped" // made the required step before, not this one, and cannot any more
	OutcomePending   = "pending" // at this step, with a window that still runs
	OutcomeExcluded  = "excluded"
	OutcomeDiffers   = "differs" // comes out otherwise in another mode

	OutcomeContinued = "continued" // of a node of paths, beside reached and dropped

	OutcomeReturned = "returned" // of a retention cell (default)
	OutcomeLost     = "lost"
	OutcomeSize     = "size" // who entered in the row
)

// Cell is the place of one number in a Result.
type Cell struct {
	Value  *Value `json:"value,omitempty"`  // of the breakdown; of funnels nil is the total
	Series string `json:"series,omitempty"` // of a trend or a table: A, B …
	Before bool   `json:"before,omitempty"` // of a trend: in the compared period
	Bucket *int   `json:"bucket,omitempty"` // of trend, growth and the bins of a composition, from 0; nil is the total
	Step   int    `json:"step,omitempty"`   // of a funnel, from 1
	// Mode is the one to compare with, of outcome differs; default ciclo.
	Mode string `json:"mode,omitempty"`
	// Outcome is one of a funnel's or of a retention cell's.
	Outcome   string `json:"outcome,omitempty"`
	Row       *int   `json:"row,omitempty"`
	Column    *int   `json:"column,omitempty"`
	State     string `json:"state,omitempty"`     // of growth
	Intervals int    `json:"intervals,omitempty"` // of stickiness
	Node      string `json:"node,omitempty"`      // key of a node of paths; none: all paths
	Next      string `json:"next,omitempty"`      // with Node, of an edge: the node it leads to
	OrMore    bool   `json:"or_more,omitempty"`
}

// Person is a customer behind a number, and how often it counts there: several
// times where events or all conversions are counted.
type Person struct {
	ID    core.CustomerID `json:"id"`
	Times int64           `json:"times"`
}

// PeopleResult holds the customers behind one number, sorted. Total is that number: of
// a trend's customers, active or per_customer the customers, of its other
// measures the events that were measured.
type PeopleResult struct {
	Total  int64    `json:"total"`
	People []Person `json:"people"`
	Meta   Meta     `json:"meta"`
}

// People gives the customers behind the number of a cell, by the fold that
// computes the number.
func People(ctx context.Context, src Source, spec Spec, env Env, cell Cell) (*PeopleResult, error) {
	q, err := newQuery(ctx, src, spec, env)
	if err != nil {
		return nil, err
	}
	if err := q.ask(ctx, &cell); err != nil {
		return nil, err
	}
	res, err := q.run(ctx)
	if err != nil {
		return nil, err
	}
	out := &PeopleResult{People: q.roster.people(), Meta: res.Meta}
	for i := range out.People {
		out.Total += out.People[i].Times
	}
	return out, nil
}

// ask makes the folds say who is behind the number of c.
func (q *query) ask(ctx context.Context, c *Cell) error {
	if err := c.check(q.spec); err != nil {
		return err
	}
	t := &roster{cell: c, memory: &q.memory, lists: make([]list, len(q.workers)), at: -1}
	if c.Bucket != nil {
		t.at = *c.Bucket
	}
	if c.Series != "" {
		t.series = int(c.Series[0] - 'A')
		switch q.spec.series()[t.series].measure() {
		case Customers, Active, PerCustomer:
			t.once = true
		}
	}
	if c.Value != nil && !c.Value.All {
		t.split, t.key = true, c.Value.key()
	}
	if t.key == other {
		shown, err := q.shown(ctx)
		if err != nil {
			return err
		}
		t.shown = shown
	}
	if q.spec.Kind == KindComposition && q.spec.Composition.Numbers != nil && c.Bucket != nil {
		res, err := Run(ctx, q.src, *q.spec, q.env)
		if err != nil {
			return err
		}
		t.binned = res.Composition.Numbers.Bins
	}
	q.roster = t
	return nil
}

// shown gives the keys of the values that the chart shows, by a run of its own.
func (q *query) shown(ctx context.Context) (map[string]bool, error) {
	res, err := Run(ctx, q.src, *q.spec, q.env)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, v := range res.values() {
		if k := v.key(); k != other {
			out[k] = true
		}
	}
	return out, nil
}

// values lists the values of the breakdown.
func (r *Result) values() (out []Value) {
	switch r.Kind {
	case KindTrend:
		for i := range r.Trend.Lines {
			out = append(out, r.Trend.Lines[i].Value)
		}
	case KindFunnel:
		for i := range r.Funnel.Groups {
			out = append(out, r.Funnel.Groups[i].Value)
		}
	case KindRetention:
		for i := range r.Retention.Groups {
			out = append(out, r.Retention.Groups[i].Value)
		}
	case KindComposition:
		for i := range r.Composition.Parts {
			out = append(out, r.Composition.Parts[i].Value)
		}
	}
	return out
}

// roster gathers who is behind one number; nil asks for nobody.
type roster struct {
	cell   *Cell
	split  bool            // of one value
	key    string          // that value
	shown  map[string]bool // the values that are not the rest, when the rest is asked for
	series int
	at     int // bucket, -1 = all
	once   bool
	binned []NumberBin // of a composition of numbers
	asked  bool        // by a cell, not for the sake of an explanation alone
	lists  []list      // by worker
	memory *budget
}

type list struct {
	people []Person
	spare  int
}

// add says that c counts. The rows of a customer come together, so that its
// entry is the last of its worker's list.
func (t *roster) add(worker int, c core.CustomerID, times int64) error {
	l := &t.lists[worker]
	if n := len(l.people); n > 0 && l.people[n-1].ID == c {
		if !t.once {
			l.people[n-1].Times += times
		}
		return nil
	}
	if l.spare -= 32; l.spare < 0 {
		l.spare = 1 << 16
		if err := t.memory.take(l.spare); err != nil {
			return err
		}
	}
	l.people = append(l.people, Person{c, times})
	return nil
}

func (t *roster) people() []Person {
	var out []Person
	for _, l := range t.lists {
		out = append(out, l.people...)
	}
	slices.SortFunc(out, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// fixed gives the values that groups keep apart; nil lets them find out.
func (t *roster) fixed() []string {
	switch {
	case t == nil:
		return nil
	case t.key == other:
		return append(slices.Sorted(maps.Keys(t.shown)), other)
	}
	return []string{t.key}
}

// of says whether the wanted number is that of a value, or of everybody.
func (t *roster) of(key string, total bool) bool {
	if total || !t.split {
		return total && !t.split
	}
	if t.key == other {
		return !t.shown[key]
	}
	return t.key == key
}

func (t *roster) whole() bool { return t.at < 0 }

func (t *roster) inside(bucket int, cumulative bool) bool {
	return t.at < 0 || bucket == t.at || cumulative && bucket < t.at
}

// bucket checks that the bucket asked for is one of n.
func (t *roster) bucket(n int) error {
	if t != nil && t.at >= n {
		return bad("cell.bucket", "must lie between 0 and %d", n-1)
	}
	return nil
}

// check says what is wrong with c as a place in the answer to s.
func (c *Cell) check(s *Spec) error {
	if err := c.members(s.Kind); err != nil {
		return err
	}
	if c.Bucket != nil && *c.Bucket < 0 {
		return bad("cell.bucket", "must not be negative")
	}
	switch s.Kind {
	case KindTrend:
		return c.trend(s.Trend)
	case KindFunnel:
		return c.funnel(s.Funnel)
	case KindRetention:
		return c.retention(s.Retention)
	case KindPaths:
		_, _, err := c.path(cmp.Or(s.Paths.Steps, DefaultSteps))
		return err
	case KindComposition:
		if s.Composition.Numbers == nil && c.Bucket != nil {
			return bad("cell.bucket", "is set, although the composition is not of numbers")
		}
		return c.breakdown(s.Composition.Breakdown != nil, false)
	case KindTable:
		if err := c.column(s.Table.Columns); err != nil {
			return err
		}
		return c.breakdown(s.Table.Breakdown != nil, false)
	case KindGrowth:
		if c.Bucket == nil {
			return bad("cell.bucket", "is missing")
		}
		if c.State == "" {
			c.State = StateActive
		}
		return oneOf("cell.state", c.State, StateActive, StateNew, StateReturning, StateResurrecting, StateDormant)
	}
	if c.Intervals < 1 {
		return bad("cell.intervals", "must be 1 or more")
	}
	return nil
}

// members refuses what has no meaning for a kind.
func (c *Cell) members(k Kind) error {
	for _, m := range []struct {
		name  string
		set   bool
		kinds []Kind
	}{
		{"value", c.Value != nil && !c.Value.All, []Kind{KindTrend, KindFunnel, KindRetention, KindComposition, KindTable}},
		{"series", c.Series != "", []Kind{KindTrend, KindTable}},
		{"before", c.Before, []Kind{KindTrend}},
		{"bucket", c.Bucket != nil, []Kind{KindTrend, KindGrowth, KindComposition}},
		{"mode", c.Mode != "", []Kind{KindFunnel}},
		{"step", c.Step != 0, []Kind{KindFunnel}},
		{"outcome", c.Outcome != "", []Kind{KindFunnel, KindRetention, KindPaths}},
		{"row", c.Row != nil, []Kind{KindRetention}},
		{"column", c.Column != nil, []Kind{KindRetention}},
		{"state", c.State != "", []Kind{KindGrowth}},
		{"intervals", c.Intervals != 0, []Kind{KindStickiness}},
		{"or_more", c.OrMore, []Kind{KindStickiness}},
		{"node", c.Node != "", []Kind{KindPaths}},
		{"next", c.Next != "", []Kind{KindPaths}},
	} {
		if m.set && !slices.Contains(m.kinds, k) {
			return bad("cell."+m.name, "has no meaning in a %s", k)
		}
	}
	return nil
}

// breakdown checks that a value is given where and only where there are some.
func (c *Cell) breakdown(split, needed bool) error {
	has := c.Value != nil && !c.Value.All
	if has && !split {
		return bad("cell.value", "is set, although the query has no breakdown")
	}
	if !has && split && needed {
		return bad("cell.value", "is missing, although the query has a breakdown")
	}
	return nil
}

// column checks the series of a trend or the column of a table.
func (c *Cell) column(list []Series) error {
	if c.Series == "" && len(list) == 1 {
		c.Series = "A"
	}
	if len(c.Series) > 1 && c.Series[0] == 'F' {
		return bad("cell.series", "%s is a formula: ask for one of its series", c.Series)
	}
	if len(c.Series) != 1 || c.Series[0] < 'A' || int(c.Series[0]-'A') >= len(list) {
		return bad("cell.series", "must name a series from A to %c", 'A'+len(list)-1)
	}
	return nil
}

// path reads the keys of a node and of the one that follows.
func (c *Cell) path(steps int) (node, next *pathAt, err error) {
	if c.Node == "" {
		if c.Next != "" || c.Outcome != "" {
			return nil, nil, bad("cell.node", "is missing")
		}
		return nil, nil, nil
	}
	if err := oneOf("cell.outcome", c.Outcome, OutcomeReached, OutcomeContinued, OutcomeDropped); err != nil {
		return nil, nil, err
	}
	if node, err = readNode("cell.node", c.Node, steps); err != nil || c.Next == "" {
		return node, nil, err
	}
	if c.Outcome != "" {
		return nil, nil, bad("cell.outcome", "has no meaning of an edge")
	}
	if next, err = readNode("cell.next", c.Next, steps); err == nil && next.position != node.position+1 {
		err = bad("cell.next", "must be at the next position")
	}
	return node, next, err
}

func readNode(field, key string, steps int) (*pathAt, error) {
	number, item, ok := strings.Cut(key, "_")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > steps {
		return nil, bad(field, "must be a position from 1 to %d, _ and an item", steps)
	}
	return &pathAt{n, item}, nil
}

func (c *Cell) trend(t *Trend) error {
	if err := c.column(t.Series); err != nil {
		return err
	}
	if c.Before && t.Compare == "" {
		return bad("cell.before", "is set, although the query compares with no other period")
	}
	return c.breakdown(t.Breakdown != nil, true)
}

func (c *Cell) funnel(f *Funnel) error {
	if err := oneOf("cell.outcome", c.Outcome, OutcomeReached, OutcomeConverted, OutcomeDropped, OutcomePending, OutcomeExcluded, OutcomeDiffers); err != nil {
		return err
	}
	if c.Outcome == "" {
		c.Outcome = OutcomeReached
	}
	if err := c.mode(f); err != nil {
		return err
	}
	least, most := 1, len(f.Steps)
	switch c.Outcome {
	case OutcomeConverted, OutcomeExcluded, OutcomeDiffers:
		if c.Step != 0 {
			return bad("cell.step", "has no meaning with outcome %s", c.Outcome)
		}
		least = 0
	case OutcomePending:
		least = 0
	case OutcomeDropped:
		least = 2
	}
	if c.Step < least || c.Step > most {
		return bad("cell.step", "must lie between %d and %d", least, most)
	}
	return c.breakdown(f.Breakdown != nil, false)
}

// mode checks the mode to compare with.
func (c *Cell) mode(f *Funnel) error {
	if c.Outcome != OutcomeDiffers {
		if c.Mode != "" {
			return bad("cell.mode", "has no meaning with outcome %s", c.Outcome)
		}
		return nil
	}
	if err := oneOf("cell.mode", c.Mode, ModeCiclo, ModeWindowFunnel, ModeStrictIncrease); err != nil {
		return err
	}
	if c.Mode == "" {
		c.Mode = ModeCiclo
	}
	if c.Mode == f.mode() || f.Order == OrderAny {
		return bad("cell.mode", "must be another mode than the funnel's, which must have an order")
	}
	if c.Value != nil && !c.Value.All {
		return bad("cell.value", "has no meaning with outcome differs")
	}
	return nil
}

func (c *Cell) retention(r *Retention) error {
	if err := oneOf("cell.outcome", c.Outcome, OutcomeReturned, OutcomeLost, OutcomeSize); err != nil {
		return err
	}
	if c.Outcome == "" {
		c.Outcome = OutcomeReturned
	}
	if c.Row == nil || *c.Row < 0 {
		return bad("cell.row", "must be 0 or more")
	}
	if c.Column == nil && c.Outcome != OutcomeSize || c.Column != nil && *c.Column < 0 {
		return bad("cell.column", "must be 0 or more")
	}
	return c.breakdown(r.Breakdown != nil, true)
}
