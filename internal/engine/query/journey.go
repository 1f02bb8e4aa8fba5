package query

import (
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
)

// Bounds and defaults of journey maps.
const (
	DefaultQuiet    = 30 * core.Day
	DefaultSections = 10

	maxTouchpoints      = 50
	maxTouchpointEvents = 60 // choices of a query
	maxSections         = 50
	maxMoves            = 500
	defaultMoves        = 50
)

// Journey maps the touchpoints that customers really pass, in order and across
// channels: how many, after what time, where to, and where they stay away.
type Journey struct {
	Touchpoints []Touchpoint `json:"touchpoints,omitempty"` // the first that fits counts; default DefaultTouchpoints
	// Stage is the key of a stage model: touchpoints count by the stage in which the
	// customer was.
	Stage       string    `json:"stage,omitempty"`
	Sections    int       `json:"sections,omitempty"`    // parts of a touchpoint with a section; the rest is one; default 10
	Moves       int       `json:"moves,omitempty"`       // shown; default 50
	Quiet       string    `json:"quiet,omitempty"`       // customers silent that long have left; default 30d
	Percentiles []float64 `json:"percentiles,omitempty"` // of times; default 25, 50, 75, 90
}

// Touchpoint chooses events that are one touchpoint.
type Touchpoint struct {
	Name    string  `json:"name"`
	Channel string  `json:"channel,omitempty"` // such as web or e-mail
	Events  []Event `json:"events"`
	// Section is a property with a path or an address, whose first part tells
	// touchpoints apart: "Page /blog".
	Section string `json:"section,omitempty"`
}

// DefaultTouchpoints gives the touchpoints of a query without its own.
func DefaultTouchpoints() []Touchpoint {
	of := func(channel, name string, events ...string) Touchpoint {
		t := Touchpoint{Name: name, Channel: channel}
		for _, e := range events {
			t.Events = append(t.Events, Event{Event: e})
		}
		return t
	}
	return []Touchpoint{
		{Name: "Page", Channel: "web", Events: []Event{{Kind: "page"}}, Section: "path"},
		{Name: "Screen", Channel: "app", Events: []Event{{Kind: "screen"}}},
		of("web", "Promotion", "Promotion Clicked"),
		of("web", "Sign-up", "Signed Up", "Account Created"),
		of("web", "Search", "Products Searched"),
		of("web", "Product list", "Product List Viewed"),
		of("web", "Product", "Product Viewed", "Product Clicked"),
		of("web", "Wishlist", "Product Added to Wishlist"),
		of("web", "Cart", "Product Added", "Product Removed", "Cart Viewed"),
		of("web", "Checkout", "Checkout Started", "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered"),
		of("web", "Order", core.EventOrderCompleted),
		of("web", "Refund", core.EventOrderRefunded, core.EventOrderCancelled),
		of("email", "E-mail opened", "Email Opened"),
		of("email", "E-mail clicked", "Email Link Clicked"),
		of("sms", "SMS clicked", "SMS Link Clicked"),
		of("push", "Push tapped", "Push Notification Tapped"),
		of("support", "Support", "Support Ticket Created", "Ticket Created", "Case Opened", "Live Chat Conversation Started"),
		of("feedback", "Survey", "Survey Answered", "Survey Completed", "NPS Answered"),
		of("feedback", "Review", "Product Reviewed", "Review Submitted"),
		of("feedback", "Recommendation", "Product Shared", "Referral Made", "Invite Sent"),
		of("loyalty", "Reward", "Reward Redeemed", "Coupon Applied"),
		of("store", "Store visit", "Store Visited", "Store Visit", "In-Store Purchase"),
	}
}

func (j *Journey) touchpoints() []Touchpoint {
	if len(j.Touchpoints) == 0 {
		return DefaultTouchpoints()
	}
	return j.Touchpoints
}

func (j *Journey) percentiles() []float64 {
	if len(j.Percentiles) == 0 {
		return []float64{25, 50, 75, 90}
	}
	return j.Percentiles
}

// events lists the choices, touchpoint by touchpoint.
func (j *Journey) events() (out []Event) {
	for _, t := range j.touchpoints() {
		out = append(out, t.Events...)
	}
	return out
}

