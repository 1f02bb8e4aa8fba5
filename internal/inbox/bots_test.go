package inbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// botOf gives the mark of a message: class and evidence, or "".
func botOf(t testing.TB, m *core.Message) (class, evidence string) {
	t.Helper()
	var rest struct {
		Bot struct{ Class, Evidence string }
	}
	if len(m.ContextRest) > 0 {
		if err := json.Unmarshal(m.ContextRest, &rest); err != nil {
			t.Fatalf("rest %s: %v", m.ContextRest, err)
		}
	}
	if (rest.Bot.Class != "") != (m.Flags&core.FlagBot != 0) {
		t.Errorf("the flag and the reasons disagree: %b, %s", m.Flags, m.ContextRest)
	}
	return rest.Bot.Class, rest.Bot.Evidence
}

func TestBotClassesAndEvidence(t *testing.T) {
	t.Parallel()
	known, err := inbox.KnownNetworks()
	if err != nil {
		t.Fatal(err)
	}
	const person = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
	for _, x := range []struct {
		kind            inbox.SourceKind
		context         string
		class, evidence string
	}{
		{inbox.Browser, `{"userAgent":"` + person + `"}`, "", ""},
		{inbox.Browser, `{"userAgent":"GPTBot/1.2"}`, "ai", "user agent has gptbot"},
		{inbox.Browser, `{"ip":"66.249.66.1"}`, "crawler", "address lies in the network of Googlebot"},
		{inbox.Browser, `{"ip":"::ffff:66.249.66.1"}`, "crawler", "address lies in the network of Googlebot"},
		{inbox.Browser, `{"ip":"2001:4860:4801:10::5"}`, "crawler", "address lies in the network of Googlebot"},
		{inbox.Browser, `{"ip":"52.230.152.9"}`, "ai", "address lies in the network of GPTBot"},
		{inbox.Browser, `{"ip":"203.0.113.1"}`, "", ""},
		{inbox.Browser, `{"ip":"nonsense"}`, "", ""},
		{inbox.Browser, `{"webdriver":true}`, "headless", "the browser says that it is automated"},
		{inbox.Browser, `{"webdriver":false,"languages":["it"],"screen":{"width":0,"height":900}}`, "", ""},
		{inbox.Browser, `{"languages":[ ]}`, "headless", "the browser has no languages"},
		{inbox.Mobile, `{"screen":{"width":0,"height":0}}`, "headless", "the screen has no size"},
		{inbox.Server, `{"screen":{"width":0,"height":0}}`, "", ""},
		{inbox.Server, `{"webdriver":true,"direct":true}`, "headless", "the browser says that it is automated"},
		{inbox.Browser, `{"userAgent":"X HeadlessChrome/126.0","ip":"40.77.167.9","webdriver":true,"languages":[]}`, "headless",
			"user agent has headlesschrome; address lies in the network of Bingbot; the browser says that it is automated, the browser has no languages"},
	} {
		m := parse(t, inbox.Request{Meta: inbox.Meta{Source: x.kind}, Networks: known,
			Body: []byte(`{"batch":[{"type":"track","event":"e","userId":"u","context":` + x.context + `}]}`)}).Messages[0]
		if class, evidence := botOf(t, &m); class != x.class || evidence != x.evidence {
			t.Errorf("%s %s: %q, %q", x.kind, x.context, class, evidence)
		}
	}
	// What the client says of itself is kept, and gives way to a mark of ours.
	if m := one(t, `{"type":"track","event":"e","userId":"u","context":{"bot":"no"}}`); string(m.ContextRest) != `{"bot":"no"}` || m.Flags&core.FlagBot != 0 {
		t.Errorf("own word: %s", m.ContextRest)
	}
	if m := one(t, `{"type":"track","event":"e","userId":"u","context":{"bot":"no","userAgent":"curl/8"}}`); strings.Count(string(m.ContextRest), `"bot"`) != 1 || m.Flags&core.FlagBot == 0 {
		t.Errorf("own word and a mark: %s", m.ContextRest)
	}
}

