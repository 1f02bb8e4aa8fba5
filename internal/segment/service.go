package segment

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

// Backfiller folds history for a new version of a segment.
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

// People is what the room needs to know of customers.
type People interface {
	// Last gives the highest customer number of a workspace.
	Last(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (core.CustomerID, error)
	// Everybody gives the numbers of all customers with events, rising.
	Everybody(ctx context.Context, ws core.WorkspaceID) ([]core.CustomerID, error)
	// Traits calls fn with the traits, a JSON object, of each of the customers
	// given, in any order.
	Traits(ctx context.Context, ws core.WorkspaceID, fn func(c core.CustomerID, traits []byte)) error
	// Stages gives the stage of each customer in a model now.
	Stages(ctx context.Context, ws core.WorkspaceID, model string) (map[core.CustomerID]string, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Log      *slog.Logger
	Timeline *timeline.Store
	Work     Reporter
	Models   Models
	People   People
	// Calendar gives a workspace's zone and first day of the week.
	Calendar func(ctx context.Context, ws core.WorkspaceID) (expr.Calendar, error)
	// Uses lists what beside segments rests on one: saved insights, webhooks; nil:
	// nothing does.
	Uses func(ctx context.Context, ws core.WorkspaceID, g Segment) ([]Use, error)
	// News is told who entered and left, in the transaction that says so; nil:
	// nobody listens.
	News func(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, moves []Move) error
}

// Service is the segment room.
type Service struct {
	Deps
	backfill Backfiller
	lists    Lister
	changes  atomic.Int64

	loading sync.Mutex
	mu      sync.RWMutex
	loaded  map[core.WorkspaceID]*loaded
	jobs    sync.WaitGroup
	turn    sync.Mutex // one computation of history at a time
}

// loaded is what is in memory of a workspace's segments.
type loaded struct {
	catalogue *catalogue
	segments  []Segment
	programs  map[int64]*program // by machine
	machines  []fold.Machine     // current versions and those being built
	owner     map[int64]int64    // machine to segment
}

// New makes the service. Load must run for each workspace, and SetBackfiller
// before segments are made.
func New(d Deps) *Service {
	return &Service{Deps: d, loaded: map[core.WorkspaceID]*loaded{}}
}

// SetBackfiller gives the service the pipeline, which needs the service first.
func (s *Service) SetBackfiller(b Backfiller) { s.backfill = b }

// Wait blocks until computations that were begun have ended.
func (s *Service) Wait() { s.jobs.Wait() }

// Changes rises whenever somebody may have entered or left.
func (s *Service) Changes() int64 { return s.changes.Load() }

// stored is a version as its row keeps it.
type stored struct {
	Definition
	Program *program `json:"program"`
}

// Load reads a workspace's segments.
func (s *Service) Load(ctx context.Context, ws core.WorkspaceID) error {
	s.loading.Lock() // what was read last must also be kept last
	defer s.loading.Unlock()
	cal, err := s.Calendar(ctx, ws)
	if err != nil {
		return fmt.Errorf("read calendar: %w", err)
	}
	l := &loaded{catalogue: &catalogue{ws: ws, models: s.Models, cal: cal, byKey: map[string]*expr.Node{}}, programs: map[int64]*program{}, owner: map[int64]int64{}}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if err := l.read(ctx, tx, ws, cal); err != nil {
			return err
		}
		run, err := lastRun(ctx, tx, ws)
		if run != nil {
			l.catalogue.cuts = &run.Cuts
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("load segments: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded[ws] = l
	return nil
}

func (l *loaded) read(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, cal expr.Calendar) error {
	err := tx.Query(ctx, queries.Get("segments"), func(row db.Row) error {
		var g Segment
		var text string
		if err := row.Scan(&g.ID, &g.Key, &g.Name, &g.Description, &g.Kind, &g.Version, &g.By, &g.CreatedAt, &g.UpdatedAt, &g.Machine, &text); err != nil {
			return err
		}
		d, err := l.add(g.ID, g.Machine, text, cal)
		if err != nil {
			return err
		}
		if g.When = d.When; g.Kind == Static {
			g.When = expr.OnList(g.Key)
		}
		l.segments = append(l.segments, g)
		l.catalogue.byKey[g.Key] = g.When
		return nil
	}, ws)
	if err != nil {
		return err
	}
	return tx.Query(ctx, queries.Get("unfinished"), func(row db.Row) error {
		var id, version, machine int64
		var emit bool
		var text string
		if err := row.Scan(&id, &version, &machine, &emit, &text); err != nil {
			return err
		}
		i := slices.IndexFunc(l.segments, func(g Segment) bool { return g.ID == id })
		if i < 0 {
			return nil
		}
		l.segments[i].Building = true
		if l.segments[i].Machine == machine {
			return nil // a first version serves while it is built
		}
		_, err := l.add(id, machine, text, cal)
		return err
	}, ws)
}

func (l *loaded) add(segment, id int64, text string, cal expr.Calendar) (*stored, error) {
	var d stored
	if err := json.Unmarshal([]byte(text), &d); err != nil || d.Program == nil {
		return nil, fmt.Errorf("read definition of machine %d: %w", id, err)
	}
	m, err := d.Program.compile(id, cal)
	if err != nil {
		return nil, fmt.Errorf("compile machine %d: %w", id, err)
	}
	l.machines = append(l.machines, m)
	l.programs[id], l.owner[id] = d.Program, segment
	return &d, nil
}

func (s *Service) of(ws core.WorkspaceID) *loaded {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if l := s.loaded[ws]; l != nil {
		return l
	}
	return &loaded{catalogue: &catalogue{ws: ws, models: s.Models, byKey: map[string]*expr.Node{}}}
}

// Machines gives the folds of all current and building versions.
func (s *Service) Machines(ws core.WorkspaceID) []fold.Machine { return s.of(ws).machines }

// Segments gives a workspace's segments, the oldest first.
func (s *Service) Segments(ws core.WorkspaceID) []Segment { return slices.Clone(s.of(ws).segments) }

// Get gives one segment.
func (s *Service) Get(ws core.WorkspaceID, id int64) (Segment, error) {
	for _, g := range s.of(ws).segments {
		if g.ID == id {
			return g, nil
		}
	}
	return Segment{}, unknown(id)
}

// ByKey gives the segment of a key.
func (s *Service) ByKey(ws core.WorkspaceID, key string) (Segment, bool) {
	for _, g := range s.of(ws).segments {
		if g.Key == key {
			return g, true
		}
	}
	return Segment{}, false
}

// Create makes a segment and starts computing who is in it.
func (s *Service) Create(ctx context.Context, ws core.WorkspaceID, d Definition, by string) (Segment, error) {
	if d.Kind == "" {
		d.Kind = Dynamic
	}
	if err := d.Check(); err != nil {
		return Segment{}, err
	}
	l := s.of(ws)
	if len(l.segments) >= MaxSegments {
		return Segment{}, errs.New(errs.Conflict, "too_many_segments", "a workspace has at most %d segments", MaxSegments)
	}
	taken := func(key string) bool { _, ok := l.catalogue.byKey[key]; return ok }
	if d.Key == "" {
		d.Key = freeKey(keyOf(d.Name), taken)
	} else if taken(d.Key) {
		return Segment{}, errs.New(errs.Conflict, "duplicate_key", "a segment with key %q exists already", d.Key)
	}
	p, _, err := l.catalogue.check(d.Key, d.condition())
	if err != nil {
		return Segment{}, err
	}
	var id int64
	err = s.announce(ctx, ws, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, queries.Get("last_segment"), []any{ws}, &id); err != nil {
			return err
		}
		id++
		if _, err := tx.Exec(ctx, queries.Get("insert_segment"), ws, id, d.Key, d.Name, d.Description, d.Kind, 1, by, core.FromTime(s.Clock.Now())); err != nil {
			return err
		}
		return s.insertVersion(ctx, tx, ws, id, 1, &stored{d, p}, false, by)
	})
	if err != nil {
		return Segment{}, fmt.Errorf("create segment: %w", err)
	}
	s.build(ctx, ws)
	return s.Get(ws, id)
}

// condition is the one that decides, also for a static segment.
func (d *Definition) condition() *expr.Node {
	if d.Kind == Static {
		return expr.OnList(d.Key)
	}
	return d.When
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

func (s *Service) insertVersion(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, segment, version int64, d *stored, emit bool, by string) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	var machine int64
	if err := tx.QueryRow(ctx, queries.Get("last_machine"), []any{ws}, &machine); err != nil {
		return err
	}
	machine++
	last, err := s.People.Last(ctx, tx, ws)
	if err != nil {
		return err
	}
	if err := s.backfill.StartBackfill(ctx, tx, ws, machine, last); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, queries.Get("insert_version"), ws, segment, version, machine, "building", emit, string(text), by, core.FromTime(s.Clock.Now()))
	return err
}

// Change is what an update may change; nil fields stay.
type Change struct {
	Name, Description *string
	When              *expr.Node
	Emit              bool // those who enter and leave by the new condition are news
}

// Update changes a segment. A new condition makes a new version; the old one
// serves until the new one is computed over history.
func (s *Service) Update(ctx context.Context, ws core.WorkspaceID, id int64, ch Change, by string) (Segment, error) {
	g, err := s.Get(ws, id)
	if err != nil {
		return g, err
	}
	d := Definition{Key: g.Key, Name: g.Name, Description: g.Description, Kind: g.Kind}
	if g.Kind == Dynamic {
		d.When = g.When
	}
	if ch.Name != nil {
		d.Name = *ch.Name
	}
	if ch.Description != nil {
		d.Description = *ch.Description
	}
	if ch.When != nil {
		d.When = ch.When
	}
	if err := d.Check(); err != nil {
		return g, err
	}
	now := core.FromTime(s.Clock.Now())
	if ch.When == nil {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, queries.Get("rename"), d.Name, d.Description, now, ws, id)
			return err
		})
		if err != nil {
			return g, fmt.Errorf("update segment: %w", err)
		}
		if err := s.Load(ctx, ws); err != nil {
			return g, err
		}
		return s.Get(ws, id)
	}
	p, _, err := s.of(ws).catalogue.check(d.Key, d.When)
	if err != nil {
		return g, err
	}
	if g.Building {
		return g, errs.New(errs.Conflict, "still_building", "a version of this segment is still being computed: try again when it is done")
	}
	if err := s.newVersion(ctx, ws, id, &stored{d, p}, ch.Emit, by); err != nil {
		return g, fmt.Errorf("update segment: %w", err)
	}
	s.build(ctx, ws)
	return s.Get(ws, id)
}

