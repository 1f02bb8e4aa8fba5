package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/connect/hook"
)

type hookShape struct {
	ID        int64    `json:"id"`
	Name      string   `json:"name"`
	URL       string   `json:"url"`
	Events    []string `json:"events" doc:"Empty: all"`
	Segments  []int64  `json:"segments" doc:"Of segment events, only these; empty: all"`
	Enabled   bool     `json:"enabled"`
	Stopped   string   `json:"stopped" doc:"Why it was switched off by itself; empty when it was not"`
	By        string   `json:"by"`
	CreatedAt *jtime   `json:"created_at"`
	UpdatedAt *jtime   `json:"updated_at"`
}

type hookIn struct {
	Name     string   `json:"name" maxLength:"200"`
	URL      string   `json:"url" maxLength:"4000"`
	Events   []string `json:"events,omitempty" maxItems:"20" doc:"Empty: all"`
	Segments []int64  `json:"segments,omitempty" maxItems:"1000" doc:"Of segment events, only these; empty: all"`
	Enabled  *bool    `json:"enabled,omitempty" doc:"Default true"`
}

func (in *hookIn) hook() hook.Hook {
	return hook.Hook{Name: in.Name, URL: in.URL, Events: in.Events, Segments: in.Segments, Enabled: in.Enabled == nil || *in.Enabled}
}

func (a *API) hookOut(ctx context.Context, h *hook.Hook) hookShape {
	return hookShape{h.ID, h.Name, h.URL, append([]string{}, h.Events...), append([]int64{}, h.Segments...), h.Enabled, a.hear(ctx, h.Stopped), h.By, when(h.CreatedAt), when(h.UpdatedAt)}
}

// HookPath is the path of one webhook.
type HookPath struct {
	ID int64 `path:"id" minimum:"1"`
}

type deliveryShape struct {
	ID       int64  `json:"id"`
	Message  string `json:"message" doc:"The webhook-id of all attempts"`
	Event    string `json:"event"`
	State    string `json:"state" enum:"waiting,done,failed"`
	Attempts int64  `json:"attempts"`
	MadeAt   *jtime `json:"made_at"`
	NextAt   *jtime `json:"next_at" doc:"While it waits"`
	EndedAt  *jtime `json:"ended_at"`
	Note     string `json:"note" doc:"What the last attempt brought"`
	Customer *int64 `json:"customer"`
}

func (a *API) webhooks() {
	const tag = "webhooks"
	handle(a, route{method: "GET", path: "/webhooks", summary: "List webhooks", perm: access.Sources, tag: tag}, a.listHooks)
	handle(a, route{method: "POST", path: "/webhooks", summary: "Make a webhook; the answer shows its signing secret once", perm: access.Sources, audit: "webhook.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body hookIn }) (*Body[hookMade], error) {
			h, secret, err := a.Hooks.Create(ctx, p.Workspace, in.Body.hook(), p.Label())
			if err != nil {
				return nil, err
			}
			note(ctx, h.ID, "name", &h.Name)
			return body(hookMade{a.hookOut(ctx, h), secret})
		})
	handle(a, route{method: "PUT", path: "/webhooks/{id}", summary: "Change a webhook", perm: access.Sources, audit: "webhook.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			HookPath
			Body hookIn
		}) (*Body[hookShape], error) {
			h, err := a.Hooks.Update(ctx, p.Workspace, in.ID, in.Body.hook())
			if err != nil {
				return nil, err
			}
			return body(a.hookOut(ctx, h))
		})
	handle(a, route{method: "DELETE", path: "/webhooks/{id}", summary: "Delete a webhook with its deliveries", perm: access.Sources, audit: "webhook.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *HookPath) (*None, error) {
			return nil, a.Hooks.Delete(ctx, p.Workspace, in.ID)
		})
	handle(a, route{method: "POST", path: "/webhooks/{id}/secret", summary: "Give a webhook a new signing secret", perm: access.Sources, audit: "webhook.rotate", tag: tag},
		func(ctx context.Context, p *access.Principal, in *HookPath) (*Body[secretOut], error) {
			s, err := a.Hooks.Rotate(ctx, p.Workspace, in.ID)
			if err != nil {
				return nil, err
			}
			return body(secretOut{s})
		})
	handle(a, route{method: "POST", path: "/webhooks/{id}/test", summary: "Send a ping to a webhook", perm: access.Sources, audit: "webhook.test", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *HookPath) (*None, error) {
			return nil, a.Hooks.Test(ctx, p.Workspace, in.ID)
		})
	handle(a, route{method: "GET", path: "/webhooks/{id}/deliveries", summary: "Messages to a webhook, newest first", perm: access.Sources, tag: tag}, a.deliveries)
	handle(a, route{method: "POST", path: "/webhooks/{id}/deliveries/{delivery}/replay", summary: "Send an ended message again, under the same id", perm: access.Sources, audit: "webhook.replay", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			HookPath
			Delivery int64 `path:"delivery" minimum:"1"`
		}) (*None, error) {
			return nil, a.Hooks.Replay(ctx, p.Workspace, in.ID, in.Delivery)
		})
}

type hookMade struct {
	Webhook hookShape `json:"webhook"`
	Secret  string    `json:"secret" doc:"Signs the messages (Standard Webhooks); shown once"`
}

type secretOut struct {
	Secret string `json:"secret"`
}

func (a *API) listHooks(ctx context.Context, p *access.Principal, _ *None) (*Body[struct {
	Webhooks []hookShape `json:"webhooks"`
	Events   []string    `json:"events" doc:"What webhooks can ask for"`
}], error) {
	list, err := a.Hooks.List(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	var out struct {
		Webhooks []hookShape `json:"webhooks"`
		Events   []string    `json:"events" doc:"What webhooks can ask for"`
	}
	out.Webhooks, out.Events = []hookShape{}, hook.Events()
	for i := range list {
		out.Webhooks = append(out.Webhooks, a.hookOut(ctx, &list[i]))
	}
	return body(out)
}

func (a *API) deliveries(ctx context.Context, p *access.Principal, in *struct {
	HookPath
	Before int64 `query:"before" minimum:"0" doc:"Those made before this one"`
	Limit  int   `query:"limit" default:"50" minimum:"1" maximum:"500"`
}) (*Body[struct {
	Deliveries []deliveryShape `json:"deliveries"`
}], error) {
	list, err := a.Hooks.Deliveries(ctx, p.Workspace, in.ID, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	var out struct {
		Deliveries []deliveryShape `json:"deliveries"`
	}
	out.Deliveries = []deliveryShape{}
	for _, d := range list {
		s := deliveryShape{d.ID, d.Message, d.Event, d.State, d.Attempts, when(d.MadeAt), when(d.NextAt), when(d.EndedAt), a.hear(ctx, d.Note), nil}
		if d.Customer != 0 {
			c := int64(d.Customer)
			s.Customer = &c
		}
		out.Deliveries = append(out.Deliveries, s)
	}
	return body(out)
}
