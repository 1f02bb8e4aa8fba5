package segment

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Kinds of segments.
const (
	Dynamic = "dynamic" // a condition
	Static  = "static"  // a list that users keep
)

// Definition is the content of a segment's version.
type Definition struct {
	Key         string     `json:"key,omitempty"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Kind        string     `json:"kind"`
	When        *expr.Node `json:"when,omitempty"` // of a dynamic one
}

// Segment is a segment with its current version.
type Segment struct {
	ID          int64
	Key         string
	Name        string
	Description string
	Kind        string
	Version     int64
	When        *expr.Node // as written; of a static one the condition of being on the list
	By          string
	CreatedAt   core.Micros
	UpdatedAt   core.Micros
	Machine     int64
	Building    bool // a newer version is being computed over history
	Filling     bool // customers are still being put on its list
}

// Limits of a workspace.
const (
	MaxSegments    = 1000
	maxName        = 100
	maxDescription = 1000
)

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Check says what is wrong with a definition, naming the field.
func (d *Definition) Check() error {
	if d.Key != "" && !keyForm.MatchString(d.Key) {
		return errs.Field("key", "bad_key", "key %q must be lower case letters, digits and _, and begin with a letter", d.Key)
	}
	if strings.TrimSpace(d.Name) == "" || len([]rune(d.Name)) > maxName {
		return errs.Field("name", "missing_name", "a segment needs a name of up to %d characters", maxName)
	}
	if len([]rune(d.Description)) > maxDescription {
		return errs.Field("description", "too_long", "a description has up to %d characters", maxDescription)
	}
	switch {
	case d.Kind == Static && d.When != nil:
		return errs.Field("when", "static_segment", "a static segment has members and no condition")
	case d.Kind == Static:
		return nil
	case d.Kind != Dynamic:
		return errs.Field("kind", "bad_kind", "a segment is dynamic or static, not %q", d.Kind)
	case d.When == nil:
		return errs.Field("when", "missing_condition", "a dynamic segment needs a condition")
	}
	if err := d.When.Check(); err != nil {
		return errs.Field("when", "bad_condition", "%v", err)
	}
	return nil
}

// keyOf makes a key of a name: what is no letter or digit becomes _.
func keyOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || b.Len() > 0 && r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
		if b.Len() >= 48 {
			break
		}
	}
	key := strings.Trim(b.String(), "_")
	if key == "" {
		return "segment"
	}
	return key
}

// freeKey gives base, or base with a number that no segment has.
func freeKey(base string, taken func(string) bool) string {
	key := base
	for n := 2; taken(key); n++ {
		key = fmt.Sprintf("%s_%d", base, n)
	}
	return key
}
