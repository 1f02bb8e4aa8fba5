package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/engine/query"
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
	return &huma.Schema{Type: "object", AdditionalProperties: true,
		Description: "`kind`, `from`, `to` and `computed_at` in microseconds UTC, the part of the kind, and `meta` with what was read, hints and what was left out."}
}

func (a *API) insights() {
	handle(a, route{method: "POST", path: "/insights/run", summary: "Answer one chart from the timeline", perm: access.ReadData, tag: "insights"}, a.runInsight)
	a.insightPeople()
}

func (a *API) runInsight(ctx context.Context, p *access.Principal, in *struct{ Body querySpec }) (*Body[answer], error) {
	spec, err := readQuery(in.Body.RawMessage)
	if err != nil {
		return nil, err
	}
	w, err := a.Access.Workspace(ctx, p.Workspace)
	if err != nil {
		return nil, err
	}
	set, err := insightSettings(&w)
	if err != nil {
		return nil, err
	}
	res, err := a.Insight.Query(ctx, p.Workspace, spec, set, time.Weekday(w.WeekStart%7))
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(res)
	if err != nil {
		return nil, err
	}
	return body(answer{raw})
}

// readQuery reads a question strictly, naming the member at fault.
func readQuery(raw []byte) (spec query.Spec, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err = d.Decode(&spec)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return spec, nil
	case errors.As(err, &wrong):
		return spec, errs.Field(wrong.Field, "invalid_query", "%s cannot be a JSON %s", wrong.Field, wrong.Value)
	}
	if _, name, ok := strings.Cut(err.Error(), `unknown field "`); ok {
		name = strings.TrimSuffix(name, `"`)
		return spec, errs.Field(name, "unknown_member", "a query has no member of this name there")
	}
	return spec, errs.Field("body", "invalid_query", "the query cannot be read: %v", err)
}
