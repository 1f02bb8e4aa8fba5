package collect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/collect"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

const space core.WorkspaceID = 1

// site is a handler over a database of its own, behind a real listener.
type site struct {
	t      testing.TB
	clock  *clock.Manual
	inbox  *inbox.Service
	h      *collect.Handler
	server *httptest.Server
	source *inbox.Source
	key    string
	db     *db.DB
}

func setup(t testing.TB, set inbox.Settings, limits inbox.Limits) *site {
	t.Helper()
	s := &site{t: t, db: dbtest.SQLite(t), clock: clock.NewManual(time.Date(2026, 5, 4, 12, 0, 7, 0, time.UTC))}
	var err error
	s.inbox, err = inbox.New(inbox.Deps{DB: s.db, Clock: s.clock, Secret: []byte("0123456789abcdef"), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	s.source, s.key, err = s.inbox.CreateSource(context.Background(), space, inbox.NewSource{Name: "Site", Kind: inbox.Browser, Settings: set})
	if err != nil {
		t.Fatal(err)
	}
	s.h = collect.New(collect.Deps{Inbox: s.inbox, Clock: s.clock, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	s.server = httptest.NewServer(s.h)
	t.Cleanup(s.server.Close)
	return s
}

// call sends one request, never following a redirect.
func (s *site) call(method, path string, body []byte, headers ...string) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.server.URL, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.URL.Opaque = "//" + req.URL.Host + path // sent as written
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(text)
}

func (s *site) basic() []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(s.key+":"))}
}

// drain processes what waits.
func (s *site) drain() []core.Message {
	s.t.Helper()
	ctx := context.Background()
	var out []core.Message
	for {
		w, err := s.inbox.Take(ctx, space, 10_000)
		if err != nil {
			s.t.Fatal(err)
		}
		if w == nil {
			return out
		}
		if err := s.db.Write(ctx, func(tx *db.Tx) error { return w.Commit(ctx, tx) }); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, w.Messages...)
	}
}

const track = `{"type":"track","event":"e","userId":"u"}`

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

func TestEveryPathWithAndWithoutSlash(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for _, p := range collect.Paths() {
		p = strings.ReplaceAll(p, "{key}", s.key)
		for _, path := range []string{p, p + "/", "/" + p, p + "//", "/v1/.." + p, "/x/../" + p, p + "?a=b"} {
			method, body := http.MethodPost, `{"userId":"u","event":"e","previousId":"p","groupId":"g","batch":[`+track+`]}`
			switch {
			case strings.Contains(p, "settings"), strings.Contains(p, "pixel"), strings.Contains(p, "sourceConfig"), strings.Contains(p, "ciclo.js"):
				method, body = http.MethodGet, ""
			}
			res, text := s.call(method, path, []byte(body), s.basic()...)
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s %s: %d %s", method, path, res.StatusCode, text)
			}
			if !collect.IsIngestPath(strings.TrimSuffix(path, "?a=b")) {
				t.Errorf("%s is not known as an ingest path", path)
			}
		}
	}
	for _, path := range []string{"/", "/v1", "/v1/tracks", "/v1/track/x", "/api/v1/customers", "/projects/settings", "/v1/projects/a/b/settings", "/index.html"} {
		if collect.IsIngestPath(path) {
			t.Errorf("%s is taken for an ingest path", path)
		}
		if res, text := s.call("POST", path, []byte(track), s.basic()...); res.StatusCode != http.StatusNotFound || !strings.Contains(text, `"code":"not_found"`) {
			t.Errorf("%s: %d %s", path, res.StatusCode, text)
		}
	}
}

func TestPathGivesKind(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for _, p := range []string{"/v1/%s", "/api/s/%s", "/api/s/s2s/%s"} {
		for k := core.KindTrack; k <= core.KindAlias; k++ {
			s.call("POST", fmt.Sprintf(p, k), []byte(`{"type":"bogus","userId":"u","event":"e","previousId":"p","groupId":"g"}`), s.basic()...)
			if got := s.drain(); len(got) != 1 || got[0].Kind != k {
				t.Errorf(p+": got %+v", k, got)
			}
		}
	}
}

