package lifecycle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// A model whose stages are worked out below by hand.
const modelText = `{"key":"hand","name":"By hand","stages":[
{"key":"new","label":"New","when":{"did":{"kind":"any","op":"gte","value":1}}},
{"key":"viewer","label":"Viewer","when":{"did":{"event":"Viewed","op":"gte","value":2}}},
{"key":"buyer","label":"Buyer","when":{"did":{"event":"Bought","op":"gte","value":1}}},
{"key":"regular","label":"Regular","when":{"did":{"event":"Bought","op":"gte","value":3,"window":{"last":"60d"}}}},
{"key":"dormant","label":"Dormant","off_path":true,"when":{"lapse":{"event":"Bought","days":40,"gap_multiple":2,"min_days":10,"max_days":70}}},
{"key":"lost","label":"Lost","off_path":true,"when":{"lapse":{"event":"Bought","days":100}}}]}`

func definition(t testing.TB, text string) lifecycle.Definition {
	t.Helper()
	var d lifecycle.Definition
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// past is one customer's history for the slow way.
type past struct {
	times []core.Micros
	names []string
}

// times of one kind of event up to an instant.
func (p *past) of(name string, upto core.Micros) []core.Micros {
	var out []core.Micros
	for i, t := range p.times {
		if t <= upto && (name == "" || p.names[i] == name) {
			out = append(out, t)
		}
	}
	return out
}

// dormantAt is when a lapse with two median gaps begins, kept within 10 and 70
// days; 40 days while there are fewer than two gaps between days.
func dormantAt(orders []core.Micros) core.Micros {
	var firsts []core.Micros
	for _, t := range orders {
		if n := len(firsts); n == 0 || firsts[n-1]/core.Day != t/core.Day {
			firsts = append(firsts, t)
		}
	}
	wait := 40 * core.Day
	if len(firsts) >= 3 {
		var gaps []core.Micros
		for i := 1; i < len(firsts); i++ {
			gaps = append(gaps, firsts[i]-firsts[i-1])
		}
		slices.Sort(gaps)
		two := 2 * gaps[len(gaps)/2]
		if len(gaps)%2 == 0 {
			two = gaps[len(gaps)/2-1] + gaps[len(gaps)/2]
		}
		wait = min(max(two, 10*core.Day), 70*core.Day)
	}
	return orders[len(orders)-1] + wait
}

// stage gives the stage at an instant, -1 for none, by looking at everything.
func (p *past) stage(at core.Micros) int16 {
	orders := p.of("Bought", at)
	if n := len(orders); n > 0 {
		if at >= orders[n-1]+100*core.Day {
			return 5
		}
		if at >= dormantAt(orders) {
			return 4
		}
		recent := slices.DeleteFunc(slices.Clone(orders), func(t core.Micros) bool { return t <= at-60*core.Day })
		if len(recent) >= 3 {
			return 3
		}
		return 2
	}
	if len(p.of("Viewed", at)) >= 2 {
		return 1
	}
	if len(p.of("", at)) > 0 {
		return 0
	}
	return -1
}

// stays lists the stays up to an instant: the stage is looked at whenever it
// could change.
func (p *past) stays(now core.Micros) []lifecycle.Span {
	moments := slices.Clone(p.times)
	for _, t := range p.of("Bought", now) {
		orders := p.of("Bought", t)
		moments = append(moments, t+60*core.Day, t+100*core.Day, dormantAt(orders))
	}
	slices.Sort(moments)
	var out []lifecycle.Span
	last := int16(-1)
	for _, at := range slices.Compact(moments) {
		st := p.stage(at)
		if at > now || st == last {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Left == lifecycle.Forever {
			out[n-1].Left = at
		}
		out = append(out, lifecycle.Span{N: int32(len(out) + 1), Stage: st, Entered: at, Left: lifecycle.Forever})
		last = st
	}
	return out
}

// randomPasts makes histories and the messages that tell them, in any order.
func randomPasts(rnd *rand.Rand, customers int) (map[string]*past, []core.Message) {
	all := map[string]*past{}
	var msgs []core.Message
	for c := range customers {
		user := fmt.Sprint("u", c)
		p := &past{}
		for range 1 + rnd.IntN(14) {
			p.times = append(p.times, days(rnd.Float64()*140))
		}
		slices.Sort(p.times)
		for _, t := range p.times {
			name := []string{"Viewed", "Viewed", "Bought", "Bought", "Other"}[rnd.IntN(5)]
			p.names = append(p.names, name)
			msgs = append(msgs, event(user, name, t))
		}
		all[user] = p
	}
	rnd.Shuffle(len(msgs), func(i, j int) { msgs[i], msgs[j] = msgs[j], msgs[i] })
	return all, msgs
}

// expected gives the stays of all, by customer number.
func (h *house) expected(all map[string]*past) []lifecycle.Span {
	h.t.Helper()
	var out []lifecycle.Span
	numbers := h.numbers()
	for user, p := range all {
		c := numbers[user]
		for _, sp := range p.stays(h.now()) {
			sp.Customer = c
			out = append(out, sp)
		}
	}
	slices.SortFunc(out, func(a, b lifecycle.Span) int {
		if a.Customer != b.Customer {
			return int(a.Customer - b.Customer)
		}
		return int(a.N - b.N)
	})
	return out
}

func TestStagesAgainstTheSlowWay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			h := newHouse(t, d)
			rnd := rand.New(rand.NewPCG(seed, 3))
			live := h.create(definition(t, modelText)) // before any event
			all, msgs := randomPasts(rnd, 25)
			h.send(1+rnd.IntN(60), msgs...)
			want := h.expected(all)
			h.same("live", live, want)

			// Days later the timers have fired; the past stays as it was.
			h.clock.Advance(45 * 24 * 3600e9)
			h.settle()
			want = h.expected(all)
			h.same("after 45 days", live, want)

			// A model made now, and a new version of one, are computed to the same.
			late := definition(t, modelText)
			late.Key = "late"
			h.same("backfill", h.create(late), want)
			short := definition(t, modelText)
			short.Stages = short.Stages[:3]
			if _, err := h.life.Update(context.Background(), ws, live.ID, short, "tester"); err != nil {
				t.Fatal(err)
			}
			h.built(live.ID)
			if _, err := h.life.Update(context.Background(), ws, live.ID, definition(t, modelText), "tester"); err != nil {
				t.Fatal(err)
			}
			live = h.built(live.ID)
			h.same("version 3", live, want)
			if live.Version != 3 {
				t.Errorf("version %d", live.Version)
			}
			h.boards(rnd, live, want)
		})
	}
}

