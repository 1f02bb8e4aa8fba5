package expr

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/ciclo/ciclo/internal/core"
)

// Check says what is wrong with n, naming the path of the fault.
func (n *Node) Check() error {
	count := 0
	return n.check("$", 1, &count)
}

func (n *Node) check(path string, level int, count *int) error {
	if *count++; *count > MaxNodes {
		return bad(path, "more than %d conditions", MaxNodes)
	}
	if level > MaxDepth {
		return bad(path, "nested deeper than %d groups", MaxDepth)
	}
	set := 0
	for _, on := range []bool{n.All != nil, n.Any != nil, n.Not != nil, n.Trait != nil, n.Did != nil, n.Lapse != nil, n.Stage != nil} {
		if on {
			set++
		}
	}
	if set != 1 {
		return bad(path, "a condition has exactly one of all, any, not, trait, did, lapse, stage; this one has %d", set)
	}
	switch {
	case n.All != nil:
		return checkGroup(n.All, path+".all", level, count)
	case n.Any != nil:
		return checkGroup(n.Any, path+".any", level, count)
	case n.Not != nil:
		return n.Not.check(path+".not", level+1, count)
	case n.Trait != nil:
		return n.Trait.check(path + ".trait")
	case n.Did != nil:
		return n.Did.check(path + ".did")
	case n.Lapse != nil:
		return n.Lapse.check(path + ".lapse")
	}
	if n.Stage.Was == "" {
		return bad(path+".stage.was", "names no stage")
	}
	return nil
}

func checkGroup(nodes []Node, path string, level int, count *int) error {
	for i := range nodes {
		if err := nodes[i].check(fmt.Sprintf("%s[%d]", path, i), level+1, count); err != nil {
			return err
		}
	}
	return nil
}

func (m *Match) check(path string) error {
	if m.Name == "" || len(m.Name) > 255 {
		return bad(path+".name", "must be 1 to 255 characters")
	}
	_, err := Compile(*m)
	if err != nil {
		return bad(path, "%v", err)
	}
	return nil
}

// EventKind turns the kind of a Did or Lapse into a core.Kind; 0 is any.
func EventKind(kind string) (core.Kind, error) {
	switch kind {
	case "":
		return core.KindTrack, nil
	case "any":
		return 0, nil
	}
	k, ok := core.ParseKind(kind)
	if !ok || k == core.KindSignal {
		return 0, fmt.Errorf("%q is not one of track, page, screen, identify, group, alias, any", kind)
	}
	return k, nil
}

func checkEvent(kind, event string, where []Match, path string) error {
	k, err := EventKind(kind)
	if err != nil {
		return bad(path+".kind", "%v", err)
	}
	if k == core.KindTrack && event == "" {
		return bad(path+".event", "names no event")
	}
	for i := range where {
		if err := where[i].check(fmt.Sprintf("%s.where[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *Did) check(path string) error {
	if err := checkEvent(d.Kind, d.Event, d.Where, path); err != nil {
		return err
	}
	switch d.Measure {
	case "", Count, DistinctDays:
	case Sum, Mean, Min, Max, Distinct:
		if d.Property == "" {
			return bad(path+".property", "measure %q needs a property", d.Measure)
		}
	default:
		return bad(path+".measure", "%q is not a measure", d.Measure)
	}
	if _, err := d.Bound(); err != nil {
		return bad(path+".value", "%v", err)
	}
	return d.Window.check(path + ".window")
}

func (w *Window) check(path string) error {
	if w == nil {
		return nil
	}
	if (w.Last != "") == (w.From != nil || w.To != nil) {
		return bad(path, "has either last, or from and to")
	}
	if w.Last != "" {
		if _, err := ParseSpan(w.Last); err != nil {
			return bad(path+".last", "%v", err)
		}
		return nil
	}
	if w.From != nil && w.To != nil && !w.From.Before(*w.To) {
		return bad(path, "from must lie before to")
	}
	return nil
}

func (l *Lapse) check(path string) error {
	if err := checkEvent(l.Kind, l.Event, l.Where, path); err != nil {
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

// Bound is the comparison of a Did's measure, in millionths of the unit.
type Bound struct {
	Op     Op
	Lo, Hi int64
}

// Bound reads operator and value of d. The default is "at least 1".
func (d *Did) Bound() (Bound, error) {
	b := Bound{Op: d.Op}
	if b.Op == "" {
		b.Op = GTE
	}
	if b.Op == "eq" {
		b.Op = Is
	}
	switch b.Op {
	case GT, GTE, LT, LTE, Is:
		if len(d.Value) == 0 {
			b.Lo = 1_000_000
			return b, nil
		}
		var n json.Number
		if err := json.Unmarshal(d.Value, &n); err != nil {
			return b, fmt.Errorf("must be a number")
		}
		v, ok := core.ParseMoney(n.String(), 6)
		if !ok {
			return b, fmt.Errorf("must be a number within 9 trillion")
		}
		b.Lo = v
	case Between:
		var pair []json.Number
		if err := json.Unmarshal(d.Value, &pair); err != nil || len(pair) != 2 {
			return b, fmt.Errorf("between needs two numbers")
		}
		var ok1, ok2 bool
		b.Lo, ok1 = core.ParseMoney(pair[0].String(), 6)
		b.Hi, ok2 = core.ParseMoney(pair[1].String(), 6)
		if !ok1 || !ok2 || b.Lo > b.Hi {
			return b, fmt.Errorf("between needs two rising numbers")
		}
	default:
		return b, fmt.Errorf("%q does not compare a measure", d.Op)
	}
	return b, nil
}

// Holds compares v, in millionths of the unit.
func (b Bound) Holds(v int64) bool {
	switch b.Op {
	case GT:
		return v > b.Lo
	case GTE:
		return v >= b.Lo
	case LT:
		return v < b.Lo
	case LTE:
		return v <= b.Lo
	case Is:
		return v == b.Lo
	case Between:
		return v >= b.Lo && v <= b.Hi
	}
	return false
}

// compileRegexp accepts RE2 patterns of up to 500 bytes.
func compileRegexp(p string) (*regexp.Regexp, error) {
	if len(p) > 500 {
		return nil, fmt.Errorf("pattern is longer than 500 characters")
	}
	re, err := regexp.Compile(p)
	if err != nil {
		return nil, fmt.Errorf("pattern is not a valid regular expression: %v", err)
	}
	return re, nil
}
