package query_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// timelineOf reads "A0 B10.00002" as events of c, minutes after day(1).
func timelineOf(c core.CustomerID, text string) []core.Event {
	var out []core.Event
	for _, word := range strings.Fields(text) {
		var m float64
		if _, err := fmt.Sscanf(word[1:], "%g", &m); err != nil {
			panic(err)
		}
		out = append(out, event(c, day(1)+int64(math.Round(m*float64(core.Minute))), word[:1], ""))
	}
	return out
}

func stepsJSON(steps string) string {
	var out []string
	for _, s := range strings.Split(steps, ",") {
		name, optional := strings.CutSuffix(s, "?")
		out = append(out, fmt.Sprintf(`{"event":%q,"optional":%t}`, name, optional))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func TestFunnelVectors(t *testing.T) {
	t.Parallel()
	cases := []struct {
		events, steps, order, exclude string
		reached                       string // by step; "excluded"; or "none"
	}{
		{"A0 B10", "A,B", "", "", "[1 1]"},
		{"A0 B10.00002", "A,B", "", "", "[1 0]"},
		{"A0 B4 A8 B9 C17", "A,B,C", "", "", "[1 1 1]"},
		{"A0 B1 A2 C9", "A,B,C", "", "", "[1 1 1]"},
		{"A0 B9 C11", "A,B,C", "", "", "[1 1 0]"},
		{"A0 A1", "A,A", "", "", "[1 1]"},
		{"A0", "A,A", "", "", "[1 0]"},
		{"C0 A0 B0 A0 B0 D0 E0 A0 C0 B0", "A,B,C,A,B,C,A,B,D,E", "", "", "[1 1 1 1 1 1 1 1 1 1]"},
		{"A0 X1 B2", "A,B", "", "X", "excluded"},
		{"A0 X11 B12", "A,B", "", "X", "[1 0]"},
		{"A0 X1 B2 A3 B4", "A,B", "", "X", "[1 1]"},
		{"A0 X1 B2 A3", "A,B", "", "X", "excluded"},
		{"A0 X1 B2", "A,B", "strict", "", "[1 0]"},
		{"X0 A1 B2", "A,B", "strict", "", "[1 1]"},
		{"A0 A1 B2", "A,B", "strict", "", "[1 1]"},
		{"B0 A3 C8", "A,B,C", "any", "", "[1 1 1]"},
		{"B0 A3 C11", "A,B,C", "any", "", "[1 1 0]"},
		{"B0", "A,B", "", "", "none"},
		{"B0", "A,B", "any", "", "[1 0]"},
		// Cases of our own: ties, exclusions inside an instant, optional steps.
		{"B5 A5", "A,B", "", "", "[1 1]"},
		{"X5 B5 A5", "A,B", "strict", "", "[1 1]"},
		{"A0 X1 B1", "A,B", "", "X", "[1 1]"},
		{"A0 X0 B1", "A,B", "", "X", "[1 1]"},
		{"A0 C1", "A,B?,C", "", "", "[1 0 1]"},
		{"A0 B1 C2", "A,B?,C", "", "", "[1 1 1]"},
		{"A0 B1", "A,B?,C", "", "", "[1 1 0]"},
		{"A0 B1 A2 X3", "A,B", "any", "X", "[1 1]"},
		{"A0 X1 B2", "A,B", "any", "X", "excluded"},
	}
	var events []core.Event
	for i, c := range cases {
		events = append(events, timelineOf(core.CustomerID(i+1), c.events)...)
	}
	s := load(t, events)
	for i, c := range cases {
		e := env()
		e.Customer = func(id core.CustomerID) bool { return id == core.CustomerID(i+1) }
		exclude := "[]"
		if c.exclude != "" {
			exclude = fmt.Sprintf(`[{"event":%q}]`, c.exclude)
		}
		res := ask(t, s, e, `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-02"},"funnel":{"window":"10m","order":%q,"steps":%s,"exclude":%s}}`, c.order, stepsJSON(c.steps), exclude)
		var reached []int64
		for _, x := range res.Funnel.Total.Steps {
			reached = append(reached, x.Reached)
		}
		got := fmt.Sprint(reached)
		switch {
		case res.Funnel.Total.Excluded > 0:
			got = "excluded"
		case res.Funnel.Total.Entered == 0:
			got = "none"
		}
		if got != c.reached {
			t.Errorf("%s, steps %s %s: got %s, want %s", c.events, c.steps, c.order, got, c.reached)
		}
	}
}

// slowTry is one attempt of the reference.
type slowTry struct {
	start   core.Micros
	depth   int
	times   []core.Micros // by step; -1 where it was not made
	plans   []string
	tainted bool
	ended   bool
}

// slowFunnel is the reference: every attempt on its own, every way to share out
// the events of an instant.
type slowFunnel struct {
	steps    []string
	optional []bool
	order    string
	exclude  string
	xfrom    int
	xto      int
	window   core.Micros
	from, to core.Micros
	now      core.Micros
	all      bool
	mode     string
}

// is says whether e serves step s; the step "*" takes every event, so that one
// event may serve several steps.
func (f *slowFunnel) is(e core.Event, s int) bool { return f.steps[s] == "*" || e.Name == f.steps[s] }

func (f *slowFunnel) any(e core.Event) bool {
	return slices.Contains(f.steps, "*") || slices.Contains(f.steps, e.Name)
}

// shares gives the best set of steps after depth that the events can serve.
func (f *slowFunnel) shares(events []core.Event, depth int) (best uint64) {
	if f.mode == "strict_increase" {
		for s := depth; s < len(f.steps); s++ {
			if slices.ContainsFunc(events, func(e core.Event) bool { return f.is(e, s) }) {
				best = 1 << s
			}
			if !f.optional[s] {
				break
			}
		}
		return best
	}
	used := make([]bool, len(events))
	var walk func(s int, mask uint64)
	walk = func(s int, mask uint64) {
		best = max(best, mask)
		if s == len(f.steps) {
			return
		}
		if f.optional[s] {
			walk(s+1, mask)
		}
		for i, e := range events {
			if !used[i] && f.is(e, s) {
				used[i] = f.mode != "window_funnel"
				walk(s+1, mask|1<<s)
				used[i] = false
			}
		}
	}
	walk(depth, 0)
	return best
}

func instants(events []core.Event) (out [][]core.Event) {
	for i, e := range events {
		if i == 0 || e.Time != events[i-1].Time {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], e)
	}
	return out
}

func (f *slowFunnel) apply(a *slowTry, in []core.Event) {
	before := a.depth
	mask := f.shares(in, a.depth)
	for s := range f.steps {
		if mask&(1<<s) != 0 {
			a.times[s], a.depth = in[0].Time, s+1
		}
	}
	if slices.ContainsFunc(in, func(e core.Event) bool { return e.Name == f.exclude }) && before >= f.xfrom && a.depth < f.xto {
		a.tainted = true
	}
	if f.order == "strict" && a.depth == before {
		a.ended = true
	}
}

func (f *slowFunnel) attempts(events []core.Event) (out []*slowTry) {
	all := instants(events)
	for i, in := range all {
		at := in[0].Time
		if at < f.from || at >= f.to || !slices.ContainsFunc(in, func(e core.Event) bool { return f.is(e, 0) }) {
			continue
		}
		a := &slowTry{start: at, times: slices.Repeat([]core.Micros{-1}, len(f.steps))}
		f.apply(a, in)
		for _, next := range all[i+1:] {
			if a.ended || a.depth == len(f.steps) || next[0].Time-at > f.window {
				break
			}
			f.apply(a, next)
		}
		out = append(out, a)
	}
	return out
}

// most gives the largest set of distinct steps that events serve.
func (f *slowFunnel) most(events []core.Event, s int) int {
	if s == len(f.steps) {
		return 0
	}
	best := f.most(events, s+1)
	for i, e := range events {
		if f.is(e, s) {
			best = max(best, 1+f.most(slices.Delete(slices.Clone(events), i, i+1), s+1))
		}
	}
	return best
}

func (f *slowFunnel) anyAttempts(events []core.Event) (out []*slowTry) {
	for i, e := range events {
		if !f.any(e) || e.Time < f.from || e.Time >= f.to || i > 0 && events[i-1].Time == e.Time && slices.ContainsFunc(events[:i], func(o core.Event) bool { return o.Time == e.Time && f.any(o) }) {
			continue
		}
		a := &slowTry{start: e.Time, times: slices.Repeat([]core.Micros{-1}, len(f.steps))}
		var held []core.Event
		var excluded []core.Micros
		for _, o := range events {
			if o.Time < e.Time || o.Time-e.Time > f.window || a.depth == len(f.steps) {
				continue
			}
			if o.Name == f.exclude && o.Time > e.Time {
				excluded = append(excluded, o.Time)
			}
			if f.any(o) && f.most(append(slices.Clone(held), o), 0) > a.depth {
				held = append(held, o)
				a.times[a.depth] = o.Time
				a.depth++
			}
		}
		for _, x := range excluded {
			a.tainted = a.tainted || x < a.times[a.depth-1]
		}
		out = append(out, a)
	}
	return out
}

// best gives the attempt that counts, and whether the customer may still go on.
func (f *slowFunnel) best(events []core.Event) (best *slowTry, open bool) {
	list := f.attempts
	if f.order == "any" {
		list = f.anyAttempts
	}
	for _, a := range list(events) {
		if best == nil || a.depth > best.depth || a.depth == best.depth && best.tainted && !a.tainted {
			best = a
		}
		open = open || !a.tainted && !a.ended && a.start+f.window >= f.now
	}
	return best, open
}

type slowTotals struct {
	entered, excluded, pending int64
	reached                    []int64
	gaps                       [][]float64
	spells                     []stats.Duration
}

func (f *slowFunnel) count(events []core.Event, into *slowTotals) {
	for f.all {
		// Cut behind the first instant at which an attempt converts.
		cut := -1
		for i := range events {
			if i+1 < len(events) && events[i+1].Time == events[i].Time {
				continue
			}
			if b, _ := f.best(events[:i+1]); b != nil && b.depth == len(f.steps) && !b.tainted {
				cut = i + 1
				break
			}
		}
		if cut < 0 {
			break
		}
		b, _ := f.best(events[:cut])
		f.add(b, false, into)
		events = events[cut:]
	}
	b, open := f.best(events)
	f.add(b, open, into)
}

func (f *slowFunnel) add(b *slowTry, open bool, into *slowTotals) {
	switch {
	case b == nil:
		return
	case b.tainted:
		into.excluded++
		return
	}
	into.entered++
	last := b.start
	for s, at := range b.times {
		if at < 0 {
			continue
		}
		into.reached[s]++
		into.gaps[s] = append(into.gaps[s], float64(at-last))
		if !f.optional[s] {
			last = at
		}
	}
	if b.depth < len(f.steps) && open {
		into.pending++
	}
	if b.depth == len(f.steps) {
		into.spells = append(into.spells, stats.Duration{Length: last - b.start, Ended: true})
	} else if !open {
		into.spells = append(into.spells, stats.Duration{Length: f.window})
	}
}

func (f *slowFunnel) json() string {
	var steps []string
	for i, s := range f.steps {
		if s == "*" {
			steps = append(steps, fmt.Sprintf(`{"kind":"any","optional":%t}`, f.optional[i]))
			continue
		}
		steps = append(steps, fmt.Sprintf(`{"event":%q,"optional":%t}`, s, f.optional[i]))
	}
	exclude := ""
	if f.exclude != "" {
		exclude = fmt.Sprintf(`{"event":%q}`, f.exclude)
		if f.order != "any" {
			exclude = fmt.Sprintf(`{"event":%q,"from":%d,"to":%d}`, f.exclude, f.xfrom, f.xto)
		}
	}
	counting := "customers"
	if f.all {
		counting = "all"
	}
	return fmt.Sprintf(`{"kind":"funnel","range":{"from":"2020-01-02","to":"2020-01-06"},"funnel":{"counting":%q,"mode":%q,"order":%q,"window":"%ds","steps":[%s],"exclude":[%s]}}`,
		counting, f.mode, f.order, f.window/core.Second, strings.Join(steps, ","), exclude)
}

func randomFunnel(r *rand.Rand) *slowFunnel {
	n := 1 + r.IntN(4)
	f := &slowFunnel{order: []string{"free", "strict", "any"}[r.IntN(3)], window: []core.Micros{core.Hour, 6 * core.Hour, core.Day, 3 * core.Day}[r.IntN(4)],
		from: day(2), to: day(6), now: shopNow, mode: "ciclo", all: r.IntN(3) == 0, optional: make([]bool, n), xfrom: 1, xto: n}
	for i := range n {
		f.steps = append(f.steps, []string{"A", "B", "C", "D", "*"}[r.IntN(5)])
		f.optional[i] = i > 0 && i < n-1 && f.order != "any" && r.IntN(3) == 0
	}
	if f.order != "any" {
		f.mode = []string{"ciclo", "", "window_funnel", "strict_increase"}[r.IntN(4)]
	}
	if n > 1 && r.IntN(2) == 0 {
		f.exclude = string(rune('A' + r.IntN(5)))
		if f.order != "any" {
			f.xfrom = 1 + r.IntN(n-1)
			f.xto = f.xfrom + 1 + r.IntN(n-f.xfrom)
		}
	}
	if r.IntN(3) == 0 {
		f.now = day(4) + r.Int64N(3*core.Day)
	}
	return f
}

func TestFunnelEqualsReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	events := crowd(r, 300, 10, day(1), 7*core.Day, 3*core.Hour)
	s := load(t, events)
	people := history(events)
	specs := 150
	if testing.Short() {
		specs = 40
	}
	for range specs {
		f := randomFunnel(r)
		want := slowTotals{reached: make([]int64, len(f.steps)), gaps: make([][]float64, len(f.steps))}
		for _, list := range people {
			f.count(slices.DeleteFunc(slices.Clone(list), func(e core.Event) bool { return e.Time < f.from || e.Time >= f.now }), &want)
		}
		e := env()
		e.Now = f.now
		got := ask(t, s, e, "%s", f.json()).Funnel.Total
		var reached []int64
		for _, x := range got.Steps {
			reached = append(reached, x.Reached)
		}
		if got.Entered != want.entered || got.Excluded != want.excluded || got.Pending != want.pending || !slices.Equal(reached, want.reached) {
			t.Fatalf("%s at %v: got %d entered, %d excluded, %d pending, %v; want %d, %d, %d, %v", f.json(), f.now, got.Entered, got.Excluded, got.Pending, reached,
				want.entered, want.excluded, want.pending, want.reached)
		}
		for k, x := range got.Steps {
			if k == 0 || f.order == "any" || len(want.gaps[k]) == 0 {
				continue
			}
			for _, q := range []struct{ got, p float64 }{{x.Time.P25, 0.25}, {x.Time.Median, 0.5}, {x.Time.P90, 0.9}} {
				if v, _ := stats.Quantile(want.gaps[k], q.p); math.Abs(v-q.got) > 1 {
					t.Fatalf("%s step %d: quantile %g is %g, want %g", f.json(), k+1, q.p, q.got, v)
				}
			}
		}
		if want.pending == 0 {
			checkCurve(t, got.Curve, want.spells)
		}
	}
}

