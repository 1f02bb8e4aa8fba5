package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/httpapi"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/tidwall/gjson"
)

const password = "a long password"

// house is an API with one workspace, its owner and an admin.
type house struct {
	t     *testing.T
	app   *app.App
	api   *httpapi.API
	admin string // key
}

func openHouse(t *testing.T, secure bool, proxies ...string) *house {
	t.Helper()
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	ws, err := a.Access.Setup(ctx, access.Workspace{Name: "Shop", TimeZone: "UTC", Currency: "EUR"}, access.NewUser{Email: "owner@x.test", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.LoadWorkspace(ctx, ws); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, app: a}
	if _, h.admin, err = a.Access.CreateKey(ctx, ws, "admin", access.Admin, "test"); err != nil {
		t.Fatal(err)
	}
	d := httpapi.Deps{DB: a.DB, Clock: a.Clock, Log: a.Log, Access: a.Access, Inbox: a.Inbox, Customers: a.Customers, Lifecycle: a.Lifecycle, Insight: a.Insight,
		Timeline: a.Timeline, Pipeline: a.Pipeline, Imports: a.Imports, Loaded: a.LoadWorkspace, Secure: secure, Running: func(core.WorkspaceID) []httpapi.Work { return nil }}
	for _, p := range proxies {
		d.TrustedProxies = append(d.TrustedProxies, netip.MustParsePrefix(p))
	}
	h.api = httpapi.New(d)
	return h
}

// call makes a request; change may alter it before it is sent.
func (h *house) call(method, path, body string, change ...func(r *http.Request)) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, fn := range change {
		fn(r)
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	return w
}

func (h *house) want(w *httptest.ResponseRecorder, status int, code string) {
	h.t.Helper()
	if got := gjson.Get(w.Body.String(), "code").Str; w.Code != status || got != code {
		h.t.Errorf("%d %q, want %d %q: %s", w.Code, got, status, code, w.Body)
	}
}

const signInBody = `{"email":"owner@x.test","password":"` + password + `"}`

// signIn gives the cookie and the token of a new session.
func (h *house) signIn(change ...func(r *http.Request)) (*http.Cookie, string) {
	h.t.Helper()
	w := h.call("POST", "/session", signInBody, change...)
	if w.Code != 200 || len(w.Result().Cookies()) != 1 {
		h.t.Fatalf("sign-in: %d %s", w.Code, w.Body)
	}
	return w.Result().Cookies()[0], gjson.Get(w.Body.String(), "csrf_token").Str
}

func cookie(c *http.Cookie) func(r *http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

func header(name, value string) func(r *http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func bearer(key string) func(r *http.Request) { return header("Authorization", "Bearer "+key) }

func TestCookies(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		h := openHouse(t, secure)
		c, csrf := h.signIn()
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure || c.MaxAge != int(access.SessionTTL/time.Second) || len(c.Value) < 40 {
			t.Errorf("cookie %+v", c)
		}
		w := h.call("DELETE", "/session", "", cookie(c), header("X-CSRF-Token", csrf))
		if list := w.Result().Cookies(); w.Code != 204 || len(list) != 1 || list[0].MaxAge >= 0 || list[0].Value != "" || list[0].Name != c.Name {
			t.Errorf("sign-out: %d %v", w.Code, list)
		}
		h.want(h.call("GET", "/session", "", cookie(c)), 401, "signed_out")
	}
}

// TestSessionsAreNotPlanted signs in with a cookie that somebody put there: it
// opens nothing afterwards.
func TestSessionsAreNotPlanted(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false)
	old, _ := h.signIn()
	next, _ := h.signIn(cookie(old))
	if next.Value == old.Value {
		t.Fatal("sign-in keeps the token that was there")
	}
	h.want(h.call("GET", "/session", "", cookie(old)), 401, "signed_out")
	if w := h.call("GET", "/session", "", cookie(next)); w.Code != 200 {
		t.Errorf("the new session: %d", w.Code)
	}
	made := &http.Cookie{Name: next.Name, Value: strings.Repeat("A", 43)}
	if got, _ := h.signIn(cookie(made)); got.Value == made.Value {
		t.Error("sign-in takes over a token of the caller's making")
	}
}

func TestCSRF(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false)
	c, csrf := h.signIn()
	const change = `{"name":"x"}`
	h.want(h.call("PATCH", "/me", change, cookie(c)), 403, "csrf_token")
	h.want(h.call("PATCH", "/me", change, cookie(c), header("X-CSRF-Token", csrf+"x")), 403, "csrf_token")
	h.want(h.call("DELETE", "/session", "", cookie(c)), 403, "csrf_token")
	_, foreign := h.signIn()
	h.want(h.call("PATCH", "/me", change, cookie(c), header("X-CSRF-Token", foreign)), 403, "csrf_token")
	if w := h.call("PATCH", "/me", change, cookie(c), header("X-CSRF-Token", csrf)); w.Code != 200 {
		t.Errorf("with its token: %d %s", w.Code, w.Body)
	}
	for _, method := range []string{"GET", "HEAD"} {
		if w := h.call(method, "/workspace", "", cookie(c)); w.Code != 200 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if w := h.call("PATCH", "/workspace", change, bearer(h.admin)); w.Code != 200 {
		t.Errorf("a key needs no token: %d %s", w.Code, w.Body)
	}
	// Pages of other sites can neither ask first nor send what opens a session.
	if w := h.call("OPTIONS", "/session", "", header("Origin", "https://evil.test"), header("Access-Control-Request-Method", "POST")); w.Code != 405 || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/session", "/setup"} {
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; application/json", "application/jsonx"} {
			w := h.call("POST", path, signInBody, func(r *http.Request) {
				r.Header.Set("Content-Type", kind)
				if kind == "" {
					r.Header.Del("Content-Type")
				}
			})
			h.want(w, 415, "unsupported_media_type")
		}
	}
}

