package app_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/edge/httpapi"
)

// apiDoc is the served description, as far as the tests read it.
type apiDoc struct {
	Paths      map[string]map[string]*operation
	Components struct{ Schemas map[string]*schema }
}

type operation struct {
	Description string
	Security    *[]map[string][]string
	Parameters  []parameter
	RequestBody *struct {
		Required bool
		Content  map[string]struct{ Schema *schema }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema *schema }
	}
}

type parameter struct {
	Name, In string
	Required bool
	Schema   *schema
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any    // a name, or a list of names
	Format               string
	Properties           map[string]*schema
	Required             []string
	AdditionalProperties json.RawMessage
	Items                *schema
	AnyOf                []*schema
	Enum                 []any
	Minimum, Maximum     *float64
	MinLength, MaxLength *int
	MaxItems             *int
}

func readDoc(t testing.TB, api *httpapi.API) *apiDoc {
	t.Helper()
	raw, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	d := &apiDoc{}
	if err := json.Unmarshal(raw, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// follow gives the schema behind a reference.
func (d *apiDoc) follow(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

func (s *schema) types() []string {
	switch t := s.Type.(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, x := range t {
			out = append(out, fmt.Sprint(x))
		}
		return out
	}
	return nil
}

// check tells how a decoded JSON value breaks a schema.
func (d *apiDoc) check(s *schema, v any, at string) []string {
	if s == nil {
		return nil
	}
	if s.Ref != "" {
		if s = d.follow(s); s == nil {
			return []string{at + ": the reference leads nowhere"}
		}
	}
	if s.AnyOf != nil {
		var all []string
		for _, way := range s.AnyOf {
			wrong := d.check(way, v, at)
			if len(wrong) == 0 {
				return nil
			}
			all = append(all, wrong...)
		}
		return all
	}
	if types := s.types(); types != nil && !slices.Contains(types, kindOf(v)) && (kindOf(v) != "integer" || !slices.Contains(types, "number")) {
		return []string{fmt.Sprintf("%s: is %s, documented %v", at, kindOf(v), types)}
	}
	if s.Enum != nil && v != nil && !slices.Contains(s.Enum, v) {
		return []string{fmt.Sprintf("%s: %v is none of %v", at, v, s.Enum)}
	}
	switch x := v.(type) {
	case map[string]any:
		return d.checkObject(s, x, at)
	case []any:
		var out []string
		for i, e := range x {
			out = append(out, d.check(s.Items, e, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return out
	case string:
		if s.Format == "date-time" {
			if _, err := time.Parse(time.RFC3339, x); err != nil {
				return []string{at + ": is not a time"}
			}
		}
		if s.MaxLength != nil && utf8.RuneCountInString(x) > *s.MaxLength {
			return []string{at + ": is longer than documented"}
		}
	case float64:
		if s.Minimum != nil && x < *s.Minimum || s.Maximum != nil && x > *s.Maximum {
			return []string{at + ": lies outside of the documented bounds"}
		}
	}
	return nil
}

func (d *apiDoc) checkObject(s *schema, x map[string]any, at string) []string {
	var out []string
	for _, name := range s.Required {
		if _, ok := x[name]; !ok {
			out = append(out, at+"."+name+": is missing")
		}
	}
	for name, v := range x {
		p, ok := s.Properties[name]
		switch {
		case ok:
			out = append(out, d.check(p, v, at+"."+name)...)
		case string(s.AdditionalProperties) == "false":
			out = append(out, at+"."+name+": is not documented")
		case len(s.AdditionalProperties) > 0 && s.AdditionalProperties[0] == '{':
			var more schema
			if err := json.Unmarshal(s.AdditionalProperties, &more); err != nil {
				return append(out, at+": "+err.Error())
			}
			out = append(out, d.check(&more, v, at+"."+name)...)
		}
	}
	return out
}

func kindOf(v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if x == math.Trunc(x) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// TestSchemaCheck keeps the check itself honest.
func TestSchemaCheck(t *testing.T) {
	t.Parallel()
	d := &apiDoc{}
	raw := `{"type":"object","required":["a"],"additionalProperties":false,"properties":{"a":{"type":"integer","minimum":1},
"b":{"type":["string","null"],"format":"date-time"},"c":{"type":"array","items":{"type":"string","enum":["x"]}},"d":{"type":"object","additionalProperties":{"type":"integer"}},
"f":{"anyOf":[{"type":"boolean"},{"type":"null"}]}}}`
	var s schema
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		`{"a":1}`: 0, `{"a":1,"b":null,"c":["x"],"d":{"k":2}}`: 0, `{}`: 1, `[]`: 1, `{"a":"1"}`: 1, `{"a":0}`: 1, `{"a":1.5}`: 1, `{"a":1,"e":1}`: 1,
		`{"a":1,"b":"now"}`: 1, `{"a":1,"c":["y",3]}`: 2, `{"a":1,"d":{"k":"v"}}`: 1,
		`{"a":1,"f":null}`: 0, `{"a":1,"f":true}`: 0, `{"a":1,"f":"x"}`: 2,
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if got := d.check(&s, v, "$"); len(got) != want {
			t.Errorf("%s: %v, want %d", text, got, want)
		}
	}
}
