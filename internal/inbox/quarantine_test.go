package inbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestQuarantineGroups(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{})
		const nobody = `{"type":"track","event":"Lost"}`
		b.send(nobody, nobody, nobody, nobody, `{"type":"track","userId":"u"}`)
		b.drain()
		b.clock.Advance(time.Minute)
		b.send(nobody)
		b.drain()
		groups, err := b.s.QuarantineGroups(ctx, space, inbox.HeldFilter{}, 10)
		if err != nil || len(groups) != 2 {
			t.Fatalf("groups %+v, %v", groups, err)
		}
		g := groups[0]
		if g.Reason != "no_identity" || g.Event != "Lost" || g.Count != 5 || g.FirstSeen != received || g.LastSeen != received+core.Minute || len(g.Samples) != 3 || g.Samples[0].Raw != nobody {
			t.Errorf("got %+v", g)
		}
		if other, err := b.s.QuarantineGroups(ctx, space+1, inbox.HeldFilter{}, 10); err != nil || len(other) != 0 {
			t.Errorf("a foreign workspace sees %v, %v", other, err)
		}
		if n, err := b.s.DeleteQuarantine(ctx, space, inbox.HeldFilter{Reason: "no_identity"}); err != nil || n != 5 {
			t.Errorf("deleted %d, %v", n, err)
		}
		b.clock.Advance(31 * 24 * time.Hour)
		if err := b.s.MaintainOnce(ctx, true); err != nil {
			t.Fatal(err)
		}
		if held, err := b.s.ListQuarantine(ctx, space, inbox.HeldFilter{}, 10); err != nil || len(held) != 0 {
			t.Errorf("after 31 days: %+v, %v", held, err)
		}
	})
}

// TestReplayAfterFix blocks an event by the plan, repairs the plan and replays:
// times, ids and the envelope's context must be those of the first arrival.
func TestReplayAfterFix(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{Plan: &inbox.Plan{UnplannedEvents: inbox.ModeBlock}})
		door := b.door(event("1", "New"), `{"type":"track","event":"New","userId":"u","timestamp":"2026-05-04T10:00:00Z"}`)
		door.Body = append(door.Body[:len(door.Body)-1], `,"sentAt":"2026-05-04T10:00:05Z","context":{"locale":"ro","ip":"198.51.100.1"},"writeKey":"zzz"}`...)
		door.SentAt = "2020-01-01T00:00:00Z"
		if _, err := b.s.Accept(ctx, door); err != nil {
			t.Fatal(err)
		}
		single := inbox.Door{Source: b.source, Received: received, Body: []byte(`{"event":"Single","anonymousId":"a","messageId":"s"}`)}
		single.Shape, single.Kind, single.SentAt = inbox.ShapeSingle, core.KindTrack, "2026-05-04T10:00:05Z"
		if _, err := b.s.Accept(ctx, single); err != nil {
			t.Fatal(err)
		}
		hog := b.door()
		hog.Body = []byte(`{"api_key":"k","batch":[{"event":"hogged","distinct_id":"d","uuid":"h"}]}`)
		if _, err := b.s.Accept(ctx, hog); err != nil {
			t.Fatal(err)
		}
		if got := b.drain(); len(got) != 0 {
			t.Fatalf("went on despite the plan: %+v", got)
		}
		held, err := b.s.ListQuarantine(ctx, space, inbox.HeldFilter{Reason: inbox.CodePlanBlocked}, 10)
		if err != nil || len(held) != 4 {
			t.Fatalf("held %+v, %v", held, err)
		}
		made := ""
		for _, h := range held {
			if strings.HasPrefix(h.MessageID, "ciclo-") {
				made = h.MessageID
			}
		}
		b.clock.Advance(48 * time.Hour)
		if _, err := b.s.UpdateSource(ctx, space, b.source.ID, inbox.SourceUpdate{Settings: &inbox.Settings{}}); err != nil {
			t.Fatal(err)
		}
		if n, err := b.s.Replay(ctx, space, inbox.HeldFilter{Reason: inbox.CodePlanBlocked}); err != nil || n != 4 {
			t.Fatalf("replayed %d, %v", n, err)
		}
		got := map[string]core.Message{}
		for _, m := range b.drain() {
			got[m.ID] = m
		}
		if m := got["1"]; m.Received != received || m.Context.Locale != "ro" || m.Context.IP != "198.51.100.1" {
			t.Errorf("with id: %+v", m)
		}
		if m := got[made]; made == "" || m.Time != at("2026-05-04T12:00:02Z") || m.Context.Locale != "ro" {
			t.Errorf("without id (%s): %+v", made, m)
		}
		if m := got["s"]; m.Name != "Single" || m.Sent != at("2026-05-04T10:00:05Z") {
			t.Errorf("single: %+v", m)
		}
		if m := got["h"]; m.Name != "hogged" || m.UserID != "d" {
			t.Errorf("posthog: %+v", m)
		}
	})
}

