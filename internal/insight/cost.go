package insight

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Kinds of costs. Advertising counts for ROAS and paid CAC, all of them for CAC.
const (
	CostAds      = "ads"
	CostSalaries = "salaries"
	CostOther    = "other"
)

// Bounds of costs.
const (
	maxCostAmount = 1_000_000_000_000_000 // minor units
	MaxCostRows   = 50_000                // of one call or file
	maxCosts      = 1_000_000             // of a workspace
)

// Cost is what one channel, or one campaign of it, cost on a calendar day.
type Cost struct {
	Day               int64 // since 1970-01-01
	Channel, Campaign string
	Kind              string
	Amount            int64 // minor units
	Currency          string
}

// CostChange tells what writing costs or exchange rates changed.
type CostChange struct{ Rows, Added, Changed, Same int }

// CostFilter chooses costs: days [From, To), a channel and a campaign unless nil.
type CostFilter struct {
	From, To          int64
	Channel, Campaign *string
}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// ParseDay reads a date such as 2026-01-31.
func ParseDay(field, text string) (int64, error) {
	t, err := time.Parse("2006-01-02", text)
	if err != nil || t.Year() < 1970 || t.Year() > 2300 {
		return 0, errs.Field(field, "bad_day", "must be a date such as 2026-01-31, of the years 1970 to 2300")
	}
	return t.Unix() / 86_400, nil
}

// FormatDay writes a day as a date.
func FormatDay(day int64) string { return time.Unix(day*86_400, 0).UTC().Format("2006-01-02") }

// tidy puts a row into the form in which it is kept.
func (c *Cost) tidy() {
	c.Channel, c.Campaign = strings.TrimSpace(c.Channel), strings.TrimSpace(c.Campaign)
	c.Currency = strings.ToUpper(strings.TrimSpace(c.Currency))
	if c.Kind == "" {
		c.Kind = CostAds
	}
}

// check names the member at fault behind at.
func (c *Cost) check(at string) error {
	if err := checkText(at+"channel", c.Channel, true, maxName); err != nil {
		return err
	}
	if err := checkText(at+"campaign", c.Campaign, false, maxName); err != nil {
		return err
	}
	switch {
	case c.Kind != CostAds && c.Kind != CostSalaries && c.Kind != CostOther:
		return errs.Field(at+"kind", "bad_kind", "the kind is ads, salaries or other")
	case c.Amount < 0:
		return errs.Field(at+"amount", "bad_amount", "a cost is not below 0")
	case c.Amount > maxCostAmount:
		return errs.Field(at+"amount", "bad_amount", "the amount is too large")
	case !currencyForm.MatchString(c.Currency):
		return errs.Field(at+"currency", "bad_currency", "a currency is three letters such as EUR")
	}
	return nil
}

// costKey is what a row is known by.
type costKey struct {
	day               int64
	channel, campaign string
}

func (c *Cost) key() costKey { return costKey{c.Day, c.Channel, c.Campaign} }

// SetCosts writes rows: each replaces the one of the same day, channel and
// campaign. All are written or none.
func (s *Service) SetCosts(ctx context.Context, ws core.WorkspaceID, rows []Cost) (CostChange, error) {
	if len(rows) > MaxCostRows {
		return CostChange{}, errs.Field("costs", "too_many", "at most %d rows at once", MaxCostRows)
	}
	rows = append([]Cost(nil), rows...)
	first := map[costKey]int{}
	for i := range rows {
		rows[i].tidy()
		if err := rows[i].check(fmt.Sprintf("costs[%d].", i)); err != nil {
			return CostChange{}, err
		}
		if j, twice := first[rows[i].key()]; twice {
			return CostChange{}, errs.Field(fmt.Sprintf("costs[%d]", i), "duplicate", "the same day, channel and campaign stand in row %d", j)
		}
		first[rows[i].key()] = i
	}
	return s.writeCosts(ctx, ws, rows)
}

// writeCosts writes checked rows.
func (s *Service) writeCosts(ctx context.Context, ws core.WorkspaceID, rows []Cost) (out CostChange, err error) {
	if len(rows) == 0 {
		return out, nil
	}
	f := CostFilter{From: rows[0].Day, To: rows[0].Day + 1}
	for i := range rows {
		f.From, f.To = min(f.From, rows[i].Day), max(f.To, rows[i].Day+1)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		old := map[costKey]Cost{}
		if err := eachCost(ctx, tx, ws, f, func(c Cost) { old[c.key()] = c }); err != nil {
			return err
		}
		out = CostChange{Rows: len(rows)}
		in := db.Insert{Table: "costs", Columns: []string{"workspace_id", "day", "channel", "campaign", "kind", "amount", "currency"},
			Conflict: "ON CONFLICT (workspace_id, day, channel, campaign) DO UPDATE SET kind = excluded.kind, amount = excluded.amount, currency = excluded.currency"}
		for _, c := range rows {
			switch was, there := old[c.key()]; {
			case !there:
				out.Added++
			case was == c:
				out.Same++
				continue
			default:
				out.Changed++
			}
			in.Rows = append(in.Rows, []any{ws, c.Day, c.Channel, c.Campaign, c.Kind, c.Amount, c.Currency})
		}
		if err := room(ctx, tx, ws, "count_costs", maxCosts-int64(out.Added)+1, errs.Say("rows of costs")); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.dropReports(ws) })
		return tx.Bulk(ctx, in)
	})
	if err != nil {
		return CostChange{}, fmt.Errorf("write costs: %w", err)
	}
	return out, nil
}

func eachCost(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, f CostFilter, fn func(Cost)) error {
	return tx.Query(ctx, queries.Get("costs"), func(row db.Row) error {
		var c Cost
		if err := row.Scan(&c.Day, &c.Channel, &c.Campaign, &c.Kind, &c.Amount, &c.Currency); err != nil {
			return err
		}
		if (f.Channel == nil || *f.Channel == c.Channel) && (f.Campaign == nil || *f.Campaign == c.Campaign) {
			fn(c)
		}
		return nil
	}, ws, f.From, f.To)
}

// Costs gives rows by day, channel and campaign. More than can be shown at once
// are refused.
func (s *Service) Costs(ctx context.Context, ws core.WorkspaceID, f CostFilter) ([]Cost, error) {
	out := []Cost{}
	n := 0
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return eachCost(ctx, tx, ws, f, func(c Cost) {
			if n++; n <= MaxCostRows {
				out = append(out, c)
			}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read costs: %w", err)
	}
	if n > MaxCostRows {
		return nil, errs.New(errs.TooLarge, "too_many", "%d rows, more than %d: choose fewer days", n, MaxCostRows)
	}
	return out, nil
}

// DeleteCosts deletes rows and tells how many.
func (s *Service) DeleteCosts(ctx context.Context, ws core.WorkspaceID, f CostFilter) (n int64, err error) {
	all, channel, anyCampaign, campaign := f.Channel == nil, "", f.Campaign == nil, ""
	if !all {
		channel = *f.Channel
	}
	if !anyCampaign {
		campaign = *f.Campaign
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.AfterCommit(func() { s.dropReports(ws) })
		n, err = tx.Exec(ctx, queries.Get("delete_costs"), ws, f.From, f.To, all, channel, anyCampaign, campaign)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete costs: %w", err)
	}
	return n, nil
}

// dropReports forgets the KPIs of a workspace that are kept; one being computed
// is not kept.
func (s *Service) dropReports(ws core.WorkspaceID) (n int64) {
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	for k := range s.cache.entries {
		if k.ws == ws {
			delete(s.cache.entries, k)
			n++
		}
	}
	return n
}
