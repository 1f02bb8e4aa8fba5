package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"reflect"
	"strings"
	"sync"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/connect/hook"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/edge/httpapi/faults"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Prefix begins the path of every operation.
const Prefix = "/api/v1"

// Work is one long task that users can watch.
type Work struct {
	ID         int64   `json:"id"`
	Kind       string  `json:"kind" doc:"import, recompute or history"`
	Label      string  `json:"label"`
	Done       int64   `json:"done"`
	Total      int64   `json:"total"`
	Rate       float64 `json:"rate" doc:"Per second"`
	ETASeconds float64 `json:"eta_seconds"`
}

// Deps are what the API stands on.
type Deps struct {
	DB        *db.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Access    *access.Service
	Inbox     *inbox.Service
	Customers *customer.Service
	Lifecycle *lifecycle.Service
	Segments  *segment.Service
	Hooks     *hook.Service
	Insight   *insight.Service
	Timeline  *timeline.Store
	Pipeline  *pipeline.Pipeline
	Imports   *connect.Service
	Mail      Mail
	Version   string
	// Running gives the long tasks of a workspace.
	Running func(ws core.WorkspaceID) []Work
	// Loaded is called when a workspace was made or its settings changed.
	Loaded func(ctx context.Context, ws core.WorkspaceID) error
	// TrustedProxies may tell the caller's address.
	TrustedProxies []netip.Prefix
	// Secure marks cookies for HTTPS only.
	Secure bool
}

// API is the served API.
type API struct {
	Deps
	mux  *http.ServeMux
	huma huma.API
	// Progress has a router of its own: the other one would not know
	// /insights/progress/{watch} from /insights/{id}/run.
	watchMux *http.ServeMux
	watch    huma.API
	faults   *faults.Catalogue
}

// router gives the one that knows a path.
func (a *API) router(path string) *http.ServeMux {
	if strings.HasPrefix(path, Prefix+"/insights/progress/") {
		return a.watchMux
	}
	return a.mux
}

// setProblems makes problem documents of the framework's own refusals. The
// framework keeps that choice in a variable of its package, so that it must be
// made once, before any request.
var setProblems = sync.OnceFunc(func() { huma.NewError = newProblem })

// New registers all operations.
func New(d Deps) *API {
	a := &API{Deps: d, mux: http.NewServeMux(), watchMux: http.NewServeMux(), faults: faults.MustLoad()}
	cfg := huma.DefaultConfig("Ciclo", "v1")
	cfg.Info.Description = "Customer lifecycle management. Sign requests with `Authorization: Bearer <API key>`. Refusals are said in the language of `Accept-Language`: en (default), it or ro; their `code` and `location` stay the same."
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.Servers = []*huma.Server{{URL: Prefix}}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer"}, "session": {Type: "apiKey", In: "cookie", Name: cookieName},
	}
	cfg.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
	cfg.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	cfg.Transformers = append(cfg.Transformers, a.transform)
	setProblems()
	a.huma = humago.NewWithPrefix(a.mux, Prefix, cfg)
	a.watch = humago.NewWithPrefix(a.watchMux, Prefix, cfg)
	a.sessions()
	a.status()
	a.models()
	a.segments()
	a.webhooks()
	a.digests()
	a.boards()
	a.kpis()
	a.insights()
	a.dashboards()
	a.annotations()
	a.costs()
	a.rates()
	a.alerts()
	a.customers()
	a.identity()
	a.erasures()
	a.data()
	a.settings()
	a.imports()
	a.raw("GET /openapi.json", "", a.serveOpenAPI, file{summary: "This description", tag: "operate", content: "application/openapi+json"})
	a.raw("GET /docs", "", serveDocs, file{summary: "This description as a page", tag: "operate", content: "text/html"})
	describeNulls(a.huma.OpenAPI().Components.Schemas)
	return a
}

// schemaName names a type in the description; one of another room carries the
// room's name, since rooms use the same words.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if t.Name() == "" && strings.ContainsAny(hint, "{[") {
		return anonymousName(t)
	}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	room := path.Base(t.PkgPath())
	if room == "httpapi" || room == "." || room == "huma" || t.Name() == "" {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// anonymousName names an unnamed type after its members: component names are of
// letters, digits, dots, dashes and underscores only.
func anonymousName(t reflect.Type) string {
	name := ""
	for i := range t.NumField() {
		f := t.Field(i)
		elem := f.Type
		for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Slice {
			elem = elem.Elem()
		}
		name += f.Name + huma.DefaultSchemaNamer(elem, f.Name)
	}
	return name + "Body"
}

// describeNulls says of members that point to a described type, and are always
// there, that they may be null. The framework describes them as never null.
func describeNulls(r huma.Registry) {
	for name, s := range r.Map() {
		t := r.TypeFromRef("#/components/schemas/" + name)
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := s.Properties[name]
			if f.Type.Kind() == reflect.Pointer && p != nil && p.Ref != "" && !strings.Contains(options, "omitempty") {
				s.Properties[name] = &huma.Schema{AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}, Description: f.Tag.Get("doc")}
			}
		}
	}
}

// OpenAPI is the description of the API as indented JSON.
func (a *API) OpenAPI() ([]byte, error) {
	raw, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return json.MarshalIndent(v, "", " ")
}

func (a *API) serveOpenAPI(w http.ResponseWriter, r *http.Request, _ *access.Principal) {
	doc, err := a.OpenAPI()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(doc)
}

// ServeHTTP authenticates the request and routes it.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	r.Body = http.MaxBytesReader(w, r.Body, a.maxBody(r))
	p, err := a.authenticate(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ctx := context.WithValue(r.Context(), callKey{}, &call{principal: p, address: a.address(r), w: w, r: r})
	mux := a.router(r.URL.Path)
	if _, pattern := mux.Handler(r); pattern == "" {
		a.noRoute(w, r)
		return
	}
	mux.ServeHTTP(w, r.WithContext(ctx))
}

// maxBody bounds request bodies; uploads bring their own bound.
func (a *API) maxBody(r *http.Request) int64 {
	if r.URL.Path == Prefix+"/imports/uploads" {
		return 4 << 30
	}
	return 4 << 20
}

type callKey struct{}

// call is what an operation knows about its request.
type call struct {
	principal *access.Principal
	address   string
	w         http.ResponseWriter
	r         *http.Request
	object    string // for the audit log, when it is not the path
	detail    string // for the audit log
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}