// same compares the stays of a model with those worked out.
func (h *house) same(what string, m lifecycle.Model, want []lifecycle.Span) {
	h.t.Helper()
	got, err := h.life.Spans(context.Background(), ws, m)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			h.t.Fatalf("%s: %d stays, want %d; the first that differ:\n got %+v\nwant %+v", what, len(got), len(want), got[min(i, len(got)-1):min(i+3, len(got))], want[min(i, len(want)-1):min(i+3, len(want))])
		}
	}
}

// boards compares all numbers of boards with counting stays one by one.
func (h *house) boards(rnd *rand.Rand, m lifecycle.Model, stays []lifecycle.Span) {
	h.t.Helper()
	ctx := context.Background()
	for range 20 {
		from := days(rnd.Float64() * 150)
		q := lifecycle.BoardQuery{From: from, To: from + core.Micros(1+rnd.IntN(90))*core.Day, Window: core.Micros(1+rnd.IntN(40)) * core.Day, SparkPoints: 2 + rnd.IntN(9)}
		q.At = q.To
		if rnd.IntN(3) == 0 {
			q.At = q.From + (q.To-q.From)/2
		}
		b, err := h.life.Board(ctx, ws, m, q)
		if err != nil {
			h.t.Fatal(err)
		}
		inAny := int64(0)
		for s := range m.Stages {
			st, want := b.Stages[s], slowStage(m, stays, int16(s), q)
			inAny += want.count
			got := slow{st.Count, st.In, st.Out, st.Converted.Numerator, st.Converted.Denominator, st.Converted.Pending, int64(st.Dwell.N), int64(st.Dwell.Open)}
			if got != want {
				h.t.Errorf("%+v stage %s: %+v, want %+v", q, m.Stages[s].Key, got, want)
			}
			if st.Converted.Valid != (want.entered > 0) || st.Converted.Valid && st.Converted.Value != float64(want.done)/float64(want.entered) {
				h.t.Errorf("%+v stage %s: rate %+v", q, m.Stages[s].Key, st.Converted)
			}
			for i, n := range st.Spark {
				at := q.From + (q.To-q.From)*core.Micros(i)/core.Micros(q.SparkPoints-1)
				if want := countSlow(stays, int16(s), at); n != want {
					h.t.Errorf("%+v stage %s: spark %d is %d, want %d", q, m.Stages[s].Key, i, n, want)
				}
			}
		}
		if b.Customers != inAny {
			h.t.Errorf("%+v: %d customers, want %d", q, b.Customers, inAny)
		}
	}
	h.throughTime(m, stays)
}

