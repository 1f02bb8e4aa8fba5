package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// randomCondition nests the conditions of mixed.
func randomCondition(rnd *rand.Rand, leaves []string, level int) string {
	if level < 3 && rnd.IntN(3) > 0 {
		a, b := randomCondition(rnd, leaves, level+1), randomCondition(rnd, leaves, level+1)
		switch rnd.IntN(3) {
		case 0:
			return `{"all":[` + a + `,` + b + `]}`
		case 1:
			return `{"any":[` + a + `,` + b + `]}`
		}
		return `{"not":` + a + `}`
	}
	return leaves[rnd.IntN(len(leaves))]
}

// TestRandomSegmentsWithErasure defines random segments over random histories
// into which erasures fall, and compares live with history at every step.
func TestRandomSegmentsWithErasure(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		rounds, steps := 4, 12
		if testing.Short() {
			rounds, steps = 1, 4
		}
		def, _ := lifecycle.FromTemplate("sterne_cutler")
		if _, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test"); err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		rnd := rand.New(rand.NewPCG(12, 34))
		var batch []obj
		for range 80 {
			batch = append(batch, randomEvent(b, rnd))
		}
		b.send(batch...)
		var leaves []string
		for key, text := range mixed() {
			if key != "both" && key != "half" {
				leaves = append(leaves, text)
			}
		}
		slices.Sort(leaves)
		list := b.segment("listed", "")
		leaves = append(leaves, `{"segment":{"key":"listed"}}`)
		var merges []int64
		n := 0
		for range rounds {
			var made []segment.Segment
			for range 6 {
				n++
				made = append(made, b.segment(fmt.Sprintf("s%d", n), randomCondition(rnd, leaves, 0)))
			}
			leaves = append(leaves, fmt.Sprintf(`{"segment":{"key":"s%d"}}`, n))
			for step := range steps {
				what := b.disturb(rnd, list, &merges)
				if step%5 == 4 {
					if c := b.number(fmt.Sprint("user", rnd.IntN(8))); c != 0 {
						b.eraseOne(c, customer.Delete, "asked for")
						what, merges = fmt.Sprint("erase ", c), nil
					}
				}
				for _, g := range made {
					b.agree(t, b.fresh(g), what+" under "+g.When.Text(), rnd)
				}
			}
		}
		if rep, err := b.Verify(ctx, 0); err != nil || len(rep.Problems) > 0 {
			t.Fatalf("verify: %v %v", rep, err)
		}
	})
}

// TestReadySegments makes every ready-made segment over a small shop with known
// customers of each sort.
func TestReadySegments(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		order := func(user string, day float64, props obj) {
			b.sent++
			p := obj{"order_id": fmt.Sprint(b.sent), "revenue": 20, "currency": "EUR"}
			for k, v := range props {
				p[k] = v
			}
			b.send(obj{"type": "track", "event": "Order Completed", "userId": user, "messageId": fmt.Sprint("r", b.sent), "timestamp": b.at(day), "properties": p})
		}
		event := func(user, name string, day float64, props obj) {
			b.sent++
			b.send(obj{"type": "track", "event": name, "userId": user, "messageId": fmt.Sprint("r", b.sent), "timestamp": b.at(day), "properties": props})
		}
		for i := range 12 { // the champion buys every month, lately too
			order("champion", -float64(i*30)-1, obj{"revenue": 300})
		}
		for i := range 8 { // bought often, silent since long
			order("risk", -float64(i*20)-320, nil)
		}
		order("once", -100, obj{"revenue": 5})
		order("fresh", -2, obj{"revenue": 5})
		order("grow", -150, obj{"revenue": 10})
		order("grow", -20, obj{"revenue": 90})
		order("shrink", -150, obj{"revenue": 90})
		order("shrink", -20, obj{"revenue": 10})
		for _, day := range []float64{-200, -50} {
			order("coupon", day, obj{"coupon": "SAVE"})
		}
		for _, day := range []float64{-160, -130, -100, -70, -33} {
			order("refill", day, nil)
		}
		event("cart", "Product Added", -1, nil)
		event("fan", "Product Reviewed", -3, obj{"rating": 5})
		if _, err := b.Segments.TakeRun(ctx, 1, "test"); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"ideal_customers": "champion refill", "champions": "champion", "promising": "fresh", "at_risk": "refill risk", "dormant": "risk",
			"cart_abandoners": "cart", "growing_spenders": "grow", "shrinking_spenders": "once refill shrink", "one_time_buyers": "once", "discount_only": "coupon",
			"replenishment_due": "champion refill", "brand_advocates": "fan",
		}
		for _, lang := range []string{"en", "it", "ro"} {
			ready, err := segment.Ready(lang)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range ready {
				if r.Name == "" || r.Description == "" {
					t.Errorf("%s has no words in %s", r.Key, lang)
				}
				if lang != "en" {
					continue
				}
				text, _ := json.Marshal(r.When)
				g := b.segment(r.Key, string(text))
				got := b.users(g)
				if w, named := want[r.Key]; named && r.Key == "replenishment_due" {
					if !strings.Contains(got, "refill") {
						t.Errorf("%s: %q, want %q among them", r.Key, got, w)
					}
				} else if named && got != w {
					t.Errorf("%s: %q, want %q", r.Key, got, w)
				} else if !named && r.Key != "loyal" {
					t.Errorf("%s has no known customers", r.Key)
				}
			}
		}
	})
}

