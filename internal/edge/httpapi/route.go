package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
)

// route is one operation before its types are known.
type route struct {
	method, path, summary string
	perm                  access.Permission
	open                  bool   // no sign-in needed
	audit                 string // action written to the audit log
	status                int
	tag                   string
	watch                 bool // on the router of progress
}

// operation describes a route. Its guard runs before anything of the request is
// looked at, so that a caller without the permission learns nothing.
func (a *API) operation(rt *route) huma.Operation {
	id := strings.ToLower(rt.method) + strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(rt.path)
	op := huma.Operation{OperationID: id, Method: rt.method, Path: rt.path, Summary: rt.summary, DefaultStatus: rt.status, MaxBodyBytes: 4 << 20}
	if rt.tag != "" {
		op.Tags = []string{rt.tag}
	}
	if rt.open {
		op.Security = []map[string][]string{}
	} else if rt.perm != "" {
		op.Description = "Permission: `" + string(rt.perm) + "`."
	}
	return op
}

// handle registers an operation: permission first, then the request's form,
// then the room, then audit.
func handle[I, O any](a *API, rt route, fn func(ctx context.Context, p *access.Principal, in *I) (*O, error)) {
	op := a.operation(&rt)
	op.Middlewares = huma.Middlewares{a.guard(&rt)}
	on := a.huma
	if rt.watch {
		on = a.watch
	}
	huma.Register(on, op, func(ctx context.Context, in *I) (*O, error) {
		c := callOf(ctx)
		out, err := fn(ctx, c.principal, in)
		if err != nil {
			return nil, a.problem(err)
		}
		if rt.audit != "" && c.principal != nil {
			if err := a.audit(c, c.principal, rt.audit); err != nil {
				return nil, a.problem(err)
			}
		}
		return out, nil
	})
}

// audit writes an act of p to the log.
func (a *API) audit(c *call, p *access.Principal, action string) error {
	return a.Access.Audit(c.r.Context(), p.Workspace, access.AuditEntry{Actor: p.Label(), Action: action, Object: cmp.Or(c.object, c.r.URL.Path), Detail: c.detail, Address: c.address})
}

// note tells the audit log what was made, by its number, and the facts that
// matter afterwards: pairs of a name and a pointer, left out when nil.
func note(ctx context.Context, made int64, facts ...any) {
	c := callOf(ctx)
	if made != 0 {
		c.object = c.r.URL.Path + "/" + itoa(made)
	}
	var words []string
	for i := 0; i+1 < len(facts); i += 2 {
		if v := reflect.ValueOf(facts[i+1]); v.Kind() == reflect.Pointer && !v.IsNil() {
			words = append(words, fmt.Sprintf("%v=%v", facts[i], v.Elem()))
		}
	}
	c.detail = strings.Join(words, " ")
}

// guard refuses a request before its parameters and body are read.
func (a *API) guard(rt *route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		c := callOf(hc.Context())
		if err := admit(c, rt); err != nil {
			a.fail(c.w, c.r, err)
			return
		}
		next(hc)
	}
}

// admit says whether a call may go on: sign-in, then permission, then what is
// asked of every request.
func admit(c *call, rt *route) error {
	if !rt.open {
		if err := allow(c, rt.perm); err != nil {
			return err
		}
	}
	if opensSession(c.r) {
		if err := wantJSON(c.r); err != nil {
			return err
		}
	}
	return checkURL(c.r.URL)
}

// wantJSON asks for a media type that a page of another site cannot send
// without asking first: nobody is signed in, or set up, by a foreign form.
func wantJSON(r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refused(http.StatusUnsupportedMediaType, "unsupported_media_type", "send Content-Type: application/json")
	}
	return nil
}

// checkURL refuses text that no store can hold: broken escapes, bytes that are
// not UTF-8, and NUL.
func checkURL(u *url.URL) error {
	if !storable(u.Path) {
		return errs.Field("path", "bad_text", "the path holds a NUL character or is not UTF-8")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errs.Field("query", "bad_query", "the query string cannot be read")
	}
	for name, values := range query {
		for _, v := range values {
			if !storable(name) || !storable(v) {
				return errs.Field("query."+strings.ToValidUTF8(name, "\uFFFD"), "bad_text", "the value holds a NUL character or is not UTF-8")
			}
		}
	}
	return nil
}

func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// file describes an answer or request that is not JSON of a known form.
type file struct {
	summary, tag string
	content      string // media types of the answer, with commas between; default application/json
	status       int    // default 200
	upload       string // name of the multipart field that is sent
	query        []*huma.Param
}

// raw registers a handler that writes its own answer, and describes it. perm ""
// needs no sign-in.
func (a *API) raw(pattern string, perm access.Permission, fn func(w http.ResponseWriter, r *http.Request, p *access.Principal), about ...file) {
	method, path, _ := strings.Cut(pattern, " ")
	rt := &route{method: method, path: path, perm: perm, open: perm == ""}
	a.describe(rt, append(about, file{})[0])
	a.mux.HandleFunc(method+" "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
		c := callOf(r.Context())
		if err := admit(c, rt); err != nil {
			a.fail(w, r, err)
			return
		}
		for _, name := range pathNames(path) {
			if _, err := pathNumber(r, name); err != nil {
				a.fail(w, r, err)
				return
			}
		}
		fn(w, r, c.principal)
	})
}

// pathNames gives the names of a path's parameters, all of them numbers.
func pathNames(path string) []string {
	var out []string
	for _, part := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			out = append(out, strings.TrimSuffix(name, "}"))
		}
	}
	return out
}

// describe adds a raw route to the description.
func (a *API) describe(rt *route, f file) {
	rt.summary, rt.tag = f.summary, f.tag
	op := a.operation(rt)
	for _, name := range pathNames(rt.path) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int64"}})
	}
	op.Parameters = append(op.Parameters, f.query...)
	if f.upload != "" {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject,
			Properties: map[string]*huma.Schema{f.upload: {Type: huma.TypeString, Format: "binary"}}, Required: []string{f.upload}}}}}
	}
	if f.content == "" {
		f.content = "application/json"
	}
	if f.status == 0 {
		f.status = http.StatusOK
	}
	answer := &huma.Response{Description: http.StatusText(f.status), Content: map[string]*huma.MediaType{}}
	for _, kind := range strings.Split(f.content, ",") {
		answer.Content[kind] = &huma.MediaType{}
	}
	refusal := &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}}}
	op.Responses = map[string]*huma.Response{strconv.Itoa(f.status): answer, "default": refusal}
	a.huma.OpenAPI().AddOperation(&op)
}

// pathNumber reads a number of the path of a raw route, as strictly as a
// described one does.
func pathNumber(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || n < 1 {
		return 0, newProblem(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "path." + name, Message: errs.Say("must be a whole number above 0").Error()})
	}
	return n, nil
}
