package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/segment"
)

type cohortIn struct {
	Name        string    `json:"name" maxLength:"200"`
	Description string    `json:"description,omitempty" maxLength:"4000"`
	Spec        querySpec `json:"spec"`
	Cell        cellRef   `json:"cell" doc:"The number whose customers are meant, as for /insights/people"`
}

// cohort keeps the customers behind a number of a chart as a static segment: a
// step of a funnel, a cell of a retention table, a bar.
func (a *API) cohort() {
	handle(a, route{method: "POST", path: "/segments/from-insight", summary: "Make a static segment of the customers behind a number of a chart; it fills in the background", perm: access.Design, audit: "segment.create", status: http.StatusCreated, tag: "segments"},
		func(ctx context.Context, p *access.Principal, in *struct{ Body cohortIn }) (*Body[segmentShape], error) {
			cell, err := readCell(in.Body.Cell.RawMessage)
			if err != nil {
				return nil, err
			}
			ask, _, err := a.asked(ctx, p, in.Body.Spec)
			if err != nil {
				return nil, err
			}
			people, err := a.Insight.People(ctx, ask, cell)
			if err != nil {
				return nil, err
			}
			list := make([]core.CustomerID, len(people.People))
			for i := range list {
				list[i] = people.People[i].ID
			}
			g, err := a.Segments.CreateList(ctx, p.Workspace, segment.Definition{Name: in.Body.Name, Description: in.Body.Description}, list, p.Label())
			if err != nil {
				return nil, err
			}
			note(ctx, g.ID, "name", &g.Name)
			return a.oneSegment(ctx, p, &g)
		})
}
