package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/channel/mail/mailtest"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/tidwall/gjson"
)

// password is that of every user of a world.
const password = "a long password"

var roles = []access.Role{access.Owner, access.Admin, access.Marketer, access.Analyst, access.Support, access.Developer}

// world is a server with two workspaces, each full of its own mark: a text that
// nobody of the other may ever be shown.
type world struct {
	t    testing.TB
	srv  *app.Server
	doc  *apiDoc
	a, b *tenant
	// speaks is the language of all calls, and of what is refused; "" asks for
	// none.
	speaks string
}

// tenant is one workspace and those who may call.
type tenant struct {
	*world
	ws     core.WorkspaceID
	mark   string
	foe    *tenant
	keys   map[access.Role]string
	write  string // write key of its source
	n      atomic.Int64
	cookie *http.Cookie
	csrf   string
}

// eachWorld runs fn on SQLite and on PostgreSQL.
func eachWorld(t *testing.T, fn func(w *world)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(newWorld(t, "")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); fn(newWorld(t, dbtest.PostgresDSN(t))) })
}

// testLog keeps what a server logs, for tests that fail.
type testLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve opens an installation and serves it.
func serve(t testing.TB, database string) *app.Server {
	t.Helper()
	return serveIn(t, t.TempDir(), database)
}

func serveIn(t testing.TB, dir, database string) *app.Server {
	t.Helper()
	ctx := context.Background()
	said := &testLog{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the server says:\n" + said.String())
		}
	})
	a, err := app.Open(ctx, app.Config{Data: dir, Database: database, Listen: "127.0.0.1:0", SMTP: "smtp://" + mailtest.New(t, mailtest.Options{}).Addr, MailFrom: "Ciclo <ciclo@example.com>"}, slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelError})), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := a.Serve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := srv.Stop(ctx); err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

func newWorld(t testing.TB, database string) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir(), database)
}

