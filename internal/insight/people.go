package insight

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// asking is what a question needs to know of its workspace.
func (s *Service) asking(ctx context.Context, a *Ask) (query.Env, error) {
	e := query.Env{Workspace: a.Workspace, Zone: a.Settings.Zone, Week: a.Week, Currency: a.Settings.Currency, Rates: a.Settings.rates, Now: core.FromTime(s.Clock.Now())}
	e.Members = func(ctx context.Context, who *expr.Node) (func(core.CustomerID) bool, error) {
		return s.members(ctx, a.Workspace, who)
	}
	if s.Stays != nil {
		e.Stays = func(ctx context.Context, by, name string) (query.Stays, error) {
			return s.Stays(ctx, a.Workspace, by, name)
		}
	}
	if s.Moves != nil {
		e.Moves = func(ctx context.Context, names, keys []string) (timeline.Also, error) {
			return s.Moves(ctx, a.Workspace, names, keys)
		}
	}
	own, err := s.own(ctx, a.Workspace, a.Settings.Staff)
	if err == nil && len(own) > 0 && !a.Spec.Bots {
		e.Staff = func(c core.CustomerID) bool { return own[c] }
	}
	return e, err
}

// rated is asking with the rates of exchange as they are now.
func (s *Service) rated(ctx context.Context, a *Ask) (query.Env, error) {
	if err := s.rate(ctx, a); err != nil {
		return query.Env{}, err
	}
	return s.asking(ctx, a)
}

// own gives the workspace's own people.
func (s *Service) own(ctx context.Context, ws core.WorkspaceID, rules []string) (map[core.CustomerID]bool, error) {
	if s.Staff == nil || len(rules) == 0 {
		return nil, nil
	}
	list, err := s.Staff(ctx, ws, rules)
	if err != nil {
		return nil, fmt.Errorf("find own people: %w", err)
	}
	out := make(map[core.CustomerID]bool, len(list))
	for _, c := range list {
		out[c] = true
	}
	return out, nil
}

// People gives the customers behind one number of a chart.
func (s *Service) People(ctx context.Context, a Ask, cell query.Cell) (*query.PeopleResult, error) {
	if err := s.queue.enter(ctx, a.Workspace); err != nil {
		return nil, err
	}
	defer s.queue.leave()
	env, err := s.rated(ctx, &a)
	if err != nil {
		return nil, err
	}
	res, err := query.People(ctx, s.source(), a.Spec, env, cell)
	if err != nil {
		return nil, fmt.Errorf("list customers of %s: %w", a.Spec.Kind, err)
	}
	return res, nil
}

// Explain says why a customer, who must not be an absorbed one, is or is not in
// a number; without a cell, what the chart sees of the customer.
func (s *Service) Explain(ctx context.Context, a Ask, c core.CustomerID, cell *query.Cell) (*query.Explanation, error) {
	if err := s.queue.enter(ctx, a.Workspace); err != nil {
		return nil, err
	}
	defer s.queue.leave()
	env, err := s.rated(ctx, &a)
	if err != nil {
		return nil, err
	}
	res, err := query.Explain(ctx, s.source(), a.Spec, env, c, cell)
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", a.Spec.Kind, err)
	}
	return res, nil
}

// Correlate looks for what goes with conversion in a funnel.
func (s *Service) Correlate(ctx context.Context, a Ask, o query.CorrelateOptions) (*query.Correlation, error) {
	if err := s.queue.enter(ctx, a.Workspace); err != nil {
		return nil, err
	}
	defer s.queue.leave()
	env, err := s.rated(ctx, &a)
	if err != nil {
		return nil, err
	}
	res, err := query.Correlate(ctx, s.source(), a.Spec, env, o)
	if err != nil {
		return nil, fmt.Errorf("correlate %s: %w", a.Spec.Kind, err)
	}
	return res, nil
}
