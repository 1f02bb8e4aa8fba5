package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/ciclo/ciclo/internal/engine/stats"
)

// Bounds of the work for intervals, in about a billionth of a second each, and
// the least draws that make one.
const (
	resampleWork   = 400_000_000
	leastResamples = 40

	shownPaths = 25
)

// attributed is the shared work of all models.
type attributed struct {
	f      *attributionFold
	keys   []string
	shares []*pathShare
	paths  []stats.TouchPath
	won    []int // paths with conversions
	marks  [][2]int
	names  []string // of channels
	shown  []int    // channels that some path has, the most touched first
	n      int64    // conversions
	value  int64
	res    *AttributionResult
}

// result adds the workers' shares and asks the models.
func (f *attributionFold) result(ctx context.Context) (*AttributionResult, error) {
	a, err := f.gather()
	if err != nil {
		return nil, err
	}
	if f.q.roster != nil { // who asks for people needs no models
		return a.res, nil
	}
	a.describe()
	if err := a.models(ctx); err != nil {
		return nil, err
	}
	return a.res, nil
}

// gather merges the paths of all workers, in one order.
func (f *attributionFold) gather() (*attributed, error) {
	all := map[string]*pathShare{}
	res := &AttributionResult{Channels: []AttributionChannel{}, Models: []AttributionModel{}, Paths: []AttributionPath{}}
	var refunded int64
	var left foreign
	for _, p := range f.parts {
		res.Customers, res.Untouched, res.Unvalued = res.Customers+p.customers.customers, res.Untouched+p.untouched, res.Unvalued+p.unvalued
		refunded += p.refunded
		left.merge(&p.foreign)
		for k, s := range p.paths {
			have := all[k]
			if have == nil {
				all[k] = s
				continue
			}
			have.merge(s)
		}
	}
	f.q.foreign(&left)
	a := &attributed{f: f, names: f.channels.names, keys: slices.Sorted(maps.Keys(all)), res: res}
	for _, k := range a.keys {
		if err := f.q.memory.take(12*len(k) + 100); err != nil {
			return nil, err
		}
		s := all[k]
		path, lead, opportunity := readPath(k)
		a.shares, a.marks = append(a.shares, s), append(a.marks, [2]int{lead, opportunity})
		a.paths = append(a.paths, stats.TouchPath{Channels: path, Conversions: s.n, Lost: s.lost})
		if s.n > 0 {
			a.won = append(a.won, len(a.paths)-1)
		}
		a.n, a.value, res.Lost = a.n+s.n, a.value+s.value, res.Lost+s.lost
	}
	res.Conversions = a.n
	if f.value >= 0 {
		res.Value, res.Refunded, res.Currency = &a.value, &refunded, f.q.env.Currency
	}
	return a, nil
}

func (s *pathShare) merge(o *pathShare) {
	s.n, s.lost, s.value = s.n+o.n, s.lost+o.lost, s.value+o.value
	if s.decay == nil {
		s.decay, s.money = o.decay, o.money
		return
	}
	add(s.decay, o.decay)
	add(s.money, o.money)
}

// describe tells what the paths are made of.
func (a *attributed) describe() {
	all := make([]AttributionChannel, len(a.names))
	seen := make([]int, len(a.names)) // path counted last, from 1
	for i, p := range a.paths {
		for _, c := range p.Channels {
			x := &all[c]
			x.Touches += p.Conversions
			if seen[c] != i+1 {
				seen[c] = i + 1
				x.Converted, x.Lost = x.Converted+p.Conversions, x.Lost+p.Lost
			}
		}
		all[p.Channels[0]].First += p.Conversions
		all[p.Channels[len(p.Channels)-1]].Last += p.Conversions
	}
	for c := range all {
		if all[c].Channel = a.names[c]; seen[c] > 0 {
			a.shown = append(a.shown, c)
		}
	}
	slices.SortFunc(a.shown, func(x, y int) int {
		return cmp.Or(cmp.Compare(all[y].Converted, all[x].Converted), cmp.Compare(all[y].Lost, all[x].Lost), cmp.Compare(all[x].Channel, all[y].Channel))
	})
	for _, c := range a.shown {
		a.res.Channels = append(a.res.Channels, all[c])
	}
	f := a.f
	a.res.Rule = AttributionRule{LookBack: f.lookBack, Gap: f.gap, Direct: cmp.Or(f.a.Direct, DirectIgnored), Reset: !f.a.KeepPath, HalfLife: int64(f.halfLife), Seed: f.a.Seed, Resamples: a.asked()}
	a.top()
}

