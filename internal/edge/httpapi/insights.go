package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/danielgtaylor/huma/v2"
)

// querySpec is a question to the timeline as JSON; engine/query says what it may
// hold.
type querySpec struct{ json.RawMessage }

// Schema describes the outer form.
func (querySpec) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true, Required: []string{"kind"},
		Description: "One chart: `kind` (trend, funnel, retention, growth, stickiness, paths, composition, table, attribution, journey), `range` (`from` and `to`, or `last` such as 30d), `where`, `who`, `where_customer`, `bots`, `as_known`, and the part that kind names."}
}

// answer is what a chart shows; its parts depend on the kind.
type answer struct{ json.RawMessage }

// Schema describes the outer form.
func (answer) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true, Required: []string{"kind", "cached", "identity_version"},
		Properties: map[string]*huma.Schema{"kind": {Type: "string"}, "cached": {Type: "boolean", Description: "It was computed before, and nothing has changed since"},
			"identity_version":   {Type: "integer", Format: "int64", Description: "Of the map from identifiers to customers: it rises with merges"},
			"definition_version": {Type: "integer", Format: "int64", Description: "Of a saved insight"}},
		Description: "`kind`, `from`, `to` and `computed_at` in microseconds UTC, the part of the kind, and `meta` with what was read, hints and what was left out."}
}

type insightShape struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Kind        string    `json:"kind"`
	Spec        querySpec `json:"spec"`
	Version     int64     `json:"version" doc:"Of the question, from 1"`
	BuiltIn     string    `json:"built_in,omitempty" doc:"Set for one that came with a ready dashboard"`
	CreatedAt   int64     `json:"created_at" doc:"Microseconds UTC"`
	UpdatedAt   int64     `json:"updated_at" doc:"Microseconds UTC"`
	By          string    `json:"by" doc:"Who made it"`
}

type insightsOut struct {
	Insights []insightShape `json:"insights"`
}

type insightVersionShape struct {
	Version   int64     `json:"version"`
	Spec      querySpec `json:"spec"`
	CreatedAt int64     `json:"created_at" doc:"Microseconds UTC"`
	By        string    `json:"by"`
}

type insightVersionsOut struct {
	Versions []insightVersionShape `json:"versions" doc:"The newest 200, the latest first"`
}

type insightIn struct {
	Name        string    `json:"name" minLength:"1" maxLength:"200"`
	Description string    `json:"description,omitempty" maxLength:"2000"`
	Spec        querySpec `json:"spec"`
}

