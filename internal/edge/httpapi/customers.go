package httpapi

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

type stageRef struct {
	Model     int64  `json:"model"`
	ModelName string `json:"model_name"`
	Key       string `json:"key"`
	Label     string `json:"label"`
	Since     *jtime `json:"since"`
}

// CustomerRow is a customer in a list.
type CustomerRow struct {
	ID         int64           `json:"id"`
	Name       string          `json:"name"`
	Email      string          `json:"email"`
	UserID     string          `json:"user_id"`
	Identified bool            `json:"identified"`
	FirstSeen  *jtime          `json:"first_seen"`
	LastSeen   *jtime          `json:"last_seen"`
	LastOrder  *jtime          `json:"last_order"`
	Events     int64           `json:"events"`
	Orders     int64           `json:"orders"`
	Revenue    Money           `json:"revenue" doc:"Net of refunds"`
	Stage      *stageRef       `json:"stage"`
	Traits     json.RawMessage `json:"traits"`
}

type listIn struct {
	Q       string    `query:"q" doc:"Name, e-mail, any identifier, or customer number" maxLength:"500"`
	Model   int64     `query:"model" doc:"Stage model, default the default one"`
	Stage   string    `query:"stage" doc:"Stage key, or none"`
	Segment int64     `query:"segment" doc:"Number of a segment: its members now"`
	From    time.Time `query:"from" doc:"Last seen at or after"`
	To      time.Time `query:"to" doc:"Last seen before"`
	Has     []string  `query:"has" doc:"orders, email, user_id"`
	Trait   []string  `query:"trait,explode" doc:"name:operator:value, such as plan:is:pro" maxItems:"20"`
	Sort    string    `query:"sort" default:"-last_seen" doc:"last_seen, first_seen, last_order, name, email, events, orders, revenue or id; - first for descending"`
	Limit   int       `query:"limit" default:"50" minimum:"1" maximum:"1000"`
	Cursor  string    `query:"cursor"`
}

type listOut struct {
	Customers  []CustomerRow `json:"customers"`
	NextCursor string        `json:"next_cursor,omitempty"`
	Total      *int64        `json:"total" doc:"Null when trait conditions make it too costly to know"`
}

func (in *listIn) filter(a *API, p *access.Principal) (customer.Filter, lifecycle.Model, error) {
	f := customer.Filter{Query: in.Q, SeenFrom: micros(in.From), SeenTo: micros(in.To), Has: in.Has, Stage: in.Stage, Sort: in.Sort, Limit: in.Limit}
	m, err := a.Lifecycle.Model(p.Workspace, in.Model)
	if err != nil && (in.Model != 0 || in.Stage != "") {
		return f, m, err
	}
	f.Machine = m.Machine
	if in.Segment != 0 {
		g, err := a.Segments.Get(p.Workspace, in.Segment)
		if err != nil {
			return f, m, err
		}
		f.Segment = g.Machine
	}
	for _, t := range in.Trait {
		parts := strings.SplitN(t, ":", 3)
		if len(parts) < 2 {
			return f, m, errs.Field("trait", "bad_condition", "a trait condition has the form name:operator:value")
		}
		match := expr.Match{Name: parts[0], Op: expr.Op(parts[1])}
		if len(parts) == 3 {
			match.Value = json.RawMessage(parts[2])
			if !json.Valid(match.Value) {
				match.Value, _ = json.Marshal(parts[2]) //nolint:errcheck // text encodes
			}
		}
		f.Traits = append(f.Traits, match)
	}
	f.After, err = in.after()
	return f, m, err
}

// after reads the cursor. Its value must be of the kind that the list is sorted
// by: the store would trip over another.
func (in *listIn) after() (*customer.Cursor, error) {
	if in.Cursor == "" {
		return nil, nil
	}
	c := &customer.Cursor{}
	if err := readCursor(in.Cursor, c); err != nil {
		return nil, err
	}
	number, isNumber := c.Value.(float64)
	_, isText := c.Value.(string)
	switch strings.TrimPrefix(in.Sort, "-") {
	case "name", "email":
		if !isText {
			return nil, errCursor()
		}
	default:
		if !isNumber || math.Abs(number) > 1<<62 || number != math.Trunc(number) {
			return nil, errCursor()
		}
	}
	return c, nil
}

func (a *API) row(c *customer.Customer, currency string) CustomerRow {
	return CustomerRow{int64(c.ID), c.Name, c.Email, c.UserID, c.Identified, when(c.FirstSeen), when(c.LastSeen), when(c.LastOrder), c.Events, c.Orders,
		Money{c.Revenue, currency}, nil, json.RawMessage(c.Traits)}
}

