package query_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// TestCompositionEqualsReference counts parts and numbers anew.
func TestCompositionEqualsReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(101, 102))
	customers := 1500
	if testing.Short() {
		customers = 200
	}
	events := crowd(r, customers, 9, day(1), 7*core.Day, 3*core.Hour)
	s, people := load(t, events), history(events)
	for round := range 24 {
		of, name := []string{"customers", "events"}[round%2], []string{"A", "B", ""}[r.IntN(3)]
		var chosen []core.Event
		for _, list := range people {
			list = slices.DeleteFunc(slices.Clone(list), func(e core.Event) bool {
				return e.Time < day(2) || e.Time >= day(6) || name != "" && e.Name != name
			})
			if of == "customers" && len(list) > 1 {
				list = list[len(list)-1:]
			}
			chosen = append(chosen, list...)
		}
		what := fmt.Sprintf(`"event":%q`, name)
		if name == "" {
			what = `"kind":"any"`
		}
		head := fmt.Sprintf(`{"kind":"composition","range":{"from":"2020-01-02","to":"2020-01-06"},"composition":{%s,"of":%q,`, what, of)
		top := 1 + r.IntN(8)
		checkParts(t, ask(t, s, env(), "%s", head+fmt.Sprintf(`"breakdown":{"property":"plan","top":%d}}}`, top)), chosen, top)
		bins := 1 + r.IntN(30)
		checkNumbers(t, ask(t, s, env(), "%s", head+fmt.Sprintf(`"numbers":{"property":"price","bins":%d,"percentiles":[0,10,50,99.5]}}}`, bins)), chosen, bins)
	}
}

func checkParts(t *testing.T, res *query.Result, chosen []core.Event, top int) {
	t.Helper()
	counts := map[string]int64{}
	for _, e := range chosen {
		v, ok := core.Lookup(e.Props, "plan")
		if !ok {
			v.Text = "(none)"
		}
		counts[v.Text]++
	}
	var order []string
	for k := range counts {
		order = append(order, k)
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	var want []string
	var rest int64
	for i, k := range order {
		if i < top {
			want = append(want, fmt.Sprintf("%s %d", k, counts[k]))
		} else {
			rest += counts[k]
		}
	}
	if rest > 0 {
		want = append(want, fmt.Sprintf("(other) %d", rest))
	}
	var got []string
	var share float64
	for _, p := range res.Composition.Parts {
		got = append(got, fmt.Sprintf("%s %d", p.Value.Text, p.Count))
		share += p.Share
	}
	if res.Composition.Total != int64(len(chosen)) || !slices.Equal(got, want) || math.Abs(share-1) > 1e-9 || res.Meta.Truncated != (rest > 0) || res.Meta.Values != len(order) {
		t.Errorf("top %d: got %v of %d, want %v of %d", top, got, res.Composition.Total, want, len(chosen))
	}
}

func checkNumbers(t *testing.T, res *query.Result, chosen []core.Event, bins int) {
	t.Helper()
	var values []float64
	for _, e := range chosen {
		v, _ := core.Lookup(e.Props, "price")
		if m, ok := core.ParseMoney(v.Text, 6); ok && (v.Kind == core.ValueNumber || v.Kind == core.ValueText) {
			values = append(values, float64(m)/1e6)
		}
	}
	n := res.Composition.Numbers
	var sum float64
	for _, v := range values {
		sum += v
	}
	if n.N != int64(len(values)) || n.Missing != int64(len(chosen)-len(values)) || math.Abs(n.Mean-sum/float64(len(values))) > 1e-9 || n.Min != slices.Min(values) || n.Max != slices.Max(values) {
		t.Fatalf("got %+v of %d numbers", n, len(values))
	}
	for _, p := range n.Percentiles {
		if want, _ := stats.Quantile(values, p.Percent/100); math.Abs(p.Value-want) > 1e-9 {
			t.Errorf("percentile %g: got %g, want %g", p.Percent, p.Value, want)
		}
	}
	var all int64
	for i, b := range n.Bins {
		var want int64
		for _, v := range values {
			if v >= b.From && v < b.To {
				want++
			}
		}
		if all += b.Count; b.Count != want || i > 0 && b.From != n.Bins[i-1].To {
			t.Errorf("bin %+v: want %d", b, want)
		}
	}
	if all != n.N || len(n.Bins) > bins {
		t.Errorf("%d bins, at most %d, hold %d of %d", len(n.Bins), bins, all, n.N)
	}
}

func TestNumbersOfFewValues(t *testing.T) {
	t.Parallel()
	s := load(t, []core.Event{event(1, day(1), "A", `{"v":-7}`), event(2, day(1), "A", `{"v":-7}`), event(3, day(1), "B", "")})
	const head = `{"kind":"composition","range":{"from":"2020-01-01","to":"2020-01-02"},"composition":{`
	n := ask(t, s, env(), "%s", head+`"event":"A","numbers":{"property":"v"}}}`).Composition.Numbers
	if n.N != 2 || len(n.Bins) != 1 || n.Bins[0].Count != 2 || n.Bins[0].From > -7 || n.Bins[0].To <= -7 {
		t.Errorf("got %+v", n)
	}
	n = ask(t, s, env(), "%s", head+`"event":"B","numbers":{"property":"v"}}}`).Composition.Numbers
	if n.N != 0 || n.Missing != 1 || len(n.Bins) != 0 || len(n.Percentiles) != 0 {
		t.Errorf("got %+v", n)
	}
}

// TestTableEqualsReference computes every row anew.
func TestTableEqualsReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(103, 104))
	customers := 600
	if testing.Short() {
		customers = 100
	}
	events := crowd(r, customers, 9, day(1), 7*core.Day, 3*core.Hour)
	s := load(t, events)
	const columns = `"columns":[{"event":"A"},{"event":"B","measure":"customers"},{"kind":"any","measure":"sum","property":"price"},{"event":"A","measure":"median","property":"price"},{"event":"C","measure":"per_customer"},{"event":"A","measure":"max","property":"n"}]`
	names := []string{"A", "B", "", "A", "C", "A"}
	for round := range 24 {
		rows := []string{"value", "customer"}[round%2]
		sort, limit := []string{"", "row", "-row", "A", "-D", "C", "-F"}[r.IntN(7)], 1+r.IntN(40)
		breakdown := ""
		if rows == "value" {
			breakdown = `"breakdown":{"property":"plan"},`
		}
		res := ask(t, s, env(), `{"kind":"table","range":{"from":"2020-01-02","to":"2020-01-06"},"table":{"rows":%q,%s"sort":%q,"limit":%d,%s}}`, rows, breakdown, sort, limit, columns)
		want := slowTable(events, rows, names)
		total := slowTable(events, "all", names)["all"]
		if res.Table.Count != int64(len(want)) || len(res.Table.Rows) != min(limit, len(want)) || !slices.Equal(shown(res.Table.Total), total) {
			t.Fatalf("%s: got %d rows of %d, total %v; want %d, %v", rows, len(res.Table.Rows), res.Table.Count, shown(res.Table.Total), len(want), total)
		}
		for i, row := range res.Table.Rows {
			key := fmt.Sprint(row.Customer)
			if row.Value != nil {
				key = row.Value.Text
			}
			if !slices.Equal(shown(row), want[key]) {
				t.Errorf("%s %s: got %v, want %v", rows, key, shown(row), want[key])
			}
			delete(want, key)
			if i > 0 && sort != "" && !follows(res.Table.Rows[i-1], row, sort) {
				t.Errorf("%s by %s: row %d does not follow", rows, sort, i)
			}
		}
		// What is not shown belongs behind the last row.
		for key, cells := range want {
			if last := res.Table.Rows[len(res.Table.Rows)-1]; sort == "A" && cells[0] < shown(last)[0] && len(cells[0]) == len(shown(last)[0]) {
				t.Errorf("%s: row %s belongs before the last", rows, key)
			}
		}
	}
}

