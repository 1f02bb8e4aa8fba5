package query_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// TestCorrelate plants what helps and what does not, and counts anew by hand.
func TestCorrelate(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(81, 82))
	var events []core.Event
	want := map[string]*[2]int64{}
	note := func(key string, converted int) {
		if want[key] == nil {
			want[key] = &[2]int64{}
		}
		want[key][converted]++
	}
	var total [2]int64
	for c := core.CustomerID(1); c <= 3000; c++ {
		plan, tier := fmt.Sprintf("p%d", r.IntN(3)), fmt.Sprintf("t%d", r.IntN(2))
		id := event(c, day(1), "", fmt.Sprintf(`{"tier":%q}`, tier))
		id.Kind = core.KindIdentify
		helped, noise := r.IntN(3) == 0, r.IntN(2) == 0
		chance := 0.2
		if helped {
			chance = 0.6
		}
		if plan == "p2" {
			chance /= 2
		}
		converted := 0
		if r.Float64() < chance {
			converted = 1
		}
		events = append(events, id, event(c, day(2), "A", fmt.Sprintf(`{"plan":%q}`, plan)), event(c, day(2)-core.Hour, "before", ""))
		if helped {
			events = append(events, event(c, day(2)+core.Hour, "help", ""), event(c, day(2)+2*core.Hour, "help", ""))
			note("event help", converted)
		}
		if noise {
			events = append(events, event(c, day(2)+core.Hour, "noise", ""))
			note("event noise", converted)
		}
		if converted == 1 {
			events = append(events, event(c, day(3), "B", ""), event(c, day(3)+core.Hour, "after", ""))
		}
		note("property plan "+plan, converted)
		note("trait tier "+tier, converted)
		total[converted]++
	}
	spec := parse(t, `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-05"},"funnel":{"window":"5d","steps":[{"event":"A"},{"event":"B"}]}}`)
	got, err := query.Correlate(context.Background(), load(t, events), spec, env(), query.CorrelateOptions{Events: true, Properties: []string{"plan"}, Traits: []string{"tier"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Converted != total[1] || got.Dropped != total[0] || got.Tried != len(want) || len(got.Factors) != len(want) {
		t.Fatalf("got %+v, want %v and %d factors", got, total, len(want))
	}
	for _, f := range got.Factors {
		key := f.Kind + " " + f.Name
		if f.Value != nil {
			key += " " + f.Value.Text
		}
		w := want[key]
		if w == nil || f.Converted != w[1] || f.Dropped != w[0] {
			t.Errorf("%s: got %+v, want %v", key, f, w)
			continue
		}
		tab := stats.Table{A: w[1], B: w[0], C: total[1] - w[1], D: total[0] - w[0]}
		odds, iv := tab.OddsRatio()
		if f.Odds != odds || f.Low != iv.Low || f.High != iv.High || f.P != tab.P() || f.Rate < f.P {
			t.Errorf("%s: got %+v", key, f)
		}
		sure := key == "event help" || f.Name == "plan" && f.Value.Text == "p2"
		if sure != (f.Rate < 1e-6) && f.Name != "plan" || f.Low > f.Odds || f.High < f.Odds || math.IsNaN(f.Rate) {
			t.Errorf("%s: odds %g in %g to %g, rate %g", key, f.Odds, f.Low, f.High, f.Rate)
		}
	}
	if got.Factors[0].Name != "help" || got.Factors[0].Odds < 3 {
		t.Errorf("the surest factor is %+v", got.Factors[0])
	}
}

func TestBadCorrelations(t *testing.T) {
	t.Parallel()
	s := load(t, []core.Event{event(1, day(1), "A", "")})
	const rg = `"range":{"from":"2020-01-01","to":"2020-01-05"}`
	funnel := `{"kind":"funnel",` + rg + `,"funnel":{"steps":[{"event":"A"},{"event":"B"}]}}`
	for _, c := range []struct {
		field, spec string
		o           query.CorrelateOptions
	}{
		{"kind", `{"kind":"growth",` + rg + `,"growth":{"event":"A","interval":"day"}}`, query.CorrelateOptions{Events: true}},
		{"funnel.counting", `{"kind":"funnel",` + rg + `,"funnel":{"counting":"all","steps":[{"event":"A"},{"event":"B"}]}}`, query.CorrelateOptions{Events: true}},
		{"funnel.steps", `{"kind":"funnel",` + rg + `,"funnel":{"steps":[{"event":"A"}]}}`, query.CorrelateOptions{Events: true}},
		{"correlate", funnel, query.CorrelateOptions{}},
		{"correlate.properties[0]", funnel, query.CorrelateOptions{Properties: []string{""}}},
		{"correlate.limit", funnel, query.CorrelateOptions{Events: true, Limit: -1}},
	} {
		if _, err := query.Correlate(context.Background(), s, parse(t, "%s", c.spec), env(), c.o); query.FieldOf(err) != c.field {
			t.Errorf("%s: got %v, want field %s", c.spec, err, c.field)
		}
	}
}
