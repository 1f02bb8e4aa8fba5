package httpapi

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
)

// exportParams are the parameters of the export: those of the list that choose
// and order.
func exportParams() []*huma.Param {
	var out []*huma.Param
	for _, x := range []struct{ name, format, doc string }{
		{"q", "", "Name, e-mail, any identifier, or customer number"}, {"model", "int64", "Stage model, default the default one"},
		{"stage", "", "Stage key, or none"}, {"segment", "int64", "Number of a segment"}, {"from", "date-time", "Last seen at or after"}, {"to", "date-time", "Last seen before"},
		{"has", "", "orders, email, user_id, with commas between"}, {"trait", "", "name:operator:value; may be repeated"}, {"sort", "", "As in the list"},
	} {
		kind := huma.TypeString
		if x.format == "int64" {
			kind = huma.TypeInteger
		}
		out = append(out, &huma.Param{Name: x.name, In: "query", Description: x.doc, Schema: &huma.Schema{Type: kind, Format: x.format}})
	}
	return out
}

// exportIn reads the filter of an export. What cannot be read is refused: left
// out it would export more than was asked for.
func exportIn(q url.Values) (*listIn, error) {
	in := &listIn{Q: q.Get("q"), Stage: q.Get("stage"), Sort: q.Get("sort"), Limit: 1000, Trait: q["trait"]}
	if h := q.Get("has"); h != "" {
		in.Has = strings.Split(h, ",")
	}
	if len(in.Q) > 500 || len(in.Trait) > 20 {
		return nil, errs.Field("q", "too_long", "a search has up to 500 characters, and 20 trait conditions")
	}
	var err error
	if m := q.Get("model"); m != "" {
		if in.Model, err = strconv.ParseInt(m, 10, 64); err != nil {
			return nil, errs.Field("model", "bad_number", "the number of the stage model is not a whole number")
		}
	}
	if g := q.Get("segment"); g != "" {
		if in.Segment, err = strconv.ParseInt(g, 10, 64); err != nil {
			return nil, errs.Field("segment", "bad_number", "the number of the segment is not a whole number")
		}
	}
	for name, to := range map[string]*time.Time{"from": &in.From, "to": &in.To} {
		if text := q.Get(name); text != "" {
			if *to, err = time.Parse(time.RFC3339, text); err != nil {
				return nil, errs.Field(name, "bad_time", "a time has the form 2026-01-31T12:00:00Z")
			}
		}
	}
	return in, nil
}

// exportCSV streams all customers of a filter.
func (a *API) exportCSV(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	in, err := exportIn(r.URL.Query())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.writeCustomers(w, r, p, in, "customers.export", "customers.csv")
}

// writeCustomers streams all customers of a filter as a file.
func (a *API) writeCustomers(w http.ResponseWriter, r *http.Request, p *access.Principal, in *listIn, action, name string) {
	f, _, err := in.filter(a, p)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ws, err := a.Access.Workspace(r.Context(), p.Workspace)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, err := a.Customers.List(r.Context(), p.Workspace, f)
	if err == nil {
		err = a.audit(callOf(r.Context()), p, action)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	out := newTable(w)
	out.row("id", "name", "email", "user_id", "first_seen", "last_seen", "events", "orders", "revenue", "currency", "last_order", "traits")
	for {
		for i := range page.Customers {
			c := &page.Customers[i]
			out.row(itoa(int64(c.ID)), cell(c.Name), cell(c.Email), cell(c.UserID), stamp(c.FirstSeen), stamp(c.LastSeen), itoa(c.Events), itoa(c.Orders),
				core.FormatMinor(c.Revenue, core.Exponent(ws.Currency)), ws.Currency, stamp(c.LastOrder), cell(c.Traits))
		}
		if out.flush() != nil || page.Next == nil {
			return
		}
		f.After = page.Next
		if page, err = a.Customers.List(r.Context(), p.Workspace, f); err != nil {
			a.Log.Error("export customers", "error", err)
			panic(http.ErrAbortHandler) // a cut answer, not one that looks whole
		}
	}
}