func checkCurve(t *testing.T, got []query.Survival, spells []stats.Duration) {
	t.Helper()
	want := stats.KaplanMeier(spells)
	if len(got) != len(want) && len(want) <= 200 {
		t.Fatalf("curve has %d points, want %d", len(got), len(want))
	}
	for i := range got {
		if len(want) <= 200 && (got[i].Time != want[i].Time || math.Abs(got[i].Share-(1-want[i].Share)) > 1e-9) {
			t.Fatalf("curve point %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

// TestFunnelPendingCurve checks conversion with open windows by hand: of four,
// one converts after 1 h, one after 3 h, one was seen for 2 h, one for the whole
// window of 4 h.
func TestFunnelPendingCurve(t *testing.T) {
	t.Parallel()
	now := day(2)
	s := load(t, []core.Event{event(1, now-10*core.Hour, "A", ""), event(1, now-9*core.Hour, "B", ""), event(2, now-10*core.Hour, "A", ""), event(2, now-7*core.Hour, "B", ""),
		event(3, now-2*core.Hour, "A", ""), event(4, now-10*core.Hour, "A", "")})
	e := env()
	e.Now = now
	g := ask(t, s, e, `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-03"},"funnel":{"window":"4h","steps":[{"event":"A"},{"event":"B"}]}}`).Funnel.Total
	want := []query.Survival{{Time: core.Hour, Share: 0.25}, {Time: 3 * core.Hour, Share: 1 - 0.75*0.5}}
	if g.Pending != 1 || g.Steps[0].Pending != 1 || !slices.Equal(g.Curve, want) {
		t.Errorf("got %+v", g)
	}
}

func TestFunnelBreakdown(t *testing.T) {
	t.Parallel()
	s := load(t, []core.Event{
		event(1, day(1), "A", `{"plan":"x"}`), event(1, day(1)+1, "B", `{"plan":"y"}`),
		event(2, day(1), "A", ``), event(2, day(1)+1, "B", `{"plan":"x"}`),
		event(3, day(1), "A", `{"plan":"x"}`), event(3, day(1)+1, "A", `{"plan":"y"}`), event(3, day(1)+2, "B", `{"plan":"y"}`),
	})
	for at, want := range map[string]string{
		"first":               "x 2/2 (none) 1/1",
		"last":                "y 2/2 x 1/1",
		`step","step":2,"":"`: "y 2/2 x 1/1",
		"each":                "x 0/2 y 1/1 (none) 0/1",
	} {
		res := ask(t, s, env(), `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-02"},"funnel":{"steps":[{"event":"A"},{"event":"B"}],"breakdown":{"property":"plan","at":"%s"}}}`, at)
		var got []string
		for _, g := range res.Funnel.Groups {
			got = append(got, fmt.Sprintf("%s %d/%d", g.Value.Text, g.Converted, g.Entered))
		}
		slices.Sort(got)
		parts := strings.Fields(want)
		var sorted []string
		for i := 0; i < len(parts); i += 2 {
			sorted = append(sorted, parts[i]+" "+parts[i+1])
		}
		slices.Sort(sorted)
		if !slices.Equal(got, sorted) {
			t.Errorf("%s: got %v, want %v", at, got, sorted)
		}
	}
}

func TestFunnelBadInput(t *testing.T) {
	t.Parallel()
	const spec = `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-10"},"funnel":{%s"steps":[{"event":"A"},{"event":"B"}]}}`
	refused(t, "funnel.window", spec, `"window":"0d",`)
	refused(t, "funnel.window", spec, `"window":"-3d",`)
	refused(t, "funnel.window", spec, `"window":"300w2",`)
	refused(t, "funnel.order", spec, `"order":"odd",`)
	refused(t, "funnel.exclude[0].from", spec, `"exclude":[{"event":"X","from":2,"to":2}],`)
	refused(t, "funnel.breakdown.step", spec, `"breakdown":{"property":"p","at":"step","step":3},`)
	refused(t, "range.to", `{"kind":"funnel","range":{"from":"2020-01-02","to":"2020-01-02"},"funnel":{"steps":[{"event":"A"}]}}`)
	refused(t, "funnel.steps[1].event", `{"kind":"funnel","range":{"last":"3d"},"funnel":{"steps":[{"event":"A"},{}]}}`)
	refused(t, "funnel.steps", `{"kind":"funnel","range":{"last":"3d"},"funnel":{"steps":[%s{"event":"A"}]}}`, strings.Repeat(`{"event":"A"},`, 50))

	var events []core.Event
	for i := range 100 {
		events = append(events, event(1, day(1)+int64(i/10)*core.Minute, "A", ""))
	}
	s := load(t, append(events, event(2, day(1), "A", `{"price":3}`)))
	fifty := strings.Repeat(`{"event":"A"},`, 49) + `{"event":"A"}`
	res := ask(t, s, env(), `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-10"},"funnel":{"window":"5200w","steps":[%s]}}`, fifty)
	if g := res.Funnel.Total; g.Converted != 1 || g.Entered != 2 {
		t.Errorf("50 steps in 100 years: got %+v", g)
	}
	res = ask(t, s, env(), spec, "")
	if g := res.Funnel.Total; g.Entered != 2 || g.Converted != 0 || !hinted(res, "unknown_event") {
		t.Errorf("unknown event: got %+v, hints %v", g, res.Meta.Hints)
	}
	res = ask(t, s, env(), `{"kind":"funnel","range":{"from":"2020-01-01","to":"2020-01-10"},"funnel":{"steps":[{"event":"A","where":[{"name":"colour","op":"set"}]}]}}`)
	if res.Funnel.Total.Entered != 0 || !hinted(res, "unknown_property") {
		t.Errorf("unknown property: got %+v", res)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := query.Run(ctx, s, parse(t, spec, ""), env()); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled query gave %v", err)
	}
}
