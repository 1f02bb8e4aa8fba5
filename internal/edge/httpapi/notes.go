package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
)

type noteShape struct {
	ID        int64  `json:"id"`
	Author    string `json:"author"`
	Body      string `json:"body"`
	CreatedAt *jtime `json:"created_at"`
	UpdatedAt *jtime `json:"updated_at"`
}

type noteIn struct {
	Body string `json:"body" minLength:"1" maxLength:"20000"`
}

type notesOut struct {
	Notes []noteShape `json:"notes"`
}

// NotePath is the path of one note.
type NotePath struct {
	CustomerPath
	Note int64 `path:"note" minimum:"1"`
}

func noteOut(n customer.Note) noteShape {
	return noteShape{n.ID, n.Author, n.Body, when(n.CreatedAt), when(n.UpdatedAt)}
}

func (a *API) notes() {
	const tag = "customers"
	handle(a, route{method: "GET", path: "/customers/{id}/notes", summary: "Notes by users", perm: access.ReadCustomers, tag: tag},
		func(ctx context.Context, p *access.Principal, in *CustomerPath) (*Body[notesOut], error) {
			c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
			if err != nil {
				return nil, err
			}
			list, err := a.Customers.Notes(ctx, p.Workspace, c.ID)
			if err != nil {
				return nil, err
			}
			out := notesOut{Notes: make([]noteShape, len(list))}
			for i, n := range list {
				out.Notes[i] = noteOut(n)
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/customers/{id}/notes", summary: "Write a note", perm: access.WriteCustomers, audit: "note.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			CustomerPath
			Body noteIn
		}) (*Body[noteShape], error) {
			c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
			if err != nil {
				return nil, err
			}
			n, err := a.Customers.AddNote(ctx, p.Workspace, c.ID, p.Label(), in.Body.Body)
			if err != nil {
				return nil, err
			}
			note(ctx, n.ID)
			return body(noteOut(n))
		})
	handle(a, route{method: "PATCH", path: "/customers/{id}/notes/{note}", summary: "Change a note", perm: access.WriteCustomers, audit: "note.update", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			NotePath
			Body noteIn
		}) (*None, error) {
			return nil, a.Customers.EditNote(ctx, p.Workspace, customerID(in.ID), in.Note, in.Body.Body)
		})
	handle(a, route{method: "DELETE", path: "/customers/{id}/notes/{note}", summary: "Delete a note", perm: access.WriteCustomers, audit: "note.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *NotePath) (*None, error) {
			return nil, a.Customers.DeleteNote(ctx, p.Workspace, customerID(in.ID), in.Note)
		})
}

type consentShape struct {
	Channel string `json:"channel" maxLength:"64" doc:"email, sms, push …"`
	Topic   string `json:"topic" maxLength:"100" doc:"Empty: the whole channel"`
	State   string `json:"state" enum:"subscribed,unsubscribed,pending,unknown"`
	At      *jtime `json:"at,omitempty"`
	Source  string `json:"source,omitempty"`
}

type consentBody struct {
	Channels []consentShape `json:"channels" maxItems:"200"`
}

func (a *API) consent() {
	const tag = "customers"
	get := func(ctx context.Context, p *access.Principal, id int64) (*Body[consentBody], error) {
		list, err := a.Customers.Consents(ctx, p.Workspace, customerID(id))
		if err != nil {
			return nil, err
		}
		return body(consentBody{Channels: consentOut(list)})
	}
	handle(a, route{method: "GET", path: "/customers/{id}/consent", summary: "Consent by channel and topic", perm: access.ReadCustomers, tag: tag},
		func(ctx context.Context, p *access.Principal, in *CustomerPath) (*Body[consentBody], error) {
			c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
			if err != nil {
				return nil, err
			}
			return get(ctx, p, int64(c.ID))
		})
	handle(a, route{method: "PUT", path: "/customers/{id}/consent", summary: "Write consent by channel and topic", perm: access.WriteCustomers, audit: "consent.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			CustomerPath
			Body consentBody
		}) (*Body[consentBody], error) {
			c, err := a.Customers.Get(ctx, p.Workspace, customerID(in.ID))
			if err != nil {
				return nil, err
			}
			list := make([]customer.Consent, len(in.Body.Channels))
			for i, x := range in.Body.Channels {
				list[i] = customer.Consent{Channel: x.Channel, Topic: x.Topic, State: x.State, Source: "user:" + p.Label()}
			}
			err = a.signal(ctx, p.Workspace, func(x *customer.Session) ([]core.Event, error) { return x.SetConsent(ctx, c.ID, list) })
			if err != nil {
				return nil, err
			}
			return get(ctx, p, int64(c.ID))
		})
}
