package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// hostile are texts that have broken programs before.
func hostile() []string {
	return []string{
		"'; DROP TABLE customers; --", `" OR 1=1 --`, "<script>alert(1)</script>", "a\x00b", "\x00", strings.Repeat("x", 10_000), strings.Repeat("é", 5_000),
		"\xff\xfe", "../../../etc/passwd", "%00%0d%0a", "a\r\nSet-Cookie: x=y", "{{7*7}}", "=1+1", "\u202e\u200b", "💥", "-1", "1e400", "null", "",
	}
}

// TestAPIBadInput sends every operation what it should refuse. It is refused
// with a problem document that names the field, or taken as the text it is; it
// is never the server's fault (world.send looks).
func TestAPIBadInput(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world) {
		w.speaks = map[bool]string{false: "it", true: "ro"}[strings.HasSuffix(w.t.Name(), "postgres")]
		for _, o := range w.ops() {
			ids := o.own(w.a)
			w.badPaths(&o, ids)
			w.badQueries(&o, ids)
			if o.scenario.body != nil {
				w.badBodies(&o, ids)
			}
		}
		w.badUploads()
		w.badRoutes()
	})
}

// refused checks that an answer is a refusal that names the field.
func (w *world) refused(what, field string, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	if rec.Code < 400 || rec.Code >= 500 || rec.Code == 401 || rec.Code == 403 {
		w.t.Errorf("%s: %d %.300s", what, rec.Code, rec.Body)
		return
	}
	p := problemOf(w.t, what, rec)
	if rec.Code == 429 || rec.Code == 404 || rec.Code == 413 || rec.Code == 409 {
		return
	}
	for _, e := range p.Get("errors").Array() {
		if at := e.Get("location").Str; field == "" || strings.Contains(at, field) {
			return
		}
	}
	w.t.Errorf("%s: %d does not name %q: %.300s", what, rec.Code, field, rec.Body)
}

// tolerated checks what may be taken or refused.
func (w *world) tolerated(what string, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	if rec.Code >= 400 {
		problemOf(w.t, what, rec)
	}
}

func (w *world) badPaths(o *op, ids []any) {
	w.t.Helper()
	n := strings.Count(o.template, "{")
	for i := range n {
		for _, bad := range append(hostile(), "abc", "0", "99999999999999999999", "1.5", "0x10", "1;2") {
			if bad == "" || bad == "0" && o.template == "/stage-models/{id}/preview" || len(bad) == 20 && o.template == "/insights/progress/{watch}" {
				continue // no path, and a number that it takes
			}
			all := slices.Clone(ids[:n])
			all[i] = bad
			r := o.right(w.a, ids)
			r.path = o.path(o.template, all)
			w.refused(fmt.Sprintf("%s with %.30q", o, bad), "", w.a.do(r))
		}
	}
}

// badQueries puts hostile values into each parameter. Those of a type refuse
// what is not of it.
func (w *world) badQueries(o *op, ids []any) {
	w.t.Helper()
	for _, p := range o.doc.Parameters {
		if p.In != "query" {
			continue
		}
		s := w.doc.follow(p.Schema)
		for _, bad := range hostile() {
			r := o.right(w.a, ids)
			path, _, _ := strings.Cut(r.path, "?")
			r.path = path + "?" + p.Name + "=" + url.QueryEscape(bad)
			what := fmt.Sprintf("%s?%s=%.30q", o, p.Name, bad)
			rec := w.a.do(r)
			typed := !slices.Contains(s.types(), "string") && !slices.Contains(s.types(), "array") || s.Format != "" || s.Enum != nil || p.Name == "cursor" || p.Name == "window" || p.Name == "sort"
			number := bad == "-1" && slices.Contains(s.types(), "integer") // not 1 is not found, or too small
			switch {
			case bad == "" || number && s.Minimum == nil:
				w.tolerated(what, rec)
			case typed || strings.ContainsAny(bad, "\x00\xff"):
				w.refused(what, p.Name, rec)
			default:
				w.tolerated(what, rec)
			}
		}
		for _, raw := range []string{"%zz", "%", "a%"} {
			r := o.right(w.a, ids)
			path, _, _ := strings.Cut(r.path, "?")
			rec := w.a.do(request{method: r.method, path: path + "?" + p.Name + "=" + raw})
			w.refused(o.String()+"?"+raw, "query", rec)
		}
	}
}

