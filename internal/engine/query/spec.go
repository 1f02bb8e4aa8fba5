package query

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Kind names what a Spec computes.
type Kind string

// Kinds of queries.
const (
	KindTrend      Kind = "trend"
	KindFunnel     Kind = "funnel"
	KindRetention  Kind = "retention"
	KindGrowth     Kind = "growth"
	KindStickiness Kind = "stickiness"
	KindPaths      Kind = "paths"
	// KindComposition and KindTable take a range as one.
	KindComposition Kind = "composition"
	KindTable       Kind = "table"
	KindAttribution Kind = "attribution"
	KindJourney     Kind = "journey"
)

// Limits of one Spec.
const (
	MaxBuckets = 5000
	MaxSteps   = 50
	MaxSeries  = 26
	MaxTop     = 1000
	DefaultTop = 25

	maxExclusions = 10
	maxText       = 255
)

// Spec is one question to the timeline. The part that Kind names is set.
type Spec struct {
	Kind  Kind         `json:"kind"`
	Range Range        `json:"range"`
	Where []expr.Match `json:"where,omitempty"` // on every event read
	// Who says which customers count, as they are now.
	Who *expr.Node `json:"who,omitempty"`
	// WhereCustomer counts only events of customers as they were then, or are now.
	WhereCustomer []CustomerMatch `json:"where_customer,omitempty"`
	// Bots keeps events of bots and tests, which are left out otherwise.
	Bots bool `json:"bots,omitempty"`
	// AsKnown counts only events received at or before this instant.
	AsKnown     *time.Time   `json:"as_known,omitempty"`
	Trend       *Trend       `json:"trend,omitempty"`
	Funnel      *Funnel      `json:"funnel,omitempty"`
	Retention   *Retention   `json:"retention,omitempty"`
	Growth      *Growth      `json:"growth,omitempty"`
	Stickiness  *Stickiness  `json:"stickiness,omitempty"`
	Paths       *Paths       `json:"paths,omitempty"`
	Composition *Composition `json:"composition,omitempty"`
	Table       *Table       `json:"table,omitempty"`
	Attribution *Attribution `json:"attribution,omitempty"`
	Journey     *Journey     `json:"journey,omitempty"`
}

// Range is [From, To) as dates of the workspace's zone or RFC 3339 instants, or
// the Last span up to now, begun at the start of its first local day.
type Range struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Last string `json:"last,omitempty"` // as expr.ParseSpan
}

// Event chooses events.
type Event struct {
	Kind  string       `json:"kind,omitempty"` // track (default), page, screen, identify, group, alias, signal, any (all but signals)
	Event string       `json:"event,omitempty"`
	Where []expr.Match `json:"where,omitempty"`
}

// Breakdown splits a result by a property of events, or by something of their
// customers.
type Breakdown struct {
	By       string `json:"by,omitempty"`  // property (default), trait, stage, segment
	Property string `json:"property"`      // or the trait, the key of the stage model, the key of the segment
	At       string `json:"at,omitempty"`  // of trait, stage and segment: event (default) or now
	Top      int    `json:"top,omitempty"` // values shown; default 25
}

func bad(field, format string, args ...any) error {
	return errs.Field(field, "invalid_query", format, args...)
}

// Check says what is wrong with s, naming the field.
func (s *Spec) Check() error {
	parts := map[Kind]bool{KindTrend: s.Trend != nil, KindFunnel: s.Funnel != nil, KindRetention: s.Retention != nil, KindGrowth: s.Growth != nil, KindStickiness: s.Stickiness != nil,
		KindPaths: s.Paths != nil, KindComposition: s.Composition != nil, KindTable: s.Table != nil,
		KindAttribution: s.Attribution != nil, KindJourney: s.Journey != nil}
	has, known := parts[s.Kind]
	if !known {
		return bad("kind", "%q is not one of trend, funnel, retention, growth, stickiness, paths, composition, table, attribution, journey", s.Kind)
	}
	if !has {
		return bad(string(s.Kind), "is missing, although kind names it")
	}
	for k, on := range parts {
		if on && k != s.Kind {
			return bad(string(k), "is set, although kind is %s", s.Kind)
		}
	}
	if err := s.Range.check(); err != nil {
		return err
	}
	if err := s.checkWho(); err != nil {
		return err
	}
	switch s.Kind {
	case KindTrend:
		return s.Trend.check()
	case KindFunnel:
		return s.Funnel.check()
	case KindRetention:
		return s.Retention.check()
	case KindGrowth:
		return s.Growth.check()
	case KindPaths:
		return s.Paths.check()
	case KindComposition:
		return s.Composition.check()
	case KindTable:
		return s.Table.check()
	case KindAttribution:
		return s.Attribution.check()
	case KindJourney:
		return s.Journey.check()
	}
	return s.Stickiness.check()
}

