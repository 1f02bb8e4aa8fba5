package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
)

type tileShape struct {
	ID      string `json:"id,omitempty" maxLength:"64" doc:"Made when left out"`
	Kind    string `json:"kind" enum:"insight,kpi,text"`
	Insight int64  `json:"insight,omitempty" minimum:"0"`
	KPI     string `json:"kpi,omitempty" maxLength:"64"`
	Stage   string `json:"stage,omitempty" maxLength:"64" doc:"Of a KPI of stages"`
	Text    string `json:"text,omitempty" maxLength:"5000"`
	Title   string `json:"title,omitempty" maxLength:"200"`
	Form    string `json:"form,omitempty" enum:"lines,bars,number" doc:"How a trend is drawn; left out: as it fits"`
	X       int    `json:"x" minimum:"0" maximum:"11"`
	Y       int    `json:"y" minimum:"0" maximum:"2000"`
	W       int    `json:"w" minimum:"1" maximum:"12"`
	H       int    `json:"h" minimum:"1" maximum:"2000"`
}

type rangeShape struct {
	Last string `json:"last,omitempty" maxLength:"16" doc:"A span such as 30d up to now; or from and to"`
	From string `json:"from,omitempty" maxLength:"40" doc:"A date or an RFC 3339 instant"`
	To   string `json:"to,omitempty" maxLength:"40"`
}

type dashboardShape struct {
	ID          int64       `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	SharedWith  []string    `json:"shared_with" doc:"Roles that see it, beside owners, admins and who made it"`
	Tiles       []tileShape `json:"tiles" doc:"On a grid of 12 columns; none lies upon another"`
	Range       *rangeShape `json:"range,omitempty" doc:"Instead of the range of each insight"`
	BuiltIn     string      `json:"built_in,omitempty" doc:"lifecycle, revenue or experience for a ready one"`
	CreatedAt   int64       `json:"created_at" doc:"Microseconds UTC"`
	UpdatedAt   int64       `json:"updated_at" doc:"Microseconds UTC"`
	By          string      `json:"by" doc:"Who made it"`
}

type dashboardsOut struct {
	Dashboards []dashboardShape `json:"dashboards"`
}

type dashboardIn struct {
	Name        string      `json:"name" minLength:"1" maxLength:"200"`
	Description string      `json:"description,omitempty" maxLength:"2000"`
	SharedWith  []string    `json:"shared_with,omitempty" maxItems:"6" enum:"owner,admin,marketer,analyst,support,developer"`
	Tiles       []tileShape `json:"tiles,omitempty" maxItems:"100"`
	Range       *rangeShape `json:"range,omitempty"`
}

type dashboardChange struct {
	Name        *string      `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Description *string      `json:"description,omitempty" maxLength:"2000"`
	SharedWith  *[]string    `json:"shared_with,omitempty" maxItems:"6" enum:"owner,admin,marketer,analyst,support,developer"`
	Tiles       *[]tileShape `json:"tiles,omitempty" maxItems:"100"`
	Range       *rangeShape  `json:"range,omitempty" doc:"An empty one takes it away"`
}

type readyIn struct {
	Key string `json:"key" enum:"lifecycle,revenue,experience"`
}

type readyOut struct {
	Ready []readyShape `json:"ready"`
}

