package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

type scopeShape struct {
	Kind       string   `json:"kind,omitempty" enum:"customer,range,properties" doc:"The whole customer (default), the events of a time range, or named properties and traits"`
	From       *jtime   `json:"from,omitempty" doc:"Of a range: event time at or after"`
	To         *jtime   `json:"to,omitempty" doc:"Of a range: event time before"`
	Properties []string `json:"properties,omitempty" nullable:"false" doc:"Of properties: the names; with anonymise those that go beside the personal ones"`
}

type identifierIn struct {
	Type  string `json:"type" doc:"user_id, email, phone, anonymous_id or another type"`
	Value string `json:"value"`
}

type keptShape struct {
	Import int64  `json:"import" doc:"Import that still reads the file; it goes when that ends"`
	File   string `json:"file"`
}

type backupShape struct {
	Name   string `json:"name"`
	MadeAt *jtime `json:"made_at"`
	DueAt  *jtime `json:"due_at" doc:"When it is to be deleted, by the workspace's backup_retention_days"`
	IsDue  bool   `json:"is_due"`
}

type receipt struct {
	ID          int64                 `json:"id"`
	Action      string                `json:"action" enum:"suppress,delete,delete_and_suppress,unsuppress,anonymise"`
	Status      string                `json:"status" enum:"accepted,filtered,rewritten,verified"`
	Scope       scopeShape            `json:"scope"`
	Customer    int64                 `json:"customer" doc:"When the request named one customer, else 0"`
	Requested   int64                 `json:"requested" doc:"Customers and identifiers asked for"`
	Customers   int64                 `json:"customers" doc:"Customers found"`
	Unknown     int64                 `json:"unknown" doc:"Of those asked for, how many nobody is known by"`
	By          string                `json:"by"`
	Reason      string                `json:"reason"`
	RequestedAt *jtime                `json:"requested_at"`
	FilteredAt  *jtime                `json:"filtered_at" doc:"Tombstones were set; from then on reads leave the data out"`
	RewrittenAt *jtime                `json:"rewritten_at" doc:"Files were rewritten and rows gone"`
	VerifiedAt  *jtime                `json:"verified_at" doc:"A scan of every store found nothing left"`
	Done        int64                 `json:"done" doc:"Steps of the rewrite that are done"`
	Total       int64                 `json:"total"`
	Attempts    int64                 `json:"attempts" doc:"That failed"`
	Error       string                `json:"error" doc:"Of the last attempt; it is tried again"`
	FailedAt    *jtime                `json:"failed_at"`
	Stores      []customer.StoreCount `json:"stores" doc:"What each store held before and after"`
	Kept        []keptShape           `json:"kept" doc:"Uploaded files that an import still reads"`
	Backups     []backupShape         `json:"backups" doc:"Backups made before the data was gone: they still hold it"`
}

// receiptOut gives a receipt, without its backups.
func (a *API) receiptOut(ctx context.Context, e *customer.Erasure) receipt {
	out := receipt{ID: e.ID, Action: e.Action, Status: e.Status, Customer: int64(e.Customer), Requested: e.Requested, Customers: e.Customers, Unknown: e.Unknown,
		By: e.ByUser, Reason: e.Reason, RequestedAt: when(e.RequestedAt), FilteredAt: when(e.FilteredAt), RewrittenAt: when(e.RewrittenAt), VerifiedAt: when(e.VerifiedAt),
		Done: e.Done, Total: e.Total, Attempts: e.Attempts, Error: a.hear(ctx, e.Error), FailedAt: when(e.FailedAt),
		Scope:  scopeShape{e.Scope.Kind, when(e.Scope.From), when(e.Scope.To), e.Scope.Properties},
		Stores: append([]customer.StoreCount{}, e.Stores...), Kept: []keptShape{}, Backups: []backupShape{}}
	for _, k := range e.Kept {
		out.Kept = append(out.Kept, keptShape(k))
	}
	return out
}

// ErasureAsk is what goes, and why.
type ErasureAsk struct {
	Action string     `json:"action,omitempty" enum:"suppress,delete,delete_and_suppress,unsuppress,anonymise" doc:"Default: delete_and_suppress; delete for a range or properties"`
	Scope  scopeShape `json:"scope,omitempty"`
	Reason string     `json:"reason,omitempty" maxLength:"1000"`
}

func (r *ErasureAsk) request(by string) customer.ErasureRequest {
	s := customer.ErasureScope{Kind: r.Scope.Kind, Properties: r.Scope.Properties}
	if r.Scope.From != nil {
		s.From = micros(*r.Scope.From)
	}
	if r.Scope.To != nil {
		s.To = micros(*r.Scope.To)
	}
	return customer.ErasureRequest{Action: r.Action, Scope: s, By: by, Reason: r.Reason}
}

type erasuresOut struct {
	Erasures   []receipt `json:"erasures"`
	NextCursor string    `json:"next_cursor,omitempty"`
}

