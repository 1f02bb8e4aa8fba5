// Package scripts_test runs the cases of charts that README.md describes.
package scripts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.test")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".test"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &script{t: t, file: file, world: newWorld(t), zone: time.UTC, week: time.Monday, now: core.FromTime(time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC))}
			for _, c := range commands(string(raw)) {
				s.do(c)
			}
			if s.checked == 0 {
				t.Error("the script expects nothing")
			}
		})
	}
}

// world is a timeline store; each case is a workspace of its own.
type world struct {
	db    *db.DB
	store *timeline.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	d := dbtest.SQLite(t)
	s, err := timeline.Open(context.Background(), timeline.Options{DB: d, Dir: t.TempDir(), Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &world{d, s}
}

// command is one command with what belongs to it.
type command struct {
	line       int
	name, rest string // rest of its first line
	more       []string
}

func commands(text string) (out []command) {
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case line[0] == ' ' || line[0] == '\t':
			if len(out) > 0 {
				out[len(out)-1].more = append(out[len(out)-1].more, trimmed)
			}
		default:
			name, rest, _ := strings.Cut(trimmed, " ")
			out = append(out, command{line: i + 1, name: name, rest: strings.TrimSpace(rest)})
		}
	}
	return out
}

// lines are the rest of the first line and what follows.
func (c *command) lines() (out []string) {
	if c.rest != "" {
		out = append(out, c.rest)
	}
	return append(out, c.more...)
}

func (c *command) text() string { return strings.Join(c.lines(), " ") }

// script runs the commands of one file.
type script struct {
	t     *testing.T
	file  string
	world *world
	base  map[string]any
	zone  *time.Location
	week  time.Weekday
	now   core.Micros

	ws        core.WorkspaceID
	name      string // of the case
	customers []string
	events    []core.Event
	loaded    int
	stays     map[string]spells

	spec    query.Spec
	got     *grid    // the last answer: a table
	words   []string // or words
	err     error
	pending int // line of a command whose answer nobody looked at
	checked int
}

type spells map[core.CustomerID][]query.Stay

func (s spells) Of(c core.CustomerID) []query.Stay { return s[c] }

func (s *script) fail(c command, format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("%s:%d: %s: %s", s.file, c.line, s.name, fmt.Sprintf(format, args...))
}

func (s *script) do(c command) {
	s.t.Helper()
	if s.err != nil && c.name != "error" {
		s.fail(c, "the command before fails: %v", s.err)
		s.err = nil
		if c.name == "expect" {
			return
		}
	}
	var err error
	switch c.name {
	case "base":
		s.base = map[string]any{}
		err = json.Unmarshal([]byte(c.text()), &s.base)
	case "zone":
		s.zone, err = time.LoadLocation(c.rest)
	case "week":
		s.week = map[string]time.Weekday{"sunday": time.Sunday, "monday": time.Monday}[c.rest]
	case "now":
		s.now, err = s.instant(c.rest)
	case "case":
		s.ws++
		s.name, s.customers, s.events, s.loaded, s.stays = c.rest, nil, nil, 0, map[string]spells{}
	case "load":
		for _, line := range c.lines() {
			if err = s.load(line); err != nil {
				break
			}
		}
	case "stay":
		err = s.stay(c.rest)
	case "run", "people", "explain":
		s.got, s.words = nil, nil
		s.err = s.ask(c)
	case "expect":
		s.expect(c)
	case "error":
		s.expectError(c)
	default:
		err = fmt.Errorf("unknown command %q", c.name)
	}
	if err != nil {
		s.t.Fatalf("%s:%d: %s: %v", s.file, c.line, s.name, err)
	}
}

// number gives the customer of a name, new ones in order of appearance.
func (s *script) number(name string) core.CustomerID {
	for i, have := range s.customers {
		if have == name {
			return core.CustomerID(i + 1)
		}
	}
	s.customers = append(s.customers, name)
	return core.CustomerID(len(s.customers))
}

func (s *script) instant(text string) (core.Micros, error) {
	var day int
	if n, err := fmt.Sscanf(text, "%d", &day); n == 1 && err == nil && fmt.Sprint(day) == text {
		return core.FromTime(time.Date(2020, 1, day, 0, 0, 0, 0, s.zone)), nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, s.zone); err == nil {
			return core.FromTime(t), nil
		}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return core.FromTime(t), err
}

