package query_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// stayList gives fixed stays.
type stayList map[core.CustomerID][]query.Stay

func (s stayList) Of(c core.CustomerID) []query.Stay { return s[c] }

// slowPoint is what the reference knows of a touchpoint.
type slowPoint struct {
	who, starts, ended, open map[core.CustomerID]bool
	visits                   int64
	places, times            []float64
}

type slowMap struct {
	points map[string]*slowPoint
	moves  map[string]*slowPoint // who, visits (times) and times
	people map[core.CustomerID]bool
}

func (m *slowMap) at(in map[string]*slowPoint, key string) *slowPoint {
	if in[key] == nil {
		set := func() map[core.CustomerID]bool { return map[core.CustomerID]bool{} }
		in[key] = &slowPoint{who: set(), starts: set(), ended: set(), open: set()}
	}
	return in[key]
}

// slowJourney walks each customer's touchpoints as texts; name gives "" for what is
// none.
func slowJourney(people map[core.CustomerID][]core.Event, quiet core.Micros, name func(e *core.Event) string) *slowMap {
	m := &slowMap{points: map[string]*slowPoint{}, moves: map[string]*slowPoint{}, people: map[core.CustomerID]bool{}}
	for c, events := range people {
		var keys []string
		var begin, end []core.Micros
		for i := range events {
			k := name(&events[i])
			if k == "" {
				continue
			}
			if n := len(keys); n > 0 && keys[n-1] == k {
				end[n-1] = events[i].Time
				continue
			}
			keys, begin, end = append(keys, k), append(begin, events[i].Time), append(end, events[i].Time)
		}
		seen := map[string]bool{}
		for i, k := range keys {
			m.people[c] = true
			p := m.at(m.points, k)
			p.visits++
			if i == 0 {
				p.starts[c] = true
			}
			if !seen[k] {
				seen[k] = true
				p.places = append(p.places, float64(len(seen)))
				if i > 0 {
					p.times = append(p.times, float64(begin[i]-end[i-1]))
				}
			}
			p.who[c] = true
			if i > 0 {
				v := m.at(m.moves, keys[i-1]+" > "+k)
				if v.visits++; !v.who[c] {
					v.who[c] = true
					v.times = append(v.times, float64(begin[i]-end[i-1]))
				}
			}
			if i == len(keys)-1 {
				if end[i] < quiet {
					p.ended[c] = true
				} else {
					p.open[c] = true
				}
			}
		}
	}
	return m
}

