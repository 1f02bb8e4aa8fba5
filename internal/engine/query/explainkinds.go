package query

import (
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// TrendExplanation lists what a customer added to a number.
type TrendExplanation struct {
	Count  int64      `json:"count"`
	Events []Evidence `json:"events"` // the first few
}

// RetentionExplanation lists the entries of a customer: of the cell's row, or
// all.
type RetentionExplanation struct {
	Needed  int64            `json:"needed"` // return events in a period
	Entries []RetentionEntry `json:"entries"`
}

// RetentionEntry is one entry and the return events by period after it.
type RetentionEntry struct {
	Row     int      `json:"row"`
	Event   Evidence `json:"event"`
	Periods []Period `json:"periods"` // Bucket is the number of the period
}

// GrowthExplanation tells what a customer was, period by period: of the cell's
// bucket, or of the last ones.
type GrowthExplanation struct {
	FirstSeen *Evidence `json:"first_seen,omitempty"` // what tells who is new
	Before    *Evidence `json:"before,omitempty"`     // last activity before the bucket
	Periods   []Period  `json:"periods"`
}

// StickinessExplanation lists the intervals of a customer, from 0, those taken
// together as one.
type StickinessExplanation struct {
	Intervals int      `json:"intervals"` // with enough events
	Needed    int64    `json:"needed"`    // events in an interval
	Periods   []Period `json:"periods"`
}

// maxPeriods bounds the periods of an explanation.
const maxPeriods = 100

func (t *trace) tellTrend(out *Explanation) {
	out.Trend = &TrendExplanation{Count: t.count, Events: t.events}
	c := t.q.roster
	out.Reason = t.absent(c.series)
	if out.Reason != nil || t.q.from >= t.q.to {
		return
	}
	trend := t.q.spec.Trend
	from, to := t.q.from, t.q.to
	if c.cell.Before {
		from, to = t.q.compared(trend.Compare)
	}
	if edges, err := t.q.cal.buckets(trend.Interval, from, to); err == nil && !c.whole() {
		to = min(to, edges[c.at+1])
		if !trend.Cumulative {
			from = max(from, edges[c.at])
		}
	}
	s := &trend.Series[c.series]
	if s.measure() == Active && !c.whole() {
		from = t.q.cal.add(Day, t.q.cal.floor(Day, from), 1-s.Days)
	}
	switch e := t.nearest(c.series, from, to); {
	case e.Time < from || e.Time >= to:
		out.Reason = &Reason{Code: WhyInactive, Event: e}
	case c.split:
		out.Reason = &Reason{Code: WhyOtherValue, Event: e}
	default:
		out.Reason = &Reason{Code: WhyNoNumber, Event: e}
	}
}

// retained notes the entries of a customer.
func (t *trace) retained(f *retentionFold, p *retentionPart, r *timeline.Rows) {
	for _, a := range p.anchors {
		if len(t.retention.Entries) == maxEvidence || t.q.roster.asked && a.row != *t.q.roster.cell.Row {
			continue
		}
		e := RetentionEntry{Row: a.row, Event: evidence(r, int(a.event))}
		for _, b := range p.backs {
			if b.at < a.at {
				continue
			}
			k, ok := f.period(a, b.at)
			if !ok {
				break
			}
			if n := len(e.Periods); n == 0 || e.Periods[n-1].Bucket != k {
				e.Periods = append(e.Periods, Period{Bucket: k})
			}
			x := &e.Periods[len(e.Periods)-1]
			if x.Count++; len(x.Events) < 5 {
				x.Events = append(x.Events, evidence(r, int(b.event)))
			}
		}
		t.retention.Entries = append(t.retention.Entries, e)
	}
	t.retention.Needed = f.least
	t.fold = f
}

func (t *trace) tellRetention(out *Explanation) {
	e := &t.retention
	e.Needed = max(int64(t.q.spec.Retention.AtLeast), 1)
	out.Retention = e
	c := out.Cell
	if c == nil || out.In {
		return
	}
	if len(e.Entries) == 0 {
		out.Reason = t.noEntry(*c.Row)
		return
	}
	entry := &e.Entries[0]
	switch {
	case !t.entered:
		out.Reason = &Reason{Code: WhyOtherValue, Event: &entry.Event}
	case c.Outcome == OutcomeLost:
		out.Reason = &Reason{Code: WhyOtherState, State: OutcomeReturned}
	default:
		out.Reason = t.notBack(entry, *c.Column)
	}
}

// noEntry says why a customer did not enter in a row.
func (t *trace) noEntry(row int) *Reason {
	if r := t.absent(0); r != nil {
		return r
	}
	ret := t.q.spec.Retention
	first := 0
	if ret.Entry == EntryFirstEver {
		first = 2
	}
	if ret.Entry == EntryFirstTime || ret.Entry == EntryFirstEver {
		for i := range t.raw[first] {
			if x := &t.raw[first][i]; x.code == "" {
				return &Reason{Code: WhyNotFirst, Event: &x.Evidence}
			}
		}
	}
	edges, err := t.q.cal.buckets(ret.Unit, t.q.from, t.q.to)
	if err != nil {
		return nil
	}
	return &Reason{Code: WhyOutsideRange, Event: t.nearest(0, max(edges[row], t.q.from), min(edges[row+1], t.q.to))}
}

// notBack says why a customer did not return in a column.
func (t *trace) notBack(e *RetentionEntry, column int) *Reason {
	f := t.fold
	r := &Reason{Code: WhyInactive, Needed: f.least}
	for i := range e.Periods {
		if p := &e.Periods[i]; p.Bucket >= f.columns[column][0] && p.Bucket <= f.columns[column][1] {
			r.Code, r.Count = WhyTooFew, r.Count+p.Count
		}
	}
	last := core.Micros(f.columns[column][1] + 1)
	begin, end := e.Event.Time+core.Micros(f.columns[column][0])*f.unit, e.Event.Time+last*f.unit
	if f.unit == 0 {
		begin, end = f.grid.edges[e.Row+f.columns[column][0]], f.grid.edges[e.Row+int(last)]
	}
	if end > t.q.env.Now {
		r.Code, r.Until = WhyPending, end
		return r
	}
	if absent := t.absent(1); absent != nil && r.Count == 0 {
		return absent
	}
	if r.Code == WhyInactive {
		r.Event = t.nearest(1, begin, end)
	}
	return r
}

func (t *trace) tellGrowth(out *Explanation) {
	e := &GrowthExplanation{FirstSeen: t.firstSeen}
	out.Growth = e
	for b, s := range t.states {
		t.period(b).State = s
	}
	var list []*Period
	for b, p := range t.periods {
		if b >= 0 && (out.Cell == nil || b == *out.Cell.Bucket) {
			list = append(list, p)
		}
	}
	e.Periods = newest(list)
	if out.Cell == nil {
		return
	}
	edges, err := t.q.cal.buckets(t.q.spec.Growth.Interval, t.q.from, t.q.to)
	if err != nil {
		return
	}
	from := edges[*out.Cell.Bucket]
	for i := range t.raw[0] {
		if x := &t.raw[0][i]; x.code == "" && x.Time < from {
			e.Before = &x.Evidence
		}
	}
	if out.Reason = t.absent(0); out.Reason != nil {
		return
	}
	out.Reason = &Reason{Code: WhyInactive, Event: t.nearest(0, from, min(edges[*out.Cell.Bucket+1], t.q.to))}
	if s := t.states[*out.Cell.Bucket]; s != "" && !(s == StateDormant && out.Cell.State == StateActive) {
		out.Reason = &Reason{Code: WhyOtherState, State: s}
	}
}

func (t *trace) tellStickiness(out *Explanation) {
	s := t.q.spec.Stickiness
	e := &StickinessExplanation{Intervals: t.met, Needed: int64(max(s.AtLeast, 1))}
	out.Stickiness = e
	var list []*Period
	for _, p := range t.periods {
		list = append(list, p)
	}
	e.Periods = newest(list)
	if out.Cell == nil {
		return
	}
	out.Reason = t.absent(0)
	switch {
	case out.Reason != nil:
	case len(t.periods) == 0:
		out.Reason = &Reason{Code: WhyOutsideRange, Event: t.nearest(0, t.q.from, t.q.to)}
	default:
		out.Reason = &Reason{Code: WhyTooFew, Count: int64(t.met), Needed: int64(out.Cell.Intervals)}
		if t.met >= out.Cell.Intervals {
			out.Reason.Code = WhyTooMany
		}
	}
}

// newest sorts periods and keeps the last ones.
func newest(list []*Period) []Period {
	slices.SortFunc(list, func(a, b *Period) int { return a.Bucket - b.Bucket })
	if len(list) > maxPeriods {
		list = list[len(list)-maxPeriods:]
	}
	out := make([]Period, len(list))
	for i, p := range list {
		out[i] = *p
	}
	return out
}

// tellEvents is for kinds that take a range as one.
func (t *trace) tellEvents(out *Explanation) {
	out.Trend = &TrendExplanation{Count: t.count, Events: t.events}
	c := t.q.roster
	if out.Reason = t.absent(c.series); out.Reason != nil {
		return
	}
	switch e := t.nearest(c.series, t.q.from, t.q.to); {
	case e.Time < t.q.from || e.Time >= t.q.to:
		out.Reason = &Reason{Code: WhyInactive, Event: e}
	case c.split || c.binned != nil:
		out.Reason = &Reason{Code: WhyOtherValue, Event: e}
	default:
		out.Reason = &Reason{Code: WhyNoNumber, Event: e}
	}
}

// PathsExplanation lists the sessions of a customer, the first few.
type PathsExplanation struct {
	Sessions []PathSession `json:"sessions"`
}

// PathSession is one session as paths see it.
type PathSession struct {
	Start  Evidence `json:"start"`
	Path   []string `json:"path"`             // empty: it lacks the start or the end
	Counts bool     `json:"counts,omitempty"` // in the number of the cell
}

// session notes a session.
func (t *trace) session(x *pathsPart, start Evidence, path []int32, in bool) {
	if len(t.sessions) == maxEvidence {
		return
	}
	s := PathSession{Start: start, Path: []string{}, Counts: in && t.q.roster.asked}
	for _, id := range path {
		s.Path = append(s.Path, x.names[id])
	}
	t.sessions = append(t.sessions, s)
}

// touched notes the path at hand: of a conversion, or of one without.
func (t *trace) touched(f *attributionFold, p *attributionPart, start Evidence, in bool) {
	if len(t.sessions) == maxEvidence {
		return
	}
	s := PathSession{Start: start, Path: []string{}, Counts: in && t.q.roster.asked}
	for _, i := range p.path {
		s.Path = append(s.Path, f.channels.names[p.touch[i].channel])
	}
	t.sessions = append(t.sessions, s)
}

// travelled notes the journey at hand.
func (t *trace) travelled(f *journeyFold, p *journeyPart, start Evidence, in bool) {
	s := PathSession{Start: start, Path: []string{}, Counts: in && t.q.roster.asked}
	for _, id := range p.path[:min(len(p.path), 1000)] {
		s.Path = append(s.Path, f.key(p, id))
	}
	t.sessions = append(t.sessions, s)
}

func (t *trace) tellPaths(out *Explanation) {
	out.Paths = &PathsExplanation{Sessions: t.sessions}
	if len(t.sessions) > 0 {
		out.Reason = &Reason{Code: WhyOtherPath}
		return
	}
	for k := range t.raw {
		if out.Reason = t.absent(k); out.Reason == nil {
			out.Reason = &Reason{Code: WhyInactive, Event: t.nearest(k, t.q.from, t.q.to)}
			return
		}
	}
}