// TestPreviewWarnings says what is probably not meant so.
func TestPreviewWarnings(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		b.send(obj{"type": "identify", "userId": "u", "messageId": "1", "traits": obj{"plan": "pro", "age": 30, "tags": []string{"a"}, "vip": true}},
			obj{"type": "track", "event": "Buy", "userId": "u", "messageId": "2", "properties": obj{"sku": "x", "price": 3}},
			obj{"type": "page", "userId": "v", "messageId": "3"})
		f := func(when string, want ...string) {
			t.Helper()
			p, err := b.Segments.Preview(context.Background(), 1, 0, node(t, when))
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			var got []string
			for _, w := range p.Warnings {
				got = append(got, strings.TrimSpace(w.Code+" "+w.Name))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
			if p.Population != 2 || p.Size != int64(len(p.Sample)) {
				t.Errorf("%s: %+v", when, p)
			}
		}
		f(`{"trait":{"name":"plan","op":"is","value":"pro"}}`)
		f(`{"trait":{"name":"plan","op":"gt","value":3}}`, "matches_nobody", "type_mismatch plan")
		f(`{"trait":{"name":"age","op":"is","value":"30"}}`, "matches_nobody", "type_mismatch age")
		f(`{"trait":{"name":"age","op":"contains","value":"3"}}`, "matches_nobody", "type_mismatch age")
		f(`{"trait":{"name":"tags","op":"contains","value":"a"}}`)
		f(`{"trait":{"name":"vip","op":"is_true"}}`)
		f(`{"trait":{"name":"nope","op":"set"}}`, "matches_nobody", "unknown_trait nope")
		f(`{"trait":{"name":"nope","op":"not_set"}}`, "matches_all", "unknown_trait nope")
		f(`{"did":{"event":"Buy"}}`, "never_leaves")
		f(`{"did":{"event":"Buy","window":{"last":"30d"}}}`)
		f(`{"did":{"event":"Bye"}}`, "matches_nobody", "unknown_event Bye")
		f(`{"did":{"event":"Buy","where":[{"name":"colour","op":"is","value":"red"}]}}`, "matches_nobody", "unknown_property colour")
		f(`{"did":{"event":"Buy","where":[{"name":"price","op":"starts","value":"3"}]}}`, "matches_nobody", "type_mismatch price")
		f(`{"all":[{"did":{"event":"Buy"}},{"not":{"did":{"event":"Buy"}}}]}`, "matches_nobody")
		f(`{"all":[]}`, "matches_all", "never_leaves")
	})
}

