package fold

import (
	"math"
	"slices"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

type mode uint8

const (
	modeStats    mode = iota // count, sum, min, max over all time or a fixed range
	modeRing                 // instants (and values) inside a rolling window
	modeDays                 // days with an event
	modeSet                  // distinct values of a property
	modeTrait                // newest value of a trait
	modeLapse                // last event, recent gaps
	modeFirst                // property and instant of the first event
	modeLast                 // property and instant of the last event
	modeCalendar             // one inner accumulator for each recent period
	modeSequence             // how far chains of events have come
	modeKeyed                // one state of an inner Program for each value of a property
	modeHeld                 // since when a trait satisfies a comparison
	modeLadder               // where the customer stands in a stage model, and entries watched
	modeConsent              // newest word on a topic by holder
)

// Bounds of what one customer's state may hold.
const (
	maxRing = 10_000
	maxSet  = 10_000
	maxGaps = 32
	maxKeys = 1_000 // values of a keyed condition; the least recently seen goes
	maxOpen = 1_000 // chains of a sequence that wait for a span to end
)

// acc is one accumulator of a Program.
type acc struct {
	mode     mode
	event    eventKey
	where    []*expr.Matcher
	property string
	measure  expr.Measure
	span     core.Micros // rolling window; 0 = none
	before   core.Micros // and how long ago it ends
	from, to core.Micros // fixed range [from, to), of all time when open
	keep     int         // newest entries a ring keeps; 0 = all
	zone     *time.Location
	lapse    lapseRule
	relative []*expr.Matcher // comparisons of a trait or picked value that depend on now

	calendar string // name of a calendar window
	unit     expr.Unit
	back     int64
	cal      expr.Calendar
	inner    *acc // of modeCalendar

	seq   *sequence
	by    string   // property of modeKeyed
	prog  *Program // of modeKeyed
	refs  []expr.EventRef
	held  *expr.Matcher
	spans []core.Micros // of modeHeld

	ladder  *Ladder
	entries []entryWatch
}

// slot is one accumulator's value for one customer.
type slot struct {
	n             int64 // events, or distinct days
	sum, min, max int64 // millionths
	nums          int64 // events with a number
	last, lastDay core.Micros
	ring          []entry
	text          string // raw JSON of a trait
	set           bool
	texts         []string // raw JSON beside ring
	steps         []entry  // newest chain up to each step; val is its first instant
	subs          []sub
	keys          []keyState
	climb         *Climber
}

type entry struct {
	at  core.Micros
	val int64 // millionths, day number or hash
}

func (a *acc) setWindow(w *expr.Window, bound expr.Bound) error {
	a.mode, a.from, a.to = modeStats, math.MinInt64, math.MaxInt64
	if w != nil && w.Last != "" {
		span, err := expr.ParseSpan(w.Last)
		if err != nil {
			return err
		}
		a.span, a.mode = span, modeRing
		if w.Before != "" {
			if a.before, err = expr.ParseSpan(w.Before); err != nil {
				return err
			}
		}
	} else if w != nil {
		if w.From != nil {
			a.from = core.FromTime(*w.From)
		}
		if w.To != nil {
			a.to = core.FromTime(*w.To)
		}
		a.calendar = w.Calendar
	}
	switch a.measure {
	case expr.DistinctDays:
		a.mode = modeDays
	case expr.Distinct:
		a.mode = modeSet
	case expr.Count:
		if a.mode == modeRing && a.before == 0 {
			a.keep = keepFor(bound)
		}
	}
	return nil
}

// keepFor tells how many newest instants decide a comparison of a count.
func keepFor(b expr.Bound) int {
	top := b.Lo
	if b.Op == expr.Between || b.Op == expr.NotBetween {
		top = b.Hi
	}
	n := top/1_000_000 + 1
	if n < 1 || n > maxRing {
		return maxRing
	}
	return int(n)
}

// storage names what an accumulator stores, so that measures which read the
// same numbers share one.
func (a *acc) storage() string {
	switch a.mode {
	case modeDays:
		return "days"
	case modeSet:
		return "set"
	case modeRing:
		return "ring"
	case modeFirst:
		return "first"
	case modeLast:
		return "last"
	}
	return "stats"
}

// apply folds an event that already matches event and where.
func (a *acc) apply(s *slot, in *Input) {
	switch a.mode {
	case modeTrait:
		return
	case modeLapse:
		a.applyLapse(s, in.Time)
		return
	case modeCalendar:
		a.applyCalendar(s, in)
		return
	case modeConsent:
		a.applyConsent(s, in)
		return
	}
	if in.Time < a.from || in.Time >= a.to {
		return
	}
	if a.mode == modeFirst || a.mode == modeLast {
		a.applyPick(s, in)
		return
	}
	val, isNum := int64(0), false
	if a.property != "" {
		v, ok := in.Props.Prop(a.property)
		if a.mode == modeSet {
			if ok {
				a.addDistinct(s, in.Time, valueHash(v))
			}
			return
		}
		val, isNum = number(v, ok)
	}
	switch a.mode {
	case modeStats:
		s.add(in.Time, val, isNum)
	case modeRing:
		if a.property != "" && !isNum {
			return
		}
		s.ring = append(s.ring, entry{in.Time, val})
		a.prune(s, in.Time)
	case modeDays:
		a.addDistinct(s, in.Time, core.Micros(dayNumber(in.Time, a.zone)))
	}
}

func (s *slot) add(at, val int64, isNum bool) {
	s.n++
	s.last = at
	if !isNum {
		return
	}
	if s.nums == 0 || val < s.min {
		s.min = val
	}
	if s.nums == 0 || val > s.max {
		s.max = val
	}
	s.nums++
	s.sum = addClamped(s.sum, val)
}

func addClamped(a, b int64) int64 {
	c := a + b
	switch {
	case a > 0 && b > 0 && c < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && c >= 0:
		return math.MinInt64
	}
	return c
}

// addDistinct keeps the newest instant per value (a day or a hash).
func (a *acc) addDistinct(s *slot, at, val int64) {
	for i := len(s.ring) - 1; i >= 0; i-- {
		if s.ring[i].val == val {
			s.ring = append(slices.Delete(s.ring, i, i+1), entry{at, val})
			a.prune(s, at)
			return
		}
		if a.mode == modeDays {
			break // days come in order
		}
	}
	s.ring = append(s.ring, entry{at, val})
	a.prune(s, at)
}

// prune drops what can no longer matter at now or later.
func (a *acc) prune(s *slot, now core.Micros) {
	drop := 0
	if a.span > 0 {
		for drop < len(s.ring) && s.ring[drop].at <= now-a.span-a.before {
			drop++
		}
	}
	keep := a.keep
	if keep == 0 {
		keep = maxRing
	}
	if a.mode == modeDays && a.span == 0 {
		// Without a window only the count and the newest day matter.
		if len(s.ring) > 1 {
			s.n += int64(len(s.ring) - 1)
			drop = len(s.ring) - 1
		}
	} else if over := len(s.ring) - keep; over > drop {
		drop = over
	}
	if drop > 0 {
		s.ring = append(s.ring[:0], s.ring[drop:]...)
	}
}

// measured gives the measure at now in millionths; ok is false when there is
// no value (a mean of nothing).
func (a *acc) measured(s *slot, m expr.Measure, now core.Micros) (int64, bool) {
	if a.mode == modeStats {
		switch m {
		case expr.Count:
			return s.n * 1_000_000, true
		case expr.Sum:
			return s.sum, true
		case expr.Mean:
			if s.nums == 0 {
				return 0, false
			}
			return s.sum / s.nums, true
		case expr.Min:
			return s.min, s.nums > 0
		case expr.Max:
			return s.max, s.nums > 0
		}
		return 0, false
	}
	var n, sum int64
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range s.ring {
		if at := s.ring[i].at; a.span > 0 && (at <= now-a.span-a.before || at > now-a.before) {
			continue
		}
		n++
		sum = addClamped(sum, s.ring[i].val)
		lo, hi = min(lo, s.ring[i].val), max(hi, s.ring[i].val)
	}
	switch m {
	case expr.Count, expr.DistinctDays, expr.Distinct:
		return (n + s.n) * 1_000_000, true
	case expr.Sum:
		return sum, true
	case expr.Mean:
		if n == 0 {
			return 0, false
		}
		return sum / n, true
	case expr.Min:
		return lo, n > 0
	case expr.Max:
		return hi, n > 0
	}
	return 0, false
}

func number(v core.Value, ok bool) (int64, bool) {
	if !ok || v.Kind != core.ValueNumber && v.Kind != core.ValueText {
		return 0, false
	}
	text := v.Text
	if text == "" {
		text = v.Display()
	}
	return core.ParseMoney(text, 6)
}

// value gives the trait's value.
func (s *slot) value() (core.Value, bool) {
	if !s.set {
		return core.Value{}, false
	}
	return core.ParseJSON([]byte(s.text))
}

// dayNumber counts local days since 1970-01-01 in zone.
func dayNumber(at core.Micros, zone *time.Location) int64 {
	t := core.ToTime(at).In(zone)
	_, off := t.Zone()
	sec := t.Unix() + int64(off)
	if sec < 0 {
		return (sec - 86399) / 86400
	}
	return sec / 86400
}

// lapseRule turns a last event and recent gaps into the lapse point.
type lapseRule struct {
	days, least, most core.Micros
	multiple          float64
}

// applyLapse remembers the event's instant and, on a new day, the gap to the
// last day with one.
func (a *acc) applyLapse(s *slot, at core.Micros) {
	day := dayNumber(at, a.zone)
	if s.n > 0 && day != s.lastDay {
		s.ring = append(s.ring, entry{at: at, val: at - s.sum})
		if len(s.ring) > maxGaps {
			s.ring = append(s.ring[:0], s.ring[1:]...)
		}
	}
	if s.n == 0 || day != s.lastDay {
		s.lastDay, s.sum = day, at // sum: first instant of the last day
	}
	s.n++
	s.last = at
}

// point is the instant at which the lapse begins, if there was an event.
func (r lapseRule) point(s *slot) (core.Micros, bool) {
	if s.n == 0 {
		return 0, false
	}
	wait := r.days
	if r.multiple > 0 && len(s.ring) >= 2 {
		wait = core.Micros(r.multiple * median(s.ring))
		if r.least > 0 {
			wait = max(wait, r.least)
		}
		if r.most > 0 {
			wait = min(wait, r.most)
		}
	}
	return s.last + wait, true
}

func median(ring []entry) float64 {
	gaps := make([]int64, len(ring))
	for i := range ring {
		gaps[i] = ring[i].val
	}
	slices.Sort(gaps)
	m := len(gaps) / 2
	if len(gaps)%2 == 1 {
		return float64(gaps[m])
	}
	return (float64(gaps[m-1]) + float64(gaps[m])) / 2
}
