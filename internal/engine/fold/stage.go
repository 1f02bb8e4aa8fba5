package fold

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// entryWatch says which entries into rungs a condition asks for; the newest is in
// slot.steps at the same place.
type entryWatch struct {
	key    string
	into   []int // rungs
	from   int   // -1: from anywhere
	span   core.Micros
	lo, hi core.Micros // range of the entry; 0 = open
}

// stage compiles a condition on a stage model: its own marks for "has been in",
// else a climber on the model's ladder inside the state.
func (b *Builder) stage(n *expr.Stage) (cond, error) {
	if n.Model == "" {
		if n.Was == "" {
			return nil, fmt.Errorf("a stage condition here can only say which stage the customer has been in")
		}
		bit := uint64(1) << b.Mark(n.Was)
		return func(s *State, _ core.Micros) bool { return s.Marks&bit != 0 }, nil
	}
	if b.Models == nil {
		return nil, fmt.Errorf("stage models are not known here")
	}
	l, err := b.Models(n.Model)
	if err != nil {
		return nil, err
	}
	i := b.slot("ladder\x00"+n.Model, acc{mode: modeLadder, ladder: l})
	switch {
	case n.Was != "":
		return b.wasOn(l, i, n.Was)
	case len(n.In) > 0:
		return b.standsOn(l, i, n)
	}
	return b.entered(l, i, n)
}

func (b *Builder) wasOn(l *Ladder, i int, key string) (cond, error) {
	rung := l.find(key)
	if rung < 0 {
		return nil, fmt.Errorf("there is no stage %q", key)
	}
	return func(s *State, now core.Micros) bool {
		c := s.climber(i, now)
		return c != nil && c.s.Marks&l.marks[rung] != 0
	}, nil
}

func (b *Builder) rungs(l *Ladder, keys []string, from string) (set []int, prev int, err error) {
	prev = -1
	if from != "" {
		if prev = l.find(from); prev < 0 {
			return nil, 0, fmt.Errorf("there is no stage %q", from)
		}
	}
	for _, k := range keys {
		rung := l.find(k)
		if rung < 0 {
			return nil, 0, fmt.Errorf("there is no stage %q", k)
		}
		set = append(set, rung)
	}
	return set, prev, nil
}

func (b *Builder) standsOn(l *Ladder, i int, n *expr.Stage) (cond, error) {
	set, prev, err := b.rungs(l, n.In, n.From)
	if err != nil {
		return nil, err
	}
	var since *expr.Matcher
	if n.Since != nil {
		if since, err = expr.CompileIn(*n.Since, b.p.cal); err != nil {
			return nil, err
		}
		if since.Timed() {
			b.p.accs[i].relative = append(b.p.accs[i].relative, since)
		}
	}
	return func(s *State, now core.Micros) bool {
		c := s.climber(i, now)
		if c == nil || !slices.Contains(set, c.rung) || prev >= 0 && c.from != prev {
			return false
		}
		return since == nil || since.Test(core.Value{Kind: core.ValueTime, Time: c.since}, true, now)
	}, nil
}

func (b *Builder) entered(l *Ladder, i int, n *expr.Stage) (cond, error) {
	set, prev, err := b.rungs(l, n.Entered, n.From)
	if err != nil {
		return nil, err
	}
	var win acc
	if err := win.setWindow(n.Window, expr.Bound{}); err != nil {
		return nil, err
	}
	key, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	a := &b.p.accs[i]
	k := slices.IndexFunc(a.entries, func(w entryWatch) bool { return w.key == string(key) })
	if k < 0 {
		k = len(a.entries)
		a.entries = append(a.entries, entryWatch{key: string(key), into: set, from: prev, span: win.span, lo: win.from, hi: win.to})
	}
	span := win.span
	return func(s *State, now core.Micros) bool {
		s.climber(i, now)
		sl := &s.slots[i]
		return k < len(sl.steps) && sl.steps[k].at != never && (span == 0 || sl.steps[k].at > now-span)
	}, nil
}