func TestKeyPlaces(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	basic := func(user, pass string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pass))
	}
	batch := func(key string) string { return `{"batch":[` + track + `],"writeKey":"` + key + `"}` }
	for name, x := range map[string]struct {
		path, body string
		headers    []string
		want       int
	}{
		"basic":               {"/v1/batch", batch(""), []string{"Authorization", basic(s.key, "")}, 200},
		"basic with password": {"/v1/batch", batch(""), []string{"Authorization", basic(s.key, "x")}, 200},
		"write key header":    {"/v1/batch", batch(""), []string{"X-Write-Key", s.key + ":secret"}, 200},
		"query":               {"/v1/batch?writeKey=" + s.key, batch(""), nil, 200},
		"query, other case":   {"/v1/batch?WRITEKEY=" + s.key, batch(""), nil, 200},
		"body":                {"/v1/batch", batch(s.key), nil, 200},
		"bearer and body":     {"/v1/batch", batch(s.key), []string{"Authorization", "Bearer token"}, 200},
		"event in batch":      {"/v1/batch", `{"batch":[{"writeKey":"` + s.key + `","type":"track","event":"e","userId":"u"}]}`, nil, 200},
		"single event":        {"/v1/t", `{"writeKey":"` + s.key + `","event":"e","userId":"u"}`, nil, 200},
		"api_key":             {"/batch/", `{"api_key":"` + s.key + `","batch":[]}`, nil, 200},
		"none":                {"/v1/batch", batch(""), nil, 401},
		"unknown":             {"/v1/batch", batch("nope"), nil, 401},
		"first wins":          {"/v1/batch?writeKey=" + s.key, batch(s.key), []string{"Authorization", basic("nope", "")}, 401},
		"second differs":      {"/v1/batch", batch("other"), []string{"Authorization", basic(s.key, "")}, 200},
	} {
		res, text := s.call("POST", x.path, []byte(x.body), x.headers...)
		if res.StatusCode != x.want {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, text, x.want)
		}
		if x.want == 401 && !strings.Contains(text, `"code":"invalid_write_key"`) {
			t.Errorf("%s: %s", name, text)
		}
	}
	s.drain()
	list, err := s.inbox.ListSources(context.Background(), space)
	if err != nil || list[0].Counts["key_mismatches"] != 1 {
		t.Errorf("counts %v, %v", list[0].Counts, err)
	}
	unknown, err := s.inbox.UnknownKeys(context.Background())
	if err != nil || len(unknown) != 2 {
		t.Errorf("unknown keys %+v, %v", unknown, err)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	batch := `{"batch":[` + track + `]}`
	large := `{"batch":[` + track + `],"pad":"` + strings.Repeat("x", 4_000_000) + `"}`
	exact := `{"batch":[` + track + `],"pad":"`
	exact += strings.Repeat("x", 4_000_000-len(exact)-2) + `"}`
	broken := zipped(batch)
	broken = broken[:len(broken)-6]
	for name, x := range map[string]struct {
		body    []byte
		headers []string
		want    int
		code    string
	}{
		"plain as text":               {[]byte(batch), []string{"Content-Type", "text/plain"}, 200, ""},
		"gzip with header":            {zipped(batch), []string{"Content-Encoding", "gzip"}, 200, ""},
		"gzip without header":         {zipped(batch), []string{"Content-Type", "application/x-www-form-urlencoded"}, 200, ""},
		"header but no gzip":          {[]byte(batch), []string{"Content-Encoding", "gzip"}, 200, ""},
		"largest":                     {[]byte(exact), nil, 200, ""},
		"too large":                   {[]byte(large), nil, 413, "too_large"},
		"too large when decompressed": {zipped(large), nil, 413, "too_large"},
		"broken gzip":                 {broken, nil, 400, "invalid_json"},
		"not json":                    {[]byte("hello"), nil, 400, "invalid_json"},
		"empty":                       {nil, nil, 400, "invalid_json"},
		"array":                       {[]byte("[]"), nil, 400, "invalid_json"},
		"binary":                      {[]byte{0, 1, 2, 0xFF}, nil, 400, "invalid_json"},
	} {
		res, text := s.call("POST", "/v1/batch", x.body, append(s.basic(), x.headers...)...)
		if res.StatusCode != x.want || x.code != "" && !strings.Contains(text, `"code":"`+x.code+`"`) || x.code != "" && !strings.Contains(text, `"message":"`) {
			t.Errorf("%s: %d %s", name, res.StatusCode, text)
		}
	}
	if got := len(s.drain()); got != 5 {
		t.Errorf("%d events arrived, want 5", got)
	}
}

