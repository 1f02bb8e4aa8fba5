package expr_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

func TestReferences(t *testing.T) {
	t.Parallel()
	n, err := expr.Parse([]byte(`{"all":[
		{"trait":{"name":"plan","op":"set"}},{"any":[{"trait":{"name":"age","op":"gt","value":3}},{"trait":{"name":"plan","op":"is","value":"x"}}]},
		{"not":{"did":{"event":"Completed Order","measure":"sum","property":"revenue","op":"gt","value":3,"where":[{"name":"sku","op":"set"},{"name":"$time","op":"weekday","value":1}]}}},
		{"keyed":{"by":"cart_id","when":{"sequence":{"steps":[{"event":"Add"},{"kind":"page","where":[{"name":"url","op":"set"}]}]}}}},
		{"stage":{"was":"lost"}},{"sample":{"salt":"a","to":5}},{"lapse":{"event":"Add","days":3}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := expr.References(n)
	want := expr.Refs{
		Events:     []expr.EventRef{{Kind: core.KindTrack, Name: "Add"}, {Kind: core.KindTrack, Name: "Order Completed"}, {Kind: core.KindPage}, {Kind: core.KindIdentify}},
		Properties: []string{"cart_id", "revenue", "sku", "url"}, Traits: []string{"age", "plan"}, Stages: []string{"lost"},
	}
	byKind := map[expr.EventRef]bool{}
	for _, e := range got.Events {
		byKind[e] = true
	}
	for _, e := range want.Events {
		if !byKind[e] || len(byKind) != len(want.Events) || len(got.Events) != len(want.Events) {
			t.Errorf("events %v, want %v", got.Events, want.Events)
		}
	}
	want.Events = got.Events
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if got.All() {
		t.Error("does not read every event")
	}
	for _, cond := range []string{`{"did":{"kind":"any"}}`, `{"trait":{"name":"x","op":"set","for":"1d"}}`} {
		n, err := expr.Parse([]byte(cond))
		if err != nil {
			t.Fatal(err)
		}
		if refs := expr.References(n); !refs.All() {
			t.Errorf("%s reads every event", cond)
		}
	}
}

func TestTimedAndLasting(t *testing.T) {
	t.Parallel()
	f := func(cond string, timed, lasting bool) {
		t.Helper()
		n, err := expr.Parse([]byte(cond))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := expr.Timed(n), expr.Lasting(n); a != timed || b != lasting {
			t.Errorf("%s: timed %v, lasting %v", cond, a, b)
		}
	}
	f(`{"did":{"event":"A"}}`, false, true)
	f(`{"did":{"event":"A","op":"never"}}`, false, false)
	f(`{"not":{"did":{"event":"A","op":"never"}}}`, false, true)
	f(`{"did":{"event":"A","op":"is","value":1}}`, false, false)
	f(`{"did":{"event":"A","window":{"last":"1d"}}}`, true, false)
	f(`{"did":{"event":"A","window":{"calendar":"today"}}}`, true, false)
	f(`{"did":{"event":"A","window":{"from":"2026-01-01T00:00:00Z"}}}`, false, true)
	f(`{"did":{"event":"A","measure":"sum","property":"x","value":1}}`, false, false)
	f(`{"did":{"event":"A","measure":"max","property":"x","value":1}}`, false, true)
	f(`{"did":{"event":"A","measure":"min","property":"x","op":"lt","value":1}}`, false, true)
	f(`{"did":{"event":"A","measure":"first","property":"x","op":"is","value":1}}`, false, true)
	f(`{"did":{"event":"A","measure":"last","property":"x","op":"is","value":1}}`, false, false)
	f(`{"did":{"event":"A","measure":"first_time","op":"in_last","value":"1d"}}`, true, false)
	f(`{"did":{"event":"A","measure":"first_time","op":"more_than_ago","value":"1d"}}`, true, true)
	f(`{"did":{"event":"A","measure":"last_time","op":"after","value":"2026-01-01"}}`, false, true)
	f(`{"trait":{"name":"x","op":"set"}}`, false, false)
	f(`{"trait":{"name":"x","op":"set","for":"1d"}}`, true, false)
	f(`{"trait":{"name":"x","op":"anniversary","value":3}}`, true, false)
	f(`{"trait":{"name":"x","op":"element","where":[{"name":"y","op":"in_next","value":"3d"}]}}`, true, false)
	f(`{"lapse":{"event":"A","days":3}}`, true, false)
	f(`{"sample":{"salt":"x","to":3}}`, false, true)
	f(`{"not":{"sample":{"salt":"x","to":3}}}`, false, true)
	f(`{"stage":{"was":"x"}}`, false, true)
	f(`{"sequence":{"steps":[{"event":"A"},{"event":"B"}]}}`, false, true)
	f(`{"sequence":{"steps":[{"event":"A"},{"event":"B","not":true}]}}`, false, false)
	f(`{"sequence":{"steps":[{"event":"A"},{"event":"B","not":true,"within":"1d"}]}}`, true, true)
	f(`{"sequence":{"steps":[{"event":"A"},{"event":"B"}],"window":{"last":"1d"}}}`, true, false)
	f(`{"keyed":{"by":"x","when":{"lapse":{"event":"A","days":3}}}}`, true, false)
	f(`{"all":[{"did":{"event":"A"}},{"stage":{"was":"x"}}]}`, false, true)
	f(`{"any":[{"did":{"event":"A"}},{"trait":{"name":"x","op":"set"}}]}`, false, false)
}

func TestSampleIsStableAndEven(t *testing.T) {
	t.Parallel()
	for customer, want := range map[core.CustomerID]int64{1: 372122, 2: 95231, 3: 813129} {
		if got := expr.Bucket("spring", customer); got != want {
			t.Errorf("customer %d has bucket %d, want %d for ever", customer, got, want)
		}
	}
	a, b := expr.Sample{Salt: "x", From: 0, To: 12.5}, expr.Sample{Salt: "x", From: 12.5, To: 100}
	in := 0
	for c := core.CustomerID(1); c <= 100_000; c++ {
		if a.Holds(c) == b.Holds(c) {
			t.Fatalf("customer %d is in both or none", c)
		}
		if a.Holds(c) {
			in++
		}
	}
	if in < 12_000 || in > 13_000 {
		t.Errorf("%d of 100,000 are in 12.5 %%", in)
	}
	if b.Holds(0) || a.Holds(0) {
		t.Error("nobody is in a sample")
	}
}

func TestParseRefusesNewForms(t *testing.T) {
	t.Parallel()
	f := func(cond, part string) {
		t.Helper()
		_, err := expr.Parse([]byte(cond))
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%.80s: %v, want an error with %q", cond, err, part)
		}
	}
	trait := func(rest, part string) { t.Helper(); f(`{"trait":{"name":"x",`+rest+`}}`, part) }
	trait(`"op":"matches","value":"((a{100}){100}){100}"`, "pattern")
	trait(`"op":"matches","value":"(a{1000}b{1000}c{1000}){2}d{1000}"`, "pattern")
	trait(`"op":"matches","value":"`+strings.Repeat("a", 501)+`"`, "longer than 500")
	trait(`"op":"matches","value":"(?P<a"`, "regular expression")
	trait(`"op":"gt","value":3,"ignore_case":true`, "ignore_case")
	trait(`"op":"in_next","value":"0d"`, "200 years")
	trait(`"op":"in_next","value":7`, "span")
	trait(`"op":"anniversary","value":367`, "0 to 366")
	trait(`"op":"weekday","value":[]`, "weekday")
	trait(`"op":"weekday","value":[8]`, "weekday")
	trait(`"op":"hour","value":[9,9]`, "hour")
	trait(`"op":"hour","value":24`, "hour")
	trait(`"op":"length_is","value":1.5`, "whole")
	trait(`"op":"not_between","value":[1]`, "two values")
	trait(`"op":"all_of","value":[]`, "list")
	trait(`"op":"element"`, "where")
	trait(`"op":"element","where":[{"name":"","op":"set"}]`, "1 to 255")
	trait(`"op":"element","where":[{"name":"y","op":"set","for":"1d"}]`, "held")
	trait(`"op":"is","value":1,"where":[{"name":"y","op":"set"}]`, "element")
	trait(`"op":"in_last","value":"1d","for":"1d"`, "cannot be held")
	trait(`"op":"set","for":"0s"`, "200 years")
	trait(`"op":"never"`, "needs a value")
	f(`{"did":{"event":"A","where":[{"name":"x","op":"set","for":"1d"}]}}`, "held")
	f(`{"did":{"event":"A","op":"never","value":1}}`, "never")
	f(`{"did":{"event":"A","measure":"first","op":"set"}}`, "property")
	f(`{"did":{"event":"A","measure":"last_time","op":"gte","value":3}}`, "comparison of dates")
	f(`{"did":{"event":"A","measure":"first_time","op":"is","value":"2026-01-01"}}`, "comparison of dates")
	f(`{"did":{"event":"A","ignore_case":true}}`, "ignore_case")
	f(`{"did":{"event":"A","window":{"calendar":"this_decade"}}}`, "calendar")
	f(`{"did":{"event":"A","window":{"calendar":"week"}}}`, "calendar")
	f(`{"did":{"event":"A","window":{"calendar":"today","last":"1d"}}}`, "either")
	f(`{"did":{"event":"A","window":{}}}`, "either")
	f(`{"sequence":{"steps":[{"event":"A"}]}}`, "2 to 20")
	f(`{"sequence":{"steps":[`+strings.Repeat(`{"event":"A"},`, 20)+`{"event":"A"}]}}`, "2 to 20")
	f(`{"sequence":{"steps":[{"event":"A","not":true},{"event":"B"}]}}`, "steps[0]")
	f(`{"sequence":{"steps":[{"event":"A","within":"1d"},{"event":"B"}]}}`, "first step")
	f(`{"sequence":{"steps":[{"event":"A"},{"event":"B","not":true},{"event":"B","not":true}]}}`, "steps[2]")
	f(`{"sequence":{"steps":[{"event":"A"},{"event":"B","not":true,"within":"1d"},{"event":"B"}]}}`, "last step")
	f(`{"sequence":{"steps":[{"event":"A"},{"event":"B"}],"window":{"calendar":"today"}}}`, "window")
	f(`{"keyed":{"by":"c"}}`, "when")
	f(`{"keyed":{"by":"","when":{"did":{"event":"A"}}}}`, "1 to 255")
	f(`{"keyed":{"by":"c","when":{"all":[{"trait":{"name":"x","op":"set"}}]}}}`, "about events")
	f(`{"keyed":{"by":"c","when":{"keyed":{"by":"d","when":{"did":{"event":"A"}}}}}}`, "about events")
	f(`{"sample":{"salt":"","to":3}}`, "salt")
	f(`{"sample":{"salt":"a","from":3,"to":3}}`, "percentages")
	f(`{"sample":{"salt":"a","to":101}}`, "percentages")
	many := strings.TrimSuffix(strings.Repeat(`{"name":"x","op":"set"},`, 501), ",")
	f(`{"did":{"event":"A","where":[`+many+`]}}`, "more than 500")
	bomb := strings.TrimSuffix(strings.Repeat(`{"name":"x","op":"matches","value":"[a-z]{1000}[0-9]{1000}"},`, 60), ",")
	f(`{"did":{"event":"A","where":[`+bomb+`]}}`, "too large together")
}

// TestLongTextsMeetBoundedPatterns: a pattern sees the beginning of a text only.
func TestLongTextsMeetBoundedPatterns(t *testing.T) {
	t.Parallel()
	m, err := expr.Compile(expr.Match{Name: "x", Op: expr.Matches, Value: json.RawMessage(`"(a|aa)+$"`)})
	if err != nil {
		t.Fatal(err)
	}
	long := core.Value{Kind: core.ValueText, Text: strings.Repeat("a", 1_000_000) + "b"}
	if !m.Test(long, true, 0) {
		t.Error("the pattern saw more than the first 4,096 bytes")
	}
	for _, c := range []string{"matches", "not_matches"} {
		if _, err := expr.Parse([]byte(fmt.Sprintf(`{"trait":{"name":"x","op":%q,"value":"(x+x+)+y"}}`, c))); err != nil {
			t.Error(err) // harmless in RE2
		}
	}
}

// TestUncheckedConditionsDoNotPanic: an editor shows what is not finished yet.
func TestUncheckedConditionsDoNotPanic(t *testing.T) {
	t.Parallel()
	for _, n := range []expr.Node{{}, {Keyed: &expr.Keyed{}}, {Sequence: &expr.Sequence{}}, {Did: &expr.Did{}}, {Sample: &expr.Sample{}}, {Trait: &expr.Match{Op: expr.Element}}} {
		if n.Check() == nil {
			t.Errorf("%+v passes", n)
		}
		expr.References(&n)
		if expr.Timed(&n) {
			t.Errorf("%+v is timed", n)
		}
		expr.Lasting(&n)
		for _, lang := range []string{"en", "it", "ro"} {
			if expr.Sentence(&n, lang) == "" {
				t.Errorf("%+v has no sentence in %s", n, lang)
			}
		}
	}
}