// TestNetworkOfTheCaller checks that the caller's network is found before the
// address policy shortens the address, and that a source can name its own.
func TestNetworkOfTheCaller(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{Bots: inbox.BotRules{Networks: []string{"198.51.100.64/26", "2001:db8::1"}}})
		for _, x := range []struct {
			ip, class string
		}{{"157.55.39.7", "crawler"}, {"198.51.100.65", "network"}, {"198.51.100.1", ""}, {"2001:db8::1", "network"}, {"2001:db8::2", ""}} {
			door := b.door(fmt.Sprintf(`{"type":"track","event":"e","anonymousId":"a","messageId":%q}`, x.ip))
			door.IP, door.IPPolicy = x.ip, inbox.IPRemove
			if _, err := b.s.Accept(ctx, door); err != nil {
				t.Fatal(err)
			}
			got := b.drain()
			if class, _ := botOf(t, &got[0]); class != x.class || got[0].Context.IP != "" {
				t.Errorf("%s: class %q, address %q", x.ip, class, got[0].Context.IP)
			}
		}
	})
}

func TestKnownNetworksAreSound(t *testing.T) {
	t.Parallel()
	known, err := inbox.KnownNetworks()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := known.With([]string{"203.0.113.7/24"}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "x", "1.2.3.4/99", "fe80::1%eth0"} {
		if _, err := known.With([]string{bad}); err == nil {
			t.Errorf("%q passes for a network", bad)
		}
	}
	if _, err := known.With(make([]string, inbox.MaxNetworks+1)); err == nil {
		t.Error("any number of networks can be named")
	}
	if _, err := netip.ParsePrefix("66.249.64.0/20"); err != nil {
		t.Error(err)
	}
}

// hits makes n events of one visitor, ten a second, from second from on.
func hits(prefix, anonymous string, from, n int) []string {
	out := make([]string, n)
	for i := range out {
		at := time.Date(2026, 5, 4, 11, 0, from, 0, time.UTC).Add(time.Duration(i) * 100 * time.Millisecond)
		out[i] = fmt.Sprintf(`{"type":"page","anonymousId":%q,"messageId":"%s%d","timestamp":%q}`, anonymous, prefix, i, at.Format(time.RFC3339Nano))
	}
	return out
}

func marked(t testing.TB, ms []core.Message) string {
	t.Helper()
	var out []string
	for i := range ms {
		if class, _ := botOf(t, &ms[i]); class != "" {
			out = append(out, ms[i].ID)
		}
	}
	return strings.Join(out, " ")
}

func TestBotRate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{Bots: inbox.BotRules{PerAnonymousID: 5, PerAddress: 12}})
		// Five in a minute are a person's, the sixth is not, also over batches, and
		// however often a batch is taken before it is committed.
		b.send(hits("a", "x", 0, 4)...)
		if got := marked(t, b.drain()); got != "" {
			t.Errorf("marked %q", got)
		}
		b.send(hits("b", "x", 10, 3)...)
		b.take()
		w := b.take()
		if got := marked(t, w.Messages); got != "b1 b2" {
			t.Errorf("marked %q, want b1 b2", got)
		}
		if _, evidence := botOf(t, &w.Messages[1]); evidence != "more than 5 events a minute from one anonymous id" {
			t.Errorf("evidence %q", evidence)
		}
		if err := b.commit(w); err != nil {
			t.Fatal(err)
		}
		// A minute is one of event time, whenever the events arrive.
		b.clock.Advance(time.Hour)
		b.send(hits("c", "x", 20, 1)...)
		b.send(hits("d", "x", 60, 5)...)
		if got := marked(t, b.drain()); got != "c0" {
			t.Errorf("marked %q, want c0", got)
		}
		// Copies do not count; the address counts over all its visitors.
		b.send(hits("d", "x", 60, 5)...)
		b.send(append(append(hits("e", "y", 60, 4), hits("f", "z", 60, 3)...), hits("g", "v", 60, 2)...)...)
		if got := marked(t, b.drain()); got != "g0 g1" {
			t.Errorf("marked %q, want g0 g1", got)
		}
		if got, err := b.s.ListQuarantine(ctx, space, inbox.HeldFilter{}, 1); err != nil || len(got) != 0 {
			t.Errorf("a bot is blocked: %+v, %v", got, err)
		}
	})
}

