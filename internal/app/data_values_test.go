package app_test

import (
	"testing"
	"time"
)

// TestDataValues: values are counted as conditions compare them: typed, and the
// elements of a list each once.
func TestDataValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	x := w.a
	at := time.Now().UTC().AddDate(0, 0, -1).Format(time.RFC3339)
	var events []obj
	for i, props := range []obj{{"size": "L", "tags": []any{"a", "b", "a"}}, {"size": "L", "tags": []any{"b"}}, {"size": 7, "deep": obj{"er": true}}, {"size": nil}, {"size": "xl"}} {
		events = append(events, obj{"type": "track", "event": "Shirt Chosen", "userId": x.name("buyer"), "timestamp": at, "properties": props})
		events = append(events, obj{"type": "identify", "userId": x.name("reader"), "timestamp": at, "traits": obj{"shelf": []string{"low", "high"}[i%2]}})
	}
	x.ingest(events...)
	x.settle()
	for _, c := range []struct{ query, values, counts string }{
		{"event=Shirt+Chosen&name=size", `["L","xl",7]`, "[2,1,1]"},
		{"event=Shirt+Chosen&name=size&q=l", `["L","xl"]`, "[2,1]"},
		{"event=Shirt+Chosen&name=tags", `["b","a"]`, "[2,1]"},
		{"event=Shirt+Chosen&name=deep.er", `[true]`, "[1]"},
		{"event=Nothing&name=size", `[]`, "[]"},
		{"of=trait&name=shelf", `["low","high"]`, "[3,2]"},
	} {
		got := x.want("GET", "/data/values?"+c.query, nil)
		if got.Get("values.#.value").Raw != c.values || got.Get("values.#.count").Raw != c.counts {
			t.Errorf("%s: %s, want %s with %s", c.query, got, c.values, c.counts)
		}
	}
	if got := x.want("GET", "/data/values?event=Shirt+Chosen&name=size", nil); got.Get("sampled").Int() != 5 || got.Get("having").Int() != 4 {
		t.Errorf("sampled: %s", got)
	}
}