func (a *attributed) asked() int {
	if r := a.f.a.Resamples; r != nil {
		return *r
	}
	return defaultResamples
}

// top lists the paths with the most conversions, without their marks.
func (a *attributed) top() {
	byPath := map[string]int{}
	var list []AttributionPath
	for i, p := range a.paths {
		k := a.keys[i][:len(p.Channels)]
		at, ok := byPath[k]
		if !ok {
			at = len(list)
			byPath[k] = at
			x := AttributionPath{}
			for _, c := range p.Channels {
				x.Path = append(x.Path, a.names[c])
			}
			if a.f.value >= 0 {
				x.Value = new(int64)
			}
			list = append(list, x)
		}
		x := &list[at]
		x.Conversions, x.Lost = x.Conversions+p.Conversions, x.Lost+p.Lost
		if x.Value != nil {
			*x.Value += a.shares[i].value
		}
	}
	slices.SortStableFunc(list, func(x, y AttributionPath) int {
		return cmp.Or(cmp.Compare(y.Conversions, x.Conversions), cmp.Compare(y.Lost, x.Lost))
	})
	a.res.MorePaths = max(len(list)-shownPaths, 0)
	a.res.Paths = append(a.res.Paths, list[:min(len(list), shownPaths)]...)
}

// weigher gives the shares of the touches of path i.
type weigher func(i int) []float64

// models asks each.
func (a *attributed) models(ctx context.Context) error {
	path := func(i int) []int { return a.paths[i].Channels }
	direct := a.f.channels.direct()
	simple := []struct {
		name   string
		weigh  weigher
		reason string
	}{
		{ModelFirst, func(i int) []float64 { return stats.FirstTouch(len(path(i))) }, ""},
		{ModelLast, func(i int) []float64 { return stats.LastTouch(len(path(i))) }, ""},
		{ModelLastNonDirect, func(i int) []float64 { return stats.LastOther(path(i), direct) }, ""},
		{ModelLinear, func(i int) []float64 { return stats.LinearTouch(len(path(i))) }, ""},
		{ModelDecay, a.decayed, ""},
		{ModelPosition, func(i int) []float64 { return stats.PositionTouch(len(path(i))) }, ""},
		{ModelWShaped, func(i int) []float64 { return stats.WShapedTouch(len(path(i)), a.marks[i][0], a.marks[i][1]) }, ""},
		{ModelShapley, func(i int) []float64 { return stats.ShapleyTouch(path(i)) }, ""},
	}
	if a.f.lead|a.f.opportunity == 0 {
		simple[6].reason = "the query names no event that makes a lead or an opportunity"
	}
	if err := a.f.q.memory.take(8 * len(simple) * len(a.won) * len(a.shown)); err != nil {
		return err
	}
	var credits [][]float64 // by model, path and channel shown, of one conversion
	for _, m := range simple {
		if a.n == 0 {
			m.reason = "no conversion in the range"
		}
		x := AttributionModel{Model: m.name, Reason: m.reason, Credits: []Credit{}}
		var per []float64
		if m.reason == "" {
			per = a.spreadOut(m.weigh)
			x.Credits = a.credits(per, m.name == ModelDecay)
		}
		a.res.Models = append(a.res.Models, x)
		credits = append(credits, per)
	}
	var chains []*stats.Chain
	for _, order := range a.f.a.orders() {
		chain, x := a.markov(order)
		a.res.Models, chains = append(a.res.Models, x), append(chains, chain)
	}
	return a.intervals(ctx, credits, chains)
}

// decayed gives the mean shares of the touches of path i.
func (a *attributed) decayed(i int) []float64 {
	s := a.shares[i]
	out := make([]float64, len(a.paths[i].Channels))
	for k := range out {
		out[k] = float64(s.decay[k]) / decayUnits / float64(s.n)
	}
	return out
}

// spreadOut gives, path by path of those with conversions, the credit of one conversion for each channel
// shown.
func (a *attributed) spreadOut(weigh weigher) []float64 {
	place := make([]int, len(a.names))
	for k, c := range a.shown {
		place[c] = k
	}
	out := make([]float64, len(a.won)*len(a.shown))
	for row, i := range a.won {
		for k, w := range weigh(i) {
			out[row*len(a.shown)+place[a.paths[i].Channels[k]]] += w
		}
	}
	return out
}

