package httpapi

import (
	"context"
	"net/http"
	"sort"
	"strings"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/inbox"
)

type sourceShape struct {
	ID          int64            `json:"id"`
	Name        string           `json:"name"`
	Kind        inbox.SourceKind `json:"kind"`
	Enabled     bool             `json:"enabled"`
	KeyPrefix   string           `json:"write_key_prefix"`
	IPPolicy    inbox.IPPolicy   `json:"ip_policy"`
	DedupeDays  int              `json:"dedupe_days" doc:"How long message ids are remembered"`
	CreatedAt   *jtime           `json:"created_at"`
	LastEventAt *jtime           `json:"last_event_at"`
	Events      int64            `json:"events"`
	Duplicates  int64            `json:"duplicates"`
	Quarantined int64            `json:"quarantined"`
	Counts      map[string]int64 `json:"counts" doc:"All counters by name"`
	Settings    inbox.Settings   `json:"settings"`
	WriteKey    string           `json:"write_key,omitempty" doc:"Shown this once"`
}

func sourceOut(s *inbox.Source, counts map[string]int64, key string) sourceShape {
	if counts == nil {
		counts = map[string]int64{}
	}
	return sourceShape{int64(s.ID), s.Name, s.Kind, s.Enabled, s.KeyPrefix, s.IPPolicy, s.Settings.DedupeDays, when(s.CreatedAt), when(s.LastEventAt),
		counts[inbox.CountEvents], counts[inbox.CountDuplicates], counts[inbox.CountQuarantined], counts, s.Settings, key}
}

type sourcesOut struct {
	Sources []sourceShape `json:"sources"`
}

// SourcePath is the path of one source.
type SourcePath struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) data() {
	a.sourceRoutes()
	a.quarantineRoutes()
	a.eventRoutes()
}

func (a *API) sourceRoutes() {
	const tag = "data"
	handle(a, route{method: "GET", path: "/sources", summary: "List sources with their counters", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[sourcesOut], error) {
			list, err := a.Inbox.ListSources(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			out := sourcesOut{Sources: make([]sourceShape, len(list))}
			for i := range list {
				out.Sources[i] = sourceOut(&list[i].Source, list[i].Counts, "")
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/sources", summary: "Make a source and its write key", perm: access.Sources, audit: "source.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Name     string           `json:"name" minLength:"1" maxLength:"200"`
				Kind     inbox.SourceKind `json:"kind" enum:"browser,server,mobile"`
				IPPolicy inbox.IPPolicy   `json:"ip_policy,omitempty" enum:"keep,truncate,remove"`
			}
		}) (*Body[sourceShape], error) {
			s, key, err := a.Inbox.CreateSource(ctx, p.Workspace, inbox.NewSource{Name: in.Body.Name, Kind: in.Body.Kind, IPPolicy: in.Body.IPPolicy})
			if err != nil {
				return nil, err
			}
			note(ctx, int64(s.ID), "name", &s.Name, "kind", &s.Kind)
			return body(sourceOut(s, nil, key))
		})
	handle(a, route{method: "PATCH", path: "/sources/{id}", summary: "Change a source", perm: access.Sources, audit: "source.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			SourcePath
			Body struct {
				Name     *string           `json:"name,omitempty" maxLength:"200"`
				Kind     *inbox.SourceKind `json:"kind,omitempty" enum:"browser,server,mobile"`
				Enabled  *bool             `json:"enabled,omitempty"`
				IPPolicy *inbox.IPPolicy   `json:"ip_policy,omitempty" enum:"keep,truncate,remove"`
				Settings *inbox.Settings   `json:"settings,omitempty"`
			}
		}) (*Body[sourceShape], error) {
			b := in.Body
			s, err := a.Inbox.UpdateSource(ctx, p.Workspace, core.SourceID(in.ID), inbox.SourceUpdate{Name: b.Name, Kind: b.Kind, Enabled: b.Enabled, IPPolicy: b.IPPolicy, Settings: b.Settings})
			if err != nil {
				return nil, err
			}
			return body(sourceOut(s, nil, ""))
		})
	handle(a, route{method: "POST", path: "/sources/{id}/rotate", summary: "Replace the write key; the old one stops at once", perm: access.Sources, audit: "source.rotate", tag: tag},
		func(ctx context.Context, p *access.Principal, in *SourcePath) (*Body[sourceShape], error) {
			s, key, err := a.Inbox.RotateKey(ctx, p.Workspace, core.SourceID(in.ID))
			if err != nil {
				return nil, err
			}
			return body(sourceOut(s, nil, key))
		})
}

type heldSample struct {
	ID       int64  `json:"id"`
	Received *jtime `json:"received"`
	Raw      string `json:"raw"`
	Message  string `json:"message"`
	Whole    bool   `json:"whole" doc:"False: cannot be replayed"`
}

type heldGroup struct {
	Reason    string       `json:"reason"`
	Event     string       `json:"event"`
	Source    int64        `json:"source"`
	Count     int64        `json:"count"`
	FirstSeen *jtime       `json:"first_seen"`
	LastSeen  *jtime       `json:"last_seen"`
	Samples   []heldSample `json:"samples"`
}

type heldFilter struct {
	Body struct {
		Reason string  `json:"reason,omitempty" maxLength:"64"`
		Event  *string `json:"event,omitempty" maxLength:"255"`
		Source int64   `json:"source,omitempty"`
		IDs    []int64 `json:"ids,omitempty" maxItems:"5000"`
	}
}

func (f *heldFilter) filter() inbox.HeldFilter {
	return inbox.HeldFilter{Reason: f.Body.Reason, Event: f.Body.Event, Source: core.SourceID(f.Body.Source), IDs: f.Body.IDs}
}

