package segment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Run is one taking of cut points of recency, frequency and money, with the
// customers of each cell at that moment.
type Run struct {
	ID      int64
	TakenAt core.Micros
	By      string
	Cuts    expr.Cuts
	Grid    Grid
}

// Grid counts customers by score; index 0 is score 1.
type Grid struct {
	Customers int64         `json:"customers"`
	Cells     [5][5]Cell    `json:"cells"` // by recency, then frequency
	Money     [5]int64      `json:"money"` // customers by score of money
	Scores    map[int]int64 `json:"scores"`
}

// Cell is one cell of recency and frequency.
type Cell struct {
	Customers int64 `json:"customers"`
	Money     int64 `json:"money"` // sum, in millionths of the unit
}

// moneyNames are the properties of an order that may say its value, the best
// first; the one that most orders have is taken.
func moneyNames() []string { return []string{"subtotal", "revenue", "total", "value"} }

// buyer is one customer's figures.
type buyer struct {
	last core.Micros
	days int64
	sums [4]int64 // by name, in millionths
}

// LastRun gives the newest cut points; nil when none were taken.
func (s *Service) LastRun(ctx context.Context, ws core.WorkspaceID) (run *Run, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		run, err = lastRun(ctx, tx, ws)
		return err
	})
	return run, err
}

func lastRun(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (*Run, error) {
	var r Run
	var cuts, grid string
	err := tx.QueryRow(ctx, queries.Get("last_run"), []any{ws}, &r.ID, &r.TakenAt, &r.By, &cuts, &grid)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read cut points: %w", err)
	}
	if err := errors.Join(json.Unmarshal([]byte(cuts), &r.Cuts), json.Unmarshal([]byte(grid), &r.Grid)); err != nil {
		return nil, fmt.Errorf("read cut points: %w", err)
	}
	return &r, nil
}

// TakeRun cuts the buyers of now into fifths by rank, ties together, keeps the
// points, and computes the segments that name scores anew.
func (s *Service) TakeRun(ctx context.Context, ws core.WorkspaceID, by string) (*Run, error) {
	now := core.FromTime(s.Clock.Now())
	list, name, err := s.buyers(ctx, ws, now)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errs.New(errs.Conflict, "no_orders", "there is no customer with an event %q yet: scores need orders", core.EventOrderCompleted)
	}
	r := &Run{TakenAt: now, By: by, Cuts: expr.Cuts{Event: core.EventOrderCompleted, Property: moneyNames()[name]}}
	r.cut(list, name, now)
	r.count(list, name, now)
	cuts, err := json.Marshal(r.Cuts)
	if err != nil {
		return nil, err
	}
	grid, err := json.Marshal(r.Grid)
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		old, err := lastRun(ctx, tx, ws)
		if err != nil {
			return err
		}
		r.ID = 1
		if old != nil {
			r.ID = old.ID + 1
		}
		_, err = tx.Exec(ctx, queries.Get("insert_run"), ws, r.ID, now, by, string(cuts), string(grid))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep cut points: %w", err)
	}
	if err := s.Load(ctx, ws); err != nil {
		return nil, err
	}
	s.Refresh(ctx, ws)
	return r, nil
}

