package insight

import (
	"cmp"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// year is the length of a year in which twelve periods are one (365.25 days).
const year = 36525 * core.Day / 100

// value is a number that may be missing, with its interval.
type value struct {
	v        float64
	ok       bool
	num, den float64
	hasNum   bool
	hasDen   bool
	iv       stats.Interval
	hasIv    bool
}

// of computes a definition in window i; intervals are for the current one.
func (r *Report) of(d *Definition, i int) value {
	s := &r.tally.sums[i]
	num, den := s[d.num], s[d.den]
	v := value{num: float64(num), den: float64(den), hasNum: d.num != cNone, hasDen: d.den != cNone}
	switch d.Compute {
	case "count", "sum":
		v.v, v.ok = v.num, true
	case "rate":
		v.rate(num, den)
	case "mean":
		if v.divide(); i == current && v.ok {
			v.iv, v.hasIv = r.means[d.pair].iv, r.means[d.pair].hasIv
		}
	case "cost", "roi", "net_margin", "payback":
		from, to := r.w.span(i)
		v.costed(d, s, to-from)
	case "inverse":
		if s[d.den] > 0 {
			v.divide()
		}
	case "mrr":
		v.v, v.ok = v.num, r.tally.subs > 0
	case "k":
		if s[cInvites] > 0 {
			v.divide()
		}
	case "annual":
		from, to := r.w.span(i)
		v.annual(num, den, to-from)
	case "lead":
		v = r.leads[i]
	case "median":
		v.num, v.hasNum = float64(total(r.tally.gaps[i])), true
		v.v, v.ok = median(r.tally.gaps[i])
	case "km":
		v.num, v.hasNum = float64(total(r.tally.gaps[i])+total(r.tally.open[i])), true
		v.v, v.ok = survivalMedian(r.tally.gaps[i], r.tally.open[i])
	}
	return v
}

func (v *value) divide() {
	if v.den != 0 {
		v.v, v.ok = v.num/v.den, true
	}
}

// rate is a proportion with its Wilson interval.
func (v *value) rate(num, den int64) {
	v.divide()
	if num >= 0 && num <= den {
		v.iv, v.hasIv = stats.Wilson(num, den)
	}
}

// condense works out what needs one entry a customer and lets those go, since
// reports are kept in memory.
func (r *Report) condense() {
	for k, list := range r.tally.pairs {
		y, x := make([]float64, len(list)), make([]float64, len(list))
		for i, p := range list {
			y[i], x[i] = float64(p.y), float64(p.x)
		}
		r.means[k].iv, r.means[k].hasIv = stats.RatioInterval(y, x)
		r.tally.pairs[k] = nil
	}
	for i := range r.tally.spells {
		s := &r.tally.sums[i]
		v := value{num: float64(s[cLeadsWon]), den: float64(s[cLeads]), hasNum: true, hasDen: true}
		v.lead(s[cLeadsWon], s[cLeads], s[cLeadsPending], r.tally.spells[i])
		r.leads[i], r.tally.spells[i] = v, nil
	}
}

// annual turns the churn of a window into that of a year.
func (v *value) annual(num, den int64, length core.Micros) {
	v.rate(num, den)
	if !v.ok || length <= 0 {
		v.ok, v.hasIv = false, false
		return
	}
	f := func(c float64) float64 { return Annualised(c, float64(year)/float64(length)) }
	v.v, v.iv = f(v.v), stats.Interval{Low: f(v.iv.Low), High: f(v.iv.High)}
}

// Annualised gives the churn of a year from that of one of its periods.
func Annualised(churn, periods float64) float64 { return 1 - math.Pow(1-churn, periods) }

// lead is the plain proportion once all had their time, else the Kaplan-Meier
// estimate with Greenwood's variance on the log-log scale.
func (v *value) lead(num, den, pending int64, spells []stats.Duration) {
	v.rate(num, den)
	if pending == 0 || !v.ok {
		return
	}
	s, variance := 1.0, 0.0
	list := slices.Clone(spells)
	slices.SortFunc(list, func(a, b stats.Duration) int { return cmp.Compare(a.Length, b.Length) })
	for i := 0; i < len(list); {
		j, ended := i, 0
		for ; j < len(list) && list[j].Length == list[i].Length; j++ {
			if list[j].Ended {
				ended++
			}
		}
		if at := len(list) - i; ended > 0 {
			s *= 1 - float64(ended)/float64(at)
			if at > ended {
				variance += float64(ended) / (float64(at) * float64(at-ended))
			}
		}
		i = j
	}
	v.v = 1 - s
	if s > 0 && s < 1 {
		half := 1.959963984540054 * math.Sqrt(variance) / math.Abs(math.Log(s))
		v.iv = stats.Interval{Low: 1 - math.Pow(s, math.Exp(-half)), High: 1 - math.Pow(s, math.Exp(half))}
	}
}

func total(counts []int64) int64 {
	var n int64
	for _, k := range counts {
		n += k
	}
	return n
}

// median is that of whole numbers given as counts, by linear interpolation.
func median(counts []int64) (float64, bool) {
	n := total(counts)
	if n == 0 {
		return 0, false
	}
	at := func(k int64) float64 {
		for v, c := range counts {
			if k -= c; k < 0 {
				return float64(v)
			}
		}
		return 0
	}
	return (at((n-1)/2) + at(n/2)) / 2, true
}

// survivalMedian is the Kaplan-Meier median of lengths given as counts.
func survivalMedian(ended, open []int64) (float64, bool) {
	risk, share := total(ended)+total(open), 1.0
	for d := range max(len(ended), len(open)) {
		var e, o int64
		if d < len(ended) {
			e = ended[d]
		}
		if d < len(open) {
			o = open[d]
		}
		if e > 0 {
			share *= 1 - float64(e)/float64(risk)
			if share <= 0.5+1e-12 {
				return float64(d), true
			}
		}
		risk -= e + o
	}
	return 0, false
}
