package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// spells is a history of stages or of a segment.
type spells map[core.CustomerID][]query.Stay

func (s spells) Of(c core.CustomerID) []query.Stay { return s[c] }

// known is a timeline with the history of its customers.
type known struct {
	people map[core.CustomerID][]core.Event
	stage  spells
	vip    spells
	now    core.Micros
}

func randomKnown(r *rand.Rand, customers int) (*known, []core.Event) {
	events := crowd(r, customers, 8, day(1), 7*core.Day, 3*core.Hour)
	k := &known{stage: spells{}, vip: spells{}}
	for c := core.CustomerID(1); int(c) <= customers; c++ {
		for range r.IntN(5) {
			e := event(c, day(1)-core.Day+r.Int64N(72)*3*core.Hour, "", fmt.Sprintf(`{"tier":"t%d"}`, r.IntN(3)))
			switch r.IntN(6) {
			case 0, 1:
				e.Props = []byte(fmt.Sprintf(`{"level":%d}`, r.IntN(4)))
			case 2:
				e.Props = []byte(`{"tier":null}`)
			case 3:
				e.Props = []byte(`{"level":null}`)
			}
			e.Kind = core.KindIdentify
			events = append(events, e)
		}
		for at := day(1); at < day(8) && r.IntN(5) > 0; {
			to := at + (1+r.Int64N(20))*3*core.Hour
			if r.IntN(4) == 0 {
				to = math.MaxInt64
			}
			k.stage[c] = append(k.stage[c], query.Stay{Key: fmt.Sprintf("s%d", r.IntN(3)), From: at, To: to})
			if r.IntN(2) == 0 {
				k.vip[c] = append(k.vip[c], query.Stay{From: at, To: to})
			}
			if at = to; to == math.MaxInt64 {
				break
			}
			at += r.Int64N(3) * 3 * core.Hour
		}
	}
	r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	k.people = history(events)
	return k, events
}

func (k *known) env() query.Env {
	e := env()
	e.Now = k.now
	e.Stays = func(_ context.Context, by, name string) (query.Stays, error) {
		switch by + name {
		case "stagemain":
			return k.stage, nil
		case "segmentvip":
			return k.vip, nil
		}
		return nil, errs.New(errs.NotFound, "unknown_name", "there is no %s %s", by, name)
	}
	return e
}

// value is the reference: what the customer of an event was, as JSON, "" for
// nothing. place is the event's index in its customer's timeline.
func (k *known) value(c core.CustomerID, place int, by, name, when string) string {
	list := k.people[c]
	until := list[place].Time
	if when == "now" {
		until, place = k.now, len(list)-1
	}
	switch by {
	case "trait":
		for i := place; i >= 0; i-- {
			if list[i].Kind != core.KindIdentify || list[i].Time >= k.now {
				continue
			}
			if core.IsNull(list[i].Props, name) {
				return "" // a null takes the trait away
			}
			if v, ok := core.Lookup(list[i].Props, name); ok {
				raw, err := json.Marshal(v.Text)
				if err != nil {
					panic(err)
				}
				if v.Kind == core.ValueNumber {
					raw = []byte(v.Text)
				}
				return string(raw)
			}
		}
	case "stage":
		for _, s := range k.stage[c] {
			if until >= s.From && until < s.To {
				return `"` + s.Key + `"`
			}
		}
	case "segment":
		for _, s := range k.vip[c] {
			if until >= s.From && until < s.To {
				return `"in"`
			}
		}
		return `"out"`
	}
	return ""
}

// written gives the same timelines with the value as a property of each event.
func (k *known) written(events []core.Event, by, name, when string) []core.Event {
	out := slices.Clone(events)
	places := map[string]int{}
	for _, list := range k.people {
		for i, e := range list {
			places[e.ID] = i
		}
	}
	for i := range out {
		v := k.value(out[i].Customer, places[out[i].ID], by, name, when)
		if v != "" {
			out[i].Props = []byte(strings.TrimSuffix(string(out[i].Props), "}") + `,"dim":` + v + "}")
		}
	}
	return out
}