// badBodies sends bodies that are no JSON, of another type, with a member too
// many or too few, and with each value replaced.
func (w *world) badBodies(o *op, ids []any) {
	w.t.Helper()
	raw, err := json.Marshal(o.scenario.body(w.a, ids))
	if err != nil {
		w.t.Fatal(err)
	}
	call := func(body string) *httptest.ResponseRecorder {
		r := o.right(w.a, ids)
		r.body = body
		return w.a.do(r)
	}
	for _, bad := range []string{"{", "[]", `"x"`, "7", "null", "true", "", "{} {}", "{\"a\":1,}", "\xff", strings.Repeat("[", 100_000), `{"a":` + strings.Repeat(`{"a":`, 20_000)} {
		w.refusedBody(fmt.Sprintf("%s with body %.20q", o, bad), call(bad))
	}
	w.refused(o.String()+" with a huge body", "", call(`{"zzz":"`+strings.Repeat("x", 5<<20)+`"}`))
	r := o.right(w.a, ids)
	r.kind = "text/plain"
	if rec := w.a.do(r); rec.Code != 415 {
		w.t.Errorf("%s as text/plain: %d %.300s", o, rec.Code, rec.Body)
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		w.t.Fatal(err)
	}
	s := w.bodySchema(o)
	extra := maps.Clone(body)
	extra["zzz_unknown"] = 1
	w.refused(o.String()+" with an unknown member", "zzz_unknown", call(asJSON(extra)))
	for _, name := range s.Required {
		less := maps.Clone(body)
		delete(less, name)
		w.refused(o.String()+" without "+name, name, call(asJSON(less)))
	}
	for path, v := range leaves(gjson.ParseBytes(raw), "") {
		w.badValues(o, string(raw), path, v, call)
	}
}

func (w *world) bodySchema(o *op) *schema {
	return w.doc.follow(o.doc.RequestBody.Content["application/json"].Schema)
}

// refusedBody wants a refusal; a body as a whole has no field.
func (w *world) refusedBody(what string, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	if rec.Code < 400 || rec.Code == 401 || rec.Code == 403 {
		w.t.Errorf("%s: %d %.300s", what, rec.Code, rec.Body)
		return
	}
	problemOf(w.t, what, rec)
}

// badValues replaces one value of a body: by other types, which are refused,
// and where it is text by hostile text.
func (w *world) badValues(o *op, raw, path string, v gjson.Result, call func(string) *httptest.ResponseRecorder) {
	w.t.Helper()
	free := strings.HasPrefix(path, "condition.") || strings.Contains(path, ".when.") // checked by the room, as one field
	for _, bad := range []any{true, 7.25, "text", []any{}, obj{}, nil} {
		kind := kindOf(normal(bad))
		if kind == kindOf(v.Value()) || kind == "number" && v.Type == gjson.Number || free && kind == "null" || kind == "null" && w.mayBeNull(o, path) {
			continue
		}
		field := path[strings.LastIndexByte(path, '.')+1:]
		rec := call(replace(raw, path, bad))
		if free || o.template == "/imports" || o.template == "/imports/dry-run" {
			w.tolerated(fmt.Sprintf("%s with %s = %v", o, path, bad), rec)
			continue
		}
		if field != "" && field[0] >= '0' && field[0] <= '9' {
			field = ""
		}
		w.refused(fmt.Sprintf("%s with %s = %v", o, path, bad), field, rec)
	}
	if v.Type != gjson.String {
		return
	}
	for _, bad := range hostile() {
		rec := call(replace(raw, path, bad))
		what := fmt.Sprintf("%s with %s = %.30q", o, path, bad)
		if strings.Contains(bad, "\x00") {
			w.refusedBody(what, rec)
			continue
		}
		w.tolerated(what, rec)
	}
}

// mayBeNull says whether null may stand at a path.
func (w *world) mayBeNull(o *op, path string) bool {
	s := w.bodySchema(o)
	for _, part := range strings.Split(path, ".") {
		switch {
		case s == nil || !slices.Contains(s.Required, part) && s.Properties != nil:
			return true // null says that it is absent
		case part[0] >= '0' && part[0] <= '9':
			s = w.doc.follow(s.Items)
		default:
			s = w.doc.follow(s.Properties[part])
		}
	}
	return s == nil || s.types() == nil || slices.Contains(s.types(), "null")
}

// leaves gives the values of a document by their path, objects and lists
// included.
func leaves(v gjson.Result, at string) map[string]gjson.Result {
	out := map[string]gjson.Result{}
	i := 0
	v.ForEach(func(k, e gjson.Result) bool {
		name := k.Str
		if v.IsArray() {
			name = fmt.Sprint(i)
		}
		i++
		path := strings.TrimPrefix(at+"."+name, ".")
		out[path] = e
		if e.IsObject() || e.IsArray() {
			maps.Copy(out, leaves(e, path))
		}
		return i < 3 // of a list the first ones say it all
	})
	if v.IsObject() {
		v.ForEach(func(k, e gjson.Result) bool {
			out[strings.TrimPrefix(at+"."+k.Str, ".")] = e
			return true
		})
	}
	return out
}

