package lifecycle

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// Backfiller folds history for a new version of a model.
type Backfiller interface {
	StartBackfill(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, machine int64, last core.CustomerID) error
	// Hold keeps batches out until the function it gives is called.
	Hold(ws core.WorkspaceID) (release func())
	Backfill(ctx context.Context, ws core.WorkspaceID, machine int64, progress func(done, total int64)) error
}

// Reporter shows long work to users.
type Reporter interface {
	Start(ws core.WorkspaceID, kind, label string) (report func(done, total int64), done func())
}

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Log      *slog.Logger
	Timeline *timeline.Store
	Work     Reporter
	// Calendar gives a workspace's zone and first day of the week: days and weeks
	// of a model are its own.
	Calendar func(ctx context.Context, ws core.WorkspaceID) (expr.Calendar, error)
	// LastCustomer gives the highest customer number of a workspace.
	LastCustomer func(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (core.CustomerID, error)
	// Changed is told that another version of a model serves; nil: nobody listens.
	Changed func(ctx context.Context, ws core.WorkspaceID)
}

// Service is the lifecycle room.
type Service struct {
	Deps
	backfill Backfiller
	changes  atomic.Int64
	cache    boardCache

	loading sync.Mutex
	mu      sync.RWMutex
	loaded  map[core.WorkspaceID]*loaded
	jobs    sync.WaitGroup
}

// loaded is what is in memory of a workspace's models.
type loaded struct {
	models   []Model
	machines []fold.Machine // current versions and those being built
}

// New makes the service. Load must run for each workspace, and SetBackfiller
// before models are made.
func New(d Deps) *Service {
	return &Service{Deps: d, loaded: map[core.WorkspaceID]*loaded{}}
}

// SetBackfiller gives the service the pipeline, which needs the service first.
func (s *Service) SetBackfiller(b Backfiller) { s.backfill = b }

// Wait blocks until recomputations that were begun have ended.
func (s *Service) Wait() { s.jobs.Wait() }

// Load reads a workspace's models.
func (s *Service) Load(ctx context.Context, ws core.WorkspaceID) error {
	// What was read last must also be kept last.
	s.loading.Lock()
	defer s.loading.Unlock()
	cal, err := s.Calendar(ctx, ws)
	if err != nil {
		return fmt.Errorf("read calendar: %w", err)
	}
	l := &loaded{}
	err = s.DB.Read(ctx, func(tx *db.Tx) error { return l.read(ctx, tx, ws, cal) })
	if err != nil {
		return fmt.Errorf("load stage models: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded[ws] = l
	return nil
}

func (l *loaded) read(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, cal expr.Calendar) error {
	add := func(id int64, text string) (*Definition, error) {
		var d Definition
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			return nil, fmt.Errorf("read definition of machine %d: %w", id, err)
		}
		m, err := compile(id, &d, cal)
		if err != nil {
			return nil, err
		}
		l.machines = append(l.machines, m)
		return &d, nil
	}
	err := tx.Query(ctx, queries.Get("models"), func(row db.Row) error {
		var m Model
		var text string
		if err := row.Scan(&m.ID, &m.Key, &m.Name, &m.Template, &m.Version, &m.IsDefault, &m.CreatedAt, &m.UpdatedAt, &m.Machine, &text); err != nil {
			return err
		}
		d, err := add(m.Machine, text)
		if err != nil {
			return err
		}
		m.Stages = d.Stages
		l.models = append(l.models, m)
		return nil
	}, ws)
	if err != nil {
		return err
	}
	return tx.Query(ctx, queries.Get("unfinished"), func(row db.Row) error {
		var model, version, machine int64
		var text string
		if err := row.Scan(&model, &version, &machine, &text); err != nil {
			return err
		}
		for i := range l.models {
			if l.models[i].ID == model {
				l.models[i].Building = true
				if l.models[i].Machine == machine {
					return nil // a first version serves while it is built
				}
			}
		}
		_, err := add(machine, text)
		return err
	}, ws)
}

func (s *Service) of(ws core.WorkspaceID) *loaded {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if l := s.loaded[ws]; l != nil {
		return l
	}
	return &loaded{}
}

// Machines gives the folds of all current and building versions.
func (s *Service) Machines(ws core.WorkspaceID) []fold.Machine { return s.of(ws).machines }

func (s *Service) machineIDs(ws core.WorkspaceID) []int64 {
	var out []int64
	for _, m := range s.of(ws).machines {
		out = append(out, m.ID())
	}
	return out
}

// Models gives a workspace's stage models.
func (s *Service) Models(ws core.WorkspaceID) []Model { return slices.Clone(s.of(ws).models) }

// Model gives one model; id 0 gives the default one.
func (s *Service) Model(ws core.WorkspaceID, id int64) (Model, error) {
	for _, m := range s.of(ws).models {
		if m.ID == id || id == 0 && m.IsDefault {
			return m, nil
		}
	}
	return Model{}, errs.New(errs.NotFound, "unknown_stage_model", "there is no stage model %d", id)
}

// Create makes a model and starts computing it over history.
func (s *Service) Create(ctx context.Context, ws core.WorkspaceID, d Definition, template, by string) (Model, error) {
	if d.Key == "" {
		d.Key = template
	}
	if !keyForm.MatchString(d.Key) {
		return Model{}, errs.Field("key", "bad_key", "key %q must be lower case letters, digits and _, and begin with a letter", d.Key)
	}
	if err := d.Check(); err != nil {
		return Model{}, err
	}
	for _, m := range s.Models(ws) {
		if m.Key == d.Key {
			return Model{}, errs.New(errs.Conflict, "duplicate_key", "a stage model with key %q exists already", d.Key)
		}
	}
	var id int64
	err := s.announce(ctx, ws, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("last_model"), []any{ws}, &id); err != nil {
			return err
		}
		id++
		now := core.FromTime(s.Clock.Now())
		if _, err := tx.Exec(ctx, queries.Get("insert_model"), ws, id, d.Key, d.Name, template, 1, id == 1, now); err != nil {
			return err
		}
		return s.insertVersion(ctx, tx, ws, id, 1, &d, by)
	})
	if err != nil {
		return Model{}, fmt.Errorf("create stage model: %w", err)
	}
	s.build(ctx, ws)
	return s.Model(ws, id)
}

