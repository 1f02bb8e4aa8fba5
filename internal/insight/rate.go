package insight

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Bounds of exchange rates.
const (
	MaxRateRows = 50_000  // of one call or file
	maxRates    = 200_000 // of a workspace
)

// Rate is what one unit of a currency is worth in the base currency on a calendar
// day, and on the days after it that have none.
type Rate struct {
	Currency string
	Day      int64 // since 1970-01-01
	Rate     int64 // billionths
}

// RateFilter chooses rates: days [From, To), and a currency unless "".
type RateFilter struct {
	From, To int64
	Currency string
}

// RateCursor is the last rate that was shown; rates come by currency, the newest
// first.
type RateCursor struct {
	Currency string `json:"c"`
	Day      int64  `json:"d"`
}

// rateThing is what the version of a workspace's rates is numbered as.
const rateThing = "rates"

// tidy puts a row into the form in which it is kept.
func (r *Rate) tidy() { r.Currency = strings.ToUpper(strings.TrimSpace(r.Currency)) }

// check names the member at fault behind at.
func (r *Rate) check(at, base string) error {
	switch {
	case !currencyForm.MatchString(r.Currency):
		return errs.Field(at+"currency", "bad_currency", "a currency is three letters such as EUR")
	case r.Currency == base:
		return errs.Field(at+"currency", "own_currency", "%s is the currency of the workspace: rates are into it", base)
	case r.Rate <= 0 || r.Rate > core.MaxRate:
		return errBadRate(at + "rate")
	}
	return nil
}

func errBadRate(field string) error {
	return errs.Field(field, "bad_rate", "a rate is a number above 0 with at most nine decimals, such as 0.2009")
}

// ParseRate reads a rate written as a decimal.
func ParseRate(field, text string) (int64, error) {
	rate, ok := core.ParseRate(text)
	if !ok {
		return 0, errBadRate(field)
	}
	return rate, nil
}

// rateKey is what a row is known by.
type rateKey struct {
	currency string
	day      int64
}

func (r *Rate) key() rateKey { return rateKey{r.Currency, r.Day} }

// SetRates writes rates into base: each replaces the one of the same currency and
// day. All are written or none.
func (s *Service) SetRates(ctx context.Context, ws core.WorkspaceID, base string, rows []Rate) (CostChange, error) {
	if len(rows) > MaxRateRows {
		return CostChange{}, errs.Field("rates", "too_many", "at most %d rows at once", MaxRateRows)
	}
	rows = append([]Rate(nil), rows...)
	first := map[rateKey]int{}
	for i := range rows {
		rows[i].tidy()
		if err := rows[i].check(fmt.Sprintf("rates[%d].", i), base); err != nil {
			return CostChange{}, err
		}
		if j, twice := first[rows[i].key()]; twice {
			return CostChange{}, errs.Field(fmt.Sprintf("rates[%d]", i), "duplicate", "the same currency and day stand in row %d", j)
		}
		first[rows[i].key()] = i
	}
	return s.writeRates(ctx, ws, base, rows)
}

// writeRates writes checked rows. What was answered with other rates is not given
// again, here or by another process: the version is another one.
func (s *Service) writeRates(ctx context.Context, ws core.WorkspaceID, base string, rows []Rate) (out CostChange, err error) {
	if len(rows) == 0 {
		return out, nil
	}
	from, to := rows[0].Day, rows[0].Day+1
	for i := range rows {
		from, to = min(from, rows[i].Day), max(to, rows[i].Day+1)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		old := map[rateKey]Rate{}
		if err := eachRate(ctx, tx, "rates_of_days", func(r Rate) { old[r.key()] = r }, ws, base, from, to); err != nil {
			return err
		}
		out = CostChange{Rows: len(rows)}
		in := db.Insert{Table: "exchange_rates", Columns: []string{"workspace_id", "base", "currency", "day", "rate"},
			Conflict: "ON CONFLICT (workspace_id, base, currency, day) DO UPDATE SET rate = excluded.rate"}
		for _, r := range rows {
			switch was, there := old[r.key()]; {
			case !there:
				out.Added++
			case was == r:
				out.Same++
				continue
			default:
				out.Changed++
			}
			in.Rows = append(in.Rows, []any{ws, base, r.Currency, r.Day, r.Rate})
		}
		if len(in.Rows) == 0 {
			return nil
		}
		if err := room(ctx, tx, ws, "count_rates", maxRates-int64(out.Added)+1, errs.Say("exchange rates")); err != nil {
			return err
		}
		if err := tx.Bulk(ctx, in); err != nil {
			return err
		}
		return s.newRates(ctx, tx, ws)
	})
	if err != nil {
		return CostChange{}, fmt.Errorf("write exchange rates: %w", err)
	}
	return out, nil
}

