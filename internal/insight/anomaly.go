package insight

import (
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/engine/stats"
)

// minHistory is how many past values of the season a deviation needs.
const minHistory = 4

// Deviation tells how far x lies from what is usual in its season, in robust
// standard deviations. history is the values of the same season (weekday, hour)
// in past periods; their order does not matter.
//
// It is the modified z-score of B. Iglewicz and D. Hoaglin, "How to Detect and
// Handle Outliers", ASQC Quality Press 1993, page 11:
//
//	z = 0.6745 (x - median) / MAD,  MAD = median |x_i - median|
//
// where 0.6745 is the upper quartile of the standard normal, so that for normal
// values MAD / 0.6745 estimates the standard deviation; they advise to look at
// |z| > 3.5. Median and MAD hold up to half of the history being outliers. When
// more than half of it is one value, MAD is 0 and the mean absolute deviation
// stands in: z = (x - median) / (1.253314 MeanAD), 1.253314 being the square
// root of pi/2. When all of it is one value, any other x is infinitely far.
//
// spread is the estimated standard deviation. ok is false with fewer than four
// values: nothing can be said.
func Deviation(x float64, history []float64) (z, median, spread float64, ok bool) {
	if len(history) < minHistory || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, 0, 0, false
	}
	sorted := slices.Sorted(slices.Values(history))
	median, _ = stats.Quantile(sorted, 0.5)
	off, sum := make([]float64, len(sorted)), 0.0
	for i, v := range sorted {
		off[i] = math.Abs(v - median)
		sum += off[i]
	}
	slices.Sort(off)
	mad, _ := stats.Quantile(off, 0.5)
	if spread = mad / 0.6745; spread == 0 {
		spread = sum / float64(len(off)) * math.Sqrt(math.Pi/2)
	}
	switch d := x - median; {
	case spread > 0:
		z = d / spread
	case d > 0:
		z = math.Inf(1)
	case d < 0:
		z = math.Inf(-1)
	}
	return z, median, spread, true
}
