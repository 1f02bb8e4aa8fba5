package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

type logShape struct {
	ID       int64   `json:"id"`
	At       *jtime  `json:"at"`
	EventAt  *jtime  `json:"event_at"`
	Rule     string  `json:"rule" enum:"merged,attached,switched,demoted,refused,split,full"`
	From     int64   `json:"from,omitempty"`
	Into     int64   `json:"into,omitempty"`
	Actors   []int64 `json:"identifiers" doc:"Numbers of the identifiers concerned"`
	EventID  string  `json:"event_id"`
	By       string  `json:"actor" doc:"User or key behind it, empty for an event"`
	Reason   string  `json:"reason"`
	UndoneAt *jtime  `json:"undone_at"`
	CanUndo  bool    `json:"can_undo"`
}

type identityOut struct {
	Identifiers []identifierShape `json:"identifiers"`
	Log         []logShape        `json:"log"`
}

type mergeOut struct {
	ID int64 `json:"id" doc:"The customer that remains"`
}

func (a *API) identity() {
	const tag = "identity"
	handle(a, route{method: "GET", path: "/customers/{id}/identity", summary: "Identifiers, and how each came to this customer", perm: access.ReadCustomers, tag: tag}, a.identityOf)
	handle(a, route{method: "POST", path: "/customers/merge", summary: "Merge two customers, identified or not, with a reason", perm: access.WriteCustomers, audit: "customer.merge", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Into   int64  `json:"into" minimum:"1"`
				From   int64  `json:"from" minimum:"1"`
				Reason string `json:"reason" minLength:"1" maxLength:"1000"`
			}
		}) (*Body[mergeOut], error) {
			return a.merge(ctx, p, in.Body.Into, in.Body.From, in.Body.Reason)
		})
	handle(a, route{method: "POST", path: "/customers/{id}/merge", summary: "Merge another customer into this one", perm: access.WriteCustomers, audit: "customer.merge", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			CustomerPath
			Body struct {
				From   int64  `json:"from" minimum:"1"`
				Reason string `json:"reason" minLength:"1" maxLength:"1000"`
			}
		}) (*Body[mergeOut], error) {
			return a.merge(ctx, p, in.ID, in.Body.From, in.Body.Reason)
		})
	handle(a, route{method: "POST", path: "/customers/{id}/unmerge", summary: "Take back a merge of the identity log", perm: access.WriteCustomers, audit: "customer.unmerge", status: http.StatusNoContent, tag: tag}, a.unmerge)
	handle(a, route{method: "GET", path: "/settings/identity", summary: "Rules of identity", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[customer.Settings], error) {
			return body(a.Customers.Settings(p.Workspace))
		})
	handle(a, route{method: "PUT", path: "/settings/identity", summary: "Change the rules of identity; all components are resolved anew", perm: access.Settings, audit: "settings.identity", tag: tag}, a.setIdentity)
	handle(a, route{method: "POST", path: "/settings/identity/preview", summary: "Which customers would join or split under other rules", perm: access.ReadCustomers, tag: tag}, a.previewIdentity)
}

func (a *API) identityOf(ctx context.Context, p *access.Principal, in *CustomerPath) (*Body[identityOut], error) {
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
	if err != nil {
		return nil, err
	}
	ids, err := a.Customers.Identifiers(ctx, p.Workspace, c.ID)
	if err != nil {
		return nil, err
	}
	log, err := a.Customers.History(ctx, p.Workspace, c.ID)
	if err != nil {
		return nil, err
	}
	out := identityOut{identifiersOut(ids), make([]logShape, len(log))}
	for i, e := range log {
		l := logShape{ID: e.ID, At: when(e.At), EventAt: when(e.EventAt), Rule: e.Rule, From: int64(e.From), Into: int64(e.Into), Actors: []int64{},
			EventID: e.EventID, By: e.ByUser, Reason: e.Reason, UndoneAt: when(e.UndoneAt), CanUndo: e.Rule == "merged" && e.UndoneAt == 0 && len(e.Actors) > 0}
		for _, x := range e.Actors {
			l.Actors = append(l.Actors, int64(x))
		}
		out.Log[i] = l
	}
	return body(out)
}

