package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/edge/collect"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// badRequest is one bad request and what must become of it.
type badRequest struct {
	name   string
	body   []byte
	header map[string]string
	status int
	code   string // in the answer
}

func packed(raw []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(raw)
	_ = w.Close()
	return b.Bytes()
}

func track(id, name, rest string) string {
	quoted, _ := json.Marshal(name)
	return fmt.Sprintf(`{"type":"track","messageId":%q,"userId":"u1","event":%s%s}`, id, quoted, rest)
}

func wide(n int) string {
	var b strings.Builder
	b.WriteString(`,"properties":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"k%d":1`, i)
	}
	b.WriteByte('}')
	return b.String()
}

func hostileRequests() []badRequest {
	one := func(event string) []byte { return []byte(`{"batch":[` + event + `]}`) }
	gz := map[string]string{"Content-Encoding": "gzip"}
	garbage := make([]byte, 3000)
	for i := range garbage {
		garbage[i] = byte(i * 7)
	}
	return []badRequest{
		{"oversize", one(track("big", "Big", `,"properties":{"x":"`+strings.Repeat("y", 4_000_001)+`"}`)), nil, 413, "too_large"},
		{"a gzip bomb", packed(one(track("bomb", "Bomb", `,"properties":{"x":"`+strings.Repeat("y", 50_000_000)+`"}`))), gz, 413, "too_large"},
		{"gzip that ends early", packed(one(track("cut", "Cut", "")))[:30], gz, 400, "invalid"},
		{"gzip that is none", []byte("not packed at all"), gz, 400, "invalid"},
		{"broken JSON", []byte(`{"batch":[{"type":"track"`), nil, 400, "invalid_json"},
		{"no object", []byte(`[1,2]`), nil, 400, "invalid_json"},
		{"binary garbage", garbage, nil, 400, "invalid_json"},
		{"one event too large", one(track("e1", "Large", `,"properties":{"x":"`+strings.Repeat("y", 33_000)+`"}`)), nil, 200, "event_too_large"},
		{"5,000 property names, too large", one(track("e2", "Wide", wide(5000))), nil, 200, "event_too_large"},
		{"deep nesting", one(track("e3", "Deep", `,"properties":`+strings.Repeat(`{"a":`, 40)+"1"+strings.Repeat("}", 40))), nil, 200, "too_deep"},
		{"an object as id", one(`{"type":"track","messageId":"e4","userId":{"a":1},"event":"Typed"}`), nil, 200, "bad_id"},
		{"a number as event name", one(`{"type":"track","messageId":"e5","userId":"u1","event":7}`), nil, 200, "no_event_name"},
		{"a batch of everything but events", []byte(`{"batch":[null,1,"x",[],true]}`), nil, 200, "unknown_type"},
		{"an unknown type", one(`{"type":"teleport","messageId":"e6","userId":"u1"}`), nil, 200, "unknown_type"},
		{"a long message id", one(track(strings.Repeat("m", 256), "Long", "")), nil, 200, "message_id_too_long"},
		{"wrong types of properties", one(track("e7", "Order Completed", `,"properties":{"revenue":"$25","currency":7,"products":"none","order_id":["x"]}`)), nil, 200, ""},
		{"the distant future", one(track("e8", "Timed", `,"timestamp":"9999-12-31T23:59:59Z"`)), nil, 200, ""},
		{"the distant past", one(track("e9", "Timed", `,"timestamp":"0001-01-01T00:00:00Z"`)), nil, 200, ""},
		{"no time at all", one(track("e10", "Timed", `,"timestamp":"yesterday"`)), nil, 200, ""},
		{"SQL in names", one(track("e11", `'; DROP TABLE customers; --`, `,"properties":{"'; DELETE FROM events; --":"\" OR 1=1"}`)), nil, 200, ""},
		{"HTML in names", one(track("e12", `<script>alert(1)</script>`, `,"properties":{"<img src=x>":"<b>"}`)), nil, 200, ""},
		{"NUL and lone surrogates", one(`{"type":"track","messageId":"e13","userId":"u1","event":"N\u0000ul \ud800","properties":{"a\u0000":"b\u0000\udfff"}}`), nil, 200, ""},
	}
}

