package stats

import (
	"math"
	"slices"
)

// Table is a two by two table of counts: of those with a factor, A had the
// outcome and B had not; of those without it, C and D.
type Table struct{ A, B, C, D int64 }

// OddsRatio gives AD/BC and its 95 % interval on the log scale (Woolf 1955, Ann
// Hum Genet 19). When a cell is 0, one half is added to each (Haldane 1956).
func (t Table) OddsRatio() (ratio float64, iv Interval) {
	a, b, c, d := float64(t.A), float64(t.B), float64(t.C), float64(t.D)
	if t.A == 0 || t.B == 0 || t.C == 0 || t.D == 0 {
		a, b, c, d = a+0.5, b+0.5, c+0.5, d+0.5
	}
	l, half := math.Log(a*d/(b*c)), z95*math.Sqrt(1/a+1/b+1/c+1/d)
	return math.Exp(l), Interval{math.Exp(l - half), math.Exp(l + half)}
}

// P gives the two-sided probability of a table at least as uneven if factor and
// outcome had nothing to do with each other: Fisher's exact test where an
// expected count is below 5, else Pearson's chi-squared.
func (t Table) P() float64 {
	n := float64(t.A + t.B + t.C + t.D)
	row, col := [2]float64{float64(t.A + t.B), float64(t.C + t.D)}, [2]float64{float64(t.A + t.C), float64(t.B + t.D)}
	if row[0] == 0 || row[1] == 0 || col[0] == 0 || col[1] == 0 {
		return 1
	}
	if min(row[0], row[1])*min(col[0], col[1])/n < 5 {
		return t.fisher()
	}
	diff := float64(t.A)*float64(t.D) - float64(t.B)*float64(t.C)
	// Divided step by step: the products of large counts overflow nothing.
	chi := diff / row[0] * (diff / row[1]) / col[0] * (n / col[1])
	return math.Erfc(math.Sqrt(chi / 2))
}

// fisher adds up the probabilities of all tables with these margins that are at
// most as likely (Fisher 1934).
func (t Table) fisher() float64 {
	row, col, n := t.A+t.B, t.A+t.C, t.A+t.B+t.C+t.D
	choose := func(n, k int64) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	all := choose(n, col)
	p := func(a int64) float64 { return choose(row, a) + choose(n-row, col-a) - all }
	limit, sum := p(t.A)+1e-7, 0.0
	for a := max(0, col-(n-row)); a <= min(row, col); a++ {
		if l := p(a); l <= limit {
			sum += math.Exp(l)
		}
	}
	return min(sum, 1)
}

// FalseDiscovery turns probabilities of many tests into the smallest rate of
// false discoveries at which each would be called one (Benjamini and Hochberg
// 1995, JRSS B 57), in the same order.
func FalseDiscovery(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	out, least := make([]float64, len(p)), 1.0
	for i := len(order) - 1; i >= 0; i-- {
		least = min(least, p[order[i]]*float64(len(p))/float64(i+1))
		out[order[i]] = least
	}
	return out
}
