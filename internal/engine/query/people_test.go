package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// number is a cell and what the chart says there.
type number struct {
	cell query.Cell
	want int64
}

func at(n int) *int { return &n }

func valued(v query.Value) *query.Value {
	if v.All {
		return nil
	}
	return &v
}

// numbers lists every number of a result that customers stand behind.
func numbers(s *query.Spec, r *query.Result) (out []number) {
	switch r.Kind {
	case query.KindTrend:
		for _, l := range r.Trend.Lines {
			if l.Series[0] == 'F' {
				continue
			}
			out = append(out, trendNumbers(s, l, false)...)
			if l.Before != nil {
				out = append(out, trendNumbers(s, *l.Before, true)...)
			}
		}
	case query.KindFunnel:
		for _, g := range append([]query.FunnelGroup{r.Funnel.Total}, r.Funnel.Groups...) {
			add := func(outcome string, step int, n int64) {
				out = append(out, number{query.Cell{Value: valued(g.Value), Outcome: outcome, Step: step}, n})
			}
			add(query.OutcomeConverted, 0, g.Converted)
			add(query.OutcomeExcluded, 0, g.Excluded)
			add(query.OutcomePending, 0, g.Pending)
			for k, x := range g.Steps {
				add(query.OutcomeReached, k+1, x.Reached)
				add(query.OutcomePending, k+1, x.Pending)
				if k > 0 {
					add(query.OutcomeDropped, k+1, x.Dropped)
				}
			}
		}
	case query.KindRetention:
		for _, g := range r.Retention.Groups {
			for row, cells := range g.Rows {
				for col, c := range cells {
					for outcome, n := range map[string]int64{query.OutcomeReturned: c.Returned, query.OutcomeLost: c.Size - c.Returned, query.OutcomeSize: c.Size} {
						out = append(out, number{query.Cell{Value: valued(g.Value), Row: at(row), Column: at(col), Outcome: outcome}, n})
					}
				}
			}
		}
	case query.KindGrowth:
		for b, row := range r.Growth.Rows {
			for state, n := range map[string]int64{query.StateActive: row.Active, query.StateNew: row.New, query.StateReturning: row.Returning, query.StateResurrecting: row.Resurrecting, query.StateDormant: row.Dormant} {
				out = append(out, number{query.Cell{Bucket: at(b), State: state}, n})
			}
		}
	case query.KindStickiness:
		for _, b := range r.Stickiness.Bars {
			out = append(out, number{query.Cell{Intervals: b.Intervals}, b.Customers}, number{query.Cell{Intervals: b.Intervals, OrMore: true}, b.OrMore})
		}
	default:
		return rangeNumbers(s, r)
	}
	return out
}

// rangeNumbers is numbers for the kinds that take a range as one.
func rangeNumbers(s *query.Spec, r *query.Result) (out []number) {
	switch r.Kind {
	case query.KindPaths:
		out = append(out, number{query.Cell{}, r.Paths.Paths})
		for _, n := range r.Paths.Nodes {
			for outcome, want := range map[string]int64{query.OutcomeReached: n.In, query.OutcomeContinued: n.Out, query.OutcomeDropped: n.DropOff} {
				out = append(out, number{query.Cell{Node: n.Key, Outcome: outcome}, want})
			}
		}
		for _, e := range r.Paths.Edges {
			out = append(out, number{query.Cell{Node: e.From, Next: e.To}, e.Paths})
		}
	case query.KindComposition:
		out = append(out, number{query.Cell{}, r.Composition.Total})
		for _, p := range r.Composition.Parts {
			out = append(out, number{query.Cell{Value: valued(p.Value)}, p.Count})
		}
		if n := r.Composition.Numbers; n != nil {
			for i, b := range n.Bins {
				out = append(out, number{query.Cell{Bucket: at(i)}, b.Count})
			}
		}
	case query.KindTable:
		for _, row := range append(r.Table.Rows, r.Table.Total) {
			if row.Value == nil {
				continue
			}
			for i, p := range row.Points {
				n := p.Numerator
				switch s.Table.Columns[i].Measure {
				case query.PerCustomer, query.Mean, query.Min, query.Median:
					n = p.Denominator
				}
				out = append(out, number{query.Cell{Series: string(rune('A' + i)), Value: valued(*row.Value)}, int64(n)})
			}
		}
	}
	return out
}

