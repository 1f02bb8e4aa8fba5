package query_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// visits makes one event "visit" on each day of January 2020, by customer.
func visits(days ...[]int) []core.Event {
	var out []core.Event
	for c, list := range days {
		for _, d := range list {
			out = append(out, event(core.CustomerID(c+1), day(d)+3*core.Hour, "visit", fmt.Sprintf(`{"price":%d}`, d)))
		}
	}
	return out
}

// returned lists the cells of each row as text.
func returned(g query.RetentionGroup) (out []string) {
	for _, row := range g.Rows {
		var cells []int64
		for _, c := range row {
			cells = append(cells, c.Returned)
		}
		out = append(out, fmt.Sprint(cells))
	}
	return out
}

func TestRetentionVector(t *testing.T) {
	t.Parallel()
	s := load(t, visits([]int{1, 2, 4}, []int{1, 3}, []int{2}))
	for _, c := range []struct {
		options string
		want    []string
	}{
		{`"entry":"first_time"`, []string{"[2 1 1 1]", "[1 0 0]", "[0 0]", "[0]"}},
		{`"entry":"first_time","on_or_after":true`, []string{"[2 2 2 1]", "[1 0 0]", "[0 0]", "[0]"}},
		{`"entry":"recurring"`, []string{"[2 1 1 1]", "[2 0 1]", "[1 0]", "[1]"}},
		{`"entry":"first_time","at_least":2`, []string{"[2 0 0 0]", "[1 0 0]", "[0 0]", "[0]"}},
		{`"entry":"first_time","brackets":[[0,0],[1,2],[3,9]]`, []string{"[2 2 1]", "[1 0 0]", "[0 0 0]", "[0 0 0]"}},
		{`"entry":"first_time","periods":1`, []string{"[2 1]", "[1 0]", "[0 0]", "[0 0]"}},
		{`"entry":"first_time","mode":"rolling"`, []string{"[2 1 1 1]", "[1 0 0]", "[0 0]", "[0]"}},
	} {
		res := ask(t, s, env(), `{"kind":"retention","range":{"from":"2020-01-01","to":"2020-01-05"},"retention":{"start":{"event":"visit"},"unit":"day",%s}}`, c.options)
		if got := returned(res.Retention.Groups[0]); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.options, got, c.want)
		}
	}
	// Anchors need the whole history: in a later range only new customers enter.
	res := ask(t, s, env(), `{"kind":"retention","range":{"from":"2020-01-02","to":"2020-01-05"},"retention":{"start":{"event":"visit"},"unit":"day","entry":"first_time"}}`)
	if got := returned(res.Retention.Groups[0]); !slices.Equal(got, []string{"[1 0 0]", "[0 0]", "[0]"}) {
		t.Errorf("later range: got %v", got)
	}
}

func TestRetentionValuesAndOpenCells(t *testing.T) {
	t.Parallel()
	s := load(t, visits([]int{1, 2, 4}, []int{1, 3}, []int{2}))
	e := env()
	e.Now = day(4) + 12*core.Hour
	g := ask(t, s, e, `{"kind":"retention","range":{"from":"2020-01-01","to":"2020-01-05"},"retention":{"start":{"event":"visit"},"unit":"day","entry":"first_time","property":"price"}}`).Retention.Groups[0]
	// Day 1: 1 + 1 spent; then p1 2, p2 3, p1 4.
	var sums []float64
	for _, c := range g.Rows[0] {
		sums = append(sums, c.Sum)
	}
	if !slices.Equal(sums, []float64{2, 2, 3, 4}) || *g.Rows[0][2].Kept != 1.5 {
		t.Errorf("revenue: got %v", sums)
	}
	if !g.Rows[0][3].Incomplete || g.Rows[0][2].Incomplete || g.Average[3].Size != 0 || g.Average[1].Size != 3 || g.Average[1].Returned != 1 {
		t.Errorf("open cells: got %+v, averages %+v", g.Rows[0], g.Average)
	}
	ever := ask(t, s, env(), `{"kind":"retention","range":{"from":"2020-01-01","to":"2020-01-05"},"where":[{"name":"price","op":"gte","value":2}],"retention":{"start":{"event":"visit"},"unit":"day","entry":"first_ever"}}`)
	if got := returned(ever.Retention.Groups[0]); !slices.Equal(got, []string{"[0 0 0 0]", "[1 0 0]", "[0 0]", "[0]"}) {
		t.Errorf("first ever: got %v", got)
	}
	first := ask(t, s, env(), `{"kind":"retention","range":{"from":"2020-01-01","to":"2020-01-05"},"where":[{"name":"price","op":"gte","value":2}],"retention":{"start":{"event":"visit"},"unit":"day","entry":"first_time"}}`)
	if got := returned(first.Retention.Groups[0]); !slices.Equal(got, []string{"[0 0 0 0]", "[2 0 1]", "[1 0]", "[0]"}) {
		t.Errorf("first time: got %v", got)
	}
}

// slowRetention is the reference: each cell asks anew who counts in it.
type slowRetention struct {
	entry     string
	rolling   bool
	later     bool
	least     int
	zone      *time.Location
	edges     []core.Micros // of the rows
	start     string
	back      string
	value     string // of the breakdown; "" = all
	filter    bool   // the start event needs n >= 2
	triangle  bool
	following []core.Micros // edges of all periods
}