func median(v []float64) float64 {
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func TestJourneyEqualsReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(71, 1))
	customers := 600
	if testing.Short() {
		customers = 150
	}
	stays := stayList{}
	var events []core.Event
	sections := []string{"/", "/blog/1", "/blog/2?x=1", "/shop", "/shop/p/1", "https://shop.example/help/a", "/rare", ""}
	for c := core.CustomerID(1); c <= core.CustomerID(customers); c++ {
		at := day(1) + r.Int64N(30)*core.Day
		for range r.IntN(12) {
			at += core.Minute + r.Int64N(5*core.Day)
			e := event(c, at, []string{"View", "Buy", "Mail", "Noise"}[r.IntN(4)], "")
			if r.IntN(3) == 0 {
				e.Kind, e.Name = core.KindPage, "Any"
				if p := sections[r.IntN(len(sections))]; p != "" {
					e.Props = []byte(fmt.Sprintf(`{"path":%q}`, p))
				}
			}
			events = append(events, e)
		}
		mid := day(1) + r.Int64N(60)*core.Day
		stays[c] = []query.Stay{{Key: "new", From: day(1), To: mid}, {Key: "loyal", From: mid, To: math.MaxInt64}}
		if c%5 == 0 {
			delete(stays, c)
		}
	}
	s := load(t, events)
	for round := range 8 {
		staged, few := round%2 == 1, round%4 >= 2
		stage, sections := "", 10
		if staged {
			stage = `,"stage":"main"`
		}
		if few {
			sections = 3
		}
		spec := fmt.Sprintf(`{"kind":"journey","range":{"from":"2020-01-05","to":"2020-03-01"},"journey":{"quiet":"9d","sections":%d,"moves":500,"touchpoints":[
			{"name":"Web","channel":"web","section":"path","events":[{"kind":"page"}]},{"name":"View","events":[{"event":"View"},{"event":"Buy","where":[{"name":"none","op":"set"}]}]},{"name":"Buy","events":[{"event":"Buy"}]},{"name":"Mail","channel":"email","events":[{"event":"Mail"}]}]%s}}`, sections, stage)
		e := env()
		e.Stays = func(context.Context, string, string) (query.Stays, error) { return stays, nil }
		people := history(slices.DeleteFunc(slices.Clone(events), func(e core.Event) bool { return e.Time < day(5) || e.Time >= day(61) }))
		kept := map[string]bool{}
		section := func(e *core.Event) string {
			v, _ := core.Lookup(e.Props, "path")
			return map[string]string{"/": "Web /", "/blog/1": "Web /blog", "/blog/2?x=1": "Web /blog", "/shop": "Web /shop", "/shop/p/1": "Web /shop", "https://shop.example/help/a": "Web /help", "/rare": "Web /rare", "": "Web"}[v.Text]
		}
		if few {
			sums := map[string]map[core.CustomerID]bool{}
			for c, list := range people {
				for i := range list {
					if list[i].Kind == core.KindPage {
						k := section(&list[i])
						if sums[k] == nil {
							sums[k] = map[core.CustomerID]bool{}
						}
						sums[k][c] = true
					}
				}
			}
			var names []string
			for k := range sums {
				names = append(names, k)
			}
			slices.SortFunc(names, func(a, b string) int {
				if d := len(sums[b]) - len(sums[a]); d != 0 {
					return d
				}
				return strings.Compare(a, b)
			})
			for _, k := range names[:3] {
				kept[k] = true
			}
		}
		want := slowJourney(people, day(61)-9*core.Day, func(e *core.Event) string {
			k := e.Name
			if e.Kind == core.KindPage {
				if k = section(e); few && !kept[k] {
					k = "Web (other)"
				}
			} else if k == "Noise" {
				return ""
			}
			if !staged {
				return k
			}
			in := "(none)"
			for _, st := range stays[e.Customer] {
				if e.Time >= st.From && e.Time < st.To {
					in = st.Key
				}
			}
			return in + "/" + k
		})
		compareJourney(t, s, e, spec, want)
	}
}

func compareJourney(t *testing.T, s query.Source, e query.Env, spec string, want *slowMap) {
	t.Helper()
	got := ask(t, s, e, "%s", spec).Journey
	if got.Customers != int64(len(want.people)) || len(got.Moves) != len(want.moves) || got.MoreMoves != 0 {
		t.Fatalf("%s: %d customers and %d moves, want %d and %d", spec, got.Customers, len(got.Moves), len(want.people), len(want.moves))
	}
	people := func(cell query.Cell, n int64) {
		t.Helper()
		who, err := query.People(context.Background(), s, parse(t, "%s", spec), e, cell)
		if err != nil || who.Total != n || int64(len(who.People)) != n {
			t.Errorf("%s: %+v: %v, error %v, want %d people", spec, cell, who, err, n)
		}
	}
	people(query.Cell{}, got.Customers)
	points := 0
	for _, stage := range got.Stages {
		last := 0.0
		for _, p := range stage.Points {
			points++
			w := want.points[p.Key]
			if w == nil {
				t.Errorf("%s: nothing is called %q", spec, p.Key)
				continue
			}
			if p.Customers != int64(len(w.who)) || p.Visits != w.visits || p.Starts != int64(len(w.starts)) || p.Ended != int64(len(w.ended)) || p.UnderWay != int64(len(w.open)) || p.Position != median(w.places) ||
				p.Position < last || p.Share != float64(p.Customers)/float64(got.Customers) || p.DropOff != float64(p.Ended)/float64(p.Customers) {
				t.Errorf("%s: got %+v, want %d customers, %d visits, %d starts, %d ended, %d under way, at %g after %g", spec, p, len(w.who), w.visits, len(w.starts), len(w.ended), len(w.open), median(w.places), last)
			}
			last = p.Position
			sameTime(t, p.Key, p.Before, w.times)
			people(query.Cell{Node: p.Key}, p.Customers)
			people(query.Cell{Node: p.Key, Outcome: query.OutcomeDropped}, p.Ended)
			people(query.Cell{Node: p.Key, Outcome: query.OutcomePending}, p.UnderWay)
		}
	}
	if points != len(want.points) {
		t.Errorf("%s: got %d touchpoints, want %d", spec, points, len(want.points))
	}
	for i, m := range got.Moves {
		w := want.moves[m.From+" > "+m.To]
		if w == nil || m.Customers != int64(len(w.who)) || m.Times != w.visits || m.Share != float64(m.Customers)/float64(len(want.points[m.From].who)) {
			t.Errorf("%s: move %+v, want %+v", spec, m, w)
			continue
		}
		sameTime(t, m.From+m.To, m.Time, w.times)
		if i < 10 {
			people(query.Cell{Node: m.From, Next: m.To}, m.Customers)
		}
	}
}

