// Package conformance_test runs unmodified client libraries, and the documented
// requests of others, against the ingest paths on a real listener.
package conformance_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	analytics "gopkg.in/segmentio/analytics-go.v3"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/collect"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// EnvNode makes the Node part a must. Without it, it runs when its packages are
// installed.
const EnvNode = "CICLO_CONFORMANCE"

const space core.WorkspaceID = 1

// server is the ingest door on a real listener, with the system's clock.
type server struct {
	t     *testing.T
	db    *db.DB
	inbox *inbox.Service
	url   string
	key   string
}

func start(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, db: dbtest.SQLite(t)}
	var err error
	if s.inbox, err = inbox.New(inbox.Deps{DB: s.db, Clock: clock.System{}, Secret: []byte("conformance secret")}); err != nil {
		t.Fatal(err)
	}
	if _, s.key, err = s.inbox.CreateSource(context.Background(), space, inbox.NewSource{Name: "Conformance", Kind: inbox.Browser}); err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(collect.New(collect.Deps{Inbox: s.inbox, Clock: clock.System{}}))
	t.Cleanup(ts.Close)
	s.url = ts.URL
	return s
}

// arrived processes what waits and gives it by user id.
func (s *server) arrived() map[string][]core.Message {
	s.t.Helper()
	ctx := context.Background()
	out := map[string][]core.Message{}
	for {
		w, err := s.inbox.Take(ctx, space, 10_000)
		if err != nil {
			s.t.Fatal(err)
		}
		if w == nil {
			break
		}
		if err := s.db.Write(ctx, func(tx *db.Tx) error { return w.Commit(ctx, tx) }); err != nil {
			s.t.Fatal(err)
		}
		for _, m := range w.Messages {
			out[m.UserID] = append(out[m.UserID], m)
		}
	}
	held, err := s.inbox.ListQuarantine(ctx, space, inbox.HeldFilter{}, 10)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range held {
		s.t.Errorf("quarantined: %s %s: %s", h.Reason, h.Detail, h.Raw)
	}
	return out
}

// want checks that the messages of a client are the calls it made.
func want(t *testing.T, client string, got []core.Message, kinds ...core.Kind) {
	t.Helper()
	by := map[core.Kind][]core.Message{}
	for _, m := range got {
		by[m.Kind] = append(by[m.Kind], m)
		if m.ID == "" || m.Flags&(core.FlagNoMessageID|core.FlagTimeInvalid|core.FlagTimeClamped|core.FlagIDConflict|core.FlagLate) != 0 {
			t.Errorf("%s: %s has flags %b", client, m.Kind, m.Flags)
		}
		if m.Original == 0 || m.Sent == 0 || m.Time < m.Received-core.Minute {
			t.Errorf("%s: %s times: original %d, sent %d, time %s, received %s", client, m.Kind, m.Original, m.Sent, core.ToTime(m.Time), core.ToTime(m.Received))
		}
	}
	if len(got) != len(kinds) {
		t.Errorf("%s: %d events arrived, want %d", client, len(got), len(kinds))
	}
	for _, k := range kinds {
		if len(by[k]) != 1 {
			t.Errorf("%s: %d %s events, want 1", client, len(by[k]), k)
			continue
		}
		content(t, client, by[k][0])
	}
}

// content checks the payload of one call against calls.mjs.
func content(t *testing.T, client string, m core.Message) {
	t.Helper()
	p := func(path string) string { return gjson.GetBytes(m.Props, path).Raw }
	ok := true
	switch m.Kind {
	case core.KindTrack:
		ok = m.Name == "Conformance "+client && p("price") == "12.5" && p("list.1") == `"two"` && p("nested.deep") == "true" && gjson.GetBytes(m.Props, "text").Str == "caffè 😀"
	case core.KindIdentify:
		ok = p("plan") == `"pro"` && p("seats") == "3"
	case core.KindPage:
		ok = m.Name == "Home"
	case core.KindScreen:
		ok = m.Name == "Start"
	case core.KindGroup:
		ok = m.GroupID == "g-"+client && p("plan") == `"pro"`
	case core.KindAlias:
		ok = m.PreviousID == "p-"+client
	}
	if !ok {
		t.Errorf("%s: %s arrived as %+v, props %s", client, m.Kind, m, m.Props)
	}
}

