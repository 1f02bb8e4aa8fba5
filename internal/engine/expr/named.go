package expr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Names of the signals that conditions read: what Ciclo itself writes into a
// customer's timeline.
const (
	SignalConsent = "Consent Changed" // properties channel, topic, state, holder, over
	SignalList    = "List Changed"    // properties list, in

	// Moves follow from stays; charts may name them as events of kind signal.
	SignalSegmentEntered = "Segment Entered" // property segment
	SignalSegmentLeft    = "Segment Left"    // property segment
	SignalStageEntered   = "Stage Entered"   // properties model, stage, from
	SignalStageLeft      = "Stage Left"      // properties model, stage, to
)

// Stage is a condition on a stage model: exactly one of Was, In and Entered.
type Stage struct {
	// Model is the key of a stage model; "" is the default one, and for Was the
	// model that the condition belongs to.
	Model string `json:"model,omitempty" maxLength:"255"`
	// Was: has been in this stage before.
	Was string `json:"was,omitempty"`
	// In: is in one of these stages, since an instant that Since compares (its
	// name is EventTime), having come directly from the stage From.
	In    []string `json:"in,omitempty"`
	Since *Match   `json:"since,omitempty"`
	From  string   `json:"from,omitempty"`
	// Entered: went into one of these stages inside Window (rolling or a range),
	// whether or not it is there still; directly from From, if that is set.
	Entered []string `json:"entered,omitempty"`
	Window  *Window  `json:"window,omitempty"`
}

// Segment holds for the members of another segment.
type Segment struct {
	Key string `json:"key" maxLength:"255"`
}

// Consent holds when the customer's word about a topic of a channel is one of
// State: subscribed, unsubscribed, pending, or unknown, which it is while nothing
// was said. Of customers that were merged the stricter word holds until they
// choose again.
type Consent struct {
	Channel string   `json:"channel" maxLength:"64"`
	Topic   string   `json:"topic,omitempty" maxLength:"100"`
	State   []string `json:"state"`
}

// ConsentStates are the states of consent, from the most lenient to the
// strictest.
func ConsentStates() []string { return []string{"subscribed", "unknown", "pending", "unsubscribed"} }

// Message counts what became of messages: the events of the Segment e-mail,
// push and SMS vocabularies.
type Message struct {
	Did     string          `json:"did"`               // sent, delivered, opened, clicked, bounced, complained, unsubscribed, replied
	Channel string          `json:"channel,omitempty"` // email (default), push, sms
	Message string          `json:"message,omitempty" maxLength:"255"`
	Journey string          `json:"journey,omitempty" maxLength:"255"`
	Op      Op              `json:"op,omitempty"` // as of a Did that counts
	Value   json.RawMessage `json:"value,omitempty"`
	Window  *Window         `json:"window,omitempty"`
}

// RFM holds for customers whose scores of recency, frequency and money, 1 to 5
// and 5 the best, are among those given; an empty list takes any. The scores are
// those of the workspace's cut points, which stay until they are taken anew.
type RFM struct {
	R []int `json:"r,omitempty"`
	F []int `json:"f,omitempty"`
	M []int `json:"m,omitempty"`
}

// messageEvents names the event of each outcome by channel.
func messageEvents() map[string]map[string]string {
	return map[string]map[string]string{
		"email": {"sent": "Email Sent", "delivered": "Email Delivered", "opened": "Email Opened", "clicked": "Email Link Clicked", "bounced": "Email Bounced",
			"complained": "Email Marked as Spam", "unsubscribed": "Unsubscribed", "replied": "Email Replied"},
		"push": {"sent": "Push Notification Sent", "delivered": "Push Notification Received", "opened": "Push Notification Tapped", "clicked": "Push Notification Tapped",
			"bounced": "Push Notification Bounced"},
		"sms": {"sent": "SMS Sent", "delivered": "SMS Delivered", "clicked": "SMS Link Clicked", "bounced": "SMS Bounced", "replied": "SMS Replied", "unsubscribed": "SMS Unsubscribed"},
	}
}

// did is the Did that m stands for.
func (m *Message) did() (*Did, error) {
	channel := m.Channel
	if channel == "" {
		channel = "email"
	}
	events, ok := messageEvents()[channel]
	if !ok {
		return nil, errs.Say("%q is not one of email, push, sms", m.Channel)
	}
	event, ok := events[m.Did]
	if !ok {
		return nil, errs.Say("%q is not something a message of channel %s does", m.Did, channel)
	}
	d := &Did{Event: event, Op: m.Op, Value: m.Value, Window: m.Window}
	for _, w := range [2][2]string{{"campaign_name", m.Message}, {"journey", m.Journey}} {
		if w[1] != "" {
			d.Where = append(d.Where, Match{Name: w[0], Op: Is, Value: gjsonText(w[1])})
		}
	}
	return d, nil
}