func TestChunkedGzip(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	req, err := http.NewRequest("POST", s.server.URL+"/v1/b", io.MultiReader(bytes.NewReader(zipped(`{"batch":[`+track+`],"writeKey":"`+s.key+`"}`))))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = -1
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || len(s.drain()) != 1 {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestAnswerNamesRejects(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	bad := strings.Repeat(`,{"type":"bogus","messageId":"m"}`, 25)
	res, text := s.call("POST", "/v1/batch", []byte(`{"batch":[`+track+bad+`]}`), s.basic()...)
	var out struct {
		Success               bool
		Accepted, Quarantined int
		Errors                []struct {
			Index           int
			MessageID, Code string
		}
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil || res.StatusCode != 200 {
		t.Fatal(res.StatusCode, text, err)
	}
	if !out.Success || out.Accepted != 1 || out.Quarantined != 25 || len(out.Errors) != 20 || out.Errors[0].Index != 1 || out.Errors[0].MessageID != "m" || out.Errors[0].Code != "unknown_type" {
		t.Errorf("got %s", text)
	}
	if _, text := s.call("POST", "/batch/", zipped(`{"api_key":"`+s.key+`","batch":[{"event":"x","distinct_id":"d"}]}`)); !strings.Contains(text, `"status":1`) {
		t.Errorf("PostHog answer: %s", text)
	}
}

func TestBackPressure(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{QueueEvents: 2})
	body := []byte(`{"batch":[` + track + `,` + track + `]}`)
	s.call("POST", "/v1/batch", body, s.basic()...)
	res, text := s.call("POST", "/v1/batch", body, append(s.basic(), "Origin", "https://shop.test")...)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || !strings.Contains(text, "queue_full") || res.Header.Get("Access-Control-Allow-Origin") != "https://shop.test" {
		t.Errorf("full: %d %v %s", res.StatusCode, res.Header, text)
	}
	s.h.Stop()
	res, _ = s.call("POST", "/v1/batch", body, s.basic()...)
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("stopping: %d", res.StatusCode)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{RatePerSecond: 1, Burst: 3}, inbox.Limits{})
	two := []byte(`{"batch":[` + track + `,` + track + `]}`)
	if res, _ := s.call("POST", "/v1/batch", two, s.basic()...); res.StatusCode != 200 {
		t.Fatalf("first: %d", res.StatusCode)
	}
	res, text := s.call("POST", "/v1/batch", two, s.basic()...)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "1" || !strings.Contains(text, "rate_limited") {
		t.Errorf("second: %d %s %s", res.StatusCode, res.Header.Get("Retry-After"), text)
	}
	s.clock.Advance(time.Second)
	if res, _ := s.call("POST", "/v1/batch", two, s.basic()...); res.StatusCode != 200 {
		t.Errorf("after a second: %d", res.StatusCode)
	}
	s.clock.Advance(time.Minute)
	if res, _ := s.call("POST", "/v1/batch", []byte(`{"batch":[`+track+strings.Repeat(","+track, 9)+`]}`), s.basic()...); res.StatusCode != 200 {
		t.Errorf("a batch above the burst: %d", res.StatusCode)
	}
}

func TestDisabledSourceAndUnwritableStore(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	body := []byte(`{"batch":[` + track + `]}`)
	off, on := false, true
	ctx := context.Background()
	if _, err := s.inbox.UpdateSource(ctx, space, s.source.ID, inbox.SourceUpdate{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if res, text := s.call("POST", "/v1/batch", body, s.basic()...); res.StatusCode != 404 || !strings.Contains(text, "source_disabled") {
		t.Errorf("disabled: %d %s", res.StatusCode, text)
	}
	if res, _ := s.call("GET", "/v1/projects/"+s.key+"/settings", nil); res.StatusCode != 404 {
		t.Errorf("settings of a disabled source: %d", res.StatusCode)
	}
	if _, err := s.inbox.UpdateSource(ctx, space, s.source.ID, inbox.SourceUpdate{Enabled: &on}); err != nil {
		t.Fatal(err)
	}
	s.call("POST", "/v1/batch", body, s.basic()...)
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if res, text := s.call("POST", "/v1/batch", body, s.basic()...); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || strings.Contains(text, "sql") {
		t.Errorf("closed store: %d %s", res.StatusCode, text)
	}
}

func TestUnknownKeyOption(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{TakesUnknownKeys: true}, inbox.Limits{})
	res, _ := s.call("POST", "/v1/batch", []byte(`{"batch":[`+track+`],"writeKey":"stranger"}`))
	if got := s.drain(); res.StatusCode != 200 || len(got) != 0 {
		t.Errorf("%d, %+v", res.StatusCode, got)
	}
	held, err := s.inbox.ListQuarantine(context.Background(), space, inbox.HeldFilter{}, 10)
	if err != nil || len(held) != 1 || held[0].Reason != inbox.CodeUnknownKey {
		t.Errorf("held %+v, %v", held, err)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := setup(t, inbox.Settings{}, inbox.Limits{})
	for _, x := range [][2]string{{"GET", "/v1/track"}, {"PUT", "/v1/batch"}, {"POST", "/ciclo.js"}, {"POST", "/pixel/v1/track"}, {"DELETE", "/v1/projects/k/settings"}} {
		if res, _ := s.call(x[0], x[1], nil); res.StatusCode != 405 || res.Header.Get("Allow") == "" {
			t.Errorf("%v: %d", x, res.StatusCode)
		}
	}
	if res, text := s.call("POST", "/v1/m", []byte(`{"series":[]}`)); res.StatusCode != 200 || text != `{"success":true}` {
		t.Errorf("metrics: %d %s", res.StatusCode, text)
	}
}