// load reads "p1 A0 B10": a customer and its events.
func (s *script) load(line string) error {
	words := strings.Fields(line)
	c := s.number(words[0])
	for _, w := range words[1:] {
		e := core.Event{Customer: c, Actor: core.ActorID(c), Kind: core.KindTrack, Source: 1, ID: fmt.Sprintf("%d-%d", s.ws, len(s.events))}
		if i := strings.IndexByte(w, '['); i >= 0 && w[len(w)-1] == ']' {
			if err := arrive(&e.Context, w[i+1:len(w)-1]); err != nil {
				return err
			}
			w = w[:i]
		}
		if i := strings.IndexByte(w, '{'); i >= 0 {
			e.Props = []byte(w[i:])
			if !json.Valid(e.Props) {
				return fmt.Errorf("%s has no valid properties", w)
			}
			w = w[:i]
		}
		if kind, rest, ok := strings.Cut(w, "/"); ok {
			if e.Kind, ok = core.ParseKind(kind); !ok {
				return fmt.Errorf("%q is no kind of event", kind)
			}
			w = rest
		}
		var err error
		if e.Name, e.Time, err = s.timed(w); err != nil {
			return err
		}
		e.Received = e.Time
		s.events = append(s.events, e)
	}
	return nil
}

// arrive reads "utm_medium=email,referrer=https://blog.example/": what an event says
// of where its customer came from.
func arrive(c *core.Context, text string) error {
	for pair := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		field, ok := map[string]*string{"url": &c.PageURL, "referrer": &c.Referrer, "utm_source": &c.UTMSource, "utm_medium": &c.UTMMedium, "utm_campaign": &c.UTMCampaign}[name]
		if !ok {
			return fmt.Errorf("%q is not known of an arrival", name)
		}
		*field = value
	}
	return nil
}

// timed reads "A10", "A-2h" or "visit@11".
func (s *script) timed(w string) (name string, at core.Micros, err error) {
	if name, text, ok := strings.Cut(w, "@"); ok {
		at, err = s.instant(text)
		return name, at, err
	}
	unit := core.Minute
	if n := len(w); n > 1 {
		if u, ok := map[byte]core.Micros{'s': core.Second, 'm': core.Minute, 'h': core.Hour, 'd': core.Day}[w[n-1]]; ok && strings.IndexByte("0123456789", w[n-2]) >= 0 {
			unit, w = u, w[:n-1]
		}
	}
	i := len(w)
	for i > 0 && strings.IndexByte("0123456789.", w[i-1]) >= 0 {
		i--
	}
	if i > 0 && w[i-1] == '-' {
		i--
	}
	var n float64
	if _, err := fmt.Sscanf(w[i:], "%g", &n); err != nil {
		return "", 0, fmt.Errorf("%q has no time", w)
	}
	start := core.FromTime(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	return strings.TrimSuffix(w[:i], ":"), start + core.Micros(math.Round(n*float64(unit))), nil
}

func (s *script) stay(text string) error {
	w := strings.Fields(text)
	if len(w) == 5 && w[1] == "segment" {
		w = []string{w[0], w[1], w[2], "", w[3], w[4]}
	}
	if len(w) != 6 {
		return fmt.Errorf("%q is no stay", text)
	}
	st := query.Stay{Key: w[3], To: math.MaxInt64}
	var err error
	if st.From, err = s.instant(w[4]); err != nil {
		return err
	}
	if w[5] != "-" {
		if st.To, err = s.instant(w[5]); err != nil {
			return err
		}
	}
	key := w[1] + " " + w[2]
	if s.stays[key] == nil {
		s.stays[key] = spells{}
	}
	c := s.number(w[0])
	s.stays[key][c] = append(s.stays[key][c], st)
	return nil
}

func (s *script) env() query.Env {
	return query.Env{Workspace: s.ws, Zone: s.zone, Week: s.week, Currency: "EUR", Now: s.now, Workers: 2,
		Stays: func(_ context.Context, by, name string) (query.Stays, error) {
			if st, ok := s.stays[by+" "+name]; ok {
				return st, nil
			}
			return nil, fmt.Errorf("there is no %s %s", by, name)
		}}
}

// settle writes the events that were loaded since: half of them are sealed.
func (s *script) settle() error {
	list := s.events[s.loaded:]
	s.loaded = len(s.events)
	for _, part := range [][]core.Event{list[:len(list)/2], list[len(list)/2:]} {
		if len(part) == 0 {
			continue
		}
		if err := s.world.db.Write(context.Background(), func(tx *db.Tx) error { return s.world.store.Append(context.Background(), tx, s.ws, part) }); err != nil {
			return err
		}
		if len(part) == len(list)/2 {
			if _, err := s.world.store.Seal(context.Background(), s.ws); err != nil {
				return err
			}
		}
	}
	return nil
}