func (s *Service) newVersion(ctx context.Context, ws core.WorkspaceID, id int64, d *stored, emit bool, by string) error {
	return s.announce(ctx, ws, func(tx *db.Tx) error {
		var version int64
		if err := tx.QueryRow(ctx, queries.Get("last_version"), []any{ws, id}, &version); err != nil {
			return err
		}
		return s.insertVersion(ctx, tx, ws, id, version+1, d, emit, by)
	})
}

// Delete removes a segment with its members. One that another segment names is
// refused.
func (s *Service) Delete(ctx context.Context, ws core.WorkspaceID, id int64) error {
	g, err := s.Get(ws, id)
	if err != nil {
		return err
	}
	by, err := s.UsedBy(ctx, ws, g)
	if err != nil {
		return err
	}
	if len(by) > 0 {
		return errs.New(errs.Conflict, "segment_in_use", "segment %q is used by %s %q: change that first", g.Name, by[0].Kind, by[0].Name)
	}
	if g.Building {
		return errs.New(errs.Conflict, "still_building", "this segment is still being computed: try again when it is done")
	}
	err = s.announce(ctx, ws, func(tx *db.Tx) error {
		for _, q := range []string{"delete_segment", "delete_versions"} {
			if _, err := tx.Exec(ctx, queries.Get(q), ws, id); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, queries.Get("drop_machine"), ws, g.Machine)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete segment: %w", err)
	}
	s.changes.Add(1)
	return nil
}

// Use is something that rests on a segment.
type Use struct {
	Kind string // segment, insight, webhook
	ID   int64
	Name string
}

// UsedBy lists what rests on a segment directly.
func (s *Service) UsedBy(ctx context.Context, ws core.WorkspaceID, g Segment) ([]Use, error) {
	out := []Use{}
	for _, o := range s.of(ws).segments {
		if slices.Contains(expr.References(o.When).Segments, g.Key) {
			out = append(out, Use{"segment", o.ID, o.Name})
		}
	}
	if s.Uses == nil {
		return out, nil
	}
	more, err := s.Uses(ctx, ws, g)
	return append(out, more...), err
}
