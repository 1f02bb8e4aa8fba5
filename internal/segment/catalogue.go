package segment

import (
	"errors"
	"maps"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Models is what conditions on stages need to know of stage models.
type Models interface {
	// DefaultModel is the key of the default model; "" when there is none.
	DefaultModel(ws core.WorkspaceID) string
	// Rungs gives the stages of a model in its current version; none when there
	// is no model of that key.
	Rungs(ws core.WorkspaceID, model string) []fold.Rung
}

// catalogue is what the conditions of a workspace can name. It implements
// expr.Library.
type catalogue struct {
	ws     core.WorkspaceID
	models Models
	cal    expr.Calendar
	byKey  map[string]*expr.Node
	cuts   *expr.Cuts
}

func (c *catalogue) Segment(key string) (*expr.Node, bool) {
	n, ok := c.byKey[key]
	return n, ok
}

func (c *catalogue) Cuts() (expr.Cuts, bool) {
	if c.cuts == nil {
		return expr.Cuts{}, false
	}
	return *c.cuts, true
}

func (c *catalogue) DefaultModel() string { return c.models.DefaultModel(c.ws) }

func (c *catalogue) Stages(model string) (keys []string, ok bool) {
	for _, r := range c.models.Rungs(c.ws, model) {
		keys = append(keys, r.Key)
	}
	return keys, keys != nil
}

// program writes out what a condition names.
func (c *catalogue) program(when *expr.Node) (*program, error) {
	whole, err := expr.Expand(when, c)
	if err != nil {
		return nil, err
	}
	p := &program{When: whole}
	for _, key := range expr.References(whole).Models {
		if p.Models == nil {
			p.Models = map[string][]rungDef{}
		}
		for _, r := range c.models.Rungs(c.ws, key) {
			p.Models[key] = append(p.Models[key], rungDef{r.Key, r.When, r.Stay})
		}
	}
	if p.local() {
		p.Calendar = &c.cal
	}
	return p, nil
}

// without is the catalogue in which key stands for another condition, or, when
// that is nil, for none.
func (c *catalogue) without(key string, when *expr.Node) *catalogue {
	out := *c
	out.byKey = maps.Clone(c.byKey)
	if when == nil {
		delete(out.byKey, key)
	} else {
		out.byKey[key] = when
	}
	return &out
}

// unsaved is the key of a segment that has none yet.
const unsaved = "\x00"

// check compiles a condition of the segment key ("" for a new one) and refuses
// one that comes to name itself.
func (c *catalogue) check(key string, when *expr.Node) (*program, *fold.Stepper, error) {
	if key == "" {
		key = unsaved
	}
	p, err := c.without(key, when).program(&expr.Node{Segment: &expr.Segment{Key: key}})
	if err == nil {
		var m *fold.Stepper
		if m, err = p.compile(0); err == nil {
			return p, m, nil
		}
	}
	var at *expr.Error
	if errors.As(err, &at) && at.Path == "$.segment" {
		err = at.What
	}
	return nil, nil, errs.Field("when", "bad_condition", "%v", err)
}

// named lists the segments that a condition names, through others too.
func (c *catalogue) named(when *expr.Node) []string {
	var out []string
	var walk func(n *expr.Node)
	walk = func(n *expr.Node) {
		for _, key := range expr.References(n).Segments {
			if slices.Contains(out, key) {
				continue
			}
			out = append(out, key)
			if in := c.byKey[key]; in != nil {
				walk(in)
			}
		}
	}
	walk(when)
	return out
}

func unknown(id int64) error {
	return errs.New(errs.NotFound, "unknown_segment", "there is no segment %d", id)
}
