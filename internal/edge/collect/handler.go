package collect

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
)

// DefaultMaxBody is the largest decompressed body in bytes.
const DefaultMaxBody = 4_000_000

// MaxHeaderBytes is what the server should allow for request headers.
const MaxHeaderBytes = 64 << 10

// Deps is what a Handler needs.
type Deps struct {
	Inbox *inbox.Service
	Clock clock.Clock
	Log   *slog.Logger
	// MaxBody bounds the decompressed body in bytes; 0 takes DefaultMaxBody.
	MaxBody int64
	// TrustedProxies may tell the caller's address in X-Forwarded-For and the
	// scheme in X-Forwarded-Proto.
	TrustedProxies []netip.Prefix
}

// Handler serves the ingest paths. Other paths get 404.
type Handler struct {
	Deps
	table    table
	limits   limits
	buffers  sync.Pool // *bytes.Buffer
	script   asset
	stopping atomic.Bool
}

// New makes a handler.
func New(d Deps) *Handler {
	if d.MaxBody == 0 {
		d.MaxBody = DefaultMaxBody
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{
		Deps: d, table: table{fixed()}, script: newScript(),
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
}

// Stop makes the handler answer 503 from now on, so that clients keep their
// events while the server goes down.
func (h *Handler) Stop() { h.stopping.Store(true) }

// Beside serves the ingest paths and leaves all others to next.
func (h *Handler) Beside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt, ok := h.table.find(r.URL.Path); ok {
			h.serve(w, r, rt)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt, ok := h.table.find(r.URL.Path)
	if !ok {
		h.cors(w, r)
		refuse(w, refusal{status: http.StatusNotFound, code: "not_found", message: "there is nothing at this path"})
		return
	}
	h.serve(w, r, rt)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, rt route) {
	h.cors(w, r)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	read := rt.purpose == toPixel || rt.purpose == toSettings || rt.purpose == toSourceConfig || rt.purpose == toScript
	if read && r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		refuse(w, refusal{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "use GET"})
		return
	}
	if !read && r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST, OPTIONS")
		refuse(w, refusal{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "use POST"})
		return
	}
	switch rt.purpose {
	case toMetrics:
		answer(w, http.StatusOK, []byte(`{"success":true}`))
	case toScript:
		h.script.serve(w, r)
	case toPixel:
		h.pixel(w, r, rt)
	case toSettings:
		h.settings(w, r, rt.key)
	case toSourceConfig:
		h.sourceConfig(w, r)
	default:
		h.events(w, r, rt)
	}
}

// events serves the paths that take events.
func (h *Handler) events(w http.ResponseWriter, r *http.Request, rt route) {
	received := core.FromTime(h.Clock.Now())
	if h.stopping.Load() {
		refuse(w, refusal{status: http.StatusServiceUnavailable, code: "shutting_down", message: "the server is stopping; try again later", retry: 5})
		return
	}
	key := headerKey(r)
	c := caller{key: key}
	if key != "" {
		if bad := h.let(r, &c); bad != nil {
			refuse(w, *bad)
			return
		}
	}
	raw, plain := h.buffer(), h.buffer()
	defer h.release(raw, plain)
	body, bad := h.body(r, raw, plain)
	if bad != nil {
		refuse(w, *bad)
		return
	}
	if key == "" {
		c.key = inbox.BodyKey(body)
		if bad := h.let(r, &c); bad != nil {
			refuse(w, *bad)
			return
		}
	}
	d := inbox.Door{Source: c.source, Body: body, Received: received, Key: key}
	d.Meta = h.meta(r, rt)
	d.Meta.Unknown, d.Meta.Mismatch = c.unknown, otherKey(r, key)
	d.Admit = func(events int) error { return h.limits.admit(c.source, events, h.Clock.Now()) }
	res, err := h.Inbox.Accept(r.Context(), d)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, summary(res))
}

// meta tells the inbox about the request around the body.
func (h *Handler) meta(r *http.Request, rt route) inbox.Meta {
	m := inbox.Meta{
		Shape: inbox.ShapeBatch, SentAt: r.Header.Get("SentAt"),
		IP: h.address(r), Agent: r.UserAgent(), IPPolicy: ipPolicy(r),
	}
	if rt.purpose == toEvent {
		m.Shape, m.Kind = inbox.ShapeSingle, rt.kind
	}
	return m
}

// caller is who a request comes from.
type caller struct {
	key     string
	source  *inbox.Source
	unknown bool
}

// let finds the caller's source, or says why there is none.
func (h *Handler) let(r *http.Request, c *caller) *refusal {
	src, err := h.Inbox.Resolve(r.Context(), c.key)
	if err == nil {
		c.source = src
		return nil
	}
	bad := refusalOf(err)
	if bad.code != inbox.CodeInvalidKey {
		return &bad
	}
	h.Inbox.NoteUnknown(c.key, h.address(r), core.FromTime(h.Clock.Now()))
	src, err = h.Inbox.CatchAll(r.Context())
	if err != nil {
		bad = refusalOf(err)
		return &bad
	}
	if src == nil {
		return &bad
	}
	c.source, c.unknown = src, true
	return nil
}

// headerKey looks for a write key outside the body: the first of keysOutside.
func headerKey(r *http.Request) string {
	for _, key := range keysOutside(r) {
		if key != "" {
			return key
		}
	}
	return ""
}

// otherKey says whether the request names a second, different key outside the
// body.
func otherKey(r *http.Request, key string) bool {
	if key == "" {
		return false
	}
	for _, k := range keysOutside(r) {
		if k != "" && k != key {
			return true
		}
	}
	return false
}

// keysOutside gives the write keys outside the body, the first to count first:
// the user name of basic authentication, X-Write-Key up to its colon, the query.
func keysOutside(r *http.Request) (keys [3]string) {
	if user, _, ok := r.BasicAuth(); ok {
		keys[0] = user
	}
	keys[1], _, _ = strings.Cut(r.Header.Get("X-Write-Key"), ":")
	if r.URL.RawQuery == "" {
		return keys
	}
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) { // the same one each time
		if strings.EqualFold(name, "writeKey") && keys[2] == "" {
			keys[2] = query[name][0]
		}
	}
	return keys
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	bad := refusalOf(err)
	if bad.status >= http.StatusInternalServerError && !errors.Is(err, r.Context().Err()) {
		h.Log.ErrorContext(r.Context(), "request refused", "code", bad.code, "error", err)
	}
	refuse(w, bad)
}
