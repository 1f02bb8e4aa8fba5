package insight

import (
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Places of the windows of a report.
const (
	current     = 0
	previous    = 1
	firstSlice  = 2
	sparkPoints = 12
	windowCount = firstSlice + sparkPoints
)

// windows are the ranges of time that a report counts in.
type windows struct {
	from, end core.Micros // the period, cut at the as-of instant
	length    core.Micros
	bounds    [sparkPoints + 1]core.Micros
}

func newWindows(from, to, now core.Micros) windows {
	w := windows{from: from, end: max(from, min(to, now))}
	w.length = w.end - w.from
	for i := range w.bounds {
		w.bounds[i] = w.from + w.length*core.Micros(i)/sparkPoints
	}
	return w
}

// span gives window i as [from, to).
func (w *windows) span(i int) (from, to core.Micros) {
	switch i {
	case current:
		return w.from, w.end
	case previous:
		return w.from - w.length, w.from
	}
	return w.bounds[i-firstSlice], w.bounds[i-firstSlice+1]
}

// place gives the windows that hold instant t; -1 is none.
func (w *windows) place(t core.Micros) (a, b int) {
	switch {
	case t >= w.end || t < w.from-w.length:
		return -1, -1
	case t < w.from:
		return previous, -1
	}
	i := int((t - w.from) * sparkPoints / w.length)
	for w.bounds[i] > t {
		i--
	}
	for w.bounds[i+1] <= t {
		i++
	}
	return current, firstSlice + i
}

// dayOf numbers the calendar day of an instant in a zone.
func dayOf(t core.Micros, zone *time.Location) int64 {
	_, offset := core.ToTime(t).In(zone).Zone()
	s := floorDiv(t, core.Second) + int64(offset)
	return floorDiv(s, 86_400)
}

// dayStart gives the instant at which a calendar day begins in a zone.
func dayStart(day int64, zone *time.Location) core.Micros {
	return expr.Calendar{Zone: zone}.Start(day)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