func gjsonText(s string) json.RawMessage {
	raw, _ := json.Marshal(s) //nolint:errcheck // a text encodes
	return raw
}

// named checks the conditions that name things outside of the timeline.
func (c *checker) named(n *Node, path string) error {
	switch {
	case n.Stage != nil:
		return c.stage(n.Stage, path+".stage")
	case n.Segment != nil:
		if n.Segment.Key == "" {
			return bad(path+".segment.key", "names no segment")
		}
	case n.Consent != nil:
		return n.Consent.check(path + ".consent")
	case n.Message != nil:
		d, err := n.Message.did()
		if err != nil {
			return bad(path+".message.did", "%v", err)
		}
		return c.did(d, path+".message")
	case n.RFM != nil:
		return n.RFM.check(path + ".rfm")
	}
	return nil
}

func (c *checker) stage(s *Stage, path string) error {
	set := 0
	for _, on := range [3]bool{s.Was != "", len(s.In) > 0, len(s.Entered) > 0} {
		if on {
			set++
		}
	}
	switch {
	case set != 1:
		return bad(path, "has exactly one of was, in, entered")
	case s.Was != "" && (s.From != "" || s.Since != nil):
		return bad(path+".was", "knows neither from nor since")
	case s.Window != nil && len(s.Entered) == 0:
		return bad(path+".window", "belongs to entered")
	case s.Since != nil && len(s.In) == 0:
		return bad(path+".since", "belongs to in")
	case len(s.In) > 100 || len(s.Entered) > 100:
		return bad(path, "names more than 100 stages")
	case s.Window != nil && (s.Window.Calendar != "" || s.Window.Before != ""):
		return bad(path+".window", "entered takes a window with last, or from and to")
	}
	if s.Since != nil {
		if s.Since.Name != EventTime || !s.Since.comparesTimes() {
			return bad(path+".since", "compares %q with a date or span", EventTime)
		}
		if err := c.match(s.Since, path+".since"); err != nil {
			return err
		}
	}
	return s.Window.check(path + ".window")
}

func (k *Consent) check(path string) error {
	if k.Channel == "" {
		return bad(path+".channel", "names no channel")
	}
	if len(k.State) == 0 {
		return bad(path+".state", "names no state")
	}
	for i, s := range k.State {
		if !slices.Contains(ConsentStates(), s) {
			return bad(fmt.Sprintf("%s.state[%d]", path, i), "%q is not one of %s", s, strings.Join(ConsentStates(), ", "))
		}
	}
	return nil
}

func (r *RFM) check(path string) error {
	if len(r.R)+len(r.F)+len(r.M) == 0 {
		return bad(path, "names no score")
	}
	for name, list := range map[string][]int{"r": r.R, "f": r.F, "m": r.M} {
		for i, s := range list {
			if s < 1 || s > 5 {
				return bad(fmt.Sprintf("%s.%s[%d]", path, name, i), "must be a score from 1 to 5")
			}
		}
	}
	return nil
}

// Cuts are the cut points of RFM scores: the customer scores 1 plus the number
// of points reached. Recency counts down: Days[i] is how long ago the last order
// may lie, at most, for score 2+i, so the points fall.
type Cuts struct {
	Days   [4]float64 `json:"days"`
	Orders [4]int64   `json:"orders"` // days with an order
	Money  [4]int64   `json:"money"`  // millionths of the unit of Property, summed
	// Event and Property are what was counted and summed.
	Event    string `json:"event"`
	Property string `json:"property"`
}

// Library knows what conditions name.
type Library interface {
	// Segment gives the condition of another segment; ok is false when there is
	// none of that key.
	Segment(key string) (when *Node, ok bool)
	// Cuts gives the cut points of RFM scores, if they were ever taken.
	Cuts() (Cuts, bool)
	// DefaultModel is the key of the default stage model; "" when there is none.
	DefaultModel() string
	// Stages gives the stages of a model; ok is false when there is none of that
	// key.
	Stages(model string) (stages []string, ok bool)
}

// Expand gives n with segments, scores and messages replaced by what they stand
// for, so that package fold can compile it. A cycle of segments is refused with
// its path. n is not changed.
func Expand(n *Node, lib Library) (*Node, error) { return (&expander{lib: lib}).node(n, "$") }

type expander struct {
	lib  Library
	path []string // segments being expanded
	size int
}

