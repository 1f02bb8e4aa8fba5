package query

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Models of attribution.
const (
	ModelFirst         = "first"
	ModelLast          = "last"
	ModelLastNonDirect = "last_non_direct"
	ModelLinear        = "linear"
	ModelDecay         = "time_decay"
	ModelPosition      = "position"
	ModelWShaped       = "w_shaped"
	ModelShapley       = "shapley"
	ModelMarkov        = "markov" // of an order
)

// What becomes of direct touches.
const (
	DirectIgnored = "ignored" // unless a path has no others (default)
	DirectCounts  = "counts"
)

// Bounds and defaults of attribution.
const (
	DefaultLookBack = 30 * core.Day
	DefaultHalfLife = 7 * core.Day
	MaxLookBack     = 90 * core.Day

	defaultResamples = 200
	maxResamples     = 1000
	maxMarkovOrder   = 4
	maxRefundEvents  = 10
	maxTouchEvents   = 20
)

// Attribution shares conversions out among the channels of the sessions before
// them, by several models side by side. A touch is the start of a session, whose
// channel is that of its first event that says where it came from.
type Attribution struct {
	Conversion Event   `json:"conversion"`
	Value      string  `json:"value,omitempty"`   // property with money in units of the currency; none: conversions only
	Order      string  `json:"order,omitempty"`   // property that names the order, which counts once, at most a look-back apart; default order_id
	Refunds    []Event `json:"refunds,omitempty"` // take from the value; default Order Refunded and Order Cancelled where the conversion is Order Completed
	// RefundValue is the property of refunds with the amount, default Value. A
	// refund without one takes back all that is left.
	RefundValue string  `json:"refund_value,omitempty"`
	Touches     []Event `json:"touches,omitempty"` // events that make sessions; default all
	// NotTouches are names of events that are no visits; default: refunds, and what a
	// mailing or a shop does by itself. Refunds never are.
	NotTouches []string `json:"not_touches,omitempty"`
	Gap        string   `json:"gap,omitempty"` // a pause of at least this ends a session; default 30m
	// SplitMidnight and SplitCampaign begin a new session at local midnight, and when
	// another campaign brings the customer.
	SplitMidnight bool          `json:"split_midnight,omitempty"`
	SplitCampaign bool          `json:"split_campaign,omitempty"`
	Channels      []ChannelRule `json:"channels,omitempty"` // default: DefaultChannels
	// Own are hosts whose referrals say nothing; default: payment and sign-in pages.
	// The site itself is always one.
	Own      []string `json:"own,omitempty"`
	LookBack string   `json:"look_back,omitempty"` // of a conversion; default 30d, at most 90d
	KeepPath bool     `json:"keep_path,omitempty"` // a conversion does not begin a new path
	Direct   string   `json:"direct,omitempty"`    // ignored or counts
	HalfLife string   `json:"half_life,omitempty"` // of time_decay; default 7d
	Lead     *Event   `json:"lead,omitempty"`      // marks of w_shaped
	// Opportunity is the second mark.
	Opportunity *Event `json:"opportunity,omitempty"`
	Markov      []int  `json:"markov,omitempty"` // orders, 1 to 4; default 1, 2, 3
	// Resamples are drawn for intervals: default 200; 0 none. Fewer are drawn where
	// that would take too long.
	Resamples *int   `json:"resamples,omitempty"`
	Seed      uint64 `json:"seed,omitempty"`
}

func (a *Attribution) order() string { return cmp.Or(a.Order, "order_id") }

func (a *Attribution) refundValue() string { return cmp.Or(a.RefundValue, a.Value) }

func (a *Attribution) refunds() []Event {
	if a.Value == "" {
		return nil
	}
	if a.Refunds == nil && a.Conversion.Event == core.EventOrderCompleted {
		return []Event{{Event: core.EventOrderRefunded}, {Event: core.EventOrderCancelled}}
	}
	return a.Refunds
}

func (a *Attribution) touches() []Event {
	if len(a.Touches) == 0 {
		return []Event{{Kind: "any"}}
	}
	return a.Touches
}

// defaultNotTouches are events that no customer makes by a visit.
func defaultNotTouches() []string {
	return []string{"Email Delivered", "Email Opened", "Email Bounced", "Email Marked as Spam", "Email Unsubscribed", "SMS Delivered", "Push Notification Received", "Push Notification Bounced",
		core.EventOrderRefunded, core.EventOrderCancelled, "Order Updated", "Order Shipped", "Order Delivered"}
}

func (a *Attribution) orders() []int {
	if len(a.Markov) == 0 {
		return []int{1, 2, 3}
	}
	return a.Markov
}

// events lists the choices: the conversion, refunds, marks, touches.
func (a *Attribution) events() []Event {
	out := append([]Event{a.Conversion}, a.refunds()...)
	for _, e := range []*Event{a.Lead, a.Opportunity} {
		if e != nil {
			out = append(out, *e)
		}
	}
	return append(out, a.touches()...)
}

// spanOf reads a span that was checked.
func spanOf(text string, otherwise core.Micros) core.Micros {
	if s, err := expr.ParseSpan(text); err == nil {
		return s
	}
	return otherwise
}

func checkSpan(field, text string, most core.Micros) error {
	if text == "" {
		return nil
	}
	s, err := expr.ParseSpan(text)
	if err != nil {
		return bad(field, "%v", err)
	}
	if s <= 0 || s > most {
		return bad(field, "must be longer than nothing and at most %d days", most/core.Day)
	}
	return nil
}

