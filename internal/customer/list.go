package customer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Customer is one row of the list.
type Customer struct {
	ID           core.CustomerID
	AbsorbedInto core.CustomerID
	Identified   bool
	Flags        int64
	Name         string
	Email        string
	UserID       string
	FirstSeen    core.Micros
	LastSeen     core.Micros
	Events       int64
	Orders       int64
	Revenue      int64
	LastOrder    core.Micros
	Traits       string // JSON object
}

func (c *Customer) scan(row db.Row) error {
	return row.Scan(&c.ID, &c.AbsorbedInto, &c.Identified, &c.Flags, &c.Name, &c.Email, &c.UserID, &c.FirstSeen, &c.LastSeen, &c.Events,
		&c.Orders, &c.Revenue, &c.LastOrder, &c.Traits)
}

// Get gives a customer. An absorbed number gives the row of its survivor.
func (s *Service) Get(ctx context.Context, ws core.WorkspaceID, id core.CustomerID) (*Customer, error) {
	var c Customer
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		for range 100 {
			found := false
			err := tx.Query(ctx, queries.Get("customer"), func(row db.Row) error {
				found = true
				return c.scan(row)
			}, ws, id)
			if err != nil {
				return err
			}
			if !found {
				return db.ErrNoRows
			}
			if c.AbsorbedInto == 0 {
				return nil
			}
			id = c.AbsorbedInto
		}
		return errors.New("survivors run in a circle")
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && c.Flags&FlagErased != 0 {
		return nil, errs.New(errs.NotFound, "unknown_customer", "there is no customer %d", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read customer: %w", err)
	}
	return &c, nil
}

// Filter chooses and orders customers. Zero fields do not restrict.
type Filter struct {
	Query    string       // name, e-mail or any identifier; a number is also a customer number
	SeenFrom core.Micros  // last seen at or after
	SeenTo   core.Micros  // last seen before
	Has      []string     // orders, email, user_id
	Traits   []expr.Match // checked in memory after the other conditions
	Machine  int64        // with Stage: current stage in this machine
	Stage    string
	Segment  int64  // machine of a segment: its members now
	Sort     string // last_seen, first_seen, name, events, orders, revenue, id; "-" first for descending
	Limit    int
	After    *Cursor
}

// Cursor continues a list behind a row: its sort value and number.
type Cursor struct {
	Value any             `json:"v"`
	ID    core.CustomerID `json:"id"`
}

// Page is a part of a list.
type Page struct {
	Customers []Customer
	Next      *Cursor
	Total     int64 // of all pages; -1 when trait conditions make it unknown
}

var sortColumns = map[string]string{"last_seen": "c.last_seen", "first_seen": "c.first_seen", "name": "c.name", "events": "c.events",
	"orders": "c.orders", "revenue": "c.revenue", "id": "c.id", "last_order": "c.last_order", "email": "c.email"}

type clause struct {
	where strings.Builder
	args  []any
}

// and adds a condition; each ? becomes the next placeholder.
func (c *clause) and(cond string, args ...any) {
	c.where.WriteString(" AND ")
	for _, a := range args {
		c.args = append(c.args, a)
		cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(c.args)), 1)
	}
	c.where.WriteString(cond)
}

func (f *Filter) clause(ws core.WorkspaceID) (*clause, error) {
	c := &clause{args: []any{ws}}
	c.where.WriteString("c.workspace_id = $1")
	c.and("c.absorbed_into = 0")
	c.and("c.events > 0")
	if q := strings.TrimSpace(f.Query); q != "" {
		lower := strings.ToLower(q)
		cond := `(c.search LIKE ? ESCAPE '\' OR c.id IN (SELECT h.customer FROM actors a JOIN actor_homes h ON h.workspace_id = a.workspace_id AND h.actor = a.id WHERE a.workspace_id = ? AND (a.value = ? OR a.value = ?))`
		args := []any{"%" + likeEscape(lower) + "%", ws, q, lower}
		if n, ok := number(q); ok {
			cond += " OR c.id = ?"
			args = append(args, n)
		}
		c.and(cond+")", args...)
	}
	if f.SeenFrom != 0 {
		c.and("c.last_seen >= ?", f.SeenFrom)
	}
	if f.SeenTo != 0 {
		c.and("c.last_seen < ?", f.SeenTo)
	}
	for _, h := range f.Has {
		switch h {
		case "orders":
			c.and("c.orders > 0")
		case "email":
			c.and("c.email <> ''")
		case "user_id":
			c.and("c.user_id <> ''")
		default:
			return nil, errs.Field("has", "unknown_filter", "has is one of orders, email, user_id, not %q", h)
		}
	}
	switch {
	case f.Stage == "none" && f.Machine != 0:
		c.and("NOT EXISTS (SELECT 1 FROM stage_now s WHERE s.workspace_id = c.workspace_id AND s.machine = ? AND s.customer = c.id)", f.Machine)
	case f.Stage != "":
		c.and("c.id IN (SELECT s.customer FROM stage_now s WHERE s.workspace_id = ? AND s.machine = ? AND s.stage = ?)", ws, f.Machine, f.Stage)
	}
	if f.Segment != 0 {
		c.and("c.id IN (SELECT g.customer FROM segment_now g WHERE g.workspace_id = ? AND g.machine = ?)", ws, f.Segment)
	}
	return c, nil
}

