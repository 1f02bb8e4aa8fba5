package stats_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/engine/stats"
)

// Channels of the worked example.
const (
	search = iota
	email
	social
)

func workedExample() []stats.TouchPath {
	return []stats.TouchPath{{[]int{search, email}, 3, 2}, {[]int{email}, 2, 8}, {[]int{social, search, email}, 4, 6}, {[]int{social}, 1, 9}, {[]int{search}, 5, 10}}
}

// credit sums the shares of a rule over paths.
func credit(paths []stats.TouchPath, channels int, rule func(path []int) []float64) []float64 {
	out := make([]float64, channels)
	for _, p := range paths {
		for i, w := range rule(p.Channels) {
			out[p.Channels[i]] += w * float64(p.Conversions)
		}
	}
	return out
}

func equals(t *testing.T, what string, got, want []float64, by float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > by {
			t.Errorf("%s: got %.12v, want %.12v", what, got, want)
			return
		}
	}
}

func TestWorkedExample(t *testing.T) {
	t.Parallel()
	paths := workedExample()
	for _, c := range []struct {
		name string
		rule func(p []int) []float64
		want []float64
	}{
		{"first", func(p []int) []float64 { return stats.FirstTouch(len(p)) }, []float64{8, 2, 5}},
		{"last", func(p []int) []float64 { return stats.LastTouch(len(p)) }, []float64{5, 9, 1}},
		{"last but e-mail", func(p []int) []float64 { return stats.LastOther(p, email) }, []float64{12, 2, 1}},
		{"linear", func(p []int) []float64 { return stats.LinearTouch(len(p)) }, []float64{7.833333333333333, 4.833333333333333, 2.333333333333333}},
		{"position", func(p []int) []float64 { return stats.PositionTouch(len(p)) }, []float64{7.3, 5.1, 2.6}},
		{"shapley", stats.ShapleyTouch, []float64{7.833333333333333, 4.833333333333333, 2.333333333333333}},
		{"decay by step", func(p []int) []float64 {
			var ages []float64
			for i := range p {
				ages = append(ages, float64(len(p)-i))
			}
			return stats.DecayTouch(ages, 1)
		}, []float64{7.142857142857142, 6.285714285714286, 1.5714285714285714}},
	} {
		equals(t, c.name, credit(paths, 3, c.rule), c.want, 1e-12)
	}
	chain, ok := stats.NewChain(paths, 3, 1)
	if !ok {
		t.Fatal("no chain")
	}
	r := chain.Solve(paths)
	near(t, "P", r.P, 0.3, 1e-12)
	equals(t, "removal", r.Effects, []float64{0.6933333333333334, 0.6, 0.2977777777777777}, 1e-12)
	credits := r.Shares()
	for i := range credits {
		credits[i] *= 15
	}
	equals(t, "markov", credits, []float64{6.536312849162011, 5.656424581005586, 2.8072625698324014}, 1e-12)
}

func TestTouchRules(t *testing.T) {
	t.Parallel()
	equals(t, "position of 1", stats.PositionTouch(1), []float64{1}, 0)
	equals(t, "position of 2", stats.PositionTouch(2), []float64{.5, .5}, 0)
	equals(t, "position of 4", stats.PositionTouch(4), []float64{.4, .1, .1, .4}, 1e-15)
	equals(t, "w", stats.WShapedTouch(5, 1, 3), []float64{.3, .3, .05, .3, .05}, 1e-15)
	equals(t, "w without opportunity", stats.WShapedTouch(4, 1, -1), []float64{.3 / .7, .3 / .7, .05 / .7, .05 / .7}, 1e-15)
	equals(t, "w without marks", stats.WShapedTouch(3, -1, -1), []float64{.75, .125, .125}, 1e-15)
	equals(t, "w without others", stats.WShapedTouch(3, 1, 2), []float64{1. / 3, 1. / 3, 1. / 3}, 1e-15)
	equals(t, "w of marks on one touch", stats.WShapedTouch(2, 0, 0), []float64{.9, .1}, 1e-15)
	// Half-life 7 days: 14, 7 and 0 days old weigh 1, 2, 4.
	equals(t, "decay", stats.DecayTouch([]float64{14, 7, 0}, 7), []float64{1. / 7, 2. / 7, 4. / 7}, 1e-15)
	equals(t, "decay of old touches", stats.DecayTouch([]float64{1e6, 1e6}, 7), []float64{.5, .5}, 0)
	equals(t, "last other alone", stats.LastOther([]int{2, 2}, 2), []float64{0, 1}, 0)
	equals(t, "nothing", stats.ShapleyTouch(nil), nil, 0)
}

func randomPaths(r *rand.Rand, channels, most int) []stats.TouchPath {
	out := make([]stats.TouchPath, 1+r.IntN(15))
	for i := range out {
		for range 1 + r.IntN(most) {
			out[i].Channels = append(out[i].Channels, r.IntN(channels))
		}
		out[i].Conversions, out[i].Lost = r.Int64N(20), r.Int64N(40)
	}
	return out
}