// graph runs fn on the identity graph, in order with the batches.
func (a *API) graph(ctx context.Context, ws core.WorkspaceID, fn func(x *customer.Session) error) error {
	return a.Pipeline.Do(ctx, ws, func(_ *db.Tx, s pipeline.Session) ([]core.CustomerID, error) {
		x, ok := s.(*customer.Session)
		if !ok {
			return nil, errs.New(errs.Internal, "internal", "identity session is of another kind")
		}
		return nil, fn(x)
	})
}

// signal writes the events that fn gives into timelines, in order with the
// batches.
func (a *API) signal(ctx context.Context, ws core.WorkspaceID, fn func(x *customer.Session) ([]core.Event, error)) error {
	return a.Pipeline.Signal(ctx, ws, func(_ *db.Tx, s pipeline.Session) ([]core.Event, error) {
		x, ok := s.(*customer.Session)
		if !ok {
			return nil, errs.New(errs.Internal, "internal", "identity session is of another kind")
		}
		return fn(x)
	})
}

func (a *API) merge(ctx context.Context, p *access.Principal, into, from int64, reason string) (*Body[mergeOut], error) {
	x, err := a.Customers.Get(ctx, p.Workspace, customerID(into))
	if err != nil {
		return nil, err
	}
	y, err := a.Customers.Get(ctx, p.Workspace, customerID(from))
	if err != nil {
		return nil, err
	}
	err = a.graph(ctx, p.Workspace, func(s *customer.Session) error { return s.Merge(ctx, x.ID, y.ID, p.Label(), reason) })
	if err != nil {
		return nil, err
	}
	c, err := a.Customers.Get(ctx, p.Workspace, x.ID)
	if err != nil {
		return nil, err
	}
	note(ctx, 0, "into", &into, "from", &from)
	return body(mergeOut{int64(c.ID)})
}

func (a *API) unmerge(ctx context.Context, p *access.Principal, in *struct {
	CustomerPath
	Body struct {
		LogID  int64  `json:"log_id" minimum:"1"`
		Reason string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}) (*None, error) {
	c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
	if err != nil {
		return nil, err
	}
	log, err := a.Customers.History(ctx, p.Workspace, c.ID)
	if err == nil && c.ID != customerID(in.ID) { // of the absorbed one itself
		var own []customer.LogEntry
		own, err = a.Customers.History(ctx, p.Workspace, customerID(in.ID))
		log = append(log, own...)
	}
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(log, func(e customer.LogEntry) bool { return e.ID == in.Body.LogID }) {
		return nil, errs.New(errs.NotFound, "unknown_log_entry", "the identity log of this customer has no entry %d", in.Body.LogID)
	}
	return nil, a.graph(ctx, p.Workspace, func(s *customer.Session) error { return s.Unmerge(ctx, in.Body.LogID, p.Label(), in.Body.Reason) })
}

func (a *API) setIdentity(ctx context.Context, p *access.Principal, in *struct{ Body customer.Settings }) (*Body[customer.Settings], error) {
	if err := in.Body.Check(); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	if _, err := a.Access.UpdateWorkspace(ctx, p.Workspace, access.WorkspaceUpdate{Identity: raw}); err != nil {
		return nil, err
	}
	if err := a.graph(ctx, p.Workspace, func(s *customer.Session) error { return s.ApplySettings(ctx, in.Body) }); err != nil {
		return nil, err
	}
	return body(a.Customers.Settings(p.Workspace))
}

type identityPreview struct {
	Join  int                       `json:"join" doc:"Customers that would be absorbed by another"`
	Split int                       `json:"split" doc:"Customers that would appear"`
	Who   []customer.SettingsEffect `json:"who" doc:"At most 200"`
}

func (a *API) previewIdentity(ctx context.Context, p *access.Principal, in *struct{ Body customer.Settings }) (*Body[identityPreview], error) {
	if err := in.Body.Check(); err != nil {
		return nil, err
	}
	effects, err := a.Customers.PreviewSettings(ctx, p.Workspace, in.Body)
	if err != nil {
		return nil, err
	}
	out := identityPreview{Who: []customer.SettingsEffect{}}
	for _, e := range effects {
		if e.Change == "join" {
			out.Join++
		} else {
			out.Split++
		}
		if len(out.Who) < 200 {
			out.Who = append(out.Who, e)
		}
	}
	return body(out)
}
