package insight

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Deps are what the service stands on.
type Deps struct {
	Timeline *timeline.Store
	Clock    clock.Clock
	// Identity gives a number that rises whenever events change their customer;
	// nil: they never do.
	Identity func(ws core.WorkspaceID) int64
	Stages   Stages // nil: no stage KPIs
	// Stays gives the history of a stage model or a segment by its key, for
	// charts; nil: charts know neither.
	Stays func(ctx context.Context, ws core.WorkspaceID, by, name string) (query.Stays, error)
	// Moves gives the moves between stages and segments as events; see query.Env.
	Moves func(ctx context.Context, ws core.WorkspaceID, names, keys []string) (timeline.Also, error)
	// Members gives those who satisfy a condition as of an instant (0: now),
	// rising; nil: conditions on customers are refused.
	Members func(ctx context.Context, ws core.WorkspaceID, who *expr.Node, at core.Micros) ([]core.CustomerID, error)
	// Places gives a number that rises whenever somebody may be in another
	// stage or segment; nil: nobody ever is.
	Places func(ws core.WorkspaceID) int64
	// DB keeps saved insights, dashboards, annotations, costs and alerts; nil:
	// there are none.
	DB *db.DB
	// Source is where charts read when not from Timeline.
	Source query.Source
	// Scans is how many charts and reports are computed at once, default
	// GOMAXPROCS.
	Scans  int
	Limits Limits
	Log    *slog.Logger // nil discards
	// Settings gives those of a workspace and its first day of the week, for what
	// nobody asks for: alerts.
	Settings func(ctx context.Context, ws core.WorkspaceID) (Settings, time.Weekday, error)
	Notify   Notifier // of alerts and digests; nil: LogNotifier
	Jobs     *jobs.Queue
	Mail     Mailer // of letters about alerts; nil: it is not set up
	// PublicURL is the address that letters link to; "": they link nowhere.
	PublicURL string
	Files     string // folder of drawn digests
	// Staff gives the customers who are the workspace's own people by these rules,
	// rising; nil: nobody is.
	Staff func(ctx context.Context, ws core.WorkspaceID, rules []string) ([]core.CustomerID, error)
	// Tell says in a language why a tile cannot be drawn; nil: in English.
	Tell func(language string, what *errs.Text) string
}

// Service computes KPIs. Make one with New; it is safe for concurrent use.
type Service struct {
	Deps
	catalogue *catalogue
	cache     cache
	queue     *queue
	results   *results
	flights   *flights
	ready     []Ready
	wake      chan struct{} // alerts were changed
	ratesMu   sync.Mutex
	rates     map[core.WorkspaceID]keptRates
}

// New makes the service.
func New(d Deps) (*Service, error) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	c, err := readCatalogue()
	if err != nil {
		return nil, err
	}
	ready, err := readReady()
	if err != nil {
		return nil, err
	}
	s := &Service{Deps: d, ready: ready, catalogue: c, cache: cache{entries: map[cacheKey]*entry{}}, results: newResults(d.Limits), flights: newFlights(), wake: make(chan struct{}, 1), rates: map[core.WorkspaceID]keptRates{}}
	s.queue = newQueue(s.places())
	if d.Jobs != nil {
		d.Jobs.Handle(DigestJob, s.runDigestJob)
		d.Jobs.Handle(PurgeJob, s.purge)
		d.Jobs.Handle(LetterJob, s.sendLetter)
	}
	return s, nil
}

// Definitions gives the catalogue.
func (s *Service) Definitions() []Definition { return append([]Definition(nil), s.catalogue.KPIs...) }

// Definition finds a KPI of the catalogue.
func (s *Service) Definition(key string) (Definition, bool) {
	d := s.catalogue.byKey[key]
	if d == nil {
		return Definition{}, false
	}
	return *d, true
}

// Bounds of the cache.
const (
	// stale is how old a report may get although nothing changed: time passes.
	stale = core.Minute
	// calm is how many times as long as it took to compute a report serves on
	// after a change: polling a busy timeline costs a twentieth of the machine.
	calm = 20
	kept = 64
)

// cacheKey is a report without its targets, which do not change numbers.
type cacheKey struct {
	ws                    core.WorkspaceID
	from, to, window, lag core.Micros
	model, version        int64
	bots, byOrder         bool
	currency, zone, staff string
	lapse                 int
	rates                 int64 // their version
}

// entry is one report in memory; mu is held while it is computed, so that many
// who ask for the same wait for one computation.
type entry struct {
	mu     sync.Mutex
	report *Report
	change [2]int64
	cost   core.Micros
	used   int64 // under the lock of the cache
}

type cache struct {
	mu      sync.Mutex
	entries map[cacheKey]*entry
	clock   int64
}

// get finds or makes an entry, dropping the one not used for longest.
func (c *cache) get(k cacheKey) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	e := c.entries[k]
	if e == nil {
		if len(c.entries) >= kept {
			var oldest cacheKey
			least := c.clock
			for k, e := range c.entries {
				if e.used < least {
					oldest, least = k, e.used
				}
			}
			delete(c.entries, oldest)
		}
		e = &entry{}
		c.entries[k] = e
	}
	e.used = c.clock
	return e
}

// Report computes the parts of all KPIs of a period, or gives those computed
// before when they are still good: nothing changed, or it is too soon to look
// again. Report.Computed says when they were.
func (s *Service) Report(ctx context.Context, spec Spec) (*Report, error) {
	if spec.Window <= 0 {
		spec.Window = DefaultWindow
	}
	set, rates, err := s.withRates(ctx, spec.Workspace, spec.Settings)
	if err != nil {
		return nil, err
	}
	spec.Settings = set
	k := cacheKey{rates: rates, ws: spec.Workspace, from: spec.From, to: spec.To, window: spec.Window, lag: spec.CostLag, model: spec.Model, bots: spec.IncludeBots,
		byOrder: spec.Settings.ByOrderDate, currency: spec.Settings.Currency, zone: spec.Settings.Zone.String(), lapse: spec.Settings.LapseDays, staff: strings.Join(spec.Settings.Staff, " ")}
	if s.Stages != nil {
		k.version, _ = s.Stages.Identity(spec.Workspace, spec.Model)
	}
	e := s.cache.get(k)
	e.mu.Lock()
	defer e.mu.Unlock()
	change, now := s.change(spec.Workspace), core.FromTime(s.Clock.Now())
	if e.report != nil {
		age := now - e.report.Computed
		if age >= 0 && age < stale && (change == e.change || age < calm*e.cost) {
			return e.report, nil
		}
	}
	if err := s.queue.enter(ctx, spec.Workspace); err != nil {
		return nil, err
	}
	defer s.queue.leave()
	r, err := s.compute(ctx, spec, nil)
	if err != nil {
		return nil, err
	}
	if err := s.stage(ctx, r); err != nil {
		return nil, err
	}
	e.report, e.change, e.cost = r, change, core.FromTime(s.Clock.Now())-now
	return r, nil
}

// change tells states of a timeline apart.
func (s *Service) change(ws core.WorkspaceID) [2]int64 {
	c := [2]int64{s.Timeline.Stats(ws).Events, 0}
	if s.Identity != nil {
		c[1] = s.Identity(ws)
	}
	return c
}
