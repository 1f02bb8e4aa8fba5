package inbox_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestEncryptedProperties(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		b := setup(t, d, inbox.Settings{Properties: []inbox.PropertyRule{{Path: "iban", Action: inbox.Encrypt}, {Path: "address.street", Action: inbox.Encrypt},
			{Path: "items.note", Action: inbox.Encrypt}, {Path: "none", Action: inbox.Encrypt}}})
		const props = `{"iban":"IT60X05428","address":{"street":{"n":[1,"a"]},"city":"Roma"},"items":[{"note":7,"sku":1},{"note":true}],"none":null,"x":1}`
		b.send(`{"type":"identify","userId":"u","messageId":"1","traits":`+props+`}`, `{"type":"track","event":"e","userId":"u","messageId":"2","properties":`+props+`,"context":{"traits":{"iban":"IT60X05428"}}}`)
		got := b.drain()
		for _, m := range got {
			text := string(m.Props)
			if strings.Contains(text, "IT60") || strings.Contains(text, `"a"`) || strings.Contains(text, `"note":7`) || strings.Contains(text, `"note":true`) ||
				!strings.Contains(text, `"iban":"enc:v1:`) || !strings.Contains(text, `"city":"Roma"`) || !strings.Contains(text, `"none":null`) {
				t.Errorf("stored %s", text)
			}
			if back := string(b.s.Reveal(space, m.Props)); back != props {
				t.Errorf("revealed %s, want %s", back, props)
			}
			if other := string(b.s.Reveal(space+1, m.Props)); other != text {
				t.Errorf("another workspace opens it: %s", other)
			}
		}
		if string(got[0].Props) == string(got[1].Props) {
			t.Error("equal values of two events look the same")
		}
		if string(b.s.Reveal(space, got[1].ContextTraits)) != `{"iban":"IT60X05428"}` {
			t.Errorf("context traits %s", got[1].ContextTraits)
		}
		// A new process with the same secret opens it, one with another does not.
		b.restart()
		if back := string(b.s.Reveal(space, got[0].Props)); back != props {
			t.Errorf("after a restart %s", back)
		}
		other, err := inbox.New(inbox.Deps{DB: d, Clock: b.clock, Secret: []byte("another secret 16")})
		if err != nil {
			t.Fatal(err)
		}
		if back := string(other.Reveal(space, got[0].Props)); back != string(got[0].Props) {
			t.Errorf("another installation opens it: %s", back)
		}
		if list, err := b.s.ListQuarantine(ctx, space, inbox.HeldFilter{}, 1); err != nil || len(list) > 0 {
			t.Errorf("held %+v, %v", list, err)
		}
	})
}

func TestRevealLeavesTheRest(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{Properties: []inbox.PropertyRule{{Path: "a", Action: inbox.Encrypt}}})
	b.send(`{"type":"track","event":"e","userId":"u","messageId":"1","properties":{"a":"secret"}}`)
	m := b.drain()[0]
	var stored struct{ A string }
	if err := json.Unmarshal(m.Props, &stored); err != nil {
		t.Fatal(err)
	}
	if raw, ok := b.s.RevealText(space, stored.A); !ok || string(raw) != `"secret"` {
		t.Errorf("one text: %s, %v", raw, ok)
	}
	last := stored.A[len(stored.A)-1:]
	flip := map[bool]string{true: "B", false: "A"}[last == "A"]
	for _, text := range []string{`{"x":"enc:v1:"}`, `{"x":"enc:v1:???"}`, `{"x":"enc:v1:AAAA"}`, `{"x":"` + stored.A[:len(stored.A)-2] + flip + flip + `"}`, `{"x":1`, `"enc:v1:`, ``, `[1,{"y":"z"}]`} {
		if got := string(b.s.Reveal(space, []byte(text))); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	if got := string(b.s.Reveal(space, []byte(`[ {"k" : "`+stored.A+`"}, 2]`))); got != `[{"k":"secret"},2]` {
		t.Errorf("inside a list: %s", got)
	}
	// A client that writes the mark itself gains nothing: its text is encrypted.
	b.send(`{"type":"track","event":"e","userId":"u","messageId":"2","properties":{"a":"enc:v1:forged"}}`)
	m = b.drain()[0]
	if string(b.s.Reveal(space, m.Props)) != `{"a":"enc:v1:forged"}` || strings.Contains(string(m.Props), "forged") {
		t.Errorf("forged: %s", m.Props)
	}
}

