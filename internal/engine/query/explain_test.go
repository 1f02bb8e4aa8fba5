package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// brief writes a reason as "code event".
func brief(r *query.Reason) string {
	if r == nil {
		return ""
	}
	out := r.Code
	if r.Event != nil {
		out += " " + clockOf(r.Event)
	}
	if r.Step > 0 {
		out += fmt.Sprintf(" step %d", r.Step)
	}
	if r.By > 0 {
		out += " by " + time.Duration(r.By*1000).String()
	}
	return out
}

// clockOf writes an event as its name and minute of day(1).
func clockOf(e *query.Evidence) string {
	return fmt.Sprintf("%s%g", e.Name, float64(e.Time-day(1))/float64(core.Minute))
}

func TestExplainFunnel(t *testing.T) {
	t.Parallel()
	cases := []struct{ events, steps, order, exclude, step2, whole string }{
		{"A0 B5", "A,B", "", "", "", ""},
		{"A0", "A,B", "", "", "no_event", "no_event"},
		{"B1 A5", "A,B", "", "", "before_previous B1", "before_previous B1"},
		{"A0 B12", "A,B", "", "", "after_window B12 by 2m0s", "after_window B12 by 2m0s"},
		{"B-3 A0 B12", "A,B", "", "", "after_window B12 by 2m0s", "after_window B12 by 2m0s"},
		{"A0 X1 B2", "A,B", "strict", "", "broken_by X1", "broken_by X1"},
		{"A0 X1 B2", "A,B", "", "X", "", "excluded_by X1"},
		{"A0 C1", "A,B,C", "", "", "no_event", "no_event"},
		{"A0", "A,A", "", "", "serves_another A0", "serves_another A0"},
		{"A-5 B-4", "A,B", "", "", "previous_missing step 1", "outside_range A-5"},
		{"B0 A11", "A,B", "any", "", "", "after_window A11 by 1m0s"},
	}
	var events []core.Event
	for i, c := range cases {
		events = append(events, timelineOf(core.CustomerID(i+1), c.events)...)
	}
	s := load(t, events)
	for i, c := range cases {
		exclude := "[]"
		if c.exclude != "" {
			exclude = fmt.Sprintf(`[{"event":%q}]`, c.exclude)
		}
		spec := parse(t, `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-02"},"funnel":{"window":"10m","order":%q,"steps":%s,"exclude":%s}}`, c.order, stepsJSON(c.steps), exclude)
		x, err := query.Explain(context.Background(), s, spec, env(), core.CustomerID(i+1), &query.Cell{Outcome: query.OutcomeConverted})
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(x.Funnel.Steps[1].Reason); got != c.step2 {
			t.Errorf("%s, steps %s %s: step 2: got %q, want %q", c.events, c.steps, c.order, got, c.step2)
		}
		if got := brief(x.Reason); got != c.whole {
			t.Errorf("%s, steps %s %s: got %q, want %q", c.events, c.steps, c.order, got, c.whole)
		}
		if x.In != (c.whole == "") || x.In && (x.Funnel.Steps[1].Event.Name != "B" || x.Funnel.Steps[1].Event.Actor != core.ActorID(i+1) || x.Funnel.Steps[1].Event.ID == "") {
			t.Errorf("%s: got %+v", c.events, x.Funnel.Steps)
		}
	}
}