// TestHostileInput sends bad requests between good ones: each is refused or put
// aside by name, and nothing else suffers. It measures memory, so it runs while
// the parallel tests wait.
func TestHostileInput(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		def, _ := lifecycle.FromTemplate("sterne_cutler")
		if _, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test"); err != nil {
			t.Fatal(err)
		}
		b.Lifecycle.Wait()
		_, key, err := b.Inbox.CreateSource(ctx, 1, inbox.NewSource{Name: "door", Kind: inbox.Server})
		if err != nil {
			t.Fatal(err)
		}
		door := httptest.NewServer(collect.New(collect.Deps{Inbox: b.Inbox, Clock: b.Clock, Log: b.Log}))
		defer door.Close()
		good := 0
		for _, h := range hostileRequests() {
			status, answer := knock(t, door.URL, key, h.body, h.header)
			if status != h.status || h.code != "" && !strings.Contains(answer, h.code) {
				t.Errorf("%s: %d %s, want %d with %q", h.name, status, answer, h.status, h.code)
			}
			good++
			if status, answer := knock(t, door.URL, key, []byte(`{"batch":[`+track(fmt.Sprint("good", good), "Good", "")+`]}`), nil); status != 200 {
				t.Fatalf("after %s: %d %s", h.name, status, answer)
			}
		}
		flood(t, door.URL, key)
		b.drain()
		if _, err := b.Timeline.Seal(ctx, 1); err != nil {
			t.Fatal(err)
		}
		events, err := b.Timeline.Customer(ctx, 1, 1, timeline.CustomerQuery{})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for i := range events {
			e := &events[i]
			seen[e.Name]++
			if e.Time > core.FromTime(b.clock.Now()) {
				t.Errorf("event %s lies in the future", e.ID)
			}
			if !json.Valid(e.Props) && len(e.Props) > 0 {
				t.Errorf("event %s has properties that are no JSON: %q", e.ID, e.Props)
			}
		}
		if seen["Good"] != good {
			t.Errorf("%d of %d good events arrived", seen["Good"], good)
		}
		for _, name := range []string{`'; DROP TABLE customers; --`, `<script>alert(1)</script>`, "Nul \uFFFD", "Order Completed", "Name 9999", "Wide 49"} {
			if seen[name] == 0 {
				t.Errorf("event %q is missing", name)
			}
		}
		if rep, err := b.Verify(ctx, 0); err != nil || len(rep.Problems) > 0 {
			t.Errorf("verify: %v %v", rep, err)
		}
	})
}

// flood sends 10,000 event names, and 5,000 property names over 50 events, and
// checks that memory stays bounded.
func flood(t *testing.T, url, key string) {
	t.Helper()
	before := heap()
	var list []string
	send := func() {
		if status, answer := knock(t, url, key, []byte(`{"batch":[`+strings.Join(list, ",")+`]}`), nil); status != 200 || !strings.Contains(answer, `"quarantined":0`) {
			t.Fatalf("flood: %d %s", status, answer)
		}
		list = list[:0]
	}
	for i := range 10_000 {
		if list = append(list, track(fmt.Sprint("n", i), fmt.Sprint("Name ", i), "")); len(list) == 1000 {
			send()
		}
	}
	for i := range 50 {
		list = append(list, track(fmt.Sprint("w", i), fmt.Sprint("Wide ", i), strings.ReplaceAll(wide(100), `"k`, fmt.Sprintf(`"key %d-`, i))))
	}
	send()
	if grown := heap() - before; grown > 128<<20 {
		t.Errorf("10,050 events left %d MB in memory", grown>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func knock(t *testing.T, url, key string, body []byte, header map[string]string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(key, "")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}
