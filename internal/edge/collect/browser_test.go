package collect_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/collect"
	"github.com/ciclo/ciclo/internal/inbox"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for _, p := range collect.Paths() {
		res, _ := s.call("OPTIONS", strings.ReplaceAll(p, "{key}", s.key), nil, "Origin", "https://shop.test", "Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", "authorization,content-type,rsa-client-id")
		h := res.Header
		if res.StatusCode != 204 || h.Get("Access-Control-Allow-Origin") != "https://shop.test" || h.Get("Access-Control-Allow-Credentials") != "true" ||
			h.Get("Access-Control-Max-Age") != "86400" || h.Get("Access-Control-Allow-Methods") != "GET, POST, OPTIONS" || h.Get("Vary") != "Origin" {
			t.Errorf("%s: %d %v", p, res.StatusCode, h)
		}
		for _, want := range []string{"authorization", "content-type", "x-retry-count", "x-write-key", "anonymousid", "sentat", "rsa-client-id"} {
			if !strings.Contains(h.Get("Access-Control-Allow-Headers"), want) {
				t.Errorf("%s: %s is not allowed: %s", p, want, h.Get("Access-Control-Allow-Headers"))
			}
		}
	}
	for _, body := range []string{`{"batch":[` + track + `]}`, `broken`} {
		res, _ := s.call("POST", "/v1/batch", []byte(body), append(s.basic(), "Origin", "null")...)
		if res.Header.Get("Access-Control-Allow-Origin") != "null" || res.Header.Get("Access-Control-Allow-Credentials") != "true" || res.Header.Get("Vary") != "Origin" {
			t.Errorf("%s: %v", body, res.Header)
		}
	}
	if res, _ := s.call("POST", "/v1/batch", nil); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("an origin is allowed that nobody named")
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	res, text := s.call("GET", "/v1/projects/"+s.key+"/settings", nil, "X-Forwarded-Proto", "https")
	var doc struct {
		Integrations map[string]struct{ APIKey, APIHost, Protocol string }
		Metrics      struct{ SampleRate *float64 }
		Plan         map[string]any
		Next         bool `json:"analyticsNextEnabled"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil || res.StatusCode != 200 {
		t.Fatal(res.StatusCode, text, err)
	}
	g := doc.Integrations["Segment.io"]
	if g.APIKey != s.key || g.APIHost != strings.TrimPrefix(s.server.URL, "http://")+"/v1" || g.Protocol != "https" || doc.Metrics.SampleRate == nil || *doc.Metrics.SampleRate != 0 || !doc.Next || len(doc.Plan) != 3 {
		t.Errorf("got %s", text)
	}
	if res.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("cache %q", res.Header.Get("Cache-Control"))
	}
	if res, _ := s.call("GET", "/projects/unknown_key/settings", nil); res.StatusCode != 404 {
		t.Errorf("unknown key: %d", res.StatusCode)
	}
	res, text = s.call("GET", "/sourceConfig/?p=web&v=3", nil, s.basic()...)
	if res.StatusCode != 200 || !strings.Contains(text, `"enabled":true`) || !strings.Contains(text, `"writeKey":"`+s.key+`"`) || !strings.Contains(text, `"destinations":[]`) {
		t.Errorf("source config: %d %s", res.StatusCode, text)
	}
	if res, _ := s.call("GET", "/sourceConfig/?writeKey=unknown_key", nil); res.StatusCode != 404 {
		t.Errorf("source config of an unknown key: %d", res.StatusCode)
	}
}

func TestPixel(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for _, query := range []string{"?writeKey=" + s.key + "&event=Opened&userId=u&properties.campaign=May", "?writeKey=nope&event=x", "", "?%zz", "?writeKey=" + s.key} {
		res, body := s.call("GET", "/pixel/v1/track"+query, nil)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/gif" || !strings.HasPrefix(body, "GIF89a") || len(body) != 43 {
			t.Errorf("%s: %d %q", query, res.StatusCode, body)
		}
	}
	got := s.drain()
	if len(got) != 1 || got[0].Name != "Opened" || string(got[0].Props) != `{"campaign":"May"}` || got[0].Kind != core.KindTrack {
		t.Errorf("got %+v", got)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for _, x := range []struct{ forwarded, policy, want string }{
		{"", "", "127.0.0.1"},
		{"203.0.113.9", "", "203.0.113.9"},
		{"6.6.6.6, 203.0.113.9, 127.0.0.2", "", "203.0.113.9"}, // the first is the client's own claim
		{"nonsense", "", "127.0.0.1"},
		{"203.0.113.9", "stripLastOctet", "203.0.113.0"},
		{"203.0.113.9", "remove", ""},
	} {
		s.call("POST", "/v1/batch", []byte(`{"batch":[`+track+`]}`), append(s.basic(), "X-Forwarded-For", x.forwarded, "X-IP-Policy", x.policy)...)
		if got := s.drain(); len(got) != 1 || got[0].Context.IP != x.want {
			t.Errorf("%+v: got %+v", x, got)
		}
	}
}

func TestUntrustedPeerCannotForward(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	s.h.TrustedProxies = nil
	s.call("POST", "/v1/batch", []byte(`{"batch":[`+track+`]}`), append(s.basic(), "X-Forwarded-For", "203.0.113.9")...)
	if got := s.drain(); len(got) != 1 || got[0].Context.IP != "127.0.0.1" {
		t.Errorf("got %+v", got)
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	res, plain := s.call("GET", "/ciclo.js", nil, "Accept-Encoding", "identity")
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") || strings.Contains(plain, "\n//") {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	res, packed := s.call("GET", "/ciclo.js", nil, "Accept-Encoding", "gzip")
	if len(packed) > 5000 || res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes compressed", len(packed))
	}
	z, err := gzip.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if un, err := io.ReadAll(z); err != nil || string(un) != plain {
		t.Errorf("the compressed script differs: %v", err)
	}
	if res, _ := s.call("GET", "/ciclo.js", nil, "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("with its tag: %d", res.StatusCode)
	}
}

func TestBeside(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	s.server.Config.Handler = s.h.Beside(mux)
	if res, _ := s.call("POST", "//v1/track", []byte(track), s.basic()...); res.StatusCode != 200 {
		t.Errorf("ingest: %d", res.StatusCode)
	}
	if res, _ := s.call("GET", "/anything", nil); res.StatusCode != http.StatusTeapot {
		t.Errorf("beside: %d", res.StatusCode)
	}
}