// TestExplainWhatIsHidden checks events that a condition, a flag, as_known or
// the clock keep out.
func TestExplainWhatIsHidden(t *testing.T) {
	t.Parallel()
	bot, late := event(2, day(1)+1, "B", ""), event(3, day(1)+1, "B", "")
	bot.Flags, late.Received = core.FlagBot, day(5)
	s := load(t, []core.Event{
		event(1, day(1), "A", ""), event(1, day(1)+1, "B", `{"price":5}`),
		event(2, day(1), "A", ""), bot,
		event(3, day(1), "A", ""), late,
		event(4, day(1), "A", ""), event(5, day(3), "A", ""),
	})
	known := time.UnixMicro(day(4)).UTC()
	spec := parse(t, `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-04"},"funnel":{"window":"1d","steps":[{"event":"A"},{"event":"B","where":[{"name":"price","op":"gt","value":9}]}]}}`)
	spec.AsKnown = &known
	e := env()
	e.Now = day(3) + core.Hour
	for c, want := range map[core.CustomerID]string{1: "no_event", 2: "bot", 3: "not_yet_known", 4: "no_event", 5: "pending"} {
		x, err := query.Explain(context.Background(), s, spec, e, c, &query.Cell{Step: 2})
		if err != nil {
			t.Fatal(err)
		}
		r := x.Reason
		if r == nil || r.Code != want || (r.Event != nil) != (c < 4) || (r.Condition != nil) != (c == 1) {
			t.Errorf("customer %d: got %+v, want %s", c, r, want)
		}
		if want == "pending" && (r.Until != day(4) || x.Funnel.Outcome != "pending") {
			t.Errorf("pending: got %+v", r)
		}
	}
	e.Customers = []core.CustomerID{2}
	if x, err := query.Explain(context.Background(), s, spec, e, 1, &query.Cell{Step: 2}); err != nil || x.Reason.Code != query.WhyOther {
		t.Errorf("other customers: got %+v, %v", x, err)
	}
}

// TestExplainedReasonsHold explains every step that random customers did not
// make, and checks that the reason is true.
func TestExplainedReasonsHold(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(55, 56))
	customers := 150
	events := crowd(r, customers, 8, day(1), 7*core.Day, 3*core.Hour)
	s, people, seen := load(t, events), history(events), map[string]int{}
	for range 30 {
		f := randomFunnel(r)
		f.all = false
		spec := parse(t, "%s", f.json())
		e := env()
		e.Now = f.now
		for c := core.CustomerID(1); int(c) <= customers; c++ {
			x, err := query.Explain(context.Background(), s, spec, e, c, nil)
			if err != nil {
				t.Fatal(err)
			}
			for k, step := range x.Funnel.Steps {
				if step.Made != (step.Event != nil) || step.Made == (step.Reason != nil) {
					t.Fatalf("%s customer %d step %d: %+v", f.json(), c, k+1, step)
				}
				if step.Reason != nil {
					seen[step.Reason.Code]++
					if wrong := f.untrue(k, step.Reason, x, people[c]); wrong != "" {
						t.Fatalf("%s customer %d step %d: %+v: %s", f.json(), c, k+1, step.Reason, wrong)
					}
				}
			}
		}
	}
	for _, code := range []string{query.WhyNoEvent, query.WhyBefore, query.WhyAfterWindow, query.WhyOutsideRange, query.WhyPreviousMissing, query.WhyPending, query.WhyServes, query.WhyBroken, query.WhyPassed, query.WhyFuture} {
		if seen[code] == 0 {
			t.Errorf("no step was explained by %s: %v", code, seen)
		}
	}
}