// TestRulesOnceOverQuarantine checks that what was hashed or encrypted on its
// way to quarantine comes out of a replay as it would have without the stay,
// and that a rule added meanwhile is applied.
func TestRulesOnceOverQuarantine(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		set := inbox.Settings{Properties: []inbox.PropertyRule{{Path: "email", Action: inbox.Hash}, {Path: "iban", Action: inbox.Encrypt}, {Path: "card", Action: inbox.DropP}}}
		b := setup(t, d, set)
		const body = `"userId":"u","properties":{"email":"a@b.c","iban":"IT60","card":"4111","phone":"0600"},"context":{"traits":{"email":"a@b.c"}}}`
		b.send(`{"type":"track","event":"e","messageId":"same",` + body)
		want := b.drain()[0]
		b.send(`{"type":"track","event":"f","messageId":"m",` + body)
		w := b.take()
		w.Reject(0, inbox.CodeNoIdentity, "blocked")
		if err := b.commit(w); err != nil {
			t.Fatal(err)
		}
		for range 3 { // held again and again
			held, err := b.s.ListQuarantine(ctx, space, inbox.HeldFilter{}, 10)
			if err != nil || len(held) != 1 || strings.Contains(held[0].Raw, "a@b.c") || strings.Contains(held[0].Raw, "IT60") || strings.Contains(held[0].Raw, "4111") {
				t.Fatalf("held %+v, %v", held, err)
			}
			if n, err := b.s.Replay(ctx, space, inbox.HeldFilter{}); err != nil || n != 1 {
				t.Fatal(n, err)
			}
			w := b.take()
			m := w.Messages[0]
			if string(m.ContextTraits) != string(want.ContextTraits) {
				t.Errorf("hash %s, want %s", m.ContextTraits, want.ContextTraits)
			}
			if got := string(b.s.Reveal(space, m.Props)); got != string(b.s.Reveal(space, want.Props)) {
				t.Errorf("properties %s", got)
			}
			w.Reject(0, inbox.CodeNoIdentity, "blocked")
			if err := b.commit(w); err != nil {
				t.Fatal(err)
			}
		}
		set.Properties = append(set.Properties, inbox.PropertyRule{Path: "phone", Action: inbox.Hash})
		if _, err := b.s.UpdateSource(ctx, space, b.source.ID, inbox.SourceUpdate{Settings: &set}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.s.Replay(ctx, space, inbox.HeldFilter{}); err != nil {
			t.Fatal(err)
		}
		m := b.drain()[0]
		if strings.Contains(string(m.Props), "0600") || string(m.ContextTraits) != string(want.ContextTraits) {
			t.Errorf("with a new rule: %s, traits %s", m.Props, m.ContextTraits)
		}
		// A copy that the client sends later is still known for one.
		b.source, _ = b.s.GetSource(ctx, space, b.source.ID)
		b.send(`{"type":"track","event":"e","messageId":"same",` + body)
		b.send(`{"type":"track","event":"f","messageId":"m",` + body)
		if got := b.drain(); len(got) != 0 {
			t.Errorf("copies went on: %+v", got)
		}
	})
}

// TestPostHogKeepsNoSecrets checks the places where PostHog's clients put
// traits and addresses.
func TestPostHogKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t), inbox.Settings{Properties: []inbox.PropertyRule{{Path: "email", Action: inbox.Hash}}})
	remove := inbox.IPRemove
	var err error
	if b.source, err = b.s.UpdateSource(context.Background(), space, b.source.ID, inbox.SourceUpdate{IPPolicy: &remove}); err != nil {
		t.Fatal(err)
	}
	door := b.door()
	door.Body = []byte(`{"api_key":"k","batch":[
{"event":"x","uuid":"1","distinct_id":"d","properties":{"$ip":"203.0.113.9","$set":{"email":"a@b.c"},"$set_once":{"email":"a@b.c"},"email":"a@b.c"}},
{"event":"$identify","uuid":"2","distinct_id":"d","properties":{"$set":{"email":"a@b.c"}}},
{"event":"$identify","uuid":"3","properties":{"$ip":"203.0.113.9","$set":{"email":"a@b.c"}},"$set":{"email":"a@b.c"}}]}`)
	if _, err := b.s.Accept(context.Background(), door); err != nil {
		t.Fatal(err)
	}
	got := b.drain()
	if len(got) != 2 {
		t.Fatalf("%d went on", len(got))
	}
	held, err := b.s.ListQuarantine(context.Background(), space, inbox.HeldFilter{}, 10)
	if err != nil || len(held) != 1 {
		t.Fatalf("held %+v, %v", held, err)
	}
	for _, text := range []string{string(got[0].Props), string(got[0].ContextTraits), string(got[1].Props), held[0].Raw} {
		if strings.Contains(text, "a@b.c") || strings.Contains(text, "203.0.113") {
			t.Errorf("kept: %s", text)
		}
	}
	if got[0].Context.IP != "" {
		t.Errorf("address %q", got[0].Context.IP)
	}
}
