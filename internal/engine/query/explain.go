package query

import (
	"context"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Reasons why a customer is not in a number.
const (
	WhyNoEvent         = "no_event"         // never did it; Event is one that a condition refused
	WhyNotKnown        = "not_yet_known"    // Event was received after as_known
	WhyFuture          = "in_future"        // Event is later than now
	WhyBot             = "bot"              // Event is of a bot or a test
	WhyOutsideRange    = "outside_range"    // Event would have begun an attempt, or entered, in another range
	WhyBefore          = "before_previous"  // Event came before the one that served the step before
	WhyAfterWindow     = "after_window"     // Event came By too late
	WhyTie             = "tie"              // Event is of the instant of the step before, which does not count
	WhyServes          = "serves_another"   // Event served another step
	WhyPassed          = "passed"           // of an optional step: Event came when a later step was made
	WhyBroken          = "broken_by"        // Event came between, and the order is strict
	WhyExcluded        = "excluded_by"      // Event is an exclusion
	WhyPending         = "pending"          // may still happen, until Until
	WhyPreviousMissing = "previous_missing" // step Step was not made
	WhyNotFirst        = "not_first"        // Event is the customer's first and decides
	WhyTooFew          = "too_few"          // fewer events, or intervals, than asked for
	WhyTooMany         = "too_many"         // more intervals than asked for
	WhyNoNumber        = "no_number"        // Event lacks the number that is measured
	WhyInactive        = "inactive"         // no event in the period
	WhyStaff           = "staff"            // one of the workspace's own people
	WhyOther           = "other_customers"  // the query is about other customers
	WhyOtherState      = "other_state"      // State is what the customer was
	WhyOtherPath       = "other_path"       // the sessions went another way
	WhySame            = "same"             // the modes agree
	WhyOtherValue      = "other_value"      // of the breakdown
)

// Evidence is an event that decided something. Actor is the number of the
// identifier that tracked it, which tells what came by a merge.
type Evidence struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"`
	Name     string       `json:"name"`
	Time     core.Micros  `json:"time"`
	Received core.Micros  `json:"received"`
	Actor    core.ActorID `json:"actor"`
}

// Reason says why not.
type Reason struct {
	Code      string         `json:"code"`
	Event     *Evidence      `json:"event,omitempty"`
	Previous  *Evidence      `json:"previous,omitempty"`  // the event that it is measured from
	Condition *CustomerMatch `json:"condition,omitempty"` // that refused Event
	By        core.Micros    `json:"by,omitempty"`
	Until     core.Micros    `json:"until,omitempty"`
	Step      int            `json:"step,omitempty"`
	State     string         `json:"state,omitempty"`
	Count     int64          `json:"count,omitempty"`
	Needed    int64          `json:"needed,omitempty"`
}

// Explanation says why a customer is or is not in a number: the part of the
// query's kind is set.
type Explanation struct {
	Customer   core.CustomerID        `json:"customer"`
	Kind       Kind                   `json:"kind"`
	Cell       *Cell                  `json:"cell,omitempty"`
	In         bool                   `json:"in"`              // behind the number of the cell
	Times      int64                  `json:"times,omitempty"` // how often it counts there
	Reason     *Reason                `json:"reason,omitempty"`
	Funnel     *FunnelExplanation     `json:"funnel,omitempty"`
	Retention  *RetentionExplanation  `json:"retention,omitempty"`
	Growth     *GrowthExplanation     `json:"growth,omitempty"`
	Stickiness *StickinessExplanation `json:"stickiness,omitempty"`
	Trend      *TrendExplanation      `json:"trend,omitempty"` // also of composition and table
	Paths      *PathsExplanation      `json:"paths,omitempty"` // also of attribution, one a conversion and those without, and of journeys
}

// Bounds of one explanation.
const (
	maxEvidence = 50
	maxAttempts = 20
)

// trace gathers what decided while the rows of one customer are folded; all of
// its methods take nil.
type trace struct {
	q   *query
	raw [][]candidate

	events    []Evidence // that count, the first maxEvidence
	count     int64
	firstSeen *Evidence
	periods   map[int]*Period
	states    map[int]string
	met       int
	sessions  []PathSession
	funnel    funnelTrace
	retention RetentionExplanation
	fold      *retentionFold
	entered   bool // in the row and the value of the cell
}

