package query

import (
	"fmt"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
)

// Orders in which the steps of a funnel may come.
const (
	OrderFree   = "free"   // in order, other events may lie between (default)
	OrderStrict = "strict" // in order, any other event between ends the attempt
	OrderAny    = "any"    // all within one window, in any order
)

// Ways to count, and to choose the value of a funnel's breakdown.
const (
	CountCustomers = "customers" // each customer once (default)
	CountAll       = "all"       // the timeline is cut behind each conversion; each piece counts

	AtFirst = "first" // value at step 1 (default)
	AtLast  = "last"  // value at the last step made
	AtStep  = "step"  // value at the step given; none when it was not made
	AtEach  = "each"  // every value on its own, over only its events
)

// Modes of a funnel: how events of one instant count.
const (
	ModeCiclo          = "ciclo"           // as if in the order of the steps, each once (default)
	ModeWindowFunnel   = "window_funnel"   // one event may serve several steps of its instant
	ModeStrictIncrease = "strict_increase" // no step is made at the instant of the one before
)

// DefaultWindow is a funnel's window unless the spec says otherwise.
const DefaultWindow = 14 * core.Day

// Funnel follows customers through steps. An attempt begins at an event of step
// 1 in the range; a later step counts up to Window after it. A customer's
// deepest attempt counts.
type Funnel struct {
	Steps     []Step           `json:"steps"`
	Order     string           `json:"order,omitempty"`
	Window    string           `json:"window,omitempty"` // as expr.ParseSpan; default 14d
	Exclude   []Exclusion      `json:"exclude,omitempty"`
	Counting  string           `json:"counting,omitempty"`
	Mode      string           `json:"mode,omitempty"`
	Breakdown *FunnelBreakdown `json:"breakdown,omitempty"`
}

// Step is one step; the first and the last cannot be optional.
type Step struct {
	Event
	Label    string `json:"label,omitempty"`
	Optional bool   `json:"optional,omitempty"`
}

// Exclusion takes a customer out whose deepest attempt has such an event after
// step From and before step To, counted from 1. The default is first to last.
type Exclusion struct {
	Event
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
}

// FunnelBreakdown splits a funnel by the value at one of the matched events.
type FunnelBreakdown struct {
	Breakdown
	// At also knows now, of a trait, a stage or a segment.
	At   string `json:"at,omitempty"`
	Step int    `json:"step,omitempty"` // of at "step", from 1
}

func oneOf(field, value string, allowed ...string) error {
	for _, a := range append(allowed, "") {
		if value == a {
			return nil
		}
	}
	return bad(field, "%q is not one of %s", value, strings.Join(allowed, ", "))
}

func (f *Funnel) check() error {
	n := len(f.Steps)
	if n == 0 || n > MaxSteps {
		return bad("funnel.steps", "must have 1 to %d steps", MaxSteps)
	}
	for i := range f.Steps {
		field := fmt.Sprintf("funnel.steps[%d]", i)
		if err := f.Steps[i].Event.check(field); err != nil {
			return err
		}
		if f.Steps[i].Optional && (i == 0 || i == n-1 || f.Order == OrderAny) {
			return bad(field+".optional", "the first and the last step cannot be optional, nor any step in any order")
		}
	}
	if err := oneOf("funnel.order", f.Order, OrderFree, OrderStrict, OrderAny); err != nil {
		return err
	}
	if err := oneOf("funnel.counting", f.Counting, CountCustomers, CountAll); err != nil {
		return err
	}
	if err := oneOf("funnel.mode", f.Mode, ModeCiclo, ModeWindowFunnel, ModeStrictIncrease); err != nil {
		return err
	}
	if f.Order == OrderAny && f.mode() != ModeCiclo {
		return bad("funnel.mode", "%s has no meaning in any order", f.Mode)
	}
	if f.Window != "" {
		if _, err := expr.ParseSpan(f.Window); err != nil {
			return bad("funnel.window", "%v", err)
		}
	}
	if err := f.checkExclusions(); err != nil {
		return err
	}
	return f.checkBreakdown()
}