// TestPreviewEqualsSegment previews many conditions and compares with what the
// saved segment gives, and an edit's effect with what it does.
func TestPreviewEqualsSegment(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		rnd := rand.New(rand.NewPCG(9, 9))
		for range 5 {
			var batch []obj
			for range 25 {
				batch = append(batch, randomEvent(b, rnd))
			}
			b.send(batch...)
		}
		prev := b.segment("edited", `{"did":{"event":"Order Completed"}}`)
		for _, key := range []string{"buyers", "lately", "silent", "never", "mail", "rich", "abandon", "due"} {
			n := node(t, mixed()[key])
			p, err := b.Segments.Preview(ctx, 1, prev.ID, n)
			if err != nil {
				t.Fatal(err)
			}
			was, err := b.Segments.Members(ctx, 1, b.fresh(prev))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Segments.Update(ctx, 1, prev.ID, segment.Change{When: n}, "test"); err != nil {
				t.Fatal(err)
			}
			b.Segments.Wait()
			is, err := b.Segments.Members(ctx, 1, b.fresh(prev))
			if err != nil {
				t.Fatal(err)
			}
			enters, leaves := int64(0), int64(0)
			for _, c := range is {
				if !slices.Contains(was, c) {
					enters++
				}
			}
			for _, c := range was {
				if !slices.Contains(is, c) {
					leaves++
				}
			}
			if p.Size != int64(len(is)) || p.Enters != enters || p.Leaves != leaves {
				t.Errorf("%s: preview %+v; saved %d, %d entered, %d left", key, p, len(is), enters, leaves)
			}
		}
	})
}

// TestSegmentHistoryAndOverlap compares both with a count by hand.
func TestSegmentHistoryAndOverlap(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		rnd := rand.New(rand.NewPCG(2, 3))
		for range 6 {
			var batch []obj
			for range 25 {
				batch = append(batch, randomEvent(b, rnd))
			}
			b.send(batch...)
		}
		var made []segment.Segment
		for _, key := range []string{"lately", "buyers", "never"} {
			made = append(made, b.segment(key, mixed()[key]))
		}
		now := core.FromTime(b.clock.Now())
		list, err := b.Segments.History(ctx, 1, made[0], now-100*core.Day, now, expr.Days)
		if err != nil {
			t.Fatal(err)
		}
		spans, err := b.Segments.Spans(ctx, 1, made[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range list {
			var want segment.Size
			for _, s := range spans {
				if s.Entered < z.End && s.Left >= z.End {
					want.Size++
				}
				if s.Entered >= z.Start && s.Entered < z.End {
					want.Entered++
				}
				if s.Left >= z.Start && s.Left < z.End {
					want.Left++
				}
			}
			if z.Size != want.Size || z.Entered != want.Entered || z.Left != want.Left {
				t.Fatalf("%v: %+v, want %+v", core.ToTime(z.Start), z, want)
			}
		}
		if len(list) < 100 || len(spans) < 10 {
			t.Errorf("%d periods, %d stays: the test has become blind", len(list), len(spans))
		}
		overlaps, err := b.Segments.Overlaps(ctx, 1, []int64{made[0].ID, made[1].ID, made[2].ID})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{}
		everybody, _ := b.Customers.Everybody(ctx, 1)
		for _, c := range everybody {
			key := ""
			for _, g := range made {
				if in, _ := b.Segments.Members(ctx, 1, g); slices.Contains(in, c) {
					key += fmt.Sprint(g.ID, " ")
				}
			}
			if key != "" {
				want[key]++
			}
		}
		for _, o := range overlaps {
			key := ""
			for _, id := range o.Segments {
				key += fmt.Sprint(id, " ")
			}
			if want[key] != o.Customers {
				t.Errorf("overlap %s: %d, want %d", key, o.Customers, want[key])
			}
			delete(want, key)
		}
		if len(want) > 0 {
			t.Errorf("overlaps %v are missing", want)
		}
	})
}

// TestSegmentsSurviveARestart kills a computation between its steps.
func TestSegmentsSurviveARestart(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		b.send(obj{"type": "track", "event": "Order Completed", "userId": "u", "messageId": "1", "timestamp": b.at(-1)})
		base := b.segment("base", `{"did":{"event":"Order Completed"}}`)
		top := b.segment("top", `{"not":{"segment":{"key":"base"}}}`)
		// What names something may be out of date when the program starts: as if it
		// had been stopped right after the other one was put into service.
		if _, err := b.Segments.Update(ctx, 1, base.ID, segment.Change{When: node(t, `{"did":{"event":"Order Completed","op":"gte","value":2}}`)}, "test"); err != nil {
			t.Fatal(err)
		}
		b.Segments.Wait()
		if err := b.LoadWorkspace(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if err := b.Segments.Resume(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if got := b.users(top); got != "u" {
			t.Errorf("members %q", got)
		}
		b.clock.Advance(time.Hour)
		b.drain()
		if rep, err := b.Verify(ctx, 0); err != nil || len(rep.Problems) > 0 {
			t.Fatalf("verify: %v %v", rep, err)
		}
	})
}
