package fold

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Props gives the properties of one event by path, like core.Lookup.
type Props interface {
	Prop(path string) (core.Value, bool)
}

// JSON is Props over an object in JSON.
type JSON []byte

// Prop finds path in the object.
func (j JSON) Prop(path string) (core.Value, bool) { return core.Lookup(j, path) }

// Input is one event as a fold sees it.
type Input struct {
	Time  core.Micros
	Seq   int64
	Kind  core.Kind
	Name  string
	ID    string
	Props Props
}

// InputOf makes an Input from a whole event.
func InputOf(e *core.Event) Input {
	return Input{Time: e.Time, Seq: e.Seq, Kind: e.Kind, Name: core.CanonicalEvent(e.Name), ID: e.ID, Props: JSON(e.Props)}
}

type eventKey struct {
	kind core.Kind // 0 is any
	name string    // "" is any
}

// takes says whether an event is one of k. What Ciclo writes itself counts only
// where its kind is named.
func (k eventKey) takes(in *Input) bool {
	if k.kind == 0 && in.Kind == core.KindSignal || k.kind != 0 && k.kind != in.Kind {
		return false
	}
	return k.name == "" || k.name == in.Name
}

// Builder collects conditions into one Program.
type Builder struct {
	p     *Program
	byKey map[string]int
	marks map[string]int
	// Models gives the ladder of a stage model by its key, for conditions on
	// another model than the one they belong to.
	Models func(key string) (*Ladder, error)
}

// NewBuilder starts a Program whose days are those of zone and whose weeks
// begin on Monday.
func NewBuilder(zone *time.Location) *Builder {
	return NewBuilderIn(expr.Calendar{Zone: zone, Week: time.Monday})
}

// NewBuilderIn starts a Program in local time. A saved state belongs to the
// calendar it was made in: another calendar needs another Machine.
func NewBuilderIn(cal expr.Calendar) *Builder {
	return &Builder{
		p:     &Program{cal: cal, byEvent: map[eventKey][]int{}, byTrait: map[string]int{}},
		byKey: map[string]int{}, marks: map[string]int{},
	}
}

// Add compiles n and gives its number in the Program.
func (b *Builder) Add(n *expr.Node) (int, error) {
	if err := n.Check(); err != nil {
		return 0, err
	}
	c, err := b.compile(n)
	if err != nil {
		return 0, err
	}
	b.p.conds = append(b.p.conds, c)
	return len(b.p.conds) - 1, nil
}

// Mark gives the number of a named mark: a bit of State that conditions such
// as "has been in stage" read and the owner of the fold sets.
func (b *Builder) Mark(name string) int {
	if i, ok := b.marks[name]; ok {
		return i
	}
	i := len(b.marks)
	b.marks[name] = i
	return i
}

// Build ends the collection.
func (b *Builder) Build() (*Program, error) {
	if len(b.marks) > 64 {
		return nil, fmt.Errorf("more than 64 marks")
	}
	return b.p, nil
}

// Program is a compiled set of conditions. It is immutable and safe for
// concurrent use.
type Program struct {
	cal     expr.Calendar
	accs    []acc
	conds   []cond
	probes  []probe
	byEvent map[eventKey][]int
	byTrait map[string]int
	every   []int // accumulators that look at each event themselves
	ladders []int // of these, the ladders
	sampled bool  // a condition asks for a random share
}

// cond evaluates to true or false on a state at an instant.
type cond func(s *State, now core.Micros) bool

func (b *Builder) compile(n *expr.Node) (cond, error) {
	switch {
	case n.All != nil:
		return b.group(n.All, true)
	case n.Any != nil:
		return b.group(n.Any, false)
	case n.Not != nil:
		c, err := b.compile(n.Not)
		if err != nil {
			return nil, err
		}
		return func(s *State, now core.Micros) bool { return !c(s, now) }, nil
	case n.Trait != nil:
		return b.trait(n.Trait)
	case n.Did != nil:
		return b.did(n.Did)
	case n.Lapse != nil:
		return b.lapse(n.Lapse)
	case n.Sequence != nil:
		return b.sequence(n.Sequence)
	case n.Keyed != nil:
		return b.keyed(n.Keyed)
	case n.Sample != nil:
		sample := *n.Sample
		b.p.sampled = true
		return func(s *State, _ core.Micros) bool { return sample.Holds(s.Customer) }, nil
	}
	if n.Compare != nil {
		return b.compare(n.Compare)
	}
	return b.outside(n)
}

// outside compiles conditions on what is not in a customer's own events.
func (b *Builder) outside(n *expr.Node) (cond, error) {
	switch {
	case n.Stage != nil:
		return b.stage(n.Stage)
	case n.Consent != nil:
		return b.consent(n.Consent)
	}
	return nil, fmt.Errorf("a segment, message or score must be expanded before it is compiled")
}

func (b *Builder) group(nodes []expr.Node, all bool) (cond, error) {
	cs := make([]cond, len(nodes))
	for i := range nodes {
		c, err := b.compile(&nodes[i])
		if err != nil {
			return nil, err
		}
		cs[i] = c
	}
	return func(s *State, now core.Micros) bool {
		for _, c := range cs {
			if c(s, now) != all {
				return !all
			}
		}
		return all
	}, nil
}