// replace puts a value at a path of a document.
func replace(raw, path string, v any) string {
	var doc any
	_ = json.Unmarshal([]byte(raw), &doc)
	at := doc
	parts := strings.Split(path, ".")
	for i, p := range parts {
		last := i == len(parts)-1
		switch x := at.(type) {
		case map[string]any:
			if last {
				x[p] = v
			}
			at = x[p]
		case []any:
			n := int(gjson.Parse(p).Int())
			if last {
				x[n] = v
			}
			at = x[n]
		}
	}
	return asJSON(doc)
}

func asJSON(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func normal(v any) any {
	var out any
	_ = json.Unmarshal([]byte(asJSON(v)), &out)
	return out
}

// badUploads sends files with hostile names and contents, and forms that are
// none.
func (w *world) badUploads() {
	w.t.Helper()
	send := func(body, kind string) *httptest.ResponseRecorder {
		return w.a.do(request{method: "POST", path: "/imports/uploads", body: body, kind: kind})
	}
	for _, name := range append(hostile(), "../../secret", `..\..\secret`, "/etc/passwd", "a\".csv", "con") {
		body, kind := form(w.t, "file", name, "id,mail\n1,a@b.test\n")
		rec := send(body, kind)
		w.tolerated(fmt.Sprintf("upload of %.30q", name), rec)
		if got := gjson.GetBytes(rec.Body.Bytes(), "name").Str; strings.ContainsAny(got, "/\\\x00\r\n") || len(got) > 800 {
			w.t.Errorf("upload of %.30q is called %.100q", name, got)
		}
	}
	for _, content := range append(hostile(), "\x1f\x8b broken", "PK\x03\x04", strings.Repeat(",", 100_000), "a\x00b,c\n\x00,1\n", "\"open", "id\n"+strings.Repeat("\"", 999)) {
		body, kind := form(w.t, "file", "f.csv", content)
		w.tolerated(fmt.Sprintf("upload with %.30q in it", content), send(body, kind))
	}
	w.refusedBody("upload as JSON", send("{}", "application/json"))
	w.refusedBody("upload without boundary", send("x", "multipart/form-data"))
	up := w.a.upload("nul.csv", "id,mail\na\x00b,c\x00@d.test\n=1+1\x00\n\"\xff\",e@f.test\n")
	rec := w.a.do(request{method: "POST", path: "/imports", body: importPlan(up)})
	w.tolerated("import of a file with NUL", rec)
	w.a.settle()
	if id := gjson.GetBytes(rec.Body.Bytes(), "id").Str; id != "" {
		if got := w.a.want("GET", "/imports/"+id, nil); got.Get("status").Str != "done" {
			w.t.Errorf("import of a file with NUL: %s", got)
		}
		w.a.do(request{method: "GET", path: "/imports/" + id + "/rejected.csv"})
	}
	up = w.a.upload("gone.csv", "id,mail\n1,a@b.test\n") // another run may drop it between two reads
	files, err := filepath.Glob(filepath.Join(w.srv.Config.Data, "imports", "*"+up+"*"))
	if err != nil || len(files) == 0 {
		w.t.Fatalf("files of the upload: %v %v", files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			w.t.Fatal(err)
		}
	}
	if rec := w.a.do(request{method: "POST", path: "/imports", body: importPlan(up)}); rec.Code != 404 || gjson.GetBytes(rec.Body.Bytes(), "code").Str != "upload_not_found" {
		w.t.Errorf("import of a file that is gone: %d %s", rec.Code, rec.Body)
	}
}

// badRoutes asks for what is not there.
func (w *world) badRoutes() {
	w.t.Helper()
	for path, status := range map[string]int{"/nothing": 404, "/": 404, "/customers/1/nothing": 404, "/imports/uploads/..%2f..%2fx": 404} {
		if rec := w.a.do(request{method: "GET", path: path}); rec.Code != status {
			w.t.Errorf("GET %s: %d", path, rec.Code)
		} else {
			problemOf(w.t, path, rec)
		}
	}
	if rec := w.a.do(request{method: "PUT", path: "/customers"}); rec.Code != 405 {
		w.t.Errorf("PUT /customers: %d", rec.Code)
	}
}
