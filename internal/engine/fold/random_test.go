package fold_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// TestFoldAgreesWithDefinition holds live evaluation, backfill and as of, for
// random conditions of all operators on random histories, against the oracle:
// at the instants of events, at every edge of a window, a microsecond before,
// and in between.
func TestFoldAgreesWithDefinition(t *testing.T) {
	t.Parallel()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	holds, fails := 0, 0
	for seed := range uint64(1500) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		cal := expr.Calendar{Zone: []*time.Location{time.UTC, rome}[rnd.IntN(2)], Week: []time.Weekday{time.Monday, time.Sunday}[rnd.IntN(2)]}
		n := anyNode(rnd, 0)
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		models := library{models: map[string][]fold.Rung{"main": anyModel(rnd)}}
		b := models.builder(cal)
		c, err := b.Add(&n)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		p, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		events := history(rnd)
		checks := instants(rnd, events)
		r := runner{t: t, p: p, c: c, customer: core.CustomerID(1 + rnd.IntN(9)), timed: expr.Timed(&n)}
		live, backfill := r.walk(events, checks, true), r.walk(events, checks, false)
		lasting, held := expr.Lasting(&n), false
		for i, k := range checks {
			o := oracle{cal: cal, customer: r.customer, now: k.at, model: models.models["main"]}
			for j := range events {
				if events[j].Time <= k.at {
					o.events = append(o.events, events[j])
				}
			}
			want := o.eval(&n)
			if asOf := r.asOf(events, k.at); live[i] != want || backfill[i] != want || asOf != want {
				t.Fatalf("seed %d: %s\nat %s after %d events: live %v, backfill %v, as of %v, by definition %v", seed, text,
					core.ToTime(k.at).In(cal.Zone).Format(time.RFC3339Nano), len(o.events), live[i], backfill[i], asOf, want)
			}
			if want {
				holds++
			} else {
				fails++
			}
			if lasting && held && !want {
				t.Fatalf("seed %d: %s is said to last", seed, text)
			}
			held = want
		}
	}
	if min(holds, fails) < (holds+fails)/5 {
		t.Errorf("%d verdicts are true, %d false: the test has become blind", holds, fails)
	}
}

// history is some days around the turn of the clocks in March 2026.
func history(rnd *rand.Rand) []fold.Input {
	at := core.FromTime(time.Date(2026, 3, 24, 12, 0, 0, 0, time.UTC))
	events := make([]fold.Input, 3+rnd.IntN(11))
	for i := range events {
		at += core.Micros(rnd.IntN(4)*rnd.IntN(12)) * core.Hour
		in := fold.Input{Time: at, Kind: core.KindTrack, Name: []string{"A", "B", "C"}[rnd.IntN(3)]}
		props := fmt.Sprintf(`{"v":%d,"s":"%c","due":%q,"list":[{"v":%d,"s":"a"},{"v":%d,"s":"b"}]`, rnd.IntN(4), 'a'+rune(rnd.IntN(3)),
			core.ToTime(at+core.Micros(rnd.IntN(96)-48)*core.Hour).Format(time.RFC3339), rnd.IntN(3), rnd.IntN(3))
		if rnd.IntN(4) > 0 {
			props += fmt.Sprintf(`,"cart":%q`, []string{"x", "y"}[rnd.IntN(2)])
		}
		switch rnd.IntN(5) {
		case 0:
			in.Kind, in.Name = core.KindIdentify, ""
		case 1:
			in.Kind, in.Name = core.KindPage, ""
		case 2:
			if rnd.IntN(2) == 0 {
				in.Kind, in.Name = core.KindSignal, expr.SignalConsent
				props = fmt.Sprintf(`{"channel":"email","topic":"","state":%q,"holder":%d,"over":[%d]`, expr.ConsentStates()[rnd.IntN(4)], 1+rnd.IntN(3), 1+rnd.IntN(3))
			}
		}
		in.Props = fold.JSON(props + "}")
		events[i] = in
	}
	return events
}

func instants(rnd *rand.Rand, events []fold.Input) []check {
	var out []check
	for i := range events {
		at := events[i].Time
		for _, off := range []core.Micros{0, core.Hour, 12 * core.Hour, core.Day, 2 * core.Day, 7 * core.Day} {
			out = append(out, check{at: at + off}, check{at: at + off - 1})
		}
		day := core.FromTime(time.Date(2026, 3, 24+i, 0, 0, 0, 0, time.UTC))
		for _, off := range []core.Micros{0, -core.Hour, -2 * core.Hour, core.Micros(rnd.Int64N(core.Day))} {
			out = append(out, check{at: day + off}, check{at: day + off - 1})
		}
	}
	slices.SortFunc(out, func(a, b check) int { return int(min(max(a.at-b.at, -1), 1)) })
	return out
}

