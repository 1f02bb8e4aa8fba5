package fold

import (
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// sub is the value of one period of the calendar.
type sub struct {
	period int64
	slot   slot
}

// maxPeriods bounds what a calendar window keeps: this period and the last.
const maxPeriods = 2

// inCalendar wraps a in periods when its window is one of the calendar.
func (a acc) inCalendar(w *expr.Window, cal expr.Calendar) acc {
	if w == nil || w.Calendar == "" {
		return a
	}
	out := acc{mode: modeCalendar, event: a.event, where: a.where, cal: cal, inner: &a}
	out.unit, out.back, _ = w.Period()
	return out
}

// applyCalendar folds an event into its period and forgets periods that no
// window will see again.
func (a *acc) applyCalendar(s *slot, in *Input) {
	p := a.cal.Period(a.unit, in.Time)
	for len(s.subs) > 0 && s.subs[0].period < p-a.back {
		s.subs = append(s.subs[:0], s.subs[1:]...)
	}
	if n := len(s.subs); n == 0 || s.subs[n-1].period != p {
		s.subs = append(s.subs, sub{period: p})
	}
	a.inner.apply(&s.subs[len(s.subs)-1].slot, in)
}

// within gives the accumulator that measures at now and its value: for a window
// of the calendar those of the period, else a and s themselves.
func (a *acc) within(s *slot, now core.Micros) (*acc, *slot) {
	if a.mode != modeCalendar {
		return a, s
	}
	p := a.cal.Period(a.unit, now) - a.back
	for i := range s.subs {
		if s.subs[i].period == p {
			return a.inner, &s.subs[i].slot
		}
	}
	return a.inner, &slot{}
}

// calendarChanges adds the next turn of a period while there is an event that
// it brings in or takes out.
func (a *acc) calendarChanges(t *soonest, s *slot, now core.Micros) {
	if len(s.subs) == 0 {
		return
	}
	p := a.cal.Period(a.unit, now)
	if s.subs[len(s.subs)-1].period >= p-a.back {
		t.add(a.cal.PeriodStart(a.unit, p+1))
	}
	if in, sl := a.within(s, now); in.mode == modeFirst || in.mode == modeLast {
		in.pickChanges(t, sl, now)
	}
}
