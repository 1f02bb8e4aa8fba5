package fold_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

func compile(t *testing.T, cond string) (*fold.Program, int) {
	t.Helper()
	n, err := expr.Parse([]byte(cond))
	if err != nil {
		t.Fatalf("parse %s: %v", cond, err)
	}
	b := fold.NewBuilder(time.UTC)
	c, err := b.Add(n)
	if err != nil {
		t.Fatalf("compile %s: %v", cond, err)
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

func order(day float64, props string) fold.Input {
	return fold.Input{Time: core.Micros(day * float64(core.Day)), Kind: core.KindTrack, Name: "Order Completed", Props: fold.JSON(props)}
}

func identify(day float64, traits string) fold.Input {
	return fold.Input{Time: core.Micros(day * float64(core.Day)), Kind: core.KindIdentify, Props: fold.JSON(traits)}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	at := func(day float64) core.Micros { return core.Micros(day * float64(core.Day)) }
	f := func(cond string, events []fold.Input, now core.Micros, want bool) {
		t.Helper()
		p, c := compile(t, cond)
		s := p.New()
		for i := range events {
			p.Apply(s, &events[i])
		}
		buf := p.Append(nil, s)
		back, rest, err := p.Decode(buf)
		if err != nil || len(rest) != 0 {
			t.Fatalf("%s: decode: %v, %d bytes left", cond, err, len(rest))
		}
		if got := p.Eval(s, c, now); got != want {
			t.Errorf("%s at day %g: %v, want %v", cond, float64(now)/float64(core.Day), got, want)
		}
		if got := p.Eval(back, c, now); got != want {
			t.Errorf("%s at day %g after a round trip: %v, want %v", cond, float64(now)/float64(core.Day), got, want)
		}
	}
	did := `{"did":{"event":"Order Completed"%s}}`
	three := []fold.Input{order(1, `{"revenue":10.5,"sku":"a"}`), order(2, `{"revenue":"20","sku":"b"}`), order(2.5, `{"revenue":0.1,"sku":"a"}`)}
	f(fmt.Sprintf(did, ""), three, at(3), true)
	f(fmt.Sprintf(did, ""), nil, at(3), false)
	f(fmt.Sprintf(did, `,"op":"gte","value":3`), three, at(3), true)
	f(fmt.Sprintf(did, `,"op":"eq","value":2`), three, at(3), false)
	f(fmt.Sprintf(did, `,"op":"lt","value":1`), nil, at(3), true)
	f(fmt.Sprintf(did, `,"op":"between","value":[2,3]`), three, at(3), true)
	f(fmt.Sprintf(did, `,"measure":"sum","property":"revenue","op":"eq","value":30.6`), three, at(3), true)
	f(fmt.Sprintf(did, `,"measure":"mean","property":"revenue","op":"eq","value":10.2`), three, at(3), true)
	f(fmt.Sprintf(did, `,"measure":"max","property":"revenue","op":"gte","value":20`), three, at(3), true)
	f(fmt.Sprintf(did, `,"measure":"min","property":"revenue","op":"lte","value":0.1`), three, at(3), true)
	f(fmt.Sprintf(did, `,"measure":"min","property":"revenue","op":"lte","value":5`), nil, at(3), false)
	f(fmt.Sprintf(did, `,"measure":"distinct_days","op":"eq","value":2`), three, at(3), true)
	f(fmt.Sprintf(did, `,"measure":"distinct","property":"sku","op":"eq","value":2`), three, at(3), true)
	f(fmt.Sprintf(did, `,"where":[{"name":"sku","op":"is","value":"b"}],"op":"eq","value":1`), three, at(3), true)
	f(fmt.Sprintf(did, `,"where":[{"name":"revenue","op":"gt","value":15}]`), three, at(3), false) // text is no number
	// A rolling window forgets exactly when it ends.
	f(fmt.Sprintf(did, `,"window":{"last":"30d"}`), three[:1], at(31)-1, true)
	f(fmt.Sprintf(did, `,"window":{"last":"30d"}`), three[:1], at(31), false)
	f(fmt.Sprintf(did, `,"op":"gte","value":2,"window":{"last":"30d"}`), three, at(32)-1, true)
	f(fmt.Sprintf(did, `,"op":"gte","value":2,"window":{"last":"30d"}`), three, at(32), false)
	f(fmt.Sprintf(did, `,"measure":"sum","property":"revenue","op":"eq","value":20.1,"window":{"last":"30d"}`), three, at(31), true)
	f(fmt.Sprintf(did, `,"measure":"distinct_days","op":"eq","value":1,"window":{"last":"30d"}`), three, at(31), true)
	f(fmt.Sprintf(did, `,"window":{"from":"1970-01-02T00:00:00Z","to":"1970-01-03T00:00:00Z"},"op":"eq","value":1`), three, at(9), true)
	// The old vocabulary counts as the new.
	f(`{"did":{"event":"Completed Order"}}`, three, at(3), true)
	f(`{"did":{"kind":"any"}}`, []fold.Input{identify(1, `{}`)}, at(3), true)
	f(`{"did":{"kind":"identify","op":"eq","value":1}}`, []fold.Input{identify(1, `{}`)}, at(3), true)
	// Lapse: fixed days, then a multiple of the own median gap.
	f(`{"lapse":{"event":"Order Completed","days":90}}`, three, at(92.5)-1, false)
	f(`{"lapse":{"event":"Order Completed","days":90}}`, three, at(92.5), true)
	f(`{"lapse":{"event":"Order Completed","days":90}}`, nil, at(1000), false)
	gaps := []fold.Input{order(0, `{}`), order(0.1, `{}`), order(10, `{}`), order(30, `{}`)}
	f(`{"lapse":{"event":"Order Completed","days":90,"gap_multiple":3}}`, gaps, at(75)-1, false)
	f(`{"lapse":{"event":"Order Completed","days":90,"gap_multiple":3}}`, gaps, at(75), true) // median of 10 and 20 is 15
	f(`{"lapse":{"event":"Order Completed","days":90,"gap_multiple":3,"min_days":60}}`, gaps, at(90)-1, false)
	f(`{"lapse":{"event":"Order Completed","days":90,"gap_multiple":3,"max_days":20}}`, gaps, at(50), true)
	// Traits: newest by time, null unsets, missing satisfies only the negations that say so.
	tr := []fold.Input{identify(1, `{"plan":"free","seats":3,"tags":["a","b"],"renews":"1970-01-20"}`), identify(2, `{"plan":"pro"}`)}
	f(`{"trait":{"name":"plan","op":"is","value":"pro"}}`, tr, at(3), true)
	f(`{"trait":{"name":"plan","op":"is","value":"free"}}`, tr, at(3), false)
	f(`{"trait":{"name":"seats","op":"gte","value":3}}`, tr, at(3), true)
	f(`{"trait":{"name":"seats","op":"is","value":"3"}}`, tr, at(3), false)
	f(`{"trait":{"name":"tags","op":"contains","value":"b"}}`, tr, at(3), true)
	f(`{"trait":{"name":"none","op":"is_not","value":"x"}}`, tr, at(3), true)
	f(`{"trait":{"name":"none","op":"not_contains","value":"x"}}`, tr, at(3), true)
	f(`{"trait":{"name":"none","op":"not_starts","value":"x"}}`, tr, at(3), false)
	f(`{"trait":{"name":"none","op":"not_in","value":["x"]}}`, tr, at(3), true)
	f(`{"trait":{"name":"plan","op":"not_set"}}`, append(tr, identify(3, `{"plan":null}`)), at(3), true)
	f(`{"trait":{"name":"renews","op":"in_last","value":"5d"}}`, tr, at(19)-1, false)
	f(`{"trait":{"name":"renews","op":"in_last","value":"5d"}}`, tr, at(19), true)
	f(`{"trait":{"name":"renews","op":"more_than_ago","value":"5d"}}`, tr, at(24), true)
	f(`{"all":[{"not":{"did":{"event":"Order Completed"}}},{"trait":{"name":"plan","op":"set"}}]}`, tr, at(3), true)
	f(`{"any":[{"did":{"event":"Order Completed"}},{"trait":{"name":"plan","op":"not_set"}}]}`, tr, at(3), false)
}

// TestNextChangeIsExact holds NextChange against a walk over time in small
// steps: between two instants that it names nothing may change.
func TestNextChangeIsExact(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		n := randomNode(rnd, 0)
		b := fold.NewBuilder(time.UTC)
		c, err := b.Add(&n)
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		s := p.New()
		now := core.Micros(0)
		for range 12 {
			in := randomInput(rnd, now+core.Micros(rnd.IntN(40))*core.Hour)
			walk(t, p, c, s, now, in.Time, n)
			now = in.Time
			p.Apply(s, &in)
		}
		walk(t, p, c, s, now, now+20*core.Day, n)
	}
}

func walk(t *testing.T, p *fold.Program, c int, s *fold.State, from, to core.Micros, n expr.Node) {
	t.Helper()
	next, ok := p.NextChange(s, from)
	was := p.Eval(s, c, from)
	for at := from + core.Hour/2; at < to; at += core.Hour / 2 {
		for ok && next <= at {
			was = p.Eval(s, c, next)
			prev := next
			if next, ok = p.NextChange(s, next); ok && next <= prev {
				t.Fatalf("NextChange did not move on from %d", prev)
			}
		}
		if got := p.Eval(s, c, at); got != was {
			text, _ := json.Marshal(n)
			t.Fatalf("%s changed to %v at %d hours without being announced", text, got, at/core.Hour)
		}
	}
}

func randomInput(rnd *rand.Rand, at core.Micros) fold.Input {
	in := fold.Input{Time: at, Kind: core.KindTrack, Name: []string{"A", "B", "Order Completed"}[rnd.IntN(3)]}
	in.Props = fold.JSON(fmt.Sprintf(`{"v":%d,"s":"%c"}`, rnd.IntN(5), 'a'+rune(rnd.IntN(3))))
	if rnd.IntN(5) == 0 {
		in.Kind, in.Name = core.KindIdentify, ""
		in.Props = fold.JSON(fmt.Sprintf(`{"plan":"%c","when":%q}`, 'a'+rune(rnd.IntN(3)), core.ToTime(at+core.Micros(rnd.IntN(100)-50)*core.Hour).Format(time.RFC3339)))
	}
	return in
}

func randomNode(rnd *rand.Rand, level int) expr.Node {
	if level < 2 && rnd.IntN(2) == 0 {
		kids := []expr.Node{randomNode(rnd, level+1), randomNode(rnd, level+1)}
		switch rnd.IntN(3) {
		case 0:
			return expr.Node{All: kids}
		case 1:
			return expr.Node{Any: kids}
		}
		return expr.Node{Not: &kids[0]}
	}
	ev := []string{"A", "B", "Order Completed"}[rnd.IntN(3)]
	span := []string{"1h", "1d", "3d", "2w"}[rnd.IntN(4)]
	switch rnd.IntN(4) {
	case 0:
		return expr.Node{Trait: &expr.Match{Name: "when", Op: []expr.Op{expr.InLast, expr.MoreThanAgo}[rnd.IntN(2)], Value: json.RawMessage(`"` + span + `"`)}}
	case 1:
		return expr.Node{Lapse: &expr.Lapse{Event: ev, Days: float64(1 + rnd.IntN(5)), GapMultiple: float64(rnd.IntN(3))}}
	case 2:
		return expr.Node{Trait: &expr.Match{Name: "plan", Op: expr.Is, Value: json.RawMessage(`"a"`)}}
	}
	d := &expr.Did{Event: ev, Value: json.RawMessage(fmt.Sprint(rnd.IntN(4))), Op: []expr.Op{expr.GTE, expr.GT, expr.LT, expr.LTE, "eq"}[rnd.IntN(5)]}
	d.Measure = []expr.Measure{"", expr.Sum, expr.Mean, expr.Min, expr.Max, expr.DistinctDays, expr.Distinct}[rnd.IntN(7)]
	if d.Measure != "" && d.Measure != expr.DistinctDays {
		d.Property = "v"
	}
	if rnd.IntN(3) > 0 {
		d.Window = &expr.Window{Last: span}
	}
	return expr.Node{Did: d}
}
