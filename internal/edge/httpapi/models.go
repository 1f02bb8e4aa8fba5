package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/danielgtaylor/huma/v2"
)

// condition is an expr.Node in a request or answer, described loosely since it
// nests.
type condition struct{ json.RawMessage }

// Schema says that a condition is an object; its form is in the documentation.
func (condition) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: true, Description: "A condition: exactly one of all, any, not, trait, did, lapse, stage"}
}

type stageShape struct {
	Key         string    `json:"key" maxLength:"64"`
	Label       string    `json:"label" maxLength:"100"`
	Description string    `json:"description,omitempty" maxLength:"1000"`
	Color       string    `json:"color,omitempty" maxLength:"32"`
	OffPath     bool      `json:"off_path,omitempty"`
	When        condition `json:"when"`
	MinStay     string    `json:"min_stay,omitempty" maxLength:"16"`
	Touchpoints []string  `json:"touchpoints,omitempty" maxItems:"50"`
	KPIs        []string  `json:"kpis,omitempty" maxItems:"50"`
	Sentence    string    `json:"sentence,omitempty" doc:"The condition in words"`
}

type modelShape struct {
	ID        int64        `json:"id"`
	Key       string       `json:"key"`
	Name      string       `json:"name"`
	Template  string       `json:"template"`
	Version   int64        `json:"version"`
	IsDefault bool         `json:"is_default"`
	Building  bool         `json:"building" doc:"A newer version is being computed over history"`
	Stages    []stageShape `json:"stages"`
	UpdatedAt *jtime       `json:"updated_at"`
}

type definitionIn struct {
	Template string       `json:"template,omitempty" doc:"Key of a template; then the other fields may be left out" maxLength:"64"`
	Key      string       `json:"key,omitempty" maxLength:"64"`
	Name     string       `json:"name,omitempty" maxLength:"100"`
	Stages   []stageShape `json:"stages,omitempty" maxItems:"40"`
}

func stagesOut(stages []lifecycle.Stage, lang string) []stageShape {
	out := make([]stageShape, len(stages))
	for i, s := range stages {
		when, _ := json.Marshal(s.When) //nolint:errcheck // a checked node encodes
		out[i] = stageShape{s.Key, s.Label, s.Description, s.Color, s.OffPath, condition{when}, s.MinStay, s.Touchpoints, s.KPIs, expr.Sentence(&s.When, lang)}
	}
	return out
}

func modelOut(m lifecycle.Model, lang string) modelShape {
	return modelShape{m.ID, m.Key, m.Name, m.Template, m.Version, m.IsDefault, m.Building, stagesOut(m.Stages, lang), when(m.UpdatedAt)}
}

// definition reads a definition, its template filled in with the words of lang.
func (in *definitionIn) definition(lang string) (lifecycle.Definition, error) {
	var d lifecycle.Definition
	if in.Template != "" {
		t, err := lifecycle.FromTemplateIn(in.Template, lang)
		if err != nil {
			return d, err
		}
		d = t
	}
	if in.Key != "" {
		d.Key = in.Key
	}
	if in.Name != "" {
		d.Name = in.Name
	}
	if in.Stages == nil {
		return d, nil
	}
	d.Stages = make([]lifecycle.Stage, len(in.Stages))
	for i, s := range in.Stages {
		n, err := expr.Parse(s.When.RawMessage)
		if err != nil {
			return d, lifecycle.ConditionError(i, err)
		}
		d.Stages[i] = lifecycle.Stage{Key: s.Key, Label: s.Label, Description: s.Description, Color: s.Color, OffPath: s.OffPath,
			When: *n, MinStay: s.MinStay, Touchpoints: s.Touchpoints, KPIs: s.KPIs}
	}
	return d, nil
}