type insightChange struct {
	Name        *string    `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Description *string    `json:"description,omitempty" maxLength:"2000"`
	Spec        *querySpec `json:"spec,omitempty" doc:"Another question makes a new version"`
}

// InsightPath is the path of one saved insight.
type InsightPath struct {
	ID int64 `path:"id" minimum:"1"`
}

// Watch names a chart for GET /insights/progress/{watch}.
type Watch struct {
	Progress string `query:"progress" maxLength:"64" doc:"An id of the client's own, 8 to 64 of A-Z a-z 0-9 _ -, under which it asks for progress"`
}

type runQuery struct {
	InsightPath
	Watch
	Last string `query:"last" maxLength:"16" doc:"Replaces the range: a span such as 30d up to now"`
	From string `query:"from" maxLength:"40" doc:"Replaces the range, with to: a date or an RFC 3339 instant"`
	To   string `query:"to" maxLength:"40"`
}

type progressOut struct {
	State string `json:"state" enum:"queued,running,done,unknown"`
	Done  int64  `json:"done" doc:"Events passed"`
	Total int64  `json:"total" doc:"0 until it is known"`
}

func (a *API) insights() {
	const tag = "insights"
	handle(a, route{method: "POST", path: "/insights/run", summary: "Answer one chart from the timeline", perm: access.ReadData, tag: tag}, a.runInsight)
	handle(a, route{method: "GET", path: "/insights/progress/{watch}", summary: "How far a chart is", perm: access.ReadData, tag: tag, watch: true},
		func(_ context.Context, p *access.Principal, in *struct {
			Watch string `path:"watch" minLength:"8" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
		}) (*Body[progressOut], error) {
			g := a.Insight.Progress(p.Workspace, in.Watch)
			return body(progressOut{g.State, g.Done, g.Total})
		})
	handle(a, route{method: "GET", path: "/insights", summary: "List saved insights", perm: access.ReadData, tag: tag}, a.listInsights)
	handle(a, route{method: "POST", path: "/insights", summary: "Save an insight", perm: access.Insights, audit: "insight.create", status: http.StatusCreated, tag: tag}, a.saveInsight)
	handle(a, route{method: "GET", path: "/insights/{id}", summary: "Read a saved insight", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *InsightPath) (*Body[insightShape], error) {
			i, err := a.Insight.Insight(ctx, p.Workspace, in.ID)
			if err != nil {
				return nil, err
			}
			return insightBody(&i)
		})
	handle(a, route{method: "PATCH", path: "/insights/{id}", summary: "Change a saved insight; another question makes a new version", perm: access.Insights, audit: "insight.update", tag: tag}, a.changeInsight)
	handle(a, route{method: "DELETE", path: "/insights/{id}", summary: "Delete a saved insight that nothing uses; it can be restored for 30 days", perm: access.Insights, audit: "insight.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *InsightPath) (*None, error) {
			return nil, a.Insight.DeleteInsight(ctx, p.Workspace, in.ID)
		})
	handle(a, route{method: "POST", path: "/insights/{id}/restore", summary: "Bring back a deleted insight with its versions", perm: access.Insights, audit: "insight.restore", tag: tag},
		func(ctx context.Context, p *access.Principal, in *InsightPath) (*Body[insightShape], error) {
			i, err := a.Insight.RestoreInsight(ctx, p.Workspace, in.ID)
			if err != nil {
				return nil, err
			}
			note(ctx, 0, "name", &i.Name)
			return insightBody(&i)
		})
	handle(a, route{method: "GET", path: "/insights/{id}/versions", summary: "Versions of a saved insight", perm: access.ReadData, tag: tag}, a.insightVersions)
	handle(a, route{method: "GET", path: "/insights/{id}/run", summary: "Answer a saved insight from the timeline", perm: access.ReadData, tag: tag}, a.runSaved)
	a.insightPeople()
}

func insightOut(i *insight.Insight) (insightShape, error) {
	raw, err := json.Marshal(i.Spec)
	return insightShape{i.ID, i.Name, i.Description, string(i.Spec.Kind), querySpec{raw}, i.Version, i.BuiltIn, i.Created, i.Updated, i.By}, err
}

func insightBody(i *insight.Insight) (*Body[insightShape], error) {
	out, err := insightOut(i)
	if err != nil {
		return nil, err
	}
	return body(out)
}