// candidate is an event of the name that a choice of the spec asks for, and the
// first check that refused it.
type candidate struct {
	Evidence
	seq       int64
	code      string // "" = it counts
	condition *condition
}

// Period is what a customer did in one bucket of the result.
type Period struct {
	Bucket int        `json:"bucket"`
	State  string     `json:"state,omitempty"`
	Count  int64      `json:"count"`
	Events []Evidence `json:"events,omitempty"` // the first few
}

func evidenceColumns() []string {
	return []string{timeline.ColID, timeline.ColActor, timeline.ColReceived}
}

func evidence(r *timeline.Rows, i int) Evidence {
	return Evidence{r.ID[i], core.Kind(r.Kind[i]).String(), r.NameOf(r.Name[i]), r.Time[i], r.Received[i], core.ActorID(r.Actor[i])}
}

// Explain says why a customer is or is not in the number of a cell; without a
// cell it says what the query sees of the customer.
func Explain(ctx context.Context, src Source, spec Spec, env Env, c core.CustomerID, cell *Cell) (*Explanation, error) {
	q, err := newQuery(ctx, src, spec, env)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Customer: c, Kind: spec.Kind}
	if cell == nil {
		cell = q.anyCell()
	} else {
		own := *cell // its defaults are filled in
		cell, out.Cell = &own, &own
	}
	if err := q.ask(ctx, cell); err != nil { // with all customers: the rest depends on them
		return nil, err
	}
	q.roster.asked = out.Cell != nil
	if q.env.Staff != nil && q.env.Staff(c) {
		out.Reason = &Reason{Code: WhyStaff}
		return out, nil
	}
	_, listed := slices.BinarySearch(env.Customers, c)
	if env.Customers != nil && !listed || q.env.Customer != nil && !q.env.Customer(c) {
		out.Reason = &Reason{Code: WhyOther}
		return out, nil
	}
	q.env.Customers, q.env.Workers, q.workers = []core.CustomerID{c}, 1, q.workers[:1]
	q.trace = &trace{q: q, periods: map[int]*Period{}, states: map[int]string{}}
	if _, err := q.run(ctx); err != nil {
		return nil, err
	}
	if err := q.candidates(ctx); err != nil {
		return nil, err
	}
	for _, p := range q.roster.people() {
		out.In, out.Times = out.Cell != nil, p.Times
	}
	q.trace.tell(out)
	if out.Cell == nil || out.In {
		out.Reason = nil
	}
	return out, nil
}

// anyCell is a cell that a query surely has.
func (q *query) anyCell() *Cell {
	zero, c := 0, &Cell{}
	switch q.spec.Kind {
	case KindTrend:
		c.Series = "A"
		if q.spec.Trend.Breakdown != nil {
			c.Value = &Value{None: true}
		}
	case KindFunnel:
		c.Step = 1
	case KindRetention:
		c.Row, c.Outcome = &zero, OutcomeSize
		if q.spec.Retention.Breakdown != nil {
			c.Value = &Value{None: true}
		}
	case KindGrowth:
		c.Bucket = &zero
	case KindStickiness:
		c.Intervals, c.OrMore = 1, true
	case KindTable:
		c.Series = "A"
	}
	return c
}

// candidates reads every event that a choice names, whether it counts or not.
func (q *query) candidates(ctx context.Context) error {
	t := q.trace
	t.raw = make([][]candidate, len(q.picker.choices))
	req := timeline.Request{Workspace: q.env.Workspace, Match: q.picker.match(false), Columns: append(q.picker.columns(), evidenceColumns()...), Customers: q.env.Customers, Workers: 1}
	w := q.worker()
	w.begin(false, 0, everKnown)
	return q.src.Scan(ctx, req, func(_ int, c core.CustomerID, r *timeline.Rows) error {
		if err := q.memory.take(r.Len() * 128); err != nil {
			return err
		}
		w.customer = c
		w.follow(r)
		for i, name := range r.Name {
			for k := range q.picker.choices {
				if !q.picker.choices[k].wants(core.Kind(r.Kind[i]), r.NameOf(name)) {
					continue
				}
				x := candidate{Evidence: evidence(r, i), seq: r.Seq[i]}
				x.code, x.condition = q.refusal(w, r, i, k)
				t.raw[k] = append(t.raw[k], x)
			}
		}
		return nil
	})
}

