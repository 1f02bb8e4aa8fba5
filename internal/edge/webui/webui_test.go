package webui_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ciclo/ciclo/internal/edge/webui"
)

func built() http.Handler {
	return webui.HandlerFS(fstest.MapFS{
		"index.html":           {Data: []byte(`<html><meta name="csp-nonce" content="__CSP_NONCE__"><style nonce="__CSP_NONCE__"></style></html>`)},
		"assets/main-abc12.js": {Data: []byte(strings.Repeat("console.log(1);", 200))},
		"assets/inter.woff2":   {Data: []byte("wOF2 not really")},
		"boot.js":              {Data: []byte("1")},
		".keep":                {Data: nil},
	})
}

func get(t *testing.T, h http.Handler, method, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read body: %v", err)
	}
	return string(b)
}

func TestPageCarriesFreshNonce(t *testing.T) {
	t.Parallel()
	h := built()
	nonces := map[string]bool{}
	for _, path := range []string{"/", "/board", "/customers/c_1/timeline", "/customers/ann@example.com", "/index.html"} {
		res := get(t, h, http.MethodGet, path, nil)
		page := body(t, res)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d", path, res.StatusCode)
		}
		csp := res.Header.Get("Content-Security-Policy")
		m := regexp.MustCompile(`'nonce-([^']+)'`).FindStringSubmatch(csp)
		if m == nil {
			t.Fatalf("%s: no nonce in policy %q", path, csp)
		}
		if strings.Count(page, m[1]) != 2 || strings.Contains(page, "__CSP_NONCE__") {
			t.Errorf("%s: nonce of the header is not the nonce of the page: %s", path, page)
		}
		if nonces[m[1]] {
			t.Errorf("%s: nonce used twice", path)
		}
		nonces[m[1]] = true
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: cache-control %q", path, got)
		}
		for _, bad := range []string{"unsafe-eval", "script-src"} {
			if strings.Contains(csp, bad) {
				t.Errorf("%s: policy has %s", path, bad)
			}
		}
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	h := built()
	res := get(t, h, http.MethodGet, "/assets/main-abc12.js", map[string]string{"Accept-Encoding": "br, gzip"})
	if got := res.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("hashed file: cache-control %q", got)
	}
	if got := res.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("content-encoding %q", got)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatalf("open gzip: %v", err)
	}
	plain, err := io.ReadAll(z)
	if err != nil || len(plain) != 200*len("console.log(1);") {
		t.Errorf("unzipped %d bytes, err %v", len(plain), err)
	}
	plainRes := get(t, h, http.MethodGet, "/assets/main-abc12.js", map[string]string{"Accept-Encoding": "gzip;q=0"})
	if got := plainRes.Header.Get("Content-Encoding"); got != "" {
		t.Errorf("gzip refused by the client, got encoding %q", got)
	}
	again := get(t, h, http.MethodGet, "/assets/main-abc12.js", map[string]string{"If-None-Match": res.Header.Get("ETag")})
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("same etag: status %d", again.StatusCode)
	}
	boot := get(t, h, http.MethodGet, "/boot.js", nil)
	if got := boot.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("file without hash: cache-control %q", got)
	}
	if got := get(t, h, http.MethodHead, "/boot.js", nil); body(t, got) != "" || got.Header.Get("Content-Length") != "1" {
		t.Errorf("head answered with a body or without a length")
	}
}

func TestMissingIsNotAPage(t *testing.T) {
	t.Parallel()
	h := built()
	for _, path := range []string{"/api/v1/nothing", "/api", "/v1/track", "/assets/old-1234.js", "/robots.txt", "/.keep"} {
		res := get(t, h, http.MethodGet, path, nil)
		if res.StatusCode != http.StatusNotFound || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: status %d, type %q", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
	}
	if res := get(t, h, http.MethodPost, "/board", nil); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("post: status %d", res.StatusCode)
	}
}

func TestStubWithoutBuild(t *testing.T) {
	t.Parallel()
	res := get(t, webui.HandlerFS(fstest.MapFS{".keep": {}}), http.MethodGet, "/", nil)
	if page := body(t, res); res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(page, "npm run build") {
		t.Errorf("status %d, page %s", res.StatusCode, page)
	}
}

func TestEmbeddedHandlerAnswers(t *testing.T) {
	t.Parallel()
	res := get(t, webui.Handler(), http.MethodGet, "/board", nil)
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Errorf("content type %q", res.Header.Get("Content-Type"))
	}
}
