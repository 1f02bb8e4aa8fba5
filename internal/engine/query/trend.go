package query

import (
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
)

// Measure is what a series of a trend computes in each bucket.
type Measure string

// Measures. Those of a property look only at events on which it is a number.
const (
	Count       Measure = "count"        // events
	Customers   Measure = "customers"    // distinct, exact
	PerCustomer Measure = "per_customer" // events, or the sum of a property, by customer
	Sum         Measure = "sum"
	Mean        Measure = "mean"
	Min         Measure = "min"
	Max         Measure = "max"
	Median      Measure = "median"
	Percentile  Measure = "percentile" // linear interpolation, type 7
	Active      Measure = "active"     // customers active on the day or the Days-1 days before
)

// Periods that a trend may be compared with.
const (
	ComparePrevious = "previous"  // as many days, directly before
	CompareLastYear = "last_year" // the same days of the year before
)

// Trend counts events over time.
type Trend struct {
	Series     []Series   `json:"series"`
	Formulas   []Formula  `json:"formulas,omitempty"`
	Interval   Interval   `json:"interval"`
	Breakdown  *Breakdown `json:"breakdown,omitempty"`
	Compare    string     `json:"compare,omitempty"`
	Average    int        `json:"average,omitempty"` // buckets of the moving average, the own one last
	Cumulative bool       `json:"cumulative,omitempty"`
}

// Series is one measure of some events. The first is A, the next B.
type Series struct {
	Event
	Label      string  `json:"label,omitempty"`
	Measure    Measure `json:"measure,omitempty"` // default count
	Property   string  `json:"property,omitempty"`
	Percentile float64 `json:"percentile,omitempty"` // 0 to 100
	Days       int     `json:"days,omitempty"`       // of active: 1, 7, 30 …
	// Money converts numbers of events whose property "currency" is another one
	// than the workspace's at the rate of the event's day. It leaves out those
	// without a rate, and says so.
	Money bool `json:"money,omitempty"`
}

// Formula computes a line from series, as in "A / B * 100".
type Formula struct {
	Label string `json:"label,omitempty"`
	Text  string `json:"formula"`
}

func (s *Series) measure() Measure {
	if s.Measure == "" {
		return Count
	}
	return s.Measure
}

// numeric says whether the measure reads numbers of a property.
func (s *Series) numeric() bool {
	switch s.measure() {
	case Sum, Mean, Min, Max, Median, Percentile:
		return true
	case PerCustomer:
		return s.Property != ""
	}
	return false
}

// quantile gives the share of a percentile measure.
func (s *Series) quantile() (float64, bool) {
	switch s.measure() {
	case Median:
		return 0.5, true
	case Percentile:
		return s.Percentile / 100, true
	}
	return 0, false
}

func (t *Trend) check() error {
	if len(t.Series) == 0 || len(t.Series) > MaxSeries {
		return bad("trend.series", "must have 1 to %d series", MaxSeries)
	}
	for i := range t.Series {
		if err := t.Series[i].check(fmt.Sprintf("trend.series[%d]", i), t); err != nil {
			return err
		}
	}
	if len(t.Formulas) > MaxSeries {
		return bad("trend.formulas", "has more than %d formulas", MaxSeries)
	}
	for i, f := range t.Formulas {
		if _, err := parseFormula(f.Text, len(t.Series)); err != nil {
			return bad(fmt.Sprintf("trend.formulas[%d].formula", i), "%v", err)
		}
	}
	if err := t.Interval.check("trend.interval"); err != nil {
		return err
	}
	switch t.Compare {
	case "", ComparePrevious, CompareLastYear:
	default:
		return bad("trend.compare", "%q is not previous or last_year", t.Compare)
	}
	if t.Average < 0 || t.Average > 366 {
		return bad("trend.average", "must lie between 0 and 366 buckets")
	}
	return t.Breakdown.check("trend.breakdown")
}

func (s *Series) check(field string, t *Trend) error {
	if err := s.Event.check(field); err != nil {
		return err
	}
	switch m := s.measure(); m {
	case Count, Customers, PerCustomer, Sum, Mean, Min, Max, Median:
	case Percentile:
		if !(s.Percentile >= 0 && s.Percentile <= 100) {
			return bad(field+".percentile", "must lie between 0 and 100")
		}
	case Active:
		if s.Days < 1 || s.Days > 366 {
			return bad(field+".days", "must lie between 1 and 366")
		}
		if t.Interval != Day {
			return bad(field+".measure", "active needs the interval day")
		}
	default:
		return bad(field+".measure", "%q is not a measure", m)
	}
	_, quantile := s.quantile()
	if t.Cumulative && (quantile || s.measure() == Active) {
		return bad(field+".measure", "%s cannot be cumulative", s.measure())
	}
	if s.numeric() {
		return checkProperty(field+".property", s.Property)
	}
	if s.Property != "" {
		return bad(field+".property", "measure %s takes no property", s.measure())
	}
	if s.Money {
		return bad(field+".money", "needs a measure of a property")
	}
	return nil
}

// Bucket is one interval of a result.
type Bucket struct {
	Start core.Micros `json:"start"`
	End   core.Micros `json:"end"`
	// Incomplete marks a bucket that still runs or that the range cuts.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Point is one number and what it was made of.
type Point struct {
	Value       *float64 `json:"value"` // nil: there is none
	Numerator   float64  `json:"numerator"`
	Denominator float64  `json:"denominator,omitempty"`
}

// Line is one series or formula, for one value of the breakdown.
type Line struct {
	Series  string     `json:"series"` // A, B … or F1, F2 … of formulas
	Label   string     `json:"label,omitempty"`
	Value   Value      `json:"value"`
	Points  []Point    `json:"points"` // one a bucket
	Average []*float64 `json:"average,omitempty"`
	Total   Point      `json:"total"` // over the whole range; of distinct customers not the sum of the buckets
	Before  *Line      `json:"before,omitempty"`
}

// TrendResult holds the lines of each value, the most common first, the rest last.
type TrendResult struct {
	Interval Interval `json:"interval"`
	Buckets  []Bucket `json:"buckets"`
	Before   []Bucket `json:"before,omitempty"` // of the compared period
	Lines    []Line   `json:"lines"`
}

// bucketList marks the buckets that now or the range cut.
func (q *query) bucketList(edges []core.Micros, from, to core.Micros) []Bucket {
	var out []Bucket
	for i := range len(edges) - 1 {
		out = append(out, Bucket{edges[i], edges[i+1], edges[i] < from || edges[i+1] > to || edges[i+1] > q.env.Now})
	}
	return out
}