type slow struct{ count, in, out, done, entered, pending, stays, open int64 }

func countSlow(stays []lifecycle.Span, s int16, at core.Micros) (n int64) {
	for _, sp := range stays {
		if sp.Stage == s && sp.Entered <= at && at < sp.Left {
			n++
		}
	}
	return n
}

// slowStage counts one stage of a board.
func slowStage(m lifecycle.Model, stays []lifecycle.Span, s int16, q lifecycle.BoardQuery) slow {
	w := slow{count: countSlow(stays, s, q.At)}
	firstOf := map[core.CustomerID]bool{}
	for i, sp := range stays {
		if sp.Stage != s || sp.Entered > q.At {
			continue
		}
		w.stays++
		if sp.Left > q.At {
			w.open++
		}
		if q.From <= sp.Entered && sp.Entered < q.To {
			w.in++
		}
		if q.From <= sp.Left && sp.Left < q.To {
			w.out++
		}
		if m.Stages[s].OffPath || firstOf[sp.Customer] {
			continue
		}
		firstOf[sp.Customer] = true
		reached := false
		for _, later := range stays[i+1:] {
			if later.Customer == sp.Customer && later.Stage > s && !m.Stages[later.Stage].OffPath && later.Entered <= sp.Entered+q.Window && later.Entered <= q.At {
				reached = true
			}
		}
		end := min(q.To, q.At)
		switch {
		case sp.Entered < q.From-q.Window || sp.Entered >= end:
		case sp.Entered < end-q.Window:
			w.entered++
			if reached {
				w.done++
			}
		case !reached:
			w.pending++
		}
	}
	return w
}

// throughTime compares the time-lapse and the flow.
func (h *house) throughTime(m lifecycle.Model, stays []lifecycle.Span) {
	h.t.Helper()
	times := []core.Micros{days(0), days(20), days(20.5), days(77), days(180)}
	lapse, err := h.life.Timelapse(context.Background(), ws, m, times)
	if err != nil {
		h.t.Fatal(err)
	}
	links, err := h.life.Flow(context.Background(), ws, m, times)
	if err != nil {
		h.t.Fatal(err)
	}
	got := map[[3]int]int64{}
	for _, l := range links {
		got[[3]int{l.Period, l.From, l.To}] += l.Customers
	}
	want := map[[3]int]int64{}
	at := func(c core.CustomerID, t core.Micros) int {
		for _, sp := range stays {
			if sp.Customer == c && sp.Entered <= t && t < sp.Left {
				return int(sp.Stage)
			}
		}
		return -1
	}
	seen := map[core.CustomerID]bool{}
	for _, sp := range stays {
		if seen[sp.Customer] {
			continue
		}
		seen[sp.Customer] = true
		for i := 1; i < len(times); i++ {
			if from, to := at(sp.Customer, times[i-1]), at(sp.Customer, times[i]); from >= 0 || to >= 0 {
				want[[3]int{i - 1, from, to}]++
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		h.t.Errorf("flow %v, want %v", got, want)
	}
	for i, t := range times {
		for s := range m.Stages {
			if n := countSlow(stays, int16(s), t); lapse.Counts[i][s] != n {
				h.t.Errorf("frame %d stage %d: %d, want %d", i, s, lapse.Counts[i][s], n)
			}
			if i == 0 {
				continue
			}
			if moved := lapse.Counts[i][s] - lapse.Counts[i-1][s]; lapse.In[i][s]-lapse.Out[i][s] != moved {
				h.t.Errorf("frame %d stage %d: %d in and %d out, but %d more", i, s, lapse.In[i][s], lapse.Out[i][s], moved)
			}
		}
	}
}