// TestAddresses reads who called from the audit log.
func TestAddresses(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false, "10.0.0.0/8", "::1/128")
	for _, x := range []struct {
		peer string
		hops []string // header lines
		want string
	}{
		{"192.0.2.1:5", nil, "192.0.2.1"},
		{"192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"},
		{"10.1.1.1:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"10.1.1.1:5", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"10.1.1.1:5", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"}, // a proxy that adds a line of its own
		{"10.1.1.1:5", []string{"1.1.1.1, 203.0.113.9, 10.2.2.2"}, "203.0.113.9"},
		{"10.1.1.1:5", []string{"203.0.113.9, <script>"}, "10.1.1.1"},
		{"10.1.1.1:5", []string{"x\ty"}, "10.1.1.1"},
		{"10.1.1.1:5", nil, "10.1.1.1"},
		{"[::1]:5", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[::ffff:10.1.1.1]:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"unix", []string{"203.0.113.9"}, ""},
	} {
		w := h.call("PATCH", "/workspace", `{"name":"y"}`, bearer(h.admin), func(r *http.Request) {
			r.RemoteAddr = x.peer
			r.Header["X-Forwarded-For"] = x.hops
		})
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		got := h.call("GET", "/audit?limit=1", "", bearer(h.admin))
		if a := gjson.Get(got.Body.String(), "entries.0.address").Str; a != x.want {
			t.Errorf("%s with %q is %q, want %q", x.peer, x.hops, a, x.want)
		}
	}
}

// TestGuessingOverHTTP slows guesses down by the true address: a caller who
// makes up others is not let through.
func TestGuessingOverHTTP(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false)
	codes := map[int]int{}
	for i := range 8 {
		w := h.call("POST", "/session", `{"email":"owner@x.test","password":"wrong"}`, header("X-Forwarded-For", "203.0.113."+string(rune('0'+i))))
		codes[w.Code]++
	}
	if codes[401] != 5 || codes[429] != 3 {
		t.Errorf("answers %v", codes)
	}
}

