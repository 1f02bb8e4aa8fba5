package lifecycle

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed templates/*.json templates/texts/texts.json
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

// texts gives the words of the templates in a language, by their English form;
// none for English and for languages that are not there.
func texts(lang string) (map[string]string, error) {
	raw, err := templateFiles.ReadFile("templates/texts/texts.json")
	if err != nil {
		return nil, err
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("read words of templates: %w", err)
	}
	return all[lang], nil
}

// In gives the template in a language: en, it or ro. Keys and conditions stay.
func (t Template) In(lang string) (Template, error) {
	words, err := texts(lang)
	if err != nil {
		return t, err
	}
	say := func(s string) string {
		if w, ok := words[s]; ok {
			return w
		}
		return s
	}
	t.Name, t.Description = say(t.Name), say(t.Description)
	t.Stages = slices.Clone(t.Stages)
	for i := range t.Stages {
		s := &t.Stages[i]
		s.Label, s.Description, s.Touchpoints = say(s.Label), say(s.Description), slices.Clone(s.Touchpoints)
		for j := range s.Touchpoints {
			s.Touchpoints[j] = say(s.Touchpoints[j])
		}
	}
	return t, nil
}

// FromTemplate gives the definition of a ready-made model, in English.
func FromTemplate(key string) (Definition, error) { return FromTemplateIn(key, "en") }

// FromTemplateIn gives the definition of a ready-made model with its words in a
// language.
func FromTemplateIn(key, lang string) (Definition, error) {
	all, err := Templates()
	if err != nil {
		return Definition{}, err
	}
	for _, t := range all {
		if t.Key == key {
			if t, err = t.In(lang); err != nil {
				return Definition{}, err
			}
			return Definition{Key: t.Key, Name: t.Name, Stages: t.Stages}, nil
		}
	}
	return Definition{}, errs.Field("template", "unknown_template", "there is no template %q", key)
}
