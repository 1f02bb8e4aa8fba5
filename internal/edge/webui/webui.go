package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var embedded embed.FS

// noncePlaceholder stands in the built index.html wherever the nonce of the response belongs.
const noncePlaceholder = "__CSP_NONCE__"

// Handler returns the handler of the embedded web UI.
func Handler() http.Handler {
	sub, err := fs.Sub(embedded, "dist")
	if err != nil {
		// Only an invalid directory name can cause this, and ours is a constant.
		panic(fmt.Errorf("open embedded dist: %w", err))
	}
	return HandlerFS(sub)
}

// HandlerFS returns a handler that serves a built UI from files. All files are read, hashed and
// compressed once, here: a built UI is a few megabytes and never changes while the process runs.
func HandlerFS(files fs.FS) http.Handler {
	h := &handler{files: map[string]asset{}}
	// A folder that cannot be read is the same to the visitor as one that was never built: the
	// stub page says what to do.
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return nil
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil
		}
		if name == "index.html" {
			h.index = body
			return nil
		}
		h.files["/"+name] = newAsset(name, body)
		return nil
	})
	if h.index == nil {
		h.index = []byte(stubPage)
		h.stub = true
	}
	return h
}

// asset is one static file, with its gzip form when that is smaller.
type asset struct {
	body, zipped []byte
	contentType  string
	etag         string
	immutable    bool
}

func newAsset(name string, body []byte) asset {
	sum := sha256.Sum256(body)
	a := asset{
		body:        body,
		contentType: contentType(name),
		etag:        `"` + hex.EncodeToString(sum[:12]) + `"`,
		immutable:   strings.HasPrefix(name, "assets/"),
	}
	if compressible(a.contentType) {
		if z := compress(body); len(z) < len(body) {
			a.zipped = z
		}
	}
	return a
}

type handler struct {
	index []byte
	stub  bool
	files map[string]asset
}

// ServeHTTP answers with a file, or with the page itself for every path that the page routes.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "Method not allowed", "Use GET or HEAD for pages.")
		return
	}
	clean := path.Clean("/" + r.URL.Path)
	if a, ok := h.files[clean]; ok {
		serveAsset(w, r, a)
		return
	}
	page := clean == "/index.html" || path.Ext(clean) == "" || strings.HasPrefix(clean, "/customers/")
	if reserved(clean) || !page {
		// A missing file must not be answered with HTML: after an upgrade an old tab would run a
		// page as a script, and an API client would read a page as an answer.
		problem(w, http.StatusNotFound, "Not found", "There is nothing at this address.")
		return
	}
	h.servePage(w, r)
}

// reserved tells whether a path belongs to the API, to tracking or to built files, so that the page must not answer it.
func reserved(p string) bool {
	for _, prefix := range []string{"/api", "/v1", "/assets"} {
		if p == prefix || strings.HasPrefix(p, prefix+"/") {
			return true
		}
	}
	return false
}

func serveAsset(w http.ResponseWriter, r *http.Request, a asset) {
	head := w.Header()
	head.Set("Content-Type", a.contentType)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("ETag", a.etag)
	if a.immutable {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		head.Set("Cache-Control", "no-cache")
	}
	body := a.body
	if a.zipped != nil {
		head.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			head.Set("Content-Encoding", "gzip")
			body = a.zipped
		}
	}
	if strings.Contains(r.Header.Get("If-None-Match"), a.etag) {
		head.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body)
}

func (h *handler) servePage(w http.ResponseWriter, r *http.Request) {
	nonce, err := newNonce()
	if err != nil {
		problem(w, http.StatusInternalServerError, "Internal error", "The page could not be prepared. Try again.")
		return
	}
	body := bytes.ReplaceAll(h.index, []byte(noncePlaceholder), []byte(nonce))
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", policy(nonce))
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	// The nonce is good for one response only.
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Length", strconv.Itoa(len(body)))
	status := http.StatusOK
	if h.stub {
		status = http.StatusServiceUnavailable
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// policy is the content security policy of the page. style-src-attr is needed because the component library
// positions elements with style attributes; style elements need the nonce, and scripts come from files only.
func policy(nonce string) string {
	return "default-src 'self'; img-src 'self' data:; style-src 'self' 'nonce-" + nonce + "'; " +
		"style-src-attr 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
}

func newNonce() (string, error) {
	var b [18]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("read random nonce: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b[:]), nil
}

// problem writes an RFC 9457 document. It is written by hand because both texts are constants.
func problem(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"about:blank","title":%q,"status":%d,"detail":%q}`, title, status, detail)
}

// contentType fixes the types that differ between machines, and asks the system for the rest.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".json", ".map":
		return "application/json"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || contentType == "image/svg+xml" || contentType == "application/json"
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" && strings.ReplaceAll(params, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	// Level 9 is a constant that NewWriterLevel accepts, and a buffer never fails to write.
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = z.Write(body)
	_ = z.Close()
	return out.Bytes()
}
