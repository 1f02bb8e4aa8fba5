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

// fourCustomers is the vector of lifecycle and stickiness.
func fourCustomers() []core.Event {
	return visits([]int{11, 12, 13, 15, 17, 19}, []int{9, 12}, []int{12}, []int{15, 18})
}

func TestGrowthVector(t *testing.T) {
	t.Parallel()
	s := load(t, append(fourCustomers(), event(4, day(10), "other", "")))
	res := ask(t, s, env(), `{"kind":"growth","range":{"from":"2020-01-09","to":"2020-01-20"},"growth":{"event":"visit","interval":"day"}}`)
	want := [][]int64{{1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1}, {0, 1, 0, 0, 2, 1, 0, 2, 0, 1, 1}}
	got := make([][]int64, 4)
	for _, row := range res.Growth.Rows {
		for i, v := range []int64{row.New, row.Returning, row.Resurrecting, row.Dormant} {
			got[i] = append(got[i], v)
		}
	}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("row %d: got %v, want %v", i, got[i], want[i])
		}
	}
	// Seen on day 10, customer 4 is not new on day 15 but resurrecting.
	seen := ask(t, s, env(), `{"kind":"growth","range":{"from":"2020-01-09","to":"2020-01-20"},"growth":{"event":"visit","interval":"day","new":"first_seen"}}`)
	if row := seen.Growth.Rows[6]; row.New != 0 || row.Resurrecting != 2 {
		t.Errorf("first seen: got %+v", row)
	}
}

func TestGrowthEqualsReference(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2020, 3, 2, 0, 0, 0, 0, zone) // a Monday; the clock changes on the 8th
	r := rand.New(rand.NewPCG(31, 32))
	events := crowd(r, 400, 12, core.FromTime(begin)-20*core.Day, 50*core.Day, core.Hour)
	s := load(t, events)
	people := history(events)
	for _, interval := range []string{"day", "week"} {
		for _, how := range []string{"event", "first_seen"} {
			step := map[string]int{"day": 1, "week": 7}[interval]
			e := env()
			e.Zone = zone
			res := ask(t, s, e, `{"kind":"growth","range":{"from":"2020-03-02","to":"2020-03-23"},"growth":{"event":"B","interval":%q,"new":%q}}`, interval, how)
			active := func(list []core.Event, k int) bool {
				lo, hi := core.FromTime(begin.AddDate(0, 0, k*step)), core.FromTime(begin.AddDate(0, 0, (k+1)*step))
				return slices.ContainsFunc(list, func(e core.Event) bool { return e.Name == "B" && e.Time >= lo && e.Time < hi })
			}
			var before int64
			for _, list := range people {
				if active(list, -1) {
					before++
				}
			}
			for k, row := range res.Growth.Rows {
				var want query.GrowthRow
				lo := core.FromTime(begin.AddDate(0, 0, k*step))
				for _, list := range people {
					now, prev := active(list, k), active(list, k-1)
					earlier := slices.ContainsFunc(list, func(e core.Event) bool { return e.Time < lo && (e.Name == "B" || how == "first_seen") })
					switch {
					case now && !earlier:
						want.New++
					case now && prev:
						want.Returning++
					case now:
						want.Resurrecting++
					case prev:
						want.Dormant++
					}
				}
				if row.New != want.New || row.Returning != want.Returning || row.Resurrecting != want.Resurrecting || row.Dormant != want.Dormant {
					t.Errorf("%s %s period %d: got %+v, want %+v", interval, how, k, row, want)
				}
				if row.Active != before+row.New+row.Resurrecting-row.Dormant {
					t.Errorf("%s period %d does not balance: %+v after %d", interval, k, row, before)
				}
				before = row.Active
			}
		}
	}
}

func TestStickinessVector(t *testing.T) {
	t.Parallel()
	s := load(t, fourCustomers())
	bars := func(options string) (out []string, n int64) {
		res := ask(t, s, env(), `{"kind":"stickiness","range":{"from":"2020-01-09","to":"2020-01-20"},"stickiness":{"event":"visit","interval":"day"%s}}`, options)
		for _, b := range res.Stickiness.Bars {
			out = append(out, fmt.Sprintf("%d:%d/%d", b.Intervals, b.Customers, b.OrMore))
		}
		return out, res.Stickiness.Customers
	}
	got, n := bars("")
	if want := []string{"1:1/4", "2:2/3", "3:0/1", "4:0/1", "5:0/1", "6:1/1", "7:0/0"}; n != 4 || !slices.Equal(got[:7], want) || len(got) != 11 {
		t.Errorf("got %v of %d", got, n)
	}
	// Pairs from the end: 18-19, 16-17, 14-15, 12-13, 10-11, 9 alone.
	if got, _ = bars(`,"group":2`); !slices.Equal(got, []string{"1:1/4", "2:2/3", "3:0/1", "4:0/1", "5:1/1", "6:0/0"}) {
		t.Errorf("pairs: got %v", got)
	}
	if got, n = bars(`,"group":2,"at_least":2`); n != 1 || got[0] != "1:1/1" {
		t.Errorf("two in a pair: got %v of %d", got, n)
	}
}

func TestStickinessEqualsReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(41, 42))
	events := crowd(r, 300, 20, day(1), 20*core.Day, core.Hour)
	s := load(t, events)
	for range 20 {
		group, least := 1+r.IntN(4), 1+r.IntN(3)
		res := ask(t, s, env(), `{"kind":"stickiness","range":{"from":"2020-01-03","to":"2020-01-17"},"stickiness":{"event":"C","interval":"day","group":%d,"at_least":%d}}`, group, least)
		want := map[int]int64{}
		for _, list := range history(events) {
			counts := map[int64]int{}
			for _, e := range list {
				if e.Name == "C" && e.Time >= day(3) && e.Time < day(17) {
					counts[(day(17)-1-e.Time)/(int64(group)*core.Day)]++
				}
			}
			n := 0
			for _, c := range counts {
				if c >= least {
					n++
				}
			}
			want[n]++
		}
		for _, b := range res.Stickiness.Bars {
			if b.Customers != want[b.Intervals] {
				t.Errorf("groups of %d, at least %d, %d intervals: got %d, want %d", group, least, b.Intervals, b.Customers, want[b.Intervals])
			}
		}
	}
}
