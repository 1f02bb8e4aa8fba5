package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

func node(t testing.TB, text string) *expr.Node {
	t.Helper()
	n, err := expr.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

// segment makes a segment and waits until it is computed.
func (b *bench) segment(key, when string) segment.Segment {
	b.t.Helper()
	d := segment.Definition{Key: key, Name: key, Kind: segment.Static}
	if when != "" {
		d.Kind, d.When = segment.Dynamic, node(b.t, when)
	}
	g, err := b.Segments.Create(context.Background(), 1, d, "test")
	if err != nil {
		b.t.Fatal(err)
	}
	b.Segments.Wait()
	return b.fresh(g)
}

func (b *bench) fresh(g segment.Segment) segment.Segment {
	b.t.Helper()
	g, err := b.Segments.Get(1, g.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	return g
}

// users names the members of a segment by their user ids.
func (b *bench) users(g segment.Segment) string {
	b.t.Helper()
	ctx := context.Background()
	list, err := b.Segments.Members(ctx, 1, b.fresh(g))
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, id := range list {
		c, err := b.Customers.Get(ctx, 1, id)
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, c.UserID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (b *bench) number(user string) core.CustomerID {
	b.t.Helper()
	list, err := b.Customers.Find(context.Background(), 1, []core.Identifier{{Type: core.TypeUserID, Value: user}})
	if err != nil {
		b.t.Fatal(err)
	}
	return list[0]
}

func (b *bench) consent(user, state string) {
	b.t.Helper()
	ctx := context.Background()
	err := b.Pipeline.Signal(ctx, 1, func(_ *db.Tx, s pipeline.Session) ([]core.Event, error) {
		return s.(*customer.Session).SetConsent(ctx, b.number(user), []customer.Consent{{Channel: "email", State: state}})
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// mixed are conditions of all sorts over what randomEvent sends.
func mixed() map[string]string {
	return map[string]string{
		"buyers":    `{"did":{"event":"Order Completed","op":"gte","value":2}}`,
		"lately":    `{"did":{"event":"Order Completed","window":{"last":"30d"}}}`,
		"silent":    `{"all":[{"did":{"event":"Order Completed"}},{"did":{"event":"Order Completed","op":"never","window":{"last":"45d"}}}]}`,
		"month":     `{"did":{"event":"Product Viewed","window":{"calendar":"last_month"}}}`,
		"never":     `{"did":{"event":"Product Shared","op":"never"}}`,
		"mail":      `{"trait":{"name":"email","op":"ends","value":"3@x.io"}}`,
		"abandon":   `{"sequence":{"steps":[{"event":"Product Added"},{"event":"Order Completed","not":true,"within":"5d"}]}}`,
		"rich":      `{"did":{"event":"Order Completed","measure":"sum","property":"revenue","op":"gt","value":100,"window":{"last":"90d"}}}`,
		"growing":   `{"compare":{"a":{"event":"Order Completed","measure":"sum","property":"revenue","window":{"last":"60d"}},"op":"gt","b":{"event":"Order Completed","measure":"sum","property":"revenue","window":{"last":"60d","before":"60d"}}}}`,
		"staged":    `{"stage":{"in":["conversion","retention","dormant"],"since":{"name":"$time","op":"more_than_ago","value":"20d"}}}`,
		"returned":  `{"stage":{"entered":["retention"],"window":{"last":"120d"}}}`,
		"both":      `{"all":[{"segment":{"key":"buyers"}},{"not":{"segment":{"key":"lately"}}}]}`,
		"half":      `{"all":[{"sample":{"salt":"x","to":50}},{"not":{"segment":{"key":"listed"}}}]}`,
		"reachable": `{"consent":{"channel":"email","state":["subscribed","unknown"]}}`,
		"due":       `{"lapse":{"event":"Order Completed","days":60,"gap_multiple":1.5,"min_days":5}}`,
	}
}

// TestSegmentsLiveEqualsBackfill sends random histories in random order, with
// late events, merges, un-merges, changes of lists and consent and the passing
// of time, and compares at every step who is in each segment with an evaluation
// of its condition over all history, and the customer's explanation with both.
func TestSegmentsLiveEqualsBackfill(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		steps := 40
		if testing.Short() {
			steps = 8
		}
		def, _ := lifecycle.FromTemplate("sterne_cutler")
		if _, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test"); err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		rnd := rand.New(rand.NewPCG(5, 5))
		var batch []obj
		for range 60 {
			batch = append(batch, randomEvent(b, rnd))
		}
		b.send(batch...)
		list := b.segment("listed", "")
		made := map[string]segment.Segment{"listed": list}
		conditions := mixed()
		order := []string{"buyers", "lately"}
		for key := range conditions {
			if key != "buyers" && key != "lately" {
				order = append(order, key)
			}
		}
		slices.Sort(order[2:])
		for _, key := range order {
			made[key] = b.segment(key, conditions[key])
		}
		var merges []int64
		seen := map[string]bool{}
		for step := range steps {
			what := b.disturb(rnd, list, &merges)
			if step%9 == 8 {
				if _, err := b.Timeline.Seal(ctx, 1); err != nil {
					t.Fatal(err)
				}
			}
			for key, g := range made {
				n, all := b.agree(t, b.fresh(g), fmt.Sprintf("step %d (%s)", step, what), rnd)
				seen[key] = seen[key] || n > 0 && n < all
			}
		}
		for key := range made {
			if !seen[key] && !testing.Short() {
				t.Errorf("segment %s never held some customers and not others: the test has become blind", key)
			}
		}
		if rep, err := b.Verify(ctx, 0); err != nil || len(rep.Problems) > 0 {
			t.Fatalf("verify: %v %v", rep, err)
		}
	})
}

// disturb changes something and says what.
func (b *bench) disturb(rnd *rand.Rand, list segment.Segment, merges *[]int64) string {
	b.t.Helper()
	ctx := context.Background()
	user := fmt.Sprint("user", rnd.IntN(8))
	switch c := b.number(user); {
	case rnd.IntN(4) == 0:
		d := time.Duration(rnd.IntN(20*24)) * time.Hour
		b.clock.Advance(d)
		b.drain()
		return fmt.Sprint("time passes: ", d)
	case rnd.IntN(5) == 0 && c != 0:
		in := rnd.IntN(3) > 0
		if _, err := b.Segments.Change(ctx, 1, list.ID, []core.CustomerID{c}, in, "test"); err != nil {
			b.t.Fatal(err)
		}
		return "list " + user
	case rnd.IntN(5) == 0 && c != 0:
		b.consent(user, []string{"subscribed", "unsubscribed"}[rnd.IntN(2)])
		return "consent " + user
	case rnd.IntN(5) == 0:
		o := b.number(fmt.Sprint("user", rnd.IntN(8)))
		if c == 0 || o == 0 || c == o {
			return "nothing"
		}
		if err := b.merge(&customer.Customer{ID: c}, &customer.Customer{ID: o}); err != nil {
			b.t.Fatal(err)
		}
		log, err := b.Customers.History(ctx, 1, c)
		if err != nil {
			b.t.Fatal(err)
		}
		*merges = append(*merges, log[0].ID)
		return fmt.Sprintf("merge %d into %d", o, c)
	case len(*merges) > 0 && rnd.IntN(4) == 0:
		id := (*merges)[len(*merges)-1]
		*merges = (*merges)[:len(*merges)-1]
		if err := b.unmerge(id); err != nil && errs.KindOf(err) == errs.Internal {
			b.t.Fatal(err)
		}
		return "unmerge"
	}
	var batch []obj
	for range 1 + rnd.IntN(8) {
		batch = append(batch, randomEvent(b, rnd))
	}
	b.send(batch...)
	return "events"
}

// agree compares the members of a segment with an evaluation over history, and
// one customer's explanation with both.
func (b *bench) agree(t *testing.T, g segment.Segment, step string, rnd *rand.Rand) (members, all int) {
	t.Helper()
	ctx := context.Background()
	live, err := b.Segments.Members(ctx, 1, g)
	if err != nil {
		t.Fatal(err)
	}
	back, err := b.Segments.Evaluate(ctx, 1, g.When, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(live, back) {
		t.Fatalf("%s: segment %s has %v, history gives %v", step, g.Key, live, back)
	}
	everybody, err := b.Customers.Everybody(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	var stored []core.CustomerID
	if err := b.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, `SELECT id FROM customers WHERE workspace_id = 1 AND absorbed_into = 0 AND events > 0 ORDER BY id`, func(row db.Row) error {
			var c core.CustomerID
			err := row.Scan(&c)
			stored = append(stored, c)
			return err
		})
	}); err != nil || !slices.Equal(everybody, stored) {
		t.Fatalf("%s: everybody is %v, stored are %v, %v", step, everybody, stored, err)
	}
	c := everybody[rnd.IntN(len(everybody))]
	why, err := b.Segments.Explain(ctx, 1, g, c, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, in := slices.BinarySearch(live, c)
	if why.Member != in || in != (why.Stay != nil && why.Stay.Left == segment.Forever) {
		t.Fatalf("%s: segment %s says that customer %d is in: %v; explained as %v with stay %+v", step, g.Key, c, in, why.Member, why.Stay)
	}
	return len(live), len(everybody)
}

// TestSegmentAsOf compares an evaluation as of past moments with the stays.
func TestSegmentAsOf(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		rnd := rand.New(rand.NewPCG(8, 1))
		for range 8 {
			var batch []obj
			for range 20 {
				batch = append(batch, randomEvent(b, rnd))
			}
			b.send(batch...)
		}
		now := core.FromTime(b.clock.Now())
		for _, key := range []string{"buyers", "lately", "silent", "never", "rich", "abandon"} {
			g := b.segment(key, mixed()[key])
			spans, err := b.Segments.Spans(ctx, 1, g)
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				at := now - core.Micros(rnd.Int64N(200*int64(core.Day)))
				got, err := b.Segments.Evaluate(ctx, 1, g.When, at)
				if err != nil {
					t.Fatal(err)
				}
				var want []core.CustomerID
				for _, s := range spans {
					if s.Entered <= at && at < s.Left {
						want = append(want, s.Customer)
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("segment %s as of %v: %v, by its stays %v", key, core.ToTime(at), got, want)
				}
			}
		}
	})
}

// TestSegmentTimerFiresToTheMicrosecond moves the clock over the end of a window.
func TestSegmentTimerFiresToTheMicrosecond(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		bought := b.clock.Now()
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "u", "messageId": "1", "timestamp": b.at(0)})
		quiet := b.segment("quiet", `{"all":[{"did":{"event":"Order Completed"}},{"did":{"event":"Order Completed","op":"never","window":{"last":"30d"}}}]}`)
		lately := b.segment("lately", `{"did":{"event":"Order Completed","window":{"last":"30d"}}}`)
		for _, step := range []struct {
			at            time.Duration
			quiet, lately string
		}{{0, "", "u"}, {30*24*time.Hour - time.Microsecond, "", "u"}, {30 * 24 * time.Hour, "u", ""}} {
			b.clock.Set(bought.Add(step.at))
			b.drain()
			if q, l := b.users(quiet), b.users(lately); q != step.quiet || l != step.lately {
				t.Errorf("after %v: quiet %q, lately %q", step.at, q, l)
			}
		}
		why, err := b.Segments.Explain(context.Background(), 1, b.fresh(quiet), b.number("u"), 0)
		if err != nil {
			t.Fatal(err)
		}
		if st := why.Stay; !why.Member || !st.ByTimer || st.Entered != core.FromTime(bought.Add(30*24*time.Hour)) || len(why.Why.Parts) != 2 || !why.Why.Parts[0].Holds || why.Why.Parts[0].Value != "1" {
			t.Errorf("explained as %+v, stay %+v", why.Why, st)
		}
	})
}

