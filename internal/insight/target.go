package insight

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Target is what a KPI shall reach. With direction up the value shall be at
// least Value, with down at most.
type Target struct {
	Value     float64  `json:"value"`
	Direction string   `json:"direction"`
	Warn      *float64 `json:"warn,omitempty"` // up to here it is near the target; nil: a tenth off
	By        string   `json:"by,omitempty"`   // who set it
}

// Targets are the targets of a workspace, by KPI.
type Targets map[string]Target

// ParseTargets reads targets from a workspace's settings.
func ParseTargets(raw json.RawMessage) (Targets, error) {
	t := Targets{}
	if len(raw) == 0 {
		return t, nil
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	return t, nil
}

// With gives a copy with one target set, or taken away when t is nil.
func (s *Service) With(all Targets, key string, t *Target) (Targets, error) {
	d := s.catalogue.byKey[key]
	if d == nil {
		return nil, errs.New(errs.NotFound, "unknown_kpi", "there is no KPI of that name")
	}
	out := Targets{}
	for k, v := range all {
		out[k] = v
	}
	if t == nil {
		delete(out, key)
		return out, nil
	}
	c := *t
	if c.Direction == "" {
		c.Direction = d.Direction
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	out[key] = c
	return out, nil
}

func (t *Target) check() error {
	if t.Direction != "up" && t.Direction != "down" {
		return errs.Field("direction", "bad_direction", "the direction is up or down")
	}
	if math.IsNaN(t.Value) || math.IsInf(t.Value, 0) {
		return errs.Field("value", "bad_value", "the target is not a number")
	}
	if t.Warn != nil && t.sign()*(*t.Warn-t.Value) > 0 {
		return errs.Field("warn", "bad_warn", "the warning threshold lies on the wrong side of the target")
	}
	return nil
}

func (t *Target) sign() float64 {
	if t.Direction == "down" {
		return -1
	}
	return 1
}

// Status judges a value: "ok", "warn" or "bad".
func (t *Target) Status(v float64) string {
	off := t.sign() * (t.Value - v) // how far it falls short
	limit := math.Abs(t.Value) / 10
	if t.Warn != nil {
		limit = math.Abs(*t.Warn - t.Value)
	}
	switch {
	case off <= 0:
		return "ok"
	case off <= limit:
		return "warn"
	}
	return "bad"
}
