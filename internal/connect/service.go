package connect

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
)

//go:embed queries.sql
var queriesText string

// Refused says that the inbox did not take an event of a batch.
type Refused struct {
	Index         int
	Code, Message string
}

// Door is the inbox as imports use it.
type Door interface {
	// NewSource makes the source that a workspace's imports come in by.
	NewSource(ctx context.Context, ws core.WorkspaceID) (core.SourceID, error)
	HasSource(ctx context.Context, ws core.WorkspaceID, id core.SourceID) (bool, error)
	// Send stores a batch of events durably. It fails with errs.Busy or
	// errs.Unavailable when it should be tried again later.
	Send(ctx context.Context, ws core.WorkspaceID, id core.SourceID, body []byte, live bool) ([]Refused, error)
	// Waiting tells how many events of the workspace are not yet processed, and
	// when the oldest of them was received, 0 for none.
	Waiting(ctx context.Context, ws core.WorkspaceID) (events int64, oldest core.Micros, err error)
}

// Directory knows customers. Traits gives for each identifier the customer's
// traits as a JSON object, "" when there is no such customer.
type Directory interface {
	Traits(ctx context.Context, ws core.WorkspaceID, ids []core.Identifier) ([]string, error)
}

// Reporter shows long work to users.
type Reporter interface {
	Start(ws core.WorkspaceID, kind, label string) (report func(done, total int64), done func())
}

// Deps is what a Service needs.
type Deps struct {
	DB        *db.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Dir       string // folder for files, made when absent
	Door      Door
	Directory Directory
	Work      Reporter
	// Defaults gives a workspace's time zone and currency.
	Defaults func(ctx context.Context, ws core.WorkspaceID) (zone, currency string, err error)
	// MaxWaiting is how many events an import lets wait in the inbox, so that
	// live events behind them are not kept long; default 10,000.
	MaxWaiting int64
}

// Service imports files.
type Service struct {
	Deps
	q    db.Queries
	base context.Context
	stop context.CancelFunc
	runs sync.WaitGroup

	sourceM sync.Mutex // two first imports at once make one source
	liveM   sync.Mutex
	live    map[runKey]*progress
}

type runKey struct {
	ws core.WorkspaceID
	id int64
}

// New makes a service and its folder. Spools that a killed process left are
// removed.
func New(d Deps) (*Service, error) {
	if d.MaxWaiting == 0 {
		d.MaxWaiting = 10_000
	}
	if err := os.MkdirAll(d.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("make import folder: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(d.Dir, "*"+spoolSuffix))
	if err != nil {
		return nil, fmt.Errorf("list spools: %w", err)
	}
	for _, f := range left {
		if err := os.Remove(f); err != nil {
			return nil, fmt.Errorf("remove old spool: %w", err)
		}
	}
	base, stop := context.WithCancel(context.Background()) //nolint:forbidigo // runs outlive the request that starts them
	return &Service{Deps: d, q: db.MustQueries(queriesText), base: base, stop: stop, live: map[runKey]*progress{}}, nil
}

func (s *Service) now() core.Micros { return core.FromTime(s.Clock.Now()) }

// Stop ends the runs; they go on at the next Resume. It returns when they have
// ended.
func (s *Service) Stop() {
	s.stop()
	s.runs.Wait()
}

// Wait returns when no run is under way.
func (s *Service) Wait() { s.runs.Wait() }

// source gives the source of a workspace's imports, made on first use.
func (s *Service) source(ctx context.Context, ws core.WorkspaceID) (core.SourceID, error) {
	s.sourceM.Lock()
	defer s.sourceM.Unlock()
	var id core.SourceID
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, s.q.Get("import_source"), func(row db.Row) error { return row.Scan(&id) }, ws)
	})
	if err != nil {
		return 0, fmt.Errorf("read import source: %w", err)
	}
	if id != 0 {
		if ok, err := s.Door.HasSource(ctx, ws, id); err != nil || ok {
			return id, err
		}
	}
	if id, err = s.Door.NewSource(ctx, ws); err != nil {
		return 0, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, s.q.Get("set_source"), ws, id)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("write import source: %w", err)
	}
	return id, nil
}