// TestBotRateSurvivesQuarantine checks that a replayed event carries the mark
// it got when it first came, and counts nothing.
func TestBotRateSurvivesQuarantine(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{Bots: inbox.BotRules{PerAnonymousID: 2}})
	b.send(hits("a", "x", 0, 4)...)
	w := b.take()
	for i := range w.Messages {
		w.Reject(i, inbox.CodeNoIdentity, "blocked value")
	}
	if err := b.commit(w); err != nil {
		t.Fatal(err)
	}
	b.restart()
	for range 2 {
		if n, err := b.s.Replay(context.Background(), space, inbox.HeldFilter{}); err != nil || n != 4 {
			t.Fatalf("replayed %d, %v", n, err)
		}
		w := b.take()
		if got := marked(t, w.Messages); got != "a2 a3" && got != "a3 a2" {
			t.Errorf("marked %q, want a2 and a3", got)
		}
		for i := range w.Messages {
			w.Reject(i, inbox.CodeNoIdentity, "blocked value")
		}
		if err := b.commit(w); err != nil {
			t.Fatal(err)
		}
	}
}

func TestServersHaveNoRate(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{Bots: inbox.BotRules{PerAnonymousID: 1}})
	server := inbox.Server
	var err error
	if b.source, err = b.s.UpdateSource(context.Background(), space, b.source.ID, inbox.SourceUpdate{Kind: &server}); err != nil {
		t.Fatal(err)
	}
	b.send(hits("a", "x", 0, 9)...)
	if got := marked(t, b.drain()); got != "" {
		t.Errorf("marked %q", got)
	}
	off := inbox.Settings{Bots: inbox.BotRules{PerAnonymousID: -1, PerAddress: -1}}
	browser := inbox.Browser
	if b.source, err = b.s.UpdateSource(context.Background(), space, b.source.ID, inbox.SourceUpdate{Kind: &browser, Settings: &off}); err != nil {
		t.Fatal(err)
	}
	b.send(hits("b", "x", 0, 300)...)
	if got := marked(t, b.drain()); got != "" {
		t.Errorf("marked %q although rates are off", got)
	}
}

func TestTestEvents(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{})
	b.send(`{"type":"page","userId":"u","messageId":"1","context":{"test":true}}`,
		`{"type":"track","event":"Order Completed","userId":"u","messageId":"2","properties":{"order_id":"o","revenue":1,"test":true}}`,
		`{"type":"track","event":"Other","userId":"u","messageId":"3","properties":{"test":true}}`,
		`{"type":"page","userId":"u","messageId":"4","context":{"test":"true"}}`,
		`{"type":"page","userId":"u","messageId":"5","context":{"test":"no"}}`)
	flagged := func(ms []core.Message) string {
		var out []string
		for _, m := range ms {
			if m.Flags&core.FlagTest != 0 {
				out = append(out, m.ID)
			}
		}
		return strings.Join(out, " ")
	}
	if got := flagged(b.drain()); got != "1 2 4" {
		t.Errorf("tests are %q, want 1 2 4", got)
	}
	var err error
	if b.source, err = b.s.UpdateSource(context.Background(), space, b.source.ID, inbox.SourceUpdate{Settings: &inbox.Settings{Test: true}}); err != nil {
		t.Fatal(err)
	}
	b.send(event("6", "a"), event("7", "b"))
	if got := flagged(b.drain()); got != "6 7" {
		t.Errorf("of a test source %q, want 6 7", got)
	}
}