func (a *API) erasures() {
	const tag = "customers"
	handle(a, route{method: "POST", path: "/customers/{id}/erase", summary: "Erase, suppress or anonymise a customer in the background", perm: access.Erase, audit: "customer.erase", status: http.StatusAccepted, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			CustomerPath
			Body ErasureAsk
		}) (*Body[receipt], error) {
			c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
			if err != nil {
				return nil, err
			}
			r := in.Body.request(p.Label())
			r.Customers = []core.CustomerID{c.ID}
			return a.requestErasure(ctx, p, r)
		})
	handle(a, route{method: "POST", path: "/erasures", summary: "Erase, suppress or anonymise up to 5,000 customers and identifiers in the background", perm: access.Erase, audit: "erasure.create", status: http.StatusAccepted, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				ErasureAsk
				Customers   []int64        `json:"customers,omitempty" nullable:"false" doc:"Customer numbers"`
				Identifiers []identifierIn `json:"identifiers,omitempty" nullable:"false" doc:"Known or not: what was never seen can be suppressed too"`
			}
		}) (*Body[receipt], error) {
			r := in.Body.request(p.Label())
			for _, c := range in.Body.Customers {
				r.Customers = append(r.Customers, customerID(c))
			}
			for _, id := range in.Body.Identifiers {
				r.Identifiers = append(r.Identifiers, core.Identifier(id))
			}
			return a.requestErasure(ctx, p, r)
		})
	handle(a, route{method: "GET", path: "/erasures", summary: "Receipts of erasures, newest first; without backups", perm: access.Erase, tag: tag}, a.listErasures)
	handle(a, route{method: "GET", path: "/erasures/{id}", summary: "The receipt of an erasure", perm: access.Erase, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			ID int64 `path:"id" minimum:"1"`
		}) (*Body[receipt], error) {
			e, err := a.Customers.Erasure(ctx, p.Workspace, in.ID)
			if err != nil {
				return nil, err
			}
			return a.wholeReceipt(ctx, p, e)
		})
	a.raw("GET /customers/{id}/export", access.Export, a.exportCustomer)
}

func (a *API) requestErasure(ctx context.Context, p *access.Principal, r customer.ErasureRequest) (*Body[receipt], error) {
	e, err := a.Customers.RequestErasure(ctx, p.Workspace, r)
	if err != nil {
		return nil, err
	}
	return a.wholeReceipt(ctx, p, e)
}

func (a *API) listErasures(ctx context.Context, p *access.Principal, in *struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
	Cursor string `query:"cursor"`
}) (*Body[erasuresOut], error) {
	var before int64
	if err := readCursor(in.Cursor, &before); err != nil {
		return nil, err
	}
	list, err := a.Customers.Erasures(ctx, p.Workspace, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := erasuresOut{Erasures: make([]receipt, len(list))}
	for i := range list {
		out.Erasures[i] = a.receiptOut(ctx, &list[i])
	}
	if len(list) == in.Limit {
		out.NextCursor = cursor(list[len(list)-1].ID)
	}
	return body(out)
}

// wholeReceipt adds the backups that still hold what was erased.
func (a *API) wholeReceipt(ctx context.Context, p *access.Principal, e *customer.Erasure) (*Body[receipt], error) {
	out := a.receiptOut(ctx, e)
	if !e.Clears() {
		return body(out)
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	now := core.FromTime(a.Clock.Now())
	before := e.RewrittenAt
	if before == 0 {
		before = now + 1
	}
	list, err := a.Customers.Backups(ctx, before, w.Settings.BackupRetention())
	if err != nil {
		return nil, err
	}
	for _, b := range list {
		out.Backups = append(out.Backups, backupShape{b.Name, when(b.Made), when(b.Due), b.Due <= now})
	}
	return body(out)
}

// exportCustomer writes all that is known of a customer as one JSON document.
func (a *API) exportCustomer(w http.ResponseWriter, r *http.Request, p *access.Principal) {
	var id int64
	if err := json.Unmarshal([]byte(r.PathValue("id")), &id); err != nil || id < 1 {
		a.write(w, r, refused(http.StatusUnprocessableEntity, "invalid_request", "the customer number must be a whole number above 0"))
		return
	}
	ctx := r.Context()
	c, err := a.getCustomer(ctx, p, &CustomerPath{ID: id})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	self := customerID(c.Body.ID)
	events, err := a.Timeline.Customer(ctx, p.Workspace, self, timeline.CustomerQuery{})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ident, err := a.identityOf(ctx, p, &CustomerPath{ID: c.Body.ID})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	notes, err := a.Customers.Notes(ctx, p.Workspace, self)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	consents, err := a.Customers.Consents(ctx, p.Workspace, self)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	doc := map[string]any{"exported_at": a.Clock.Now(), "customer": c.Body, "identity": ident.Body, "consent": consentOut(consents)}
	shaped := make([]eventShape, len(events))
	for i := range events {
		shaped[i] = a.shape(p, &events[i])
	}
	doc["timeline"] = shaped
	list := make([]noteShape, len(notes))
	for i, n := range notes {
		list[i] = noteOut(n)
	}
	doc["notes"] = list
	if err := a.Access.Audit(ctx, p.Workspace, access.AuditEntry{Actor: p.Label(), Action: "customer.export", Object: r.URL.Path, Address: callOf(ctx).address}); err != nil {
		a.fail(w, r, err)
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