// newRates gives the rates of a workspace another version.
func (s *Service) newRates(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) error {
	var version int64
	tx.AfterCommit(func() { s.dropReports(ws) })
	return tx.QueryRow(ctx, queries.Get("next_number"), []any{ws, rateThing}, &version)
}

func eachRate(ctx context.Context, tx *db.Tx, name string, fn func(Rate), args ...any) error {
	return tx.Query(ctx, queries.Get(name), func(row db.Row) error {
		var r Rate
		if err := row.Scan(&r.Currency, &r.Day, &r.Rate); err != nil {
			return err
		}
		fn(r)
		return nil
	}, args...)
}

// Rates gives rates into base by currency, the newest first, behind a cursor
// unless nil.
func (s *Service) Rates(ctx context.Context, ws core.WorkspaceID, base string, f RateFilter, after *RateCursor, limit int) ([]Rate, error) {
	if after == nil {
		after = &RateCursor{Day: math.MinInt64}
	}
	out := []Rate{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = out[:0]
		return eachRate(ctx, tx, "rates", func(r Rate) { out = append(out, r) },
			ws, base, f.Currency == "", f.Currency, f.From, f.To, after.Currency, after.Day, limit)
	})
	if err != nil {
		return nil, fmt.Errorf("read exchange rates: %w", err)
	}
	return out, nil
}

// DeleteRates deletes rates into base and tells how many.
func (s *Service) DeleteRates(ctx context.Context, ws core.WorkspaceID, base string, f RateFilter) (n int64, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if n, err = tx.Exec(ctx, queries.Get("delete_rates"), ws, base, f.Currency == "", f.Currency, f.From, f.To); err != nil || n == 0 {
			return err
		}
		return s.newRates(ctx, tx, ws)
	})
	if err != nil {
		return 0, fmt.Errorf("delete exchange rates: %w", err)
	}
	return n, nil
}

// keptRates are the rates of a workspace in memory, with what tells them apart.
type keptRates struct {
	version    int64
	base, zone string
	rates      *core.Rates
}

// withRates gives settings the rates of their workspace, and a number that tells
// them from those of before. Rates are read when they were changed only, by
// whichever process.
func (s *Service) withRates(ctx context.Context, ws core.WorkspaceID, set Settings) (Settings, int64, error) {
	if s.DB == nil {
		return set, 0, nil
	}
	s.ratesMu.Lock()
	kept := s.rates[ws]
	s.ratesMu.Unlock()
	now := keptRates{base: set.Currency, zone: set.zone().String()}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		// The version is read first: rates that are newer than it are read again.
		if err := tx.QueryRow(ctx, queries.Get("rate_version"), []any{ws, rateThing}, &now.version); err != nil {
			return err
		}
		if kept.version == now.version && kept.base == now.base && kept.zone == now.zone || now.version == 0 {
			return nil
		}
		var list []core.DayRate
		starts := map[int64]core.Micros{}
		err := eachRate(ctx, tx, "all_rates", func(r Rate) {
			start, known := starts[r.Day]
			if !known {
				start = dayStart(r.Day, set.zone())
				starts[r.Day] = start
			}
			list = append(list, core.DayRate{Currency: r.Currency, From: start, Rate: r.Rate})
		}, ws, now.base)
		now.rates = core.NewRates(now.base, list)
		return err
	})
	if err != nil {
		return set, 0, fmt.Errorf("read exchange rates: %w", err)
	}
	if now.rates == nil {
		if now.version > 0 {
			set.rates = kept.rates
		}
		return set, now.version, nil
	}
	s.ratesMu.Lock()
	s.rates[ws] = now
	s.ratesMu.Unlock()
	set.rates = now.rates
	return set, now.version, nil
}
