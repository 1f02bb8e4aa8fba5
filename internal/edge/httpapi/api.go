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
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
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
	Insight   *insight.Service
	Timeline  *timeline.Store
	Pipeline  *pipeline.Pipeline
	Imports   *connect.Service
	Version   string
	// Running gives the long tasks of a workspace.
	Running func(ws core.WorkspaceID) []Work
	// Loaded is called when a workspace was made or its settings changed.
	Loaded func(ctx context.Context, ws core.WorkspaceID) error
	// Erase carries out an erasure over all stores.
	Erase func(ctx context.Context, ws core.WorkspaceID, c core.CustomerID, action, by, reason string) (*customer.Erasure, error)
	// TrustedProxies may tell the caller's address.
	TrustedProxies []netip.Prefix
	// Secure marks cookies for HTTPS only.
	Secure bool
}

// API is the served API.
type API struct {
	Deps
	mux     *http.ServeMux
	huma    huma.API
	targets sync.Mutex // held while KPI targets are changed
}

// New registers all operations.
func New(d Deps) *API {
	a := &API{Deps: d, mux: http.NewServeMux()}
	cfg := huma.DefaultConfig("Ciclo", "v1")
	cfg.Info.Description = "Customer lifecycle management. Sign requests with `Authorization: Bearer <API key>`."
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.Servers = []*huma.Server{{URL: Prefix}}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer"}, "session": {Type: "apiKey", In: "cookie", Name: cookieName},
	}
	cfg.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
	huma.NewError = newProblem
	a.huma = humago.NewWithPrefix(a.mux, Prefix, cfg)
	a.sessions()
	a.status()
	a.models()
	a.boards()
	a.kpis()
	a.customers()
	a.identity()
	a.erasures()
	a.data()
	a.settings()
	a.imports()
	a.raw("GET /openapi.json", "", a.serveOpenAPI)
	a.raw("GET /docs", "", serveDocs)
	return a
}

// schemaName names a type in the description; one of another room carries the
// room's name, since rooms use the same words.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	room := path.Base(t.PkgPath())
	if room == "httpapi" || room == "." || room == "huma" || t.Name() == "" {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
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

func (a *API) serveOpenAPI(w http.ResponseWriter, _ *http.Request, _ *access.Principal) {
	doc, err := a.OpenAPI()
	if err != nil {
		a.fail(w, err)
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
		a.fail(w, err)
		return
	}
	ctx := context.WithValue(r.Context(), callKey{}, &call{principal: p, address: a.address(r), w: w, r: r})
	if _, pattern := a.mux.Handler(r); pattern == "" {
		a.noRoute(w, r)
		return
	}
	a.mux.ServeHTTP(w, r.WithContext(ctx))
}

// maxBody bounds request bodies; uploads bring their own bound.
func (a *API) maxBody(r *http.Request) int64 {
	if strings.HasSuffix(r.URL.Path, "/imports/uploads") {
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
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// route is one operation before its types are known.
type route struct {
	method, path, summary string
	perm                  access.Permission
	open                  bool   // no sign-in needed
	audit                 string // action written to the audit log
	status                int
	tag                   string
}

// handle registers an operation: permission first, then the room, then audit.
func handle[I, O any](a *API, rt route, fn func(ctx context.Context, p *access.Principal, in *I) (*O, error)) {
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
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		c := callOf(ctx)
		if !rt.open {
			if err := allow(c, rt.perm); err != nil {
				return nil, problem(err)
			}
		}
		out, err := fn(ctx, c.principal, in)
		if err != nil {
			return nil, a.problem(err)
		}
		if rt.audit != "" && c.principal != nil {
			entry := access.AuditEntry{Actor: c.principal.Label(), Action: rt.audit, Object: c.r.URL.Path, Address: c.address}
			if err := a.Access.Audit(ctx, c.principal.Workspace, entry); err != nil {
				return nil, a.problem(err)
			}
		}
		return out, nil
	})
}

// raw registers a handler that writes its own answer. perm "" needs no sign-in.
func (a *API) raw(pattern string, perm access.Permission, fn func(w http.ResponseWriter, r *http.Request, p *access.Principal)) {
	method, path, _ := strings.Cut(pattern, " ")
	a.mux.HandleFunc(method+" "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
		c := callOf(r.Context())
		if perm != "" {
			if err := allow(c, perm); err != nil {
				a.fail(w, err)
				return
			}
		}
		fn(w, r, c.principal)
	})
}