func without(t *testing.T, r *query.Result) string {
	t.Helper()
	c := *r
	c.Meta = query.Meta{Values: r.Meta.Values, Truncated: r.Meta.Truncated}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestCustomerDimensionsEqualProperties compares breakdowns and conditions on
// customers with the same on a property into which the value was written.
func TestCustomerDimensionsEqualProperties(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(61, 62))
	customers := 700
	if testing.Short() {
		customers = 150
	}
	k, events := randomKnown(r, customers)
	for i := range events {
		events[i].ID = fmt.Sprintf("id-%d", i)
	}
	k.people = history(events)
	s := load(t, events)
	k.now = day(6) + 5*core.Hour
	const rg = `"range":{"from":"2020-01-02","to":"2020-01-06"}`
	for _, d := range []struct{ by, name, match string }{
		{"trait", "tier", `"op":"is","value":"t1"`},
		{"trait", "level", `"op":"gte","value":2`},
		{"trait", "tier", `"op":"not_set"`},
		{"stage", "main", `"op":"in","value":["s0","s2"]`},
		{"segment", "vip", `"op":"is","value":"in"`},
	} {
		for _, when := range []string{"event", "now"} {
			plain := load(t, k.written(events, d.by, d.name, when))
			at := fmt.Sprintf(`"at":%q`, when)
			if when == "event" {
				at = `"top":2`
			}
			for _, text := range []string{
				`{"kind":"trend",` + rg + `%[2]s,"trend":{"interval":"day","series":[{"kind":"any"},{"event":"B","measure":"customers"},{"event":"A","measure":"active","days":2}],"breakdown":{%[1]s}}}`,
				`{"kind":"retention",` + rg + `%[2]s,"retention":{"start":{"event":"A"},"return":{"kind":"any"},"unit":"day","entry":"first_ever","breakdown":{%[1]s}}}`,
				`{"kind":"funnel",` + rg + `%[2]s,"funnel":{"window":"2d","steps":[{"event":"A"},{"event":"B"}],"breakdown":{%[1]s}}}`,
				`{"kind":"funnel",` + rg + `%[2]s,"funnel":{"window":"2d","order":"strict","steps":[{"event":"A"},{"kind":"any"}],"breakdown":{%[1]s}}}`,
				`{"kind":"growth",` + rg + `%[2]s,"growth":{"event":"B","interval":"day","new":"first_seen"}}`,
				`{"kind":"stickiness",` + rg + `%[2]s,"stickiness":{"kind":"any","interval":"day"}}`,
			} {
				where, dim := "", fmt.Sprintf(`"by":%q,"property":%q,%s`, d.by, d.name, at)
				whereP, dimP := "", `"property":"dim"`
				if when == "event" {
					dimP += `,"top":2`
				}
				for range 2 {
					got := ask(t, s, k.env(), "%s", fmt.Sprintf(text, dim, where))
					want := ask(t, plain, k.env(), "%s", fmt.Sprintf(text, dimP, whereP))
					if without(t, got) != without(t, want) {
						t.Fatalf("%s\ngot  %s\nwant %s", fmt.Sprintf(text, dim, where), without(t, got), without(t, want))
					}
					where = fmt.Sprintf(`,"where_customer":[{"by":%q,"name":%q,"at":%q,%s}]`, d.by, d.name, when, d.match)
					whereP = fmt.Sprintf(`,"where":[{"name":"dim",%s}]`, d.match)
				}
			}
		}
	}
}

// TestWho asks for customers who meet a condition, and checks that people and
// explanations know it.
func TestWho(t *testing.T) {
	t.Parallel()
	s := load(t, []core.Event{event(1, day(1), "A", ""), event(2, day(1), "A", ""), event(3, day(1), "A", "")})
	e := env()
	e.Members = func(_ context.Context, n *expr.Node) (func(core.CustomerID) bool, error) {
		if n.Trait == nil || n.Trait.Name != "plan" {
			return nil, fmt.Errorf("unexpected condition %+v", n)
		}
		return func(c core.CustomerID) bool { return c != 2 }, nil
	}
	e.Customer = func(c core.CustomerID) bool { return c != 3 }
	const text = `{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-02"},"who":{"trait":{"name":"plan","op":"is","value":"pro"}},"trend":{"interval":"day","series":[{"event":"A"}]}}`
	if res := ask(t, s, e, text); *res.Trend.Lines[0].Total.Value != 1 {
		t.Errorf("got %+v", res.Trend.Lines[0].Total)
	}
	p, err := query.People(context.Background(), s, parse(t, text), e, query.Cell{})
	if err != nil || p.Total != 1 || p.People[0].ID != 1 {
		t.Errorf("people: got %+v, %v", p, err)
	}
	if x, err := query.Explain(context.Background(), s, parse(t, text), e, 2, &query.Cell{}); err != nil || x.In || x.Reason.Code != query.WhyOther {
		t.Errorf("explain: got %+v, %v", x, err)
	}
	if _, err := query.Run(context.Background(), s, parse(t, text), env()); query.FieldOf(err) != "who" {
		t.Errorf("without members: got %v", err)
	}
}

