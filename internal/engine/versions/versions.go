// Package versions keeps definitions that machines fold timelines by, such as
// stage models and segments. A change of one is a new version with a machine of
// its own. It is computed over history in the background, goes on after a
// restart, and takes the place of the old version, which serves until then.
//
// It has no tables: a domain brings its own and the statements that Rules names.
//
// Invariants: a version is known to the pipeline before the next batch, so that
// no new customer slips between; one computation runs at a time; what was read
// last is also kept last.
package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// Backfiller folds history for a new version.
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

// Deps are what a Keeper stands on.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Log   *slog.Logger
	Work  Reporter
	// Last gives the highest customer number of a workspace.
	Last func(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (core.CustomerID, error)
}

// Pending is a version whose history is not computed yet.
type Pending struct {
	Owner, Version, Machine int64
	Text                    string // the definition as it is stored
	Name                    string // from it
}

// Shelf is what is in memory of a workspace's definitions.
type Shelf interface {
	// Head gives the machine that serves for an owner, and where to say that
	// another one is being built; nil: there is no such owner.
	Head(owner int64) (machine int64, building *bool)
}

// Rules are what differs from domain to domain. Queries has these statements:
//
//	last_owner, last_machine         the highest there ever was    (workspace)
//	last_version                     the same of an owner          (workspace, owner)
//	insert_version                   (workspace, owner, version, machine, definition, by, at, more…)
//	unfinished                       owner, version, machine, definition of those being built (workspace)
//	live, retire                     a version serves; no other does (workspace, owner, version)
//	delete_owner, delete_versions    (workspace, owner)
//	drop_machine                     what a machine has found      (workspace, machine)
type Rules[S Shelf] struct {
	What, Work string // an owner, in words; the kind of its computation on the board of work
	Queries    db.Queries
	Empty      func(ws core.WorkspaceID) S // of a workspace that is not loaded
	// Read reads the versions that serve; Add takes in one that is being built
	// beside them.
	Read func(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) (S, error)
	Add  func(shelf S, p *Pending) error
	// Serve writes that a version serves, where the machine old did.
	Serve func(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, p *Pending, old int64) error
	// Served is told when it does; nil: nobody listens.
	Served func(ctx context.Context, ws core.WorkspaceID)
	// Renew makes new versions of what rests on something that has changed, and
	// tells whether it made any; nil: nothing does.
	Renew func(ctx context.Context, ws core.WorkspaceID) (more bool, err error)
}

// Face is what a domain shows of its keeper.
type Face interface {
	// SetBackfiller gives the domain the pipeline, which needs the domain first.
	SetBackfiller(b Backfiller)
	// Load reads a workspace's definitions.
	Load(ctx context.Context, ws core.WorkspaceID) error
	// Resume computes the versions that are not finished, for instance after a
	// restart, and puts them into service; then those that rest on something
	// which has changed, until none does.
	Resume(ctx context.Context, ws core.WorkspaceID) error
	// Wait blocks until computations that were begun have ended.
	Wait()
	// Changes rises whenever what the machines found may have changed.
	Changes() int64
}

// Keeper keeps the definitions of one domain.
type Keeper[S Shelf] struct {
	deps     Deps
	rules    Rules[S]
	backfill Backfiller
	changes  atomic.Int64

	loading sync.Mutex
	mu      sync.RWMutex
	shelves map[core.WorkspaceID]S
	turn    sync.Mutex
	jobs    sync.WaitGroup
}

// New makes a keeper. Load must run for each workspace, and SetBackfiller before
// anything is made.
func New[S Shelf](d Deps, r Rules[S]) *Keeper[S] {
	return &Keeper[S]{deps: d, rules: r, shelves: map[core.WorkspaceID]S{}}
}

// SetBackfiller implements Face.
func (k *Keeper[S]) SetBackfiller(b Backfiller) { k.backfill = b }

// Wait implements Face.
func (k *Keeper[S]) Wait() { k.jobs.Wait() }

// Changes implements Face.
func (k *Keeper[S]) Changes() int64 { return k.changes.Load() }

// Touch says that what the machines found may have changed.
func (k *Keeper[S]) Touch() { k.changes.Add(1) }

