package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

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
		res, err := q.again(ctx)
		if err != nil {
			return err
		}
		t.binned = res.Composition.Numbers.Bins
	}
	if q.spec.Kind == KindJourney {
		sections, err := q.sections(ctx)
		if err != nil {
			return err
		}
		t.sections = sections
	}
	q.roster = t
	return nil
}

// again answers the query as the chart does. Who is known by now.
func (q *query) again(ctx context.Context) (*Result, error) {
	s := *q.spec
	s.Who = nil
	return Run(ctx, q.src, s, q.env)
}

// shown gives the keys of the values that the chart shows, by a run of its own.
func (q *query) shown(ctx context.Context) (map[string]bool, error) {
	res, err := q.again(ctx)
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
	// sections are those that a journey shows; nil: all.
	sections map[sectionOf]bool
	asked    bool   // by a cell, not for the sake of an explanation alone
	lists    []list // by worker
	memory   *budget
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
