package insight

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// MissingRate is a currency of orders, refunds, subscriptions or costs on days
// that have no rate.
type MissingRate struct {
	Currency      string
	First, Last   int64 // days since 1970-01-01
	Events, Costs int64
}

// maxMissing bounds the currencies that are looked at: what stands in an event may
// be anything.
const maxMissing = 500

// spans are the first and the last instant of things by currency, and how many
// there are.
type spans map[string]*spanOf

type spanOf struct {
	first, last core.Micros
	n           int64
}

func (s spans) add(currency string, first, last core.Micros, n int64) {
	x := s[currency]
	if x == nil {
		if len(s) == maxMissing {
			return
		}
		x = &spanOf{first, last, 0}
		s[strings.Clone(currency)] = x
	}
	x.first, x.last, x.n = min(x.first, first), max(x.last, last), x.n+n
}

// lacking is what one worker finds in events.
type lacking struct {
	spans spans
	codes map[string]string // by what stands in events; "" is no code
}

func (l *lacking) scan(r *timeline.Rows, set *Settings) {
	c := r.PropColumn(0)
	for i := range r.Len() {
		if c.Kind[i] != core.ValueText || core.Flags(r.Flags[i])&(core.FlagBot|core.FlagTest) != 0 {
			continue
		}
		code := l.code(c.Text[i])
		if code == "" || code == set.Currency {
			continue
		}
		if _, ok := set.rates.At(code, r.Time[i]); !ok {
			l.spans.add(code, r.Time[i], r.Time[i], 1)
		}
	}
}

// code gives the currency that a text means.
func (l *lacking) code(text string) string {
	code, met := l.codes[text]
	if met {
		return code
	}
	if code = strings.Clone(strings.ToUpper(strings.TrimSpace(text))); !core.IsCurrency(code) {
		code = ""
	}
	if len(l.codes) < maxMissing {
		l.codes[strings.Clone(text)] = code
	}
	return code
}

// MissingRates gives the currencies of a workspace that lack a rate on some day,
// the one met most often first. It reads one property of all orders.
func (s *Service) MissingRates(ctx context.Context, ws core.WorkspaceID, set Settings) ([]MissingRate, error) {
	set, _, err := s.withRates(ctx, ws, set)
	if err != nil {
		return nil, err
	}
	if err := s.queue.enter(ctx, ws); err != nil {
		return nil, err
	}
	defer s.queue.leave()
	parts := make([]lacking, workers())
	for i := range parts {
		parts[i] = lacking{spans{}, map[string]string{}}
	}
	req := timeline.Request{Workspace: ws, To: core.FromTime(s.Clock.Now()) + 1, Match: append(orderNames(), subscriptionNames()...),
		Columns: []string{timeline.ColFlags, timeline.Prop("currency")}, Workers: len(parts), AnyOrder: true, Mixed: true}
	err = s.Timeline.Scan(ctx, req, func(worker int, _ core.CustomerID, rows *timeline.Rows) error {
		parts[worker].scan(rows, &set)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read currencies: %w", err)
	}
	events := parts[0].spans
	for _, p := range parts[1:] {
		for currency, x := range p.spans {
			events.add(currency, x.first, x.last, x.n)
		}
	}
	costs, err := s.unratedCosts(ctx, ws, &set)
	if err != nil {
		return nil, err
	}
	return together(events, costs, &set), nil
}

// unratedCosts finds costs without a rate.
func (s *Service) unratedCosts(ctx context.Context, ws core.WorkspaceID, set *Settings) (spans, error) {
	out := spans{}
	if s.DB == nil {
		return out, nil
	}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = spans{}
		return tx.Query(ctx, queries.Get("foreign_costs"), func(row db.Row) error {
			var day, n int64
			var currency string
			if err := row.Scan(&currency, &day, &n); err != nil {
				return err
			}
			at := dayStart(day, set.zone())
			if _, ok := set.rates.At(currency, at); !ok {
				out.add(currency, at, at, n)
			}
			return nil
		}, ws, set.Currency)
	})
	if err != nil {
		return nil, fmt.Errorf("read currencies of costs: %w", err)
	}
	return out, nil
}

// together makes one list of both.
func together(events, costs spans, set *Settings) []MissingRate {
	all := spans{}
	for _, part := range []spans{events, costs} {
		for currency, x := range part {
			all.add(currency, x.first, x.last, x.n)
		}
	}
	out := []MissingRate{}
	for currency, x := range all {
		m := MissingRate{Currency: currency, First: dayOf(x.first, set.zone()), Last: dayOf(x.last, set.zone())}
		if e := events[currency]; e != nil {
			m.Events = e.n
		}
		if c := costs[currency]; c != nil {
			m.Costs = c.n
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b MissingRate) int {
		return cmp.Or(cmp.Compare(b.Events+b.Costs, a.Events+a.Costs), cmp.Compare(a.Currency, b.Currency))
	})
	return out
}
