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
	c := &opCase{sentences: map[string]string{}, cal: expr.Calendar{Zone: rome, Week: time.Monday}}
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
		case "event", "page", "traits":
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
		in.Name, props, _ = strings.Cut(rest, " ")
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
	b := fold.NewBuilderIn(c.cal)
	num, err := b.Add(n)
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