func anyNode(rnd *rand.Rand, level int) expr.Node {
	if level < 2 && rnd.IntN(3) == 0 {
		kids := []expr.Node{anyNode(rnd, level+1), anyNode(rnd, level+1)}
		switch rnd.IntN(3) {
		case 0:
			return expr.Node{All: kids}
		case 1:
			return expr.Node{Any: kids}
		}
		return expr.Node{Not: &kids[0]}
	}
	switch rnd.IntN(11) {
	case 9:
		return expr.Node{Stage: &expr.Stage{Model: "main", In: []string{"one", "three"}[:1+rnd.IntN(2)]}}
	case 10:
		return expr.Node{Consent: &expr.Consent{Channel: "email", State: expr.ConsentStates()[rnd.IntN(2):][:2]}}
	case 0, 1:
		return expr.Node{Trait: anyTrait(rnd)}
	case 2:
		return expr.Node{Sample: &expr.Sample{Salt: "s", From: 10, To: 60}}
	case 3:
		inner := eventNode(rnd, 0)
		return expr.Node{Keyed: &expr.Keyed{By: "cart", When: &inner}}
	}
	return eventNode(rnd, 1)
}

// eventNode is a condition on events alone.
func eventNode(rnd *rand.Rand, level int) expr.Node {
	if level == 0 && rnd.IntN(2) == 0 {
		kids := []expr.Node{eventNode(rnd, 1), eventNode(rnd, 1)}
		if rnd.IntN(2) == 0 {
			return expr.Node{All: []expr.Node{kids[0], {Not: &kids[1]}}}
		}
		return expr.Node{Any: kids}
	}
	switch rnd.IntN(6) {
	case 0, 1:
		return expr.Node{Sequence: anySequence(rnd)}
	case 2:
		return expr.Node{Lapse: &expr.Lapse{Event: anyEvent(rnd), Days: []float64{0.5, 2}[rnd.IntN(2)]}}
	case 3:
		return expr.Node{Compare: &expr.Compare{A: anySum(rnd), Op: []expr.Op{expr.GT, expr.GTE, expr.LT, expr.LTE}[rnd.IntN(4)], B: anySum(rnd), Factor: []float64{0, 0.5, 2}[rnd.IntN(3)]}}
	}
	d := &expr.Did{Event: anyEvent(rnd), Window: anyWindow(rnd)}
	if rnd.IntN(6) == 0 {
		d.Kind, d.Event = "any", ""
	}
	if rnd.IntN(4) == 0 {
		d.Where = []expr.Match{anyMatch(rnd, true)}
	}
	d.Measure = []expr.Measure{"", expr.Count, expr.Sum, expr.Mean, expr.Min, expr.Max, expr.DistinctDays, expr.Distinct,
		expr.First, expr.Last, expr.FirstTime, expr.LastTime}[rnd.IntN(12)]
	switch d.Measure {
	case expr.First, expr.Last:
		m := anyMatch(rnd, false)
		for m.Op == expr.Element {
			m = anyMatch(rnd, false)
		}
		d.Property, d.Op, d.Value, d.IgnoreCase = m.Name, m.Op, m.Value, m.IgnoreCase
	case expr.FirstTime, expr.LastTime:
		m := dateMatch(rnd)
		d.Op, d.Value = m.Op, m.Value
	default:
		d.Property = "v"
		d.Op = []expr.Op{"", expr.GT, expr.GTE, expr.LT, expr.LTE, expr.Is, expr.Never}[rnd.IntN(7)]
		if d.Op != expr.Never {
			d.Value = json.RawMessage(fmt.Sprint(rnd.IntN(4)))
		}
		if rnd.IntN(5) == 0 {
			d.Op, d.Value = []expr.Op{expr.Between, expr.NotBetween}[rnd.IntN(2)], json.RawMessage(`[1,2]`)
		}
	}
	return expr.Node{Did: d}
}

// anySum is one side of a comparison; its window may have ended before now.
func anySum(rnd *rand.Rand) expr.Did {
	d := expr.Did{Event: anyEvent(rnd), Measure: []expr.Measure{"", expr.Sum, expr.Mean, expr.Min, expr.Max}[rnd.IntN(5)], Window: anyWindow(rnd)}
	if d.Measure != "" {
		d.Property = "v"
	}
	if d.Window != nil && d.Window.Last != "" && rnd.IntN(2) == 0 {
		d.Window.Before = anySpan(rnd)
	}
	return d
}

