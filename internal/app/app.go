package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/connect/hook"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/httpx"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// App is the open installation: every room, wired, nothing running yet.
type App struct {
	Config    Config
	Log       *slog.Logger
	Clock     clock.Clock
	DB        *db.DB
	Access    *access.Service
	Inbox     *inbox.Service
	Customers *customer.Service
	Lifecycle *lifecycle.Service
	Segments  *segment.Service
	Insight   *insight.Service
	Timeline  *timeline.Store
	Pipeline  *pipeline.Pipeline
	Imports   *connect.Service
	Jobs      *jobs.Queue
	Hooks     *hook.Service
	mail      *post
	work      *workBoard
	secret    []byte
	lock      *os.File
}

// Open opens the stores of an installation, making what is absent.
func Open(ctx context.Context, cfg Config, log *slog.Logger, c clock.Clock) (*App, error) {
	if cfg.Data == "" {
		return nil, errors.New("a data folder is needed: --data DIR")
	}
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	lock, err := lockFolder(cfg.Data)
	if err != nil {
		return nil, err
	}
	secret, err := cfg.secret()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	d, err := db.Open(ctx, cfg.dsn())
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	a := &App{Config: cfg, Log: log, Clock: c, DB: d, work: newWorkBoard(c), secret: secret, lock: lock}
	if err := a.rooms(ctx); err != nil {
		return nil, errors.Join(err, d.Close(), lock.Close())
	}
	return a, nil
}

func (a *App) rooms(ctx context.Context) error {
	letters, err := a.openMail()
	if err != nil {
		return err
	}
	a.mail = newPost(letters, a.Clock)
	a.Access = access.New(a.DB, a.Clock)
	if a.Inbox, err = inbox.New(inbox.Deps{DB: a.DB, Clock: a.Clock, Log: a.Log, Secret: a.secret, Limits: a.limits(),
		Refused: func(ws core.WorkspaceID, m *core.Message) (string, string) { return a.Customers.Refused(ws, m) }}); err != nil {
		return fmt.Errorf("open inbox: %w", err)
	}
	a.Customers = customer.New(customer.Deps{DB: a.DB, Clock: a.Clock, Log: a.Log, Secret: a.secret, Settings: a.identitySettings})
	if a.Timeline, err = timeline.Open(ctx, timeline.Options{DB: a.DB, Dir: a.Config.Data, Clock: a.Clock, Log: a.Log,
		Homes: a.Customers, SealEvents: a.Config.SealEvents}); err != nil {
		return fmt.Errorf("open timeline: %w", err)
	}
	a.Lifecycle = lifecycle.New(lifecycle.Deps{DB: a.DB, Clock: a.Clock, Log: a.Log, Timeline: a.Timeline, Work: a.work,
		Calendar: a.calendar, LastCustomer: a.Customers.Last, Changed: func(ctx context.Context, ws core.WorkspaceID) { a.Segments.Refresh(ctx, ws) }})
	a.Jobs = jobs.New(a.DB, a.Clock, a.Log, jobs.Options{})
	a.Jobs.Handle(refoldJob, a.refold)
	a.Access.OnCurrency(a.currencyChanged)
	if a.Hooks, err = hook.New(hook.Deps{DB: a.DB, Clock: a.Clock, Jobs: a.Jobs, Client: httpx.New(a.Config.AllowPrivate, 20*time.Second), Secret: a.secret, Customer: a.describe}); err != nil {
		return fmt.Errorf("open webhooks: %w", err)
	}
	a.Segments = segment.New(segment.Deps{DB: a.DB, Clock: a.Clock, Log: a.Log, Timeline: a.Timeline, Work: a.work,
		Models: a.Lifecycle, People: people{a.Customers, a.Lifecycle}, Jobs: a.Jobs, Calendar: a.calendar, News: a.tellSegments, Uses: a.usesOf})
	if a.Insight, err = insight.New(insight.Deps{Timeline: a.Timeline, Clock: a.Clock, Identity: a.Customers.Version, Stages: stageFigures{a.Lifecycle}, DB: a.DB,
		Log: a.Log, Settings: a.insightSettings, Notify: a, Jobs: a.Jobs, Mail: a.mail.mailer(), PublicURL: a.Config.PublicURL, Files: filepath.Join(a.Config.Data, "digests"), Tell: teller(), Staff: a.Customers.Staff, Stays: stays{a.Lifecycle, a.Segments}.read, Moves: stays{a.Lifecycle, a.Segments}.moves, Members: a.Segments.Evaluate,
		Places: func(core.WorkspaceID) int64 { return a.Lifecycle.Changes() + a.Segments.Changes() }}); err != nil {
		return fmt.Errorf("open insight: %w", err)
	}
	a.Pipeline = pipeline.New(pipeline.Deps{
		DB: a.DB, Clock: a.Clock, Log: a.Log, Inbox: inboxDoor{a.Inbox}, Identity: identity{a.Customers}, Timeline: a.Timeline,
		Sources:  []pipeline.MachineSource{summaries{a.Customers, a.Access}, a.Lifecycle, a.Segments},
		Reactors: []pipeline.Reactor{summaries{a.Customers, a.Access}, stages{a.Lifecycle}, segments{a.Segments}},
	})
	a.Lifecycle.SetBackfiller(a.Pipeline)
	a.Segments.SetBackfiller(a.Pipeline)
	a.Segments.SetLister(signals{a.Pipeline})
	a.Timeline.SetStill(a.Pipeline.Hold)
	if a.Imports, err = a.openImports(); err != nil {
		return fmt.Errorf("open imports: %w", err)
	}
	spaces, err := a.Access.Workspaces(ctx)
	if err != nil {
		return err
	}
	for _, w := range spaces {
		if err := a.LoadWorkspace(ctx, w.ID); err != nil {
			return err
		}
	}
	return a.hideErased(ctx)
}

