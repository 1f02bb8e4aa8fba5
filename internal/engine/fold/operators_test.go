package fold_test

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
)

var update = flag.Bool("update", false, "write the sentences of testdata/operators.txt anew")

// opCase is one paragraph of testdata/operators.txt.
type opCase struct {
	title, cond string
	sentences   map[string]string
	cal         expr.Calendar
	customer    core.CustomerID
	events      []fold.Input
	checks      []check
	library     library
}

// library is what the conditions of a case name.
type library struct {
	segments map[string]*expr.Node
	models   map[string][]fold.Rung
	cuts     *expr.Cuts
}

func (l library) Segment(key string) (*expr.Node, bool) {
	n, ok := l.segments[key]
	return n, ok
}

func (l library) Cuts() (expr.Cuts, bool) {
	if l.cuts == nil {
		return expr.Cuts{}, false
	}
	return *l.cuts, true
}

func (l library) DefaultModel() string {
	if _, ok := l.models["main"]; ok {
		return "main"
	}
	return ""
}

func (l library) Stages(model string) (out []string, ok bool) {
	for _, r := range l.models[model] {
		out = append(out, r.Key)
	}
	return out, out != nil
}

// builder starts a Program that knows the models.
func (l library) builder(cal expr.Calendar) *fold.Builder {
	b := fold.NewBuilderIn(cal)
	b.Models = func(key string) (*fold.Ladder, error) { return fold.NewLadder(cal, l.models[key]) }
	return b
}

// note reads a line that tells what a condition names.
func (l *library) note(t *testing.T, word, rest string) {
	t.Helper()
	key, rest, _ := strings.Cut(rest, " ")
	switch word {
	case "cuts":
		l.cuts = &expr.Cuts{}
		if err := json.Unmarshal([]byte(key+rest), l.cuts); err != nil {
			t.Fatal(err)
		}
	case "segment":
		n, err := expr.Parse([]byte(rest))
		if err != nil {
			t.Fatal(err)
		}
		l.segments[key] = n
	case "model":
		var rungs []struct {
			Key  string
			When expr.Node
			Stay string
		}
		if err := json.Unmarshal([]byte(rest), &rungs); err != nil {
			t.Fatal(err)
		}
		for i := range rungs {
			r := fold.Rung{Key: rungs[i].Key, When: &rungs[i].When}
			r.Stay, _ = expr.ParseSpan(rungs[i].Stay)
			l.models[key] = append(l.models[key], r)
		}
	}
}

type check struct {
	at   core.Micros
	want bool
	line string
}

