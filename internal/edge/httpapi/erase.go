package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

type receipt struct {
	ID          int64                 `json:"id"`
	Action      string                `json:"action"`
	Status      string                `json:"status" enum:"accepted,filtered,rewritten,verified"`
	Customer    int64                 `json:"customer"`
	By          string                `json:"by"`
	Reason      string                `json:"reason"`
	RequestedAt *jtime                `json:"requested_at"`
	VerifiedAt  *jtime                `json:"verified_at"`
	Stores      []customer.StoreCount `json:"stores" doc:"What each store held before and after"`
}

func receiptOut(e *customer.Erasure) receipt {
	if e.Stores == nil {
		e.Stores = []customer.StoreCount{}
	}
	return receipt{e.ID, e.Action, e.Status, int64(e.Customer), e.ByUser, e.Reason, when(e.RequestedAt), when(e.VerifiedAt), e.Stores}
}

func (a *API) erasures() {
	const tag = "customers"
	handle(a, route{method: "POST", path: "/customers/{id}/erase", summary: "Erase, suppress or anonymise a customer; answers with the receipt", perm: access.Erase, audit: "customer.erase", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			CustomerPath
			Body struct {
				Action string `json:"action" enum:"suppress,delete,delete_and_suppress,unsuppress,anonymise"`
				Reason string `json:"reason,omitempty" maxLength:"1000"`
			}
		}) (*Body[receipt], error) {
			if err := customer.CheckAction(in.Body.Action); err != nil {
				return nil, err
			}
			c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
			if err != nil {
				return nil, err
			}
			e, err := a.Erase(ctx, p.Workspace, c.ID, in.Body.Action, p.Label(), in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return body(receiptOut(e))
		})
	handle(a, route{method: "GET", path: "/erasures", summary: "Receipts of erasures, newest first", perm: access.Erase, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[struct {
			Erasures []receipt `json:"erasures"`
		}], error) {
			list, err := a.Customers.Erasures(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			var out struct {
				Erasures []receipt `json:"erasures"`
			}
			out.Erasures = make([]receipt, len(list))
			for i := range list {
				out.Erasures[i] = receiptOut(&list[i])
			}
			return body(out)
		})
	a.raw("GET /customers/{id}/export", access.Export, a.exportCustomer)
}

// exportCustomer writes all that is known of a customer as one JSON document.
func (a *API) exportCustomer(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	var id int64
	if err := json.Unmarshal([]byte(r.PathValue("id")), &id); err != nil || id < 1 {
		a.write(w, newProblem(http.StatusUnprocessableEntity, "the customer number must be a whole number above 0").(*Problem))
		return
	}
	ctx := r.Context()
	c, err := a.getCustomer(ctx, p, &CustomerPath{ID: id})
	if err != nil {
		a.fail(w, err)
		return
	}
	self := customerID(c.Body.ID)
	events, err := a.Timeline.Customer(ctx, p.Workspace, self, timeline.CustomerQuery{})
	if err != nil {
		a.fail(w, err)
		return
	}
	ident, err := a.identityOf(ctx, p, &CustomerPath{ID: c.Body.ID})
	if err != nil {
		a.fail(w, err)
		return
	}
	notes, err := a.Customers.Notes(ctx, p.Workspace, self)
	if err != nil {
		a.fail(w, err)
		return
	}
	consents, err := a.Customers.Consents(ctx, p.Workspace, self)
	if err != nil {
		a.fail(w, err)
		return
	}
	doc := map[string]any{"exported_at": a.Clock.Now(), "customer": c.Body, "identity": ident.Body, "consent": consentOut(consents)}
	shaped := make([]eventShape, len(events))
	for i := range events {
		shaped[i] = eventOut(&events[i])
	}
	doc["timeline"] = shaped
	list := make([]noteShape, len(notes))
	for i, n := range notes {
		list[i] = noteOut(n)
	}
	doc["notes"] = list
	if err := a.Access.Audit(ctx, p.Workspace, access.AuditEntry{Actor: p.Label(), Action: "customer.export", Object: r.URL.Path, Address: callOf(ctx).address}); err != nil {
		a.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="customer-`+itoa(c.Body.ID)+`.json"`)
	_ = json.NewEncoder(w).Encode(doc)
}

func consentOut(list []customer.Consent) []consentShape {
	out := make([]consentShape, len(list))
	for i, c := range list {
		out[i] = consentShape{c.Channel, c.Topic, c.State, when(c.At), c.Source}
	}
	return out
}
