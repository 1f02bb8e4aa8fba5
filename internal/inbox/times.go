package inbox

import (
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

// Years that a time may lie in: 0 to 9999.
const (
	minTime core.Micros = -62_167_219_200 * core.Second
	maxTime core.Micros = 253_402_300_800*core.Second - 1
)

// lateAfter is how long before its receipt an event counts as late.
const lateAfter = 15 * core.Minute

// readTime reads a raw JSON value as a time. given says that there was one.
func readTime(raw []byte) (t core.Micros, given, ok bool) {
	if len(raw) == 0 || raw[0] == 'n' || string(raw) == `""` {
		return 0, false, false
	}
	switch c := raw[0]; {
	case c == '"':
		inner := raw[1 : len(raw)-1]
		if t, ok = parseTimeBytes(inner); ok {
			return t, true, true
		}
		t, ok = parseTime(unquote(inner))
		return t, true, ok
	case c >= '0' && c <= '9':
		t, ok = epoch(string(raw))
		return t, true, ok
	}
	return 0, true, false
}

// parseTime reads a time with up to any number of fractional digits, any
// offset, or none (UTC), or an epoch in seconds or milliseconds.
func parseTime(s string) (core.Micros, bool) {
	s = strings.TrimSpace(s)
	if t, ok := parseTimeBytes([]byte(s)); ok {
		return t, true
	}
	return epoch(s)
}

// epoch reads a number of seconds or milliseconds since 1970, told apart by
// size, with an optional fraction.
func epoch(s string) (core.Micros, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(whole) < 9 || len(whole) > 13 {
		return 0, false
	}
	n, ok := digits([]byte(whole))
	if !ok {
		return 0, false
	}
	places, unit := 3, core.Micros(1000)
	if n < 100_000_000_000 {
		places, unit = 6, core.Second
	}
	micros := n * unit
	if len(frac) > 0 {
		frac = (frac + "000000")[:places]
		f, ok := digits([]byte(frac))
		if !ok {
			return 0, false
		}
		micros += f
	}
	return micros, true
}

func digits(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

// parseTimeBytes reads YYYY-MM-DD, optionally with T or a blank, hh:mm, :ss,
// a fraction and an offset.
func parseTimeBytes(b []byte) (core.Micros, bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	year, ok1 := digits(b[:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	date := daysSinceEpoch(year, month, day) * core.Day
	if len(b) == 10 {
		return date, true
	}
	clockPart, rest, ok := readClock(b[10:])
	if !ok {
		return 0, false
	}
	offset, ok := readOffset(rest)
	if !ok {
		return 0, false
	}
	t := date + clockPart - offset
	return t, t >= minTime && t <= maxTime
}

// readClock reads " hh:mm[:ss[.f]]" and gives what follows.
func readClock(b []byte) (t core.Micros, rest []byte, ok bool) {
	if len(b) < 6 || b[0]|0x20 != 't' && b[0] != ' ' || b[3] != ':' {
		return 0, nil, false
	}
	h, ok1 := digits(b[1:3])
	m, ok2 := digits(b[4:6])
	if !ok1 || !ok2 || h > 24 || m > 59 {
		return 0, nil, false
	}
	t = h*core.Hour + m*core.Minute
	b = b[6:]
	if len(b) >= 3 && b[0] == ':' {
		s, ok := digits(b[1:3])
		if !ok || s > 60 {
			return 0, nil, false
		}
		t += s * core.Second
		b = b[3:]
		if len(b) > 1 && (b[0] == '.' || b[0] == ',') {
			i, unit := 1, core.Second
			for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
				unit /= 10
				t += core.Micros(b[i]-'0') * unit
			}
			if i == 1 {
				return 0, nil, false
			}
			b = b[i:]
		}
	}
	return t, b, t <= core.Day+core.Second
}

// readOffset reads Z, ±hh, ±hhmm, ±hh:mm, or nothing.
func readOffset(b []byte) (core.Micros, bool) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) == 1 && b[0]|0x20 == 'z' {
		return 0, true
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, ok := digits(b[1:3])
	if !ok || h > 23 {
		return 0, false
	}
	m := int64(0)
	tail := b[3:]
	if len(tail) > 0 && tail[0] == ':' {
		tail = tail[1:]
	}
	if len(tail) > 0 {
		if m, ok = digits(tail); !ok || len(tail) != 2 || m > 59 {
			return 0, false
		}
	}
	off := h*core.Hour + m*core.Minute
	if b[0] == '-' {
		off = -off
	}
	return off, true
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSinceEpoch counts days of the proleptic Gregorian calendar, with years
// that begin in March so that the leap day comes last.
func daysSinceEpoch(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146_097 + doe - 719_468
}

// correct applies the clock rule: the client's own clock only measures the
// span between the event and its sending.
func correct(m *core.Message, given bool) {
	t := m.Received
	switch {
	case m.Original == 0 && !given:
	case m.Original == 0:
		m.Flags |= core.FlagTimeInvalid
	case m.Sent != 0:
		t = m.Received - (m.Sent - m.Original)
	default:
		t = m.Original
	}
	if t < minTime || t > maxTime {
		t = m.Received
		m.Flags |= core.FlagTimeInvalid
	}
	if t > m.Received+core.Minute {
		t = m.Received
		m.Flags |= core.FlagTimeClamped
	}
	if t < m.Received-lateAfter {
		m.Flags |= core.FlagLate
	}
	m.Time = t
}