// TestOperators holds every operator against the table: it is read and written
// again, said in three languages, and evaluated event by event with timers and
// saved states, in one pass over the history, and as of each instant.
func TestOperators(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/operators.txt")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		raw = rewrite(t, string(raw))
	}
	cases := 0
	for part := range strings.SplitSeq(string(raw), "\n\n") {
		if part = strings.TrimSpace(part); part == "" || !strings.Contains(part, "\ncond ") {
			continue
		}
		cases++
		c := readCase(t, part)
		t.Run(c.title, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
	if cases < 60 {
		t.Errorf("only %d cases were read", cases)
	}
}

// TestEveryOperatorHasACase fails when the language grows without its table.
func TestEveryOperatorHasACase(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/operators.txt")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../expr/node.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range regexp.MustCompile(`(?m)^\t\w+ +(?:\[\]|\*)\w+ +`+"`json:\"(\\w+),omitempty\"`").FindAllStringSubmatch(strings.SplitN(string(source), "\n}", 2)[0], -1) {
		if !strings.Contains(string(table), `{"`+member[1]+`":`) {
			t.Errorf("condition %s has no case", member[1])
		}
	}
	names := regexp.MustCompile(`(?m)^\t\w+ +(Op|Measure) += "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(names) < 50 {
		t.Fatalf("found only %d operators and measures", len(names))
	}
	for _, m := range names {
		key := map[string]string{"Op": "op", "Measure": "measure"}[m[1]]
		if !strings.Contains(string(table), `"`+key+`":"`+m[2]+`"`) {
			t.Errorf("%s %s has no case", key, m[2])
		}
	}
	for _, window := range []string{"today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year"} {
		if !strings.Contains(string(table), `"`+window+`"`) {
			t.Errorf("window %s has no case", window)
		}
	}
}

// rewrite replaces the sentences of the table by what the program says.
func rewrite(t *testing.T, table string) []byte {
	t.Helper()
	var out []string
	for line := range strings.SplitSeq(table, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		if word == "en" || word == "it" || word == "ro" {
			continue
		}
		out = append(out, line)
		if word != "cond" {
			continue
		}
		n, err := expr.Parse([]byte(rest))
		if err != nil {
			t.Fatalf("%s: %v", rest, err)
		}
		for _, lang := range []string{"en", "it", "ro"} {
			out = append(out, lang+" "+expr.Sentence(n, lang))
		}
	}
	raw := []byte(strings.Join(out, "\n"))
	if err := os.WriteFile("testdata/operators.txt", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return raw
}

func readCase(t *testing.T, part string) *opCase {
	t.Helper()
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	c := &opCase{library: library{segments: map[string]*expr.Node{}, models: map[string][]fold.Rung{}}, sentences: map[string]string{}, cal: expr.Calendar{Zone: rome, Week: time.Monday}}
	for line := range strings.SplitSeq(part, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "#":
			c.title = rest
		case "cond":
			c.cond = rest
		case "en", "it", "ro":
			c.sentences[word] = rest
		case "zone":
			if c.cal.Zone, err = time.LoadLocation(rest); err != nil {
				t.Fatal(err)
			}
		case "week":
			c.cal.Week = map[string]time.Weekday{"sunday": time.Sunday, "monday": time.Monday}[rest]
		case "customer":
			id, err := strconv.ParseInt(rest, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			c.customer = core.CustomerID(id)
		case "model", "segment", "cuts":
			c.library.note(t, word, rest)
		case "event", "page", "traits", "signal":
			c.events = append(c.events, c.event(t, word, rest))
		case "true", "false":
			at, less := strings.CutSuffix(rest, " -1µs")
			now, _ := c.instant(t, at)
			if less {
				now--
			}
			c.checks = append(c.checks, check{now, word == "true", line})
		default:
			t.Fatalf("%s: cannot read %q", c.title, line)
		}
	}
	return c
}

// instant reads a local time from the front of a line.
func (c *opCase) instant(t *testing.T, s string) (at core.Micros, rest string) {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if len(s) < len(layout) {
			continue
		}
		if when, err := time.ParseInLocation(layout, s[:len(layout)], c.cal.Zone); err == nil {
			return core.FromTime(when), strings.TrimSpace(s[len(layout):])
		}
	}
	t.Fatalf("%s: no time in %q", c.title, s)
	return 0, ""
}

func (c *opCase) event(t *testing.T, word, rest string) fold.Input {
	t.Helper()
	at, rest := c.instant(t, rest)
	in := fold.Input{Time: at, Kind: core.KindTrack}
	props := rest
	switch word {
	case "traits":
		in.Kind = core.KindIdentify
	case "page":
		in.Kind = core.KindPage
	default:
		if word == "signal" {
			in.Kind = core.KindSignal
		}
		in.Name, props = rest, ""
		if i := strings.Index(rest, " {"); i >= 0 {
			in.Name, props = rest[:i], rest[i+1:]
		}
	}
	if props == "" {
		props = "{}"
	}
	if !json.Valid([]byte(props)) {
		t.Fatalf("%s: %q is not JSON", c.title, props)
	}
	in.Props = fold.JSON(props)
	return in
}

func (c *opCase) run(t *testing.T) {
	t.Helper()
	n, err := expr.Parse([]byte(c.cond))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(n)
	if err != nil || string(text) != c.cond {
		t.Errorf("written as %s (%v)\nwant       %s", text, err, c.cond)
	}
	for _, lang := range []string{"en", "it", "ro"} {
		if got := expr.Sentence(n, lang); got != c.sentences[lang] || strings.Contains(got, "%!") || strings.Contains(got, "  ") {
			t.Errorf("%s: %q, want %q", lang, got, c.sentences[lang])
		}
	}
	whole, err := expr.Expand(n, c.library)
	if err != nil {
		t.Fatal(err)
	}
	b := c.library.builder(c.cal)
	num, err := b.Add(whole)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.checks) < 2 {
		t.Error("has fewer than two checks")
	}
	r := runner{t: t, p: p, c: num, customer: c.customer, timed: expr.Timed(n)}
	live, backfill := r.walk(c.events, c.checks, true), r.walk(c.events, c.checks, false)
	for i, k := range c.checks {
		asOf := r.asOf(c.events, k.at)
		if live[i] != k.want || backfill[i] != k.want || asOf != k.want {
			t.Errorf("%s: live %v, backfill %v, as of %v", k.line, live[i], backfill[i], asOf)
		}
	}
	if expr.Lasting(n) {
		r.lasting(c.events)
	}
}

// runner evaluates one condition on one customer.
type runner struct {
	t        *testing.T
	p        *fold.Program
	c        int
	customer core.CustomerID
	timed    bool
	s        *fold.State
	clock    core.Micros
	holds    bool
}

func (r *runner) open() {
	r.s = r.p.New()
	r.s.Customer = r.customer
	r.clock = -1 << 60
	r.holds = r.p.Eval(r.s, r.c, r.clock)
}

// walk goes through history and checks in order and says what was known at each
// check: the verdict of the last event that changed something or timer. Saved
// opens the state from its bytes again at every step.
func (r *runner) walk(events []fold.Input, checks []check, saved bool) []bool {
	r.t.Helper()
	out := make([]bool, len(checks))
	order := make([]int, len(checks))
	for i := range order {
		order[i] = i
	}
	for i := range order { // few: by hand
		for j := i + 1; j < len(order); j++ {
			if checks[order[j]].at < checks[order[i]].at {
				order[i], order[j] = order[j], order[i]
			}
		}
	}
	r.open()
	next := 0
	for _, i := range order {
		for next < len(events) && events[next].Time <= checks[i].at {
			r.advance(events[next].Time)
			r.apply(&events[next], saved)
			next++
		}
		r.advance(checks[i].at)
		out[i] = r.holds
	}
	return out
}

func (r *runner) apply(in *fold.Input, saved bool) {
	r.t.Helper()
	r.clock = in.Time
	if r.p.Apply(r.s, in) {
		r.holds = r.p.Eval(r.s, r.c, r.clock)
	}
	if !saved {
		return
	}
	s, rest, err := r.p.Decode(r.p.Append(nil, r.s))
	if err != nil || len(rest) > 0 {
		r.t.Fatalf("decode: %v, %d bytes left", err, len(rest))
	}
	s.Customer = r.customer
	r.s = s
}

// advance lets time pass: only the instants that NextChange names are looked at.
func (r *runner) advance(to core.Micros) {
	r.t.Helper()
	for range 100_000 {
		at, ok := r.p.NextChange(r.s, r.clock)
		if ok && !r.timed {
			r.t.Fatal("a condition that is not timed names an instant")
		}
		if !ok || at > to {
			r.clock = to
			return
		}
		if at <= r.clock {
			r.t.Fatalf("the next change lies %d µs back", r.clock-at)
		}
		r.clock = at
		r.holds = r.p.Eval(r.s, r.c, at)
	}
	r.t.Fatal("time does not move on")
}

func (r *runner) asOf(events []fold.Input, now core.Micros) bool {
	r.open()
	for i := range events {
		if events[i].Time <= now {
			r.p.Apply(r.s, &events[i])
		}
	}
	return r.p.Eval(r.s, r.c, now)
}

// lasting checks that a condition nobody ever leaves stays true.
func (r *runner) lasting(events []fold.Input) {
	r.t.Helper()
	r.open()
	for i := range events {
		before := r.holds
		r.advance(events[i].Time)
		r.apply(&events[i], false)
		if before && !r.holds {
			r.t.Errorf("is said to last and ended at event %d", i)
		}
	}
}