type countOut struct {
	Count int64 `json:"count"`
}

func (a *API) quarantineRoutes() {
	const tag = "data"
	handle(a, route{method: "GET", path: "/quarantine", summary: "Held events by reason, event and source", perm: access.Sources, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[struct {
			Groups []heldGroup `json:"groups"`
		}], error) {
			list, err := a.Inbox.QuarantineGroups(ctx, p.Workspace, inbox.HeldFilter{}, 500)
			if err != nil {
				return nil, err
			}
			var out struct {
				Groups []heldGroup `json:"groups"`
			}
			out.Groups = make([]heldGroup, len(list))
			for i, g := range list {
				o := heldGroup{g.Reason, g.Event, int64(g.Source), g.Count, when(g.FirstSeen), when(g.LastSeen), []heldSample{}}
				for _, h := range g.Samples {
					o.Samples = append(o.Samples, heldSample{h.ID, when(h.Received), h.Raw, a.hear(ctx, h.Detail), h.Whole})
				}
				out.Groups[i] = o
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/quarantine/replay", summary: "Send held events through the inbox again", perm: access.Sources, audit: "quarantine.replay", tag: tag},
		func(ctx context.Context, p *access.Principal, in *heldFilter) (*Body[countOut], error) {
			n, err := a.Inbox.Replay(ctx, p.Workspace, in.filter())
			if err != nil {
				return nil, err
			}
			return body(countOut{int64(n)})
		})
	handle(a, route{method: "POST", path: "/quarantine/delete", summary: "Remove held events", perm: access.Sources, audit: "quarantine.delete", tag: tag},
		func(ctx context.Context, p *access.Principal, in *heldFilter) (*Body[countOut], error) {
			n, err := a.Inbox.DeleteQuarantine(ctx, p.Workspace, in.filter())
			if err != nil {
				return nil, err
			}
			return body(countOut{n})
		})
	handle(a, route{method: "GET", path: "/unknown-keys", summary: "Write keys that were used and open nothing; they belong to no workspace, so only the first one sees them", perm: access.Sources, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[struct {
			Keys []unknownKey `json:"keys"`
		}], error) {
			first, err := a.Access.First(ctx)
			if err != nil {
				return nil, err
			}
			var list []inbox.UnknownKey
			if p.Workspace == first {
				if list, err = a.Inbox.UnknownKeys(ctx); err != nil {
					return nil, err
				}
			}
			var out struct {
				Keys []unknownKey `json:"keys"`
			}
			out.Keys = make([]unknownKey, len(list))
			for i, k := range list {
				out.Keys[i] = unknownKey{k.Shown, k.Count, when(k.FirstSeen), when(k.LastSeen), k.Address}
			}
			return body(out)
		})
}

type unknownKey struct {
	Key       string `json:"key"`
	Count     int64  `json:"count"`
	FirstSeen *jtime `json:"first_seen"`
	LastSeen  *jtime `json:"last_seen"`
	Address   string `json:"address"`
}

type liveEvent struct {
	EventShape
	Customer int64 `json:"customer"`
}

type nameShape struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Count    int64  `json:"count"`
	LastSeen *jtime `json:"last_seen"`
}

type propShape struct {
	Name    string   `json:"name"`
	Types   []string `json:"types"`
	Count   int64    `json:"count" doc:"Of the sampled events"`
	Samples []string `json:"samples"`
}

func (a *API) eventRoutes() {
	const tag = "data"
	handle(a, route{method: "GET", path: "/events/live", summary: "The events processed last", perm: access.ReadCustomers, tag: tag},
		func(_ context.Context, p *access.Principal, in *struct {
			Limit int `query:"limit" default:"100" minimum:"1" maximum:"200"`
		}) (*Body[struct {
			Events []liveEvent `json:"events"`
		}], error) {
			var out struct {
				Events []liveEvent `json:"events"`
			}
			out.Events = []liveEvent{}
			for _, e := range a.Pipeline.Recent(p.Workspace, in.Limit) {
				out.Events = append(out.Events, liveEvent{a.shape(p, &e), int64(e.Customer)})
			}
			return body(out)
		})
	handle(a, route{method: "GET", path: "/events/names", summary: "Event names with counts", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Q string `query:"q" maxLength:"255"`
		}) (*Body[struct {
			Events []nameShape `json:"events"`
		}], error) {
			list, err := a.Timeline.Names(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			sort.Slice(list, func(i, j int) bool { return list[i].Events > list[j].Events })
			var out struct {
				Events []nameShape `json:"events"`
			}
			out.Events = []nameShape{}
			for _, n := range list {
				if len(out.Events) < 500 && strings.Contains(strings.ToLower(n.Name), strings.ToLower(in.Q)) {
					out.Events = append(out.Events, nameShape{n.Kind.String(), n.Name, n.Events, when(n.LastSeen)})
				}
			}
			return body(out)
		})
	handle(a, route{method: "GET", path: "/events/properties", summary: "Properties of an event with sampled values", perm: access.ReadData, tag: tag}, a.properties)
	handle(a, route{method: "GET", path: "/data/values", summary: "Common values of a property or trait, with counts from recent data", perm: access.ReadCustomers, tag: tag}, a.dataValues)
	handle(a, route{method: "GET", path: "/traits", summary: "Traits with sampled values", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Q string `query:"q" maxLength:"255"`
		}) (*Body[struct {
			Traits []propShape `json:"traits"`
		}], error) {
			s := newSampler(in.Q)
			if err := a.Customers.SampleTraits(ctx, p.Workspace, 2000, s.add); err != nil {
				return nil, err
			}
			var out struct {
				Traits []propShape `json:"traits"`
			}
			out.Traits = s.list()
			return body(out)
		})
}
