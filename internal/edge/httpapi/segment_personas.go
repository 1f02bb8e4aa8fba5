package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/segment"
)

type personasShape struct {
	Run        int64          `json:"run"`
	TakenAt    *jtime         `json:"taken_at"`
	By         string         `json:"by"`
	Buyers     int64          `json:"buyers" doc:"Customers with an order that were looked at"`
	Silhouette float64        `json:"silhouette" doc:"How well the groups are apart, from -1 to 1"`
	Tried      []triedShape   `json:"tried" doc:"The numbers of groups that were tried"`
	Sampled    bool           `json:"sampled" doc:"Fitted to a sample, or a share of the customers was looked at"`
	Money      string         `json:"money" doc:"The property of orders that was summed"`
	Personas   []personaShape `json:"personas" doc:"The largest first"`
}

type triedShape struct {
	K          int     `json:"k"`
	Silhouette float64 `json:"silhouette"`
}

type personaShape struct {
	Name      string          `json:"name" doc:"A suggestion"`
	Size      int64           `json:"size"`
	Share     float64         `json:"share" doc:"Of the buyers"`
	Contrasts []contrastShape `json:"contrasts" doc:"In what it differs most"`
}

type contrastShape struct {
	Feature    string  `json:"feature" doc:"recency_days, order_days, money, discount_share, or category:, medium: or hours: and a value (a share)"`
	Mean       float64 `json:"mean"`
	Overall    float64 `json:"overall" doc:"Of all buyers"`
	Difference float64 `json:"difference" doc:"In standard deviations of all buyers"`
}

type personasOut struct {
	Personas *personasShape `json:"personas" doc:"Null: none were found yet"`
}

func personasBody(p *segment.Personas, lang string) *Body[personasOut] {
	if p == nil {
		return &Body[personasOut]{}
	}
	out := personasShape{Run: p.ID, TakenAt: when(p.TakenAt), By: p.By, Buyers: p.Buyers, Silhouette: p.Silhouette, Sampled: p.Sampled, Money: p.Money, Tried: []triedShape{}, Personas: []personaShape{}}
	for _, t := range p.Tried {
		out.Tried = append(out.Tried, triedShape{t.K, t.Silhouette})
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		s := personaShape{Name: g.Name(lang), Size: g.Size, Share: float64(g.Size) / float64(max(p.Buyers, 1)), Contrasts: []contrastShape{}}
		for _, c := range g.Contrasts {
			s.Contrasts = append(s.Contrasts, contrastShape{c.Name, c.Mean, c.Overall, c.Difference})
		}
		out.Personas = append(out.Personas, s)
	}
	return &Body[personasOut]{personasOut{&out}}
}

func (a *API) personas() {
	const tag = "segments"
	handle(a, route{method: "GET", path: "/segments/personas", summary: "Groups of buyers who behave alike, as they were found last", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[personasOut], error) {
			out, err := a.Segments.LastPersonas(ctx, p.Workspace)
			if err != nil {
				return nil, err
			}
			return personasBody(out, p.Locale), nil
		})
	handle(a, route{method: "POST", path: "/segments/personas", summary: "Find groups of buyers who behave alike", perm: access.Design, audit: "personas.find", tag: tag},
		func(ctx context.Context, p *access.Principal, _ *None) (*Body[personasOut], error) {
			out, err := a.Segments.FindPersonas(ctx, p.Workspace, p.Label())
			if err != nil {
				return nil, err
			}
			return personasBody(out, p.Locale), nil
		})
	handle(a, route{method: "POST", path: "/segments/from-persona", summary: "Make a static segment of a persona's members; it fills in the background", perm: access.Design, audit: "segment.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			Body struct {
				Run         int64  `json:"run" minimum:"1" doc:"Of the answer that showed the persona"`
				Persona     int    `json:"persona" minimum:"0" maximum:"100" doc:"Its place in that answer, from 0"`
				Name        string `json:"name" maxLength:"200"`
				Description string `json:"description,omitempty" maxLength:"4000"`
			}
		}) (*Body[segmentShape], error) {
			b := &in.Body
			g, err := a.Segments.SavePersona(ctx, p.Workspace, b.Run, b.Persona, segment.Definition{Name: b.Name, Description: b.Description}, p.Label())
			if err != nil {
				return nil, err
			}
			note(ctx, g.ID, "name", &g.Name)
			return a.oneSegment(ctx, p, &g)
		})
}