// refusal gives the first check that row i fails as an event of choice k.
func (q *query) refusal(w *worker, r *timeline.Rows, i, k int) (string, *condition) {
	switch {
	case q.spec.AsKnown != nil && r.Received[i] > core.FromTime(*q.spec.AsKnown):
		return WhyNotKnown, nil
	case r.Time[i] >= q.env.Now:
		return WhyFuture, nil
	case q.picker.flags && r.Flags[i]&excludedFlags != 0:
		return WhyBot, nil
	}
	for _, c := range slices.Concat(q.picker.where, q.picker.choices[k].where) {
		if !c.holds(w, r, i) {
			return WhyNoEvent, &c
		}
	}
	return "", nil
}

// absent says why no event of choice k counts at all; nil when some do.
func (t *trace) absent(k int) *Reason {
	rank := map[string]int{WhyNotKnown: 1, WhyFuture: 1, WhyBot: 2, WhyNoEvent: 3}
	var best *candidate
	for i := range t.raw[k] {
		x := &t.raw[k][i]
		if x.code == "" {
			return nil
		}
		if best == nil || rank[x.code] > rank[best.code] {
			best = x
		}
	}
	if best == nil {
		return &Reason{Code: WhyNoEvent}
	}
	r := &Reason{Code: best.code, Event: &best.Evidence}
	if c := best.condition; c != nil {
		r.Condition = &CustomerMatch{By: ByProperty, Match: c.match}
		if c.dim != nil {
			r.Condition.By = c.dim.by
		}
	}
	return r
}

// nearest gives the event of choice k that counts and lies closest to [from, to).
func (t *trace) nearest(k int, from, to core.Micros) *Evidence {
	var best *candidate
	away := func(x *candidate) core.Micros { return max(from-x.Time, x.Time-to+1, 0) }
	for i := range t.raw[k] {
		if x := &t.raw[k][i]; x.code == "" && (best == nil || away(x) < away(best)) {
			best = x
		}
	}
	if best == nil {
		return nil
	}
	return &best.Evidence
}

func keepSome(list []Evidence, e Evidence) []Evidence {
	if len(list) < maxEvidence {
		list = append(list, e)
	}
	return list
}

// event notes a row behind the number asked for.
func (t *trace) event(r *timeline.Rows, i int) {
	if t != nil {
		t.count++
		t.events = keepSome(t.events, evidence(r, i))
	}
}

// first notes the row that tells since when the customer is known.
func (t *trace) first(r *timeline.Rows, i int) {
	if t != nil {
		e := evidence(r, i)
		t.firstSeen = &e
	}
}

// period gives the notes of one bucket.
func (t *trace) period(bucket int) *Period {
	p := t.periods[bucket]
	if p == nil {
		p = &Period{Bucket: bucket}
		t.periods[bucket] = p
	}
	return p
}

// active notes a row in a bucket.
func (t *trace) active(r *timeline.Rows, i, bucket int) {
	if t != nil {
		p := t.period(bucket)
		p.Count++
		if len(p.Events) < 5 {
			p.Events = append(p.Events, evidence(r, i))
		}
	}
}

// state notes what the customer is in a bucket.
func (t *trace) state(bucket int, state string) {
	if t != nil {
		t.states[bucket] = state
	}
}

// sticks notes in how many intervals the customer did it.
func (t *trace) sticks(met int) {
	if t != nil {
		t.met = met
	}
}

// tell writes what was noted.
func (t *trace) tell(out *Explanation) {
	switch out.Kind {
	case KindTrend:
		t.tellTrend(out)
	case KindFunnel:
		t.tellFunnel(out)
	case KindRetention:
		t.tellRetention(out)
	case KindGrowth:
		t.tellGrowth(out)
	case KindStickiness:
		t.tellStickiness(out)
	case KindPaths, KindAttribution, KindJourney:
		t.tellPaths(out)
	case KindComposition, KindTable:
		t.tellEvents(out)
	}
}
