package httpapi

import (
	"context"
	"net/http"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/insight"
)

type annotationShape struct {
	ID    int64  `json:"id"`
	At    int64  `json:"at" doc:"Microseconds UTC"`
	Until *int64 `json:"until,omitempty" doc:"Left out: a moment"`
	Text  string `json:"text"`
	By    string `json:"by"`
}

type annotationIn struct {
	At    int64  `json:"at" doc:"Microseconds UTC"`
	Until int64  `json:"until,omitempty" doc:"0 or left out: a moment"`
	Text  string `json:"text" minLength:"1" maxLength:"500"`
}

type annotationChange struct {
	At    *int64  `json:"at,omitempty"`
	Until *int64  `json:"until,omitempty" doc:"0: a moment"`
	Text  *string `json:"text,omitempty" minLength:"1" maxLength:"500"`
}

type annotationsIn struct {
	From int64 `query:"from" doc:"Microseconds UTC; those that the span from from to to touches; 0 or left out: open"`
	To   int64 `query:"to"`
}

type annotationsOut struct {
	Annotations []annotationShape `json:"annotations" doc:"In the order of time, at most 2,000"`
}

// AnnotationPath is the path of one annotation.
type AnnotationPath struct {
	ID int64 `path:"id" minimum:"1"`
}

func annotationOut(n *insight.Annotation) annotationShape {
	out := annotationShape{ID: n.ID, At: n.At, Text: n.Text, By: n.By}
	if n.Until != 0 {
		out.Until = &n.Until
	}
	return out
}

func (a *API) annotations() {
	const tag = "annotations"
	handle(a, route{method: "GET", path: "/annotations", summary: "Notes on the axis of time", perm: access.ReadData, tag: tag},
		func(ctx context.Context, p *access.Principal, in *annotationsIn) (*Body[annotationsOut], error) {
			list, err := a.Insight.Annotations(ctx, p.Workspace, in.From, in.To)
			if err != nil {
				return nil, err
			}
			out := annotationsOut{Annotations: make([]annotationShape, len(list))}
			for i := range list {
				out.Annotations[i] = annotationOut(&list[i])
			}
			return body(out)
		})
	handle(a, route{method: "POST", path: "/annotations", summary: "Write a note on the axis of time", perm: access.Insights, audit: "annotation.create", status: http.StatusCreated, tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct{ Body annotationIn }) (*Body[annotationShape], error) {
			n, err := a.Insight.Annotate(ctx, p.Workspace, insight.Annotation{At: in.Body.At, Until: in.Body.Until, Text: in.Body.Text}, p.Label())
			if err != nil {
				return nil, err
			}
			note(ctx, n.ID)
			return body(annotationOut(&n))
		})
	handle(a, route{method: "PATCH", path: "/annotations/{id}", summary: "Change a note", perm: access.Insights, audit: "annotation.update", tag: tag},
		func(ctx context.Context, p *access.Principal, in *struct {
			AnnotationPath
			Body annotationChange
		}) (*Body[annotationShape], error) {
			n, err := a.Insight.ChangeAnnotation(ctx, p.Workspace, in.ID, insight.AnnotationChange{At: in.Body.At, Until: in.Body.Until, Text: in.Body.Text})
			if err != nil {
				return nil, err
			}
			return body(annotationOut(&n))
		})
	handle(a, route{method: "DELETE", path: "/annotations/{id}", summary: "Delete a note", perm: access.Insights, audit: "annotation.delete", status: http.StatusNoContent, tag: tag},
		func(ctx context.Context, p *access.Principal, in *AnnotationPath) (*None, error) {
			return nil, a.Insight.DeleteAnnotation(ctx, p.Workspace, in.ID)
		})
}
