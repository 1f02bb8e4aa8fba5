package stats

import (
	"math"
	"slices"
)

// The rules of attribution give each touch of one path its share of the
// conversion; the shares sum to 1. A path has n touches in order of time.

// FirstTouch gives all to the first of n touches.
func FirstTouch(n int) []float64 { return alone(n, 0) }

// LastTouch gives all to the last of n touches.
func LastTouch(n int) []float64 { return alone(n, n-1) }

func alone(n, at int) []float64 {
	w := make([]float64, n)
	if n > 0 {
		w[at] = 1
	}
	return w
}

// LastOther gives all to the last touch whose channel is not skip, and to the
// last one when there is no other.
func LastOther(path []int, skip int) []float64 {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != skip {
			return alone(len(path), i)
		}
	}
	return LastTouch(len(path))
}

// LinearTouch gives n touches the same.
func LinearTouch(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1 / float64(n)
	}
	return w
}

// DecayTouch weighs touches by 2^(-age/halfLife). Ages and halfLife have one
// unit.
func DecayTouch(ages []float64, halfLife float64) []float64 {
	w := make([]float64, len(ages))
	if len(ages) == 0 {
		return w
	}
	// Counted from the youngest, so that old paths do not vanish in rounding.
	youngest, sum := slices.Min(ages), 0.0
	for i, a := range ages {
		w[i] = math.Exp2(-(a - youngest) / halfLife)
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}

// PositionTouch gives the first and the last touch 40 % each, and those between
// 20 % together; of two touches each has half.
func PositionTouch(n int) []float64 {
	switch {
	case n <= 1:
		return FirstTouch(n)
	case n == 2:
		return []float64{0.5, 0.5}
	}
	w := make([]float64, n)
	for i := range w {
		w[i] = 0.2 / float64(n-2)
	}
	w[0], w[n-1] = 0.4, 0.4
	return w
}

// WShapedTouch gives the first touch, the one that made the lead and the one that
// made the opportunity 30 % each, and the others 10 % together. lead and
// opportunity are places of touches, negative when there was none; what is
// missing is shared in proportion by what is there.
func WShapedTouch(n, lead, opportunity int) []float64 {
	w := make([]float64, n)
	if n == 0 {
		return w
	}
	for _, at := range []int{0, lead, opportunity} {
		if at >= 0 && at < n {
			w[at] += 0.3
		}
	}
	rest := 0
	for _, v := range w {
		if v == 0 {
			rest++
		}
	}
	sum := 0.0
	for i := range w {
		if w[i] == 0 {
			w[i] = 0.1 / float64(rest)
		}
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}

// ShapleyTouch gives the distinct channels of a path the same, each at its first
// touch. Summed over paths this is the Shapley value of the game in which the
// worth of a set of channels is the conversions whose channels all lie in it
// (Zhao et al. 2018): no subset is ever enumerated.
func ShapleyTouch(path []int) []float64 {
	w := make([]float64, len(path))
	distinct := 0
	for i, c := range path {
		if !slices.Contains(path[:i], c) {
			w[i] = 1
			distinct++
		}
	}
	for i := range w {
		w[i] /= float64(distinct)
	}
	return w
}

// Apportion rounds parts to whole numbers that sum to total, by largest
// remainders; of equal ones the first comes first. The parts should sum to about
// total.
func Apportion(total int64, parts []float64) []int64 {
	out := make([]int64, len(parts))
	if len(parts) == 0 {
		return out
	}
	order := make([]int, len(parts))
	left := total
	for i, p := range parts {
		order[i] = i
		out[i] = int64(math.Floor(p))
		left -= out[i]
	}
	rest := func(i int) float64 { return parts[i] - math.Floor(parts[i]) }
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := rest(a), rest(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	n := int64(len(parts))
	each := left / n // 0 unless rounding errors were large
	if left%n < 0 {
		each--
	}
	for k, i := range order {
		out[i] += each
		if int64(k) < left-each*n {
			out[i]++
		}
	}
	return out
}
