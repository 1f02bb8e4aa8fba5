package fold

import "github.com/ciclo/ciclo/internal/core"

// nextChange gives the first instant after now at which time alone may change
// what a condition on s says.
func (a *acc) nextChange(s *slot, now core.Micros) (core.Micros, bool) {
	switch {
	case a.mode == modeTrait:
		var t soonest
		v, set := s.value()
		a.watch(&t, v, set, now)
		return t.at, t.ok
	case a.mode >= modeFirst:
		return a.nextLater(s, now)
	case a.mode == modeLapse:
		at, ok := a.lapse.point(s)
		return at, ok && at > now
	case a.span > 0:
		// Distinct values move to the end when seen again: the ring is in order.
		t := soonest{now: now}
		for i := range s.ring {
			if t.add(s.ring[i].at + a.span + a.before); a.before > 0 {
				t.add(s.ring[i].at + a.before)
			} else if t.ok {
				break
			}
		}
		return t.at, t.ok
	}
	return 0, false
}

// nextLater is nextChange for the modes from modeFirst on.
func (a *acc) nextLater(s *slot, now core.Micros) (core.Micros, bool) {
	t := soonest{now: now}
	switch a.mode {
	case modeFirst, modeLast:
		a.pickChanges(&t, s, now)
	case modeCalendar:
		a.calendarChanges(&t, s, now)
	case modeSequence:
		a.seq.changes(&t, s)
	case modeHeld:
		for _, span := range a.spans {
			if s.set {
				t.add(s.last + span)
			}
		}
	case modeLadder:
		a.stageChanges(&t, s, now)
	case modeKeyed:
		for i := range s.keys {
			if at, ok := a.prog.NextChange(s.keys[i].state, now); ok {
				t.add(at)
			}
		}
	}
	return t.at, t.ok
}

// soonest collects instants and keeps the first one after now.
type soonest struct {
	now, at core.Micros
	ok      bool
}

func (t *soonest) add(at core.Micros) {
	if at > t.now && (!t.ok || at < t.at) {
		t.at, t.ok = at, true
	}
}

// watch adds when the comparisons of a value change.
func (a *acc) watch(t *soonest, v core.Value, set bool, now core.Micros) {
	t.now = now
	for _, m := range a.relative {
		if at, ok := m.NextChange(v, set, now); ok {
			t.add(at)
		}
	}
}
