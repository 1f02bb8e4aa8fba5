package query

import (
	"math"

	"github.com/ciclo/ciclo/internal/core"
)

// durations gathers times without moving them as they grow.
type durations struct {
	parts [][]core.Micros
	n     int
}

// Sizes of the first part and of the largest: each is twice the one before.
const (
	firstPart = 16
	fullPart  = 1 << 14
)

func (d *durations) add(v core.Micros) {
	k := len(d.parts) - 1
	if k < 0 || len(d.parts[k]) == cap(d.parts[k]) {
		size := firstPart
		if k >= 0 {
			size = min(cap(d.parts[k])*2, fullPart)
		}
		d.parts = append(d.parts, make([]core.Micros, 0, size))
		k++
	}
	d.parts[k] = append(d.parts[k], v)
	d.n++
}

// merge takes over what o has.
func (d *durations) merge(o *durations) {
	d.parts = append(d.parts, o.parts...)
	d.n += o.n
}

// sorted gives all of them in rising order.
func (d *durations) sorted() []core.Micros {
	out := make([]core.Micros, 0, d.n)
	for _, p := range d.parts {
		out = append(out, p...)
	}
	sortNumbers(out)
	return out
}

// spread describes sorted durations.
func spread(d []int64) *Spread {
	if len(d) == 0 {
		return nil
	}
	s := &Spread{N: int64(len(d))}
	var sum float64
	for _, v := range d {
		sum += float64(v)
	}
	s.Mean = sum / float64(len(d))
	s.P25, s.Median, s.P75, s.P90 = between(d, 0.25), between(d, 0.5), between(d, 0.75), between(d, 0.9)
	s.Bins = bins(d)
	return s
}

// between is the quantile of sorted values, interpolated (type 7 of Hyndman and
// Fan, 1996).
func between(values []int64, p float64) float64 {
	h := p * float64(len(values)-1)
	lo := int(math.Floor(h))
	hi := min(lo+1, len(values)-1)
	a, b := float64(values[lo]), float64(values[hi])
	return a + (h-float64(lo))*(b-a)
}

// maxCurve bounds the points of a conversion curve.
const maxCurve = 200

// conversion is the complement of stats.KaplanMeier: converted holds the times
// to conversion and pending how long the others were seen so far, both sorted;
// whoever is left of n was seen for the whole window without converting. Of a
// long curve it gives maxCurve points, the last one among them.
func conversion(converted, pending []int64, n int64) []Survival {
	points := 0
	for i := range converted {
		if i == 0 || converted[i] != converted[i-1] {
			points++
		}
	}
	var out []Survival
	share, p := 1.0, 0
	for i, k := 0, 0; i < len(converted); k++ {
		j := i
		for j < len(converted) && converted[j] == converted[i] {
			j++
		}
		for p < len(pending) && pending[p] < converted[i] {
			p++
		}
		share *= 1 - float64(j-i)/float64(n-int64(i)-int64(p))
		if points <= maxCurve || k == points-1 || len(out) < maxCurve-1 && k == len(out)*points/(maxCurve-1) {
			out = append(out, Survival{converted[i], 1 - share})
		}
		i = j
	}
	return out
}
