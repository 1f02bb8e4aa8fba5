package inbox

import (
	"encoding/json"

	"github.com/ciclo/ciclo/internal/core"
)

// Mode says what happens to something the tracking plan does not allow.
type Mode string

// Modes. Flag lets the event pass and marks it; Omit removes the property at
// fault; Block sends the event to quarantine.
const (
	ModeFlag  Mode = "flag"
	ModeOmit  Mode = "omit"
	ModeBlock Mode = "block"
)

// Plan is the tracking plan of a source. Names are case-sensitive.
type Plan struct {
	// UnplannedEvents is flag (default) or block.
	UnplannedEvents Mode `json:"unplanned_events,omitempty"`
	// UnplannedProperties is flag (default), omit or block.
	UnplannedProperties Mode `json:"unplanned_properties,omitempty"`
	// Violations of a schema: flag (default), omit or block.
	Violations Mode                `json:"violations,omitempty"`
	Events     map[string]PlanItem `json:"events,omitempty"`
	Identify   *PlanItem           `json:"identify,omitempty"`
	Group      *PlanItem           `json:"group,omitempty"`
	// Common is a JSON Schema for all events; it runs after the event's own.
	Common json.RawMessage `json:"common,omitempty"`
}

// PlanItem is what the plan says about one event, or about traits.
type PlanItem struct {
	Block  bool            `json:"block,omitempty"`
	Schema json.RawMessage `json:"schema,omitempty"`
}

type plan struct {
	unplannedEvents, unplannedProps, violations Mode
	events                                      map[string]*planItem
	identify, group                             *planItem
	common                                      *schema
}

type planItem struct {
	block  bool
	schema *schema
}

// CodeInvalidPlan is the code of a tracking plan that cannot be used.
const CodeInvalidPlan = "invalid_plan"

func compilePlan(in *Plan) (*plan, error) {
	if in == nil {
		return nil, nil
	}
	p := &plan{events: map[string]*planItem{}}
	var err error
	if p.unplannedEvents, err = mode("unplanned_events", in.UnplannedEvents, false); err != nil {
		return nil, err
	}
	if p.unplannedProps, err = mode("unplanned_properties", in.UnplannedProperties, true); err != nil {
		return nil, err
	}
	if p.violations, err = mode("violations", in.Violations, true); err != nil {
		return nil, err
	}
	for name, item := range in.Events {
		if p.events[name], err = compileItem("events."+name, &item); err != nil {
			return nil, err
		}
	}
	if p.identify, err = compileItem("identify", in.Identify); err != nil {
		return nil, err
	}
	if p.group, err = compileItem("group", in.Group); err != nil {
		return nil, err
	}
	if len(in.Common) > 0 {
		if p.common, err = compileSchema("common", in.Common); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func mode(field string, m Mode, omit bool) (Mode, error) {
	switch {
	case m == "":
		return ModeFlag, nil
	case m == ModeFlag, m == ModeBlock, m == ModeOmit && omit:
		return m, nil
	}
	return "", planError(field, "unknown mode %q", m)
}

func compileItem(field string, in *PlanItem) (*planItem, error) {
	if in == nil {
		return nil, nil
	}
	item := &planItem{block: in.Block}
	if len(in.Schema) > 0 {
		var err error
		if item.schema, err = compileSchema(field+".schema", in.Schema); err != nil {
			return nil, err
		}
	}
	return item, nil
}

// apply checks m against the plan. It may flag m, take properties out, or
// refuse it.
func (p *plan) apply(m *core.Message) *refusal {
	if p == nil {
		return nil
	}
	var item *planItem
	switch m.Kind {
	case core.KindTrack:
		item = p.events[m.Name]
		if item == nil {
			if p.unplannedEvents == ModeBlock {
				return refuse(CodePlanBlocked, "the event %q is not in the tracking plan", m.Name)
			}
			m.Flags |= core.FlagUnplanned
		}
	case core.KindIdentify:
		item = p.identify
	case core.KindGroup:
		item = p.group
	default:
		return nil
	}
	if item != nil {
		if item.block {
			return refuse(CodePlanBlocked, "the tracking plan blocks this")
		}
		if bad := p.check(m, item.schema, true); bad != nil {
			return bad
		}
	}
	return p.check(m, p.common, false)
}

// check applies one schema. Only an event's own schema says which properties
// are planned.
func (p *plan) check(m *core.Message, s *schema, own bool) *refusal {
	if s == nil {
		return nil
	}
	props := m.Props
	if props == nil {
		props = []byte("{}")
	}
	for _, f := range s.faults(props, own) {
		how := p.violations
		if f.unplanned {
			how = p.unplannedProps
		}
		switch how {
		case ModeBlock:
			return &refusal{CodePlanViolation, f.String()}
		case ModeOmit:
			if f.property != "" {
				m.Props = without(m.Props, f.property)
			}
		}
		m.Flags |= core.FlagUnplanned
	}
	return nil
}

// without gives the object raw less one member, nil when none is left.
func without(raw []byte, name string) []byte {
	out := []byte{'{'}
	for w := walk(raw); w.next(); {
		if unquote(w.key) == name {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), w.key...), '"', ':')
		out = append(out, w.val...)
	}
	if len(out) == 1 {
		return nil
	}
	return append(out, '}')
}