// TestShapleyEqualsAllSubsets writes the definition out: the mean of what a
// channel adds over all orders of arrival.
func TestShapleyEqualsAllSubsets(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	for range 60 {
		n := 2 + r.IntN(7)
		paths := randomPaths(r, n, 6)
		worth := make([]float64, 1<<n)
		for set := range worth {
			for _, p := range paths {
				in := true
				for _, c := range p.Channels {
					in = in && set>>c&1 == 1
				}
				if in {
					worth[set] += float64(p.Conversions)
				}
			}
		}
		want := make([]float64, n)
		for c := range n {
			for set := range worth {
				if set>>c&1 == 0 {
					s := bits.OnesCount(uint(set))
					want[c] += factorial(s) * factorial(n-s-1) / factorial(n) * (worth[set|1<<c] - worth[set])
				}
			}
		}
		equals(t, "shapley", credit(paths, n, stats.ShapleyTouch), want, 1e-9)
	}
}

func factorial(n int) float64 {
	out := 1.0
	for i := 2; i <= n; i++ {
		out *= float64(i)
	}
	return out
}

// TestMarkovEqualsWalks walks the chain at random instead of solving it.
func TestMarkovEqualsWalks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 1))
	walks := 200_000
	if testing.Short() {
		walks = 40_000
	}
	for order := 1; order <= 4; order++ {
		paths := randomPaths(r, 3, 6)
		paths[0].Conversions++ // somebody converts
		chain, ok := stats.NewChain(paths, 3, order)
		if !ok {
			t.Fatal("no chain")
		}
		got := chain.Solve(paths)
		within := 5 / math.Sqrt(float64(walks))
		p := walked(r, paths, order, -1, walks)
		near(t, "P", got.P, p, within)
		for c := range 3 {
			near(t, "P without a channel", got.P*(1-got.Effects[c]), walked(r, paths, order, c, walks), within)
		}
	}
}

// walked gives the share of walks that convert. A state is a text of the last
// channels; "+" and "-" are the ends.
func walked(r *rand.Rand, paths []stats.TouchPath, order, removed, walks int) float64 {
	type step struct {
		to string
		n  int64
	}
	next := map[string][]step{}
	note := func(from, to string, n int64) {
		i := slices.IndexFunc(next[from], func(s step) bool { return s.to == to })
		if i < 0 {
			next[from] = append(next[from], step{to, 0})
			i = len(next[from]) - 1
		}
		next[from][i].n += n
	}
	for _, p := range paths {
		at := ""
		for _, c := range p.Channels {
			to := at + string(rune('a'+c))
			to = to[max(0, len(to)-order):]
			note(at, to, p.Conversions+p.Lost)
			at = to
		}
		note(at, "+", p.Conversions)
		note(at, "-", p.Lost)
	}
	won := 0
	for range walks {
		at := ""
		for at != "+" && at != "-" {
			var all int64
			for _, s := range next[at] {
				all += s.n
			}
			if all == 0 {
				break
			}
			k := r.Int64N(all)
			for _, s := range next[at] {
				if k -= s.n; k < 0 {
					at = s.to
					break
				}
			}
			if removed >= 0 && at[len(at)-1] == byte('a'+removed) {
				at = "-"
			}
		}
		if at == "+" {
			won++
		}
	}
	return float64(won) / float64(walks)
}

func TestMarkovIgnoresRepeatsAtOrder1(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 1))
	for range 200 {
		paths := randomPaths(r, 4, 8)
		short := make([]stats.TouchPath, len(paths))
		for i, p := range paths {
			short[i] = stats.TouchPath{Channels: slices.Compact(slices.Clone(p.Channels)), Conversions: p.Conversions, Lost: p.Lost}
		}
		a, _ := stats.NewChain(paths, 4, 1)
		b, _ := stats.NewChain(short, 4, 1)
		x, y := a.Solve(paths), b.Solve(short)
		near(t, "P", x.P, y.P, 1e-12)
		equals(t, "removal", x.Effects, y.Effects, 1e-9)
	}
}

// TestMarkovOfHighOrderCountsPaths: when the order is as long as the paths, the
// chain is the paths, and a removal loses exactly those that hold the channel.
func TestMarkovOfHighOrderCountsPaths(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 1))
	for range 100 {
		// 9 channels make more states than are solved by elimination.
		paths := randomPaths(r, 9, 4)
		for range 150 {
			paths = append(paths, randomPaths(r, 9, 4)...)
		}
		chain, _ := stats.NewChain(paths, 9, 4)
		got := chain.Solve(paths)
		var won, all float64
		with := make([]float64, 9)
		for _, p := range paths {
			won, all = won+float64(p.Conversions), all+float64(p.Conversions+p.Lost)
			for c := range 9 {
				if slices.Contains(p.Channels, c) {
					with[c] += float64(p.Conversions)
				}
			}
		}
		near(t, "P", got.P, won/all, 1e-11)
		for c := range with {
			with[c] /= won
		}
		equals(t, "removal", got.Effects, with, 1e-9)
		if chain.States() <= 128 {
			t.Fatalf("only %d states: the sweep is not tried", chain.States())
		}
	}
}

