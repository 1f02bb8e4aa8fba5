package query

import (
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
)

// Ways into a retention table, and how its periods are counted.
const (
	EntryRecurring = "recurring"  // every period with a start event (default)
	EntryFirstTime = "first_time" // the first start event ever that meets the conditions
	EntryFirstEver = "first_ever" // the first event of that name, if it meets the conditions

	ModeCalendar = "calendar" // periods of the workspace's zone (default)
	ModeRolling  = "rolling"  // of 24 h, 7 or 30 days from the customer's own start
)

// Retention follows those who did Start in a period and tells who did Return in
// later ones. Without Periods it ends with the range: later rows are shorter.
type Retention struct {
	Start     Event      `json:"start"`
	Return    *Event     `json:"return,omitempty"` // nil: the start event
	Entry     string     `json:"entry,omitempty"`
	Unit      Interval   `json:"unit"` // day, week or month
	Mode      string     `json:"mode,omitempty"`
	OnOrAfter bool       `json:"on_or_after,omitempty"` // in the period or a later one
	Periods   int        `json:"periods,omitempty"`     // columns after period 0
	Brackets  [][2]int   `json:"brackets,omitempty"`    // columns as first and last period
	AtLeast   int        `json:"at_least,omitempty"`    // return events in a period; default 1
	Property  string     `json:"property,omitempty"`    // summed over the return events of those who returned
	Breakdown *Breakdown `json:"breakdown,omitempty"`   // by the value at the first start event
}

// maxRetention bounds the cells of one table.
const maxRetention = 250_000

func (r *Retention) back() Event {
	if r.Return != nil {
		return *r.Return
	}
	return r.Start
}

func (r *Retention) check() error {
	if err := r.Start.check("retention.start"); err != nil {
		return err
	}
	if r.Return != nil {
		if err := r.Return.check("retention.return"); err != nil {
			return err
		}
	}
	if err := oneOf("retention.entry", r.Entry, EntryRecurring, EntryFirstTime, EntryFirstEver); err != nil {
		return err
	}
	if err := oneOf("retention.mode", r.Mode, ModeCalendar, ModeRolling); err != nil {
		return err
	}
	if r.Unit != Day && r.Unit != Week && r.Unit != Month {
		return bad("retention.unit", "%q is not one of day, week, month", r.Unit)
	}
	if r.Periods < 0 || r.Periods > 1000 {
		return bad("retention.periods", "must lie between 0 and 1000")
	}
	if r.AtLeast < 0 || r.AtLeast > 1_000_000 {
		return bad("retention.at_least", "must lie between 1 and 1000000")
	}
	next := 0
	for i, b := range r.Brackets {
		if b[0] < next || b[1] < b[0] || b[1] > 1000 {
			return bad(fmt.Sprintf("retention.brackets[%d]", i), "must be two rising periods up to 1000, behind the bracket before")
		}
		next = b[1] + 1
	}
	if len(r.Brackets) > 0 && r.Periods > 0 {
		return bad("retention.periods", "and brackets cannot be set both")
	}
	if r.Property != "" {
		if err := checkProperty("retention.property", r.Property); err != nil {
			return err
		}
	}
	return r.Breakdown.check("retention.breakdown")
}

// RetentionResult holds one table, or one for each value of the breakdown.
type RetentionResult struct {
	Unit    Interval         `json:"unit"`
	Columns [][2]int         `json:"columns"` // first and last period
	Buckets []Bucket         `json:"buckets"` // of the rows
	Groups  []RetentionGroup `json:"groups"`
}

// RetentionGroup is one table: a row for each bucket and the average of the
// complete cells, weighted by size.
type RetentionGroup struct {
	Value   Value             `json:"value"`
	Rows    [][]RetentionCell `json:"rows"`
	Average []RetentionCell   `json:"average"`
}

// RetentionCell tells how many of Size came back.
type RetentionCell struct {
	Size     int64    `json:"size"`
	Returned int64    `json:"returned"`
	Share    *float64 `json:"share"`         // Returned / Size
	Sum      float64  `json:"sum,omitempty"` // of the property
	Count    int64    `json:"count,omitempty"`
	// Kept is Sum over the row's Sum in its first column: revenue retention.
	Kept       *float64 `json:"kept,omitempty"`
	Incomplete bool     `json:"incomplete,omitempty"` // the period still runs
}

// rollingUnit is the length of a rolling period.
func rollingUnit(i Interval) core.Micros {
	switch i {
	case Week:
		return 7 * core.Day
	case Month:
		return 30 * core.Day
	}
	return core.Day
}