// untrue says what is wrong with a reason, "" when nothing.
func (f *slowFunnel) untrue(step int, r *query.Reason, x *query.Explanation, events []core.Event) string {
	serves := func(e core.Event) bool { return e.Time < f.now && f.is(e, step) }
	some := slices.ContainsFunc(events, serves)
	made := func(id string) bool {
		return slices.ContainsFunc(x.Funnel.Steps, func(s query.StepExplanation) bool { return s.Event != nil && s.Event.ID == id })
	}
	if r.Code != query.WhyNoEvent && r.Code != query.WhyPending && r.Code != query.WhyPreviousMissing && r.Event == nil {
		return "names no event"
	}
	switch r.Code {
	case query.WhyNoEvent:
		if some {
			return "there are some"
		}
	case query.WhyFuture:
		if some || r.Event.Time < f.now {
			return "there are some by now"
		}
	case query.WhyBefore, query.WhyTie:
		if r.Previous == nil || r.Code == query.WhyTie && r.Event.Time != r.Previous.Time || r.Code == query.WhyBefore && r.Event.Time >= r.Previous.Time {
			return "does not come before"
		}
	case query.WhyAfterWindow:
		if r.Event.Time != x.Funnel.Ends+r.By || r.By <= 0 || !some {
			return "lies in the window"
		}
	case query.WhyOutsideRange:
		if r.Event.Time >= f.from && r.Event.Time < f.to || x.Funnel.Depth > 0 {
			return "lies in the range"
		}
	case query.WhyPreviousMissing:
		if x.Funnel.Steps[r.Step-1].Made || r.Step > step {
			return "was made"
		}
	case query.WhyPending:
		if r.Until < f.now || x.Funnel.Outcome != query.OutcomePending {
			return "is over"
		}
	case query.WhyServes:
		if !made(r.Event.ID) {
			return "serves nothing"
		}
	case query.WhyPassed:
		if !f.optional[step] {
			return "cannot be passed"
		}
	case query.WhyBroken:
		if f.order != "strict" || made(r.Event.ID) || r.Event.Time > x.Funnel.Ends {
			return "breaks nothing"
		}
	default:
		return "unexpected"
	}
	return ""
}

func TestExplainOtherKinds(t *testing.T) {
	t.Parallel()
	s := load(t, fourCustomers())
	rg := `"range":{"from":"2020-01-09","to":"2020-01-20"}`
	for _, c := range []struct {
		spec     string
		cell     query.Cell
		customer core.CustomerID
		want     string
	}{
		{`{"kind":"growth",` + rg + `,"growth":{"event":"visit","interval":"day"}}`, query.Cell{Bucket: at(2), State: "new"}, 1, ""},
		{`{"kind":"growth",` + rg + `,"growth":{"event":"visit","interval":"day"}}`, query.Cell{Bucket: at(6), State: "new"}, 1, "other_state"},
		{`{"kind":"growth",` + rg + `,"growth":{"event":"visit","interval":"day"}}`, query.Cell{Bucket: at(7)}, 1, "inactive visit23220"},
		{`{"kind":"retention",` + rg + `,"retention":{"start":{"event":"visit"},"unit":"day","entry":"first_time"}}`, query.Cell{Row: at(0), Column: at(3)}, 2, ""},
		{`{"kind":"retention",` + rg + `,"retention":{"start":{"event":"visit"},"unit":"day","entry":"first_time"}}`, query.Cell{Row: at(0), Column: at(2)}, 2, "inactive visit16020"},
		{`{"kind":"retention",` + rg + `,"retention":{"start":{"event":"visit"},"unit":"day","entry":"first_time"}}`, query.Cell{Row: at(3), Column: at(0)}, 2, "not_first visit11700"},
		{`{"kind":"retention",` + rg + `,"retention":{"start":{"event":"visit"},"unit":"day","at_least":2}}`, query.Cell{Row: at(0), Column: at(3)}, 2, "too_few"},
		{`{"kind":"trend",` + rg + `,"trend":{"interval":"day","series":[{"event":"visit"}]}}`, query.Cell{Bucket: at(1)}, 2, "inactive visit11700"},
		{`{"kind":"trend",` + rg + `,"trend":{"interval":"day","series":[{"event":"visit","measure":"sum","property":"colour"}]}}`, query.Cell{Bucket: at(0)}, 2, "no_number visit11700"},
		{`{"kind":"stickiness",` + rg + `,"stickiness":{"event":"visit","interval":"day"}}`, query.Cell{Intervals: 2}, 3, "too_few"},
		{`{"kind":"stickiness",` + rg + `,"stickiness":{"event":"visit","interval":"day"}}`, query.Cell{Intervals: 2}, 1, "too_many"},
	} {
		x, err := query.Explain(context.Background(), s, parse(t, "%s", c.spec), env(), c.customer, &c.cell)
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(x.Reason); got != c.want {
			t.Errorf("%s: got %q, want %q", place(c.spec, c.cell), got, c.want)
		}
	}
	x, err := query.Explain(context.Background(), s, parse(t, `{"kind":"growth",%s,"growth":{"event":"visit","interval":"day"}}`, rg), env(), 1, &query.Cell{Bucket: at(6), State: "resurrecting"})
	if err != nil || !x.In || clockOf(x.Growth.Before) != "visit17460" || clockOf(x.Growth.FirstSeen) != "visit14580" || x.Growth.Periods[0].State != "resurrecting" {
		t.Errorf("growth: got %+v, %v", x.Growth, err)
	}
}

