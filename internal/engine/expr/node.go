package expr

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Node is one condition. Exactly one of its fields is set.
type Node struct {
	All      []Node    `json:"all,omitempty"`
	Any      []Node    `json:"any,omitempty"`
	Not      *Node     `json:"not,omitempty"`
	Trait    *Match    `json:"trait,omitempty"`
	Did      *Did      `json:"did,omitempty"`
	Lapse    *Lapse    `json:"lapse,omitempty"`
	Stage    *Stage    `json:"stage,omitempty"`
	Sequence *Sequence `json:"sequence,omitempty"`
	Keyed    *Keyed    `json:"keyed,omitempty"`
	Sample   *Sample   `json:"sample,omitempty"`
	Compare  *Compare  `json:"compare,omitempty"`
	Segment  *Segment  `json:"segment,omitempty"`
	Consent  *Consent  `json:"consent,omitempty"`
	Message  *Message  `json:"message,omitempty"`
	RFM      *RFM      `json:"rfm,omitempty"`
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

// Match compares a trait or a property with a value. In the conditions of an
// event the name EventTime is the event's own instant, and relative dates count
// from it; in those of an element the name Itself is the element.
type Match struct {
	Name       string          `json:"name" maxLength:"255"`
	Op         Op              `json:"op"`
	Value      json.RawMessage `json:"value,omitempty"`
	IgnoreCase bool            `json:"ignore_case,omitempty"`
	Where      []Match         `json:"where,omitempty"` // of element: what one element satisfies
	For        string          `json:"for,omitempty"`   // of a trait: for at least this span without a break
}

// Names that mean more than a property.
const (
	EventTime = "$time"
	Itself    = "."
)

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

	Empty       Op = "empty" // text "" or a list without elements
	NotEmpty    Op = "not_empty"
	NotBetween  Op = "not_between"
	AllOf       Op = "all_of" // a list that has all of the values
	LengthIs    Op = "length_is"
	LengthGT    Op = "length_gt"
	LengthGTE   Op = "length_gte"
	LengthLT    Op = "length_lt"
	LengthLTE   Op = "length_lte"
	Element     Op = "element"     // a list with an element on which Where holds
	On          Op = "on"          // the local day
	NotInLast   Op = "not_in_last" // earlier, or still to come
	InNext      Op = "in_next"
	Anniversary Op = "anniversary" // returns today or within N days; 29 February on 28 February in common years
	Weekday     Op = "weekday"     // 1 Monday to 7 Sunday, local
	Hour        Op = "hour"        // [from, to) of the local clock
	Never       Op = "never"       // of a Did: not once
)

// Did is a condition on behaviour: a measure over the events that match,
// compared with a number. The measures First, Last, FirstTime and LastTime give
// one event's property or instant, compared as in a Match; a customer without
// such an event does not satisfy them.
type Did struct {
	Kind       string          `json:"kind,omitempty"` // track (default), page, screen, identify, group, any
	Event      string          `json:"event,omitempty" maxLength:"255"`
	Where      []Match         `json:"where,omitempty"`
	Measure    Measure         `json:"measure,omitempty"`
	Property   string          `json:"property,omitempty" maxLength:"255"`
	Op         Op              `json:"op,omitempty"` // gte (default), gt, lte, lt, eq → is, between, not_between, never
	Value      json.RawMessage `json:"value,omitempty"`
	IgnoreCase bool            `json:"ignore_case,omitempty"`
	Window     *Window         `json:"window,omitempty"`
}

// Compare holds when the measure A stands to Factor times the measure B as Op
// says. Neither has a comparison of its own; without a value on one side it does
// not hold.
type Compare struct {
	A      Did     `json:"a"`
	Op     Op      `json:"op"` // gt, gte, lt, lte
	B      Did     `json:"b"`
	Factor float64 `json:"factor,omitempty"` // default 1
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
	First        Measure = "first" // the property of the first event, missing if that has none
	Last         Measure = "last"
	FirstTime    Measure = "first_time"
	LastTime     Measure = "last_time"
)

// Window limits which events a Did looks at: the last span (rolling, to the
// microsecond), a period of the local calendar, or the half-open range
// [From, To).
type Window struct {
	Last     string     `json:"last,omitempty"`
	Before   string     `json:"before,omitempty"`   // with Last: the span ends that long ago
	Calendar string     `json:"calendar,omitempty"` // today, yesterday, this_week, last_week, … month, quarter, year
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
}

// Sequence holds when events happened one after another: each step's event
// comes later in the timeline than the one before, and less than Within after
// it. A step with Not says what did not happen between its neighbours; as the
// last step, what has not happened since or, with Within, did not happen before
// that span was over, from which moment on the sequence holds. Customers may
// begin as often as they like: one chain of events is enough.
type Sequence struct {
	Steps  []Step  `json:"steps"`
	Window *Window `json:"window,omitempty"` // where the events of the chain lie: rolling or a range
}

// Step is one step of a Sequence.
type Step struct {
	Kind   string  `json:"kind,omitempty"`
	Event  string  `json:"event,omitempty" maxLength:"255"`
	Where  []Match `json:"where,omitempty"`
	Not    bool    `json:"not,omitempty"`
	Within string  `json:"within,omitempty"`
}

// Keyed holds when When holds on the events of one value of the property By:
// the same cart, the same product. A value is there once an event that When
// names has it.
type Keyed struct {
	By   string `json:"by" maxLength:"255"`
	When *Node  `json:"when"`
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

// Limits of one condition.
const (
	MaxDepth  = 16
	MaxNodes  = 500
	MaxValues = 10_000
	MaxSteps  = 20
	maxSpan   = 200 * 366 * core.Day
)

// Error says where in a condition something is wrong.
type Error struct {
	Path string
	What *errs.Text // without the place
}

func (e *Error) Error() string { return e.Path + ": " + e.What.Error() }

// Said gives the parts of the message, the place being one.
func (e *Error) Said() *errs.Text { return errs.Say("%s: %v", e.Path, e.What) }

// Bad makes an Error at a place.
func Bad(path, format string, args ...any) error {
	return &Error{Path: path, What: errs.Say(format, args...)}
}

func bad(path, format string, args ...any) error { return Bad(path, format, args...) }

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
		return nil, unread(err)
	}
	if dec.More() {
		return nil, bad("$", "there is text behind the condition")
	}
	return &n, n.Check()
}

// unread says which member of a condition is of the wrong type or unknown.
func unread(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return bad("$."+wrong.Field, "cannot be a JSON %s", wrong.Value)
	}
	if _, name, ok := strings.Cut(err.Error(), `unknown field "`); ok {
		return bad("$", "unknown field %q: a condition has no such member there", strings.TrimSuffix(name, `"`))
	}
	return bad("$", "cannot read condition: %v", err)
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
		return 0, errs.Say("span %q is not a number with a unit s, m, h, d or w", s)
	}
	unit := map[byte]core.Micros{'s': core.Second, 'm': core.Minute, 'h': core.Hour, 'd': core.Day, 'w': 7 * core.Day}[s[len(s)-1]]
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 64)
	if err != nil || unit == 0 {
		return 0, errs.Say("span %q is not a number with a unit s, m, h, d or w", s)
	}
	if n <= 0 || n > maxSpan/unit {
		return 0, errs.Say("span %q must lie between 1 second and 200 years", s)
	}
	return n * unit, nil
}

// Text is n as JSON, for messages.
func (n *Node) Text() string {
	raw, err := json.Marshal(n)
	if err != nil {
		return "?"
	}
	return string(raw)
}