func (s *Spec) checkWho() error {
	if err := checkWhere("where", s.Where); err != nil {
		return err
	}
	if s.Who != nil {
		var at *expr.Error
		if err := s.Who.Check(); errors.As(err, &at) {
			return bad("who"+strings.TrimPrefix(at.Path, "$"), "%v", at.What)
		} else if err != nil {
			return bad("who", "%v", err)
		}
	}
	if len(s.WhereCustomer) > 50 {
		return bad("where_customer", "has more than 50 conditions")
	}
	for i := range s.WhereCustomer {
		if err := s.WhereCustomer[i].check(fmt.Sprintf("where_customer[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

func (r *Range) check() error {
	if r.Last != "" {
		if r.From != "" || r.To != "" {
			return bad("range.last", "stands alone: leave out from and to")
		}
		if _, err := expr.ParseSpan(r.Last); err != nil {
			return bad("range.last", "%v", err)
		}
		return nil
	}
	from, err := instant("range.from", r.From, time.UTC)
	if err != nil {
		return err
	}
	to, err := instant("range.to", r.To, time.UTC)
	if err != nil {
		return err
	}
	if len(r.From) == len(r.To) && from >= to {
		return bad("range.to", "must lie after from")
	}
	return nil
}

// Resolve gives [from, to) in zone.
func (r *Range) Resolve(zone *time.Location, now core.Micros) (from, to core.Micros, err error) {
	if r.Last != "" {
		span, err := expr.ParseSpan(r.Last)
		if err != nil {
			return 0, 0, bad("range.last", "%v", err)
		}
		cal := expr.Calendar{Zone: zone}
		return cal.Start(cal.Day(now - span)), now, nil
	}
	if from, err = instant("range.from", r.From, zone); err != nil {
		return 0, 0, err
	}
	if to, err = instant("range.to", r.To, zone); err != nil {
		return 0, 0, err
	}
	if from >= to {
		return 0, 0, bad("range.to", "must lie after from")
	}
	return from, to, nil
}

// instant reads a date of zone or an RFC 3339 instant.
func instant(field, s string, zone *time.Location) (core.Micros, error) {
	if s == "" {
		return 0, bad(field, "is missing")
	}
	t, err := time.Parse(time.DateOnly, s)
	at := expr.Calendar{Zone: zone}.Wall(t)
	if err != nil {
		t, err = time.Parse(time.RFC3339Nano, s)
		at = core.FromTime(t)
	}
	if err != nil {
		return 0, bad(field, "must be a date such as 2026-01-31 or an RFC 3339 instant")
	}
	if y := t.Year(); y < 1900 || y > 2300 {
		return 0, bad(field, "must lie between the years 1900 and 2300")
	}
	return at, nil
}

// check says what is wrong with e.
func (e *Event) check(field string) error {
	k, err := e.kind()
	if err != nil {
		return bad(field+".kind", "%v", err)
	}
	if k == core.KindTrack && e.Event == "" {
		return bad(field+".event", "names no event")
	}
	if len(e.Event) > maxText {
		return bad(field+".event", "is longer than %d characters", maxText)
	}
	return checkWhere(field+".where", e.Where)
}

func (e *Event) kind() (core.Kind, error) {
	if e.Kind == "signal" {
		return core.KindSignal, nil
	}
	return expr.EventKind(e.Kind)
}

// label names e in hints.
func (e *Event) label() string {
	if e.Event != "" {
		return e.Event
	}
	return e.Kind
}

func checkWhere(field string, where []expr.Match) error {
	if len(where) > 50 {
		return bad(field, "has more than 50 conditions")
	}
	for i, m := range where {
		if err := checkProperty(fmt.Sprintf("%s[%d].name", field, i), m.Name); err != nil {
			return err
		}
		if _, err := expr.Compile(m); err != nil {
			return bad(fmt.Sprintf("%s[%d]", field, i), "%v", err)
		}
	}
	return nil
}

func checkProperty(field, name string) error {
	if name == "" || len(name) > maxText || strings.ContainsRune(name, 0) {
		return bad(field, "must be a property name of 1 to %d characters", maxText)
	}
	return nil
}

func (b *Breakdown) check(field string) error {
	if b == nil {
		return nil
	}
	if b.Top < 0 || b.Top > MaxTop {
		return bad(field+".top", "must lie between 1 and %d", MaxTop)
	}
	if err := oneOf(field+".by", b.By, ByProperty, ByTrait, ByStage, BySegment); err != nil {
		return err
	}
	if err := oneOf(field+".at", b.At, AtEvent, AtNow); err != nil {
		return err
	}
	if b.At == AtNow && (b.By == "" || b.By == ByProperty) {
		return bad(field+".at", "a property of an event has no value of now")
	}
	return checkProperty(field+".property", b.Property)
}

func (b *Breakdown) top() int {
	if b.Top == 0 {
		return DefaultTop
	}
	return b.Top
}

// FieldOf gives the field that an error of Check names, or "".
func FieldOf(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Field
	}
	return ""
}
