package fold

import (
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// pick compiles a Did that compares one event's property or instant.
func (b *Builder) pick(d *expr.Did, a acc, key string) (cond, error) {
	mt, err := expr.CompileIn(d.Match(), b.p.cal)
	if err != nil {
		return nil, err
	}
	i, err := b.picker(d, a, key)
	if err != nil {
		return nil, err
	}
	if at := &b.p.accs[i]; mt.Timed() && at.inner != nil {
		at.inner.relative = append(at.inner.relative, mt)
	} else if mt.Timed() {
		at.relative = append(at.relative, mt)
	}
	return func(s *State, now core.Micros) bool {
		in, sl := b.p.accs[i].within(&s.slots[i], now)
		v, set, _, ok := in.picked(sl, now)
		return ok && mt.Test(v, set, now)
	}, nil
}

// picker makes the accumulator of the first or last event.
func (b *Builder) picker(d *expr.Did, a acc, key string) (int, error) {
	if err := a.setWindow(d.Window, expr.Bound{}); err != nil {
		return 0, err
	}
	a.mode, a.keep = modeLast, 0
	if d.Measure == expr.First || d.Measure == expr.FirstTime {
		a.mode = modeFirst
	}
	if d.Measure == expr.FirstTime || d.Measure == expr.LastTime {
		a.property = ""
	}
	return b.slot(a.key(key), a.inCalendar(d.Window, b.p.cal)), nil
}

// applyPick remembers the event if it is the first or the newest. A rolling
// window keeps all of its events, since each becomes the first in turn; beyond
// maxRing it takes no more until some have left.
func (a *acc) applyPick(s *slot, in *Input) {
	if a.mode == modeFirst && a.span == 0 && s.n > 0 {
		return
	}
	raw := ""
	if a.property != "" {
		if v, ok := in.Props.Prop(a.property); ok {
			raw = rawJSON(v)
		}
	}
	if a.mode == modeLast || a.span == 0 {
		s.n, s.last, s.text, s.set = 1, in.Time, raw, raw != ""
		return
	}
	drop := 0
	for drop < len(s.ring) && s.ring[drop].at <= in.Time-a.span {
		drop++
	}
	if drop > 0 {
		s.ring = append(s.ring[:0], s.ring[drop:]...)
		s.texts = append(s.texts[:0], s.texts[drop:]...)
	}
	if len(s.ring) < maxRing {
		s.ring, s.texts = append(s.ring, entry{at: in.Time}), append(s.texts, raw)
	}
}

// picked gives the value of the first or last event inside the window and that
// event's instant; ok is false when there is no such event.
func (a *acc) picked(s *slot, now core.Micros) (v core.Value, set bool, at core.Micros, ok bool) {
	raw := s.text
	if a.mode == modeFirst && a.span > 0 {
		i := 0
		for i < len(s.ring) && s.ring[i].at <= now-a.span {
			i++
		}
		if i == len(s.ring) {
			return v, false, 0, false
		}
		at, raw = s.ring[i].at, s.texts[i]
	} else {
		if s.n == 0 || a.span > 0 && s.last <= now-a.span {
			return v, false, 0, false
		}
		at = s.last
	}
	if a.property == "" {
		return core.Value{Kind: core.ValueTime, Time: at}, true, at, true
	}
	if raw != "" {
		v, set = core.ParseJSON([]byte(raw))
	}
	return v, set, at, true
}

func (a *acc) pickChanges(t *soonest, s *slot, now core.Micros) {
	v, set, at, ok := a.picked(s, now)
	if !ok {
		return
	}
	if a.span > 0 {
		t.add(at + a.span)
	}
	a.watch(t, v, set, now)
}