// LoadWorkspace brings a workspace's maps and definitions into memory.
func (a *App) LoadWorkspace(ctx context.Context, ws core.WorkspaceID) error {
	if _, err := a.Access.Workspace(ctx, ws); err != nil {
		return err
	}
	if err := a.Customers.Load(ctx, ws); err != nil {
		return err
	}
	if err := a.Lifecycle.Load(ctx, ws); err != nil {
		return err
	}
	return a.Segments.Load(ctx, ws)
}

func (a *App) limits() inbox.Limits {
	return inbox.Limits{QueueEvents: a.Config.MaxPending}
}

func (a *App) calendar(ctx context.Context, ws core.WorkspaceID) (expr.Calendar, error) {
	w, err := a.Access.Workspace(ctx, ws)
	if err != nil {
		return expr.Calendar{}, err
	}
	return expr.Calendar{Zone: w.Zone(), Week: time.Weekday(w.WeekStart % 7)}, nil
}

func (a *App) identitySettings(ctx context.Context, ws core.WorkspaceID) (customer.Settings, error) {
	set := customer.DefaultSettings()
	w, err := a.Access.Workspace(ctx, ws)
	if err != nil || len(w.Settings.Identity) == 0 {
		return set, err
	}
	if err := json.Unmarshal(w.Settings.Identity, &set); err != nil {
		return set, fmt.Errorf("read identity settings: %w", err)
	}
	return set, nil
}

// Close closes the stores. Workers must have stopped.
func (a *App) Close() error {
	a.Imports.Stop()
	a.Lifecycle.Wait()
	a.Segments.Wait()
	return errors.Join(a.Timeline.Close(), a.DB.Close(), a.lock.Close())
}

// lockFolder keeps a second process out of a data folder: each would take the
// other's unfinished files for strays. The lock ends with the process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("data folder %s is in use by another ciclo process: stop it first", dir)
	}
	return f, nil
}
