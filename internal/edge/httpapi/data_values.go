package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

type valueShape struct {
	Value json.RawMessage `json:"value" doc:"A text, number or boolean"`
	Count int64           `json:"count" doc:"Of those sampled; an element of a list counts once for each"`
}

type valuesOut struct {
	Values  []valueShape `json:"values" doc:"The most common ones, at most 50"`
	Sampled int64        `json:"sampled" doc:"Events or customers that were read"`
	Having  int64        `json:"having" doc:"Of those, with the property or trait"`
}

// Bounds of what one question for values reads and keeps.
const (
	maxValueEvents    = 50_000
	maxValueCustomers = 5000
	maxValuesKept     = 5000
	maxValuesShown    = 50
	valueDays         = 90
)

type valuesIn struct {
	Of    string `query:"of" enum:"property,trait" default:"property"`
	Name  string `query:"name" required:"true" minLength:"1" maxLength:"255" doc:"A property or trait; a.b is b inside a"`
	Event string `query:"event" maxLength:"255" doc:"Of a property: the event that has it"`
	Kind  string `query:"kind" default:"track" doc:"Of a property: the kind of event"`
	Q     string `query:"q" maxLength:"255" doc:"Only values with this text"`
}

// dataValues gives the common values of a property or trait, from the events of
// the last 90 days or the customers seen lately.
func (a *API) dataValues(ctx context.Context, p *access.Principal, in *valuesIn) (*Body[valuesOut], error) {
	c := valueCounter{name: in.Name, q: strings.ToLower(in.Q), seen: map[string]int64{}}
	if in.Of == "trait" {
		if err := a.Customers.SampleTraits(ctx, p.Workspace, maxValueCustomers, c.add); err != nil {
			return nil, err
		}
		return body(c.out())
	}
	kind, ok := core.ParseKind(in.Kind)
	if !ok {
		return nil, errs.Field("kind", "unknown_kind", "a kind is one of track, identify, page, screen, group, alias")
	}
	from := core.FromTime(a.Clock.Now()) - valueDays*core.Day
	if err := a.scanValues(ctx, p.Workspace, timeline.EventKey{Kind: kind, Name: in.Event}, from, &c); err != nil {
		return nil, err
	}
	if c.sampled == 0 { // nothing came lately: any time will do
		if err := a.scanValues(ctx, p.Workspace, timeline.EventKey{Kind: kind, Name: in.Event}, 0, &c); err != nil {
			return nil, err
		}
	}
	return body(c.out())
}

func (a *API) scanValues(ctx context.Context, ws core.WorkspaceID, event timeline.EventKey, from core.Micros, c *valueCounter) error {
	also, err := a.moveEvents(ctx, ws, event)
	if err != nil {
		return err
	}
	err = a.Timeline.Scan(ctx, timeline.Request{Workspace: ws, From: from, Match: []timeline.EventKey{event}, Columns: []string{timeline.ColProps}, Workers: 1, AnyOrder: true, Also: also},
		func(_ int, _ core.CustomerID, r *timeline.Rows) error {
			for i := range r.Time {
				c.add(r.Props[i])
			}
			if c.sampled >= maxValueEvents {
				return errSampled
			}
			return nil
		})
	if errors.Is(err, errSampled) {
		return nil
	}
	return err
}

// valueCounter counts the values of one name in JSON objects.
type valueCounter struct {
	name, q         string
	seen            map[string]int64 // by JSON
	sampled, having int64
}

func (c *valueCounter) add(obj []byte) {
	c.sampled++
	v, ok := core.Lookup(obj, c.name)
	if !ok {
		return
	}
	c.having++
	if v.Kind != core.ValueList {
		c.count(v)
		return
	}
	var once []string
	for _, e := range v.List {
		if text := e.Display(); !slices.Contains(once, text) {
			once = append(once, text)
			c.count(e)
		}
	}
}

func (c *valueCounter) count(v core.Value) {
	var raw []byte
	switch v.Kind {
	case core.ValueText:
		if len(v.Text) > 200 || strings.HasPrefix(v.Text, core.SealedPrefix) {
			return // too long to choose, or not for reading
		}
		raw, _ = json.Marshal(v.Text) //nolint:errcheck // a text encodes
	case core.ValueNumber, core.ValueBool:
		raw = []byte(v.Display())
	default:
		return
	}
	if c.q != "" && !strings.Contains(strings.ToLower(v.Display()), c.q) || !json.Valid(raw) {
		return
	}
	if _, ok := c.seen[string(raw)]; ok || len(c.seen) < maxValuesKept {
		c.seen[string(raw)]++
	}
}

func (c *valueCounter) out() valuesOut {
	out := valuesOut{Values: []valueShape{}, Sampled: c.sampled, Having: c.having}
	for raw, n := range c.seen {
		out.Values = append(out.Values, valueShape{json.RawMessage(raw), n})
	}
	slices.SortFunc(out.Values, func(x, y valueShape) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(string(x.Value), string(y.Value)))
	})
	out.Values = out.Values[:min(len(out.Values), maxValuesShown)]
	return out
}