func (x *expander) node(n *Node, path string) (*Node, error) {
	if x.size++; x.size > 20*MaxNodes {
		return nil, bad(path, "with the segments it names the condition has more than %d parts", 20*MaxNodes)
	}
	switch {
	case n.All != nil:
		list, err := x.group(n.All, path+".all")
		return &Node{All: list}, err
	case n.Any != nil:
		list, err := x.group(n.Any, path+".any")
		return &Node{Any: list}, err
	case n.Not != nil:
		in, err := x.node(n.Not, path+".not")
		return &Node{Not: in}, err
	case n.Segment != nil:
		return x.segment(n.Segment.Key, path+".segment")
	case n.Message != nil:
		d, err := n.Message.did()
		return &Node{Did: d}, err
	case n.RFM != nil:
		cuts, ok := x.lib.Cuts()
		if !ok {
			return nil, bad(path+".rfm", "there are no cut points yet: take them on the RFM page first")
		}
		return cuts.node(n.RFM), nil
	case n.Stage != nil:
		return x.stage(n.Stage, path+".stage")
	}
	return n, nil
}

func (x *expander) group(nodes []Node, path string) ([]Node, error) {
	out := make([]Node, len(nodes))
	for i := range nodes {
		n, err := x.node(&nodes[i], fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		out[i] = *n
	}
	return out, nil
}

func (x *expander) segment(key, path string) (*Node, error) {
	if slices.Contains(x.path, key) {
		return nil, bad(path, "the segments name each other in a circle: %s", strings.Join(append(x.path, key), " → "))
	}
	when, ok := x.lib.Segment(key)
	if !ok {
		return nil, bad(path, "there is no segment %q", key)
	}
	x.path = append(x.path, key)
	defer func() { x.path = x.path[:len(x.path)-1] }()
	return x.node(when, path)
}

func (x *expander) stage(s *Stage, path string) (*Node, error) {
	out := *s
	if out.Model == "" {
		if out.Model = x.lib.DefaultModel(); out.Model == "" && out.Was != "" {
			return &Node{Stage: s}, nil // of the model that the condition belongs to
		}
		if out.Model == "" {
			return nil, bad(path, "there is no stage model")
		}
	}
	stages, ok := x.lib.Stages(out.Model)
	if !ok {
		return nil, bad(path+".model", "there is no stage model %q", out.Model)
	}
	for _, key := range slices.Concat(s.In, s.Entered, []string{s.Was, s.From}) {
		if key != "" && !slices.Contains(stages, key) {
			return nil, bad(path, "stage model %q has no stage %q", out.Model, key)
		}
	}
	return &Node{Stage: &out}, nil
}

// OnList is the condition of being on a static list.
func OnList(list string) *Node {
	return &Node{Did: &Did{Kind: core.KindSignal.String(), Event: SignalList, Where: []Match{{Name: "list", Op: Is, Value: gjsonText(list)}},
		Measure: Last, Property: "in", Op: IsTrue}}
}

// node is the condition that scores stand for.
func (c *Cuts) node(r *RFM) *Node {
	var all []Node
	if len(r.R) > 0 {
		all = append(all, anyScore(r.R, func(s int) Node { return c.recency(s) }))
	}
	if len(r.F) > 0 {
		all = append(all, anyScore(r.F, func(s int) Node {
			return c.between(&Did{Event: c.Event, Measure: DistinctDays}, s, c.Orders, 1_000_000)
		}))
	}
	if len(r.M) > 0 {
		all = append(all, anyScore(r.M, func(s int) Node {
			return c.between(&Did{Event: c.Event, Measure: Sum, Property: c.Property}, s, c.Money, 1)
		}))
	}
	return &Node{All: append(all, Node{Did: &Did{Event: c.Event}})}
}

func anyScore(scores []int, one func(int) Node) Node {
	any := make([]Node, len(scores))
	for i, s := range scores {
		any[i] = one(s)
	}
	return Node{Any: any}
}

// recency is the condition of one score of recency.
func (c *Cuts) recency(score int) Node {
	last := func(op Op, days float64) Node {
		span := gjsonText(fmt.Sprintf("%ds", max(1, int64(days*86_400))))
		return Node{Did: &Did{Event: c.Event, Measure: LastTime, Op: op, Value: span}}
	}
	var all []Node
	if score > 1 {
		all = append(all, last(InLast, c.Days[score-2]))
	}
	if score < 5 {
		all = append(all, last(MoreThanAgo, c.Days[score-1]))
	}
	return Node{All: all}
}

// between is the condition that a measure lies between the points of a score;
// unit is what one of the points' unit is in millionths.
func (c *Cuts) between(d *Did, score int, points [4]int64, unit int64) Node {
	var all []Node
	bound := func(op Op, at int64) {
		e := *d
		e.Op, e.Value = op, json.RawMessage(core.FormatMinor(at*unit, 6))
		all = append(all, Node{Did: &e})
	}
	if score > 1 {
		bound(GTE, points[score-2])
	}
	if score < 5 {
		bound(LT, points[score-1])
	}
	return Node{All: all}
}

// Moves are the events that follow from stays, with the property that holds the
// key of the segment or stage model.
func Moves() map[string]string {
	return map[string]string{SignalSegmentEntered: "segment", SignalSegmentLeft: "segment", SignalStageEntered: "model", SignalStageLeft: "model"}
}
