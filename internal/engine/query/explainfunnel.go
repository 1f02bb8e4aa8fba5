package query

import (
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// FunnelExplanation tells how far a customer came and why not further. When all
// conversions count it tells of the piece of the timeline that the cell is
// about, else of the deepest.
type FunnelExplanation struct {
	// Outcome is converted, pending, dropped or excluded; "" without an attempt.
	Outcome  string            `json:"outcome"`
	Depth    int               `json:"depth"` // furthest step made, from 1
	Window   core.Micros       `json:"window"`
	Ends     core.Micros       `json:"ends,omitempty"` // of the window of the attempt that counts
	Steps    []StepExplanation `json:"steps"`
	Attempts []Attempt         `json:"attempts"` // considered, the first few; the one that counts is marked
	Tries    int               `json:"tries"`    // how many there were
	Pieces   int               `json:"pieces"`   // of the timeline, when all conversions count
}

// StepExplanation is one step of the attempt that counts.
type StepExplanation struct {
	Label  string    `json:"label"`
	Made   bool      `json:"made"`
	Event  *Evidence `json:"event,omitempty"`
	Reason *Reason   `json:"reason,omitempty"`
}

// Attempt is one try from a step-1 event on.
type Attempt struct {
	Start      core.Micros `json:"start"`
	Depth      int         `json:"depth"`
	Counts     bool        `json:"counts,omitempty"`
	Excluded   *Evidence   `json:"excluded,omitempty"`   // what excluded it
	Broken     *Evidence   `json:"broken,omitempty"`     // what ended it, in strict order
	Superseded bool        `json:"superseded,omitempty"` // still ran when another one converted
	Steps      []*Evidence `json:"steps"`                // null where not made
}

// funnelTrace is what a trace keeps of a funnel.
type funnelTrace struct {
	any      bool // there was an outcome, of whatever value
	in       bool
	best     *Attempt // of the outcome kept
	outcome  string
	attempts []Attempt // of the piece at hand, then of the one kept
	tries    int
	kept     []Attempt
	keptN    int
	until    core.Micros // when the last open window of the piece ends
	ends     core.Micros
	pieces   int
}

// event gives row k of the track at hand.
func (x *funnelFold) event(k int32) *Evidence {
	if x.alone {
		k = x.index[k]
	}
	e := evidence(x.r, int(x.w.rows[k]))
	return &e
}

// attempt reads a before it is used again.
func (x *funnelFold) attempt(a *attempt) Attempt {
	t := x.walk.t
	out := Attempt{Start: a.start, Depth: a.depth, Steps: make([]*Evidence, x.walk.steps)}
	rows := a.rows
	if x.walk.order == OrderAny {
		taken := make([]int32, x.walk.steps)
		rows = make([]int32, x.walk.steps)
		for _, k := range a.rows[:a.depth] {
			x.walk.place(taken, k)
		}
		for s, k := range taken {
			rows[s] = k - 1
		}
	}
	for s, k := range rows {
		if k >= 0 {
			out.Steps[s] = x.event(k)
		}
	}
	if a.tainted {
		k := a.by
		for int(k)+1 < len(t.times) && t.times[k+1] == t.times[k] && !slices.ContainsFunc(x.walk.exclude, func(e span) bool { return t.masks[k]&e.bit != 0 }) {
			k++
		}
		out.Excluded = x.event(k)
	}
	if a.broke >= 0 {
		out.Broken = x.event(a.broke)
	}
	return out
}

// tried notes an attempt that ends.
func (t *trace) tried(x *funnelFold, a *attempt, superseded bool) {
	f := &t.funnel
	f.tries++
	if open := a.start + x.walk.window; !superseded && !a.tainted && a.broke < 0 && a.depth < x.walk.steps && open >= x.walk.now {
		f.until = max(f.until, open)
	}
	if len(f.attempts) < maxAttempts {
		out := x.attempt(a)
		out.Superseded = superseded
		f.attempts = append(f.attempts, out)
	}
}

// outcome notes an outcome of everybody or of the value asked for.
func (t *trace) outcome(x *funnelFold, o *outcome, in bool) {
	f := &t.funnel
	f.pieces++
	if f.best == nil || in && !f.in || !f.in && o.depth > f.best.Depth {
		best := x.attempt(&attempt{start: o.start, depth: o.depth, tainted: o.tainted, rows: o.rows, by: o.by, broke: o.broke})
		best.Counts = true
		f.best, f.in, f.kept, f.keptN, f.ends = &best, in, f.attempts, f.tries, o.start+x.walk.window
		switch {
		case o.tainted:
			f.outcome = OutcomeExcluded
		case o.depth == x.walk.steps:
			f.outcome = OutcomeConverted
		case o.open:
			f.outcome = OutcomePending
		default:
			f.outcome, f.until = OutcomeDropped, 0
		}
	}
	f.attempts, f.tries = nil, 0
}

func (t *trace) tellFunnel(out *Explanation) {
	f, n := t.q.spec.Funnel, &t.funnel
	e := &FunnelExplanation{Outcome: n.outcome, Window: f.window(), Ends: n.ends, Attempts: n.kept, Tries: n.keptN, Pieces: n.pieces}
	for i := range e.Attempts {
		if a := &e.Attempts[i]; n.best != nil && a.Start == n.best.Start && a.Depth == n.best.Depth {
			a.Counts = true
		}
	}
	missing := 0        // first required step that was not made, from 1
	var decided *Reason // its reason
	for s := range f.Steps {
		step := StepExplanation{Label: f.Steps[s].Label}
		if step.Label == "" {
			step.Label = f.Steps[s].label()
		}
		if n.best != nil && n.best.Steps[s] != nil {
			step.Made, step.Event = true, n.best.Steps[s]
			e.Depth = n.best.Depth
		} else {
			step.Reason = t.notMade(s, missing)
			if !f.Steps[s].Optional && decided == nil {
				decided = step.Reason
				if f.Order != OrderAny {
					missing = s + 1
				}
			}
		}
		e.Steps = append(e.Steps, step)
	}
	out.Funnel = e
	if out.Cell == nil || out.In {
		return
	}
	c := out.Cell
	if c.Outcome == OutcomeReached && f.Order != OrderAny {
		decided = e.Steps[c.Step-1].Reason
	}
	switch {
	case c.Outcome == OutcomeDiffers:
		out.Reason = &Reason{Code: WhySame}
	case n.best == nil && n.any:
		out.Reason = &Reason{Code: WhyOtherValue}
	case n.best == nil:
		out.Reason = t.notMade(0, 0)
	case n.best.Excluded != nil:
		out.Reason = &Reason{Code: WhyExcluded, Event: n.best.Excluded}
	case (c.Outcome == OutcomeReached || c.Outcome == OutcomeConverted) && decided != nil:
		out.Reason = decided
	default:
		out.Reason = &Reason{Code: WhyOtherState, State: n.outcome, Step: e.Depth}
	}
}

// notMade says why step s, from 0, was not made; missing is the first required
// step, from 1, that was not.
func (t *trace) notMade(s, missing int) *Reason {
	n := &t.funnel
	r := t.absent(s)
	switch {
	case n.best == nil && r == nil:
		return t.notEntered(s)
	case n.best == nil:
		return r
	case missing > 0 && n.outcome != OutcomePending:
		if r == nil {
			r = &Reason{Code: WhyPreviousMissing, Step: missing}
		}
		return r
	case n.outcome == OutcomePending && s >= n.best.Depth:
		if r == nil {
			r = &Reason{}
		}
		r.Code, r.Until = WhyPending, n.until
		return r
	case r != nil:
		return r
	case n.best.Broken != nil:
		return &Reason{Code: WhyBroken, Event: n.best.Broken}
	}
	return t.missed(s)
}

// notEntered says why events of step s, of which some count, began no attempt.
func (t *trace) notEntered(s int) *Reason {
	if s > 0 && t.q.spec.Funnel.Order != OrderAny {
		return &Reason{Code: WhyPreviousMissing, Step: 1}
	}
	e := t.nearest(s, t.q.from, t.q.to)
	if e.Time >= t.q.from && e.Time < t.q.to {
		return &Reason{Code: WhyOtherValue, Event: e}
	}
	return &Reason{Code: WhyOutsideRange, Event: e}
}

// missed says why none of the events of step s, of which some count, served.
func (t *trace) missed(s int) *Reason {
	n := &t.funnel
	previous := n.best.Steps[0]
	if t.q.spec.Funnel.Order == OrderAny {
		for _, e := range n.best.Steps {
			if previous == nil || e != nil && e.Time < previous.Time {
				previous = e
			}
		}
	} else {
		for k := s - 1; k > 0; k-- {
			if n.best.Steps[k] != nil {
				previous = n.best.Steps[k]
				break
			}
		}
	}
	var next *Evidence // the step made after an optional one
	if t.q.spec.Funnel.Order != OrderAny {
		for _, e := range n.best.Steps[s+1:] {
			if next = e; next != nil {
				break
			}
		}
	}
	found := map[string]*Evidence{}
	for i := range t.raw[s] {
		x := &t.raw[s][i]
		if x.code != "" {
			continue
		}
		code := t.place(&x.Evidence, previous, next)
		if found[code] == nil || code == WhyBefore { // the last before, the first of all others
			found[code] = &x.Evidence
		}
	}
	for _, code := range []string{WhyTie, WhyPassed, WhyAfterWindow, WhyOtherValue, WhyServes, WhyBefore} {
		if e := found[code]; e != nil {
			r := &Reason{Code: code, Event: e}
			if code != WhyServes && code != WhyOtherValue {
				r.Previous = previous
			}
			if code == WhyAfterWindow {
				r.By = e.Time - n.ends
			}
			return r
		}
	}
	return &Reason{Code: WhyNoEvent}
}

// place says where an event that did not serve lies.
func (t *trace) place(e, previous, next *Evidence) string {
	n, f := &t.funnel, t.q.spec.Funnel
	switch {
	case next != nil && e.ID != next.ID && e.Time >= next.Time:
		return WhyPassed
	case e.Time > n.ends:
		return WhyAfterWindow
	case slices.ContainsFunc(n.best.Steps, func(s *Evidence) bool { return s != nil && s.ID == e.ID }):
		return WhyServes
	case e.Time < previous.Time:
		return WhyBefore
	case f.mode() == ModeStrictIncrease && e.Time == previous.Time:
		return WhyTie
	case t.q.roster.split && f.Breakdown.At == AtEach:
		return WhyOtherValue
	}
	return WhyServes // in another piece of the timeline
}
