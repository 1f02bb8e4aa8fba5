package inbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// schema is the part of JSON Schema that tracking plans use: type, enum, const,
// required, properties, items, pattern, lengths and bounds. Other keywords have
// no effect; $ref is refused, as nothing is fetched.
type schema struct {
	types      []string
	enum       [][]byte
	required   []string
	properties map[string]*schema
	items      *schema
	pattern    *regexp.Regexp
	minLen     *int
	maxLen     *int
	minimum    *float64
	maximum    *float64
	closed     bool // additionalProperties is false
}

type schemaText struct {
	Type       json.RawMessage            `json:"type"`
	Enum       []json.RawMessage          `json:"enum"`
	Const      json.RawMessage            `json:"const"`
	Required   []string                   `json:"required"`
	Properties map[string]json.RawMessage `json:"properties"`
	Items      json.RawMessage            `json:"items"`
	Pattern    string                     `json:"pattern"`
	MinLength  *int                       `json:"minLength"`
	MaxLength  *int                       `json:"maxLength"`
	Minimum    *float64                   `json:"minimum"`
	Maximum    *float64                   `json:"maximum"`
	Additional json.RawMessage            `json:"additionalProperties"`
	Ref        string                     `json:"$ref"`
}

func planError(field, format string, args ...any) error {
	return errs.Field("settings.plan."+field, CodeInvalidPlan, format, args...)
}

func compileSchema(field string, raw json.RawMessage) (*schema, error) {
	return compileSchemaAt(field, raw, 0)
}

func compileSchemaAt(field string, raw json.RawMessage, depth int) (*schema, error) {
	if depth > maxDepth {
		return nil, planError(field, "the schema is nested too deep")
	}
	var t schemaText
	if err := json.Unmarshal(raw, &t); err != nil {
		return nil, planError(field, "the schema cannot be read: %s", err)
	}
	if t.Ref != "" {
		return nil, planError(field, "$ref is not supported")
	}
	s := &schema{required: t.Required, minLen: t.MinLength, maxLen: t.MaxLength, minimum: t.Minimum, maximum: t.Maximum}
	s.closed = string(bytes.TrimSpace(t.Additional)) == "false"
	var err error
	if s.types, err = schemaTypes(field, t.Type); err != nil {
		return nil, err
	}
	if len(t.Const) > 0 {
		t.Enum = append(t.Enum, t.Const)
	}
	for _, e := range t.Enum {
		var b bytes.Buffer
		if err := json.Compact(&b, e); err != nil {
			return nil, planError(field, "enum cannot be read: %s", err)
		}
		s.enum = append(s.enum, b.Bytes())
	}
	if t.Pattern != "" {
		if s.pattern, err = regexp.Compile(t.Pattern); err != nil {
			return nil, planError(field, "pattern: %s", err)
		}
	}
	if len(t.Properties) > 0 {
		s.properties = map[string]*schema{}
	}
	for name, sub := range t.Properties {
		if s.properties[name], err = compileSchemaAt(field+"."+name, sub, depth+1); err != nil {
			return nil, err
		}
	}
	if len(t.Items) > 0 {
		if s.items, err = compileSchemaAt(field+".items", t.Items, depth+1); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func schemaTypes(field string, raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var one string
	var many []string
	if json.Unmarshal(raw, &one) == nil {
		many = []string{one}
	} else if err := json.Unmarshal(raw, &many); err != nil {
		return nil, planError(field, "type must be text or a list of texts")
	}
	for _, t := range many {
		if !slices.Contains([]string{"string", "number", "integer", "boolean", "object", "array", "null"}, t) {
			return nil, planError(field, "unknown type %q", t)
		}
	}
	return many, nil
}

// fault is one way in which properties break a schema. property is the
// outermost name at fault, "" when something is missing.
type fault struct {
	property  string
	path      string
	what      *errs.Text
	unplanned bool
}

func (f fault) String() string {
	if f.path == "" {
		return f.what.Error()
	}
	return f.path + " " + f.what.Error()
}

// maxFaults bounds what is collected for one event.
const maxFaults = 100

// faults checks the properties of an event. With own set, properties that the
// schema does not name count as unplanned.
func (s *schema) faults(props []byte, own bool) []fault {
	c := &checker{own: own}
	c.value(s, props, "", "")
	return c.found
}

type checker struct {
	own   bool
	found []fault
}

func (c *checker) add(f fault) {
	if len(c.found) < maxFaults {
		c.found = append(c.found, f)
	}
}

func (c *checker) value(s *schema, raw []byte, top, path string) {
	if !s.typeFits(raw) {
		c.add(fault{property: top, path: path, what: errs.Say("must be %s", strings.Join(s.types, ", "))})
		return
	}
	if s.enum != nil && !s.listed(raw) {
		c.add(fault{property: top, path: path, what: errs.Say("is not one of the allowed values")})
	}
	switch raw[0] {
	case '"':
		c.text(s, textOf(raw), top, path)
	case '{':
		c.object(s, raw, top, path)
	case '[':
		if s.items != nil {
			for i, e := range elements(raw) {
				c.value(s.items, e, top, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	default:
		c.number(s, raw, top, path)
	}
}

func (c *checker) text(s *schema, text, top, path string) {
	n := utf8.RuneCountInString(text)
	if s.pattern != nil && !s.pattern.MatchString(text) {
		c.add(fault{property: top, path: path, what: errs.Say("does not match the pattern")})
	}
	if s.minLen != nil && n < *s.minLen || s.maxLen != nil && n > *s.maxLen {
		c.add(fault{property: top, path: path, what: errs.Say("has a length outside the bounds")})
	}
}

func (c *checker) number(s *schema, raw []byte, top, path string) {
	if s.minimum == nil && s.maximum == nil {
		return
	}
	v, ok := core.ParseJSON(raw)
	if ok && v.Kind == core.ValueNumber && (s.minimum != nil && v.Num < *s.minimum || s.maximum != nil && v.Num > *s.maximum) {
		c.add(fault{property: top, path: path, what: errs.Say("lies outside the bounds")})
	}
}

func (c *checker) object(s *schema, raw []byte, top, path string) {
	present := map[string]bool{}
	for w := walk(raw); w.next(); {
		name := unquote(w.key)
		present[name] = true
		at, outer := name, name
		if path != "" {
			at, outer = path+"."+name, top
		}
		if sub := s.properties[name]; sub != nil {
			c.value(sub, w.val, outer, at)
		} else if s.closed || c.own && path == "" && s.properties != nil {
			c.add(fault{property: outer, path: at, what: errs.Say("is not in the plan"), unplanned: true})
		}
	}
	for _, name := range s.required {
		if !present[name] {
			at := name
			if path != "" {
				at = path + "." + name
			}
			c.add(fault{path: at, property: top, what: errs.Say("is missing")})
		}
	}
}

func (s *schema) listed(raw []byte) bool {
	return slices.ContainsFunc(s.enum, func(e []byte) bool {
		return bytes.Equal(e, raw) || e[0] == '"' && raw[0] == '"' && textOf(e) == textOf(raw)
	})
}

func (s *schema) typeFits(raw []byte) bool {
	if len(s.types) == 0 {
		return true
	}
	kind := "number"
	switch raw[0] {
	case '"':
		kind = "string"
	case '{':
		kind = "object"
	case '[':
		kind = "array"
	case 't', 'f':
		kind = "boolean"
	case 'n':
		kind = "null"
	}
	for _, t := range s.types {
		if t == kind || t == "integer" && kind == "number" && !bytes.ContainsAny(raw, ".eE") {
			return true
		}
	}
	return false
}
