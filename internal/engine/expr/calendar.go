package expr

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// Calendar is the local time of a workspace: its zone and the day its weeks
// begin with. The zero Calendar is UTC with weeks from Sunday.
type Calendar struct {
	Zone *time.Location
	Week time.Weekday
}

// UTC is the Calendar of Greenwich with weeks from Monday.
func UTC() Calendar { return Calendar{Zone: time.UTC, Week: time.Monday} }

// MarshalText writes c as its zone and the number of its first day of the week.
func (c Calendar) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%s %d", c.zone(), c.Week), nil
}

// UnmarshalText reads what MarshalText wrote.
func (c *Calendar) UnmarshalText(text []byte) error {
	name, day, _ := strings.Cut(string(text), " ")
	zone, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("read calendar: %w", err)
	}
	week, err := strconv.Atoi(day)
	if err == nil && (week < 0 || week > 6) {
		err = strconv.ErrRange
	}
	if err != nil {
		return fmt.Errorf("read calendar: the day of the week: %w", err)
	}
	*c = Calendar{Zone: zone, Week: time.Weekday(week)}
	return nil
}

// Unit is a period of the calendar.
type Unit uint8

// Units of the calendar.
const (
	Days Unit = iota + 1
	Weeks
	Months
	Quarters
	Years
)

func (c Calendar) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

const daySeconds = 86_400

// Day numbers the local day of at, counted from 1 January 1970. It never goes
// back: a clock that is turned back over midnight stays in the new day.
func (c Calendar) Day(at core.Micros) int64 {
	t := core.ToTime(at).In(c.zone())
	_, off := t.Zone()
	day := floorDiv(t.Unix()+int64(off), daySeconds)
	if c.Start(day+1) <= at {
		day++
	}
	return day
}

// Start is the first instant at which the local date is day or later, so that
// it is right also where the clock skips or repeats midnight.
func (c Calendar) Start(day int64) core.Micros {
	wall := day * daySeconds
	t := time.Unix(wall-2*daySeconds, 0).In(c.zone())
	for {
		_, off := t.Zone()
		_, end := t.ZoneBounds()
		if at := max(wall-int64(off), t.Unix()); end.IsZero() || at < end.Unix() {
			return at * core.Second
		}
		t = end
	}
}

// Wall is the instant at which local clocks show a date and time, given as if in
// UTC: the first one where they show it twice, and as much later as the clocks
// jump where they never do.
func (c Calendar) Wall(date time.Time) core.Micros {
	wall := core.FromTime(date)
	t := core.ToTime(wall - 2*core.Day).In(c.zone())
	before := core.Micros(0)
	for {
		_, off := t.Zone()
		_, end := t.ZoneBounds()
		at := wall - core.Micros(off)*core.Second
		if at < core.FromTime(t) {
			return wall - before
		}
		if end.IsZero() || at < core.FromTime(end) {
			return at
		}
		before, t = core.Micros(off)*core.Second, end
	}
}

// Period numbers the period of at.
func (c Calendar) Period(u Unit, at core.Micros) int64 {
	day := c.Day(at)
	switch u {
	case Weeks:
		return floorDiv(day+c.weekShift(), 7)
	case Months, Quarters, Years:
		t := time.Unix(day*daySeconds, 0).UTC()
		months := int64(t.Year())*12 + int64(t.Month()) - 1
		return floorDiv(months, map[Unit]int64{Months: 1, Quarters: 3, Years: 12}[u])
	}
	return day
}

// weekShift makes day + weekShift a multiple of 7 on the first day of a week;
// day 0 was a Thursday.
func (c Calendar) weekShift() int64 { return (int64(time.Thursday) - int64(c.Week) + 7) % 7 }

// PeriodStart is the first instant of a period that Period numbered.
func (c Calendar) PeriodStart(u Unit, period int64) core.Micros {
	switch u {
	case Weeks:
		return c.Start(period*7 - c.weekShift())
	case Months, Quarters, Years:
		months := period * map[Unit]int64{Months: 1, Quarters: 3, Years: 12}[u]
		year := floorDiv(months, 12)
		return c.Start(dayOf(int(year), time.Month(months-year*12+1), 1))
	}
	return c.Start(period)
}

// dayOf numbers a date.
func dayOf(y int, m time.Month, d int) int64 {
	return floorDiv(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix(), daySeconds)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// instant reads v as a time. A date without an hour is its local day, of which
// at is the first instant; a wall time without an offset is local too.
func (c Calendar) instant(v core.Value) (at core.Micros, whole, ok bool) {
	if v.Kind == core.ValueText {
		if len(v.Text) == len(time.DateOnly) {
			t, err := time.Parse(time.DateOnly, v.Text)
			if err != nil {
				return 0, false, false
			}
			return c.Start(floorDiv(t.Unix(), daySeconds)), true, true
		}
		for _, layout := range [2]string{"2006-01-02T15:04:05", time.DateTime} {
			if t, err := time.Parse(layout, v.Text); err == nil {
				return c.Wall(t), false, true
			}
		}
	}
	at, ok = v.AsTime()
	return at, false, ok
}

// extent is the half-open range of instants that v stands for: a local day, or
// one microsecond.
func (c Calendar) extent(v core.Value) (from, to core.Micros, ok bool) {
	at, whole, ok := c.instant(v)
	if whole {
		return at, c.Start(c.Day(at) + 1), ok
	}
	return at, at + 1, ok
}

// anniversary is the day of the year'th return of a day: 29 February returns
// on 28 February in common years.
func anniversary(day int64, year int) int64 {
	t := time.Unix(day*daySeconds, 0).UTC()
	m, d := t.Month(), t.Day()
	if m == time.February && d == 29 && time.Date(year, m, d, 0, 0, 0, 0, time.UTC).Month() != m {
		d = 28
	}
	return dayOf(year, m, d)
}

// returns says whether an anniversary of the day of t lies on the local day of
// now or within the days after it, and when that answer changes next.
func (c Calendar) returns(t core.Micros, days int64, now core.Micros) (holds bool, next core.Micros, ok bool) {
	born, today := c.Day(t), c.Day(now)
	year := time.Unix(today*daySeconds, 0).UTC().Year()
	first := time.Unix(born*daySeconds, 0).UTC().Year() + 1
	for y := max(first, year-1); y <= max(first, year+2); y++ {
		a := anniversary(born, y)
		holds = holds || a >= today && a <= today+days
		for _, edge := range [2]core.Micros{c.Start(a - days), c.Start(a + 1)} {
			if edge > now && (!ok || edge < next) {
				next, ok = edge, true
			}
		}
	}
	return holds, next, ok
}