func (j *Journey) check() error {
	if len(j.Touchpoints) > maxTouchpoints {
		return bad("journey.touchpoints", "are more than %d", maxTouchpoints)
	}
	events := 0
	for i := range j.Touchpoints {
		t, field := &j.Touchpoints[i], fmt.Sprintf("journey.touchpoints[%d]", i)
		if err := t.check(field); err != nil {
			return err
		}
		if slices.ContainsFunc(j.Touchpoints[:i], func(o Touchpoint) bool { return o.Name == t.Name }) {
			return bad(field+".name", "%q is the name of another touchpoint", t.Name)
		}
		events += len(t.Events)
	}
	if events > maxTouchpointEvents {
		return bad("journey.touchpoints", "have more than %d events together", maxTouchpointEvents)
	}
	if len(j.Stage) > maxText {
		return bad("journey.stage", "is longer than %d characters", maxText)
	}
	if j.Sections < 0 || j.Sections > maxSections {
		return bad("journey.sections", "must lie between 1 and %d", maxSections)
	}
	if j.Moves < 0 || j.Moves > maxMoves {
		return bad("journey.moves", "must lie between 1 and %d", maxMoves)
	}
	if err := checkSpan("journey.quiet", j.Quiet, 3650*core.Day); err != nil {
		return err
	}
	if len(j.Percentiles) > 20 {
		return bad("journey.percentiles", "are more than 20")
	}
	for _, p := range j.Percentiles {
		if !(p >= 0 && p <= 100) {
			return bad("journey.percentiles", "must lie between 0 and 100")
		}
	}
	return nil
}

func (t *Touchpoint) check(field string) error {
	if t.Name == "" || len(t.Name) > maxText {
		return bad(field+".name", "must be a name of 1 to %d bytes", maxText)
	}
	if len(t.Channel) > maxText {
		return bad(field+".channel", "is longer than %d bytes", maxText)
	}
	if len(t.Events) == 0 {
		return bad(field+".events", "are none")
	}
	for k := range t.Events {
		if err := t.Events[k].check(fmt.Sprintf("%s.events[%d]", field, k)); err != nil {
			return err
		}
	}
	if t.Section != "" {
		return checkProperty(field+".section", t.Section)
	}
	return nil
}

// JourneyResult is the map: touchpoints in the order in which customers meet them
// first, and the moves between them. Repeats of one touchpoint are one visit.
type JourneyResult struct {
	Customers int64          `json:"customers"` // with any touchpoint in the range
	Quiet     core.Micros    `json:"quiet"`
	Stages    []JourneyStage `json:"stages"` // without a stage model one, with key ""
	Moves     []JourneyMove  `json:"moves"`  // the most common first
	MoreMoves int            `json:"more_moves"`
}

// JourneyStage holds the touchpoints of one stage, in the order in which customers
// meet them.
type JourneyStage struct {
	Stage     Value          `json:"stage"`
	Customers int64          `json:"customers"`
	Points    []JourneyPoint `json:"points"`
}

// JourneyPoint is one touchpoint. Customers = Ended + UnderWay + those who went on.
type JourneyPoint struct {
	Key       string       `json:"key"`
	Name      string       `json:"name"`
	Channel   string       `json:"channel,omitempty"`
	Position  float64      `json:"position"`  // median place among the touchpoints of a customer, from 1
	Customers int64        `json:"customers"` // who passed
	Share     float64      `json:"share"`     // of all customers of the map
	Visits    int64        `json:"visits"`
	Starts    int64        `json:"starts"`    // customers whose journey begins here
	Ended     int64        `json:"ended"`     // customers whose last touchpoint this is, and who have been silent since
	UnderWay  int64        `json:"under_way"` // whose last one it is, not long ago
	DropOff   float64      `json:"drop_off"`  // Ended of Customers
	Before    *JourneyTime `json:"before"`    // from the touchpoint before to the first visit; nil when nobody had one
}

// JourneyMove leads from one touchpoint to the next.
type JourneyMove struct {
	From      string       `json:"from"`
	To        string       `json:"to"`
	Customers int64        `json:"customers"`
	Times     int64        `json:"times"`
	Share     float64      `json:"share"` // of the customers of From
	Time      *JourneyTime `json:"time"`  // of each customer's first such move
	times     *durations   // what Time will describe
}

// JourneyTime tells how long customers took, in microseconds.
type JourneyTime struct {
	N           int64         `json:"n"`
	Median      core.Micros   `json:"median"`
	Percentiles []NumberShare `json:"percentiles"`
}