func (a *API) customers() {
	const tag = "customers"
	handle(a, route{method: "GET", path: "/customers", summary: "List and search customers", perm: access.ReadCustomers, tag: tag}, a.listCustomers)
	a.raw("GET /customers.csv", access.Export, a.exportCSV, file{summary: "All customers of a filter", tag: tag, content: "text/csv", query: exportParams()})
	handle(a, route{method: "GET", path: "/customers/{id}", summary: "Read a customer", perm: access.ReadCustomers, tag: tag}, a.getCustomer)
	handle(a, route{method: "GET", path: "/customers/{id}/timeline", summary: "A customer's timeline, newest first", perm: access.ReadCustomers, tag: tag}, a.timeline)
	handle(a, route{method: "GET", path: "/customers/{id}/stage", summary: "Which stage a customer is in, since when and why", perm: access.ReadCustomers, tag: tag}, a.stage)
	a.notes()
	a.consent()
}

func (a *API) listCustomers(ctx context.Context, p *access.Principal, in *listIn) (*Body[listOut], error) {
	f, m, err := in.filter(a, p)
	if err != nil {
		return nil, err
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	page, err := a.Customers.List(ctx, p.Workspace, f)
	if err != nil {
		return nil, err
	}
	out := listOut{Customers: make([]CustomerRow, len(page.Customers))}
	ids := make([]core.CustomerID, len(page.Customers))
	for i := range page.Customers {
		out.Customers[i] = a.row(&page.Customers[i], w.Currency)
		ids[i] = page.Customers[i].ID
	}
	if m.Machine != 0 {
		now, err := a.Lifecycle.Now(ctx, p.Workspace, m, ids)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			if st, ok := now[id]; ok {
				out.Customers[i].Stage = refOf(m, st.Stage, st.Since)
			}
		}
	}
	if page.Next != nil {
		out.NextCursor = cursor(page.Next)
	}
	if page.Total >= 0 {
		out.Total = &page.Total
	}
	return body(out)
}

func refOf(m lifecycle.Model, stage string, since core.Micros) *stageRef {
	for _, s := range m.Stages {
		if s.Key == stage {
			return &stageRef{m.ID, m.Name, s.Key, s.Label, when(since)}
		}
	}
	return nil
}

func stamp(m core.Micros) string {
	if m == 0 {
		return ""
	}
	return toTime(m).Format(time.RFC3339)
}

// CustomerPath is the path of one customer. Types that requests embed are
// exported: parameters of others are not seen.
type CustomerPath struct {
	ID int64 `path:"id" minimum:"1" doc:"Customer number; an absorbed one answers as its survivor"`
}

type traitShape struct {
	Name    string          `json:"name"`
	Value   json.RawMessage `json:"value"`
	At      *jtime          `json:"at"`
	EventID string          `json:"event_id"`
}

type identifierShape struct {
	Number    int64  `json:"number"`
	Type      string `json:"type"`
	Value     string `json:"value"`
	FirstSeen *jtime `json:"first_seen"`
	ValidFrom *jtime `json:"valid_from" doc:"Null: always"`
}

type customerOut struct {
	CustomerRow
	Requested   int64             `json:"requested_id" doc:"The number asked for; differs from id when that one was merged"`
	Full        bool              `json:"full" doc:"Reached the bound of identifiers or merges: nothing attaches any more"`
	Traits      []traitShape      `json:"traits"`
	Identifiers []identifierShape `json:"identifiers"`
	Stages      []stageRef        `json:"stages"`
}

func identifiersOut(list []customer.Known) []identifierShape {
	out := make([]identifierShape, len(list))
	for i, k := range list {
		out[i] = identifierShape{int64(k.Actor), k.Type, k.Value, when(k.FirstSeen), when(k.ValidFrom)}
	}
	return out
}