var all = []core.Kind{core.KindTrack, core.KindIdentify, core.KindPage, core.KindScreen, core.KindGroup, core.KindAlias}

func TestNodeAndBrowserClients(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("node_modules/@segment/analytics-node"); err != nil {
		if os.Getenv(EnvNode) != "" {
			t.Fatalf("%s is set, but the packages are missing: run npm ci in test/conformance: %v", EnvNode, err)
		}
		t.Skip("the Node packages are not installed (npm ci in test/conformance)")
	}
	s := start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "run.mjs", "--url", s.url, "--key", s.key)
	out, err := cmd.CombinedOutput()
	t.Logf("\n%s", out)
	if err != nil {
		t.Errorf("run.mjs: %v", err)
	}
	got := s.arrived()
	for _, client := range []string{"analytics-node", "analytics-node-legacy", "next-jsdom", "next-chromium", "next-batching"} {
		want(t, client, got["u-"+client], all...)
	}
	cicloScript(t, got)
	if b := got["u-beacon"]; len(b) != 1 || b[0].ID != "beacon-1" {
		t.Errorf("beacon: %+v", b)
	}
	if b := got["u-pixel"]; len(b) != 1 || b[0].ID != "pixel-1" || b[0].Name != "Conformance pixel" {
		t.Errorf("pixel: %+v", b)
	}
}

func cicloScript(t *testing.T, got map[string][]core.Message) {
	t.Helper()
	var first, last, consent, refused int
	for _, m := range got["u-ciclo-js"] {
		switch m.Name {
		case "Conformance ciclo-js":
			first++
			content(t, "ciclo-js", m)
			if m.Context.UTMSource != "news" || m.Context.Library != "ciclo.js" || m.Context.PagePath != "/ciclo" || m.AnonymousID == "" || m.Context.IP == "" {
				t.Errorf("ciclo.js context: %+v", m.Context)
			}
		case "Conformance ciclo-js last":
			last++
		}
	}
	pages := 0
	for _, m := range got[""] {
		switch {
		case m.Name == "Before consent":
			consent++
			if m.AnonymousID == "" {
				t.Error("an event after consent has no anonymous id")
			}
		case m.Name == "After refusal":
			refused++
		case m.Kind == core.KindPage && m.Context.Library == "ciclo.js":
			pages++
		}
	}
	if first != 1 || last != 1 || consent != 1 || refused != 0 || pages != 2 {
		t.Errorf("ciclo.js: %d first, %d last, %d after consent, %d after refusal, %d pages; want 1 1 1 0 2", first, last, consent, refused, pages)
	}
}

func TestAnalyticsGo(t *testing.T) {
	t.Parallel()
	s := start(t)
	const client = "analytics-go"
	failures := make(chan error, 16)
	c, err := analytics.NewWithConfig(s.key, analytics.Config{
		Endpoint: s.url, BatchSize: 10, Callback: callback{failures},
		DefaultContext: &analytics.Context{Locale: "it-IT", App: analytics.AppInfo{Name: "Shop"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	user := "u-" + client
	props := analytics.Properties{"price": 12.5, "list": []any{1, "two"}, "nested": map[string]any{"deep": true}, "text": "caffè 😀"}
	traits := analytics.Traits{"plan": "pro", "seats": 3}
	for _, m := range []analytics.Message{
		analytics.Identify{UserId: user, Traits: traits},
		analytics.Track{UserId: user, Event: "Conformance " + client, Properties: props},
		analytics.Page{UserId: user, Name: "Home"},
		analytics.Screen{UserId: user, Name: "Start"},
		analytics.Group{UserId: user, GroupId: "g-" + client, Traits: traits},
		analytics.Alias{UserId: user, PreviousId: "p-" + client},
	} {
		if err := c.Enqueue(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	got := s.arrived()[user]
	want(t, client, got, all...)
	for _, m := range got {
		if m.Context.Locale != "it-IT" || m.Context.App != "Shop" || m.Context.Library != "analytics-go" {
			t.Errorf("the envelope's context is missing: %+v", m.Context)
		}
	}
}

// callback reports what the library could not send.
type callback struct{ failures chan error }

func (callback) Success(analytics.Message)              {}
func (c callback) Failure(_ analytics.Message, e error) { c.failures <- e }
