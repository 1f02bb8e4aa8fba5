package expr

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// Node is one condition. Exactly one of its fields is set.
type Node struct {
	All   []Node `json:"all,omitempty"`
	Any   []Node `json:"any,omitempty"`
	Not   *Node  `json:"not,omitempty"`
	Trait *Match `json:"trait,omitempty"`
	Did   *Did   `json:"did,omitempty"`
	Lapse *Lapse `json:"lapse,omitempty"`
	Stage *Stage `json:"stage,omitempty"`
}

// MarshalJSON writes a group without members as such: "all of nothing" is a
// condition, no group is none.
func (n Node) MarshalJSON() ([]byte, error) {
	switch {
	case n.All != nil && len(n.All) == 0:
		return []byte(`{"all":[]}`), nil
	case n.Any != nil && len(n.Any) == 0:
		return []byte(`{"any":[]}`), nil
	}
	type plain Node
	return json.Marshal(plain(n))
}

// Match compares a trait or a property with a value.
type Match struct {
	Name  string          `json:"name" maxLength:"255"`
	Op    Op              `json:"op"`
	Value json.RawMessage `json:"value,omitempty"`
}

// Op is a comparison of a trait or property.
type Op string

// Comparisons. Negations of a missing value hold only where the semantics say
// so: is not, not contains, is none of, is not set.
const (
	Is          Op = "is"
	IsNot       Op = "is_not"
	Set         Op = "set"
	NotSet      Op = "not_set"
	In          Op = "in"
	NotIn       Op = "not_in"
	Contains    Op = "contains"
	NotContains Op = "not_contains"
	Starts      Op = "starts"
	NotStarts   Op = "not_starts"
	Ends        Op = "ends"
	NotEnds     Op = "not_ends"
	Matches     Op = "matches"
	NotMatches  Op = "not_matches"
	GT          Op = "gt"
	GTE         Op = "gte"
	LT          Op = "lt"
	LTE         Op = "lte"
	Between     Op = "between"
	IsTrue      Op = "is_true"
	IsFalse     Op = "is_false"
	Before      Op = "before"
	After       Op = "after"
	InLast      Op = "in_last"
	MoreThanAgo Op = "more_than_ago"
)

// Did is a condition on behaviour: a measure over the events that match,
// compared with a number.
type Did struct {
	Kind     string          `json:"kind,omitempty"` // track (default), page, screen, identify, group, any
	Event    string          `json:"event,omitempty" maxLength:"255"`
	Where    []Match         `json:"where,omitempty"`
	Measure  Measure         `json:"measure,omitempty"`
	Property string          `json:"property,omitempty" maxLength:"255"`
	Op       Op              `json:"op,omitempty"` // gte (default), gt, lte, lt, eq → is, between
	Value    json.RawMessage `json:"value,omitempty"`
	Window   *Window         `json:"window,omitempty"`
}

// Measure is what a Did counts.
type Measure string

// Measures of a Did.
const (
	Count        Measure = "count"
	Sum          Measure = "sum"
	Mean         Measure = "mean"
	Min          Measure = "min"
	Max          Measure = "max"
	DistinctDays Measure = "distinct_days"
	Distinct     Measure = "distinct"
)

// Window limits which events a Did looks at: the last span (rolling, to the
// microsecond) or the half-open range [From, To).
type Window struct {
	Last string     `json:"last,omitempty"`
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty"`
}

// Lapse holds once a span has passed since the last matching event: Days, or
// GapMultiple times the customer's own median gap between days with such an
// event, kept within MinDays and MaxDays. Days serves while the customer has
// fewer than two gaps.
type Lapse struct {
	Kind        string  `json:"kind,omitempty"`
	Event       string  `json:"event,omitempty" maxLength:"255"`
	Where       []Match `json:"where,omitempty"`
	Days        float64 `json:"days"`
	GapMultiple float64 `json:"gap_multiple,omitempty"`
	MinDays     float64 `json:"min_days,omitempty"`
	MaxDays     float64 `json:"max_days,omitempty"`
}

// Stage is a condition on the stage model the node belongs to.
type Stage struct {
	Was string `json:"was"` // has been in this stage before
}

// Limits of one condition.
const (
	MaxDepth  = 16
	MaxNodes  = 500
	MaxValues = 10_000
	maxSpan   = 200 * 366 * core.Day
)

// Error says where in a condition something is wrong.
type Error struct {
	Path    string
	Message string
}

func (e *Error) Error() string { return e.Path + ": " + e.Message }

func bad(path, format string, args ...any) error {
	return &Error{Path: path, Message: fmt.Sprintf(format, args...)}
}

// Parse reads and checks a condition in JSON.
func Parse(raw []byte) (*Node, error) {
	if len(raw) > 1<<20 {
		return nil, bad("$", "condition is larger than 1 MB")
	}
	if err := depth(raw); err != nil {
		return nil, err
	}
	var n Node
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&n); err != nil {
		return nil, bad("$", "cannot read condition: %v", err)
	}
	if dec.More() {
		return nil, bad("$", "there is text behind the condition")
	}
	return &n, n.Check()
}

// depth refuses deep nesting before the decoder walks it.
func depth(raw []byte) error {
	level, inText, esc := 0, false, false
	for _, c := range raw {
		switch {
		case esc:
			esc = false
		case inText && c == '\\':
			esc = true
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if level++; level > 4*MaxDepth {
				return bad("$", "nested deeper than %d groups", MaxDepth)
			}
		case c == '}' || c == ']':
			level--
		}
	}
	return nil
}

// ParseSpan reads "90d", "24h", "5m", "30s", "2w" into microseconds.
func ParseSpan(s string) (core.Micros, error) {
	if len(s) < 2 {
		return 0, fmt.Errorf("span %q is not a number with a unit s, m, h, d or w", s)
	}
	unit := map[byte]core.Micros{'s': core.Second, 'm': core.Minute, 'h': core.Hour, 'd': core.Day, 'w': 7 * core.Day}[s[len(s)-1]]
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 64)
	if err != nil || unit == 0 {
		return 0, fmt.Errorf("span %q is not a number with a unit s, m, h, d or w", s)
	}
	if n <= 0 || n > maxSpan/unit {
		return 0, fmt.Errorf("span %q must lie between 1 second and 200 years", s)
	}
	return n * unit, nil
}
