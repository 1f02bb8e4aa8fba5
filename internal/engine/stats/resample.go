package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Resampler draws counts of paths as if customers had been drawn again with
// replacement (Efron 1979), each count on its own as a Poisson number. The same
// seed gives the same draws.
type Resampler struct{ rnd *rand.Rand }

// NewResampler makes one.
func NewResampler(seed uint64) *Resampler {
	return &Resampler{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// Draw writes drawn counts of from into into, which is as long.
func (r *Resampler) Draw(from, into []TouchPath) {
	for i := range from {
		into[i].Channels = from[i].Channels
		into[i].Conversions, into[i].Lost = r.poisson(from[i].Conversions), r.poisson(from[i].Lost)
	}
}

// poisson draws a number of mean n: exactly below 30, else by the normal
// approximation.
func (r *Resampler) poisson(n int64) int64 {
	if n <= 0 {
		return 0
	}
	if n >= 30 {
		m := float64(n)
		return max(0, int64(math.Round(m+math.Sqrt(m)*r.rnd.NormFloat64())))
	}
	limit, p, k := math.Exp(-float64(n)), 1.0, int64(-1)
	for p > limit {
		p *= r.rnd.Float64()
		k++
	}
	return k
}

// PercentileInterval gives the middle 95 % of draws, which it sorts.
func PercentileInterval(draws []float64) (iv Interval, ok bool) {
	if len(draws) < 2 {
		return Interval{}, false
	}
	slices.Sort(draws)
	at := func(p float64) float64 {
		h := p * float64(len(draws)-1)
		lo := int(h)
		hi := min(lo+1, len(draws)-1)
		return draws[lo] + (h-float64(lo))*(draws[hi]-draws[lo])
	}
	return Interval{at(0.025), at(0.975)}, true
}