// slot gives the accumulator for key, made on first use.
func (b *Builder) slot(key string, a acc) int {
	if i, ok := b.byKey[key]; ok {
		return i
	}
	i := len(b.p.accs)
	b.p.accs = append(b.p.accs, a)
	b.byKey[key] = i
	switch a.mode {
	case modeTrait:
		b.p.byTrait[a.property] = i
	case modeSequence, modeKeyed, modeHeld, modeLadder:
		b.p.every = append(b.p.every, i)
		if a.mode == modeLadder {
			b.p.ladders = append(b.p.ladders, i)
		}
	default:
		b.p.byEvent[a.event] = append(b.p.byEvent[a.event], i)
	}
	return i
}

func (b *Builder) trait(m *expr.Match) (cond, error) {
	if m.For != "" {
		return b.held(m)
	}
	mt, err := expr.CompileIn(*m, b.p.cal)
	if err != nil {
		return nil, err
	}
	i := b.slot("trait\x00"+m.Name, acc{mode: modeTrait, property: m.Name})
	if mt.Timed() {
		b.p.accs[i].relative = append(b.p.accs[i].relative, mt)
	}
	return func(s *State, now core.Micros) bool {
		v, set := s.slots[i].value()
		return mt.Test(v, set, now)
	}, nil
}

// selector compiles which events a condition looks at, and a text that is the
// same for the same ones.
func (b *Builder) selector(kind, event string, where []expr.Match) (eventKey, []*expr.Matcher, string, error) {
	k, err := expr.EventKind(kind)
	if err != nil {
		return eventKey{}, nil, "", err
	}
	ms := make([]*expr.Matcher, len(where))
	for i := range where {
		if ms[i], err = expr.CompileIn(where[i], b.p.cal); err != nil {
			return eventKey{}, nil, "", err
		}
	}
	event = core.CanonicalEvent(event)
	text, err := json.Marshal([]any{k, event, where})
	return eventKey{k, event}, ms, string(text), err
}

func (b *Builder) lapse(l *expr.Lapse) (cond, error) {
	ev, where, key, err := b.selector(l.Kind, l.Event, l.Where)
	if err != nil {
		return nil, err
	}
	rule := lapseRule{
		days: micros(l.Days), multiple: l.GapMultiple, least: micros(l.MinDays), most: micros(l.MaxDays),
	}
	i := b.slot(fmt.Sprintf("lapse\x00%s\x00%v", key, rule), acc{mode: modeLapse, event: ev, where: where, lapse: rule, zone: b.p.cal.Zone})
	return func(s *State, now core.Micros) bool {
		at, ok := rule.point(&s.slots[i])
		return ok && now >= at
	}, nil
}

func micros(days float64) core.Micros { return core.Micros(days * float64(core.Day)) }

func (b *Builder) did(d *expr.Did) (cond, error) {
	ev, where, key, err := b.selector(d.Kind, d.Event, d.Where)
	if err != nil {
		return nil, err
	}
	a := acc{event: ev, where: where, property: d.Property, measure: d.Measure, zone: b.p.cal.Zone}
	if a.measure == "" {
		a.measure = expr.Count
	}
	if d.Picks() {
		return b.pick(d, a, key)
	}
	bound, err := d.Bound()
	if err != nil {
		return nil, err
	}
	measure, err := b.measure(d, a, key, bound)
	if err != nil {
		return nil, err
	}
	return func(s *State, now core.Micros) bool {
		v, ok := measure(s, now)
		return ok && bound.Holds(v)
	}, nil
}

// measure compiles what a Did measures, in millionths; bound is what it will be
// compared with.
func (b *Builder) measure(d *expr.Did, a acc, key string, bound expr.Bound) (func(*State, core.Micros) (int64, bool), error) {
	if err := a.setWindow(d.Window, bound); err != nil {
		return nil, err
	}
	if a.measure == expr.Count || a.measure == expr.DistinctDays {
		a.property = ""
	}
	i := b.slot(a.key(key), a.inCalendar(d.Window, b.p.cal))
	measure := a.measure
	return func(s *State, now core.Micros) (int64, bool) {
		in, sl := b.p.accs[i].within(&s.slots[i], now)
		return in.measured(sl, measure, now)
	}, nil
}

// compare compiles a comparison of two measures.
func (b *Builder) compare(n *expr.Compare) (cond, error) {
	var side [2]func(*State, core.Micros) (int64, bool)
	for i, d := range [2]*expr.Did{&n.A, &n.B} {
		ev, where, key, err := b.selector(d.Kind, d.Event, d.Where)
		if err != nil {
			return nil, err
		}
		a := acc{event: ev, where: where, property: d.Property, measure: d.Measure, zone: b.p.cal.Zone}
		if a.measure == "" {
			a.measure = expr.Count
		}
		if side[i], err = b.measure(d, a, key, expr.Bound{Op: expr.GTE, Lo: math.MaxInt64}); err != nil {
			return nil, err
		}
	}
	factor := n.Factor
	if factor == 0 {
		factor = 1
	}
	op := n.Op
	return func(s *State, now core.Micros) bool {
		x, ok := side[0](s, now)
		y, both := side[1](s, now)
		l, r := float64(x), float64(y)*factor
		switch {
		case !ok || !both:
			return false
		case op == expr.GT:
			return l > r
		case op == expr.GTE:
			return l >= r
		case op == expr.LT:
			return l < r
		}
		return l <= r
	}, nil
}

// key names what an accumulator of a Did keeps, so that it is kept once.
func (a *acc) key(selector string) string {
	key := fmt.Sprintf("did\x00%s\x00%s\x00%s\x00%d\x00%d\x00%d\x00%d\x00%d", selector, a.storage(), a.property, a.span, a.before, a.from, a.to, a.keep)
	if a.calendar != "" {
		key += "\x00" + a.calendar
	}
	return key
}
