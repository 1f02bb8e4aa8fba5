package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/tidwall/gjson"
)

// splitTemplate cuts a path at its parameters: even parts are text, odd ones
// names.
func splitTemplate(t string) []string {
	return strings.FieldsFunc(t, func(r rune) bool { return r == '{' || r == '}' })
}

func text(v any) string { return strings.Trim(fmt.Sprint(v), `"`) }

// op is one operation with its scenario.
type op struct {
	method, template string
	doc              *operation
	scenario
}

func (o *op) String() string { return o.method + " " + o.template }

// ops pairs the served description with the table, which must have every
// operation and no other.
func (w *world) ops() []op {
	w.t.Helper()
	table := scenarios()
	var out []op
	for path, methods := range w.doc.Paths {
		for method, d := range methods {
			o := op{method: strings.ToUpper(method), template: path, doc: d}
			s, ok := table[o.String()]
			if !ok {
				w.t.Errorf("%s has no scenario: add one to the table", &o)
				continue
			}
			delete(table, o.String())
			o.scenario = s
			out = append(out, o)
		}
	}
	for name := range table {
		w.t.Errorf("%s has a scenario and is not served", name)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].template+out[i].method < out[j].template+out[j].method })
	return out
}

// probe is a call that does nothing: of a thing that is not there, with a body
// that cannot be read.
func (o *op) probe() request {
	ids := make([]any, strings.Count(o.template, "{"))
	for i := range ids {
		ids[i] = 999999999
	}
	r := request{method: o.method, path: o.path(o.template, ids)}
	if o.doc.RequestBody != nil {
		r.body = `{"broken`
	}
	return r
}

// right is a valid call about ids.
func (o *op) right(x *tenant, ids []any) request {
	r := request{method: o.method, path: o.path(o.template, ids)}
	if o.body != nil {
		r.body = o.scenario.body(x, ids)
	}
	if o.form != nil {
		r.body, r.kind = o.form(x)
	}
	if o.user {
		r.cookie, r.csrf = x.session()
	}
	return r
}

func (o *op) own(x *tenant) []any {
	if o.ids == nil {
		return nil
	}
	return o.ids(x)
}

// problemOf checks that an answer is a problem document with a code.
func problemOf(t testing.TB, what string, rec *httptest.ResponseRecorder) gjson.Result {
	t.Helper()
	p := gjson.ParseBytes(rec.Body.Bytes())
	kind, _, _ := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	if kind != "application/problem+json" || p.Get("code").Str == "" || p.Get("detail").Str == "" || p.Get("status").Int() != int64(rec.Code) {
		t.Errorf("%s: %d as %s is no problem document: %.300s", what, rec.Code, kind, rec.Body)
	}
	return p
}