// TestNobodyRises tries to get more than one has.
func TestNobodyRises(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false)
	for _, x := range []struct{ method, path, body string }{
		{"POST", "/users", `{"email":"n@x.test","password":"` + password + `","role":"owner"}`},
		{"POST", "/api-keys", `{"name":"n","role":"owner"}`},
		{"PATCH", "/users/1", `{"role":"analyst"}`},
		{"PATCH", "/users/1", `{"disabled":true}`},
	} {
		h.want(h.call(x.method, x.path, x.body, bearer(h.admin)), 403, "permission_denied")
	}
	w := h.call("POST", "/users", `{"email":"n@x.test","password":"`+password+`","role":"admin"}`, bearer(h.admin))
	id := gjson.Get(w.Body.String(), "id").Raw
	if w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	h.want(h.call("PATCH", "/users/"+id, `{"role":"owner"}`, bearer(h.admin)), 403, "permission_denied")
	c, csrf := h.signIn()
	h.want(h.call("PATCH", "/users/1", `{"role":"admin"}`, cookie(c), header("X-CSRF-Token", csrf)), 409, "last_owner")
	h.want(h.call("POST", "/me/password", `{"current":"`+password+`","new":"`+password+`"}`, bearer(h.admin)), 403, "user_needed")
	for _, auth := range []string{"Basic " + h.admin, "Bearer", "Bearer ", h.admin, "Bearer null"} {
		if w := h.call("GET", "/workspace", "", header("Authorization", auth)); w.Code != 401 {
			t.Errorf("Authorization %.10q: %d", auth, w.Code)
		}
	}
}

// TestAuditSaysWhat reads what the log holds of changes: who, what, to which
// thing, and never a secret.
func TestAuditSaysWhat(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false)
	for _, x := range []struct{ method, path, body, action, object, detail string }{
		{"POST", "/users", `{"email":"n@x.test","password":"` + password + `","role":"analyst"}`, "user.create", "/users/2", "email=n@x.test role=analyst"},
		{"PATCH", "/users/2", `{"role":"support"}`, "user.update", "/users/2", "role=support"},
		{"PATCH", "/users/2", `{"disabled":true}`, "user.update", "/users/2", "disabled=true"},
		{"POST", "/api-keys", `{"name":"k","role":"developer"}`, "api_key.create", "/api-keys/2", "name=k role=developer"},
		{"DELETE", "/api-keys/2", "", "api_key.delete", "/api-keys/2", ""},
		{"PATCH", "/workspace", `{"name":"New","lapse_days":30}`, "workspace.update", "/workspace", "name=New lapse_days=30"},
		{"POST", "/sources", `{"name":"s","kind":"server"}`, "source.create", "/sources/1", "name=s kind=server"},
		{"POST", "/stage-models", `{"template":"sterne_cutler","name":"m"}`, "stage_model.create", "/stage-models/1", "name=m"},
		{"PUT", "/kpis/orders/target", `{"value":7.5}`, "kpi.target", "/kpis/orders/target", "value=7.5"},
	} {
		w := h.call(x.method, x.path, x.body, bearer(h.admin))
		log := h.call("GET", "/audit?limit=1", "", bearer(h.admin)).Body.String()
		e := gjson.Get(log, "entries.0")
		if w.Code/100 != 2 || e.Get("actor").Str != "key:admin" || e.Get("action").Str != x.action || e.Get("object").Str != "/api/v1"+x.object || e.Get("detail").Str != x.detail {
			t.Errorf("%s %s: %d %s, logged as %s", x.method, x.path, w.Code, w.Body, e)
		}
		for _, secret := range []string{password, gjson.Get(w.Body.String(), "secret").Str, gjson.Get(w.Body.String(), "write_key").Str} {
			if secret != "" && strings.Contains(log, secret) {
				t.Errorf("%s %s: the log holds a secret", x.method, x.path)
			}
		}
	}
	h.app.Lifecycle.Wait()
	h.signIn()
	log := h.call("GET", "/audit?action=session.create", "", bearer(h.admin)).Body.String()
	if gjson.Get(log, "entries.#").Int() != 1 || gjson.Get(log, "entries.0.actor").Str != "owner@x.test" {
		t.Errorf("sign-in is logged as %s", log)
	}
}

// TestHeaders looks at what every answer carries.
func TestHeaders(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false)
	for _, path := range []string{"/workspace", "/nothing", "/customers.csv", "/openapi.json", "/docs"} {
		w := h.call("GET", path, "", bearer(h.admin))
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	if w := h.call("GET", "/customers.csv", "", bearer(h.admin)); w.Header().Get("Content-Disposition") != `attachment; filename="customers.csv"` {
		t.Errorf("%v", w.Header())
	}
}
