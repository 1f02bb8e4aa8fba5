package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
)

// cellRef is the place of a number in the answer to a question.
type cellRef struct{ json.RawMessage }

// Schema describes the outer form.
func (cellRef) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true,
		Description: "The place of a number in the chart. trend: `series` (A, B …), `bucket` from 0 (absent: the total), `before` for the compared period. " +
			"funnel: `step` from 1 and `outcome` (reached, dropped, pending, excluded, converted, differs). retention: `row`, `column`, `outcome` (returned, lost, size). " +
			"growth: `bucket`, `state` (active, new, returning, resurrecting, dormant). stickiness: `intervals`, `or_more`. " +
			"paths: `node` and `outcome` (reached, continued, dropped), or `node` and `next`. composition: `value`, or `bucket` of a bin. table: `series`, `value`. attribution: `channel` and `outcome` (converted, first, last, lost). journey: `node` and `outcome` (reached, dropped, pending), or `node` and `next`. " +
			"With a breakdown: `value` as the chart gives it (`text`, `none`, `other`)."}
}

// explanation says why; its parts depend on the kind.
type explanation struct{ json.RawMessage }

// Schema describes the outer form.
func (explanation) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true,
		Description: "`customer`, `in` (is behind the number), `times`, `reason` when not (a machine `code` and the events that decided), and the part of the kind. Each event names its `actor`, the number of the identifier that tracked it."}
}

type peopleIn struct {
	Body struct {
		Spec  querySpec `json:"spec"`
		Cell  cellRef   `json:"cell"`
		After int64     `json:"after,omitempty" minimum:"0" doc:"Customer number to continue behind: next of the page before"`
		Limit int       `json:"limit,omitempty" default:"50" minimum:"1" maximum:"200"`
	}
}

type personRow struct {
	CustomerRow
	Times int64 `json:"times" doc:"How often the customer counts in the number: events, or conversions when all count"`
}

type peopleOut struct {
	Total     int64       `json:"total" doc:"The number in the chart"`
	Distinct  int64       `json:"distinct" doc:"Customers behind it"`
	Customers []personRow `json:"customers" doc:"By number"`
	Next      int64       `json:"next,omitempty"`
}

type explainIn struct {
	Body struct {
		Spec     querySpec `json:"spec"`
		Customer int64     `json:"customer" minimum:"1" doc:"Customer number; an absorbed one answers as its survivor"`
		Cell     *cellRef  `json:"cell,omitempty"`
	}
}

func (a *API) insightPeople() {
	const tag = "insights"
	handle(a, route{method: "POST", path: "/insights/people", summary: "The customers behind a number of a chart", perm: access.ReadCustomers, tag: tag}, a.listPeople)
	handle(a, route{method: "POST", path: "/insights/explain", summary: "Why a customer is or is not in a number of a chart", perm: access.ReadCustomers, tag: tag}, a.explainNumber)
	handle(a, route{method: "POST", path: "/insights/correlate", summary: "What goes with conversion in a funnel", perm: access.ReadData, tag: tag}, a.correlate)
}

type correlateIn struct {
	Body struct {
		Spec       querySpec `json:"spec"`
		Events     bool      `json:"events,omitempty" doc:"Try events that are not of the funnel, done after step 1 and before the conversion"`
		Properties []string  `json:"properties,omitempty" maxItems:"20" doc:"Of the event of step 1"`
		Traits     []string  `json:"traits,omitempty" maxItems:"20" doc:"As they were at step 1"`
		Least      int64     `json:"least,omitempty" minimum:"1" default:"10" doc:"Customers that a factor needs"`
		Limit      int       `json:"limit,omitempty" minimum:"1" maximum:"1000" default:"100"`
	}
}

// correlation lists what goes with conversion.
type correlation struct{ json.RawMessage }

// Schema describes the outer form.
func (correlation) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true,
		Description: "`converted`, `dropped`, `pending`, `tried` and `factors`, the surest first: `kind` (event, property, trait), `name`, `value`, how many `converted` and `dropped` with it, `odds` with `low` and `high`, `p`, and `rate`, the share of false discoveries if it and all surer ones are believed."}
}

func (a *API) correlate(ctx context.Context, p *access.Principal, in *correlateIn) (*Body[correlation], error) {
	q, _, err := a.asked(ctx, p, in.Body.Spec)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	res, err := a.Insight.Correlate(ctx, q, query.CorrelateOptions{Events: b.Events, Properties: b.Properties, Traits: b.Traits, Least: b.Least, Limit: b.Limit})
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(res)
	if err != nil {
		return nil, err
	}
	return body(correlation{raw})
}