// TestAPIPermissions asks every operation without credentials and with a key of
// each role. The body of each call is broken: whoever may not call is told so,
// and nothing about the body.
func TestAPIPermissions(t *testing.T) {
	t.Parallel()
	w := &world{t: t, srv: serve(t, "")}
	w.doc = readDoc(t, w.srv.API)
	ws, err := w.srv.Access.Setup(t.Context(), access.Workspace{Name: "Shop", TimeZone: "UTC", Currency: "EUR"}, access.NewUser{Email: "a@b.test", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[access.Role]string{}
	for _, role := range roles {
		if _, keys[role], err = w.srv.Access.CreateKey(t.Context(), ws, string(role), role, "test"); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range w.ops() {
		checkDescribed(t, &o)
		r := o.probe()
		rec := w.send(r)
		if o.open {
			if rec.Code == 401 || rec.Code == 403 {
				t.Errorf("%s is open and answers %d", &o, rec.Code)
			}
		} else if p := problemOf(t, o.String(), rec); rec.Code != 401 || p.Get("code").Str != "signed_out" {
			t.Errorf("%s without credentials: %d %s", &o, rec.Code, rec.Body)
		}
		for _, role := range roles {
			r.key = keys[role]
			rec := w.send(r)
			if o.perm == "" || slices.Contains(holders[o.perm], role) {
				if rec.Code == 401 || rec.Code == 403 {
					t.Errorf("%s as %s: %d %s", &o, role, rec.Code, rec.Body)
				}
				continue
			}
			if p := problemOf(t, o.String(), rec); rec.Code != 403 || p.Get("code").Str != "permission_denied" {
				t.Errorf("%s as %s: %d %s", &o, role, rec.Code, rec.Body)
			}
		}
		r.key = "ck_" + strings.Repeat("A", 43)
		if rec := w.send(r); rec.Code != 401 {
			t.Errorf("%s with a key that is none: %d", &o, rec.Code)
		}
	}
}

// checkDescribed compares what the description says about sign-in and
// permission with the table.
func checkDescribed(t *testing.T, o *op) {
	t.Helper()
	if open := o.doc.Security != nil && len(*o.doc.Security) == 0; open != o.open {
		t.Errorf("%s: described as open %v, want %v", o, open, o.open)
	}
	if o.perm != "" && !strings.Contains(o.doc.Description, "`"+string(o.perm)+"`") {
		t.Errorf("%s: the description does not name the permission %s: %q", o, o.perm, o.doc.Description)
	}
}

// TestAPIHappyPaths calls every operation in the right way and compares the
// answer with its description. Calls that change something leave an entry in
// the audit log.
func TestAPIHappyPaths(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world) {
		for _, o := range w.ops() {
			if o.fresh {
				continue
			}
			r := o.right(w.a, o.own(w.a))
			w.a.settle()
			before := w.a.audited()
			rec := w.a.do(r)
			w.checkAnswer(&o, rec)
			if o.method != "GET" && !o.quiet && w.a.audited() == before {
				w.t.Errorf("%s left nothing in the audit log", &o)
			}
			w.a.settle()
		}
	})
}

// audited is the number of the newest entry of the audit log.
func (x *tenant) audited() int64 {
	return x.want("GET", "/audit?limit=1", nil).Get("entries.0.id").Int()
}

// checkAnswer compares an answer with the one success that is described.
func (w *world) checkAnswer(o *op, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	want := ""
	for status := range o.doc.Responses {
		if strings.HasPrefix(status, "2") {
			want = status
		}
	}
	if fmt.Sprint(rec.Code) != want {
		w.t.Errorf("%s: %d, described as %s: %.500s", o, rec.Code, want, rec.Body)
		return
	}
	content := o.doc.Responses[want].Content
	if len(content) == 0 {
		if rec.Body.Len() > 0 {
			w.t.Errorf("%s: a body that is not described: %.300s", o, rec.Body)
		}
		return
	}
	kind, _, _ := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	c, ok := content[kind]
	if !ok || rec.Body.Len() == 0 {
		w.t.Errorf("%s: %d bytes of %q, described otherwise", o, rec.Body.Len(), kind)
		return
	}
	if kind != "application/json" {
		return
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(rec.Body.Bytes()))
	if err := dec.Decode(&v); err != nil {
		w.t.Errorf("%s: %v", o, err)
	}
	for _, wrong := range w.doc.check(c.Schema, v, "$") {
		w.t.Errorf("%s: %s", o, wrong)
	}
}

// TestSetup calls what only works on a new installation.
func TestSetup(t *testing.T) {
	t.Parallel()
	w := &world{t: t, srv: serve(t, "")}
	w.doc = readDoc(t, w.srv.API)
	for _, o := range w.ops() {
		if !o.fresh {
			continue
		}
		r := o.right(&tenant{world: w, mark: "new"}, nil)
		rec := w.send(r)
		w.checkAnswer(&o, rec)
		if again := w.send(r); again.Code != 409 {
			t.Errorf("%s once more: %d %s", &o, again.Code, again.Body)
		}
	}
}
