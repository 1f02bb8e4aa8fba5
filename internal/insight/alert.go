package insight

import (
	"math"
	"regexp"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Rules of alerts.
const (
	RuleThreshold = "threshold" // above or below a number
	RuleChange    = "change"    // against the period before
	RuleAnomaly   = "anomaly"   // against the same season of past periods: see Deviation
)

// States of alerts. One recovers once; the next look that finds nothing makes it
// ok again.
const (
	AlertOK        = "ok"
	AlertFiring    = "firing"
	AlertRecovered = "recovered"
)

// Defaults and bounds of alerts.
const (
	maxAlerts         = 200
	minEvery          = 5 * core.Minute
	maxEvery          = 31 * core.Day
	maxPeriod         = 366 * core.Day
	defaultDeviations = 3.5
	defaultSeasons    = 8
	maxSeasons        = 52
)

// Rule says when an alert fires.
type Rule struct {
	Kind string `json:"kind"`
	// Op and Value are those of a threshold: above or below the value.
	Op    string   `json:"op,omitempty"`
	Value *float64 `json:"value,omitempty"`
	// Direction is that of a change or anomaly: up, down or both (default).
	Direction string `json:"direction,omitempty"`
	// By is the share of the value before by which a change fires: 0.2 is 20 %.
	By *float64 `json:"by,omitempty"`
	// Deviations of an anomaly, default 3.5, from the last Seasons, default 8.
	Deviations float64 `json:"deviations,omitempty"`
	Seasons    int     `json:"seasons,omitempty"`
	// Least is the smallest difference of an anomaly or change that matters, in
	// the unit of the value.
	Least float64 `json:"least,omitempty"`
}

// Schedule says when an alert is looked at: every span, for spans of whole days
// at a local time if one is given.
type Schedule struct {
	Every string `json:"every"`
	At    string `json:"at,omitempty"` // 08:00
}

// Watched is what an alert looks at: a KPI over the last Period, or the last
// complete bucket of a line of a saved trend.
type Watched struct {
	KPI    string `json:"kpi,omitempty"`
	Stage  string `json:"stage,omitempty"`
	Model  int64  `json:"model,omitempty"`  // of the stage; 0: the default one
	Period string `json:"period,omitempty"` // of a KPI, default 30d

	Insight int64  `json:"insight,omitempty"`
	Line    string `json:"line,omitempty"`  // A, B … or F1 … of formulas; default A
	Value   string `json:"value,omitempty"` // of the breakdown
}

// Alert watches a number and tells when it becomes notable.
type Alert struct {
	ID       int64
	Name     string
	Enabled  bool
	Watched  Watched
	Rule     Rule
	Schedule Schedule
	Webhook  int64    // the endpoint that is told; 0: all that want alerts
	Emails   []string // addresses that are told as well
	Language string   // of letters: en, it, ro

	State            string
	Since, Checked   core.Micros // of the state; last looked at, 0 never
	Problem          string      // why the last look said nothing
	Due              core.Micros
	Created, Updated core.Micros
	By               string
}

// AlertChange changes the parts that are not nil.
type AlertChange struct {
	Name     *string
	Enabled  *bool
	Watched  *Watched
	Rule     *Rule
	Schedule *Schedule
	Webhook  *int64
	Emails   *[]string
	Language *string
}

func (a *Alert) apply(c *AlertChange) {
	if c.Name != nil {
		a.Name = *c.Name
	}
	if c.Enabled != nil {
		a.Enabled = *c.Enabled
	}
	if c.Watched != nil {
		a.Watched = *c.Watched
	}
	if c.Rule != nil {
		a.Rule = *c.Rule
	}
	if c.Schedule != nil {
		a.Schedule = *c.Schedule
	}
	if c.Webhook != nil {
		a.Webhook = *c.Webhook
	}
	if c.Emails != nil {
		a.Emails = *c.Emails
	}
	if c.Language != nil {
		a.Language = *c.Language
	}
}

// defaults fills what was left out.
func (a *Alert) defaults() {
	if a.Watched.KPI != "" && a.Watched.Period == "" {
		a.Watched.Period = "30d"
	}
	if a.Watched.Insight != 0 && a.Watched.Line == "" {
		a.Watched.Line = "A"
	}
	if a.Language == "" {
		a.Language = "en"
	}
	if a.Schedule.Every == "" {
		a.Schedule.Every = "1h"
	}
	r := &a.Rule
	if r.Kind != RuleThreshold && r.Direction == "" {
		r.Direction = "both"
	}
	if r.Kind == RuleAnomaly && r.Deviations == 0 {
		r.Deviations = defaultDeviations
	}
	if r.Kind == RuleAnomaly && r.Seasons == 0 {
		r.Seasons = defaultSeasons
	}
}

var (
	lineForm = regexp.MustCompile(`^([A-Z]|F[1-9][0-9]?)$`)
	atForm   = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

func (s *Service) checkAlert(a *Alert) error {
	if err := checkText("name", a.Name, true, maxName); err != nil {
		return err
	}
	if err := s.checkWatched(&a.Watched); err != nil {
		return err
	}
	if err := a.Rule.check(); err != nil {
		return err
	}
	if a.Webhook < 0 {
		return errs.Field("webhook", "bad_webhook", "must be the number of an endpoint")
	}
	if err := a.checkEmails(); err != nil {
		return err
	}
	return a.Schedule.check()
}

func (s *Service) checkWatched(w *Watched) error {
	switch {
	case (w.KPI == "") == (w.Insight == 0):
		return errs.Field("watched", "bad_watched", "an alert watches either a kpi or an insight")
	case w.Insight < 0:
		return errs.Field("watched.insight", "bad_insight", "must be the number of a saved insight")
	case w.Insight != 0 && (w.Stage != "" || w.Model != 0 || w.Period != ""):
		return errs.Field("watched.insight", "bad_watched", "stage, model and period belong to a kpi")
	case w.KPI != "" && (w.Line != "" || w.Value != ""):
		return errs.Field("watched.kpi", "bad_watched", "line and value belong to an insight")
	case w.Insight != 0 && !lineForm.MatchString(w.Line):
		return errs.Field("watched.line", "bad_line", "a line is A, B … or F1, F2 … of formulas")
	case w.Model < 0:
		return errs.Field("watched.model", "bad_model", "must be the number of a stage model")
	case w.Insight != 0:
		return checkText("watched.value", w.Value, false, 1000)
	}
	if err := s.checkKPI("watched", w.KPI, w.Stage); err != nil {
		return err
	}
	p, err := expr.ParseSpan(w.Period)
	if err != nil || p < core.Hour || p > maxPeriod {
		return errs.Field("watched.period", "bad_period", "must be a span between 1h and 366d such as 30d")
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func (r *Rule) check() error {
	if r.Kind != RuleThreshold && r.Direction != "up" && r.Direction != "down" && r.Direction != "both" {
		return errs.Field("rule.direction", "bad_direction", "the direction is up, down or both")
	}
	if !finite(r.Least) || r.Least < 0 {
		return errs.Field("rule.least", "bad_least", "must be 0 or more")
	}
	switch r.Kind {
	case RuleThreshold:
		if r.Op != "above" && r.Op != "below" {
			return errs.Field("rule.op", "bad_op", "a threshold is above or below a value")
		}
		if r.Value == nil || !finite(*r.Value) {
			return errs.Field("rule.value", "bad_value", "a threshold needs a value")
		}
	case RuleChange:
		if r.By == nil || !finite(*r.By) || *r.By <= 0 {
			return errs.Field("rule.by", "bad_by", "a change needs a share above 0, such as 0.2 for 20 %%")
		}
	case RuleAnomaly:
		if !finite(r.Deviations) || r.Deviations < 1 || r.Deviations > 100 {
			return errs.Field("rule.deviations", "bad_deviations", "must lie between 1 and 100")
		}
		if r.Seasons < minHistory || r.Seasons > maxSeasons {
			return errs.Field("rule.seasons", "bad_seasons", "must lie between %d and %d", minHistory, maxSeasons)
		}
	default:
		return errs.Field("rule.kind", "bad_rule", "a rule is a threshold, a change or an anomaly")
	}
	return nil
}

func (s *Schedule) check() error {
	every, err := expr.ParseSpan(s.Every)
	if err != nil || every < minEvery || every > maxEvery {
		return errs.Field("schedule.every", "bad_every", "must be a span between 5m and 31d such as 1h")
	}
	if s.At != "" && (!atForm.MatchString(s.At) || every%core.Day != 0) {
		return errs.Field("schedule.at", "bad_at", "must be a local time such as 08:00, and goes with whole days")
	}
	return nil
}

// next gives the first instant after now at which a checked schedule is due. A
// local time that a clock change skips falls an hour later.
func (s *Schedule) next(now core.Micros, zone *time.Location, first bool) core.Micros {
	every, _ := expr.ParseSpan(s.Every) //nolint:errcheck // checked
	if s.At == "" {
		if first {
			return now
		}
		return now + every
	}
	at, _ := time.Parse("15:04", s.At) //nolint:errcheck // checked
	y, m, d := core.ToTime(now).In(zone).Date()
	days := int(every / core.Day)
	if first {
		days = 0
	}
	for {
		t := expr.Calendar{Zone: zone}.Wall(time.Date(y, m, d+days, at.Hour(), at.Minute(), 0, 0, time.UTC))
		if t > now {
			return t
		}
		days++
	}
}