func newWorldIn(t testing.TB, dir, database string) *world {
	t.Helper()
	w := &world{t: t, srv: serveIn(t, dir, database)}
	w.doc = readDoc(t, w.srv.API)
	ctx := context.Background()
	ws, err := w.srv.Access.Setup(ctx, access.Workspace{Name: "alphamark shop", TimeZone: "Europe/Rome", Currency: "EUR"},
		access.NewUser{Email: "owner@alphamark.test", Name: "alphamark owner", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	w.a = &tenant{world: w, ws: ws, mark: "alphamark", keys: map[access.Role]string{}}
	w.b = &tenant{world: w, ws: ws + 1, mark: "bravomark", keys: map[access.Role]string{}, foe: w.a}
	w.a.foe = w.b
	err = w.srv.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO workspaces (id, name, time_zone, currency, week_start, settings, created_at)
SELECT $1, 'bravomark shop', time_zone, currency, week_start, settings, created_at FROM workspaces WHERE id = $2`, w.b.ws, ws)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.srv.Access.CreateUser(ctx, w.b.ws, access.NewUser{Email: "owner@bravomark.test", Name: "bravomark owner", Password: password, Role: access.Owner}); err != nil {
		t.Fatal(err)
	}
	for _, x := range []*tenant{w.a, w.b} {
		if err := w.srv.LoadWorkspace(ctx, x.ws); err != nil {
			t.Fatal(err)
		}
		for _, role := range roles {
			if _, x.keys[role], err = w.srv.Access.CreateKey(ctx, x.ws, x.mark+" "+string(role), role, x.mark); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.b.fill(24) // so that numbers of b mean nothing in a
	w.a.fill(1)
	return w
}

// request is one call of the API. A body that is text is sent as it is.
type request struct {
	method, path string
	body         any
	kind         string // Content-Type, default application/json
	key          string
	cookie       *http.Cookie
	csrf         string
	speaks       []string // Accept-Language, default that of the world
}

// send makes a call. An answer to one workspace never holds the mark of the
// other, whatever was asked.
func (w *world) send(r request) *httptest.ResponseRecorder {
	w.t.Helper()
	var body io.Reader
	switch b := r.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req := httptest.NewRequest(r.method, "http://ciclo.test/api/v1/", body)
	if err := setPath(req, "/api/v1"+r.path); err != nil {
		w.t.Fatal(err)
	}
	if r.kind == "" {
		r.kind = "application/json"
	}
	req.Header.Set("Content-Type", r.kind)
	if r.key != "" {
		req.Header.Set("Authorization", "Bearer "+r.key)
	}
	if r.speaks == nil && w.speaks != "" {
		r.speaks = []string{w.speaks}
	}
	req.Header["Accept-Language"] = r.speaks
	if r.cookie != nil {
		req.AddCookie(r.cookie)
		req.Header.Set("X-CSRF-Token", r.csrf)
	}
	rec := httptest.NewRecorder()
	w.srv.API.ServeHTTP(rec, req)
	if rec.Code >= 500 {
		w.t.Errorf("%s %.200s answers %d: %s", r.method, r.path, rec.Code, rec.Body)
	}
	w.understood(r, rec)
	return rec
}

// setPath gives a request a path that may be too strange for NewRequest.
func setPath(req *http.Request, path string) error {
	u, err := req.URL.Parse(path)
	if err != nil {
		return err
	}
	req.URL, req.RequestURI = u, u.RequestURI()
	return nil
}

// do makes a call as the workspace, and looks for the mark of the other in all
// that it answers.
func (x *tenant) do(r request) *httptest.ResponseRecorder {
	x.t.Helper()
	if r.key == "" && r.cookie == nil {
		r.key = x.keys[access.Owner]
	}
	rec := x.send(r)
	if strings.Contains(rec.Body.String(), x.foe.mark) || strings.Contains(fmt.Sprint(rec.Header()), x.foe.mark) {
		x.t.Errorf("%s %s as %s shows %s: %.500s", r.method, r.path, x.mark, x.foe.mark, rec.Body)
	}
	return rec
}

// want makes a call as the owner and wants it to succeed.
func (x *tenant) want(method, path string, body any) gjson.Result {
	x.t.Helper()
	rec := x.do(request{method: method, path: path, body: body})
	if rec.Code/100 != 2 {
		x.t.Fatalf("%s %s as %s answers %d: %s", method, path, x.mark, rec.Code, rec.Body)
	}
	return gjson.ParseBytes(rec.Body.Bytes())
}

// name gives a name that is new and carries the mark.
func (x *tenant) name(what string) string { return fmt.Sprintf("%s-%s-%d", x.mark, what, x.n.Add(1)) }

// session signs the owner in, once.
func (x *tenant) session() (*http.Cookie, string) {
	x.t.Helper()
	if x.cookie == nil {
		rec := x.send(request{method: "POST", path: "/session", body: obj{"email": "owner@" + x.mark + ".test", "password": password}})
		if rec.Code != 200 || len(rec.Result().Cookies()) != 1 {
			x.t.Fatalf("sign-in answers %d: %s", rec.Code, rec.Body)
		}
		x.cookie, x.csrf = rec.Result().Cookies()[0], gjson.GetBytes(rec.Body.Bytes(), "csrf_token").Str
	}
	return x.cookie, x.csrf
}

// ingest sends events over the wire and waits until they are processed.
func (x *tenant) ingest(events ...obj) {
	x.t.Helper()
	for _, e := range events {
		e["messageId"] = x.name("message")
		if e["timestamp"] == nil {
			e["timestamp"] = time.Now().Add(-time.Hour).Format(time.RFC3339Nano)
		}
	}
	raw, err := json.Marshal(obj{"batch": events})
	if err != nil {
		x.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", x.srv.URL()+"/v1/batch", bytes.NewReader(raw))
	if err != nil {
		x.t.Fatal(err)
	}
	req.SetBasicAuth(x.write, "")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	answer, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 200 {
		x.t.Fatalf("ingest answers %d: %s", res.StatusCode, answer)
	}
	x.settle()
}

// settle waits until nothing is under way in the workspace.
func (x *tenant) settle() {
	x.t.Helper()
	x.srv.Lifecycle.Wait() // a build reads the models once more behind its end
	x.srv.Segments.Wait()
	for range 6000 {
		s := x.want("GET", "/status", nil)
		if s.Get("inbox.pending_events").Int() == 0 && s.Get("work.#").Int() == 0 &&
			!x.want("GET", "/erasures", nil).Get(`erasures.#(status!="verified")`).Exists() &&
			!x.want("GET", "/stage-models", nil).Get("models.#(building==true)").Exists() &&
			!x.want("GET", "/segments", nil).Get("segments.#(building==true)").Exists() &&
			!x.want("GET", "/segments", nil).Get("segments.#(filling==true)").Exists() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	x.t.Fatalf("%s does not come to rest", x.mark)
}

// upload sends a file and gives the number of the upload.
func (x *tenant) upload(name, text string) string {
	x.t.Helper()
	body, kind := form(x.t, "file", name, text)
	rec := x.do(request{method: "POST", path: "/imports/uploads", body: body, kind: kind})
	if rec.Code != 201 {
		x.t.Fatalf("upload answers %d: %s", rec.Code, rec.Body)
	}
	return gjson.GetBytes(rec.Body.Bytes(), "upload_id").Str
}

// form makes a multipart form with one file.
func form(t testing.TB, field, name, text string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte(text))
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}
