package query

import (
	"sort"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Interval is the width of a bucket in the workspace's zone.
type Interval string

// Intervals.
const (
	Hour    Interval = "hour"
	Day     Interval = "day"
	Week    Interval = "week"
	Month   Interval = "month"
	Quarter Interval = "quarter"
	Year    Interval = "year"
)

func (i Interval) check(field string) error {
	switch i {
	case Hour, Day, Week, Month, Quarter, Year:
		return nil
	}
	return bad(field, "%q is not one of hour, day, week, month, quarter, year", i)
}

// calendar knows the zone and the first day of the week.
type calendar struct {
	zone *time.Location
	week time.Weekday
}

// floor gives the start of the bucket that holds at.
func (c calendar) floor(i Interval, at core.Micros) core.Micros {
	t := core.ToTime(at).In(c.zone)
	if i == Hour {
		// Whole hours of the wall clock; in a repeated hour each pass is its own, also
		// where clocks move by half an hour.
		past := time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
		hour := t.Add(-past)
		if changed, _ := t.ZoneBounds(); hour.Before(changed) {
			hour = changed
		}
		return core.FromTime(hour)
	}
	y, m, d := t.Date()
	switch i {
	case Week:
		d -= (int(t.Weekday()) - int(c.week) + 7) % 7
	case Month:
		d = 1
	case Quarter:
		m, d = m-(m-1)%3, 1
	case Year:
		m, d = 1, 1
	}
	return c.date(y, m, d)
}

// date is the first instant of a local day, also where midnight is skipped.
func (c calendar) date(y int, m time.Month, d int) core.Micros {
	return expr.Calendar{Zone: c.zone}.Start(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// add gives the start of the bucket n buckets after the one that begins at.
func (c calendar) add(i Interval, at core.Micros, n int) core.Micros {
	if i == Hour {
		for ; n > 0; n-- {
			at = c.floor(Hour, at+core.Hour)
		}
		for ; n < 0; n++ {
			at = c.floor(Hour, at-1)
		}
		return at
	}
	y, m, d := core.ToTime(at).In(c.zone).Date()
	switch i {
	case Day:
		d += n
	case Week:
		d += 7 * n
	case Month:
		m += time.Month(n)
	case Quarter:
		m += time.Month(3 * n)
	case Year:
		y += n
	}
	return c.date(y, m, d)
}

// shift gives the same local time in another year or on another day. The start of
// a day stays one, also where midnight is skipped.
func (c calendar) shift(at core.Micros, years, days int) core.Micros {
	cal := expr.Calendar{Zone: c.zone}
	day := cal.Day(at)
	date := time.Unix(day*86400, 0).UTC().AddDate(years, 0, days)
	if at == cal.Start(day) {
		return cal.Start(date.Unix() / 86400)
	}
	t := core.ToTime(at).In(c.zone)
	y, m, d := t.Date()
	return cal.Wall(time.Date(y+years, m, d+days, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC))
}

// days counts the local days that [from, to) touches.
func (c calendar) days(from, to core.Micros) int {
	days := expr.Calendar{Zone: c.zone}
	return int(days.Day(to-1)-days.Day(from)) + 1
}

// buckets gives the edges of the buckets that [from, to) touches: bucket k is
// [edges[k], edges[k+1]). The first may begin before from, the last end after to.
func (c calendar) buckets(i Interval, from, to core.Micros) ([]core.Micros, error) {
	at := c.floor(i, from)
	edges := []core.Micros{at}
	for at < to {
		next := c.add(i, at, 1)
		if next <= at {
			return nil, bad("range", "has no interval %s in this zone", i)
		}
		if len(edges) > MaxBuckets {
			return nil, bad("range", "has more than %d buckets of the interval %s: choose a longer interval or a shorter range", MaxBuckets, i)
		}
		at = next
		edges = append(edges, at)
	}
	return edges, nil
}

// grid finds the bucket of an instant.
type grid struct {
	edges []core.Micros
	table []int32 // bucket at the start of each slot; ^bucket where another begins within
	first core.Micros
	span  uint64 // from the first edge to the last
	shift uint   // a slot is 2^shift microseconds
}

func newGrid(edges []core.Micros) *grid {
	g := &grid{edges: edges, first: edges[0], shift: 31} // 36 minutes
	g.span = uint64(edges[len(edges)-1] - edges[0])
	for g.span>>g.shift > 1<<16 {
		g.shift++
	}
	k := int32(0)
	for at := edges[0]; at < edges[len(edges)-1]; at += 1 << g.shift {
		for at >= edges[k+1] {
			k++
		}
		if at+1<<g.shift > edges[k+1] {
			g.table = append(g.table, ^k)
		} else {
			g.table = append(g.table, k)
		}
	}
	return g
}

// len is the number of buckets.
func (g *grid) len() int { return len(g.edges) - 1 }

// of gives the bucket of at, which lies within the edges; at outside gives -1
// or the number of buckets.
func (g *grid) of(at core.Micros) int {
	d := uint64(at - g.first)
	if d >= g.span {
		if at < g.first {
			return -1
		}
		return g.len()
	}
	if k := g.table[d>>g.shift]; k >= 0 {
		return int(k)
	}
	return g.search(at)
}

// search is of for a slot in which a bucket begins.
func (g *grid) search(at core.Micros) int {
	k := int(^g.table[uint64(at-g.first)>>g.shift])
	for at >= g.edges[k+1] {
		k++
	}
	return k
}

// before gives the first bucket that begins at or after at.
func (g *grid) before(at core.Micros) int {
	return sort.Search(len(g.edges), func(i int) bool { return g.edges[i] >= at })
}
