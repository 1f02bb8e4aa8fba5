package inbox_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// TestEveryReason sends one event for each reason of quarantine, replays it
// twice without a cure and once with one, and counts it at each step: what is
// not cured comes back under the same reason and time, what is goes on once.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	plan := func(p inbox.Plan) inbox.Settings { return inbox.Settings{Plan: &p} }
	for _, x := range []struct {
		reason, event string
		set           inbox.Settings
		byPipeline    bool // refused while it is resolved
		unknown       bool // came with an unknown key
		cured         bool // by settings without a plan, or by the pipeline
		gone          bool // the body is not kept
	}{
		{reason: inbox.CodeBadID, event: `{"type":"track","event":"e","userId":{"a":1},"messageId":"m"}`},
		{reason: inbox.CodeNoIdentity, event: `{"type":"track","event":"e","messageId":"m"}`},
		{reason: inbox.CodeNoIdentity, event: event("m", "e"), byPipeline: true, cured: true},
		{reason: inbox.CodeNoEventName, event: `{"type":"track","event":" \u200b ","userId":"u","messageId":"m"}`},
		{reason: inbox.CodeEventTooLarge, event: event("m", "e")[:10] + strings.Repeat(" ", inbox.MaxEventBytes) + event("m", "e")[10:]},
		{reason: inbox.CodeIDTooLong, event: event(strings.Repeat("m", 256), "e")},
		{reason: inbox.CodeTooDeep, event: `{"type":"track","event":"e","userId":"u","messageId":"m","properties":` + deep(32) + `}`},
		{reason: inbox.CodeUnknownType, event: `{"type":"bogus","userId":"u","messageId":"m"}`},
		{reason: inbox.CodePlanBlocked, event: event("m", "e"), set: plan(inbox.Plan{UnplannedEvents: inbox.ModeBlock}), cured: true},
		{reason: inbox.CodePlanViolation, event: event("m", "e"), set: plan(inbox.Plan{Common: []byte(`{"required":["x"]}`), Violations: inbox.ModeBlock}), cured: true},
		{reason: inbox.CodeErasedIdentity, event: event("m", "e"), byPipeline: true, gone: true},
		{reason: inbox.CodeUnknownKey, event: event("m", "e"), unknown: true, cured: true},
	} {
		t.Run(x.reason, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				ctx := context.Background()
				b := setup(t, d, x.set)
				door := b.door(x.event)
				door.Unknown = x.unknown
				if _, err := b.s.Accept(ctx, door); err != nil {
					t.Fatal(err)
				}
				process := func(refuse bool) int {
					w := b.take()
					for i := range w.Messages {
						if refuse {
							w.Reject(i, x.reason, "by the pipeline")
						}
					}
					if err := b.commit(w); err != nil {
						t.Fatal(err)
					}
					if refuse {
						return 0
					}
					return len(w.Messages)
				}
				if n := process(x.byPipeline); n != 0 {
					t.Fatalf("%d went on", n)
				}
				b.heldAs(x.reason, x.event, x.gone)
				b.clock.Advance(time.Hour)
				if x.gone {
					if n, err := b.s.Replay(ctx, space, inbox.HeldFilter{}); err != nil || n != 0 {
						t.Errorf("replayed %d without a body, %v", n, err)
					}
					return
				}
				for range 2 {
					if n, err := b.s.Replay(ctx, space, inbox.HeldFilter{}); err != nil || n != 1 {
						t.Fatalf("replayed %d, %v", n, err)
					}
					if n, err := b.s.Replay(ctx, space, inbox.HeldFilter{}); err != nil || n != 0 {
						t.Fatalf("replayed %d more, %v", n, err)
					}
					if x.unknown {
						break // let in by hand: the key is no fault any more
					}
					if n := process(x.byPipeline); n != 0 {
						t.Fatalf("%d went on uncured", n)
					}
					b.heldAs(x.reason, x.event, false)
				}
				if !x.cured {
					return
				}
				if _, err := b.s.UpdateSource(ctx, space, b.source.ID, inbox.SourceUpdate{Settings: &inbox.Settings{}}); err != nil {
					t.Fatal(err)
				}
				if _, err := b.s.Replay(ctx, space, inbox.HeldFilter{}); err != nil {
					t.Fatal(err)
				}
				w := b.take()
				if ids(w.Messages) != "m" || w.Messages[0].Received != received {
					t.Fatalf("cured: %+v", w.Messages)
				}
				if err := b.commit(w); err != nil {
					t.Fatal(err)
				}
				b.send(x.event) // the client tries once more
				if got := b.drain(); len(got) != 0 {
					t.Errorf("a copy of the replayed event went on: %+v", got)
				}
			})
		})
	}
}

// heldAs checks that quarantine holds exactly the event, for that reason.
func (b *bundle) heldAs(reason, raw string, gone bool) {
	b.t.Helper()
	held, err := b.s.ListQuarantine(context.Background(), space, inbox.HeldFilter{}, 10)
	if err != nil || len(held) != 1 {
		b.t.Fatalf("held %+v, %v", held, err)
	}
	h := held[0]
	if gone {
		raw = ""
	}
	if h.Reason != reason || h.Source != b.source.ID || h.Received != received || h.Raw != raw || h.Whole == gone || h.Detail == "" {
		b.t.Errorf("held %.300s", fmt.Sprintf("%+v", h))
	}
}

// TestEventAtTheLimit sends events of 32,768 bytes and one more.
func TestEventAtTheLimit(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{inbox.MaxEventBytes: "", inbox.MaxEventBytes + 1: inbox.CodeEventTooLarge} {
		const head, tail = `{"type":"track","event":"e","userId":"u","properties":{"x":"`, `"}}`
		if got := code(t, head+strings.Repeat("x", size-len(head)-len(tail))+tail); got != want {
			t.Errorf("%d bytes: code %q, want %q", size, got, want)
		}
	}
}

// TestIdentityTraitsFollowThePlan checks that identify and group traits have
// the plan's three answers too, and that names are case-sensitive.
func TestIdentityTraitsFollowThePlan(t *testing.T) {
	t.Parallel()
	schema := []byte(`{"properties":{"plan":{"enum":["free","pro"]}}}`)
	for how, want := range map[inbox.Mode]string{inbox.ModeFlag: `{"plan":"gold","Plan":1}`, inbox.ModeOmit: "", inbox.ModeBlock: "held"} {
		for _, kind := range []string{`"identify"`, `"group","groupId":"g"`} {
			p := inbox.Plan{Identify: &inbox.PlanItem{Schema: schema}, Group: &inbox.PlanItem{Schema: schema}, Violations: how, UnplannedProperties: how}
			b := setup(t, dbtest.SQLite(t), inbox.Settings{Plan: &p})
			b.send(`{"type":` + kind + `,"userId":"u","traits":{"plan":"gold","Plan":1}}`)
			got := b.drain()
			if how == inbox.ModeBlock {
				if held, err := b.s.ListQuarantine(context.Background(), space, inbox.HeldFilter{}, 9); err != nil || len(held) != 1 || held[0].Reason != inbox.CodePlanViolation {
					t.Errorf("%s %s: held %+v, %v", how, kind, held, err)
				}
				continue
			}
			if len(got) != 1 || string(got[0].Props) != want {
				t.Errorf("%s %s: got %+v", how, kind, got)
			}
		}
	}
}