func trendNumbers(s *query.Spec, l query.Line, before bool) (out []number) {
	series := s.Trend.Series[l.Series[0]-'A']
	for b, p := range append([]query.Point{l.Total}, l.Points...) {
		n := p.Numerator
		switch series.Measure {
		case query.PerCustomer, query.Mean, query.Min, query.Median:
			n = p.Denominator
		}
		c := query.Cell{Series: l.Series, Before: before, Value: valued(l.Value)}
		if b > 0 {
			c.Bucket = at(b - 1)
		}
		out = append(out, number{c, int64(n)})
	}
	return out
}

func peopleSpecs(r *rand.Rand) []string {
	const rg = `"range":{"from":"2020-01-02","to":"2020-01-06"}`
	specs := []string{
		`{"kind":"trend",` + rg + `,"trend":{"interval":"day","compare":"previous","series":[{"event":"A"},{"event":"B","measure":"customers"},{"event":"C","measure":"per_customer"},{"event":"A","measure":"active","days":2}]}}`,
		`{"kind":"trend",` + rg + `,"trend":{"interval":"day","breakdown":{"property":"plan","top":2},"series":[{"event":"A"},{"kind":"any","measure":"customers"},{"event":"A","measure":"mean","property":"price"},{"event":"A","measure":"median","property":"price"},{"event":"B","measure":"active","days":3}]}}`,
		`{"kind":"trend",` + rg + `,"trend":{"interval":"day","compare":"previous","cumulative":true,"breakdown":{"property":"plan"},"series":[{"event":"A"},{"event":"B","measure":"customers"}]}}`,
		`{"kind":"growth",` + rg + `,"growth":{"event":"B","interval":"day"}}`,
		`{"kind":"growth",` + rg + `,"growth":{"event":"B","interval":"day","new":"first_seen"}}`,
		`{"kind":"stickiness",` + rg + `,"stickiness":{"event":"A","interval":"day","group":2,"at_least":2}}`,
		`{"kind":"stickiness",` + rg + `,"stickiness":{"kind":"any","interval":"day"}}`,
	}
	const columns = `"columns":[{"event":"A"},{"kind":"any","measure":"customers"},{"event":"A","measure":"median","property":"price"},{"event":"B","measure":"per_customer"}]`
	specs = append(specs,
		`{"kind":"paths",`+rg+`,"paths":{"gap":"10h","steps":3,"edges":6,"events":[{"kind":"any"}]}}`,
		`{"kind":"paths",`+rg+`,"paths":{"gap":"20h","steps":4,"start":"A","end":"B","events":[{"kind":"any"}]}}`,
		`{"kind":"paths",`+rg+`,"paths":{"gap":"20h","steps":3,"end":"p1","events":[{"kind":"any","item":"plan"}]}}`,
		`{"kind":"composition",`+rg+`,"composition":{"event":"A","breakdown":{"property":"plan","top":2}}}`,
		`{"kind":"composition",`+rg+`,"composition":{"kind":"any","of":"events","breakdown":{"property":"plan","top":3}}}`,
		`{"kind":"composition",`+rg+`,"composition":{"kind":"any","numbers":{"property":"price","bins":7}}}`,
		`{"kind":"composition",`+rg+`,"composition":{"kind":"any","of":"events","numbers":{"property":"n"}}}`,
		`{"kind":"table",`+rg+`,"table":{"breakdown":{"property":"plan"},"limit":4,"sort":"B",`+columns+`}}`,
		`{"kind":"table",`+rg+`,"table":{"rows":"customer","limit":7,"sort":"-C",`+columns+`}}`)
	for _, breakdown := range []string{"", `,"breakdown":{"property":"plan","top":2}`} {
		for _, o := range []string{`"entry":"first_time"`, `"entry":"first_ever","on_or_after":true`, `"mode":"rolling","periods":2`, `"brackets":[[0,0],[1,2]],"at_least":2`} {
			specs = append(specs, `{"kind":"retention",`+rg+`,"where":[{"name":"n","op":"gte","value":1}],"retention":{"start":{"event":"A"},"return":{"kind":"any"},"unit":"day",`+o+breakdown+`}}`)
		}
	}
	for range 25 {
		f := randomFunnel(r)
		var s map[string]any
		if err := json.Unmarshal([]byte(f.json()), &s); err != nil {
			panic(err)
		}
		if k := r.IntN(5); k > 0 {
			s["funnel"].(map[string]any)["breakdown"] = map[string]any{"property": "plan", "top": 2, "at": []string{"first", "last", "each", "step"}[k-1], "step": 1}
		}
		text, err := json.Marshal(s)
		if err != nil {
			panic(err)
		}
		specs = append(specs, string(text))
	}
	return specs
}

