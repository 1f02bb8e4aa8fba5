package customer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Settings gives the rules in force in a workspace.
func (s *Service) Settings(ws core.WorkspaceID) Settings {
	g := s.graph(ws)
	g.mu.RLock()
	defer g.mu.RUnlock()
	set := g.set
	if set.TraitTypes == nil { // saved before there were any
		set.TraitTypes = []string{}
	}
	return set
}

// Check says what is wrong with the rules.
func (s *Settings) Check() error {
	if s.SharedDevice == "" {
		s.SharedDevice = "split_at_switch"
	}
	if s.SharedDevice != "split_at_switch" && s.SharedDevice != "stay_with_first" {
		return errs.Field("shared_device", "bad_choice", "shared_device is split_at_switch or stay_with_first")
	}
	if len(s.BlockedValues) > 10_000 {
		return errs.Field("blocked_values", "too_many", "at most 10,000 values can be blocked")
	}
	if s.BlockedValues == nil {
		s.BlockedValues = []string{}
	}
	for i, v := range s.BlockedValues {
		s.BlockedValues[i] = strings.ToLower(strings.TrimSpace(v))
	}
	if s.TraitTypes == nil {
		s.TraitTypes = []string{}
	}
	for i, name := range s.TraitTypes {
		name = strings.TrimSpace(name)
		field := fmt.Sprintf("trait_types[%d]", i)
		if name == "" || len(name) > 100 {
			return errs.Field(field, "bad_type", "the name of a trait is 1 to 100 characters")
		}
		if slices.Contains([]string{core.TypeUserID, core.TypeEmail, core.TypePhone, core.TypeAnonymousID, "group_id"}, name) || slices.Contains(s.TraitTypes[:i], name) {
			return errs.Field(field, "taken", "%q is an identifier already", name)
		}
		s.TraitTypes[i] = name
	}
	if len(s.TraitTypes) > 50 {
		return errs.Field("trait_types", "too_many", "at most 50 traits can be identifiers")
	}
	if len(s.Limits) > 200 {
		return errs.Field("limits", "too_many", "at most 200 types can have a limit")
	}
	for i, l := range s.Limits {
		field := fmt.Sprintf("limits[%d]", i)
		if l.Type == "" || len(l.Type) > 100 {
			return errs.Field(field+".type", "bad_type", "a type is 1 to 100 characters")
		}
		if l.Max < 1 || l.Max > MaxIdentifiers {
			return errs.Field(field+".max", "bad_limit", "a limit lies between 1 and 1,000")
		}
		if !slices.Contains([]Window{Ever, Week, Month, Year}, l.Window) {
			return errs.Field(field+".window", "bad_window", "a window is ever, week, month or year")
		}
	}
	s.fixedList = blockedAlways()
	return nil
}

// ApplySettings changes the rules and resolves every component anew, so that
// the graph is what it would be had the rules always held.
func (x *Session) ApplySettings(ctx context.Context, set Settings) error {
	x.g.mu.Lock()
	defer x.g.mu.Unlock()
	x.g.set = set
	comps, err := components(ctx, x.tx, x.ws)
	if err != nil {
		return err
	}
	for _, c := range comps {
		if err := x.recompute(ctx, c, nil); err != nil {
			return err
		}
	}
	return nil
}

func components(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) ([]uint32, error) {
	var out []uint32
	err := tx.Query(ctx, queries.Get("components"), func(row db.Row) error {
		var c int64
		if err := row.Scan(&c); err != nil {
			return err
		}
		out = append(out, uint32(c))
		return nil
	}, ws)
	if err != nil {
		return nil, fmt.Errorf("list components: %w", err)
	}
	return out, nil
}

// SettingsEffect is what other rules would do to one customer.
type SettingsEffect struct {
	Change   string          `json:"change" enum:"join,split"`
	Customer core.CustomerID `json:"customer"`
	With     core.CustomerID `json:"with" doc:"The customer it would join, or split from"`
}

// PreviewSettings tells which customers would join or split under other rules.
// It writes nothing.
func (s *Service) PreviewSettings(ctx context.Context, ws core.WorkspaceID, set Settings) ([]SettingsEffect, error) {
	var out []SettingsEffect
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		comps, err := components(ctx, tx, ws)
		if err != nil {
			return err
		}
		x := &Session{s: s, ws: ws, g: s.graph(ws), tx: tx}
		for _, c := range comps {
			actors, facts, err := x.component(ctx, c)
			if err != nil {
				return err
			}
			out = append(out, x.effects(actors, facts, &set)...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("preview identity rules: %w", err)
	}
	return out, nil
}

// effects compares where identifiers live with where they would.
func (x *Session) effects(actors map[core.ActorID]*Actor, facts []Fact, set *Settings) []SettingsEffect {
	next := Resolve(actors, facts, set)
	var out []SettingsEffect
	into := map[core.CustomerID]*Group{}
	seen := map[*Group]core.CustomerID{}
	ids := make([]core.ActorID, 0, len(actors))
	for id := range actors {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		x.g.mu.RLock()
		homes := slices.Clone(x.g.homes(id))
		x.g.mu.RUnlock()
		if len(homes) == 0 {
			continue
		}
		was, g := homes[0].Customer, next.Homes[id][0].Group
		if first, ok := seen[g]; ok && first != was && into[was] == nil {
			out = append(out, SettingsEffect{"join", was, first})
		}
		if other := into[was]; other != nil && other != g && seen[g] == 0 {
			out = append(out, SettingsEffect{"split", was, was})
		}
		if seen[g] == 0 {
			seen[g] = was
		}
		if into[was] == nil {
			into[was] = g
		}
	}
	return out
}
