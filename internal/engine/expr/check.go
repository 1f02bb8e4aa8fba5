package expr

import (
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Check says what is wrong with n, naming the path of the fault.
func (n *Node) Check() error { return (&checker{}).node(n, "$", 1) }

// checker walks a condition and counts what is limited.
type checker struct {
	count    int  // nodes, comparisons and steps
	patterns int  // states of patterns
	keyed    bool // inside a Keyed
}

func (c *checker) add(path string) error {
	if c.count++; c.count > MaxNodes {
		return bad(path, "more than %d conditions", MaxNodes)
	}
	return nil
}

func (c *checker) node(n *Node, path string, level int) error {
	if err := c.add(path); err != nil {
		return err
	}
	if level > MaxDepth {
		return bad(path, "nested deeper than %d groups", MaxDepth)
	}
	set := 0
	for _, on := range []bool{n.All != nil, n.Any != nil, n.Not != nil, n.Trait != nil, n.Did != nil, n.Lapse != nil, n.Stage != nil,
		n.Sequence != nil, n.Keyed != nil, n.Sample != nil, n.Compare != nil, n.Segment != nil, n.Consent != nil, n.Message != nil, n.RFM != nil} {
		if on {
			set++
		}
	}
	if set != 1 {
		return bad(path, "a condition has exactly one of all, any, not, trait, did, lapse, stage, sequence, keyed, sample, compare, segment, consent, message, rfm; this one has %d", set)
	}
	switch {
	case n.All != nil:
		return c.group(n.All, path+".all", level)
	case n.Any != nil:
		return c.group(n.Any, path+".any", level)
	case n.Not != nil:
		return c.node(n.Not, path+".not", level+1)
	case n.Did != nil:
		return c.did(n.Did, path+".did")
	case n.Lapse != nil:
		return c.lapse(n.Lapse, path+".lapse")
	case n.Sequence != nil:
		return c.sequence(n.Sequence, path+".sequence")
	case n.Compare != nil:
		return c.compare(n.Compare, path+".compare")
	}
	return c.whole(n, path, level)
}

// whole checks what is about the customer as a whole, which the events of one
// key cannot say.
func (c *checker) whole(n *Node, path string, level int) error {
	if c.keyed {
		return bad(path, "inside keyed a condition is about events: did, lapse, sequence or compare")
	}
	switch {
	case n.Trait != nil:
		return c.trait(n.Trait, path+".trait")
	case n.Sample != nil:
		return n.Sample.check(path + ".sample")
	case n.Keyed != nil:
		if n.Keyed.By == "" || len(n.Keyed.By) > 255 {
			return bad(path+".keyed.by", "must be 1 to 255 characters")
		}
		if n.Keyed.When == nil {
			return bad(path+".keyed.when", "is missing")
		}
		c.keyed = true
		defer func() { c.keyed = false }()
		return c.node(n.Keyed.When, path+".keyed.when", level+1)
	}
	return c.named(n, path)
}

func (c *checker) group(nodes []Node, path string, level int) error {
	for i := range nodes {
		if err := c.node(&nodes[i], fmt.Sprintf("%s[%d]", path, i), level+1); err != nil {
			return err
		}
	}
	return nil
}

// trait checks a condition on a trait, which may ask how long it has held.
func (c *checker) trait(m *Match, path string) error {
	plain := *m
	plain.For = ""
	if err := c.match(&plain, path); err != nil || m.For == "" {
		return err
	}
	if _, err := ParseSpan(m.For); err != nil {
		return bad(path+".for", "%v", err)
	}
	if mt, err := Compile(plain); err != nil || mt.Timed() {
		return bad(path+".for", "a comparison that changes with time cannot be held")
	}
	return nil
}

func (c *checker) match(m *Match, path string) error {
	if m.Name == "" || len(m.Name) > 255 {
		return bad(path+".name", "must be 1 to 255 characters")
	}
	if err := c.parts(m, path, 1); err != nil {
		return err
	}
	if _, err := Compile(*m); err != nil {
		return bad(path, "%v", err)
	}
	return nil
}

// parts counts what m holds before anything is compiled.
func (c *checker) parts(m *Match, path string, level int) error {
	if m.Op == Matches || m.Op == NotMatches {
		if v, ok := core.ParseJSON(m.Value); ok && len(v.Text) <= maxPattern {
			if c.patterns += patternCost(v.Text); c.patterns > maxPatternsCost {
				return bad(path, "the patterns of the condition are too large together")
			}
		}
	}
	if level > MaxDepth {
		return bad(path, "nested deeper than %d groups", MaxDepth)
	}
	for i := range m.Where {
		part := fmt.Sprintf("%s.where[%d]", path, i)
		if err := c.add(part); err != nil {
			return err
		}
		if m.Where[i].Name == "" || len(m.Where[i].Name) > 255 {
			return bad(part+".name", "must be 1 to 255 characters")
		}
		if err := c.parts(&m.Where[i], part, level+1); err != nil {
			return err
		}
	}
	return nil
}

// EventKind turns the kind of a Did or Lapse into a core.Kind; 0 is any but
// signals.
func EventKind(kind string) (core.Kind, error) {
	switch kind {
	case "":
		return core.KindTrack, nil
	case "any":
		return 0, nil
	}
	k, ok := core.ParseKind(kind)
	if !ok {
		return 0, errs.Say("%q is not one of track, page, screen, identify, group, alias, signal, any", kind)
	}
	return k, nil
}

func (c *checker) event(kind, event string, where []Match, path string) error {
	k, err := EventKind(kind)
	if err != nil {
		return bad(path+".kind", "%v", err)
	}
	if (k == core.KindTrack || k == core.KindSignal) && event == "" {
		return bad(path+".event", "names no event")
	}
	if _, move := Moves()[event]; move && k == core.KindSignal {
		return bad(path+".event", "moves between stages and segments are conditions of their own: use stage or segment")
	}
	for i := range where {
		part := fmt.Sprintf("%s.where[%d]", path, i)
		if err := c.add(part); err != nil {
			return err
		}
		if err := c.match(&where[i], part); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) did(d *Did, path string) error {
	if err := c.event(d.Kind, d.Event, d.Where, path); err != nil {
		return err
	}
	switch d.Measure {
	case "", Count, DistinctDays, FirstTime, LastTime:
	case Sum, Mean, Min, Max, Distinct, First, Last:
		if d.Property == "" {
			return bad(path+".property", "measure %q needs a property", d.Measure)
		}
	default:
		return bad(path+".measure", "%q is not a measure", d.Measure)
	}
	if d.Picks() {
		m := d.Match()
		if err := c.match(&m, path); err != nil {
			return err
		}
		if m.Name == EventTime && !m.comparesTimes() {
			return bad(path+".op", "needs a comparison of dates")
		}
	} else if _, err := d.Bound(); err != nil {
		return bad(path+".value", "%v", err)
	} else if d.IgnoreCase {
		return bad(path+".ignore_case", "measure %q compares no text", d.Measure)
	}
	if d.Window != nil && d.Window.Before != "" && !d.sums() {
		return bad(path+".window.before", "measure %q cannot be taken over a span that ended before now", d.Measure)
	}
	return d.Window.check(path + ".window")
}

// sums says whether the measure is a number in which each event counts once.
func (d *Did) sums() bool {
	switch d.Measure {
	case "", Count, Sum, Mean, Min, Max:
		return true
	}
	return false
}

// compare checks a comparison of two measures.
func (c *checker) compare(x *Compare, path string) error {
	for name, d := range map[string]*Did{".a": &x.A, ".b": &x.B} {
		if d.Picks() {
			return bad(path+name+".measure", "%q gives no number", d.Measure)
		}
		if d.Op != "" || len(d.Value) > 0 {
			return bad(path+name+".op", "stands at the comparison, not at its sides")
		}
		if err := c.did(d, path+name); err != nil {
			return err
		}
	}
	switch x.Op {
	case GT, GTE, LT, LTE:
	default:
		return bad(path+".op", "%q is not one of gt, gte, lt, lte", x.Op)
	}
	if !(x.Factor >= 0 && x.Factor <= 1e6) {
		return bad(path+".factor", "must lie between 0 and 1000000")
	}
	return nil
}

// Picks says whether d compares a value of one event and not a number.
func (d *Did) Picks() bool {
	switch d.Measure {
	case First, Last, FirstTime, LastTime:
		return true
	}
	return false
}

// Match is the comparison of a Did that picks one event.
func (d *Did) Match() Match {
	m := Match{Name: d.Property, Op: d.Op, Value: d.Value, IgnoreCase: d.IgnoreCase}
	if d.Measure == FirstTime || d.Measure == LastTime {
		m.Name = EventTime
	}
	return m
}

func (w *Window) check(path string) error {
	if w == nil {
		return nil
	}
	set := 0
	for _, on := range []bool{w.Last != "", w.Calendar != "", w.From != nil || w.To != nil} {
		if on {
			set++
		}
	}
	if set != 1 {
		return bad(path, "has either last, or calendar, or from and to")
	}
	if w.Last != "" {
		if _, err := ParseSpan(w.Last); err != nil {
			return bad(path+".last", "%v", err)
		}
	}
	if w.Before != "" {
		if w.Last == "" {
			return bad(path+".before", "stands with last")
		}
		if _, err := ParseSpan(w.Before); err != nil {
			return bad(path+".before", "%v", err)
		}
	}
	if w.Calendar != "" {
		if _, _, ok := w.Period(); !ok {
			return bad(path+".calendar", "%q is not today, yesterday, or this or last with week, month, quarter or year, such as this_week", w.Calendar)
		}
	}
	if w.From != nil && w.To != nil && !w.From.Before(*w.To) {
		return bad(path, "from must lie before to")
	}
	return nil
}

// Period is the unit of a calendar window and how many periods it lies back.
func (w *Window) Period() (u Unit, back int64, ok bool) {
	switch w.Calendar {
	case "today":
		return Days, 0, true
	case "yesterday":
		return Days, 1, true
	}
	when, unit, _ := strings.Cut(w.Calendar, "_")
	u, ok = map[string]Unit{"week": Weeks, "month": Months, "quarter": Quarters, "year": Years}[unit]
	if when == "last" {
		back = 1
	}
	return u, back, ok && (when == "this" || when == "last")
}

func (c *checker) sequence(s *Sequence, path string) error {
	if len(s.Steps) < 2 || len(s.Steps) > MaxSteps {
		return bad(path+".steps", "must be 2 to %d", MaxSteps)
	}
	for i := range s.Steps {
		st, at := &s.Steps[i], fmt.Sprintf("%s.steps[%d]", path, i)
		if err := c.add(at); err != nil {
			return err
		}
		if err := c.event(st.Kind, st.Event, st.Where, at); err != nil {
			return err
		}
		switch {
		case st.Not && (i == 0 || s.Steps[i-1].Not):
			return bad(at+".not", "what did not happen stands behind a step that did")
		case st.Within == "":
			continue
		case i == 0:
			return bad(at+".within", "the first step follows nothing")
		case st.Not && i < len(s.Steps)-1:
			return bad(at+".within", "only the last step says within what did not happen")
		}
		if _, err := ParseSpan(st.Within); err != nil {
			return bad(at+".within", "%v", err)
		}
	}
	if s.Window != nil && (s.Window.Calendar != "" || s.Window.Before != "") {
		return bad(path+".window", "a sequence takes a window with last, or from and to")
	}
	return s.Window.check(path + ".window")
}

func (c *checker) lapse(l *Lapse, path string) error {
	if err := c.event(l.Kind, l.Event, l.Where, path); err != nil {
		return err
	}
	const most = float64(200 * 366)
	if !(l.Days > 0 && l.Days <= most) {
		return bad(path+".days", "must be above 0 and at most %g", most)
	}
	if !(l.GapMultiple >= 0 && l.GapMultiple <= 1000) {
		return bad(path+".gap_multiple", "must lie between 0 and 1000")
	}
	if !(l.MinDays >= 0 && l.MinDays <= most) || !(l.MaxDays >= 0 && l.MaxDays <= most) || l.MaxDays > 0 && l.MinDays > l.MaxDays {
		return bad(path+".min_days", "must not be above max_days")
	}
	return nil
}