func (f *Funnel) checkExclusions() error {
	if len(f.Exclude) > maxExclusions {
		return bad("funnel.exclude", "has more than %d exclusions", maxExclusions)
	}
	for i := range f.Exclude {
		field, x := fmt.Sprintf("funnel.exclude[%d]", i), &f.Exclude[i]
		if err := x.Event.check(field); err != nil {
			return err
		}
		if f.Order == OrderAny && (x.From != 0 || x.To != 0) {
			return bad(field+".from", "has no meaning in any order: it acts between the first and the last step made")
		}
		if from, to := x.between(len(f.Steps)); from < 1 || to > len(f.Steps) || from >= to {
			return bad(field+".from", "must name two steps in order, from 1 to %d", len(f.Steps))
		}
	}
	return nil
}

func (f *Funnel) checkBreakdown() error {
	b := f.Breakdown
	if b == nil {
		return nil
	}
	if err := oneOf("funnel.breakdown.at", b.At, AtFirst, AtLast, AtStep, AtEach, AtNow); err != nil {
		return err
	}
	if b.At == AtStep && (b.Step < 1 || b.Step > len(f.Steps)) {
		return bad("funnel.breakdown.step", "must lie between 1 and %d", len(f.Steps))
	}
	if b.At == AtNow {
		with := b.Breakdown
		with.At = AtNow
		return with.check("funnel.breakdown")
	}
	return b.Breakdown.check("funnel.breakdown")
}

func (x *Exclusion) between(steps int) (from, to int) {
	from, to = x.From, x.To
	if from == 0 {
		from = 1
	}
	if to == 0 {
		to = steps
	}
	return from, to
}

func (f *Funnel) mode() string {
	if f.Mode == "" {
		return ModeCiclo
	}
	return f.Mode
}

func (f *Funnel) window() core.Micros {
	if span, err := expr.ParseSpan(f.Window); err == nil {
		return span
	}
	return DefaultWindow
}

// FunnelResult is the funnel of everybody and of each value of the breakdown,
// the most common first, the rest last.
type FunnelResult struct {
	Window core.Micros   `json:"window"`
	Labels []string      `json:"labels"` // of the steps
	Total  FunnelGroup   `json:"total"`
	Groups []FunnelGroup `json:"groups,omitempty"`
}

// FunnelGroup counts customers, or pieces of timelines when all conversions
// count. Excluded ones are in no other number.
type FunnelGroup struct {
	Value     Value        `json:"value"`
	Entered   int64        `json:"entered"`
	Converted int64        `json:"converted"`
	Excluded  int64        `json:"excluded"`
	Pending   int64        `json:"pending"` // not converted, with a window that still runs
	Steps     []FunnelStep `json:"steps"`
	Time      *Spread      `json:"time,omitempty"`  // from step 1 to the last, of the converted
	Curve     []Survival   `json:"curve,omitempty"` // Kaplan–Meier conversion by time since step 1
}

// FunnelStep is one step: Reached of Entered, and of Before, who made the last
// step that is not optional.
type FunnelStep struct {
	Reached int64   `json:"reached"`
	Entered int64   `json:"entered"`
	Before  int64   `json:"before"`
	Pending int64   `json:"pending"`        // whose deepest attempt ends here and whose window runs
	Dropped int64   `json:"dropped"`        // of Before, not made and not pending
	Time    *Spread `json:"time,omitempty"` // since that last step, of those who made this one
}

// Spread describes durations in microseconds.
type Spread struct {
	N      int64   `json:"n"`
	Mean   float64 `json:"mean"`
	P25    float64 `json:"p25"`
	Median float64 `json:"median"`
	P75    float64 `json:"p75"`
	P90    float64 `json:"p90"`
	Bins   []Bin   `json:"bins"` // of equal width; the last one ends with the longest
}

// Bin counts durations in [From, To); the last bin holds To too.
type Bin struct {
	From core.Micros `json:"from"`
	To   core.Micros `json:"to"`
	N    int64       `json:"n"`
}

// Survival is one step of a conversion curve: the share converted by Time, with
// those whose window still runs counted only as long as it was seen.
type Survival struct {
	Time  core.Micros `json:"time"`
	Share float64     `json:"share"`
}
