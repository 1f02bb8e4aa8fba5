package lifecycle

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Stage is one stage of a model.
type Stage struct {
	Key         string    `json:"key" maxLength:"64" doc:"Stable name, lower case letters, digits and _"`
	Label       string    `json:"label" maxLength:"100"`
	Description string    `json:"description,omitempty" maxLength:"1000"`
	Color       string    `json:"color,omitempty" maxLength:"32"`
	OffPath     bool      `json:"off_path,omitempty" doc:"Beside the path: dormant, lost"`
	When        expr.Node `json:"when" doc:"The stage holds while this condition holds and no later stage's does"`
	MinStay     string    `json:"min_stay,omitempty" doc:"Span such as 24h during which a customer does not leave"`
	Touchpoints []string  `json:"touchpoints,omitempty" maxItems:"50"`
	KPIs        []string  `json:"kpis,omitempty" maxItems:"50"`
}

// Definition is the content of a model's version.
type Definition struct {
	Key    string  `json:"key,omitempty" maxLength:"64"`
	Name   string  `json:"name" minLength:"1" maxLength:"100"`
	Stages []Stage `json:"stages" minItems:"1" maxItems:"40"`
}

// Model is a stage model with its current version.
type Model struct {
	ID        int64       `json:"id"`
	Key       string      `json:"key"`
	Name      string      `json:"name"`
	Template  string      `json:"template"`
	Version   int64       `json:"version"`
	IsDefault bool        `json:"is_default"`
	Stages    []Stage     `json:"stages"`
	CreatedAt core.Micros `json:"-"`
	UpdatedAt core.Micros `json:"-"`
	Machine   int64       `json:"-"`
	Building  bool        `json:"building" doc:"A newer version is being computed over history"`
}

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Check says what is wrong with a definition, naming the field.
func (d *Definition) Check() error {
	if strings.TrimSpace(d.Name) == "" {
		return errs.Field("name", "missing_name", "a stage model needs a name")
	}
	if len(d.Stages) == 0 || len(d.Stages) > 40 {
		return errs.Field("stages", "bad_stages", "a stage model has 1 to 40 stages, this one has %d", len(d.Stages))
	}
	seen := map[string]bool{}
	off := false
	for i := range d.Stages {
		s := &d.Stages[i]
		field := fmt.Sprintf("stages[%d]", i)
		if !keyForm.MatchString(s.Key) {
			return errs.Field(field+".key", "bad_key", "stage key %q must be lower case letters, digits and _, and begin with a letter", s.Key)
		}
		if seen[s.Key] {
			return errs.Field(field+".key", "duplicate_key", "stage key %q stands twice", s.Key)
		}
		seen[s.Key] = true
		if strings.TrimSpace(s.Label) == "" {
			return errs.Field(field+".label", "missing_label", "stage %q needs a label", s.Key)
		}
		if off && !s.OffPath {
			return errs.Field(field+".off_path", "bad_order", "off-path stages stand after all stages of the path")
		}
		off = s.OffPath
		if err := s.When.Check(); err != nil {
			return errs.Field(field+".when", "bad_condition", "condition of stage %q: %v", s.Key, err)
		}
		if s.MinStay != "" && s.MinStay != "0s" {
			if _, err := expr.ParseSpan(s.MinStay); err != nil {
				return errs.Field(field+".min_stay", "bad_span", "%v", err)
			}
		}
	}
	for i := range d.Stages {
		if was := missing(&d.Stages[i].When, seen); was != "" {
			return errs.Field(fmt.Sprintf("stages[%d].when", i), "unknown_stage", "the condition names stage %q, which is not in the model", was)
		}
	}
	if _, err := compile(0, d, expr.UTC()); err != nil {
		return errs.Field("stages", "bad_condition", "%v", err)
	}
	return nil
}

func missing(n *expr.Node, known map[string]bool) string {
	if n.Stage != nil && !known[n.Stage.Was] {
		return n.Stage.Was
	}
	if n.Not != nil {
		return missing(n.Not, known)
	}
	for _, group := range [2][]expr.Node{n.All, n.Any} {
		for i := range group {
			if was := missing(&group[i], known); was != "" {
				return was
			}
		}
	}
	return ""
}
