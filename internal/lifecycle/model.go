package lifecycle

import (
	"errors"
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
			return ConditionError(i, err)
		}
		if s.MinStay != "" && s.MinStay != "0s" {
			if _, err := expr.ParseSpan(s.MinStay); err != nil {
				return errs.Field(field+".min_stay", "bad_span", "%v", err)
			}
		}
	}
	for i := range d.Stages {
		if err := foreign(&d.Stages[i].When, "$", seen); err != nil {
			return ConditionError(i, err)
		}
	}
	if _, err := compile(0, d, expr.UTC()); err != nil {
		return errs.Field("stages", "bad_condition", "%v", err)
	}
	return nil
}

// ConditionError names the place of what is wrong with the condition of stage i.
func ConditionError(i int, err error) error {
	field := fmt.Sprintf("stages[%d].when", i)
	var at *expr.Error
	if errors.As(err, &at) {
		return errs.Field(field+strings.TrimPrefix(at.Path, "$"), "bad_condition", "%v", at.What)
	}
	return errs.Field(field, "bad_condition", "%v", err)
}

// foreign finds what a condition of a model names that is not in the model:
// segments and scores rest on models, so a model cannot rest on them.
func foreign(n *expr.Node, path string, known map[string]bool) error {
	switch {
	case n.Segment != nil:
		return expr.Bad(path+".segment.key", "a stage model cannot name segments, which rest on it")
	case n.RFM != nil:
		return expr.Bad(path+".rfm", "a stage model cannot name scores, which are taken after it")
	case n.Stage != nil && (n.Stage.Was == "" || n.Stage.Model != ""):
		return expr.Bad(path+".stage", "in a stage model a condition can only say which of its stages the customer has been in")
	case n.Stage != nil && !known[n.Stage.Was]:
		return expr.Bad(path+".stage", "names stage %q, which is not in the model", n.Stage.Was)
	case n.Not != nil:
		return foreign(n.Not, path+".not", known)
	}
	for name, group := range map[string][]expr.Node{"all": n.All, "any": n.Any} {
		for i := range group {
			if err := foreign(&group[i], fmt.Sprintf("%s.%s[%d]", path, name, i), known); err != nil {
				return err
			}
		}
	}
	return nil
}