// asked reads a question and adds what the workspace says.
func (a *API) asked(ctx context.Context, p *access.Principal, raw querySpec) (out insight.Ask, w access.Workspace, err error) {
	spec, err := readQuery("spec.", raw.RawMessage)
	if err != nil {
		return out, w, err
	}
	if w, err = a.Access.Workspace(ctx, p.Workspace); err != nil {
		return out, w, err
	}
	out, err = a.ask(ctx, p.Workspace, spec)
	return out, w, err
}

func (a *API) listPeople(ctx context.Context, p *access.Principal, in *peopleIn) (*Body[peopleOut], error) {
	cell, err := readCell(in.Body.Cell.RawMessage)
	if err != nil {
		return nil, err
	}
	q, w, err := a.asked(ctx, p, in.Body.Spec)
	if err != nil {
		return nil, err
	}
	res, err := a.Insight.People(ctx, q, cell)
	if err != nil {
		return nil, err
	}
	out := peopleOut{Total: res.Total, Distinct: int64(len(res.People)), Customers: []personRow{}}
	from, found := slices.BinarySearchFunc(res.People, core.CustomerID(in.Body.After), func(x query.Person, id core.CustomerID) int { return int(x.ID - id) })
	if found {
		from++
	}
	page := res.People[from:]
	if len(page) > in.Body.Limit {
		page = page[:in.Body.Limit]
		out.Next = int64(page[len(page)-1].ID)
	}
	ids := make([]core.CustomerID, len(page))
	for i, x := range page {
		ids[i] = x.ID
	}
	rows, err := a.rowsOf(ctx, p, ids, w.Currency)
	if err != nil {
		return nil, err
	}
	for i, x := range page {
		out.Customers = append(out.Customers, personRow{rows[i], x.Times})
	}
	return body(out)
}

// rowsOf gives customers as lists show them. One that is not known any more is
// a number only.
func (a *API) rowsOf(ctx context.Context, p *access.Principal, ids []core.CustomerID, currency string) ([]CustomerRow, error) {
	out := make([]CustomerRow, len(ids))
	for i, id := range ids {
		c, err := a.Customers.Get(ctx, p.Workspace, id)
		switch {
		case errs.KindOf(err) == errs.NotFound:
			out[i] = CustomerRow{ID: int64(id), Revenue: Money{0, currency}, Traits: json.RawMessage("{}")}
		case err != nil:
			return nil, err
		default:
			out[i] = a.row(c, currency)
		}
	}
	m, err := a.Lifecycle.Model(p.Workspace, 0)
	if err != nil || m.Machine == 0 {
		return out, nil //nolint:nilerr // without a stage model there are no stages
	}
	now, err := a.Lifecycle.Now(ctx, p.Workspace, m, ids)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if st, ok := now[id]; ok {
			out[i].Stage = refOf(m, st.Stage, st.Since)
		}
	}
	return out, nil
}

func (a *API) explainNumber(ctx context.Context, p *access.Principal, in *explainIn) (*Body[explanation], error) {
	var cell *query.Cell
	if in.Body.Cell != nil {
		c, err := readCell(in.Body.Cell.RawMessage)
		if err != nil {
			return nil, err
		}
		cell = &c
	}
	q, _, err := a.asked(ctx, p, in.Body.Spec)
	if err != nil {
		return nil, err
	}
	c, err := a.Customers.Get(ctx, p.Workspace, core.CustomerID(in.Body.Customer))
	if err != nil {
		return nil, err
	}
	res, err := a.Insight.Explain(ctx, q, c.ID, cell)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(res)
	if err != nil {
		return nil, err
	}
	return body(explanation{raw})
}

// readCell reads a place strictly, naming the member at fault.
func readCell(raw []byte) (c query.Cell, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err = d.Decode(&c)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &wrong):
		return c, errs.Field("cell."+wrong.Field, "invalid_query", "%s cannot be a JSON %s", wrong.Field, wrong.Value)
	}
	if _, name, ok := strings.Cut(err.Error(), `unknown field "`); ok {
		return c, errs.Field("cell."+strings.TrimSuffix(name, `"`), "unknown_member", "a cell has no member of this name")
	}
	return c, errs.Field("cell", "invalid_query", "the cell cannot be read: %v", err)
}
