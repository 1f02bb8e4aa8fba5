package expr

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Matcher is a compiled Match.
type Matcher struct {
	Name       string
	Op         Op
	ignoreCase bool
	cal        Calendar
	test       func(v core.Value, set bool, now core.Micros) bool
	next       func(v core.Value, now core.Micros) (core.Micros, bool) // nil: time alone changes nothing
}

// Test compares value v (set says whether there is one) at instant now.
func (m *Matcher) Test(v core.Value, set bool, now core.Micros) bool { return m.test(v, set, now) }

// Timed says whether Test may change because time passes.
func (m *Matcher) Timed() bool { return m.next != nil }

// NextChange gives the first instant after now at which Test may change because
// time passed; ok is false when time alone changes nothing.
func (m *Matcher) NextChange(v core.Value, set bool, now core.Micros) (at core.Micros, ok bool) {
	if m.next == nil || !set {
		return 0, false
	}
	return m.next(v, now)
}

// Compile checks m and makes it ready to run in UTC.
func Compile(m Match) (*Matcher, error) { return CompileIn(m, UTC()) }

// CompileIn checks m and makes it ready to run in local time. How long a
// comparison has held is not its matter: For is refused.
func CompileIn(m Match, cal Calendar) (*Matcher, error) {
	c := &Matcher{Name: m.Name, Op: m.Op, ignoreCase: m.IgnoreCase, cal: cal}
	if m.For != "" {
		return nil, errs.Say("only a condition on a trait asks how long it has held")
	}
	if m.IgnoreCase && !ignoresCase(m.Op) {
		return nil, errs.Say("%s knows no ignore_case", m.Op)
	}
	if len(m.Where) > 0 && m.Op != Element {
		return nil, errs.Say("only the operator element takes conditions")
	}
	if c.plain() {
		return c, nil
	}
	if m.Op == Element {
		return c, c.element(m.Where)
	}
	if len(m.Value) == 0 {
		return nil, errs.Say("%s needs a value", m.Op)
	}
	val, ok := core.ParseJSON(m.Value)
	if !ok || !json.Valid(m.Value) {
		return nil, errs.Say("%s needs a value", m.Op)
	}
	return c, c.withValue(val)
}

func ignoresCase(op Op) bool {
	switch op {
	case Is, IsNot, In, NotIn, AllOf, Contains, NotContains, Starts, NotStarts, Ends, NotEnds, Matches, NotMatches:
		return true
	}
	return false
}

// plain compiles the operators that take no value.
func (c *Matcher) plain() bool {
	op := c.Op
	switch op {
	case Set, NotSet:
		c.test = func(_ core.Value, set bool, _ core.Micros) bool { return set == (op == Set) }
	case IsTrue, IsFalse:
		c.test = func(v core.Value, set bool, _ core.Micros) bool {
			return set && v.Kind == core.ValueBool && v.Bool == (op == IsTrue)
		}
	case Empty, NotEmpty:
		c.test = func(v core.Value, set bool, _ core.Micros) bool {
			switch {
			case set && v.Kind == core.ValueText:
				return (v.Text == "") == (op == Empty)
			case set && v.Kind == core.ValueList:
				return (len(v.List) == 0) == (op == Empty)
			}
			return false
		}
	default:
		return false
	}
	return true
}

func (c *Matcher) withValue(val core.Value) error {
	switch c.Op {
	case Is, IsNot:
		want, val := c.Op == Is, c.cased(val)
		c.test = func(v core.Value, set bool, _ core.Micros) bool { return (set && equalOrHas(c.cased(v), val)) == want }
	case In, NotIn, AllOf:
		return c.list(val)
	case Contains, NotContains, Starts, NotStarts, Ends, NotEnds:
		return c.text(val)
	case Matches, NotMatches:
		return c.pattern(val)
	case GT, GTE, LT, LTE, Between, NotBetween:
		return c.number(val)
	case LengthIs, LengthGT, LengthGTE, LengthLT, LengthLTE:
		return c.length(val)
	case Before, After, On, InLast, NotInLast, InNext, MoreThanAgo, Anniversary, Weekday, Hour:
		return c.date(val)
	default:
		return errs.Say("%q is not an operator", c.Op)
	}
	return nil
}

