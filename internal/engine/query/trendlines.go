package query

import (
	"fmt"
	"math"
	"slices"
)

// lines turns cells into numbers, the values in the order of keys.
func (f *trendFold) lines(keys []string, all map[string]*trendGroup) ([]Line, error) {
	if f.breakdown == nil {
		keys = []string{""}
	}
	out := []Line{}
	for _, key := range keys {
		g := all[key]
		if g == nil {
			g = &trendGroup{make([]cell, f.width*len(f.t.Series))}
		}
		value := newValue(key)
		if f.breakdown == nil {
			value = Value{All: true}
		}
		var own []Line
		for s := range f.t.Series {
			own = append(own, f.line(s, value, g.cells[s*f.width:(s+1)*f.width]))
		}
		for i, text := range f.t.Formulas {
			e, err := parseFormula(text.Text, len(f.t.Series))
			if err != nil {
				return nil, err
			}
			own = append(own, e.line(fmt.Sprintf("F%d", i+1), text.Label, own[:len(f.t.Series)]))
		}
		out = append(out, own...)
	}
	if f.t.Average > 1 {
		for i := range out {
			out[i].Average = moving(out[i].Points, f.t.Average)
		}
	}
	return out, nil
}

func (f *trendFold) line(s int, value Value, cells []cell) Line {
	series := &f.t.Series[s]
	l := Line{Series: string(rune('A' + s)), Label: series.Label, Value: value}
	last := len(cells) - 1
	var run cell
	for i := range cells[:last] {
		c := &cells[i]
		if f.t.Cumulative {
			// Distinct customers so far are those met for the first time so far.
			once := *c
			once.customers = c.first
			run.merge(&once)
			c = &run
		}
		l.Points = append(l.Points, series.point(c))
	}
	l.Total = series.point(&cells[last])
	if series.numeric() && cells[last].sum == math.MaxInt64 {
		f.q.hint("sum_too_large", series.Property, "a sum went beyond 9.2 trillion and was cut there")
	}
	return l
}

// point reads a cell.
func (s *Series) point(c *cell) Point {
	value := func(v float64) *float64 { return &v }
	n, sum := float64(c.n), float64(c.sum)/1e6
	if p, ok := s.quantile(); ok {
		pt := Point{Denominator: n}
		if q, ok := quantile(c.values, p); ok {
			pt.Value, pt.Numerator = value(q/1e6), q/1e6
		}
		return pt
	}
	ratio := func(num, den float64) Point {
		if den == 0 {
			return Point{Numerator: num}
		}
		return Point{value(num / den), num, den}
	}
	switch s.measure() {
	case Customers, Active:
		return Point{Value: value(float64(c.customers)), Numerator: float64(c.customers)}
	case Sum:
		return Point{Value: value(sum), Numerator: sum}
	case Mean:
		return ratio(sum, n)
	case PerCustomer:
		if s.Property != "" {
			return ratio(sum, float64(c.customers))
		}
		return ratio(n, float64(c.customers))
	case Min, Max:
		if c.n == 0 {
			return Point{}
		}
		v := float64(c.min) / 1e6
		if s.measure() == Max {
			v = float64(c.max) / 1e6
		}
		return Point{value(v), v, n}
	}
	return Point{Value: value(n), Numerator: n}
}

// quantile gives the p-quantile by linear interpolation, as stats.Quantile, of
// whole numbers; it sorts values in place.
func quantile(values []int64, p float64) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	if !slices.IsSorted(values) {
		sortNumbers(values)
	}
	return between(values, p), true
}

// moving gives the mean of the last n buckets that have a value; there is none
// before n buckets have passed.
func moving(points []Point, n int) []*float64 {
	out := make([]*float64, len(points))
	for i := n - 1; i < len(points); i++ {
		sum, have := 0.0, 0
		for _, p := range points[i-n+1 : i+1] {
			if p.Value != nil {
				sum, have = sum+*p.Value, have+1
			}
		}
		if have > 0 {
			v := sum / float64(have)
			out[i] = &v
		}
	}
	return out
}