func (f *slowRetention) matches(e core.Event) bool {
	n, _ := core.Lookup(e.Props, "n")
	return e.Name == f.start && (!f.filter || n.Num >= 2)
}

// anchors gives the first instant by row.
func (f *slowRetention) anchors(events []core.Event) map[int]core.Micros {
	out := map[int]core.Micros{}
	for _, e := range events {
		ok := f.matches(e)
		if f.entry == "first_ever" && e.Name == f.start || f.entry == "first_time" && ok || f.entry == "recurring" && ok {
			for r := range len(f.edges) - 1 {
				if _, have := out[r]; !have && ok && e.Time >= f.edges[r] && e.Time < f.edges[r+1] {
					out[r] = e.Time
				}
			}
			if f.entry != "recurring" {
				break
			}
		}
	}
	return out
}

func (f *slowRetention) returns(events []core.Event, row, k int, t0 core.Micros) bool {
	if k == 0 {
		return true
	}
	last := k
	if f.later {
		last = len(f.following) - 2 - row
		if !f.triangle {
			last = 5
		}
	}
	for j := k; j <= last; j++ {
		lo, hi := t0+int64(j)*core.Day, t0+int64(j+1)*core.Day
		if !f.rolling {
			lo, hi = f.following[row+j], f.following[row+j+1]
		}
		n := 0
		for _, e := range events {
			if e.Name == f.back && e.Time >= lo && e.Time < hi {
				n++
			}
		}
		if n >= f.least {
			return true
		}
	}
	return false
}

func TestRetentionEqualsReference(t *testing.T) {
	t.Parallel()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2020, 3, 26, 0, 0, 0, 0, rome) // over the switch of the 29th
	r := rand.New(rand.NewPCG(21, 22))
	events := crowd(r, 300, 14, core.FromTime(begin)-4*core.Day, 18*core.Day, 30*core.Minute)
	s := load(t, events)
	people := history(events)
	for range 60 {
		f := &slowRetention{entry: []string{"recurring", "first_time", "first_ever"}[r.IntN(3)], rolling: r.IntN(2) == 0, later: r.IntN(2) == 0, least: 1 + r.IntN(2), zone: rome,
			start: string(rune('A' + r.IntN(3))), back: string(rune('A' + r.IntN(3))), filter: r.IntN(2) == 0, triangle: r.IntN(2) == 0}
		for d := range 14 {
			f.following = append(f.following, core.FromTime(begin.AddDate(0, 0, d)))
		}
		f.edges = f.following[:8]
		periods := 5
		if f.triangle {
			f.following, periods = f.edges, 0
		}
		mode, where := "calendar", ""
		if f.rolling {
			mode = "rolling"
		}
		if f.filter {
			where = `,"where":[{"name":"n","op":"gte","value":2}]`
		}
		e := env()
		e.Zone = rome
		text := fmt.Sprintf(`{"kind":"retention","range":{"from":"2020-03-26","to":"2020-04-02"},"retention":{"start":{"event":%q%s},"return":{"event":%q},"unit":"day","entry":%q,"mode":%q,"on_or_after":%t,"at_least":%d,"periods":%d}}`,
			f.start, where, f.back, f.entry, mode, f.later, f.least, periods)
		g := ask(t, s, e, "%s", text).Retention.Groups[0]
		for row, cells := range g.Rows {
			for k, cell := range cells {
				var size, back int64
				for _, list := range people {
					t0, in := f.anchors(list)[row]
					if !in {
						continue
					}
					size++
					if f.returns(list, row, k, t0) {
						back++
					}
				}
				if cell.Size != size || cell.Returned != back {
					t.Fatalf("%s row %d period %d: got %d of %d, want %d of %d", text, row, k, cell.Returned, cell.Size, back, size)
				}
			}
		}
	}
}

func TestRetentionBreakdownManyValues(t *testing.T) {
	t.Parallel()
	var events []core.Event
	for c := 1; c <= 300; c++ {
		plan := fmt.Sprintf(`{"plan":"p%d"}`, c%40)
		if c%40 == 7 {
			plan = ""
		}
		events = append(events, event(core.CustomerID(c), day(1), "A", plan), event(core.CustomerID(c), day(2), "A", `{"plan":"p1"}`))
	}
	s := load(t, events)
	res := ask(t, s, env(), `{"kind":"retention","range":{"from":"2020-01-01","to":"2020-01-03"},"retention":{"start":{"event":"A"},"unit":"day","entry":"first_time","breakdown":{"property":"plan","top":4}}}`)
	var size, back int64
	for _, g := range res.Retention.Groups {
		size, back = size+g.Rows[0][0].Size, back+g.Rows[0][1].Returned
	}
	if len(res.Retention.Groups) != 5 || !res.Retention.Groups[4].Value.Other || size != 300 || back != 300 || !res.Meta.Truncated || res.Meta.Values != 40 || res.Meta.Passes != 2 {
		t.Errorf("got %d groups, %d customers, %d returned, meta %+v", len(res.Retention.Groups), size, back, res.Meta)
	}
}
