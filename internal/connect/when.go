package connect

import (
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// Orders of day, month and year in dates of a file.
const (
	OrderAuto = ""    // as found out
	OrderYMD  = "ymd" // the same: dates that begin with the year tell by themselves
	OrderDMY  = "dmy"
	OrderMDY  = "mdy"
)

// Earliest and latest instants that an import takes: years 1900 to 2200.
const (
	minWhen core.Micros = -2_208_988_800 * core.Second
	maxWhen core.Micros = 7_258_118_400 * core.Second
)

// wall is a time as a clock on a wall shows it.
type wall struct {
	y, mo, d, h, mi, s int
	micros             int
	offset             int  // seconds east of UTC, when zoned
	zoned              bool // the text told its offset
	utc                core.Micros
	absolute           bool // utc holds the instant
}

// Reasons of times that cannot be read.
const (
	ReasonBadTime   = "bad_time"
	ReasonAmbiguous = "ambiguous_date"
)

// zoneReader turns cells into instants.
type zoneReader struct {
	loc   *time.Location
	order string
}

// read reads a cell. reason is "" when it worked.
func (z *zoneReader) read(cell string) (t core.Micros, reason string) {
	w, reason := parseWall(strings.TrimSpace(cell), z.order)
	if reason != "" {
		return 0, reason
	}
	switch {
	case w.absolute:
		t = w.utc
	case w.zoned:
		t = w.asUTC() - core.Micros(w.offset)*core.Second
	default:
		t = z.local(w)
	}
	if t < minWhen || t > maxWhen {
		return 0, ReasonBadTime
	}
	return t, ""
}

func (w *wall) asUTC() core.Micros {
	return core.FromTime(time.Date(w.y, time.Month(w.mo), w.d, w.h, w.mi, w.s, w.micros*1000, time.UTC))
}

// local finds the instant at which clocks of the zone show w: the earlier one
// where clocks went back; where they went forward over it, as much after the
// change as w lies after the missing hour's begin.
func (z *zoneReader) local(w wall) core.Micros {
	u := w.asUTC()
	before, after := z.offset(u-core.Day), z.offset(u+core.Day)
	if before == after {
		// Rare: two changes within two days.
		if t := u - before; z.offset(t) == before {
			return t
		}
	}
	a, b := u-before, u-after
	okA, okB := z.offset(a) == before, z.offset(b) == after
	switch {
	case okA && okB:
		return min(a, b)
	case okA:
		return a
	case okB:
		return b
	}
	return a // a gap: the offset of before moves it forward
}

func (z *zoneReader) offset(t core.Micros) core.Micros {
	_, secs := core.ToTime(t).In(z.loc).Zone()
	return core.Micros(secs) * core.Second
}

// parseWall reads dates in numbers (2010-12-01, 20101201, 1/12/2010, 1.12.10),
// with or without a time of day, epochs, and dates with month names.
func parseWall(s, order string) (wall, string) {
	if s == "" {
		return wall{}, ReasonBadTime
	}
	if w, ok := epoch(s); ok {
		return w, ""
	}
	date, clock := s, ""
	if i := strings.IndexAny(s, "T "); i > 0 && s[0] >= '0' && s[0] <= '9' {
		date, clock = s[:i], strings.TrimSpace(s[i+1:])
	}
	w, reason := parseDate(date, order)
	if reason != "" {
		if reason == ReasonBadTime {
			return named(s)
		}
		return w, reason
	}
	if clock != "" && !w.clock(clock) {
		return named(s)
	}
	return w, ""
}

// epoch reads seconds or milliseconds since 1970, told apart by size.
func epoch(s string) (wall, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(whole) != 10 && len(whole) != 13 || !digitsOnly(whole) || !digitsOnly(frac) {
		return wall{}, false
	}
	n := core.Micros(number(whole))
	if len(whole) == 13 {
		return wall{utc: n * 1000, absolute: true}, true
	}
	return wall{utc: n*core.Second + core.Micros(number((frac + "000000")[:6])), absolute: true}, true
}

func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func parseDate(s, order string) (w wall, reason string) {
	if len(s) == 8 && digitsOnly(s) {
		w.y, w.mo, w.d = number(s[:4]), number(s[4:6]), number(s[6:])
		return w, w.check()
	}
	var parts [3]string
	n, from := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] >= '0' && s[i] <= '9' {
			continue
		}
		if i == from || n == 3 || i-from > 4 || i < len(s) && s[i] != '-' && s[i] != '/' && s[i] != '.' {
			return w, ReasonBadTime
		}
		parts[n] = s[from:i]
		n, from = n+1, i+1
	}
	if n != 3 {
		return w, ReasonBadTime
	}
	if len(parts[0]) == 4 {
		w.y, w.mo, w.d = number(parts[0]), number(parts[1]), number(parts[2])
		return w, w.check()
	}
	a, b := number(parts[0]), number(parts[1])
	w.y = number(parts[2])
	switch len(parts[2]) {
	case 2:
		w.y += 2000
		if w.y >= 2070 {
			w.y -= 100
		}
	case 4:
	default:
		return w, ReasonBadTime
	}
	switch {
	case order == OrderDMY:
		w.d, w.mo = a, b
	case order == OrderMDY:
		w.mo, w.d = a, b
	case a > 12:
		w.d, w.mo = a, b
	case b > 12 || a == b:
		w.mo, w.d = a, b
	default:
		return w, ReasonAmbiguous
	}
	return w, w.check()
}

