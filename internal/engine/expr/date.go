package expr

import (
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// dates compares instants with the extents of one or two dates: a date without
// an hour stands for its whole local day.
func (c *Matcher) dates(lo, hi [2]core.Micros) error {
	holds := map[Op]func(x core.Micros) bool{
		GT:         func(x core.Micros) bool { return x >= lo[1] },
		GTE:        func(x core.Micros) bool { return x >= lo[0] },
		LT:         func(x core.Micros) bool { return x < lo[0] },
		LTE:        func(x core.Micros) bool { return x < lo[1] },
		Between:    func(x core.Micros) bool { return x >= lo[0] && x < hi[1] },
		NotBetween: func(x core.Micros) bool { return x < lo[0] || x >= hi[1] },
		Before:     func(x core.Micros) bool { return x < lo[0] },
		After:      func(x core.Micros) bool { return x >= lo[0] },
	}[c.Op]
	c.onTime(func(x, _ core.Micros) bool { return holds(x) })
	return nil
}

// onTime makes a test of the instant that a value stands for; what is no time
// does not hold.
func (c *Matcher) onTime(holds func(x, now core.Micros) bool) {
	c.test = func(v core.Value, set bool, now core.Micros) bool {
		if !set {
			return false
		}
		x, _, ok := c.cal.instant(v)
		return ok && holds(x, now)
	}
}

// edges makes the test change at the value's instant plus each offset.
func (c *Matcher) edges(offsets ...core.Micros) {
	c.next = func(v core.Value, now core.Micros) (best core.Micros, found bool) {
		x, _, ok := c.cal.instant(v)
		for _, off := range offsets {
			if at := x + off; ok && at > now && (!found || at < best) {
				best, found = at, true
			}
		}
		return best, found
	}
}

// comparesTimes says whether a comparison that compiles is one of instants.
func (m *Match) comparesTimes() bool {
	switch m.Op {
	case Before, After, On, InLast, NotInLast, InNext, MoreThanAgo, Anniversary, Weekday, Hour:
		return true
	case GT, GTE, LT, LTE, Between, NotBetween:
		v, _ := core.ParseJSON(m.Value)
		return v.Kind == core.ValueText || len(v.List) == 2 && v.List[0].Kind == core.ValueText
	}
	return false
}

func (c *Matcher) date(val core.Value) error {
	switch c.Op {
	case Before, After, On:
		from, to, ok := c.cal.extent(val)
		if !ok {
			return errs.Say("%s needs a date or time", c.Op)
		}
		if c.Op != On {
			return c.dates([2]core.Micros{from, to}, [2]core.Micros{from, to})
		}
		day := c.cal.Day(from)
		c.onTime(func(x, _ core.Micros) bool { return c.cal.Day(x) == day })
		return nil
	case Anniversary:
		return c.anniversary(val)
	case Weekday:
		return c.weekday(val)
	case Hour:
		return c.hour(val)
	}
	return c.relative(val)
}

func (c *Matcher) relative(val core.Value) error {
	if val.Kind != core.ValueText {
		return errs.Say("%s needs a span such as \"30d\"", c.Op)
	}
	span, err := ParseSpan(val.Text)
	if err != nil {
		return err
	}
	switch c.Op {
	case InLast:
		c.onTime(func(x, now core.Micros) bool { return x <= now && x > now-span })
		c.edges(0, span)
	case NotInLast:
		c.onTime(func(x, now core.Micros) bool { return x > now || x <= now-span })
		c.edges(0, span)
	case InNext:
		c.onTime(func(x, now core.Micros) bool { return x > now && x <= now+span })
		c.edges(-span, 0)
	case MoreThanAgo:
		c.onTime(func(x, now core.Micros) bool { return x <= now-span })
		c.edges(span)
	}
	return nil
}

func (c *Matcher) anniversary(val core.Value) error {
	days, ok := whole(val, 0, 366)
	if !ok {
		return errs.Say("anniversary needs a whole number of days from 0 to 366")
	}
	c.onTime(func(x, now core.Micros) bool {
		holds, _, _ := c.cal.returns(x, days, now)
		return holds
	})
	c.next = func(v core.Value, now core.Micros) (core.Micros, bool) {
		x, _, ok := c.cal.instant(v)
		if !ok {
			return 0, false
		}
		_, at, ok := c.cal.returns(x, days, now)
		return at, ok
	}
	return nil
}

func whole(v core.Value, least, most int64) (int64, bool) {
	n := int64(v.Num)
	return n, v.Kind == core.ValueNumber && v.Num >= float64(least) && v.Num <= float64(most) && v.Num == float64(n)
}

// weekday takes the days 1 (Monday) to 7 (Sunday).
func (c *Matcher) weekday(val core.Value) error {
	list := val.List
	if val.Kind == core.ValueNumber {
		list = []core.Value{val}
	}
	var on [7]bool
	for i := range list {
		d, ok := whole(list[i], 1, 7)
		if !ok {
			return errs.Say("weekday needs days from 1 (Monday) to 7 (Sunday)")
		}
		on[d-1] = true
	}
	if len(list) == 0 {
		return errs.Say("weekday needs days from 1 (Monday) to 7 (Sunday)")
	}
	c.onTime(func(x, _ core.Micros) bool { return on[(int(core.ToTime(x).In(c.cal.zone()).Weekday())+6)%7] })
	return nil
}

// hour takes one hour, or the hours [from, to) of the local clock; a range that
// ends before it begins goes over midnight.
func (c *Matcher) hour(val core.Value) error {
	pair := val.List
	if val.Kind == core.ValueNumber {
		pair = []core.Value{val, {Kind: core.ValueNumber, Num: val.Num + 1}}
	}
	if len(pair) != 2 {
		return errs.Say("hour needs an hour, or two: from and to")
	}
	from, ok1 := whole(pair[0], 0, 23)
	to, ok2 := whole(pair[1], 0, 24)
	if !ok1 || !ok2 || from == to {
		return errs.Say("hour needs hours from 0 to 23, the end up to 24 and not the same")
	}
	c.onTime(func(x, _ core.Micros) bool {
		h := int64(core.ToTime(x).In(c.cal.zone()).Hour())
		if from < to {
			return h >= from && h < to
		}
		return h >= from || h < to
	})
	return nil
}