func TestBadCells(t *testing.T) {
	t.Parallel()
	s := load(t, []core.Event{event(1, day(1), "A", "")})
	const rg = `"range":{"from":"2020-01-01","to":"2020-01-03"}`
	trend := `{"kind":"trend",` + rg + `,"trend":{"interval":"day","series":[{"event":"A"},{"event":"B"}],"formulas":[{"formula":"A/B"}]}}`
	split := `{"kind":"trend",` + rg + `,"trend":{"interval":"day","series":[{"event":"A"}],"breakdown":{"property":"x"}}}`
	funnel := `{"kind":"funnel",` + rg + `,"funnel":{"steps":[{"event":"A"},{"event":"B"}]}}`
	retention := `{"kind":"retention",` + rg + `,"retention":{"start":{"event":"A"},"unit":"day"}}`
	growth := `{"kind":"growth",` + rg + `,"growth":{"event":"A","interval":"day"}}`
	sticky := `{"kind":"stickiness",` + rg + `,"stickiness":{"event":"A","interval":"day"}}`
	for _, c := range []struct {
		field, spec string
		cell        query.Cell
	}{
		{"cell.series", trend, query.Cell{}},
		{"cell.series", trend, query.Cell{Series: "C"}},
		{"cell.series", trend, query.Cell{Series: "F1"}},
		{"cell.bucket", trend, query.Cell{Series: "A", Bucket: at(2)}},
		{"cell.bucket", trend, query.Cell{Series: "A", Bucket: at(-1)}},
		{"cell.before", trend, query.Cell{Series: "A", Before: true}},
		{"cell.step", trend, query.Cell{Series: "A", Step: 1}},
		{"cell.value", trend, query.Cell{Series: "A", Value: &query.Value{Text: "x"}}},
		{"cell.value", split, query.Cell{Series: "A"}},
		{"cell.step", funnel, query.Cell{}},
		{"cell.step", funnel, query.Cell{Step: 3}},
		{"cell.step", funnel, query.Cell{Step: 1, Outcome: "dropped"}},
		{"cell.step", funnel, query.Cell{Step: 1, Outcome: "converted"}},
		{"cell.outcome", funnel, query.Cell{Step: 1, Outcome: "lost"}},
		{"cell.row", retention, query.Cell{}},
		{"cell.row", retention, query.Cell{Row: at(2), Column: at(0)}},
		{"cell.column", retention, query.Cell{Row: at(0)}},
		{"cell.column", retention, query.Cell{Row: at(1), Column: at(1)}},
		{"cell.bucket", growth, query.Cell{}},
		{"cell.state", growth, query.Cell{Bucket: at(0), State: "asleep"}},
		{"cell.intervals", sticky, query.Cell{}},
		{"cell.intervals", sticky, query.Cell{Intervals: 3}},
	} {
		if _, err := query.People(context.Background(), s, parse(t, "%s", c.spec), env(), c.cell); query.FieldOf(err) != c.field {
			t.Errorf("%s: got %v, want field %s", place(c.spec, c.cell), err, c.field)
		}
	}
	many := env()
	many.Budget = 1 << 15
	if _, err := query.People(context.Background(), s, parse(t, "%s", growth), many, query.Cell{Bucket: at(0)}); err == nil {
		t.Error("a list beyond the budget was given")
	}
}