func (a *Attribution) check() error {
	if err := a.checkEvents(); err != nil {
		return err
	}
	for _, p := range []struct{ name, value string }{{"value", a.Value}, {"order", a.Order}, {"refund_value", a.RefundValue}} {
		if p.value != "" {
			if err := checkProperty("attribution."+p.name, p.value); err != nil {
				return err
			}
		}
	}
	if err := checkSpan("attribution.gap", a.Gap, core.Day); err != nil {
		return err
	}
	if err := checkSpan("attribution.look_back", a.LookBack, MaxLookBack); err != nil {
		return err
	}
	if err := checkSpan("attribution.half_life", a.HalfLife, 365*core.Day); err != nil {
		return err
	}
	if err := oneOf("attribution.direct", a.Direct, DirectIgnored, DirectCounts); err != nil {
		return err
	}
	if err := checkChannels("attribution.channels", a.Channels); err != nil {
		return err
	}
	if len(a.Own) > 200 || slices.Contains(a.Own, "") {
		return bad("attribution.own", "must be at most 200 hosts, none of them empty")
	}
	for i, o := range a.Markov {
		if o < 1 || o > maxMarkovOrder || slices.Contains(a.Markov[:i], o) {
			return bad("attribution.markov", "must be different orders from 1 to %d", maxMarkovOrder)
		}
	}
	if n := a.Resamples; n != nil && (*n < 0 || *n > maxResamples) {
		return bad("attribution.resamples", "must lie between 0 and %d", maxResamples)
	}
	return nil
}

func (a *Attribution) checkEvents() error {
	if err := a.Conversion.check("attribution.conversion"); err != nil {
		return err
	}
	if len(a.Refunds) > maxRefundEvents {
		return bad("attribution.refunds", "are more than %d", maxRefundEvents)
	}
	if len(a.Refunds) > 0 && a.Value == "" {
		return bad("attribution.refunds", "have no meaning without a value")
	}
	if len(a.Touches) > maxTouchEvents {
		return bad("attribution.touches", "are more than %d", maxTouchEvents)
	}
	if len(a.NotTouches) > 200 {
		return bad("attribution.not_touches", "are more than 200")
	}
	for i := range a.Refunds {
		if err := a.Refunds[i].check(fmt.Sprintf("attribution.refunds[%d]", i)); err != nil {
			return err
		}
	}
	for i := range a.Touches {
		if err := a.Touches[i].check(fmt.Sprintf("attribution.touches[%d]", i)); err != nil {
			return err
		}
	}
	if a.Lead != nil {
		if err := a.Lead.check("attribution.lead"); err != nil {
			return err
		}
	}
	if a.Opportunity != nil {
		return a.Opportunity.check("attribution.opportunity")
	}
	return nil
}

// AttributionResult has the models side by side. The credits of each sum to
// Conversions, and in money to Value. No model says what caused what.
type AttributionResult struct {
	Conversions int64                `json:"conversions"`
	Customers   int64                `json:"customers"`          // who converted
	Value       *int64               `json:"value,omitempty"`    // minor units, less refunds
	Refunded    *int64               `json:"refunded,omitempty"` // minor units
	Currency    string               `json:"currency,omitempty"`
	Unvalued    int64                `json:"unvalued,omitempty"`  // conversions without a readable value
	Untouched   int64                `json:"untouched,omitempty"` // conversions without any touch, credited to the channel ""
	Lost        int64                `json:"lost"`                // paths without conversion
	Rule        AttributionRule      `json:"rule"`
	Channels    []AttributionChannel `json:"channels"` // the most touched first
	Models      []AttributionModel   `json:"models"`
	Paths       []AttributionPath    `json:"paths"` // the most common ones
	MorePaths   int                  `json:"more_paths"`
}

// AttributionRule says by which rules the numbers were made.
type AttributionRule struct {
	LookBack  core.Micros `json:"look_back"`
	Gap       core.Micros `json:"gap"`
	Direct    string      `json:"direct"`
	Reset     bool        `json:"reset"` // a conversion begins a new path
	HalfLife  core.Micros `json:"half_life"`
	Seed      uint64      `json:"seed"`
	Resamples int         `json:"resamples"` // asked for
}

// AttributionChannel is one channel as paths see it.
type AttributionChannel struct {
	Channel   string `json:"channel"`
	Touches   int64  `json:"touches"`   // in paths to a conversion
	Converted int64  `json:"converted"` // conversions whose path has it
	First     int64  `json:"first"`     // conversions whose path begins with it
	Last      int64  `json:"last"`
	Lost      int64  `json:"lost"` // paths without conversion that have it
}

// AttributionModel is what one model says.
type AttributionModel struct {
	Model     string   `json:"model"`
	Order     int      `json:"order,omitempty"`
	Reason    string   `json:"reason,omitempty"` // why there are no credits
	P         *float64 `json:"p,omitempty"`      // of markov: probability that a path converts
	Credits   []Credit `json:"credits"`          // in the order of the channels
	Resamples int      `json:"resamples"`        // behind the intervals; 0: none
}

// Credit is what a model gives one channel. Low and High are the 95 % interval of
// Conversions by resampling paths, with the number of conversions held fixed.
type Credit struct {
	Channel     string   `json:"channel"`
	Conversions float64  `json:"conversions"`
	Share       float64  `json:"share"`
	Low         *float64 `json:"low,omitempty"`
	High        *float64 `json:"high,omitempty"`
	Value       *int64   `json:"value,omitempty"`   // minor units
	Removal     *float64 `json:"removal,omitempty"` // of markov: share of conversions lost without the channel
}

// AttributionPath is one sequence of channels.
type AttributionPath struct {
	Path        []string `json:"path"`
	Conversions int64    `json:"conversions"`
	Lost        int64    `json:"lost"`
	Value       *int64   `json:"value,omitempty"`
}
