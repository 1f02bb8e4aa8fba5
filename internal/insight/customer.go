package insight

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// customerKeys are the KPIs of one customer that the catalogue computes for the
// whole base too: over the whole past, with the customer as the base.
func customerKeys() []string {
	return []string{"orders", "revenue", "aov", "clv_historic", "recency", "gap", "sessions", "refunds"}
}

// Customer computes the KPIs of one customer, who must not be an absorbed one,
// over the whole past.
func (s *Service) Customer(ctx context.Context, spec Spec, c core.CustomerID, lang string) ([]KPI, error) {
	now := core.FromTime(s.Clock.Now())
	spec.From, spec.To = 1, now+1
	if spec.Window <= 0 {
		spec.Window = DefaultWindow
	}
	first, err := s.Timeline.Customer(ctx, spec.Workspace, c, timeline.CustomerQuery{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("read first event: %w", err)
	}
	if len(first) > 0 {
		spec.From = first[0].Time
	}
	if spec.Settings, _, err = s.withRates(ctx, spec.Workspace, spec.Settings); err != nil {
		return nil, err
	}
	r, err := s.compute(ctx, spec, []core.CustomerID{c})
	if err != nil {
		return nil, err
	}
	var out []KPI
	for _, key := range customerKeys() {
		d := s.catalogue.byKey[key]
		k := s.base(r, d, lang)
		v := r.of(d, current)
		switch key {
		case "recency":
			if r.last > 0 {
				v = value{v: float64(now-r.last) / float64(core.Day), ok: true}
			}
		case "gap":
			v = r.of(s.catalogue.byKey["time_between_purchases"], current)
		}
		k.set(&v)
		k.Low, k.High = nil, nil // of one customer there is no sample
		n := noting{s: s, lang: lang}
		sum := &r.tally.sums[current]
		switch key {
		case "orders", "revenue", "aov":
			n.money(&r.tally)
		case "clv_historic":
			n.share("covered_customers", sum[cClvCustomers], sum[cCustomers])
		}
		k.Note, k.Unrated = n.text, n.currencies
		out = append(out, k)
	}
	return out, nil
}
