package query

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Outcomes of a cell.
const (
	OutcomeReached   = "reached" // of a funnel's step (default)
	OutcomeConverted = "converted"
	OutcomeDropped   = "dropped" // made the required step before, not this one, and cannot any more
	OutcomePending   = "pending" // at this step, with a window that still runs
	OutcomeExcluded  = "excluded"
	OutcomeDiffers   = "differs" // comes out otherwise in another mode

	OutcomeContinued = "continued" // of a node of paths, beside reached and dropped

	OutcomeFirst = "first" // of attribution: conversions whose path begins with the channel; beside converted and lost
	OutcomeLast  = "last"

	OutcomeReturned = "returned" // of a retention cell (default)
	OutcomeLost     = "lost"
	OutcomeSize     = "size" // who entered in the row
)

// Cell is the place of one number in a Result.
type Cell struct {
	Value  *Value `json:"value,omitempty"`  // of the breakdown; of funnels nil is the total
	Series string `json:"series,omitempty"` // of a trend or a table: A, B …
	Before bool   `json:"before,omitempty"` // of a trend: in the compared period
	Bucket *int   `json:"bucket,omitempty"` // of trend, growth and the bins of a composition, from 0; nil is the total
	Step   int    `json:"step,omitempty"`   // of a funnel, from 1
	// Mode is the one to compare with, of outcome differs; default ciclo.
	Mode string `json:"mode,omitempty"`
	// Outcome is one of a funnel's or of a retention cell's.
	Outcome   string `json:"outcome,omitempty"`
	Row       *int   `json:"row,omitempty"`
	Column    *int   `json:"column,omitempty"`
	State     string `json:"state,omitempty"`     // of growth
	Intervals int    `json:"intervals,omitempty"` // of stickiness
	Node      string `json:"node,omitempty"`      // key of a node of paths or a touchpoint of a journey; none: all
	Next      string `json:"next,omitempty"`      // with Node, of an edge: the node it leads to
	OrMore    bool   `json:"or_more,omitempty"`
	// Channel is one of attribution; none: all conversions.
	Channel *string `json:"channel,omitempty"`
}

// check says what is wrong with c as a place in the answer to s.
func (c *Cell) check(s *Spec) error {
	if err := c.members(s.Kind); err != nil {
		return err
	}
	if c.Bucket != nil && *c.Bucket < 0 {
		return bad("cell.bucket", "must not be negative")
	}
	switch s.Kind {
	case KindTrend:
		return c.trend(s.Trend)
	case KindFunnel:
		return c.funnel(s.Funnel)
	case KindRetention:
		return c.retention(s.Retention)
	case KindPaths:
		_, _, err := c.path(cmp.Or(s.Paths.Steps, DefaultSteps))
		return err
	case KindComposition:
		if s.Composition.Numbers == nil && c.Bucket != nil {
			return bad("cell.bucket", "is set, although the composition is not of numbers")
		}
		return c.breakdown(s.Composition.Breakdown != nil, false)
	case KindTable:
		if err := c.column(s.Table.Columns); err != nil {
			return err
		}
		return c.breakdown(s.Table.Breakdown != nil, false)
	case KindAttribution:
		return c.attribution()
	case KindJourney:
		return c.journey()
	case KindGrowth:
		if c.Bucket == nil {
			return bad("cell.bucket", "is missing")
		}
		if c.State == "" {
			c.State = StateActive
		}
		return oneOf("cell.state", c.State, StateActive, StateNew, StateReturning, StateResurrecting, StateDormant)
	}
	if c.Intervals < 1 {
		return bad("cell.intervals", "must be 1 or more")
	}
	return nil
}

// members refuses what has no meaning for a kind.
func (c *Cell) members(k Kind) error {
	for _, m := range []struct {
		name  string
		set   bool
		kinds []Kind
	}{
		{"value", c.Value != nil && !c.Value.All, []Kind{KindTrend, KindFunnel, KindRetention, KindComposition, KindTable}},
		{"series", c.Series != "", []Kind{KindTrend, KindTable}},
		{"before", c.Before, []Kind{KindTrend}},
		{"bucket", c.Bucket != nil, []Kind{KindTrend, KindGrowth, KindComposition}},
		{"mode", c.Mode != "", []Kind{KindFunnel}},
		{"step", c.Step != 0, []Kind{KindFunnel}},
		{"outcome", c.Outcome != "", []Kind{KindFunnel, KindRetention, KindPaths, KindAttribution, KindJourney}},
		{"row", c.Row != nil, []Kind{KindRetention}},
		{"column", c.Column != nil, []Kind{KindRetention}},
		{"state", c.State != "", []Kind{KindGrowth}},
		{"intervals", c.Intervals != 0, []Kind{KindStickiness}},
		{"or_more", c.OrMore, []Kind{KindStickiness}},
		{"node", c.Node != "", []Kind{KindPaths, KindJourney}},
		{"next", c.Next != "", []Kind{KindPaths, KindJourney}},
		{"channel", c.Channel != nil, []Kind{KindAttribution}},
	} {
		if m.set && !slices.Contains(m.kinds, k) {
			return bad("cell."+m.name, "has no meaning in a %s", k)
		}
	}
	return nil
}

// breakdown checks that a value is given where and only where there are some.
func (c *Cell) breakdown(split, needed bool) error {
	has := c.Value != nil && !c.Value.All
	if has && !split {
		return bad("cell.value", "is set, although the query has no breakdown")
	}
	if !has && split && needed {
		return bad("cell.value", "is missing, although the query has a breakdown")
	}
	return nil
}