// credits sums what a model gives one conversion of each path.
func (a *attributed) credits(per []float64, decay bool) []Credit {
	width := len(a.shown)
	counts, money := make([]float64, width), make([]float64, width)
	for row, i := range a.won {
		for k, w := range per[row*width : (row+1)*width] {
			counts[k] += w * float64(a.paths[i].Conversions)
			money[k] += w * float64(a.shares[i].value)
		}
	}
	if decay { // its shares differ within a path
		clear(money)
		for i, p := range a.paths {
			for k, v := range a.shares[i].money {
				money[slices.Index(a.shown, p.Channels[k])] += float64(v) / decayMoneyUnits
			}
		}
	}
	return a.list(counts, money)
}

// list writes credits out; money is rounded so that it sums to the value.
func (a *attributed) list(counts, money []float64) []Credit {
	out := make([]Credit, len(a.shown))
	minor := stats.Apportion(a.value, money)
	for k, c := range a.shown {
		out[k] = Credit{Channel: a.names[c], Conversions: counts[k], Share: counts[k] / float64(a.n)}
		if a.f.value >= 0 {
			out[k].Value = &minor[k]
		}
	}
	return out
}

// markov asks a chain of one order.
func (a *attributed) markov(order int) (*stats.Chain, AttributionModel) {
	x := AttributionModel{Model: ModelMarkov, Order: order, Credits: []Credit{}}
	if a.n == 0 {
		x.Reason = "no conversion in the range"
		return nil, x
	}
	chain, ok := stats.NewChain(a.paths, len(a.names), order)
	if !ok {
		x.Reason = "the paths have too many different sequences for this order"
		return nil, x
	}
	r := chain.Solve(a.paths)
	x.P = &r.P
	shares := r.Shares()
	if shares == nil {
		x.Reason = "the sum of the removal effects is 0"
		return nil, x
	}
	counts, money := make([]float64, len(a.shown)), make([]float64, len(a.shown))
	for k, c := range a.shown {
		counts[k], money[k] = shares[c]*float64(a.n), shares[c]*float64(a.value)
	}
	x.Credits = a.list(counts, money)
	for k, c := range a.shown {
		x.Credits[k].Removal = &r.Effects[c]
	}
	return chain, x
}

// intervals draws the paths again and again, as long as that takes little time.
func (a *attributed) intervals(ctx context.Context, credits [][]float64, chains []*stats.Chain) error {
	draws := make([]int, len(a.res.Models)) // by model
	cost := 40*float64(len(a.paths)) + float64(len(credits)*len(a.won)*len(a.shown))
	most := min(a.asked(), int(resampleWork/max(cost, 1)))
	for m := range a.res.Models {
		if a.res.Models[m].Reason != "" {
			continue
		}
		n := most
		if k := m - len(credits); k >= 0 {
			n = min(n, int(resampleWork/max(chains[k].Cost(), 1)))
		}
		if n >= min(leastResamples, max(a.asked(), 2)) {
			draws[m] = n
		}
	}
	width, drawn := len(a.shown), make([]stats.TouchPath, len(a.paths))
	samples := make([][]float64, len(a.res.Models)*width) // by model and channel
	again := stats.NewResampler(a.f.a.Seed)
	for d := range slices.Max(draws) {
		if err := ctx.Err(); err != nil {
			return err
		}
		again.Draw(a.paths, drawn)
		for m, n := range draws {
			if d >= n {
				continue
			}
			for k, share := range a.drawnShares(drawn, m, credits, chains) {
				samples[m*width+k] = append(samples[m*width+k], share)
			}
		}
	}
	for m := range a.res.Models {
		x := &a.res.Models[m]
		for k := range x.Credits {
			if iv, ok := stats.PercentileInterval(samples[m*width+k]); ok {
				x.Resamples = len(samples[m*width+k])
				low, high := iv.Low*float64(a.n), iv.High*float64(a.n)
				x.Credits[k].Low, x.Credits[k].High = &low, &high
			}
		}
	}
	return nil
}

// drawnShares gives the shares of the channels shown by model m; nil when the draw
// has no conversion.
func (a *attributed) drawnShares(drawn []stats.TouchPath, m int, credits [][]float64, chains []*stats.Chain) []float64 {
	out, width := make([]float64, len(a.shown)), len(a.shown)
	if k := m - len(credits); k >= 0 {
		shares := chains[k].Solve(drawn).Shares()
		if shares == nil {
			return nil
		}
		for k, c := range a.shown {
			out[k] = shares[c]
		}
		return out
	}
	total := 0.0
	for row, i := range a.won {
		n := float64(drawn[i].Conversions)
		if n == 0 {
			continue
		}
		total += n
		for k, w := range credits[m][row*width : (row+1)*width] {
			out[k] += n * w
		}
	}
	if total == 0 {
		return nil
	}
	for k := range out {
		out[k] /= total
	}
	return out
}
