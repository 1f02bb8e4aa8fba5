package insight

import (
	"math"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Reading is what an alert sees: a number, the one of the period before, and
// those of the same season before.
type Reading struct {
	Value, Before *float64
	Past          []float64
}

// Verdict is what a rule makes of a reading.
type Verdict struct {
	Firing   bool     `json:"-"`
	Value    *float64 `json:"value"`
	Limit    *float64 `json:"limit,omitempty"`    // the threshold
	Expected *float64 `json:"expected,omitempty"` // the value before, or the median of the season
	Change   *float64 `json:"change,omitempty"`   // as a share of the value before
	// Deviation is in robust standard deviations, left out when it is infinite;
	// Low and High are what would have been usual.
	Deviation *float64 `json:"deviation,omitempty"`
	Low       *float64 `json:"low,omitempty"`
	High      *float64 `json:"high,omitempty"`
	History   int      `json:"history,omitempty"` // past values that it rests on
	Problem   string   `json:"-"`                 // why nothing can be said
}

// Judge applies a rule that was checked.
func (r *Rule) Judge(x Reading) Verdict {
	v := Verdict{Value: x.Value}
	if x.Value == nil {
		v.Problem = errs.Say("the number has no value").Error()
		return v
	}
	switch r.Kind {
	case RuleThreshold:
		v.Limit = r.Value
		v.Firing = r.Op == "above" && *x.Value > *r.Value || r.Op == "below" && *x.Value < *r.Value
	case RuleChange:
		r.change(&v, x)
	case RuleAnomaly:
		r.anomaly(&v, x)
	}
	return v
}

// wanted says whether a difference goes into the direction that matters, and far
// enough.
func (r *Rule) wanted(diff float64) bool {
	return diff != 0 && math.Abs(diff) >= r.Least && (diff > 0 && r.Direction != "down" || diff < 0 && r.Direction != "up")
}

func (r *Rule) change(v *Verdict, x Reading) {
	if x.Before == nil {
		v.Problem = errs.Say("the period before has no value").Error()
		return
	}
	v.Expected = x.Before
	diff := *x.Value - *x.Before
	if *x.Before == 0 {
		// There is no share of 0: from nothing to something is a change by more
		// than any share.
		v.Firing = r.wanted(diff)
		return
	}
	share := diff / math.Abs(*x.Before)
	v.Change = &share
	v.Firing = r.wanted(diff) && math.Abs(share) >= *r.By
}

func (r *Rule) anomaly(v *Verdict, x Reading) {
	v.History = len(x.Past)
	z, median, spread, ok := Deviation(*x.Value, x.Past)
	if !ok {
		v.Problem = errs.Say("there are too few past values of the season").Error()
		return
	}
	low, high := median-r.Deviations*spread, median+r.Deviations*spread
	v.Expected, v.Low, v.High = &median, &low, &high
	if finite(z) {
		v.Deviation = &z
	}
	v.Firing = r.wanted(*x.Value-median) && math.Abs(z) > r.Deviations
}
