package conformance_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// request is what a client's documentation and traffic show that it sends.
type request struct {
	client, path string
	body         string // {now} and {key} are filled in
	headers      map[string]string
	gzip         bool
	chunked      bool
	answer       string // must be in the answer
	check        func(t *testing.T, m []core.Message)
}

// TestDocumentedRequests sends, by hand, the requests of clients that are not
// run here.
func TestDocumentedRequests(t *testing.T) {
	t.Parallel()
	for _, r := range documented() {
		t.Run(r.client, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.perform(r)
			var got []core.Message
			for _, ms := range s.arrived() {
				got = append(got, ms...)
			}
			if len(got) == 0 {
				t.Fatal("nothing arrived")
			}
			for _, m := range got {
				if d := m.Received - m.Time; d < 9*core.Second || d > 70*core.Second || m.ID == "" || m.Flags&core.FlagNoMessageID != 0 {
					t.Errorf("%s lies %d µs before receipt: %+v", m.Kind, d, m)
				}
			}
			r.check(t, got)
		})
	}
}

// perform sends r; events carry a time ten seconds before they were sent.
func (s *server) perform(r request) {
	s.t.Helper()
	now := time.Now().UTC()
	fill := strings.NewReplacer("{key}", s.key, "{now}", now.Format("2006-01-02T15:04:05.000Z07:00"), "{then}", now.Add(-10*time.Second).Format("2006-01-02T15:04:05.000Z07:00"),
		"{basic}", "Basic "+base64.StdEncoding.EncodeToString([]byte(s.key+":")))
	body := []byte(fill.Replace(r.body))
	if r.gzip {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil {
			s.t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			s.t.Fatal(err)
		}
		body = b.Bytes()
	}
	var in io.Reader = bytes.NewReader(body)
	if r.chunked {
		in = io.MultiReader(in) // hides the length
	}
	req, err := http.NewRequest(http.MethodPost, s.url+fill.Replace(r.path), in)
	if err != nil {
		s.t.Fatal(err)
	}
	for k, v := range r.headers {
		req.Header.Set(k, fill.Replace(v))
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(text), r.answer) {
		s.t.Fatalf("%s: %d %s, %v", r.client, res.StatusCode, text, err)
	}
}

// track wants one track call of user u.
func track(t *testing.T, got []core.Message) {
	t.Helper()
	if len(got) != 1 || got[0].Kind != core.KindTrack || got[0].Name != "Bought" || got[0].UserID != "u" && got[0].AnonymousID != "a" || string(got[0].Props) != `{"n":1}` {
		t.Errorf("got %+v", got)
	}
}

const event = `{"type":"track","event":"Bought","userId":"u","messageId":"m-1","timestamp":"{then}","properties":{"n":1}`

func documented() []request {
	return []request{
		{
			client: "rudder-sdk-node", path: "/v1/batch", gzip: true, check: track,
			headers: map[string]string{"Authorization": "{basic}", "Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"},
			body:    `{"batch":[{"type":"track","event":"Bought","userId":"u","messageId":"m-1","originalTimestamp":"{then}","sentAt":"{now}","channel":"server","properties":{"n":1}}],"sentAt":"{now}"}`,
		},
		{
			client: "analytics-python", path: "/v1/batch", gzip: true, check: track,
			headers: map[string]string{"Authorization": "{basic}", "Content-Type": "application/json", "Content-Encoding": "gzip"},
			body:    `{"batch":[` + event + `,"integrations":{},"context":{"library":{"name":"analytics-python","version":"2.3.4"}}}],"sentAt":"{now}","writeKey":"{key}"}`,
		},
		{
			client: "analytics-kotlin", path: "/v1/b", gzip: true, chunked: true, check: track,
			headers: map[string]string{"Content-Type": "text/plain", "Content-Encoding": "gzip"},
			body:    `{"batch":[` + event + `,"context":{"device":{"id":"d-1","type":"android"},"os":{"name":"Android"}}}],"sentAt":"{now}","writeKey":"{key}"}`,
		},
		{
			client: "analytics-swift", path: "/v1/b", check: track,
			headers: map[string]string{"Content-Type": "application/json; charset=utf-8"},
			body:    `{"batch":[` + event + `,"context":{"device":{"id":"d-1","type":"ios"}}}],"sentAt":"{now}","writeKey":"{key}"}`,
		},
		{
			client: "rudder analytics-js", path: "/v1/track", check: track,
			headers: map[string]string{"Authorization": "{basic}", "Content-Type": "application/json", "AnonymousId": "YQ==", "SentAt": "{now}"},
			body:    `{"type":"track","event":"Bought","anonymousId":"a","userId":"","messageId":"m-1","originalTimestamp":"{then}","properties":{"n":1},"channel":"web"}`,
		},
		{
			client: "rudder analytics-js beacon", path: "/beacon/v1/batch?writeKey={key}", check: track,
			headers: map[string]string{"Content-Type": "text/plain;charset=UTF-8"},
			body:    `{"batch":[{"type":"track","event":"Bought","anonymousId":"a","messageId":"m-1","originalTimestamp":"{then}","sentAt":"{now}","properties":{"n":1}}]}`,
		},
		{
			client: "jitsu browser", path: "/api/s/track", check: track,
			headers: map[string]string{"X-Write-Key": "{key}:secret", "Content-Type": "application/json"},
			body:    event + `,"sentAt":"{now}"}`,
		},
		{
			client: "jitsu server", path: "/api/s/s2s/track", check: track,
			headers: map[string]string{"X-Write-Key": "{key}:secret", "Content-Type": "application/json"},
			body:    event + `,"sentAt":"{now}"}`,
		},
		{
			client: "analytics-next, event with retry", path: "/v1/t", check: track,
			headers: map[string]string{"Authorization": "{basic}", "Content-Type": "text/plain", "X-Retry-Count": "2", "Origin": "https://shop.test"},
			body:    event + `,"sentAt":"{now}","writeKey":"{key}"}`,
		},
		{
			client: "curl", path: "/v1/track", check: track,
			headers: map[string]string{"Authorization": "{basic}", "Content-Type": "application/json"},
			body:    `{"event":"Bought","userId":"u","messageId":"m-1","timestamp":"{then}","sentAt":"{now}","properties":{"n":1}}`,
		},
		{
			client: "host setting with a path", path: "/v1/v1/batch", check: track,
			headers: map[string]string{"Authorization": "{basic}"},
			body:    `{"batch":[` + event + `}],"sentAt":"{now}"}`,
		},
		{
			client: "posthog-node", path: "/batch/", gzip: true, answer: `"status":1`, check: postHog,
			headers: map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"},
			body: `{"api_key":"{key}","sent_at":"{now}","batch":[
{"type":"capture","event":"Bought","distinct_id":"u","uuid":"m-1","timestamp":"{then}","properties":{"n":1}},
{"type":"capture","event":"$identify","distinct_id":"u","uuid":"m-2","timestamp":"{then}","properties":{"$set":{"plan":"pro"},"$anon_distinct_id":"a"}}]}`,
		},
	}
}

func postHog(t *testing.T, got []core.Message) {
	t.Helper()
	if len(got) != 2 || got[0].Name != "Bought" || got[1].Kind != core.KindIdentify || got[1].AnonymousID != "a" || string(got[1].Props) != `{"plan":"pro"}` {
		t.Errorf("got %+v", got)
	}
}