func shown(r query.TableRow) (out []string) {
	for _, p := range r.Points {
		if p.Value == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, fmt.Sprintf("%.4f", *p.Value))
	}
	return out
}

func follows(a, b query.TableRow, sort string) bool {
	falling := sort[0] == '-'
	if falling {
		sort = sort[1:]
	}
	if sort == "row" {
		x, y := int64(a.Customer), int64(b.Customer)
		if a.Value != nil {
			x, y = int64(cmp.Compare(a.Value.Text, b.Value.Text)), 0
			if a.Value.None || b.Value.None {
				return true
			}
		}
		return x != y && x < y != falling
	}
	x, y := a.Points[sort[0]-'A'].Value, b.Points[sort[0]-'A'].Value
	return y == nil || x != nil && (*x == *y || *x < *y != falling)
}

// slowTable gives the cells of every row as texts.
func slowTable(events []core.Event, rows string, names []string) map[string][]string {
	parts := map[string][]core.Event{}
	for _, e := range events {
		if e.Time < day(2) || e.Time >= day(6) {
			continue
		}
		key := "all"
		if rows == "customer" {
			key = fmt.Sprint(e.Customer)
		}
		if rows == "value" {
			v, ok := core.Lookup(e.Props, "plan")
			if key = v.Text; !ok {
				key = "(none)"
			}
		}
		parts[key] = append(parts[key], e)
	}
	out := map[string][]string{}
	for key, list := range parts {
		var cells []string
		counted := false
		for s, name := range names {
			var n, sum float64
			var values []float64
			who := map[core.CustomerID]bool{}
			for _, e := range list {
				if name != "" && e.Name != name {
					continue
				}
				if s == 2 || s == 3 || s == 5 {
					v, _ := core.Lookup(e.Props, map[int]string{2: "price", 3: "price", 5: "n"}[s])
					m, ok := core.ParseMoney(v.Text, 6)
					if !ok || v.Kind != core.ValueNumber && v.Kind != core.ValueText {
						continue
					}
					values, sum = append(values, float64(m)/1e6), sum+float64(m)/1e6
				}
				n++
				who[e.Customer] = true
				counted = true
			}
			text := fmt.Sprintf("%.4f", []float64{n, float64(len(who)), sum, 0, n / float64(len(who)), 0}[s])
			if s == 3 {
				q, _ := stats.Quantile(values, 0.5)
				text = fmt.Sprintf("%.4f", q)
			}
			if s == 5 && n > 0 {
				text = fmt.Sprintf("%.4f", slices.Max(values))
			}
			if s >= 3 && n == 0 {
				text = "-"
			}
			cells = append(cells, text)
		}
		if counted {
			out[key] = cells
		}
	}
	return out
}
