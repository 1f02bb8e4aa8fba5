package inbox_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

// FuzzParse checks that no body panics, that no event is lost, that what goes
// on is clean, and that a second parse gives the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"batch":[{"type":"track","event":"e","userId":"u","properties":{"a":[1,{"b":null}]},"context":{"page":{"url":"x"}}}],"sentAt":"2026-01-01T00:00:00Z"}`,
		`{"batch":[{"type":"identify","userId":1e5,"traits":{"a":1,"a":2}},5,"x",null,[],{}],"context":{"library":{"name":"l","v":1}}}`,
		`{"api_key":"k","batch":[{"event":"$identify","distinct_id":"d","properties":{"$set":{"a":1},"$anon_distinct_id":"z"}}]}`,
		"{\"batch\":[{\"type\":\"page\",\"name\":\"\\ud83d\\ude00\\u0000\\ud800\",\"anonymousId\":\"\xff\xfe\"}]}",
		`{"batch":[{"type":"group","groupId":true,"userId":"u","context":{"externalIds":[{"id":1,"type":"t"}],"ip":7}}]}`,
		`{"\u0062atch":[{"\u0074ype":"track","event":"e","userId":"u","timestamp":"2026-02-30","properties":{"\ud800":1}}]}`,
		strings.Repeat("[", 5000), `{"batch":[` + strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100) + `]}`, "", "{", `{"batch":[{"a":"\\\\\""}]}`,
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, how byte) {
		req := inbox.Request{Meta: inbox.Meta{Shape: inbox.ShapeBatch, Source: inbox.Browser, IP: "1.2.3.4", IPPolicy: inbox.IPTruncate}, Body: body, Received: received, Seed: 9}
		if how%8 > 0 && how%8 < 7 {
			req.Shape, req.Kind = inbox.ShapeSingle, core.Kind(how%8)
		}
		res, err := inbox.Parse(req)
		if err != nil {
			return
		}
		if !strictlyJSON(body) {
			t.Fatalf("accepted what is not JSON: %q", body)
		}
		if len(res.Messages)+len(res.Rejects) != res.Total || len(res.Raws) != len(res.Messages) {
			t.Fatalf("%d messages + %d rejects, %d events", len(res.Messages), len(res.Rejects), res.Total)
		}
		if res.Envelope != nil && !json.Valid(res.Envelope) {
			t.Fatalf("envelope is not JSON: %q", res.Envelope)
		}
		again, _ := inbox.Parse(req)
		for i := range res.Messages {
			checkMessage(t, &res.Messages[i])
			if a, b := res.Messages[i], again.Messages[i]; a.ID != b.ID || a.Fingerprint != b.Fingerprint || a.Time != b.Time || !bytes.Equal(a.Props, b.Props) {
				t.Fatalf("two parses differ: %+v %+v", a, b)
			}
		}
	})
}

func strictlyJSON(body []byte) bool {
	return json.Valid(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")))
}

func checkMessage(t *testing.T, m *core.Message) {
	t.Helper()
	for _, raw := range [][]byte{m.Props, m.ContextRest, m.ContextTraits} {
		if raw != nil && (!json.Valid(raw) || raw[0] != '{' || !utf8.Valid(raw)) {
			t.Fatalf("not a clean JSON object: %q", raw)
		}
	}
	c := m.Context
	for _, s := range []string{m.Name, m.ID, m.UserID, m.AnonymousID, m.PreviousID, m.GroupID, c.PageURL, c.UTMSource, c.IP, c.UserAgent, c.Locale, c.Group} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Fatalf("text is not clean: %q", s)
		}
	}
	if m.Kind == 0 || m.Kind > core.KindAlias || m.ID == "" || m.Time > m.Received+core.Minute {
		t.Fatalf("message breaks a rule: %+v", m)
	}
}

// FuzzPixel checks that any query makes a body that parses to one event.
func FuzzPixel(f *testing.F) {
	f.Add("writeKey=k&event=e&userId=u&properties.a=1&context.page.url=x&context.page=y")
	f.Add("event=%ff%00&anonymousId=a&traits.=x&properties.a.b=1&properties.a-b=2")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		body := inbox.PixelBody(q)
		res, err := inbox.Parse(inbox.Request{Meta: inbox.Meta{Shape: inbox.ShapePixel, Kind: core.KindTrack}, Body: body, Received: received})
		if err != nil || res.Total != 1 {
			t.Fatalf("%q: body %q: %v", query, body, err)
		}
		for i := range res.Messages {
			checkMessage(t, &res.Messages[i])
		}
	})
}

func TestPixelBody(t *testing.T) {
	t.Parallel()
	q, err := url.ParseQuery("writeKey=k&event=Open&userId=u&properties.plan=pro&properties.n=3&context.page.url=https%3A%2F%2Fx&context.locale=it&other=1")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"event":"Open","userId":"u","context":{"locale":"it","page":{"url":"https://x"}},"properties":{"n":"3","plan":"pro"}}`
	if got := string(inbox.PixelBody(q)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