// climber gives the customer on the ladder of accumulator i as it stands at now;
// nil before the first event.
func (s *State) climber(i int, now core.Micros) *Climber {
	sl := &s.slots[i]
	if sl.climb != nil {
		sl.climb.s.Customer = s.Customer
		sl.climb.Advance(now, func(st Step) { s.prog.accs[i].note(sl, st) })
	}
	return sl.climb
}

// climbOn folds an event on the ladder and says whether the customer moved.
func (a *acc) climbOn(s *slot, customer core.CustomerID, in *Input) bool {
	if s.climb == nil {
		c, err := a.ladder.Open(customer, nil)
		if err != nil {
			return false
		}
		s.climb = c
	}
	moved := false
	s.climb.s.Customer = customer
	s.climb.Apply(in, func(st Step) {
		moved = true
		a.note(s, st)
	})
	return moved
}

// note remembers an entry that somebody watches.
func (a *acc) note(s *slot, st Step) {
	for k := range a.entries {
		w := &a.entries[k]
		if !slices.Contains(w.into, st.To) || w.from >= 0 && w.from != st.From || st.At < w.lo || st.At >= w.hi {
			continue
		}
		for len(s.steps) < len(a.entries) {
			s.steps = append(s.steps, entry{never, 0})
		}
		s.steps[k].at = st.At
	}
}

// stageChanges adds when time alone may change what conditions on the ladder
// say.
func (a *acc) stageChanges(t *soonest, s *slot, now core.Micros) {
	if s.climb == nil {
		return
	}
	if at, ok := s.climb.Due(); ok {
		t.add(at)
	}
	a.watch(t, core.Value{Kind: core.ValueTime, Time: s.climb.since}, s.climb.rung >= 0, now)
	for k := range s.steps {
		if w := &a.entries[k]; w.span > 0 && s.steps[k].at != never {
			t.add(s.steps[k].at + w.span)
		}
	}
}

// consent compiles a condition on what the customer said about a topic.
func (b *Builder) consent(n *expr.Consent) (cond, error) {
	where := make([]*expr.Matcher, 2)
	for i, m := range [2][2]string{{"channel", n.Channel}, {"topic", n.Topic}} {
		raw, err := json.Marshal(m[1])
		if err != nil {
			return nil, err
		}
		if where[i], err = expr.Compile(expr.Match{Name: m[0], Op: expr.Is, Value: raw}); err != nil {
			return nil, err
		}
	}
	key := fmt.Sprintf("consent\x00%q\x00%q", n.Channel, n.Topic)
	i := b.slot(key, acc{mode: modeConsent, event: eventKey{core.KindSignal, expr.SignalConsent}, where: where})
	var states []int64
	for _, s := range n.State {
		states = append(states, int64(slices.Index(expr.ConsentStates(), s)))
	}
	return func(s *State, _ core.Micros) bool { return slices.Contains(states, s.slots[i].consent()) }, nil
}

// unsaid is the state of consent while nothing was said: "unknown".
const unsaid = 1

// applyConsent keeps the newest word of each holder: a customer by the number it
// had when it spoke. What it says outdates the words of those that it had
// absorbed by then.
func (a *acc) applyConsent(s *slot, in *Input) {
	state, ok := in.Props.Prop("state")
	level := int64(slices.Index(expr.ConsentStates(), state.Text))
	if !ok || level < 0 {
		return
	}
	holder := numberOf(in.Props, "holder")
	gone := []int64{holder}
	if v, ok := in.Props.Prop("over"); ok {
		for _, o := range v.List {
			gone = append(gone, int64(o.Num))
		}
	}
	s.ring = slices.DeleteFunc(s.ring, func(e entry) bool { return slices.Contains(gone, e.at) })
	if len(s.ring) < maxRing {
		s.ring = append(s.ring, entry{holder, level})
	}
}

func numberOf(p Props, name string) int64 {
	v, _ := p.Prop(name)
	return int64(v.Num)
}

// consent is the strictest of what the holders say.
func (s *slot) consent() int64 {
	if len(s.ring) == 0 {
		return unsaid
	}
	level := int64(0)
	for _, e := range s.ring {
		level = max(level, e.val)
	}
	return level
}
