package lifecycle

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/engine/versions"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Log      *slog.Logger
	Timeline *timeline.Store
	Work     versions.Reporter
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
	versions.Face
	kept  *versions.Keeper[*loaded]
	cache boardCache
}

// loaded is what is in memory of a workspace's models.
type loaded struct {
	cal      expr.Calendar
	models   []Model
	machines []fold.Machine           // current versions and those being built
	local    map[int64]*expr.Calendar // by machine
}

// New makes the service. Load must run for each workspace, and SetBackfiller
// before models are made.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.kept = versions.New(versions.Deps{DB: d.DB, Clock: d.Clock, Log: d.Log, Work: d.Work, Last: d.LastCustomer}, versions.Rules[*loaded]{
		What: "stage model", Work: "recompute", Queries: queries, Read: s.read, Serve: s.serve, Served: d.Changed, Renew: s.renew,
		Empty: func(core.WorkspaceID) *loaded { return &loaded{local: map[int64]*expr.Calendar{}} },
		Add:   func(l *loaded, p *versions.Pending) error { _, err := l.add(p.Machine, p.Text); return err }})
	s.Face = s.kept
	return s
}

func (s *Service) read(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (*loaded, error) {
	cal, err := s.Calendar(ctx, ws)
	if err != nil {
		return nil, fmt.Errorf("read calendar: %w", err)
	}
	l := &loaded{cal: cal, local: map[int64]*expr.Calendar{}}
	err = tx.Query(ctx, queries.Get("models"), func(row db.Row) error {
		var m Model
		var text string
		if err := row.Scan(&m.ID, &m.Key, &m.Name, &m.Template, &m.Version, &m.IsDefault, &m.CreatedAt, &m.UpdatedAt, &m.Machine, &text); err != nil {
			return err
		}
		d, err := l.add(m.Machine, text)
		if err != nil {
			return err
		}
		m.Stages = d.Stages
		l.models = append(l.models, m)
		return nil
	}, ws)
	return l, err
}

func (l *loaded) add(machine int64, text string) (*Definition, error) {
	var d stored
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, fmt.Errorf("read definition of machine %d: %w", machine, err)
	}
	cal := expr.UTC()
	if d.Calendar != nil {
		cal = *d.Calendar
	}
	m, err := compile(machine, &d.Definition, cal)
	if err != nil {
		return nil, err
	}
	l.machines, l.local[machine] = append(l.machines, m), d.Calendar
	return &d.Definition, nil
}

// Head finds the current version of a model.
func (l *loaded) Head(model int64) (machine int64, building *bool) {
	for i := range l.models {
		if m := &l.models[i]; m.ID == model {
			return m.Machine, &m.Building
		}
	}
	return 0, nil
}

func (s *Service) of(ws core.WorkspaceID) *loaded { return s.kept.Of(ws) }

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
	now := core.FromTime(s.Clock.Now())
	id, err := s.kept.Create(ctx, ws, &versions.Draft{Definition: s.of(ws).stored(d), By: by, With: func(tx *db.Tx, id int64) error {
		_, err := tx.Exec(ctx, queries.Get("insert_model"), ws, id, d.Key, d.Name, template, 1, id == 1, now)
		return err
	}})
	if err != nil {
		return Model{}, err
	}
	return s.Model(ws, id)
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
	if version, err = s.kept.Next(ctx, ws, m.ID, &versions.Draft{Definition: s.of(ws).stored(d), By: by}); err != nil {
		return 0, err
	}
	s.kept.Build(ctx, ws)
	return version, nil
}

// serve makes a computed version the current one.
func (s *Service) serve(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, p *versions.Pending, _ int64) error {
	_, err := tx.Exec(ctx, queries.Get("activate_model"), p.Version, p.Name, core.FromTime(s.Clock.Now()), ws, p.Owner)
	return err
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
	return s.kept.Remove(ctx, ws, m.ID, m.Machine)
}
