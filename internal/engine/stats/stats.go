// Package stats holds the formulas behind Ciclo's numbers, each with its
// source. All functions are pure.
package stats

import (
	"math"
	"slices"
)

// Interval is a two-sided confidence interval.
type Interval struct{ Low, High float64 }

// z95 is the 97.5 % quantile of the standard normal distribution.
const z95 = 1.959963984540054

// Wilson gives the 95 % score interval of a proportion of k in n (Wilson 1927,
// JASA 22). ok is false when n is 0.
func Wilson(k, n int64) (iv Interval, ok bool) {
	if n <= 0 {
		return Interval{}, false
	}
	p, m := float64(k)/float64(n), float64(n)
	z2 := z95 * z95
	mid := (p + z2/(2*m)) / (1 + z2/m)
	half := z95 / (1 + z2/m) * math.Sqrt(p*(1-p)/m+z2/(4*m*m))
	return Interval{max(0, mid-half), min(1, mid+half)}, true
}

// Duration is one observed spell: how long, and whether its end was seen. A
// spell that still runs is censored (Ended false).
type Duration struct {
	Length int64
	Ended  bool
}

// Survival is one step of a survival curve: the share that lasts beyond Time.
type Survival struct {
	Time  int64
	Share float64
}

// KaplanMeier gives the product-limit estimate of survival (Kaplan and Meier
// 1958, JASA 53), one step a distinct time at which a spell ended. Spells
// censored at a time count as at risk at that time.
func KaplanMeier(spells []Duration) []Survival {
	s := slices.Clone(spells)
	slices.SortFunc(s, func(a, b Duration) int {
		switch {
		case a.Length < b.Length:
			return -1
		case a.Length > b.Length:
			return 1
		}
		return 0
	})
	var out []Survival
	share := 1.0
	for i := 0; i < len(s); {
		t, ended, j := s[i].Length, 0, i
		for ; j < len(s) && s[j].Length == t; j++ {
			if s[j].Ended {
				ended++
			}
		}
		if ended > 0 {
			share *= 1 - float64(ended)/float64(len(s)-i)
			out = append(out, Survival{t, share})
		}
		i = j
	}
	return out
}

// TimeTo gives the first time at which survival falls to share or below; ok is
// false when the curve never gets there.
func TimeTo(curve []Survival, share float64) (t int64, ok bool) {
	for _, s := range curve {
		if s.Share <= share+1e-12 {
			return s.Time, true
		}
	}
	return 0, false
}

// Quantile gives the p-quantile of values by linear interpolation (type 7 of
// Hyndman and Fan 1996). values need not be sorted; ok is false when empty.
func Quantile(values []float64, p float64) (q float64, ok bool) {
	if len(values) == 0 {
		return 0, false
	}
	v := slices.Clone(values)
	slices.Sort(v)
	h := p * float64(len(v)-1)
	lo := int(math.Floor(h))
	hi := min(lo+1, len(v)-1)
	return v[lo] + (h-float64(lo))*(v[hi]-v[lo]), true
}

// RatioInterval gives the 95 % interval of sum(y)/sum(x) over pairs, by the
// delta method for a ratio of means. ok is false below two pairs or when the
// denominator is 0.
func RatioInterval(y, x []float64) (iv Interval, ok bool) {
	n := float64(len(x))
	if len(x) < 2 || len(x) != len(y) {
		return Interval{}, false
	}
	var sx, sy float64
	for i := range x {
		sx += x[i]
		sy += y[i]
	}
	if sx == 0 {
		return Interval{}, false
	}
	r, mx := sy/sx, sx/n
	var ss float64
	for i := range x {
		d := y[i] - r*x[i]
		ss += d * d
	}
	half := z95 * math.Sqrt(ss/(n-1)/n) / math.Abs(mx)
	return Interval{r - half, r + half}, true
}
