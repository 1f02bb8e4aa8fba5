package httpapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/httpapi"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/tidwall/gjson"
)

// lists are the paths that take a cursor.
var lists = []string{"/customers?limit=1", "/customers?limit=1&sort=name", "/customers?limit=2&sort=-revenue", "/customers?limit=1&sort=id&trait=plan:is:pro",
	"/customers/1/timeline?limit=1", "/stage-models/1/moves?limit=1&from=2020-01-01T00:00:00Z", "/audit?limit=1"}

// pair is an API with two workspaces that hold things of the same numbers.
type pair struct {
	api        *httpapi.API
	ours, them string // keys
}

const theirMark = "bravomark"

func openPair(t testing.TB) *pair {
	t.Helper()
	ctx := context.Background()
	c := clock.NewManual(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	a, err := app.Open(ctx, app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	ws, err := a.Access.Setup(ctx, access.Workspace{Name: "Ours", TimeZone: "UTC", Currency: "EUR"}, access.NewUser{Email: "a@b.test", Password: "a long password"})
	if err != nil {
		t.Fatal(err)
	}
	err = a.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO workspaces (id, name, time_zone, currency, week_start, settings, created_at)
SELECT $1, $2, time_zone, currency, week_start, settings, created_at FROM workspaces WHERE id = $3`, ws+1, theirMark, ws)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{api: httpapi.New(httpapi.Deps{DB: a.DB, Clock: c, Log: slog.New(slog.DiscardHandler), Access: a.Access, Inbox: a.Inbox, Customers: a.Customers,
		Lifecycle: a.Lifecycle, Segments: a.Segments, Insight: a.Insight, Timeline: a.Timeline, Pipeline: a.Pipeline, Imports: a.Imports, Loaded: a.LoadWorkspace,
		Running: func(core.WorkspaceID) []httpapi.Work { return nil }})}
	p.ours, p.them = fillSpace(t, a, ws, "alphamark", c.Now()), fillSpace(t, a, ws+1, theirMark, c.Now())
	return p
}

// fillSpace puts customers with events and moves into a workspace and gives an
// owner's key.
func fillSpace(t testing.TB, a *app.App, ws core.WorkspaceID, mark string, now time.Time) string {
	t.Helper()
	ctx := context.Background()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(a.LoadWorkspace(ctx, ws))
	_, key, err := a.Access.CreateKey(ctx, ws, mark, access.Owner, mark)
	check(err)
	def, err := lifecycle.FromTemplate("sterne_cutler")
	check(err)
	_, err = a.Lifecycle.Create(ctx, ws, def, "sterne_cutler", mark)
	check(err)
	a.Lifecycle.Wait()
	src, _, err := a.Inbox.CreateSource(ctx, ws, inbox.NewSource{Name: mark, Kind: inbox.Server})
	check(err)
	var events []map[string]any
	for _, user := range []string{"one", "two", "three"} {
		for i, day := range []string{"01", "02", "03"} {
			events = append(events, map[string]any{"type": "identify", "userId": mark + user, "messageId": mark + user + day, "timestamp": "2025-12-" + day + "T10:00:00Z",
				"traits": map[string]any{"name": mark + " " + user, "plan": "pro", "n": i}})
		}
	}
	body, err := json.Marshal(map[string]any{"batch": events})
	check(err)
	_, err = a.Inbox.Accept(ctx, inbox.Door{Source: src, Meta: inbox.Meta{Shape: inbox.ShapeBatch, Imported: true}, Body: body, Received: core.FromTime(now)})
	check(err)
	for n := 1; n > 0; {
		n, err = a.Pipeline.Step(ctx, ws)
		check(err)
	}
	for _, act := range []string{"one", "two"} {
		check(a.Access.Audit(ctx, ws, access.AuditEntry{Actor: mark, Action: act}))
	}
	return key
}

func (p *pair) get(key, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/api/v1"+path, nil)
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	p.api.ServeHTTP(w, r)
	return w
}

// TestCursorsContinue follows each list to its end: every row once.
func TestCursorsContinue(t *testing.T) {
	t.Parallel()
	p := openPair(t)
	for _, path := range lists {
		rows, cursor, seen := 0, "", map[string]bool{}
		for range 50 {
			w := p.get(p.ours, path+"&cursor="+cursor)
			if w.Code != 200 {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			body := gjson.ParseBytes(w.Body.Bytes())
			for _, name := range []string{"customers", "events", "moves", "entries"} {
				for _, row := range body.Get(name).Array() {
					if seen[row.Raw] {
						t.Errorf("%s gives a row twice: %s", path, row.Raw)
					}
					seen[row.Raw] = true
					rows++
				}
			}
			if cursor = body.Get("next_cursor").Str; cursor == "" {
				break
			}
		}
		if rows < 2 || cursor != "" {
			t.Errorf("%s: %d rows, cursor %q at the end", path, rows, cursor)
		}
	}
}

// FuzzCursor sends cursors that no list gave, and those of the other workspace:
// a clear refusal or one's own rows.
func FuzzCursor(f *testing.F) {
	p := openPair(f)
	for _, path := range lists {
		for _, key := range []string{p.ours, p.them} {
			f.Add(gjson.GetBytes(p.get(key, path).Body.Bytes(), "next_cursor").Str)
		}
	}
	for _, seed := range []string{"null", "0", "-1", "1e300", "9223372036854775808", `"x"`, `[]`, `{}`, `{"v":null,"id":1}`, `{"v":{"a":1},"id":1}`, `{"v":"a\u0000","id":1}`,
		`{"v":1.5,"id":1}`, `{"v":1e300,"id":-1}`, `{"v":"' OR 1=1","id":2}`, `{"Time":-9223372036854775808,"Seq":9223372036854775807}`, `{"at":1e18,"customer":-5,"n":7}`,
		"%%%", "====", "{\"v\":1,\"id\":1}{}", strings.Repeat("A", 9000), "\x00", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, cursor := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
			for _, path := range lists {
				w := p.get(p.ours, path+"&cursor="+url.QueryEscape(cursor))
				body := w.Body.String()
				if strings.Contains(body, theirMark) && !strings.Contains(cursor, theirMark) {
					t.Fatalf("%s with %q shows %s", path, cursor, body)
				}
				code, field := gjson.Get(body, "code").Str, gjson.Get(body, "errors.0.location").Str
				if w.Code == 200 || w.Code == 400 && (code == "bad_cursor" || code == "bad_text") && strings.HasSuffix(field, "cursor") {
					continue
				}
				t.Fatalf("%s with %q: %d %s", path, cursor, w.Code, body)
			}
		}
	})
}