type readyShape struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// DashboardPath is the path of one dashboard.
type DashboardPath struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) dashboards() {
	const tag = "dashboards"
	handle(a, route{method: "GET", path: "/dashboards", summary: "List the dashboards that the caller may see", perm: access.ReadData, tag: tag}, a.listDashboards)
	handle(a, route{method: "GET", path: "/dashboards/ready", summary: "The dashboards that come with the program", perm: access.ReadData, tag: tag},
		func(_ context.Context, p *access.Principal, _ *None) (*Body[readyOut], error) {
			out := readyOut{Ready: []readyShape{}}
			for _, r := range a.Insight.ReadyDashboards() {
				out.Ready = append(out.Ready, readyShape{r.Key, r.Name.In(p.Locale), r.Description.In(p.Locale)})
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/dashboards/ready", summary: "Make a ready dashboard with its insights", perm: access.Insights, audit: "dashboard.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body readyIn }) (*Body[dashboardShape], error) {
			d, err := a.Insight.MakeReady(ctx, p.Workspace, in.Body.Key, p.Locale, viewer(p))
			if err != nil {
				return nil, err
			}
			note(ctx, 0, "name", &d.Name)
			return body(dashboardOut(&d))
		})
	handle(a, route{method: "POST", path: "/dashboards", summary: "Make a dashboard", perm: access.Insights, audit: "dashboard.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body dashboardIn }) (*Body[dashboardShape], error) {
			b := &in.Body
			d, err := a.Insight.AddDashboard(ctx, p.Workspace, insight.Dashboard{Name: b.Name, Description: b.Description, SharedWith: b.SharedWith,
				Tiles: tilesIn(b.Tiles), Range: rangeIn(b.Range)}, viewer(p))
			if err != nil {
				return nil, err
			}
			note(ctx, d.ID, "name", &d.Name)
			return body(dashboardOut(&d))
		})
	handle(a, route{method: "GET", path: "/dashboards/{id}", summary: "Read a dashboard", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *DashboardPath) (*Body[dashboardShape], error) {
			d, err := a.Insight.Dashboard(ctx, p.Workspace, in.ID, viewer(p))
			if err != nil {
				return nil, err
			}
			return body(dashboardOut(&d))
		})
	handle(a, route{method: "PATCH", path: "/dashboards/{id}", summary: "Change a dashboard", perm: access.Insights, audit: "dashboard.update", tag: tag}, a.changeDashboard)
	handle(a, route{method: "DELETE", path: "/dashboards/{id}", summary: "Delete a dashboard; its insights stay, and it can be restored for 30 days", perm: access.Insights, audit: "dashboard.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *DashboardPath) (*None, error) {
			return nil, a.Insight.DeleteDashboard(ctx, p.Workspace, in.ID, viewer(p))
		})
	handle(a, route{method: "POST", path: "/dashboards/{id}/restore", summary: "Bring back a deleted dashboard, with its insights that were deleted after it", perm: access.Insights, audit: "dashboard.restore", tag: tag},
		func(ctx context.Context, p *access.Principal, in *DashboardPath) (*Body[dashboardShape], error) {
			d, err := a.Insight.RestoreDashboard(ctx, p.Workspace, in.ID, viewer(p))
			if err != nil {
				return nil, err
			}
			note(ctx, 0, "name", &d.Name)
			return body(dashboardOut(&d))
		})
}

func viewer(p *access.Principal) insight.Viewer {
	return insight.Viewer{Role: string(p.Role), Label: p.Label()}
}

func rangeIn(r *rangeShape) *query.Range {
	if r == nil {
		return nil
	}
	return &query.Range{Last: r.Last, From: r.From, To: r.To}
}

func tilesIn(list []tileShape) []insight.Tile {
	out := make([]insight.Tile, len(list))
	for i := range list {
		out[i] = insight.Tile(list[i])
	}
	return out
}

func dashboardOut(d *insight.Dashboard) dashboardShape {
	out := dashboardShape{ID: d.ID, Name: d.Name, Description: d.Description, SharedWith: d.SharedWith, Tiles: make([]tileShape, len(d.Tiles)),
		BuiltIn: d.BuiltIn, CreatedAt: d.Created, UpdatedAt: d.Updated, By: d.By}
	for i := range d.Tiles {
		out.Tiles[i] = tileShape(d.Tiles[i])
	}
	if d.Range != nil {
		out.Range = &rangeShape{d.Range.Last, d.Range.From, d.Range.To}
	}
	return out
}

func (a *API) listDashboards(ctx context.Context, p *access.Principal, _ *None) (*Body[dashboardsOut], error) {
	list, err := a.Insight.Dashboards(ctx, p.Workspace, viewer(p))
	if err != nil {
		return nil, err
	}
	out := dashboardsOut{Dashboards: make([]dashboardShape, len(list))}
	for i := range list {
		out.Dashboards[i] = dashboardOut(&list[i])
	}
	return body(out)
}

func (a *API) changeDashboard(ctx context.Context, p *access.Principal, in *struct {
	DashboardPath
	Body dashboardChange
}) (*Body[dashboardShape], error) {
	b := &in.Body
	c := insight.DashboardChange{Name: b.Name, Description: b.Description, SharedWith: b.SharedWith, Range: rangeIn(b.Range)}
	if b.Tiles != nil {
		tiles := tilesIn(*b.Tiles)
		c.Tiles = &tiles
	}
	d, err := a.Insight.ChangeDashboard(ctx, p.Workspace, in.ID, c, viewer(p))
	if err != nil {
		return nil, err
	}
	note(ctx, 0, "name", &d.Name)
	return body(dashboardOut(&d))
}