// TestPeopleEqualNumbers asks for the customers behind every number of every
// kind: there are as many as the number says. For some customers it asks why,
// and the answer agrees with the list.
func TestPeopleEqualNumbers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(51, 52))
	customers := 2000
	if testing.Short() {
		customers = 300
	}
	s := load(t, crowd(r, customers, 10, day(1)-2*core.Day, 9*core.Day, 3*core.Hour))
	ctx, cells, listed := context.Background(), 0, 0
	for _, text := range peopleSpecs(r) {
		e := env()
		if r.IntN(3) == 0 {
			e.Now = day(4) + r.Int64N(3*core.Day)
		}
		spec := parse(t, "%s", text)
		for _, n := range numbers(&spec, ask(t, s, e, "%s", text)) {
			got, err := query.People(ctx, s, spec, e, n.cell)
			if err != nil {
				t.Fatalf("%s: %v", place(text, n.cell), err)
			}
			cells++
			if got.Total != n.want {
				t.Fatalf("%s: %d customers, the number is %d", place(text, n.cell), got.Total, n.want)
			}
			if !slices.IsSortedFunc(got.People, func(a, b query.Person) int { return int(a.ID - b.ID) }) {
				t.Fatalf("%s: not sorted", place(text, n.cell))
			}
			if cells%10 == 0 {
				listed += explained(t, s, spec, e, n.cell, got, text, core.CustomerID(1+r.IntN(customers)))
			}
		}
	}
	t.Logf("%d numbers, %d explained as counted", cells, listed)
	if cells < 500 || listed == 0 {
		t.Errorf("only %d numbers, %d explained as counted", cells, listed)
	}
}

func place(text string, c query.Cell) string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%s cell %s", text, raw)
}

// explained compares explanations with the list, of one customer on it and of
// another; it gives how many count.
func explained(t *testing.T, s query.Source, spec query.Spec, e query.Env, cell query.Cell, list *query.PeopleResult, text string, other core.CustomerID) (in int) {
	t.Helper()
	who := []core.CustomerID{other}
	if len(list.People) > 0 {
		who = append(who, list.People[len(list.People)/2].ID)
	}
	for _, c := range who {
		var want int64
		for _, p := range list.People {
			if p.ID == c {
				want = p.Times
			}
		}
		x, err := query.Explain(context.Background(), s, spec, e, c, &cell)
		if err != nil {
			t.Fatalf("%s: explain %d: %v", place(text, cell), c, err)
		}
		if x.In != (want > 0) || x.Times != want || x.In != (x.Reason == nil) || x.Reason != nil && x.Reason.Code == "" {
			t.Fatalf("%s: customer %d: explained as %v, %d times, %+v; listed %d times", place(text, cell), c, x.In, x.Times, x.Reason, want)
		}
		if x.In {
			in++
		}
		if _, err := query.Explain(context.Background(), s, spec, e, c, nil); err != nil {
			t.Fatalf("%s: explain %d without a cell: %v", text, c, err)
		}
	}
	return in
}