func TestBadCustomerDimensions(t *testing.T) {
	t.Parallel()
	const head = `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-02"},`
	for field, part := range map[string]string{
		"who.trait":              `"who":{"trait":{"name":"plan","op":"like"}},"funnel":{"steps":[{"event":"A"}]}}`,
		"where_customer[0].by":   `"where_customer":[{"name":"plan","op":"set"}],"funnel":{"steps":[{"event":"A"}]}}`,
		"where_customer[0].at":   `"where_customer":[{"by":"trait","name":"plan","op":"set","at":"noon"}],"funnel":{"steps":[{"event":"A"}]}}`,
		"where_customer[0].name": `"where_customer":[{"by":"trait","op":"set"}],"funnel":{"steps":[{"event":"A"}]}}`,
		"where_customer[0]":      `"where_customer":[{"by":"trait","name":"x","op":"gt","value":true}],"funnel":{"steps":[{"event":"A"}]}}`,
		"funnel.breakdown.by":    `"funnel":{"steps":[{"event":"A"}],"breakdown":{"by":"mood","property":"x"}}}`,
		"funnel.breakdown.at":    `"funnel":{"steps":[{"event":"A"}],"breakdown":{"property":"x","at":"now"}}}`,
	} {
		refused(t, field, "%s", head+part)
	}
	s := load(t, []core.Event{event(1, day(1), "A", "")})
	k := &known{now: shopNow}
	stage := parse(t, "%s", head+`"funnel":{"steps":[{"event":"A"}],"breakdown":{"by":"stage","property":"main"}}}`)
	if _, err := query.Run(context.Background(), s, stage, env()); query.FieldOf(err) != "funnel.breakdown.by" {
		t.Errorf("without stays: got %v", err)
	}
	stage.Funnel.Breakdown.Property = "nothing"
	if _, err := query.Run(context.Background(), s, stage, k.env()); errs.KindOf(err) != errs.NotFound {
		t.Errorf("unknown model: got %v", err)
	}
}

// TestExplainTraitAtEvent names the condition on the customer that refused.
func TestExplainTraitAtEvent(t *testing.T) {
	t.Parallel()
	tier := event(1, day(1)+2*core.Hour, "", `{"tier":"gold"}`)
	tier.Kind = core.KindIdentify
	late := tier
	late.Customer, late.Time, late.Received = 2, day(1), day(9)
	s := load(t, []core.Event{event(1, day(1)+core.Hour, "A", ""), tier, event(1, day(1)+3*core.Hour, "B", ""), late, event(2, day(1)+core.Hour, "A", "")})
	known := time.UnixMicro(day(4)).UTC()
	spec := parse(t, `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-02"},"where_customer":[{"by":"trait","name":"tier","op":"is","value":"gold"}],"funnel":{"steps":[{"event":"A"}]}}`)
	spec.AsKnown = &known
	for c := core.CustomerID(1); c <= 2; c++ {
		x, err := query.Explain(context.Background(), s, spec, env(), c, &query.Cell{Step: 1})
		if err != nil || x.In || x.Reason.Code != query.WhyNoEvent || x.Reason.Event == nil || x.Reason.Condition == nil || x.Reason.Condition.By != "trait" || x.Reason.Condition.Name != "tier" {
			t.Errorf("customer %d: got %+v, %v", c, x.Reason, err)
		}
	}
}
