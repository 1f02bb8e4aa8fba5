package segment

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/engine/versions"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

//go:embed queries.sql
var queriesText string

var queries = db.MustQueries(queriesText)

// People is what the room needs to know of customers.
type People interface {
	// Last gives the highest customer number of a workspace.
	Last(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (core.CustomerID, error)
	// Everybody gives the numbers of all customers with events, rising.
	Everybody(ctx context.Context, ws core.WorkspaceID) ([]core.CustomerID, error)
	// Living gives the customers that numbers stand for now: survivors for those
	// that were absorbed, none for those that were erased.
	Living(ctx context.Context, ws core.WorkspaceID, list []core.CustomerID) ([]core.CustomerID, error)
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
	Work     versions.Reporter
	Models   Models
	People   People
	Jobs     *jobs.Queue // of lists to be filled; nil: none are made
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
	versions.Face
	kept  *versions.Keeper[*loaded]
	lists Lister
}

// New makes the service. Load must run for each workspace, and SetBackfiller
// before segments are made.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	s.kept = versions.New(versions.Deps{DB: d.DB, Clock: d.Clock, Log: d.Log, Work: d.Work, Last: d.People.Last}, versions.Rules[*loaded]{
		What: "segment", Work: "segment", Queries: queries, Read: s.read, Serve: s.serve, Renew: s.renew,
		Empty: s.empty, Add: func(l *loaded, p *versions.Pending) error { _, err := l.add(p.Owner, p.Machine, p.Text); return err }})
	s.Face = s.kept
	if d.Jobs != nil {
		d.Jobs.Handle(FillJob, s.fillJob)
	}
	return s
}

// Refresh computes anew the segments that name something which has changed: a
// segment, a stage model, the cut points of scores, the local time.
func (s *Service) Refresh(ctx context.Context, ws core.WorkspaceID) { s.kept.Build(ctx, ws) }

func (s *Service) of(ws core.WorkspaceID) *loaded { return s.kept.Of(ws) }

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
	return s.create(ctx, ws, d, by, func(*db.Tx, int64) error { return nil })
}

// create makes a segment; also writes what belongs to it in the same transaction.
func (s *Service) create(ctx context.Context, ws core.WorkspaceID, d Definition, by string, also func(tx *db.Tx, id int64) error) (Segment, error) {
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
	now := core.FromTime(s.Clock.Now())
	id, err := s.kept.Create(ctx, ws, &versions.Draft{Definition: &stored{d, p}, By: by, More: []any{false}, With: func(tx *db.Tx, id int64) error {
		if _, err := tx.Exec(ctx, queries.Get("insert_segment"), ws, id, d.Key, d.Name, d.Description, d.Kind, 1, by, now); err != nil {
			return err
		}
		return also(tx, id)
	}})
	if err != nil {
		return Segment{}, err
	}
	return s.Get(ws, id)
}

// definition is what a segment's current version says, under its newest name.
func (g *Segment) definition() Definition {
	d := Definition{Key: g.Key, Name: g.Name, Description: g.Description, Kind: g.Kind}
	if g.Kind == Dynamic {
		d.When = g.When
	}
	return d
}

// condition is the one that decides, also for a static segment.
func (d *Definition) condition() *expr.Node {
	if d.Kind == Static {
		return expr.OnList(d.Key)
	}
	return d.When
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
	d := g.definition()
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
	rename := func(tx *db.Tx, id int64) error {
		_, err := tx.Exec(ctx, queries.Get("rename"), d.Name, d.Description, now, ws, id)
		return err
	}
	if ch.When == nil {
		if err := s.DB.Write(ctx, func(tx *db.Tx) error { return rename(tx, id) }); err != nil {
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
	if _, err := s.kept.Next(ctx, ws, id, &versions.Draft{Definition: &stored{d, p}, By: by, More: []any{ch.Emit}, With: rename}); err != nil {
		return g, err
	}
	s.kept.Build(ctx, ws)
	return s.Get(ws, id)
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
		return errs.New(errs.Conflict, "segment_in_use", "segment %q is used by %v: change that first", g.Name, by[0].said())
	}
	if g.Building {
		return errs.New(errs.Conflict, "still_building", "this segment is still being computed: try again when it is done")
	}
	return s.kept.Remove(ctx, ws, id, g.Machine)
}

// Use is something that rests on a segment.
type Use struct {
	Kind string // segment, insight, webhook
	ID   int64
	Name string
}

// said names u within a sentence.
func (u *Use) said() *errs.Text {
	switch u.Kind {
	case "insight":
		return errs.Say("the insight %q", u.Name)
	case "webhook":
		return errs.Say("the webhook %q", u.Name)
	}
	return errs.Say("the segment %q", u.Name)
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