// anyModel is a stage model without memory: where a customer stands follows from
// the conditions alone.
func anyModel(rnd *rand.Rand) []fold.Rung {
	var out []fold.Rung
	for _, key := range []string{"one", "two", "three"} {
		when := eventNode(rnd, 0)
		out = append(out, fold.Rung{Key: key, When: &when})
	}
	return out
}

func anyEvent(rnd *rand.Rand) string { return []string{"A", "B", "C"}[rnd.IntN(3)] }

func anySpan(rnd *rand.Rand) string { return []string{"1h", "12h", "1d", "2d", "1w"}[rnd.IntN(5)] }

func anyWindow(rnd *rand.Rand) *expr.Window {
	switch rnd.IntN(4) {
	case 0:
		return &expr.Window{Last: anySpan(rnd)}
	case 1:
		return &expr.Window{Calendar: []string{"today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year"}[rnd.IntN(10)]}
	case 2:
		from := time.Date(2026, 3, 25, 0, 0, 0, 0, time.UTC)
		to := from.AddDate(0, 0, 1+rnd.IntN(4))
		return []*expr.Window{{From: &from}, {To: &to}, {From: &from, To: &to}}[rnd.IntN(3)]
	}
	return nil
}

func anySequence(rnd *rand.Rand) *expr.Sequence {
	s := &expr.Sequence{}
	steps := 2 + rnd.IntN(3)
	for i := range steps {
		st := expr.Step{Event: anyEvent(rnd)}
		st.Not = i > 0 && !s.Steps[i-1].Not && rnd.IntN(3) == 0
		if i > 0 && (!st.Not || i == steps-1) && rnd.IntN(2) == 0 {
			st.Within = anySpan(rnd)
		}
		if rnd.IntN(5) == 0 {
			st.Kind, st.Event = "any", ""
		}
		s.Steps = append(s.Steps, st)
	}
	if w := anyWindow(rnd); w != nil && w.Calendar == "" && w.Before == "" {
		s.Window = w
	}
	return s
}

func anyTrait(rnd *rand.Rand) *expr.Match {
	m := anyMatch(rnd, true)
	if c, err := expr.Compile(m); err == nil && !c.Timed() && rnd.IntN(2) == 0 {
		m.For = anySpan(rnd)
	}
	return &m
}

func anyMatch(rnd *rand.Rand, element bool) expr.Match {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	switch rnd.IntN(6) {
	case 0:
		return expr.Match{Name: "v", Op: []expr.Op{expr.Is, expr.IsNot, expr.GT, expr.GTE, expr.LT, expr.LTE}[rnd.IntN(6)], Value: raw(fmt.Sprint(rnd.IntN(4)))}
	case 1:
		return expr.Match{Name: "s", Op: []expr.Op{expr.Is, expr.IsNot, expr.Contains, expr.NotContains, expr.Starts, expr.NotEnds, expr.Matches}[rnd.IntN(7)], Value: raw(`"A"`), IgnoreCase: rnd.IntN(2) == 0}
	case 2:
		return expr.Match{Name: []string{"s", "none", "cart"}[rnd.IntN(3)], Op: []expr.Op{expr.Set, expr.NotSet, expr.Empty, expr.NotEmpty}[rnd.IntN(4)]}
	case 3:
		if element {
			return expr.Match{Name: "list", Op: expr.Element, Where: []expr.Match{{Name: "v", Op: expr.GTE, Value: raw("1")}, {Name: "s", Op: expr.Is, Value: raw(`"b"`)}}}
		}
		return expr.Match{Name: "list", Op: []expr.Op{expr.LengthIs, expr.LengthGT}[rnd.IntN(2)], Value: raw("2")}
	}
	m := dateMatch(rnd)
	m.Name = "due"
	return m
}

func dateMatch(rnd *rand.Rand) expr.Match {
	ops := []struct {
		op    expr.Op
		value string
	}{
		{expr.InLast, `"` + anySpan(rnd) + `"`},
		{expr.NotInLast, `"` + anySpan(rnd) + `"`},
		{expr.InNext, `"` + anySpan(rnd) + `"`},
		{expr.MoreThanAgo, `"` + anySpan(rnd) + `"`},
		{expr.Before, `"2026-03-27"`},
		{expr.After, `"2026-03-27T03:00:00Z"`},
		{expr.On, `"2026-03-29"`},
		{expr.Between, `["2026-03-25","2026-03-28"]`},
		{expr.Weekday, `[1,3,7]`},
		{expr.Hour, `[18,6]`},
		{expr.Anniversary, `360`},
	}
	o := ops[rnd.IntN(len(ops))]
	return expr.Match{Name: expr.EventTime, Op: o.op, Value: json.RawMessage(o.value)}
}