// buyers reads all orders and gives the buyers' figures and which property says
// what an order is worth.
func (s *Service) buyers(ctx context.Context, ws core.WorkspaceID, now core.Micros) (list []buyer, name int, err error) {
	cal, names := s.of(ws).catalogue.cal, moneyNames()
	columns := make([]string, len(names))
	for i, n := range names {
		columns[i] = timeline.Prop(n)
	}
	workers := runtime.GOMAXPROCS(0)
	parts, met := make([][]buyer, workers), make([][4]int64, workers)
	req := timeline.Request{Workspace: ws, To: now + 1, Match: []timeline.EventKey{{Kind: core.KindTrack, Name: core.EventOrderCompleted}}, Columns: columns, Workers: workers}
	err = s.Timeline.Scan(ctx, req, func(w int, _ core.CustomerID, r *timeline.Rows) error {
		b := buyer{last: r.Time[r.Len()-1]}
		day := int64(-1 << 62)
		for i := range r.Time {
			if d := cal.Day(r.Time[i]); d != day {
				day = d
				b.days++
			}
			for k := range names {
				if v, ok := r.PropAt(i, k); ok {
					if m, ok := core.ParseMoney(v.Display(), 6); ok {
						b.sums[k] += m
						met[w][k]++
					}
				}
			}
		}
		parts[w] = append(parts[w], b)
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read orders: %w", err)
	}
	var all [4]int64
	for _, m := range met {
		for k := range all {
			all[k] += m[k]
		}
	}
	for k := range all {
		if all[k] > all[name] {
			name = k
		}
	}
	return slices.Concat(parts...), name, nil
}

// points gives the least value of each fifth from the second up: of all values
// the smallest of which at least that share lies below. A fifth that ties leave
// empty begins beyond the largest value.
func points(values []int64) (out [4]int64) {
	slices.Sort(values)
	n := len(values)
	for k := range out {
		out[k] = values[n-1] + 1
		for i := 0; i < n; {
			if 5*i >= (k+1)*n {
				out[k] = values[i]
				break
			}
			j := i
			for j < n && values[j] == values[i] {
				j++
			}
			i = j
		}
	}
	return out
}

// cut sets the cut points.
func (r *Run) cut(list []buyer, name int, now core.Micros) {
	ages, days, sums := make([]int64, len(list)), make([]int64, len(list)), make([]int64, len(list))
	for i := range list {
		ages[i], days[i], sums[i] = -age(&list[i], now), list[i].days, list[i].sums[name]
	}
	for i, p := range points(ages) { // the older, the smaller
		// A span of n seconds leaves out what happened n seconds ago.
		r.Cuts.Days[i] = float64(max(-p+1, 1)) / 86_400
	}
	r.Cuts.Orders, r.Cuts.Money = points(days), points(sums)
}

// age is how many whole seconds ago the last order was.
func age(b *buyer, now core.Micros) int64 { return (now - b.last) / core.Second }

// count fills the grid by the cut points.
func (r *Run) count(list []buyer, name int, now core.Micros) {
	r.Grid.Scores = map[int]int64{}
	for i := range list {
		b := &list[i]
		rs, fs, ms := 0, 0, 0
		for k := range 4 {
			if float64(age(b, now)) < r.Cuts.Days[k]*86_400 {
				rs++
			}
			if b.days >= r.Cuts.Orders[k] {
				fs++
			}
			if b.sums[name] >= r.Cuts.Money[k] {
				ms++
			}
		}
		r.Grid.Customers++
		c := &r.Grid.Cells[rs][fs]
		c.Customers++
		c.Money += b.sums[name]
		r.Grid.Money[ms]++
		r.Grid.Scores[(rs+1)*100+(fs+1)*10+ms+1]++
	}
}

// Group is customers of one value of something.
type Group struct {
	Value      string
	Missing    bool // without the trait or stage
	Rest       bool // all values beyond those shown
	Members    int64
	Population int64 // of all customers, members included
}

// maxGroups bounds a composition.
const maxGroups = 25

// Composition counts a segment's members and all customers by a trait ("trait")
// or by the stage of a model ("stage"); the most common values first, the rest
// last.
func (s *Service) Composition(ctx context.Context, ws core.WorkspaceID, g Segment, by, name string) ([]Group, error) {
	list, err := s.Members(ctx, ws, g)
	if err != nil {
		return nil, err
	}
	all := map[string]*Group{}
	note := func(c core.CustomerID, value string, missing bool) {
		key := value
		if missing {
			key = "\x00"
		}
		x := all[key]
		if x == nil {
			x = &Group{Value: value, Missing: missing}
			all[key] = x
		}
		x.Population++
		if _, in := slices.BinarySearch(list, c); in {
			x.Members++
		}
	}
	switch by {
	case "trait":
		err = s.People.Traits(ctx, ws, func(c core.CustomerID, traits []byte) {
			v, ok := core.Lookup(traits, name)
			note(c, v.Display(), !ok)
		})
	case "stage":
		err = s.stages(ctx, ws, name, note)
	default:
		return nil, errs.Field("by", "bad_dimension", "%q is neither trait nor stage", by)
	}
	if err != nil {
		return nil, err
	}
	return topGroups(all), nil
}

func (s *Service) stages(ctx context.Context, ws core.WorkspaceID, model string, note func(core.CustomerID, string, bool)) error {
	if model == "" {
		model = s.Models.DefaultModel(ws)
	}
	at, err := s.People.Stages(ctx, ws, model)
	if err != nil {
		return err
	}
	everybody, err := s.People.Everybody(ctx, ws)
	if err != nil {
		return err
	}
	for _, c := range everybody {
		stage, ok := at[c]
		note(c, stage, !ok)
	}
	return nil
}

func topGroups(all map[string]*Group) []Group {
	var out []Group
	for _, g := range all {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Members, a.Members), cmp.Compare(b.Population, a.Population), cmp.Compare(a.Value, b.Value))
	})
	if len(out) <= maxGroups {
		return out
	}
	rest := Group{Rest: true}
	for _, g := range out[maxGroups:] {
		rest.Members += g.Members
		rest.Population += g.Population
	}
	return append(out[:maxGroups], rest)
}
