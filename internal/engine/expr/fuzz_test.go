package expr_test

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

// FuzzCondition takes any text for a condition. One that is accepted must be
// written and read again to the same, read as a sentence in every language,
// compile, survive being saved in the middle of a history, and never tell a
// change that lies in the past.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{
		`{"all":[{"did":{"event":"A"}},{"not":{"trait":{"name":"x","op":"set"}}}]}`,
		`{"any":[{"did":{"kind":"any","op":"is","value":2,"window":{"last":"36h"}}},{"lapse":{"event":"A","days":30,"gap_multiple":2.5,"min_days":1,"max_days":90}}]}`,
		`{"did":{"event":"A","where":[{"name":"n","op":"between","value":[1,2]},{"name":"a.b","op":"in","value":["x","y"]}],"measure":"sum","property":"n","op":"between","value":[0.5,1e3]}}`,
		`{"did":{"event":"A","measure":"distinct","property":"n","op":"lte","value":3,"window":{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z"}}}`,
		`{"did":{"event":"A","measure":"distinct_days","op":"gt","value":1,"window":{"last":"2w"}}}`,
		`{"did":{"event":"A","measure":"mean","property":"n","op":"lt","value":-1}}`, `{"did":{"event":"A","op":"lt","value":1}}`,
		`{"any":[]}`, `{"all":[{"any":[]},{"all":[]}]}`, `{"did":{"event":"A"}} x`, `{"trait":{"name":"t","op":"in_last","value":"7d"}}`, `{"trait":{"name":"t","op":"matches","value":"^a+$"}}`, `{"trait":{"name":"s","op":"not_contains","value":"\u0000é"}}`,
		`{"trait":{"name":"t","op":"before","value":"2026-01-01"}}`, `{"stage":{"was":"lost"}}`, `{"lapse":{"kind":"page","days":0.0000001}}`,
		`{"sequence":{"steps":[{"event":"A"},{"kind":"page","not":true},{"kind":"any","within":"1d"},{"event":"A","not":true,"within":"2h"}],"window":{"last":"90d"}}}`,
		`{"keyed":{"by":"n","when":{"any":[{"did":{"event":"A","op":"never"}},{"lapse":{"event":"A","days":1}},{"sequence":{"steps":[{"event":"A"},{"event":"B","not":true}]}}]}}}`,
		`{"sample":{"salt":"é","from":0.0001,"to":99.9}}`, `{"trait":{"name":"t","op":"is","value":"AAA","ignore_case":true,"for":"1h"}}`, `{"trait":{"name":"x","op":"not_set","for":"52w"}}`,
		`{"trait":{"name":"l","op":"element","where":[{"name":".","op":"length_gte","value":0},{"name":"d","op":"in_next","value":"5s"}]}}`,
		`{"trait":{"name":"t","op":"anniversary","value":0}}`, `{"trait":{"name":"t","op":"weekday","value":7}}`, `{"trait":{"name":"t","op":"hour","value":[22,6]}}`, `{"trait":{"name":"t","op":"on","value":"2024-02-29"}}`,
		`{"trait":{"name":"t","op":"not_in_last","value":"1w"}}`, `{"trait":{"name":"n","op":"not_between","value":["2026-01-01","2026-01-02"]}}`, `{"trait":{"name":"n","op":"all_of","value":[1,null,{"a":[]}]}}`, `{"trait":{"name":"n","op":"not_empty"}}`,
		`{"did":{"event":"A","measure":"first","property":"n","op":"is_not","value":1,"window":{"last":"1d"}}}`, `{"did":{"kind":"any","measure":"last_time","op":"more_than_ago","value":"30s"}}`,
		`{"did":{"event":"A","measure":"first_time","op":"in_last","value":"36500d","window":{"calendar":"last_quarter"}}}`, `{"did":{"event":"A","measure":"distinct","property":"t","op":"not_between","value":[0,1],"window":{"calendar":"this_week"}}}`,
		`{"did":{"event":"A","where":[{"name":"$time","op":"hour","value":0}],"op":"never","window":{"calendar":"yesterday"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := expr.Parse(raw)
		if err != nil {
			return
		}
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", raw, err)
		}
		again, err := expr.Parse(text)
		if err != nil {
			t.Fatalf("%s was written as %s: %v", raw, text, err)
		}
		if second, err := json.Marshal(again); err != nil || string(second) != string(text) {
			t.Fatalf("%s, then %s", text, second)
		}
		for _, lang := range []string{"en", "it", "ro"} {
			if s := expr.Sentence(n, lang); s == "" || s != expr.Sentence(again, lang) || utf8.Valid(raw) && !utf8.ValidString(s) {
				t.Fatalf("%s in %s: %q", raw, lang, s)
			}
		}
		run(t, n)
	})
}

// run folds a short history with a condition.
func run(t *testing.T, n *expr.Node) {
	t.Helper()
	b := fold.NewBuilder(time.UTC)
	c, err := b.Add(n)
	if err != nil {
		return // sound as a condition, too large for a program
	}
	p, err := b.Build()
	if err != nil {
		return
	}
	s := p.New()
	start := core.FromTime(time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC))
	for i, props := range []string{`{"n":1,"a":{"b":"x"},"t":"aaa","s":"é"}`, `{"n":"2","t":"2026-01-12T00:00:00Z"}`, `{"n":-1e300,"t":1768200000}`, `{}`, `null`} {
		now := start + core.Micros(i)*20*core.Hour
		in := fold.Input{Time: now, Kind: []core.Kind{core.KindTrack, core.KindIdentify, core.KindPage}[i%3], Name: "A", Props: fold.JSON(props)}
		p.Apply(s, &in)
		back, rest, err := p.Decode(p.Append(nil, s))
		if err != nil || len(rest) > 0 {
			t.Fatalf("a saved state is lost: %v, %d bytes left", err, len(rest))
		}
		for _, at := range []core.Micros{now, now + core.Hour, now + 400*core.Day} {
			if p.Eval(s, c, at) != p.Eval(back, c, at) {
				t.Fatalf("at %d the saved state says otherwise", at)
			}
		}
		if at, ok := p.NextChange(s, now); ok && at <= now {
			t.Fatalf("the next change lies %d µs back", now-at)
		}
		s = back
	}
}