func TestUnknownKeyBatches(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{TakesUnknownKeys: true})
		src, err := b.s.CatchAll(ctx)
		if err != nil || src == nil || src.ID != b.source.ID {
			t.Fatalf("catch-all %+v, %v", src, err)
		}
		door := b.door(event("1", "a"))
		door.Unknown = true
		if _, err := b.s.Accept(ctx, door); err != nil {
			t.Fatal(err)
		}
		if got := b.drain(); len(got) != 0 {
			t.Errorf("went on: %+v", got)
		}
		if n, err := b.s.Replay(ctx, space, inbox.HeldFilter{Reason: inbox.CodeUnknownKey}); err != nil || n != 1 {
			t.Errorf("replayed %d, %v", n, err)
		}
		if got := ids(b.drain()); got != "1" {
			t.Errorf("after replay %q", got)
		}
	})
}

func TestTrackingPlan(t *testing.T) {
	t.Parallel()
	schema := `{"type":"object","required":["id"],"properties":{"id":{"type":"string","pattern":"^p-"},"n":{"type":"integer","minimum":1},"c":{"enum":["red",2]},"o":{"type":"object","required":["k"]},"l":{"items":{"type":"number"}}}}`
	for _, x := range []struct {
		plan   inbox.Plan
		event  string
		props  string
		reason string // of quarantine
		flag   bool
		out    string
	}{
		{inbox.Plan{}, "Any", `{"a":1}`, "", true, `{"a":1}`},
		{inbox.Plan{UnplannedEvents: "block"}, "Any", `{}`, "plan_blocked", false, ""},
		{inbox.Plan{Events: map[string]inbox.PlanItem{"any": {}}, UnplannedEvents: "block"}, "Any", `{}`, "plan_blocked", false, ""},
		{inbox.Plan{Events: map[string]inbox.PlanItem{"Any": {Block: true}}}, "Any", `{}`, "plan_blocked", false, ""},
		{inbox.Plan{Events: map[string]inbox.PlanItem{"Any": {}}}, "Any", `{"a":1}`, "", false, `{"a":1}`},
		{withSchema(schema, ""), "Any", `{"id":"p-1","n":3,"c":"red","o":{"k":1},"l":[1,2.5]}`, "", false, `{"id":"p-1","n":3,"c":"red","o":{"k":1},"l":[1,2.5]}`},
		{withSchema(schema, ""), "Any", `{"id":"p-1","n":"3"}`, "", true, `{"id":"p-1","n":"3"}`},
		{withSchema(schema, "omit"), "Any", `{"id":"p-1","n":"3","x":1}`, "", true, `{"id":"p-1"}`},
		{withSchema(schema, "omit"), "Any", `{"id":"p-1","c":"blue","l":["x"],"o":{}}`, "", true, `{"id":"p-1"}`},
		{withSchema(schema, "block"), "Any", `{"id":"q"}`, "plan_violation", false, ""},
		{withSchema(schema, "block"), "Any", `{"n":1}`, "plan_violation", false, ""},
		{withSchema(schema, "block"), "Any", `{"id":"p-1","n":0}`, "plan_violation", false, ""},
		{withSchema(schema, "block"), "Any", `{"id":"p-1","n":1.5}`, "plan_violation", false, ""},
		{withSchema(schema, "block"), "Any", `{"id":"p-1","x":1}`, "plan_violation", false, ""},
		{inbox.Plan{Common: []byte(`{"required":["v"]}`), Violations: "block"}, "Any", `{"a":1}`, "plan_violation", false, ""},
	} {
		b := setup(t, dbtest.SQLite(t), inbox.Settings{Plan: &x.plan})
		b.send(`{"type":"track","event":"` + x.event + `","userId":"u","messageId":"1","properties":` + x.props + `}`)
		got := b.drain()
		held, err := b.s.ListQuarantine(context.Background(), space, inbox.HeldFilter{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if x.reason != "" {
			if len(held) != 1 || held[0].Reason != x.reason {
				t.Errorf("%+v %s: held %+v", x.plan, x.props, held)
			}
			continue
		}
		if len(got) != 1 || string(got[0].Props) != x.out || (got[0].Flags&core.FlagUnplanned != 0) != x.flag {
			t.Errorf("%+v %s: got %+v, held %+v", x.plan, x.props, got, held)
		}
	}
}

func withSchema(schema string, how inbox.Mode) inbox.Plan {
	return inbox.Plan{Events: map[string]inbox.PlanItem{"Any": {Schema: []byte(schema)}}, Violations: how, UnplannedProperties: how}
}

func TestPropertyRules(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := setup(t, d, inbox.Settings{Properties: []inbox.PropertyRule{{"email", inbox.Hash}, {"card", inbox.DropP}, {"address.street", inbox.DropP}, {"items.note", inbox.DropP}}})
		const props = `{"email":"a@b.c","card":"4111","address":{"street":"x","city":"y"},"items":[{"note":1,"sku":2}],"n":1}`
		b.send(`{"type":"identify","userId":"u","traits":`+props+`}`, `{"type":"track","event":"e","userId":"u","properties":`+props+`,"context":{"traits":{"email":"a@b.c"}}}`,
			`{"type":"track","event":"e","properties":`+props+`,"context":{"traits":{"card":"4111"}}}`)
		got := b.drain()
		text := string(got[0].Props)
		if strings.Contains(text, "a@b.c") || strings.Contains(text, "4111") || strings.Contains(text, "street") || strings.Contains(text, "note") || !strings.Contains(text, `"city":"y"`) {
			t.Errorf("traits: %s", text)
		}
		hash := text[len(`{"email":"`) : len(`{"email":"`)+32]
		if string(got[1].ContextTraits) != `{"email":"`+hash+`"}` {
			t.Errorf("context traits: %s, want the hash %s", got[1].ContextTraits, hash)
		}
		held, err := b.s.ListQuarantine(context.Background(), space, inbox.HeldFilter{}, 10)
		if err != nil || len(held) != 1 || strings.Contains(held[0].Raw, "4111") || strings.Contains(held[0].Raw, "a@b.c") {
			t.Errorf("quarantine keeps what the rules take away: %+v, %v", held, err)
		}
	})
	b := setup(t, dbtest.SQLite(t), inbox.Settings{OnlyListed: true, Properties: []inbox.PropertyRule{{"plan", inbox.Allow}, {"a.b", inbox.Allow}}})
	b.send(`{"type":"track","event":"e","userId":"u","properties":{"plan":{"x":1},"other":1,"a":{"b":1,"c":2}}}`)
	if got := string(b.drain()[0].Props); got != `{"plan":{"x":1},"a":{"b":1}}` {
		t.Errorf("only listed: %s", got)
	}
}
