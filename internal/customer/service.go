package customer

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Deps are what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Secret []byte // the installation's secret, for keyed hashes
	// Settings gives a workspace's rules of identity.
	Settings func(ctx context.Context, ws core.WorkspaceID) (Settings, error)
}

// Service is the customer room.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	log      *slog.Logger
	secret   []byte
	settings func(ctx context.Context, ws core.WorkspaceID) (Settings, error)

	erasures chan struct{} // woken by requests

	staff staff

	mu     sync.RWMutex
	graphs map[core.WorkspaceID]*graph
}

// New makes the service; Load must run for each workspace before use.
func New(d Deps) *Service {
	return &Service{db: d.DB, clock: d.Clock, log: d.Log, secret: d.Secret, settings: d.Settings, erasures: make(chan struct{}, 1), graphs: map[core.WorkspaceID]*graph{}, staff: staff{known: map[core.WorkspaceID]*staffKnown{}}}
}

// Load reads a workspace's identity map into memory. Call it again (Reload)
// after a transaction that held a Session failed.
func (s *Service) Load(ctx context.Context, ws core.WorkspaceID) error {
	set, err := s.settings(ctx, ws)
	if err != nil {
		return fmt.Errorf("read identity settings: %w", err)
	}
	g, err := s.load(ctx, ws, set)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.graphs[ws] = g
	return nil
}

// graph gives a workspace's map; one that was not loaded is empty.
func (s *Service) graph(ws core.WorkspaceID) *graph {
	s.mu.RLock()
	g := s.graphs[ws]
	s.mu.RUnlock()
	if g != nil {
		return g
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g = s.graphs[ws]; g == nil {
		g = newGraph(DefaultSettings())
		s.graphs[ws] = g
	}
	return g
}
