package customer

import (
	"context"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/tidwall/gjson"
)

// row holds the texts of the list that come from a customer's traits.
type row struct{ name, email, search, traits string }

// Write brings the customers' rows in line with their summaries. changed holds
// one entry a customer, the last one told in the batch.
func (s *Service) Write(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, changed []SummaryChanged) error {
	var totals, full [][]any
	for _, ch := range changed {
		m := ch.Summary
		if !*ch.Traits {
			totals = append(totals, []any{ws, ch.Customer, m.FirstSeen, m.LastSeen, m.Events, m.Orders, m.Revenue, m.LastOrder})
			continue
		}
		r := describe(m)
		full = append(full, []any{ws, ch.Customer, m.FirstSeen, m.LastSeen, m.Events, m.Orders, m.Revenue, m.LastOrder,
			r.name, r.email, r.search, r.traits})
	}
	cols := []string{"workspace_id", "id", "first_seen", "last_seen", "events", "orders", "revenue", "last_order"}
	const set = `ON CONFLICT (workspace_id, id) DO UPDATE SET first_seen = excluded.first_seen, last_seen = excluded.last_seen, events = excluded.events,
 orders = excluded.orders, revenue = excluded.revenue, last_order = excluded.last_order`
	if err := tx.Bulk(ctx, db.Insert{Table: "customers", Columns: cols, Rows: totals, Conflict: set}); err != nil {
		return fmt.Errorf("write customers: %w", err)
	}
	err := tx.Bulk(ctx, db.Insert{Table: "customers", Columns: append(cols, "name", "email", "search", "traits"), Rows: full,
		Conflict: set + `, name = excluded.name, email = excluded.email, search = excluded.search, traits = excluded.traits`})
	if err != nil {
		return fmt.Errorf("write customers: %w", err)
	}
	there := make(map[core.CustomerID]bool, len(changed))
	for _, ch := range changed {
		there[ch.Customer] = ch.Summary.Events > 0
	}
	t := crowdTx{tx: tx, ws: ws}
	return t.mark(ctx, there)
}

func describe(m *Summary) row {
	var r row
	get := func(name string) string {
		for i := range m.Traits {
			if m.Traits[i].Name == name {
				if v := strings.TrimSpace(gjson.Parse(m.Traits[i].Value).String()); !strings.HasPrefix(v, core.SealedPrefix) {
					return v
				}
			}
		}
		return ""
	}
	first := func(names ...string) string {
		for _, n := range names {
			if v := get(n); v != "" {
				return v
			}
		}
		return ""
	}
	r.name = first("name", "full_name", "fullName")
	if r.name == "" {
		r.name = strings.TrimSpace(first("first_name", "firstName", "firstname") + " " + first("last_name", "lastName", "lastname"))
	}
	if r.name == "" {
		r.name = first("company", "username")
	}
	r.name = clip(r.name, 200)
	if email, ok := Normalize(core.TypeEmail, get("email")); ok {
		r.email = clip(email, 320)
	}
	r.search = strings.ToLower(r.name + " " + r.email)
	var b strings.Builder
	b.WriteByte('{')
	for i, t := range m.Traits {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(gjson.AppendJSONString(nil, t.Name))
		b.WriteByte(':')
		b.WriteString(t.Value)
	}
	b.WriteByte('}')
	r.traits = b.String()
	return r
}

// clip cuts s to at most n bytes at a character border.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