// Load implements Face.
func (k *Keeper[S]) Load(ctx context.Context, ws core.WorkspaceID) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	var shelf S
	err := k.deps.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if shelf, err = k.rules.Read(ctx, tx, ws); err != nil {
			return err
		}
		return k.unfinished(ctx, tx, ws, func(p *Pending) error {
			machine, building := shelf.Head(p.Owner)
			if building == nil {
				return nil
			}
			if *building = true; machine == p.Machine {
				return nil // a first version serves while it is built
			}
			return k.rules.Add(shelf, p)
		})
	})
	if err != nil {
		return fmt.Errorf("load %ss: %w", k.rules.What, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shelves[ws] = shelf
	return nil
}

// Of gives what is in memory of a workspace.
func (k *Keeper[S]) Of(ws core.WorkspaceID) S {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if shelf, ok := k.shelves[ws]; ok {
		return shelf
	}
	return k.rules.Empty(ws)
}

func (k *Keeper[S]) unfinished(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, fn func(p *Pending) error) error {
	return tx.Query(ctx, k.rules.Queries.Get("unfinished"), func(row db.Row) error {
		var p Pending
		if err := row.Scan(&p.Owner, &p.Version, &p.Machine, &p.Text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(p.Text), &struct {
			Name *string `json:"name"`
		}{&p.Name}); err != nil {
			return fmt.Errorf("read definition of machine %d: %w", p.Machine, err)
		}
		return fn(&p)
	}, ws)
}

// Draft is a version to be made.
type Draft struct {
	Definition any // kept as JSON
	By         string
	More       []any                              // for columns of the domain
	With       func(tx *db.Tx, owner int64) error // writes to the owner's row; nil: nothing
}

// Create makes an owner with its first version, which serves while it is
// computed.
func (k *Keeper[S]) Create(ctx context.Context, ws core.WorkspaceID, d *Draft) (owner int64, err error) {
	err = k.announce(ctx, ws, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, k.rules.Queries.Get("last_owner"), []any{ws}, &owner); err != nil {
			return err
		}
		owner++
		return k.insert(ctx, tx, ws, owner, 1, d)
	})
	if err != nil {
		return 0, fmt.Errorf("create %s: %w", k.rules.What, err)
	}
	k.Build(ctx, ws)
	return owner, nil
}

// Next makes another version of an owner. Build computes it.
func (k *Keeper[S]) Next(ctx context.Context, ws core.WorkspaceID, owner int64, d *Draft) (version int64, err error) {
	err = k.announce(ctx, ws, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, k.rules.Queries.Get("last_version"), []any{ws, owner}, &version); err != nil {
			return err
		}
		version++
		return k.insert(ctx, tx, ws, owner, version, d)
	})
	if err != nil {
		return 0, fmt.Errorf("make version of %s %d: %w", k.rules.What, owner, err)
	}
	return version, nil
}

// Remove takes an owner away with all that its machine has found.
func (k *Keeper[S]) Remove(ctx context.Context, ws core.WorkspaceID, owner, machine int64) error {
	err := k.announce(ctx, ws, func(tx *db.Tx) error {
		if err := k.exec(ctx, tx, "delete_owner", ws, owner); err != nil {
			return err
		}
		if err := k.exec(ctx, tx, "delete_versions", ws, owner); err != nil {
			return err
		}
		return k.exec(ctx, tx, "drop_machine", ws, machine)
	})
	if err != nil {
		return fmt.Errorf("delete %s: %w", k.rules.What, err)
	}
	k.Touch()
	return nil
}

func (k *Keeper[S]) exec(ctx context.Context, tx *db.Tx, name string, args ...any) error {
	_, err := tx.Exec(ctx, k.rules.Queries.Get(name), args...)
	return err
}

// announce writes and reads anew while no batch runs.
func (k *Keeper[S]) announce(ctx context.Context, ws core.WorkspaceID, fn func(tx *db.Tx) error) error {
	defer k.backfill.Hold(ws)()
	if err := k.deps.DB.Write(ctx, fn); err != nil {
		return err
	}
	return k.Load(ctx, ws)
}

func (k *Keeper[S]) insert(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, owner, version int64, d *Draft) error {
	text, err := json.Marshal(d.Definition)
	if err != nil {
		return err
	}
	if d.With != nil {
		if err := d.With(tx, owner); err != nil {
			return err
		}
	}
	var machine int64
	if err := tx.QueryRow(ctx, k.rules.Queries.Get("last_machine"), []any{ws}, &machine); err != nil {
		return err
	}
	machine++
	last, err := k.deps.Last(ctx, tx, ws)
	if err != nil {
		return err
	}
	if err := k.backfill.StartBackfill(ctx, tx, ws, machine, last); err != nil {
		return err
	}
	return k.exec(ctx, tx, "insert_version", append([]any{ws, owner, version, machine, string(text), d.By, core.FromTime(k.deps.Clock.Now())}, d.More...)...)
}
