package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/tidwall/gjson"
)

// TestEncryptedValuesAreShownToFew sends values that are encrypted at rest and
// reads them as every role: only owners and admins see them, and nothing that
// is stored holds them.
func TestEncryptedValuesAreShownToFew(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		set := inbox.Settings{Properties: []inbox.PropertyRule{{Path: "iban", Action: inbox.Encrypt}, {Path: "name", Action: inbox.Encrypt}}}
		var err error
		if b.source, err = b.Inbox.UpdateSource(ctx, 1, b.source.ID, inbox.SourceUpdate{Settings: &set}); err != nil {
			t.Fatal(err)
		}
		b.send(obj{"type": "identify", "userId": "u", "messageId": "1", "timestamp": b.at(-1), "traits": obj{"iban": "IT60X", "name": "Una Secret", "plan": "pro"}},
			obj{"type": "track", "event": "Paid", "userId": "u", "messageId": "2", "timestamp": b.at(-1), "properties": obj{"iban": "IT60X"}})
		api := b.handler()
		for role, sees := range map[access.Role]bool{access.Owner: true, access.Admin: true, access.Marketer: false, access.Analyst: false, access.Support: false} {
			c := b.caller(t, api, 1, role)
			for _, path := range []string{"/customers/1", "/customers/1/timeline", "/events/live"} {
				var answer json.RawMessage
				c.do("GET", path, nil, 200, &answer)
				text := string(answer)
				if got := strings.Contains(text, "IT60X"); got != sees {
					t.Errorf("%s as %s: shown %v\n%s", path, role, got, text)
				}
				if !sees && !strings.Contains(text, `"enc:v1:`) {
					t.Errorf("%s as %s holds no sealed value: %s", path, role, text)
				}
			}
			var list json.RawMessage
			c.do("GET", "/customers", nil, 200, &list)
			row := gjson.GetBytes(list, "customers.0")
			if row.Get("name").String() != "" || row.Get("traits.plan").String() != "pro" || strings.Contains(row.Raw, "Una") {
				t.Errorf("the list as %s: %s", role, row.Raw)
			}
		}
		all, err := b.Customers.Get(ctx, 1, 1)
		if err != nil || strings.Contains(all.Traits, "IT60X") || !json.Valid([]byte(all.Traits)) {
			t.Errorf("stored %+v, %v", all, err)
		}
	})
}
