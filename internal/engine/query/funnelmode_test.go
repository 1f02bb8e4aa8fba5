package query_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// levelOf is windowFunnel as its documentation describes it: one list of pairs
// of time and step, an event in it once for each step that it meets; each pair
// continues the newest chain of the step before.
func levelOf(events []core.Event, steps []string, window core.Micros) int {
	type pair struct {
		at   core.Micros
		step int
	}
	var list []pair
	for _, e := range events {
		for s, name := range steps {
			if e.Name == name {
				list = append(list, pair{e.Time, s})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b pair) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.step, b.step)) })
	first := slices.Repeat([]core.Micros{-1}, len(steps)) // of the newest chain by step
	level := 0
	for _, p := range list {
		switch {
		case p.step == 0:
			first[0] = p.at
		case first[p.step-1] >= 0 && p.at <= first[p.step-1]+window:
			first[p.step] = first[p.step-1]
		default:
			continue
		}
		level = max(level, p.step+1)
	}
	return level
}

// risingOf gives the length of the longest chain of strictly rising times. (The
// newest chain alone would lose some: in A0 A5 B5, of which A0 B5 is one.)
func risingOf(events []core.Event, steps []string, window core.Micros) int {
	level := 0
	for _, start := range events {
		if start.Name != steps[0] {
			continue
		}
		depth, last := 1, start.Time
		for _, e := range events {
			if depth < len(steps) && e.Name == steps[depth] && e.Time > last && e.Time <= start.Time+window {
				depth, last = depth+1, e.Time
			}
		}
		level = max(level, depth)
	}
	return level
}

// TestFunnelModes compares the compatible modes with chains, and lists who comes
// out otherwise.
func TestFunnelModes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(71, 72))
	events := crowd(r, 2000, 9, day(2), 3*core.Day, 6*core.Hour)
	s, people := load(t, events), history(events)
	var differing int64
	for range 12 {
		var steps []string
		for range 2 + r.IntN(3) {
			steps = append(steps, string(rune('A'+r.IntN(3))))
		}
		levels := map[core.CustomerID]map[string]int{}
		for c, list := range people {
			levels[c] = map[string]int{"window_funnel": levelOf(list, steps, core.Day), "strict_increase": risingOf(list, steps, core.Day)}
		}
		for mode, other := range map[string]string{"window_funnel": "strict_increase", "strict_increase": "window_funnel"} {
			text := fmt.Sprintf(`{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-10"},"funnel":{"mode":%q,"window":"1d","steps":%s}}`, mode, stepsJSON(strings.Join(steps, ",")))
			res := ask(t, s, env(), "%s", text)
			for k, st := range res.Funnel.Total.Steps {
				var want int64
				for _, l := range levels {
					if l[mode] > k {
						want++
					}
				}
				if st.Reached != want {
					t.Errorf("%s step %d: got %d, want %d", text, k+1, st.Reached, want)
				}
			}
			got, err := query.People(context.Background(), s, parse(t, "%s", text), env(), query.Cell{Outcome: query.OutcomeDiffers, Mode: other})
			if err != nil {
				t.Fatal(err)
			}
			var want int64
			for _, l := range levels {
				if l["window_funnel"] != l["strict_increase"] {
					want++
				}
			}
			if got.Total != want {
				t.Errorf("%s: %d differ, want %d", text, got.Total, want)
			}
			differing += got.Total
		}
	}
	if differing == 0 {
		t.Error("nobody ever differs: the test shows nothing")
	}
}

// TestFunnelBins checks that the histograms hold every conversion.
func TestFunnelBins(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(73, 74))
	var events []core.Event
	for c := core.CustomerID(1); c <= 500; c++ {
		events = append(events, event(c, day(1), "A", ""), event(c, day(1)+r.Int64N(20*core.Minute), "B", ""))
	}
	events = append(events, event(501, day(1), "A", ""), event(501, day(3), "B", ""))
	g := ask(t, load(t, events), env(), `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-02"},"funnel":{"steps":[{"event":"A"},{"event":"B"}]}}`).Funnel.Total
	for _, s := range []*query.Spread{g.Time, g.Steps[1].Time} {
		var n int64
		for i, b := range s.Bins {
			if n += b.N; b.To <= b.From || i > 0 && b.From != s.Bins[i-1].To {
				t.Errorf("bin %d is %+v", i, b)
			}
			var want int64
			for c := core.CustomerID(1); c <= 501; c++ {
				d := events[2*c-1].Time - events[2*c-2].Time
				if d >= b.From && (d < b.To || i == len(s.Bins)-1) {
					want++
				}
			}
			if b.N != want {
				t.Errorf("bin %+v: want %d", b, want)
			}
		}
		if n != 501 || s.N != 501 || len(s.Bins) < 10 || len(s.Bins) > 24 || s.Bins[0].To != core.Minute || s.Bins[len(s.Bins)-1].To != 2*core.Day {
			t.Errorf("got %d in %d bins: %+v", n, len(s.Bins), s.Bins)
		}
	}
}