// cased lowers the text of v when case is ignored.
func (c *Matcher) cased(v core.Value) core.Value {
	if !c.ignoreCase {
		return v
	}
	v.Text = strings.ToLower(v.Text)
	if len(v.List) > 0 {
		lower := make([]core.Value, len(v.List))
		for i := range v.List {
			lower[i] = c.cased(v.List[i])
		}
		v.List = lower
	}
	return v
}

func (c *Matcher) list(val core.Value) error {
	if val.Kind != core.ValueList || len(val.List) == 0 {
		return errs.Say("%s needs a list of values", c.Op)
	}
	if len(val.List) > MaxValues {
		return errs.Say("%s takes at most %d values", c.Op, MaxValues)
	}
	val = c.cased(val)
	if c.Op == AllOf {
		c.test = func(v core.Value, set bool, _ core.Micros) bool {
			v = c.cased(v)
			for i := range val.List {
				if !set || !equalOrHas(v, val.List[i]) {
					return false
				}
			}
			return true
		}
		return nil
	}
	want := c.Op == In
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		found, v := false, c.cased(v)
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
		return errs.Say("%s needs a text", c.Op)
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
	val = c.cased(val)
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		switch v = c.cased(v); {
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
	if c.Op == Between || c.Op == NotBetween {
		if val.Kind != core.ValueList || len(val.List) != 2 {
			return errs.Say("%s needs two values", c.Op)
		}
		lo, hi = val.List[0], val.List[1]
	}
	from, after, lok := c.cal.extent(lo)
	from2, until, hok := c.cal.extent(hi)
	if lo.Kind == core.ValueText && hi.Kind == core.ValueText && lok && hok {
		return c.dates([2]core.Micros{from, after}, [2]core.Micros{from2, until})
	}
	if lo.Kind != core.ValueNumber || hi.Kind != core.ValueNumber {
		return errs.Say("%s needs a number or a date", c.Op)
	}
	op := c.Op
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		return set && v.Kind == core.ValueNumber && compare(op, cmp(v.Num, lo.Num), cmp(v.Num, hi.Num))
	}
	return nil
}

// length compares how many elements a list has.
func (c *Matcher) length(val core.Value) error {
	if val.Kind != core.ValueNumber || val.Num != float64(int64(val.Num)) || val.Num < 0 {
		return errs.Say("%s needs a whole number", c.Op)
	}
	op := map[Op]Op{LengthGT: GT, LengthGTE: GTE, LengthLT: LT, LengthLTE: LTE, LengthIs: Between}[c.Op]
	c.test = func(v core.Value, set bool, _ core.Micros) bool {
		d := cmp(float64(len(v.List)), val.Num)
		return set && v.Kind == core.ValueList && compare(op, d, d)
	}
	return nil
}

// element asks for one element of a list on which all conditions hold.
func (c *Matcher) element(where []Match) error {
	if len(where) == 0 {
		return errs.Say("element needs conditions in where")
	}
	ms := make([]*Matcher, len(where))
	timed := false
	for i := range where {
		var err error
		if ms[i], err = CompileIn(where[i], c.cal); err != nil {
			return errs.Say("%s: %v", fmt.Sprintf("where[%d]", i), err)
		}
		timed = timed || ms[i].Timed()
	}
	c.test = func(v core.Value, set bool, now core.Micros) bool {
		for i := 0; set && i < len(v.List); i++ {
			if allHold(ms, &v.List[i], now) {
				return true
			}
		}
		return false
	}
	if timed {
		c.next = func(v core.Value, now core.Micros) (best core.Micros, found bool) {
			for i := range v.List {
				for _, m := range ms {
					part, set := m.part(&v.List[i])
					if at, ok := m.NextChange(part, set, now); ok && (!found || at < best) {
						best, found = at, true
					}
				}
			}
			return best, found
		}
	}
	return nil
}

func allHold(ms []*Matcher, e *core.Value, now core.Micros) bool {
	for _, m := range ms {
		if v, set := m.part(e); !m.Test(v, set, now) {
			return false
		}
	}
	return true
}

// part is what m reads of an element: the element itself, or a field of it.
func (m *Matcher) part(e *core.Value) (core.Value, bool) {
	if m.Name == Itself {
		return *e, e.Kind != core.ValueNone
	}
	if e.Kind != core.ValueObject {
		return core.Value{}, false
	}
	return core.Lookup([]byte(e.Text), m.Name)
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
	case NotBetween:
		return lo < 0 || hi > 0
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