// ModelID is the path of one stage model.
type ModelID struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) models() {
	const tag = "stage models"
	handle(a, route{method: "GET", path: "/stage-models", summary: "List stage models", perm: access.ReadData, tag: tag},
		func(_ context.Context, p *access.Principal, _ *None) (*Body[struct {
			Models []modelShape `json:"models"`
		}], error) {
			var out struct {
				Models []modelShape `json:"models"`
			}
			out.Models = []modelShape{}
			for _, m := range a.Lifecycle.Models(p.Workspace) {
				out.Models = append(out.Models, modelOut(m, p.Locale))
			}
			return body(out)
		})
	handle(a, route{method: "GET", path: "/stage-models/templates", summary: "List ready-made stage models", perm: access.ReadData, tag: tag}, a.templates)
	handle(a, route{method: "POST", path: "/stage-models", summary: "Make a stage model from a template or a definition; it is computed over history", perm: access.Design, audit: "stage_model.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body definitionIn }) (*Body[modelShape], error) {
			d, err := in.Body.definition(p.Locale)
			if err != nil {
				return nil, err
			}
			m, err := a.Lifecycle.Create(ctx, p.Workspace, d, in.Body.Template, p.Label())
			if err != nil {
				return nil, err
			}
			note(ctx, m.ID, "name", &m.Name)
			return body(modelOut(m, p.Locale))
		})
	handle(a, route{method: "GET", path: "/stage-models/{id}", summary: "Read a stage model", perm: access.ReadData, tag: tag},
		func(_ context.Context, p *access.Principal, in *ModelID) (*Body[modelShape], error) {
			m, err := a.Lifecycle.Model(p.Workspace, in.ID)
			if err != nil {
				return nil, err
			}
			return body(modelOut(m, p.Locale))
		})
	handle(a, route{method: "PUT", path: "/stage-models/{id}", summary: "Save a new version of a stage model; it serves once computed over history", perm: access.Design, audit: "stage_model.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			ModelID
			Body definitionIn
		}) (*Body[struct {
			ID      int64 `json:"id"`
			Version int64 `json:"version"`
		}], error) {
			d, err := in.Body.definition(p.Locale)
			if err != nil {
				return nil, err
			}
			v, err := a.Lifecycle.Update(ctx, p.Workspace, in.ID, d, p.Label())
			if err != nil {
				return nil, err
			}
			return body(struct {
				ID      int64 `json:"id"`
				Version int64 `json:"version"`
			}{in.ID, v})
		})
	handle(a, route{method: "DELETE", path: "/stage-models/{id}", summary: "Delete a stage model", perm: access.Design, audit: "stage_model.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *ModelID) (*None, error) {
			return nil, a.Lifecycle.Delete(ctx, p.Workspace, in.ID)
		})
	handle(a, route{method: "GET", path: "/stage-models/{id}/versions", summary: "Versions of a stage model", perm: access.ReadData, tag: tag}, a.versions)
	handle(a, route{method: "POST", path: "/stage-models/{id}/preview", summary: "Effect of a definition before it is saved (id 0: compared with nothing)", perm: access.ReadData, tag: tag}, a.preview)
	handle(a, route{method: "POST", path: "/expr/describe", summary: "Check a condition and put it into words", perm: access.ReadData, tag: tag},
		func(_ context.Context, p *access.Principal, in *struct {
			Body struct {
				Condition condition `json:"condition"`
				Locale    string    `json:"locale,omitempty" enum:"en,it,ro"`
			}
		}) (*Body[struct {
			Sentence string `json:"sentence"`
		}], error) {
			n, err := parseAt("condition", in.Body.Condition.RawMessage)
			if err != nil {
				return nil, err
			}
			lang := in.Body.Locale
			if lang == "" {
				lang = p.Locale
			}
			return body(struct {
				Sentence string `json:"sentence"`
			}{expr.Sentence(n, lang)})
		})
}

