package insight

import (
	"context"
	"fmt"
	"runtime"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// Report is the parts of all KPIs of a period.
type Report struct {
	spec     Spec
	w        windows
	to       core.Micros // end of the period as asked for
	tally    tally
	means    [pairingCount]value      // their intervals
	leads    [windowCount]value       // lead conversion
	stages   *StageReport             // nil without a stage model
	own      map[core.CustomerID]bool // people of the workspace, who do not count
	last     core.Micros              // the latest order that makes a customer; 0 = none
	spending spending
	Computed core.Micros
}

// Incomplete says whether the period has not ended yet.
func (r *Report) Incomplete() bool { return r.to > r.w.end }

// Span gives the period that was counted, cut at the as-of instant.
func (r *Report) Span() (from, to core.Micros) { return r.w.span(current) }

// compute reads the timeline.
func (s *Service) compute(ctx context.Context, spec Spec, only []core.CustomerID) (*Report, error) {
	now := core.FromTime(s.Clock.Now())
	from, to := spec.period(now)
	r := &Report{spec: spec, w: newWindows(from, to, now+1), to: to, Computed: now}
	skip := core.FlagBot | core.FlagTest
	if spec.IncludeBots {
		skip = 0
	}
	if !spec.IncludeBots && only == nil {
		own, err := s.own(ctx, spec.Workspace, spec.Settings.Staff)
		if err != nil {
			return nil, err
		}
		r.own = own
	}
	orders, err := s.orders(ctx, r, skip, only)
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	if err := s.traffic(ctx, r, skip, only, orders); err != nil {
		return nil, fmt.Errorf("read visits: %w", err)
	}
	if err := s.spend(ctx, r); err != nil {
		return nil, err
	}
	if err := s.credit(ctx, r, skip, only, orders); err != nil {
		return nil, err
	}
	r.tally.settle(spec.Settings.ByOrderDate)
	r.condense()
	return r, nil
}

func workers() int { return max(1, runtime.GOMAXPROCS(0)) }

// orders is the first pass: order events with their properties.
func (s *Service) orders(ctx context.Context, r *Report, skip core.Flags, only []core.CustomerID) (map[core.CustomerID]*history, error) {
	n := workers()
	tallies, found := make([]tally, n), make([]map[core.CustomerID]*history, n)
	for i := range found {
		found[i] = map[core.CustomerID]*history{}
	}
	m := money{r.spec.Settings.Currency, r.spec.Settings.rates}
	fold := buyers{w: &r.w, lapse: r.spec.lapse(), zone: r.spec.Settings.Zone}
	req := timeline.Request{Workspace: r.spec.Workspace, To: r.w.end, Match: append(orderNames(), subscriptionNames()...), Columns: orderColumns(), Customers: only, Workers: n}
	err := s.Timeline.Scan(ctx, req, func(worker int, c core.CustomerID, rows *timeline.Rows) error {
		if r.own[c] {
			return nil
		}
		h := readOrders(rows, m, skip)
		fold.add(&tallies[worker], c, &h)
		found[worker][c] = &h
		if steps, foreign, left := readLevels(rows, m, skip); len(steps) > 0 || foreign > 0 {
			addLevels(&tallies[worker], &r.w, steps, foreign, left)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := found[0]
	for i := range tallies {
		r.tally.merge(&tallies[i])
		if i > 0 {
			for c, h := range found[i] {
				all[c] = h
			}
		}
	}
	for _, c := range only {
		if h := all[c]; h != nil {
			if own := h.own(); len(own) > 0 {
				r.last = max(r.last, own[len(own)-1].at)
			}
		}
	}
	return all, nil
}

// traffic is the second pass: names and times of all events.
func (s *Service) traffic(ctx context.Context, r *Report, skip core.Flags, only []core.CustomerID, orders map[core.CustomerID]*history) error {
	n := workers()
	tallies, folds := make([]tally, n), make([]traffic, n)
	for i := range folds {
		folds[i] = traffic{w: &r.w, until: r.spec.Window, lapse: r.spec.lapse(), skip: skip, orders: orders}
	}
	req := timeline.Request{Workspace: r.spec.Workspace, To: r.w.end, Columns: []string{timeline.ColFlags}, Customers: only, Workers: n,
		Match: []timeline.EventKey{{Kind: core.KindTrack}, {Kind: core.KindPage}, {Kind: core.KindScreen}, {Kind: core.KindIdentify}}}
	err := s.Timeline.Scan(ctx, req, func(worker int, c core.CustomerID, rows *timeline.Rows) error {
		if !r.own[c] {
			folds[worker].add(&tallies[worker], c, rows)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range tallies {
		r.tally.merge(&tallies[i])
	}
	return nil
}