func (a *API) getCustomer(ctx context.Context, p *access.Principal, in *CustomerPath) (*Body[customerOut], error) {
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
	if err != nil {
		return nil, err
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	row := a.row(c, w.Currency)
	row.Traits = a.reveal(p, row.Traits)
	out := customerOut{CustomerRow: row, Requested: in.ID, Full: c.Flags&customer.FlagFull != 0, Traits: []traitShape{}, Stages: []stageRef{}}
	state, err := a.Pipeline.State(ctx, p.Workspace, c.ID, customer.SummaryMachine)
	if err != nil {
		return nil, err
	}
	if state != nil {
		traits, err := customer.Traits(state)
		if err != nil {
			return nil, err
		}
		for _, t := range traits {
			out.Traits = append(out.Traits, traitShape{t.Name, a.reveal(p, json.RawMessage(t.Value)), when(t.At), t.EventID})
		}
	}
	ids, err := a.Customers.Identifiers(ctx, p.Workspace, c.ID)
	if err != nil {
		return nil, err
	}
	out.Identifiers = identifiersOut(ids)
	for _, m := range a.Lifecycle.Models(p.Workspace) {
		now, err := a.Lifecycle.Now(ctx, p.Workspace, m, []core.CustomerID{c.ID})
		if err != nil {
			return nil, err
		}
		if st, ok := now[c.ID]; ok {
			if ref := refOf(m, st.Stage, st.Since); ref != nil {
				out.Stages = append(out.Stages, *ref)
			}
		}
	}
	return body(out)
}

type timelineIn struct {
	CustomerPath
	Before time.Time `query:"before"`
	After  time.Time `query:"after"`
	Kinds  []string  `query:"kinds" doc:"track, identify, page, screen, group, alias"`
	Event  string    `query:"event"`
	Limit  int       `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	Cursor string    `query:"cursor"`
}

// EventShape is one event in an answer. Like all that other answers embed it is
// exported: members of others are not described.
type EventShape struct {
	ID         string            `json:"id"`
	Seq        int64             `json:"seq"`
	Time       time.Time         `json:"time"`
	Received   time.Time         `json:"received"`
	Kind       string            `json:"kind"`
	Name       string            `json:"name"`
	Source     int64             `json:"source"`
	Flags      []string          `json:"flags"`
	Context    map[string]string `json:"context"`
	Properties json.RawMessage   `json:"properties"`
	Stage      *stageMove        `json:"stage,omitempty" doc:"The stage that this event brought"`
	Segments   []segmentMove     `json:"segments,omitempty" doc:"Entries into and exits from segments that this event brought"`
}

type eventShape = EventShape

type stageMove struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Model int64  `json:"model"`
}

type timelineOut struct {
	Events     []eventShape `json:"events"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

func (a *API) timeline(ctx context.Context, p *access.Principal, in *timelineIn) (*Body[timelineOut], error) {
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
	if err != nil {
		return nil, err
	}
	q := timeline.CustomerQuery{After: micros(in.After), Before: micros(in.Before), Desc: true, Limit: in.Limit + 1}
	for _, k := range in.Kinds {
		kind, ok := core.ParseKind(k)
		if !ok {
			return nil, errs.Field("kinds", "unknown_kind", "a kind is one of track, identify, page, screen, group, alias")
		}
		q.Kinds = append(q.Kinds, kind)
	}
	if in.Event != "" {
		q.Names = []string{in.Event}
	}
	if in.Cursor != "" {
		q.AfterPos = &timeline.Pos{}
		if err := readCursor(in.Cursor, q.AfterPos); err != nil {
			return nil, err
		}
	}
	events, err := a.Timeline.Customer(ctx, p.Workspace, c.ID, q)
	if err != nil {
		return nil, err
	}
	out := timelineOut{Events: []eventShape{}}
	if len(events) > in.Limit {
		events = events[:in.Limit]
		last := &events[in.Limit-1]
		out.NextCursor = cursor(timeline.Pos{Time: last.Time, Seq: last.Seq})
	}
	moved := map[string]*stageMove{}
	if m, err := a.Lifecycle.Model(p.Workspace, 0); err == nil {
		history, err := a.Lifecycle.History(ctx, p.Workspace, m, c.ID)
		if err != nil {
			return nil, err
		}
		for _, h := range history {
			if h.EventID != "" {
				moved[h.EventID] = &stageMove{h.From, h.Stage, m.ID}
			}
		}
	}
	segments, err := a.segmentMoves(ctx, p, c.ID)
	if err != nil {
		return nil, err
	}
	for i := range events {
		e := a.shape(p, &events[i])
		e.Stage, e.Segments = moved[e.ID], segments[e.ID]
		out.Events = append(out.Events, e)
	}
	return body(out)
}

func eventOut(e *core.Event) eventShape {
	o := eventShape{ID: e.ID, Seq: e.Seq, Time: toTime(e.Time), Received: toTime(e.Received), Kind: e.Kind.String(), Name: e.Name, Source: int64(e.Source),
		Flags: flagNames(e.Flags), Context: map[string]string{}, Properties: json.RawMessage(e.Props)}
	if len(e.Props) == 0 {
		o.Properties = json.RawMessage("{}")
	}
	c := &e.Context
	for k, v := range map[string]string{"page_url": c.PageURL, "page_path": c.PagePath, "page_title": c.PageTitle, "referrer": c.Referrer,
		"utm_source": c.UTMSource, "utm_medium": c.UTMMedium, "utm_campaign": c.UTMCampaign, "utm_term": c.UTMTerm, "utm_content": c.UTMContent,
		"ip": c.IP, "user_agent": c.UserAgent, "device": c.Device, "os": c.OS, "browser": c.Browser, "locale": c.Locale, "timezone": c.Timezone,
		"country": c.Country, "app": c.App, "library": c.Library, "group": c.Group} {
		if v != "" {
			o.Context[k] = v
		}
	}
	return o
}

func flagNames(f core.Flags) []string {
	out := []string{}
	for i, name := range [...]string{"time_invalid", "time_clamped", "late", "no_message_id", "id_conflict", "bot", "test", "bad_money", "no_currency", "unplanned", "imported", "historic"} {
		if f&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}
