package query

import (
	"math"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
)

// maxBins bounds a histogram of durations.
const maxBins = 24

// widths are the widths of bins that people read easily.
func widths() []core.Micros {
	const ms = core.Second / 1000
	return []core.Micros{ms, 2 * ms, 5 * ms, 10 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 500 * ms, core.Second, 2 * core.Second, 5 * core.Second, 10 * core.Second, 15 * core.Second, 30 * core.Second,
		core.Minute, 2 * core.Minute, 5 * core.Minute, 10 * core.Minute, 15 * core.Minute, 30 * core.Minute, core.Hour, 2 * core.Hour, 3 * core.Hour, 6 * core.Hour, 12 * core.Hour,
		core.Day, 2 * core.Day, 7 * core.Day, 14 * core.Day, 30 * core.Day, 60 * core.Day, 90 * core.Day, 180 * core.Day, 365 * core.Day, 730 * core.Day, 3650 * core.Day}
}

// bins counts sorted durations. The width is the least that puts 95 % of them
// into maxBins - 1 bins; the last bin takes the long tail.
func bins(d []int64) []Bin {
	p95, ok := quantile(d, 0.95)
	if !ok {
		return nil
	}
	list := widths()
	width := list[len(list)-1]
	for i := len(list) - 1; i >= 0 && p95 < float64(list[i])*(maxBins-1); i-- {
		width = list[i]
	}
	longest := d[len(d)-1]
	n := min(int(longest/width)+1, maxBins)
	out := make([]Bin, n)
	at := 0
	for k := range out {
		b := &out[k]
		b.From, b.To = core.Micros(k)*width, core.Micros(k+1)*width
		end := sort.Search(len(d), func(i int) bool { return d[i] >= b.To })
		if k == n-1 {
			end, b.To = len(d), max(b.To, min(longest, math.MaxInt64))
		}
		b.N, at = int64(end-at), end
	}
	return out
}