// announce writes a new version and makes it known to the pipeline before the
// next batch, so that no new customer slips between.
func (s *Service) announce(ctx context.Context, ws core.WorkspaceID, fn func(tx *db.Tx) error) error {
	defer s.backfill.Hold(ws)()
	if err := s.DB.Write(ctx, fn); err != nil {
		return err
	}
	return s.Load(ctx, ws)
}

func (s *Service) insertVersion(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, model, version int64, d *Definition, by string) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	var machine int64
	if err := tx.QueryRow(ctx, queries.Get("last_machine"), []any{ws}, &machine); err != nil {
		return err
	}
	machine++
	last, err := s.LastCustomer(ctx, tx, ws)
	if err != nil {
		return err
	}
	if err := s.backfill.StartBackfill(ctx, tx, ws, machine, last); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, queries.Get("insert_version"), ws, model, version, machine, "building", string(text), by, core.FromTime(s.Clock.Now()))
	return err
}

// Update makes a new version of a model; the old one serves until the new one
// is computed over history.
func (s *Service) Update(ctx context.Context, ws core.WorkspaceID, id int64, d Definition, by string) (version int64, err error) {
	m, err := s.Model(ws, id)
	if err != nil {
		return 0, err
	}
	if err := d.Check(); err != nil {
		return 0, err
	}
	if m.Building {
		return 0, errs.New(errs.Conflict, "still_building", "a version of this stage model is still being computed: try again when it is done")
	}
	d.Key = m.Key
	err = s.announce(ctx, ws, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("last_version"), []any{ws, m.ID}, &version); err != nil {
			return err
		}
		version++
		return s.insertVersion(ctx, tx, ws, m.ID, version, &d, by)
	})
	if err != nil {
		return 0, fmt.Errorf("update stage model: %w", err)
	}
	s.build(ctx, ws)
	return version, nil
}

// build computes all versions that wait for it, in the background.
func (s *Service) build(ctx context.Context, ws core.WorkspaceID) {
	ctx = context.WithoutCancel(ctx)
	s.jobs.Add(1)
	go func() {
		defer s.jobs.Done()
		if err := s.Resume(ctx, ws); err != nil {
			s.Log.Error("stage model recomputation failed, it resumes at the next start", "workspace", ws, "error", err)
		}
	}()
}

type pendingVersion struct {
	model, version, machine int64
	name                    string
}

// Resume computes the versions that are not finished, for instance after a
// restart, and puts them into service.
func (s *Service) Resume(ctx context.Context, ws core.WorkspaceID) error {
	var list []pendingVersion
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, queries.Get("unfinished"), func(row db.Row) error {
			var p pendingVersion
			var text string
			if err := row.Scan(&p.model, &p.version, &p.machine, &text); err != nil {
				return err
			}
			var d Definition
			if err := json.Unmarshal([]byte(text), &d); err != nil {
				return err
			}
			p.name = d.Name
			list = append(list, p)
			return nil
		}, ws)
	})
	if err != nil {
		return fmt.Errorf("read unfinished versions: %w", err)
	}
	for _, p := range list {
		report, done := s.Work.Start(ws, "recompute", p.name)
		err := s.backfill.Backfill(ctx, ws, p.machine, report)
		if err == nil {
			err = s.activate(ctx, ws, p)
		}
		done()
		if err != nil {
			return err
		}
	}
	return s.Load(ctx, ws)
}

// activate makes a computed version the current one and drops the old spells.
func (s *Service) activate(ctx context.Context, ws core.WorkspaceID, p pendingVersion) error {
	old, err := s.Model(ws, p.model)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, queries.Get("set_status"), "live", ws, p.model, p.version); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("activate_model"), p.version, p.name, core.FromTime(s.Clock.Now()), ws, p.model); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("retire"), ws, p.model, p.version)
		return err
	})
	if err != nil {
		return fmt.Errorf("put version into service: %w", err)
	}
	if err := s.Load(ctx, ws); err != nil {
		return err
	}
	s.changes.Add(1)
	if s.Changed != nil {
		s.Changed(ctx, ws)
	}
	if old.Machine == p.machine {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, queries.Get("drop_machine"), ws, old.Machine)
		return err
	})
}

// Delete removes a model with all its versions and spells.
func (s *Service) Delete(ctx context.Context, ws core.WorkspaceID, id int64) error {
	m, err := s.Model(ws, id)
	if err != nil {
		return err
	}
	if m.IsDefault {
		return errs.New(errs.Conflict, "default_model", "the default stage model cannot be deleted: make another one the default first")
	}
	if m.Building {
		return errs.New(errs.Conflict, "still_building", "this stage model is still being computed: try again when it is done")
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, queries.Get("drop_machine"), ws, m.Machine); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("delete_versions"), ws, m.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, queries.Get("delete_model"), ws, m.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete stage model: %w", err)
	}
	s.changes.Add(1)
	return s.Load(ctx, ws)
}