func TestMarkovWithoutConversions(t *testing.T) {
	t.Parallel()
	paths := []stats.TouchPath{{[]int{0, 1}, 0, 5}, {[]int{1}, 0, 2}}
	chain, _ := stats.NewChain(paths, 2, 1)
	if r := chain.Solve(paths); r.P != 0 || r.Sum != 0 || r.Shares() != nil {
		t.Errorf("got %+v", r)
	}
	chain, _ = stats.NewChain(nil, 2, 1)
	if r := chain.Solve(nil); r.Shares() != nil {
		t.Errorf("of nothing: got %+v", r)
	}
}

func TestSharesSumToOne(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 1))
	for range 500 {
		n := 1 + r.IntN(9)
		path, ages := make([]int, n), make([]float64, n)
		for i := range n {
			path[i], ages[i] = r.IntN(4), r.Float64()*90
		}
		for what, w := range map[string][]float64{"first": stats.FirstTouch(n), "last": stats.LastTouch(n), "other": stats.LastOther(path, 1), "linear": stats.LinearTouch(n),
			"position": stats.PositionTouch(n), "w": stats.WShapedTouch(n, r.IntN(n+1)-1, r.IntN(n+1)-1), "shapley": stats.ShapleyTouch(path), "decay": stats.DecayTouch(ages, 7)} {
			sum := 0.0
			for _, v := range w {
				sum += v
			}
			near(t, what, sum, 1, 1e-12)
		}
		paths := randomPaths(r, 4, 6)
		paths[0].Conversions++
		for order := 1; order <= 4; order++ {
			chain, _ := stats.NewChain(paths, 4, order)
			sum := 0.0
			for _, v := range chain.Solve(paths).Shares() {
				sum += v
			}
			near(t, "markov", sum, 1, 1e-12)
		}
	}
}

func TestApportion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total int64
		parts []float64
		want  []int64
	}{
		{100, []float64{33.3333, 33.3333, 33.3334}, []int64{33, 33, 34}},
		{10, []float64{2.5, 2.5, 2.5, 2.5}, []int64{3, 3, 2, 2}},
		{-10, []float64{-3.4, -3.3, -3.3}, []int64{-4, -3, -3}},
		{0, []float64{-10, 10}, []int64{-10, 10}},
		{0, []float64{-0.5, 0.5}, []int64{0, 0}},
		{7, []float64{0, 0}, []int64{4, 3}},
		{5, nil, nil},
	} {
		if got := stats.Apportion(c.total, c.parts); !slices.Equal(got, c.want) {
			t.Errorf("%d of %v: got %v, want %v", c.total, c.parts, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(13, 1))
	for range 1000 {
		parts, sum := make([]float64, 1+r.IntN(9)), 0.0
		for i := range parts {
			parts[i] = (r.Float64() - 0.3) * 1e6
			sum += parts[i]
		}
		total := int64(math.Round(sum))
		var got int64
		for i, v := range stats.Apportion(total, parts) {
			got += v
			if math.Abs(float64(v)-parts[i]) > 1.01 {
				t.Errorf("part %d of %v is %d", i, parts, v)
			}
		}
		if got != total {
			t.Errorf("parts of %d sum to %d", total, got)
		}
	}
}

func TestResample(t *testing.T) {
	t.Parallel()
	from := []stats.TouchPath{{[]int{0}, 4, 0}, {[]int{1}, 100, 29}}
	a, b := stats.NewResampler(1), stats.NewResampler(1)
	x, y := make([]stats.TouchPath, 2), make([]stats.TouchPath, 2)
	sum, square := [3]float64{}, [3]float64{}
	const n = 20_000
	for range n {
		a.Draw(from, x)
		b.Draw(from, y)
		if x[1].Conversions != y[1].Conversions || x[0].Lost != 0 {
			t.Fatal("the same seed draws differently, or something of nothing")
		}
		for k, v := range []int64{x[0].Conversions, x[1].Conversions, x[1].Lost} {
			sum[k] += float64(v)
			square[k] += float64(v * v)
		}
	}
	for k, want := range []float64{4, 100, 29} {
		mean := sum[k] / n
		near(t, "mean", mean, want, 5*math.Sqrt(want/n))
		near(t, "variance", square[k]/n-mean*mean, want, want*0.06)
	}
	if iv, ok := stats.PercentileInterval([]float64{3, 1, 2, 5, 4}); !ok || math.Abs(iv.Low-1.1) > 1e-12 || math.Abs(iv.High-4.9) > 1e-12 {
		t.Errorf("interval %v", iv)
	}
}