func number(s string) (int64, bool) {
	var n int64
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// List gives a page of customers.
func (s *Service) List(ctx context.Context, ws core.WorkspaceID, f Filter) (*Page, error) {
	col, desc := strings.CutPrefix(f.Sort, "-")
	if f.Sort == "" {
		col, desc = "last_seen", true
	}
	column, ok := sortColumns[col]
	if !ok {
		return nil, errs.Field("sort", "unknown_sort", "cannot sort by %q", col)
	}
	if f.Limit <= 0 || f.Limit > 1000 {
		f.Limit = 50
	}
	tests := make([]*expr.Matcher, len(f.Traits))
	for i, t := range f.Traits {
		var err error
		if tests[i], err = expr.Compile(t); err != nil {
			return nil, errs.Field("trait", "bad_condition", "trait %s: %v", t.Name, err)
		}
	}
	page := &Page{Total: -1}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		if len(tests) == 0 {
			c, err := f.clause(ws)
			if err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM customers c WHERE "+c.where.String(), c.args, &page.Total); err != nil {
				return err
			}
		}
		return s.pages(ctx, tx, ws, &f, column, desc, tests, page)
	})
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	return page, nil
}

// pages reads until the page is full: trait conditions may leave rows out.
func (s *Service) pages(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, f *Filter, column string, desc bool, tests []*expr.Matcher, page *Page) error {
	now := core.FromTime(s.clock.Now())
	after := f.After
	for range 200 {
		c, err := f.clause(ws)
		if err != nil {
			return err
		}
		cmp, dir := ">", "ASC"
		if desc {
			cmp, dir = "<", "DESC"
		}
		if after != nil {
			c.and("("+column+", c.id) "+cmp+" (?, ?)", cursorValue(column, after.Value), after.ID)
		}
		step := f.Limit
		if len(tests) > 0 {
			step = 1000
		}
		q := `SELECT c.id, c.absorbed_into, c.identified, c.flags, c.name, c.email, c.user_id, c.first_seen, c.last_seen, c.events, c.orders, c.revenue, c.last_order, c.traits
FROM customers c WHERE ` + c.where.String() + fmt.Sprintf(" ORDER BY %s %s, c.id %s LIMIT %d", column, dir, dir, step+1)
		read := 0
		full := false
		err = tx.Query(ctx, q, func(row db.Row) error {
			var cu Customer
			if err := cu.scan(row); err != nil {
				return err
			}
			read++
			if full || read > step {
				return nil
			}
			if len(page.Customers) == f.Limit {
				full = true
				return nil
			}
			after = &Cursor{cu.sortValue(column), cu.ID}
			if matches(&cu, tests, now) {
				page.Customers = append(page.Customers, cu)
			}
			return nil
		}, c.args...)
		if err != nil {
			return err
		}
		if full || len(page.Customers) == f.Limit && read > step {
			page.Next = after
			return nil
		}
		if read <= step {
			return nil
		}
	}
	page.Next = after
	return nil
}

func cursorValue(column string, v any) any {
	if f, ok := v.(float64); ok && column != "c.name" && column != "c.email" {
		return int64(f)
	}
	return v
}

func (c *Customer) sortValue(column string) any {
	switch column {
	case "c.first_seen":
		return c.FirstSeen
	case "c.name":
		return c.Name
	case "c.email":
		return c.Email
	case "c.events":
		return c.Events
	case "c.orders":
		return c.Orders
	case "c.revenue":
		return c.Revenue
	case "c.last_order":
		return c.LastOrder
	case "c.id":
		return int64(c.ID)
	}
	return c.LastSeen
}

func matches(c *Customer, tests []*expr.Matcher, now core.Micros) bool {
	for _, m := range tests {
		v, set := core.Lookup([]byte(c.Traits), m.Name)
		if !m.Test(v, set, now) {
			return false
		}
	}
	return true
}

// SampleTraits calls add with the traits, in JSON, of up to n customers seen
// lately.
func (s *Service) SampleTraits(ctx context.Context, ws core.WorkspaceID, n int, add func(obj []byte)) error {
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("recent_traits"), func(row db.Row) error {
			var text string
			if err := row.Scan(&text); err != nil {
				return err
			}
			add([]byte(text))
			return nil
		}, ws, n)
	})
	if err != nil {
		return fmt.Errorf("sample traits: %w", err)
	}
	return nil
}