func sameTime(t *testing.T, what string, got *query.JourneyTime, want []float64) {
	t.Helper()
	if (got == nil) != (len(want) == 0) {
		t.Errorf("%s: time %v of %d", what, got, len(want))
	}
	if got != nil && (got.N != int64(len(want)) || math.Abs(float64(got.Median)-median(want)) > 1 || math.Abs(got.Percentiles[1].Value-median(want)) > 1e-6) {
		t.Errorf("%s: time %+v, want the median %g of %d", what, got, median(want), len(want))
	}
}

func TestJourneyChecks(t *testing.T) {
	t.Parallel()
	const head = `{"kind":"journey","range":{"last":"30d"},"journey":{`
	for field, rest := range map[string]string{
		"journey.touchpoints[0].name": `"touchpoints":[{"events":[{"event":"A"}]}]`, "journey.touchpoints[0].events": `"touchpoints":[{"name":"a"}]`, "journey.touchpoints[0].events[0].event": `"touchpoints":[{"name":"a","events":[{}]}]`,
		"journey.touchpoints[1].name": `"touchpoints":[{"name":"a","events":[{"event":"A"}]},{"name":"a","events":[{"event":"B"}]}]`, "journey.quiet": `"quiet":"soon"`, "journey.sections": `"sections":51`, "journey.moves": `"moves":-1`,
		"journey.percentiles": `"percentiles":[101]`,
	} {
		refused(t, field, "%s", head+rest+"}}")
	}
	spec, s := parse(t, "%s", head+"}}"), load(t, []core.Event{event(1, day(1), "A", "")})
	for field, cell := range map[string]query.Cell{"cell.node": {Outcome: "dropped"}, "cell.outcome": {Node: "a", Outcome: "lost"}, "cell.step": {Step: 1}} {
		if _, err := query.People(context.Background(), s, spec, env(), cell); query.FieldOf(err) != field {
			t.Errorf("%+v: error %v, want one of %s", cell, err, field)
		}
	}
	stage := parse(t, "%s", head+`"stage":"main"}}`)
	if _, err := query.Run(context.Background(), s, stage, env()); query.FieldOf(err) != "journey.stage" {
		t.Errorf("a stage without stages: %v", err)
	}
}

// TestMapsAreBounded: paths of channels and touchpoints without end are refused, not
// kept.
func TestMapsAreBounded(t *testing.T) {
	t.Parallel()
	var events []core.Event
	for c := core.CustomerID(1); c <= 3000; c++ {
		for k := range 8 {
			e := event(c, day(1)+int64(k)*core.Day, "Any", fmt.Sprintf(`{"path":"/s%d-%d/x"}`, c, k))
			e.Kind = core.KindPage
			e.Context.UTMSource = fmt.Sprintf("s%d", (int(c)>>k)%7)
			events = append(events, e)
		}
	}
	s, small := load(t, events), env()
	small.Budget = 1 << 18
	var rules []string
	for i := range 7 {
		rules = append(rules, fmt.Sprintf(`{"channel":"c%d","source":["s%d"]}`, i, i))
	}
	for _, text := range []string{
		`{"kind":"journey","range":{"from":"2020-01-01","to":"2020-02-01"},"journey":{}}`,
		`{"kind":"attribution","range":{"from":"2020-01-01","to":"2020-02-01"},"attribution":{"conversion":{"event":"A"},"channels":[` + strings.Join(rules, ",") + `]}}`,
	} {
		if _, err := query.Run(context.Background(), s, parse(t, "%s", text), small); errs.CodeOf(err) != "query_too_large" {
			t.Errorf("%s over budget: got %v", text[:30], err)
		}
		if _, err := query.Run(context.Background(), s, parse(t, "%s", text), env()); err != nil {
			t.Errorf("%s within budget: got %v", text[:30], err)
		}
	}
}