func (a *API) listInsights(ctx context.Context, p *access.Principal, _ *None) (*Body[insightsOut], error) {
	list, err := a.Insight.Insights(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	out := insightsOut{Insights: make([]insightShape, len(list))}
	for i := range list {
		if out.Insights[i], err = insightOut(&list[i]); err != nil {
			return nil, err
		}
	}
	return body(out)
}

func (a *API) saveInsight(ctx context.Context, p *access.Principal, in *struct{ Body insightIn }) (*Body[insightShape], error) {
	spec, err := readQuery("spec.", in.Body.Spec.RawMessage)
	if err != nil {
		return nil, err
	}
	i, err := a.Insight.Save(ctx, p.Workspace, insight.Insight{Name: in.Body.Name, Description: in.Body.Description, Spec: spec}, p.Label())
	if err != nil {
		return nil, err
	}
	note(ctx, i.ID, "name", &i.Name)
	return insightBody(&i)
}

func (a *API) changeInsight(ctx context.Context, p *access.Principal, in *struct {
	InsightPath
	Body insightChange
}) (*Body[insightShape], error) {
	c := insight.InsightChange{Name: in.Body.Name, Description: in.Body.Description}
	if in.Body.Spec != nil {
		spec, err := readQuery("spec.", in.Body.Spec.RawMessage)
		if err != nil {
			return nil, err
		}
		c.Spec = &spec
	}
	i, err := a.Insight.ChangeInsight(ctx, p.Workspace, in.ID, c, p.Label())
	if err != nil {
		return nil, err
	}
	note(ctx, 0, "name", &i.Name, "version", &i.Version)
	return insightBody(&i)
}

func (a *API) insightVersions(ctx context.Context, p *access.Principal, in *InsightPath) (*Body[insightVersionsOut], error) {
	list, err := a.Insight.InsightVersions(ctx, p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	out := insightVersionsOut{Versions: make([]insightVersionShape, len(list))}
	for i, v := range list {
		raw, err := json.Marshal(v.Spec)
		if err != nil {
			return nil, err
		}
		out.Versions[i] = insightVersionShape{v.Version, querySpec{raw}, v.Created, v.By}
	}
	return body(out)
}

func (a *API) runInsight(ctx context.Context, p *access.Principal, in *struct {
	Watch
	Body querySpec
}) (*Body[answer], error) {
	spec, err := readQuery("", in.Body.RawMessage)
	if err != nil {
		return nil, err
	}
	return a.run(ctx, p, spec, in.Progress, 0)
}

func (a *API) runSaved(ctx context.Context, p *access.Principal, in *runQuery) (*Body[answer], error) {
	i, err := a.Insight.Insight(ctx, p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Last+in.From+in.To != "" {
		i.Spec.Range = query.Range{Last: in.Last, From: in.From, To: in.To}
	}
	return a.run(ctx, p, i.Spec, in.Progress, i.Version)
}

// run answers a question and says about the answer how it was come by.
func (a *API) run(ctx context.Context, p *access.Principal, spec query.Spec, progress string, version int64) (*Body[answer], error) {
	ask, err := a.ask(ctx, p.Workspace, spec)
	if err != nil {
		return nil, err
	}
	ask.Progress = progress
	res, err := a.Insight.Run(ctx, ask)
	if err != nil {
		return nil, err
	}
	head := []byte(`{"cached":false`)
	if res.Cached {
		head = []byte(`{"cached":true`)
	}
	head = append(append(head, `,"identity_version":`...), itoa(res.Identity)...)
	if version > 0 {
		head = append(append(head, `,"definition_version":`...), itoa(version)...)
	}
	return body(answer{append(append(head, ','), res.Raw[1:]...)})
}

// ask puts a question with the settings of a workspace.
func (a *API) ask(ctx context.Context, ws core.WorkspaceID, spec query.Spec) (insight.Ask, error) {
	w, err := a.Access.Workspace(ctx, ws)
	if err != nil {
		return insight.Ask{}, err
	}
	set, err := InsightSettings(&w)
	return insight.Ask{Workspace: ws, Spec: spec, Settings: set, Week: time.Weekday(w.WeekStart % 7)}, err
}

// readQuery reads a question strictly, naming the member at fault behind at.
func readQuery(at string, raw []byte) (spec query.Spec, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err = d.Decode(&spec)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return spec, nil
	case errors.As(err, &wrong):
		return spec, errs.Field(at+wrong.Field, "invalid_query", "%s cannot be a JSON %s", at+wrong.Field, wrong.Value)
	}
	if _, name, ok := strings.Cut(err.Error(), `unknown field "`); ok {
		name = at + strings.TrimSuffix(name, `"`)
		return spec, errs.Field(name, "unknown_member", "a query has no member of this name there")
	}
	return spec, errs.Field(at+"body", "invalid_query", "the query cannot be read: %v", err)
}