type templateShape struct {
	Key         string       `json:"key"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Industry    string       `json:"industry"`
	Stages      []stageShape `json:"stages"`
}

func (a *API) templates(_ context.Context, p *access.Principal, _ *None) (*Body[struct {
	Templates []templateShape `json:"templates"`
}], error) {
	all, err := lifecycle.Templates()
	if err != nil {
		return nil, err
	}
	var out struct {
		Templates []templateShape `json:"templates"`
	}
	for _, t := range all {
		if t, err = t.In(p.Locale); err != nil {
			return nil, err
		}
		out.Templates = append(out.Templates, templateShape{t.Key, t.Name, t.Description, t.Industry, stagesOut(t.Stages, p.Locale)})
	}
	return body(out)
}

type versionShape struct {
	Version   int64        `json:"version"`
	Status    string       `json:"status" doc:"building, live or retired"`
	Name      string       `json:"name"`
	Stages    []stageShape `json:"stages"`
	By        string       `json:"by"`
	CreatedAt *jtime       `json:"created_at"`
}

func (a *API) versions(ctx context.Context, p *access.Principal, in *ModelID) (*Body[struct {
	Versions []versionShape `json:"versions"`
}], error) {
	if _, err := a.Lifecycle.Model(p.Workspace, in.ID); err != nil {
		return nil, err
	}
	list, err := a.Lifecycle.Versions(ctx, p.Workspace, in.ID)
	if err != nil {
		return nil, err
	}
	var out struct {
		Versions []versionShape `json:"versions"`
	}
	for _, v := range list {
		out.Versions = append(out.Versions, versionShape{v.Version, v.Status, v.Definition.Name, stagesOut(v.Definition.Stages, p.Locale), v.ByUser, when(v.CreatedAt)})
	}
	return body(out)
}

type previewOut struct {
	Stages []previewStage `json:"stages"`
	None   struct {
		Before int64 `json:"before"`
		After  int64 `json:"after"`
	} `json:"none"`
	Moves     []previewMove `json:"moves"`
	Evaluated int64         `json:"evaluated"`
	TookMS    float64       `json:"took_ms"`
}

type previewStage struct {
	Key    string `json:"key"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Holds  int64  `json:"holds" doc:"Customers for whom the stage's condition holds, whatever stage they are in"`
}

type previewMove struct {
	From      string `json:"from" doc:"Empty: no stage"`
	To        string `json:"to"`
	Customers int64  `json:"customers"`
}

func (a *API) preview(ctx context.Context, p *access.Principal, in *struct {
	ID   int64 `path:"id" minimum:"0"`
	Body definitionIn
}) (*Body[previewOut], error) {
	d, err := in.Body.definition(p.Locale)
	if err != nil {
		return nil, err
	}
	var m lifecycle.Model
	if in.ID != 0 {
		if m, err = a.Lifecycle.Model(p.Workspace, in.ID); err != nil {
			return nil, err
		}
	}
	r, err := a.Lifecycle.Preview(ctx, p.Workspace, m, &d)
	if err != nil {
		return nil, err
	}
	out := previewOut{Stages: []previewStage{}, Moves: []previewMove{}, Evaluated: r.Evaluated, TookMS: float64(r.Took.Microseconds()) / 1000}
	out.None.Before, out.None.After = r.Before[""], r.After[""]
	seen := map[string]bool{}
	for i, s := range d.Stages {
		seen[s.Key] = true
		out.Stages = append(out.Stages, previewStage{s.Key, r.Before[s.Key], r.After[s.Key], r.Holds[i]})
	}
	for _, s := range m.Stages {
		if !seen[s.Key] {
			out.Stages = append(out.Stages, previewStage{s.Key, r.Before[s.Key], 0, 0})
		}
	}
	for from, tos := range r.Moves {
		for to, n := range tos {
			out.Moves = append(out.Moves, previewMove{from, to, n})
		}
	}
	sortMoves(out.Moves)
	return body(out)
}

func customerID(id int64) core.CustomerID { return core.CustomerID(id) }
