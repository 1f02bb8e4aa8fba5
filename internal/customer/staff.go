package customer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// staff remembers, for each workspace, the identifiers that the rules of own
// people name: identifiers are only added, so that a new look reads the new ones.
type staff struct {
	mu    sync.Mutex
	known map[core.WorkspaceID]*staffKnown
}

type staffKnown struct {
	mu     sync.Mutex
	rules  []string
	last   core.ActorID // all up to it were looked at
	actors []core.ActorID
}

func (f *staff) of(ws core.WorkspaceID) *staffKnown {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.known[ws]
	if k == nil {
		k = &staffKnown{}
		f.known[ws] = k
	}
	return k
}

// Staff gives the customers who are the workspace's own people, rising: those
// with an e-mail address that a rule names, whole (ana@shop.it) or by what
// follows the @ (@shop.it). Rules are lower case.
func (s *Service) Staff(ctx context.Context, ws core.WorkspaceID, rules []string) ([]core.CustomerID, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	k := s.staff.of(ws)
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.rules, rules) {
		k.rules, k.last, k.actors = slices.Clone(rules), 0, nil
	}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("emails_after"), func(row db.Row) error {
			var a core.ActorID
			var value string
			if err := row.Scan(&a, &value); err != nil {
				return err
			}
			if at := strings.LastIndexByte(value, '@'); slices.Contains(rules, value) || at >= 0 && slices.Contains(rules, value[at:]) {
				k.actors = append(k.actors, a)
			}
			k.last = a
			return nil
		}, ws, k.last, core.TypeEmail)
	})
	if err != nil {
		return nil, fmt.Errorf("read e-mail addresses: %w", err)
	}
	out := make([]core.CustomerID, 0, len(k.actors))
	for _, a := range k.actors {
		if c := s.Home(ws, a, math.MaxInt64); c != 0 {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