// TestSegmentsThatNameEachOther edits a segment that others rest on.
func TestSegmentsThatNameEachOther(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		for i, u := range []string{"ann", "bob", "cat"} {
			for n := range i + 1 {
				b.send(obj{"type": "track", "event": "Order Completed", "userId": u, "messageId": fmt.Sprint(u, n), "timestamp": b.at(-float64(n + 1))})
			}
		}
		base := b.segment("base", `{"did":{"event":"Order Completed","op":"gte","value":2}}`)
		mid := b.segment("mid", `{"not":{"segment":{"key":"base"}}}`)
		top := b.segment("top", `{"any":[{"segment":{"key":"mid"}},{"did":{"event":"Order Completed","op":"gte","value":3}}]}`)
		if got := [3]string{b.users(base), b.users(mid), b.users(top)}; got != [3]string{"bob cat", "ann", "ann cat"} {
			t.Fatalf("members %q", got)
		}
		_, err := b.Segments.Update(ctx, 1, base.ID, segment.Change{When: node(t, `{"segment":{"key":"top"}}`)}, "test")
		if err == nil || !strings.Contains(err.Error(), "base → top → mid → base") {
			t.Errorf("a circle is refused with %v", err)
		}
		name := "Named anew"
		if _, err := b.Segments.Update(ctx, 1, base.ID, segment.Change{Name: &name, When: node(t, `{"did":{"event":"Order Completed","op":"gte","value":3}}`)}, "test"); err != nil {
			t.Fatal(err)
		}
		b.Segments.Wait()
		if g := b.fresh(base); g.Name != name || g.Version != 2 {
			t.Errorf("after the edit %+v", g)
		}
		if got := [3]string{b.users(base), b.users(mid), b.users(top)}; got != [3]string{"cat", "ann bob", "ann bob cat"} {
			t.Errorf("after the edit %q", got)
		}
		versions, err := b.Segments.Versions(ctx, 1, top.ID)
		if err != nil || len(versions) != 2 || versions[0].By != "recomputed" || versions[0].Status != "live" || versions[1].Status != "retired" {
			t.Errorf("versions of the one that rests on it %+v, %v", versions, err)
		}
		var inUse *errs.Error
		if err := b.Segments.Delete(ctx, 1, base.ID); !errors.As(err, &inUse) || inUse.Code != "segment_in_use" {
			t.Errorf("deleting what others name: %v", err)
		}
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "bob", "messageId": "more", "timestamp": b.at(0)})
		if got := [3]string{b.users(base), b.users(mid), b.users(top)}; got != [3]string{"bob cat", "ann", "ann bob cat"} {
			t.Errorf("live after the edit %q", got)
		}
		for _, g := range []segment.Segment{top, mid, base} {
			if err := b.Segments.Delete(ctx, 1, g.ID); err != nil {
				t.Fatal(err)
			}
		}
		var left int
		err = b.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, `SELECT COUNT(*) FROM segment_stays WHERE workspace_id = 1`, nil, &left)
		})
		if err != nil || left != 0 {
			t.Errorf("%d stays left, %v", left, err)
		}
		if again := b.segment("base", `{"did":{"event":"Order Completed"}}`); again.ID == base.ID || b.users(again) != "ann bob cat" {
			t.Errorf("a new segment of the key: %+v with %q", again, b.users(again))
		}
	})
}

