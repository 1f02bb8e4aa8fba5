package lifecycle

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed templates/*.json
var templateFiles embed.FS

// Template is a ready-made model.
type Template struct {
	Key         string  `json:"key"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Industry    string  `json:"industry" enum:"commerce,saas,b2b"`
	Stages      []Stage `json:"stages"`
}

// Templates gives the ready-made models in their fixed order.
func Templates() ([]Template, error) {
	names, err := fs.Glob(templateFiles, "templates/*.json")
	if err != nil {
		return nil, err
	}
	out := make([]Template, 0, len(names))
	for _, n := range names {
		raw, err := templateFiles.ReadFile(n)
		if err != nil {
			return nil, err
		}
		var t Template
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, fmt.Errorf("read template %s: %w", n, err)
		}
		out = append(out, t)
	}
	return out, nil
}

// FromTemplate gives the definition of a ready-made model.
func FromTemplate(key string) (Definition, error) {
	all, err := Templates()
	if err != nil {
		return Definition{}, err
	}
	for _, t := range all {
		if t.Key == key {
			return Definition{Key: t.Key, Name: t.Name, Stages: t.Stages}, nil
		}
	}
	return Definition{}, errs.Field("template", "unknown_template", "there is no template %q", key)
}
