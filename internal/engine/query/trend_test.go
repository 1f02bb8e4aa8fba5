package query_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

func near(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return math.Abs(*a-*b) <= 1e-9*max(1, math.Abs(*a), math.Abs(*b))
}

func show(v *float64) string {
	if v == nil {
		return "none"
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// slowTrend computes one measure over the events of a bucket by its definition.
func slowTrend(events []core.Event, measure string, p float64) *float64 {
	people, nums := map[core.CustomerID]bool{}, []float64{}
	numeric := measure != "count" && measure != "customers" && measure != "per_customer"
	var n, sum float64
	for _, e := range events {
		if numeric || measure == "per_customer_sum" {
			v, ok := core.Lookup(e.Props, "price")
			if !ok || v.Kind == core.ValueBool {
				continue
			}
			x, err := strconv.ParseFloat(v.Text, 64)
			if err != nil {
				continue
			}
			nums, sum = append(nums, x), sum+x
		}
		n++
		people[e.Customer] = true
	}
	var v float64
	switch measure {
	case "count":
		v = n
	case "customers":
		v = float64(len(people))
	case "sum":
		v = sum
	case "per_customer", "per_customer_sum":
		if measure == "per_customer" {
			sum = n
		}
		if len(people) == 0 {
			return nil
		}
		v = sum / float64(len(people))
	default:
		if len(nums) == 0 {
			return nil
		}
		switch measure {
		case "mean":
			v = sum / n
		case "min":
			v = slices.Min(nums)
		case "max":
			v = slices.Max(nums)
		default:
			v, _ = stats.Quantile(nums, p)
		}
	}
	return &v
}

// slowEdges walks a range in steps of ten minutes and begins a bucket whenever
// the wall clock's bucket changes.
func slowEdges(zone *time.Location, interval string, from, to core.Micros) []core.Micros {
	name := func(at core.Micros) string {
		t := core.ToTime(at).In(zone)
		switch interval {
		case "hour":
			return t.Format("2006-01-02 15 -0700")
		case "day":
			return t.Format("2006-01-02")
		case "week":
			y, w := t.ISOWeek()
			return fmt.Sprint(y, w)
		}
		return t.Format("2006-01")
	}
	var out []core.Micros
	for at := from; at < to; at += 10 * core.Minute {
		if len(out) == 0 || name(at) != name(at-10*core.Minute) {
			out = append(out, at)
		}
	}
	return append(out, to)
}

func TestTrendEqualsReference(t *testing.T) {
	t.Parallel()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	// Over the switch of 29 March 2020.
	begin := core.FromTime(time.Date(2020, 3, 20, 0, 0, 0, 0, rome))
	r := rand.New(rand.NewPCG(1, 2))
	events := crowd(r, 400, 12, begin-5*core.Day, 40*core.Day, 10*core.Minute)
	s := load(t, events)
	ranges := [][2]string{{"2020-03-20", "2020-04-20"}, {"2020-03-23", "2020-04-06"}, {"2020-03-29", "2020-03-30"}}
	measures := []string{"count", "customers", "per_customer", "per_customer_sum", "sum", "mean", "min", "max", "median", "percentile"}
	for k := range 60 {
		rg, measure := ranges[k%3], measures[k%len(measures)]
		interval := []string{"hour", "day", "week", "month"}[r.IntN(4)]
		cumulative := r.IntN(3) == 0 && measure != "median" && measure != "percentile"
		spec := fmt.Sprintf(`{"event":"%c"`, 'A'+r.IntN(5))
		name := spec[len(spec)-2 : len(spec)-1]
		where := r.IntN(2) == 0
		if where {
			spec += `,"where":[{"name":"n","op":"gte","value":2}]`
		}
		prop := ""
		if k%len(measures) > 2 {
			prop = "price"
		}
		sent := measure
		if measure == "per_customer_sum" {
			sent = "per_customer"
		}
		spec += fmt.Sprintf(`,"measure":%q,"property":%q,"percentile":30}`, sent, prop)
		e := env()
		e.Zone = rome
		res := ask(t, s, e, `{"kind":"trend","range":{"from":%q,"to":%q},"trend":{"interval":%q,"cumulative":%t,"series":[%s]}}`, rg[0], rg[1], interval, cumulative, spec)
		p := 0.3
		if measure == "median" {
			p = 0.5
		}
		from, to := res.From, res.To
		edges := slowEdges(rome, interval, from, to)
		who := map[core.CustomerID]bool{}
		for _, e := range events {
			if n, _ := core.Lookup(e.Props, "n"); e.Name == name && e.Time >= from && e.Time < to && (!where || n.Num >= 2) {
				who[e.Customer] = true
			}
		}
		if res.Meta.Customers != int64(len(who)) {
			t.Errorf("%s: %d customers, want %d", spec, res.Meta.Customers, len(who))
		}
		line := res.Trend.Lines[0]
		if len(line.Points) != len(edges)-1 {
			t.Fatalf("%s %s: %d buckets, want %d", spec, interval, len(line.Points), len(edges)-1)
		}
		in := func(lo, hi core.Micros) (out []core.Event) {
			for _, e := range events {
				n, _ := core.Lookup(e.Props, "n")
				if e.Name == name && e.Time >= lo && e.Time < hi && (!where || n.Num >= 2) {
					out = append(out, e)
				}
			}
			return out
		}
		for b, pt := range line.Points {
			lo := edges[b]
			if cumulative {
				lo = from
			}
			if want := slowTrend(in(lo, edges[b+1]), measure, p); !near(pt.Value, want) {
				t.Errorf("%s %s %v bucket %d (cumulative %t): got %s, want %s", spec, interval, rg, b, cumulative, show(pt.Value), show(want))
			}
		}
		if want := slowTrend(in(from, to), measure, p); !near(line.Total.Value, want) {
			t.Errorf("%s total: got %s, want %s", spec, show(line.Total.Value), show(want))
		}
	}
}

// TestTrendBreakdown compares the top values and the rest with sets built by
// hand: the rest counts each customer once.
func TestTrendBreakdown(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	events := crowd(r, 300, 10, day(1), 10*core.Day, core.Hour)
	s := load(t, events)
	for _, top := range []int{2, 25} {
		for _, measure := range []string{"count", "customers"} {
			res := ask(t, s, env(), `{"kind":"trend","range":{"from":"2020-01-02","to":"2020-01-09"},"trend":{"interval":"day","breakdown":{"property":"plan","top":%d},"series":[{"event":"A","measure":%q}]}}`, top, measure)
			in := func(b int, keep func(string) bool) float64 {
				seen, n := map[core.CustomerID]bool{}, 0
				for _, e := range events {
					v, ok := core.Lookup(e.Props, "plan")
					if !ok {
						v.Text = "(none)"
					}
					if e.Name == "A" && e.Time >= day(2+b) && e.Time < day(3+b) && keep(v.Text) {
						n++
						seen[e.Customer] = true
					}
				}
				if measure == "customers" {
					return float64(len(seen))
				}
				return float64(n)
			}
			shown := map[string]bool{}
			for _, l := range res.Trend.Lines {
				if !l.Value.Other {
					shown[l.Value.Text] = true
				}
			}
			if res.Meta.Values != 7 || res.Meta.Truncated != (top == 2) || top == 25 && (len(shown) != 7 || !shown["(none)"]) {
				t.Fatalf("top %d: meta %+v, shown %v", top, res.Meta, shown)
			}
			for _, l := range res.Trend.Lines {
				for b, p := range l.Points {
					want := in(b, func(v string) bool { return v == l.Value.Text || l.Value.Other && !shown[v] })
					if *p.Value != want {
						t.Errorf("top %d %s of %+v day %d: got %g, want %g", top, measure, l.Value, b, *p.Value, want)
					}
				}
			}
		}
	}
}

func TestTrendActive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	events := crowd(r, 100, 8, day(1), 30*core.Day, core.Hour)
	s := load(t, events)
	for _, days := range []int{1, 7, 30} {
		res := ask(t, s, env(), `{"kind":"trend","range":{"from":"2020-01-10","to":"2020-01-25"},"trend":{"interval":"day","series":[{"event":"A","measure":"active","days":%d},{"event":"A","measure":"customers"}]}}`, days)
		for b, p := range res.Trend.Lines[0].Points {
			seen := map[core.CustomerID]bool{}
			for _, e := range events {
				if e.Name == "A" && e.Time >= day(10+b-days+1) && e.Time < day(11+b) {
					seen[e.Customer] = true
				}
			}
			if *p.Value != float64(len(seen)) {
				t.Errorf("%d days, day %d: got %g, want %d", days, 10+b, *p.Value, len(seen))
			}
		}
		if a, b := *res.Trend.Lines[0].Total.Value, *res.Trend.Lines[1].Total.Value; a != b {
			t.Errorf("active over the range is %g, distinct customers %g", a, b)
		}
	}
}

func TestTrendFormulaCompareAverage(t *testing.T) {
	t.Parallel()
	var events []core.Event
	for d := 1; d <= 20; d++ {
		for range d {
			events = append(events, event(1, day(d)+core.Hour, "A", ""))
		}
		if d%2 == 0 {
			events = append(events, event(2, day(d), "B", ""))
		}
	}
	s := load(t, events)
	res := ask(t, s, env(), `{"kind":"trend","range":{"from":"2020-01-11","to":"2020-01-15"},"trend":{"interval":"day","compare":"previous","average":2,
		"series":[{"event":"A"},{"event":"B"}],"formulas":[{"formula":"A / B"},{"formula":"-(A - 1) * 2 + .5"}]}}`)
	want := map[string][]string{"A": {"11", "12", "13", "14"}, "B": {"0", "1", "0", "1"}, "F1": {"none", "12", "none", "14"}, "F2": {"-19.5", "-21.5", "-23.5", "-25.5"}}
	for _, l := range res.Trend.Lines {
		var got []string
		for _, p := range l.Points {
			got = append(got, show(p.Value))
		}
		if !slices.Equal(got, want[l.Series]) {
			t.Errorf("%s: got %v, want %v", l.Series, got, want[l.Series])
		}
	}
	a := res.Trend.Lines[0]
	if show(a.Before.Points[0].Value) != "7" || show(a.Before.Total.Value) != "34" || len(res.Trend.Before) != 4 {
		t.Errorf("compared period: got %+v", a.Before)
	}
	if a.Average[0] != nil || show(a.Average[1]) != "11.5" {
		t.Errorf("moving average: got %s, %s", show(a.Average[0]), show(a.Average[1]))
	}
	if f := res.Trend.Lines[2].Total; show(f.Value) != "25" || f.Numerator != 50 || f.Denominator != 2 {
		t.Errorf("total of a formula: got %+v", f)
	}
}

func TestTrendLeavesOut(t *testing.T) {
	t.Parallel()
	bot := event(1, day(2), "A", `{"price":1}`)
	bot.Flags = core.FlagBot
	late := event(1, day(2), "A", `{"price":4}`)
	late.Received = day(9)
	events := []core.Event{bot, late, event(2, day(2), "A", `{"price":2,"currency":"USD"}`), event(3, day(3), "A", `{"price":8,"currency":"eur"}`), event(3, day(4), "A", `{"price":16}`)}
	s := load(t, events)
	const spec = `{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-05"},%s"trend":{"interval":"day","series":[{"event":"A","measure":"sum","property":"price"%s}]}}`
	total := func(e query.Env, a, b string) (*query.Result, float64) {
		res := ask(t, s, e, spec, a, b)
		return res, *res.Trend.Lines[0].Total.Value
	}
	now := env()
	now.Now = day(3)
	one := env()
	one.Customer = func(c core.CustomerID) bool { return c == 3 }
	for _, c := range []struct {
		env  query.Env
		a, b string
		want float64
	}{{env(), "", "", 30}, {env(), `"bots":true,`, "", 31}, {env(), `"as_known":"2020-01-08T00:00:00Z",`, "", 26}, {env(), "", `,"money":true`, 28}, {now, "", "", 6}, {one, "", "", 24}} {
		res, got := total(c.env, c.a, c.b)
		if got != c.want || hinted(res, "other_currency") != (c.b != "") {
			t.Errorf("%s%s: got %g, want %g; hints %v", c.a, c.b, got, c.want, res.Meta.Hints)
		}
	}
	if res, _ := total(now, "", ""); !res.Trend.Buckets[2].Incomplete || res.Trend.Buckets[1].Incomplete {
		t.Error("the running bucket must be marked, the one before not")
	}
}