// TestSegmentNews tells who is told of what: changes, once, and no history.
func TestSegmentNews(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		var told []string
		b.Segments.News = func(_ context.Context, _ *db.Tx, _ core.WorkspaceID, moves []segment.Move) error {
			for _, m := range moves {
				told = append(told, fmt.Sprintf("%s %v %d", m.Segment.Key, m.In, m.Customer))
			}
			return nil
		}
		expect := func(what string, want ...string) {
			t.Helper()
			if !slices.Equal(told, want) {
				t.Errorf("%s: told %q, want %q", what, told, want)
			}
			told = nil
		}
		live := func(events ...obj) {
			t.Helper()
			body, _ := json.Marshal(obj{"batch": events})
			b.accept(body)
		}
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "old", "messageId": "0", "timestamp": b.at(-5)})
		g := b.segment("buyers", `{"did":{"event":"Order Completed","window":{"last":"30d"}}}`)
		expect("who is in it from the start has not entered")
		live(obj{"type": "track", "event": "Order Completed", "userId": "new", "messageId": "1", "timestamp": b.at(0)})
		expect("an order", "buyers true 2")
		live(obj{"type": "track", "event": "Order Completed", "userId": "new", "messageId": "2", "timestamp": b.at(0)})
		expect("a second one changes nothing")
		live(obj{"type": "track", "event": "Order Completed", "userId": "new", "messageId": "3", "timestamp": b.at(-3)})
		expect("nor does one that comes late")
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "history", "messageId": "4", "timestamp": b.at(-2)})
		expect("imports are history")
		b.clock.Advance(30 * 24 * time.Hour)
		b.drain()
		slices.Sort(told)
		expect("time passes", "buyers false 1", "buyers false 2", "buyers false 3")
		if _, err := b.Segments.Update(ctx, 1, g.ID, segment.Change{When: node(t, `{"did":{"event":"Order Completed"}}`)}, "test"); err != nil {
			t.Fatal(err)
		}
		b.Segments.Wait()
		expect("an edit")
		if _, err := b.Segments.Update(ctx, 1, g.ID, segment.Change{When: node(t, `{"did":{"event":"Order Completed","op":"gte","value":3}}`), Emit: true}, "test"); err != nil {
			t.Fatal(err)
		}
		b.Segments.Wait()
		expect("an edit that shall be told", "buyers false 1", "buyers false 3")
	})
}
