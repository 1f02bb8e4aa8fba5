package fold

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// sequence is a compiled expr.Sequence.
//
// For each step the newest chain that has come so far is enough: a later chain
// has a later first event and a later last one, so whatever a step or window
// asks, it serves at least as well; an event that must not happen ends all
// chains that wait at its step. Only chains that wait for a last span to end
// are kept one by one, since the older ones get there first.
type sequence struct {
	steps    []step
	events   int         // steps that happen
	final    bool        // the last step is one that does not happen
	wait     core.Micros // its span; 0 = for ever
	span     core.Micros // rolling window of the first event; 0 = none
	from, to core.Micros // range of the events, of all time when open
}

type step struct {
	event  eventKey
	where  []*expr.Matcher
	not    bool
	within core.Micros // 0 = any time
	index  int         // of the newest step that happens, itself included
}

// never is the instant of a chain that there is not.
const never = math.MinInt64

func (b *Builder) sequence(n *expr.Sequence) (cond, error) {
	q := &sequence{}
	for i := range n.Steps {
		st := &n.Steps[i]
		ev, where, _, err := b.selector(st.Kind, st.Event, st.Where)
		if err != nil {
			return nil, err
		}
		s := step{event: ev, where: where, not: st.Not}
		if st.Within != "" {
			if s.within, err = expr.ParseSpan(st.Within); err != nil {
				return nil, err
			}
		}
		if !st.Not {
			q.events++
		}
		s.index = q.events - 1
		q.steps = append(q.steps, s)
	}
	last := q.steps[len(q.steps)-1]
	q.final, q.wait = last.not, 0
	if q.final {
		q.wait = last.within
	}
	a := acc{}
	if err := a.setWindow(n.Window, expr.Bound{}); err != nil {
		return nil, err
	}
	q.span, q.from, q.to = a.span, a.from, a.to
	key, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	i := b.slot("sequence\x00"+string(key), acc{mode: modeSequence, seq: q})
	return func(s *State, now core.Micros) bool { return q.holds(&s.slots[i], now) }, nil
}

// takes says whether a step's event is in.
func (st *step) takes(in *Input) bool {
	if !st.event.takes(in) {
		return false
	}
	return matches(st.where, in)
}

// apply folds an event, from the last step to the first, so that it serves one
// step of a chain only and does not stand between itself and another.
func (q *sequence) apply(s *slot, in *Input) bool {
	touched := false
	for i := len(q.steps) - 1; i >= 0; i-- {
		st := &q.steps[i]
		if !st.takes(in) {
			continue
		}
		if st.not {
			touched = q.refuse(s, st.index, i == len(q.steps)-1, in.Time) || touched
		} else {
			touched = q.advance(s, st, in.Time) || touched
		}
	}
	return touched
}

// refuse ends the chains that wait at step index.
func (q *sequence) refuse(s *slot, index int, last bool, at core.Micros) bool {
	if last && q.wait > 0 {
		before := len(s.ring)
		q.settle(s, at)
		s.ring = slices.DeleteFunc(s.ring, func(e entry) bool { return at < e.at+q.wait })
		return len(s.ring) != before
	}
	if s.steps == nil || s.steps[index].at == never {
		return false
	}
	s.steps[index] = entry{never, never}
	return true
}

func (q *sequence) advance(s *slot, st *step, at core.Micros) bool {
	if at < q.from || at >= q.to {
		return false
	}
	start := at
	if st.index > 0 {
		if s.steps == nil {
			return false
		}
		prev := s.steps[st.index-1]
		if prev.at == never || st.within > 0 && at >= prev.at+st.within {
			return false
		}
		start = prev.val
	}
	if s.steps == nil {
		s.steps = make([]entry, q.events)
		for i := range s.steps {
			s.steps[i] = entry{never, never}
		}
	}
	s.steps[st.index] = entry{at, start}
	if st.index == q.events-1 && q.final && q.wait > 0 {
		q.settle(s, at)
		// Without a window the oldest waiting chain decides: it is done first.
		if len(s.ring) == 0 || q.span > 0 && len(s.ring) < maxOpen {
			s.ring = append(s.ring, entry{at, start})
		}
	}
	return true
}

// settle keeps, of the chains whose wait is over at now, the newest.
func (q *sequence) settle(s *slot, now core.Micros) {
	done := 0
	for done < len(s.ring) && s.ring[done].at+q.wait <= now {
		done++
	}
	if done > 1 {
		s.ring = append(s.ring[:0], s.ring[done-1:]...)
	}
}

func (q *sequence) holds(s *slot, now core.Micros) bool {
	if q.final && q.wait > 0 {
		for _, e := range s.ring {
			if e.at+q.wait <= now && (q.span == 0 || e.val > now-q.span) {
				return true
			}
		}
		return false
	}
	if s.steps == nil {
		return false
	}
	end := s.steps[q.events-1]
	return end.at != never && (q.span == 0 || end.val > now-q.span)
}

func (q *sequence) changes(t *soonest, s *slot) {
	if q.final && q.wait > 0 {
		for _, e := range s.ring {
			t.add(e.at + q.wait)
			if q.span > 0 {
				t.add(e.val + q.span)
			}
		}
		return
	}
	if q.span > 0 && s.steps != nil && s.steps[q.events-1].at != never {
		t.add(s.steps[q.events-1].val + q.span)
	}
}
