package customer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// The situations of the identity rules, by their numbers. Situation 6 has a
// file of its own; what becomes of erased identifiers is tested with erasure.

const (
	track    = core.KindTrack
	identify = core.KindIdentify
)

func alias(id string, minute int, previous, user string) msg {
	m := ev(id, minute, core.KindAlias, user, "", "")
	m.PreviousID = previous
	return m
}

// numbers writes what reports count, free of customer numbers.
func (h *house) numbers() string {
	h.t.Helper()
	var out []string
	for _, c := range h.alive() {
		row, err := h.s.Get(context.Background(), ws, c)
		if err != nil {
			h.t.Fatal(err)
		}
		if row.Events > 0 {
			out = append(out, fmt.Sprintf("%s: %d events %d orders %d cents %s %d-%d", row.UserID, row.Events, row.Orders, row.Revenue, row.Traits, row.FirstSeen, row.LastSeen))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func TestSituation1AnyOrderOfArrival(t *testing.T) {
	t.Parallel()
	for name, msgs := range map[string][]msg{
		"identify between": {ev("a", 1, track, "", "x", ""), ev("b", 3, identify, "u", "x", `{"email":"m@x.io","plan":"a"}`), ev("c", 5, track, "", "x", ""), buy("d", 7, "u", 12)},
		"alias first":      {alias("a", 9, "x", "u"), ev("b", 1, track, "", "x", ""), buy("c", 2, "u", 5), ev("d", 4, identify, "u", "", `{"plan":"b"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := ""
			permute(msgs, func(order []msg) {
				h := newHouse(t, dbtest.SQLite(t), customer.DefaultSettings())
				h.send(1, order...)
				if got := h.numbers(); want == "" {
					want = got
				} else if got != want {
					t.Errorf("order %v: %s, want %s", ids(order), got, want)
				}
				if got := h.together("x", "u"); got != "u+x" {
					t.Errorf("order %v: %s", ids(order), got)
				}
			})
			if !strings.Contains(want, ": 4 events 1 orders") {
				t.Errorf("numbers %s", want)
			}
		})
	}
}

func TestSituation2SharedDevice(t *testing.T) {
	t.Parallel()
	msgs := []msg{ev("a", 1, track, "", "x", ""), ev("b", 2, identify, "u1", "x", ""), ev("c", 3, track, "", "x", ""), ev("d", 4, identify, "u2", "x", ""), ev("e", 5, track, "", "x", "")}
	for mode, want := range map[string]string{"split_at_switch": "a+b+c | d+e", "stay_with_first": "a+b+c+e | d"} {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			set := customer.DefaultSettings()
			set.SharedDevice = mode
			h := newHouse(t, d, set)
			h.send(2, msgs...)
			if got := h.byCustomer("u1", "u2"); got != want {
				t.Errorf("%s: %s, want %s", mode, got, want)
			}
			rule := map[string]string{"split_at_switch": "switched", "stay_with_first": "demoted"}[mode]
			if why := h.why(h.of("u2"), rule) + h.why(h.of("u1"), rule); why == "" {
				t.Errorf("%s is not explained", mode)
			}
		})
	}
}

// byCustomer writes the events in the timelines of the users.
func (h *house) byCustomer(users ...string) string {
	h.t.Helper()
	var groups []string
	for _, u := range users {
		var list []string
		for _, line := range strings.Split(h.portrait(h.of(u)), "\n") {
			if rest, ok := strings.CutPrefix(line, "  events "); ok {
				for _, e := range strings.Fields(rest) {
					id, _, _ := strings.Cut(e, "@")
					list = append(list, id)
				}
			}
		}
		slices.Sort(list)
		groups = append(groups, strings.Join(list, "+"))
	}
	return strings.Join(groups, " | ")
}

// why gives the reason that a customer's log tells for a rule.
func (h *house) why(c core.CustomerID, rule string) string {
	h.t.Helper()
	list, err := h.s.History(context.Background(), ws, c)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range list {
		if e.Rule == rule {
			return fmt.Sprintf("%s at %d because %s", e.EventID, e.EventAt, e.Reason)
		}
	}
	return ""
}

func TestSituation3SharedEmail(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, customer.DefaultSettings())
		h.send(1, ev("a", 1, identify, "u1", "", `{"email":"Both@X.io"}`), ev("b", 2, identify, "u2", "", `{"email":"both@x.io"}`))
		if got := h.together("u1", "u2", "both@x.io"); got != "both@x.io+u1 | u2" {
			t.Errorf("got %s", got)
		}
		if why := h.why(h.of("u1"), "demoted") + h.why(h.of("u2"), "demoted"); why != "b at 120000000 because it belongs to another identified customer" {
			t.Errorf("the demotion is explained as %q", why)
		}
		if why := h.why(h.of("u1"), "attached"); !strings.HasPrefix(why, "a at 60000000") {
			t.Errorf("the first one is explained as %q", why)
		}
		// Limits hold for other types too: a sixth address stays outside.
		for i := range 6 {
			h.send(1, ev(fmt.Sprint("m", i), 10+i, identify, "u3", "", fmt.Sprintf(`{"email":"m%d@x.io"}`, i)))
		}
		if got := h.together("u3", "m4@x.io", "m5@x.io"); got != "m4@x.io+u3 | m5@x.io" {
			t.Errorf("with a sixth address %s", got)
		}
		if why := h.why(h.of("u3"), "demoted") + h.why(h.of("m5@x.io"), "demoted"); !strings.Contains(why, "more than 5 identifiers of type email") {
			t.Errorf("the limit is explained as %q", why)
		}
	})
}

func TestSituation4BlockedValues(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.SQLite(t), customer.Settings{Limits: customer.DefaultSettings().Limits, BlockedValues: []string{"shop test"}})
	values := []string{`"null"`, `" NULL "`, `"\"null\""`, `"'None'"`, `"n\u200bu\ufeffll"`, `0`, `-1`, `"0000"`, `"00000000-0000-0000-0000-000000000000"`, `"---"`, `"\"\""`, `true`, `"False"`, `"undefined"`,
		`"NaN"`, `"anonymous"`, `"Guest"`, `"distinct_id"`, `"distinctId"`, `"ID"`, `"e-mail"`, `"email"`, `"not_authenticated"`, `"[object Object]"`, `"Shop TEST"`, `" \"shop test\" "`, `"nil"`, `""`, `" "`}
	fine := map[string]bool{`"e-mail"`: true}
	for i, raw := range values {
		res, err := inbox.Parse(inbox.Request{Meta: inbox.Meta{Shape: inbox.ShapeBatch}, Received: core.Day,
			Body: []byte(fmt.Sprintf(`{"batch":[{"type":"track","event":"e","messageId":"m%d","userId":%s,"anonymousId":"a%d"},{"type":"track","event":"e","messageId":"n%d","userId":%s}]}`, i, raw, i, i, raw))})
		if err != nil {
			t.Fatal(err)
		}
		h.send(10, res.Messages...)
	}
	for i, raw := range values {
		c := h.of(fmt.Sprint("a", i))
		list, err := h.s.Identifiers(context.Background(), ws, c)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(list); n != 1 && !fine[raw] {
			t.Errorf("%s identifies: %+v", raw, list)
		}
		if id := fmt.Sprint("n", i); !fine[raw] && raw != `""` && raw != `" "` && h.held[id] != "no_identity" {
			t.Errorf("an event with %s alone: held for %q", raw, h.held[id])
		}
	}
}

func TestSituation5Cycles(t *testing.T) {
	t.Parallel()
	msgs := []msg{ev("a", 1, track, "", "x", `{"email":"p@x.io"}`), ev("b", 2, track, "", "y", `{"email":"p@x.io"}`), ev("c", 3, track, "", "y", `{"phone":"+39 06 1234567"}`), ev("d", 4, track, "", "x", `{"phone":"+39061234567"}`)}
	permute(msgs, func(order []msg) {
		h := newHouse(t, dbtest.SQLite(t), customer.DefaultSettings())
		h.send(1, order...)
		if got := h.together("x", "y", "p@x.io", "+39061234567"); strings.Contains(got, "|") {
			t.Errorf("order %v: %s", ids(order), got)
		}
	})
	h := newHouse(t, dbtest.SQLite(t), customer.DefaultSettings())
	h.send(1, ev("a", 1, track, "u", "x", ""), ev("b", 2, track, "v", "y", ""))
	before := h.snapshot()
	ctx := context.Background()
	u, v := h.of("u"), h.of("v")
	if err := h.do(func(x *customer.Session) error { return x.Merge(ctx, u, u, "t", "r") }); err == nil {
		t.Error("a customer merges with itself")
	}
	if err := h.do(func(x *customer.Session) error { return x.Merge(ctx, u, 4711, "t", "r") }); err == nil {
		t.Error("a customer merges with nobody")
	}
	if got := h.snapshot(); got != before {
		t.Errorf("refused merges changed:%s", differ(got, before))
	}
	h.send(1, alias("c", 3, "u", "u"))
	if got := h.together("u", "v", "x", "y"); got != "u+x | v+y" {
		t.Errorf("after alias(u, u) %s", got)
	}
	h.send(1, alias("d", 4, "u", "v")) // two identified: refused, and said so
	if got := h.together("u", "v"); got != "u | v" || h.why(h.of("u"), "refused")+h.why(h.of("v"), "refused") == "" {
		t.Errorf("after alias(u, v) %s", got)
	}
	h.merge(u, v)
	if err := h.do(func(x *customer.Session) error { return x.Merge(ctx, v, u, "t", "r") }); err == nil {
		t.Error("an absorbed customer absorbs")
	}
}

func TestSituation7LateEventAndReplay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, customer.DefaultSettings())
		h.send(2, ev("a", 10, track, "", "x", ""), ev("b", 2000, identify, "u", "x", ""), buy("c", 4000, "u", 3))
		if _, err := h.store.Seal(context.Background(), ws); err != nil {
			t.Fatal(err)
		}
		h.send(1, ev("late", 20, track, "", "x", ""))
		if got := h.byCustomer("u"); got != "a+b+c+late" || !strings.Contains(h.portrait(h.of("u")), "late@1200000000") {
			t.Errorf("the late event: %s\n%s", got, h.portrait(h.of("u")))
		}
	})
	// Replaying a log from zero, in one batch or many, gives the identical map.
	for seed := range uint64(4) {
		msgs := randomGraph(rand.New(rand.NewPCG(seed, 5)), 60)
		var want string
		for _, batch := range []int{1, 7, 60} {
			h := newHouse(t, dbtest.SQLite(t), customer.DefaultSettings())
			h.send(batch, msgs...)
			switch got := h.homes(); {
			case want == "":
				want = got
			case got != want:
				t.Errorf("seed %d in batches of %d: %s, want %s", seed, batch, got, want)
			}
		}
		h, again := newHouse(t, dbtest.SQLite(t), customer.DefaultSettings()), newHouse(t, dbtest.SQLite(t), customer.DefaultSettings())
		h.send(7, msgs...)
		again.send(7, msgs...)
		if a, b := h.snapshot(), again.snapshot(); a != b {
			t.Errorf("seed %d: the same log twice gives%s", seed, differ(a, b))
		}
	}
}

// homes writes which events share a customer.
func (h *house) homes() string {
	h.t.Helper()
	var groups []string
	for _, c := range h.alive() {
		if g := h.eventsOf(c); g != "" {
			groups = append(groups, g)
		}
	}
	slices.Sort(groups)
	return strings.Join(groups, " | ")
}

func (h *house) eventsOf(c core.CustomerID) string {
	for _, line := range strings.Split(h.portrait(c), "\n") {
		if rest, ok := strings.CutPrefix(line, "  events "); ok {
			return rest
		}
	}
	return ""
}

func TestSituation8BlockedAfterTheFact(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, customer.DefaultSettings())
		ctx := context.Background()
		h.send(1, ev("x1", 0, track, "", "x", ""), ev("y1", 0, track, "", "y", ""), ev("a", 1, track, "", "x", `{"email":"info@shop.io"}`), ev("b", 2, track, "", "y", `{"email":"info@shop.io"}`), ev("c", 3, identify, "u", "y", ""), ev("d", 4, track, "", "z", ""))
		if got := h.together("x", "y", "u", "z"); got != "u+x+y | z" {
			t.Fatalf("start %s", got)
		}
		one := h.of("u")
		set := customer.DefaultSettings()
		set.BlockedValues = []string{" INFO@shop.io"}
		if err := set.Check(); err != nil {
			t.Fatal(err)
		}
		before := h.snapshot()
		effects, err := h.s.PreviewSettings(ctx, ws, set)
		if err != nil || len(effects) == 0 || effects[0].Change != "split" || effects[0].Customer != one {
			t.Errorf("preview %+v, %v: want that %d splits", effects, err, one)
		}
		if got := h.snapshot(); got != before {
			t.Errorf("the preview changed:%s", differ(got, before))
		}
		h.apply(set)
		if got := h.together("x", "y", "u", "z"); got != "u+y | x | z" {
			t.Errorf("blocked: %s", got)
		}
		// Events follow the identifier that tracked them: those that the value
		// itself tracked stay under its own number.
		if got := h.homes(); got != "a@60000000 b@120000000 | d@240000000 | x1@0 | y1@0 c@180000000" {
			t.Errorf("the events split as %s", got)
		}
		// While it is blocked it joins nobody.
		h.send(1, ev("e", 5, track, "", "w", `{"email":"info@shop.io"}`))
		if got := h.together("x", "w"); got != "w | x" {
			t.Errorf("a blocked value joins: %s", got)
		}
		back := customer.DefaultSettings()
		effects, err = h.s.PreviewSettings(ctx, ws, back)
		if err != nil || !slices.ContainsFunc(effects, func(e customer.SettingsEffect) bool { return e.Change == "join" }) {
			t.Errorf("preview of the removal %+v, %v", effects, err)
		}
		h.apply(back)
		if got := h.together("x", "y", "u", "z"); got != "u+x+y | z" {
			t.Errorf("allowed again: %s", got)
		}
		// What came while it was blocked never carried it.
		if got := h.homes(); got != "d@240000000 | e@300000000 | x1@0 y1@0 a@60000000 b@120000000 c@180000000" {
			t.Errorf("the events are back as %s", got)
		}
	})
}

// TestSituation9NoReadPerEvent resolves known and new identifiers without a
// database at all.
func TestSituation9NoReadPerEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.SQLite(t), customer.DefaultSettings())
	h.send(10, ev("a", 1, identify, "u", "x", `{"email":"m@x.io"}`), ev("b", 2, track, "u", "x", ""))
	want := h.of("u")
	x := h.s.Begin(ws, nil)
	for i := range 100 {
		for _, m := range []msg{ev("c", 10+i, track, "u", "x", ""), ev("d", 10+i, track, "", "x", ""), ev("e", 10+i, identify, "u", "x", `{"email":"m@x.io"}`), ev("f", 10+i, track, "", fmt.Sprint("new", i), "")} {
			c, _, err := x.Resolve(context.Background(), &m)
			if err != nil || (c == want) != (m.ID != "f") {
				t.Fatalf("%s resolved to %d, want %d: %v", m.ID, c, want, err)
			}
		}
	}
}

// BenchmarkMillionIdentifiers prints the memory of the identity map of a
// million identifiers, a third of them linked to a user.
func BenchmarkMillionIdentifiers(b *testing.B) {
	const n = 1_000_000
	d := dbtest.SQLite(b)
	fillIdentifiers(b, d, n)
	for b.Loop() {
		s, size := loadedMap(b, d)
		b.ReportMetric(float64(size)/1e6, "MB")
		b.ReportMetric(float64(size)/n, "B/identifier")
		runtime.KeepAlive(s)
	}
}

// TestIdentityMapIsSmall holds the promise of 100 MB for a million identifiers
// on a tenth of them. It is not parallel: other tests would use memory too.
func TestIdentityMapIsSmall(t *testing.T) {
	const n = 100_000
	d := dbtest.SQLite(t)
	fillIdentifiers(t, d, n)
	s, size := loadedMap(t, d)
	if size/n > 100 {
		t.Errorf("%d bytes an identifier", size/n)
	}
	if c := s.Home(ws, n, 0); c == 0 {
		t.Error("the last identifier has no home")
	}
}

// fillIdentifiers writes n identifiers as sessions would have: of three, one is
// a user, one the user's device, one stands alone.
func fillIdentifiers(t testing.TB, d *db.DB, n int) {
	t.Helper()
	ctx := context.Background()
	const step = 20_000
	for from := 0; from < n; from += step {
		var actors, homes, facts [][]any
		for i := from; i < from+step; i++ {
			id, trio := i+1, i/3+1
			kind, c, comp := []string{"user_id", "anonymous_id", "anonymous_id"}[i%3], trio*2, trio
			if i%3 == 2 {
				c, comp = trio*2+1, 0
			}
			actors = append(actors, []any{ws, id, kind, fmt.Sprintf("%08x-%04x-identifier", i, i%7), comp, c, 0})
			homes = append(homes, []any{ws, id, customer.Beginning, c})
			if i%3 == 1 {
				facts = append(facts, []any{ws, trio, comp, 1, 1, fmt.Sprintf("%d,%d", id-1, id), "", 0})
			}
		}
		err := d.Write(ctx, func(tx *db.Tx) error {
			return errors.Join(
				tx.Bulk(ctx, db.Insert{Table: "actors", Columns: []string{"workspace_id", "id", "type", "value", "component", "birth", "first_seen"}, Rows: actors}),
				tx.Bulk(ctx, db.Insert{Table: "actor_homes", Columns: []string{"workspace_id", "actor", "valid_from", "customer"}, Rows: homes}),
				tx.Bulk(ctx, db.Insert{Table: "identity_facts", Columns: []string{"workspace_id", "id", "component", "at", "kind", "actors", "event_id", "undone_at"}, Rows: facts}))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// loadedMap loads the map and gives what stays of it in memory, in bytes.
func loadedMap(t testing.TB, d *db.DB) (*customer.Service, int) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newService(t, d, customer.DefaultSettings())
	runtime.GC()
	runtime.ReadMemStats(&after)
	return s, int(int64(after.HeapAlloc) - int64(before.HeapAlloc))
}