// column checks the series of a trend or the column of a table.
func (c *Cell) column(list []Series) error {
	if c.Series == "" && len(list) == 1 {
		c.Series = "A"
	}
	if len(c.Series) > 1 && c.Series[0] == 'F' {
		return bad("cell.series", "%s is a formula: ask for one of its series", c.Series)
	}
	if len(c.Series) != 1 || c.Series[0] < 'A' || int(c.Series[0]-'A') >= len(list) {
		return bad("cell.series", "must name a series from A to %c", 'A'+len(list)-1)
	}
	return nil
}

// path reads the keys of a node and of the one that follows.
func (c *Cell) path(steps int) (node, next *pathAt, err error) {
	if c.Node == "" {
		if c.Next != "" || c.Outcome != "" {
			return nil, nil, bad("cell.node", "is missing")
		}
		return nil, nil, nil
	}
	if err := oneOf("cell.outcome", c.Outcome, OutcomeReached, OutcomeContinued, OutcomeDropped); err != nil {
		return nil, nil, err
	}
	if node, err = readNode("cell.node", c.Node, steps); err != nil || c.Next == "" {
		return node, nil, err
	}
	if c.Outcome != "" {
		return nil, nil, bad("cell.outcome", "has no meaning of an edge")
	}
	if next, err = readNode("cell.next", c.Next, steps); err == nil && next.position != node.position+1 {
		err = bad("cell.next", "must be at the next position")
	}
	return node, next, err
}

func readNode(field, key string, steps int) (*pathAt, error) {
	number, item, ok := strings.Cut(key, "_")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > steps {
		return nil, bad(field, "must be a position from 1 to %d, _ and an item", steps)
	}
	return &pathAt{n, item}, nil
}

func (c *Cell) attribution() error {
	if err := oneOf("cell.outcome", c.Outcome, OutcomeConverted, OutcomeFirst, OutcomeLast, OutcomeLost); err != nil {
		return err
	}
	if c.Channel == nil && (c.Outcome == OutcomeFirst || c.Outcome == OutcomeLast) {
		return bad("cell.channel", "is missing")
	}
	return nil
}

func (c *Cell) journey() error {
	if err := oneOf("cell.outcome", c.Outcome, OutcomeReached, OutcomeDropped, OutcomePending); err != nil {
		return err
	}
	if c.Node == "" && (c.Next != "" || c.Outcome != "") {
		return bad("cell.node", "is missing")
	}
	if c.Next != "" && c.Outcome != "" {
		return bad("cell.outcome", "has no meaning of a move")
	}
	return nil
}

func (c *Cell) trend(t *Trend) error {
	if err := c.column(t.Series); err != nil {
		return err
	}
	if c.Before && t.Compare == "" {
		return bad("cell.before", "is set, although the query compares with no other period")
	}
	return c.breakdown(t.Breakdown != nil, true)
}

func (c *Cell) funnel(f *Funnel) error {
	if err := oneOf("cell.outcome", c.Outcome, OutcomeReached, OutcomeConverted, OutcomeDropped, OutcomePending, OutcomeExcluded, OutcomeDiffers); err != nil {
		return err
	}
	if c.Outcome == "" {
		c.Outcome = OutcomeReached
	}
	if err := c.mode(f); err != nil {
		return err
	}
	least, most := 1, len(f.Steps)
	switch c.Outcome {
	case OutcomeConverted, OutcomeExcluded, OutcomeDiffers:
		if c.Step != 0 {
			return bad("cell.step", "has no meaning with outcome %s", c.Outcome)
		}
		least = 0
	case OutcomePending:
		least = 0
	case OutcomeDropped:
		least = 2
	}
	if c.Step < least || c.Step > most {
		return bad("cell.step", "must lie between %d and %d", least, most)
	}
	return c.breakdown(f.Breakdown != nil, false)
}

// mode checks the mode to compare with.
func (c *Cell) mode(f *Funnel) error {
	if c.Outcome != OutcomeDiffers {
		if c.Mode != "" {
			return bad("cell.mode", "has no meaning with outcome %s", c.Outcome)
		}
		return nil
	}
	if err := oneOf("cell.mode", c.Mode, ModeCiclo, ModeWindowFunnel, ModeStrictIncrease); err != nil {
		return err
	}
	if c.Mode == "" {
		c.Mode = ModeCiclo
	}
	if c.Mode == f.mode() || f.Order == OrderAny {
		return bad("cell.mode", "must be another mode than the funnel's, which must have an order")
	}
	if c.Value != nil && !c.Value.All {
		return bad("cell.value", "has no meaning with outcome differs")
	}
	return nil
}

func (c *Cell) retention(r *Retention) error {
	if err := oneOf("cell.outcome", c.Outcome, OutcomeReturned, OutcomeLost, OutcomeSize); err != nil {
		return err
	}
	if c.Outcome == "" {
		c.Outcome = OutcomeReturned
	}
	if c.Row == nil || *c.Row < 0 {
		return bad("cell.row", "must be 0 or more")
	}
	if c.Column == nil && c.Outcome != OutcomeSize || c.Column != nil && *c.Column < 0 {
		return bad("cell.column", "must be 0 or more")
	}
	return c.breakdown(r.Breakdown != nil, true)
}
