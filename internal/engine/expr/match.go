package expr

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// Matcher is a compiled Match.
type Matcher struct {
	Name string
	Op   Op
	Span core.Micros // of in_last and more_than_ago
	test func(v core.Value, set bool, now core.Micros) bool
}

// Test compares value v (set says whether there is one) at instant now.
func (m *Matcher) Test(v core.Value, set bool, now core.Micros) bool { return m.test(v, set, now) }

// NextChange gives the first instant after now at which Test may change because
// time passed; ok is false when time alone changes nothing.
func (m *Matcher) NextChange(v core.Value, set bool, now core.Micros) (at core.Micros, ok bool) {
	if m.Span == 0 || !set {
		return 0, false
	}
	t, isTime := v.AsTime()
	if !isTime {
		return 0, false
	}
	if now < t { // in_last begins to hold when the instant is reached
		return t, true
	}
	if at = t + m.Span; at > now {
		return at, true
	}
	return 0, false
}

// Compile checks m and makes it ready to run.
func Compile(m Match) (*Matcher, error) {
	c := &Matcher{Name: m.Name, Op: m.Op}
	switch m.Op {
	case Set:
		c.test = func(_ core.Value, set bool, _ core.Micros) bool { return set }
		return c, nil
	case NotSet:
		c.test = func(_ core.Value, set bool, _ core.Micros) bool { return !set }
		return c, nil
	case IsTrue, IsFalse:
		want := m.Op == IsTrue
		c.test = func(v core.Value, set bool, _ core.Micros) bool {
			return set && v.Kind == core.ValueBool && v.Bool == want
		}
		return c, nil
	}
	if len(m.Value) == 0 {
		return nil, fmt.Errorf("%s needs a value", m.Op)
	}
	val, ok := core.ParseJSON(m.Value)
	if !ok || !json.Valid(m.Value) {
		return nil, fmt.Errorf("%s needs a value", m.Op)
	}
	return c, c.withValue(val)
}

func (c *Matcher) withValue(val core.Value) error {
	switch c.Op {
	case Is, IsNot:
		want := c.Op == Is
		c.test = func(v core.Value, set bool, _ core.Micros) bool { return (set && equalOrHas(v, val)) == want }
	case In, NotIn:
		return c.list(val)
	case Contains, NotContains, Starts, NotStarts, Ends, NotEnds:
		return c.text(val)
	case Matches, NotMatches:
		if val.Kind != core.ValueText {
			return fmt.Errorf("%s needs a pattern", c.Op)
		}
		re, err := compileRegexp(val.Text)
		if err != nil {
			return err
		}
		want := c.Op == Matches
		c.test = func(v core.Value, set bool, _ core.Micros) bool {
			return set && v.Kind == core.ValueText && re.MatchString(v.Text) == want
		}
	case GT, GTE, LT, LTE, Between:
		return c.number(val)
	case Before, After:
		t, ok := val.AsTime()
		if !ok {
			return fmt.Errorf("%s needs a date or time", c.Op)
		}
		before := c.Op == Before
		c.test = func(v core.Value, set bool, _ core.Micros) bool {
			x, ok := v.AsTime()
			return set && ok && (before && x < t || !before && x >= t)
		}
	case InLast, MoreThanAgo:
		return c.relative(val)
	default:
		return fmt.Errorf("%q is not an operator", c.Op)
	}
	return nil
}

func (c *Matcher) list(val core.Value) error {
	if val.Kind != core.ValueList || len(val.List) == 0 {
		return fmt.Errorf("%s needs a list of values", c.Op)
	}
	if len(val.List) > MaxValues {
		return fmt.Errorf("%s takes at most %d values", c.Op, MaxValues)
	}
	want := c.Op == In
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		found := false
		for i := range val.List {
			if set && equalOrHas(v, val.List[i]) {
				found = true
				break
			}
		}
		return found == want
	}
	return nil
}

func (c *Matcher) text(val core.Value) error {
	if val.Kind != core.ValueText {
		return fmt.Errorf("%s needs a text", c.Op)
	}
	var has func(s, part string) bool
	want, missing := true, false
	switch c.Op {
	case Contains:
		has = strings.Contains
	case NotContains:
		has, want, missing = strings.Contains, false, true
	case Starts:
		has = strings.HasPrefix
	case NotStarts:
		has, want = strings.HasPrefix, false
	case Ends:
		has = strings.HasSuffix
	case NotEnds:
		has, want = strings.HasSuffix, false
	}
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		switch {
		case !set:
			return missing
		case v.Kind == core.ValueList && (c.Op == Contains || c.Op == NotContains):
			return equalOrHas(v, val) == want
		case v.Kind != core.ValueText:
			return missing
		}
		return has(v.Text, val.Text) == want
	}
	return nil
}

func (c *Matcher) number(val core.Value) error {
	lo, hi := val, val
	if c.Op == Between {
		if val.Kind != core.ValueList || len(val.List) != 2 {
			return fmt.Errorf("between needs two values")
		}
		lo, hi = val.List[0], val.List[1]
	}
	lt, lok := lo.AsTime()
	ht, hok := hi.AsTime()
	dates := lo.Kind == core.ValueText && lok && hok
	if !dates && (lo.Kind != core.ValueNumber || hi.Kind != core.ValueNumber) {
		return fmt.Errorf("%s needs a number or a date", c.Op)
	}
	op := c.Op
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		if !set {
			return false
		}
		if dates {
			t, ok := v.AsTime()
			return ok && compare(op, cmp(t, lt), cmp(t, ht))
		}
		return v.Kind == core.ValueNumber && compare(op, cmp(v.Num, lo.Num), cmp(v.Num, hi.Num))
	}
	return nil
}

func (c *Matcher) relative(val core.Value) error {
	if val.Kind != core.ValueText {
		return fmt.Errorf("%s needs a span such as \"30d\"", c.Op)
	}
	span, err := ParseSpan(val.Text)
	if err != nil {
		return err
	}
	c.Span = span
	in := c.Op == InLast
	c.test = func(v core.Value, set bool, now core.Micros) bool {
		t, ok := v.AsTime()
		if !set || !ok {
			return false
		}
		if in {
			return t <= now && t > now-span
		}
		return t <= now-span
	}
	return nil
}

func cmp[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compare(op Op, lo, hi int) bool {
	switch op {
	case GT:
		return lo > 0
	case GTE:
		return lo >= 0
	case LT:
		return lo < 0
	case LTE:
		return lo <= 0
	}
	return lo >= 0 && hi <= 0
}

// equalOrHas says whether v equals want, or is a list that holds it. Types
// matter: text never equals a number.
func equalOrHas(v, want core.Value) bool {
	if v.Kind == core.ValueList && want.Kind != core.ValueList {
		for i := range v.List {
			if equalOrHas(v.List[i], want) {
				return true
			}
		}
		return false
	}
	if v.Kind != want.Kind {
		return false
	}
	switch v.Kind {
	case core.ValueText, core.ValueList, core.ValueObject:
		return v.Text == want.Text
	case core.ValueNumber:
		return v.Num == want.Num
	case core.ValueBool:
		return v.Bool == want.Bool
	}
	return false
}
