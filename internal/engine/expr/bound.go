package expr

import (
	"encoding/json"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Bound is the comparison of a Did's measure, in millionths of the unit.
type Bound struct {
	Op     Op
	Lo, Hi int64
}

// Bound reads operator and value of d. The default is "at least 1".
func (d *Did) Bound() (Bound, error) {
	b := Bound{Op: d.Op}
	if b.Op == "" {
		b.Op = GTE
	}
	if b.Op == "eq" {
		b.Op = Is
	}
	switch b.Op {
	case Never:
		if len(d.Value) > 0 {
			return b, errs.Say("never takes no number")
		}
		b.Op = Is
	case GT, GTE, LT, LTE, Is:
		if len(d.Value) == 0 {
			b.Lo = 1_000_000
			return b, nil
		}
		var n json.Number
		if err := json.Unmarshal(d.Value, &n); err != nil {
			return b, errs.Say("must be a number")
		}
		v, ok := core.ParseMoney(n.String(), 6)
		if !ok {
			return b, errs.Say("must be a number within 9 trillion")
		}
		b.Lo = v
	case Between, NotBetween:
		var pair []json.Number
		if err := json.Unmarshal(d.Value, &pair); err != nil || len(pair) != 2 {
			return b, errs.Say("a range needs two numbers")
		}
		var ok1, ok2 bool
		b.Lo, ok1 = core.ParseMoney(pair[0].String(), 6)
		b.Hi, ok2 = core.ParseMoney(pair[1].String(), 6)
		if !ok1 || !ok2 || b.Lo > b.Hi {
			return b, errs.Say("a range needs two rising numbers")
		}
	default:
		return b, errs.Say("%q does not compare a measure", d.Op)
	}
	return b, nil
}

// Holds compares v, in millionths of the unit.
func (b Bound) Holds(v int64) bool {
	switch b.Op {
	case GT:
		return v > b.Lo
	case GTE:
		return v >= b.Lo
	case LT:
		return v < b.Lo
	case LTE:
		return v <= b.Lo
	case Is:
		return v == b.Lo
	case Between:
		return v >= b.Lo && v <= b.Hi
	case NotBetween:
		return v < b.Lo || v > b.Hi
	}
	return false
}
