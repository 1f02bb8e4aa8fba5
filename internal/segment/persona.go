package segment

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Personas are groups of buyers who behave alike: k-means on recency, frequency
// and money, the mix of categories, campaign media and hours, and the share of
// discounted orders; how many groups there are is chosen by silhouette.
type Personas struct {
	ID         int64          `json:"-"`
	TakenAt    core.Micros    `json:"-"`
	By         string         `json:"-"`
	Buyers     int64          `json:"buyers"`
	Silhouette float64        `json:"silhouette"` // from -1 to 1
	Tried      []stats.TriedK `json:"tried"`
	Sampled    bool           `json:"sampled"` // the groups were fitted to a sample, or a share of the customers was looked at
	Groups     []Persona      `json:"groups"`  // the largest first
	Money      string         `json:"money"`   // property of orders that was summed
}

// Persona is one group.
type Persona struct {
	Size      int64            `json:"size"`
	Contrasts []stats.Contrast `json:"contrasts"` // in what it differs most
}

// Bounds of personas.
const (
	minPersonaBuyers = 20
	shownContrasts   = 6
	personaSeed      = 20
)

// LastPersonas gives the personas that were found last; nil when none were.
func (s *Service) LastPersonas(ctx context.Context, ws core.WorkspaceID) (p *Personas, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		p, _, err = lastPersonas(ctx, tx, ws)
		return err
	})
	return p, err
}

func lastPersonas(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (*Personas, []byte, error) {
	var p Personas
	var result string
	var members []byte
	err := tx.QueryRow(ctx, queries.Get("last_personas"), []any{ws}, &p.ID, &p.TakenAt, &p.By, &result, &members)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read personas: %w", err)
	}
	if err := json.Unmarshal([]byte(result), &p); err != nil {
		return nil, nil, fmt.Errorf("read personas: %w", err)
	}
	return &p, members, nil
}

// FindPersonas groups the buyers of now and keeps the groups. The same history
// gives the same groups in the same order.
func (s *Service) FindPersonas(ctx context.Context, ws core.WorkspaceID, by string) (*Personas, error) {
	now := core.FromTime(s.Clock.Now())
	t, err := s.behaviours(ctx, ws, now)
	if err != nil {
		return nil, err
	}
	if len(t.customers) < minPersonaBuyers {
		return nil, errs.New(errs.Conflict, "too_few_buyers", "personas need at least %d customers with an order, there are %d", minPersonaBuyers, len(t.customers))
	}
	features := t.features(now)
	c, err := stats.Cluster(features, personaSeed)
	if err != nil {
		return nil, fmt.Errorf("group customers: %w", err)
	}
	p := &Personas{TakenAt: now, By: by, Buyers: int64(len(t.customers)), Silhouette: c.Silhouette, Tried: c.Tried, Sampled: c.Sampled || t.sampled, Money: moneyNames()[t.money]}
	for k := range c.K {
		list, err := stats.Describe(features, c.Of, k)
		if err != nil {
			return nil, fmt.Errorf("describe persona: %w", err)
		}
		p.Groups = append(p.Groups, Persona{int64(c.Sizes[k]), list[:min(len(list), shownContrasts)]})
	}
	result, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		old, _, err := lastPersonas(ctx, tx, ws)
		if err != nil {
			return err
		}
		p.ID = 1
		if old != nil {
			p.ID = old.ID + 1
		}
		if _, err := tx.Exec(ctx, queries.Get("drop_personas"), ws); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, queries.Get("insert_personas"), ws, p.ID, now, by, string(result), packMembers(t.customers, c.Of))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep personas: %w", err)
	}
	return p, nil
}

// SavePersona makes a static segment of the members of a persona; it fills in the
// background.
func (s *Service) SavePersona(ctx context.Context, ws core.WorkspaceID, run int64, group int, d Definition, by string) (Segment, error) {
	var p *Personas
	var packed []byte
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		p, packed, err = lastPersonas(ctx, tx, ws)
		return err
	})
	if err != nil {
		return Segment{}, err
	}
	if p == nil || p.ID != run {
		return Segment{}, errs.New(errs.Conflict, "personas_changed", "personas were found anew since: look at them again")
	}
	if group < 0 || group >= len(p.Groups) {
		return Segment{}, errs.Field("persona", "unknown_persona", "there are personas 0 to %d", len(p.Groups)-1)
	}
	list, err := unpackMembers(packed, group)
	if err != nil {
		return Segment{}, err
	}
	return s.CreateList(ctx, ws, d, list, by)
}

// packMembers writes the customers, rising, each with its group.
func packMembers(customers []core.CustomerID, of []int) []byte {
	var out []byte
	last := core.CustomerID(0)
	for i, c := range customers {
		out = binary.AppendUvarint(out, uint64(c-last))
		out = append(out, byte(of[i]))
		last = c
	}
	return out
}

// unpackMembers gives the customers of one group.
func unpackMembers(raw []byte, group int) ([]core.CustomerID, error) {
	var out []core.CustomerID
	last := core.CustomerID(0)
	for len(raw) > 0 {
		step, n := binary.Uvarint(raw)
		if n <= 0 || len(raw) == n {
			return nil, errors.New("members of personas are damaged: find them anew")
		}
		last += core.CustomerID(step)
		if int(raw[n]) == group {
			out = append(out, last)
		}
		raw = raw[n+1:]
	}
	return out, nil
}