func (w *wall) check() string {
	if w.mo < 1 || w.mo > 12 || w.d < 1 || w.d > time.Date(w.y, time.Month(w.mo)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return ReasonBadTime
	}
	return ""
}

// clock reads "8:26", "08:26:00.5", "8:26 PM", "08:26:00+01:00", "08:26Z".
func (w *wall) clock(s string) bool {
	var fields [3]int
	n, i := 0, 0
	for n < 3 {
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j == i || j-i > 2 {
			return false
		}
		fields[n] = number(s[i:j])
		n, i = n+1, j
		if i >= len(s) || s[i] != ':' {
			break
		}
		i++
	}
	if i < len(s) && (s[i] == '.' || s[i] == ',') {
		j := i + 1
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		w.micros = number((s[i+1:j] + "000000")[:6])
		i = j
	}
	w.h, w.mi, w.s = fields[0], fields[1], fields[2]
	rest := strings.ToUpper(strings.TrimSpace(s[i:]))
	if half := strings.ReplaceAll(rest, ".", ""); half == "AM" || half == "PM" {
		if w.h < 1 || w.h > 12 {
			return false
		}
		w.h %= 12
		if half == "PM" {
			w.h += 12
		}
		rest = ""
	}
	return n >= 2 && w.h < 24 && w.mi < 60 && w.s <= 60 && w.zone(rest)
}

// zone reads "", "Z", "UTC", "+01:00", "+0100", "-08".
func (w *wall) zone(s string) bool {
	switch s {
	case "":
		return true
	case "Z", "UTC", "GMT":
		w.zoned = true
		return true
	}
	sign := 1
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return false
	}
	d := strings.Replace(s[1:], ":", "", 1)
	if !digitsOnly(d) || len(d) != 2 && len(d) != 4 {
		return false
	}
	h, m := number(d[:2]), 0
	if len(d) == 4 {
		m = number(d[2:])
	}
	w.offset, w.zoned = sign*(h*3600+m*60), true
	return h < 15 && m < 60
}

// named reads dates with English month names.
func named(s string) (wall, string) {
	for _, layout := range []string{"2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 Jan 2006", "Jan 2, 2006 15:04:05", "Jan 2, 2006 15:04", "Jan 2, 2006",
		"Jan 2, 2006 3:04 PM", "January 2, 2006 3:04 PM", "January 2, 2006", "2 January 2006", "2-Jan-2006", "2-Jan-06", "Jan 2 2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return wall{y: t.Year(), mo: int(t.Month()), d: t.Day(), h: t.Hour(), mi: t.Minute(), s: t.Second()}, ""
		}
	}
	if t, err := time.Parse(time.RFC1123Z, s); err == nil {
		return wall{utc: core.FromTime(t), absolute: true}, ""
	}
	return wall{}, ReasonBadTime
}
