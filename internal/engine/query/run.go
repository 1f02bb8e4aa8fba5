package query

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// Source gives timelines, customer by customer. *timeline.Store is one. A Source
// that also has the Names method of *timeline.Store makes better hints.
type Source interface {
	Scan(ctx context.Context, req timeline.Request, fn func(worker int, c core.CustomerID, r *timeline.Rows) error) error
}

type namer interface {
	Names(ctx context.Context, ws core.WorkspaceID) ([]timeline.NameStat, error)
}

// DefaultBudget is the memory, in bytes, that a query may hold at once.
const DefaultBudget = 256 << 20

// Env is what a query needs to know of its workspace.
type Env struct {
	Workspace core.WorkspaceID
	Zone      *time.Location // nil: UTC
	Week      time.Weekday   // first day of the week
	Currency  string         // of the workspace, for money measures
	Rates     *core.Rates    // into Currency; nil: money of other currencies is left out
	Now       core.Micros    // events at or after it do not count; required
	Workers   int            // 0 = GOMAXPROCS
	Budget    int64          // bytes; 0 = DefaultBudget
	// Customer, when set, says which customers count. Many goroutines call it.
	Customer func(core.CustomerID) bool
	// Staff, when set, says who is one of the workspace's own people, who count in
	// nothing. Many goroutines call it.
	Staff func(core.CustomerID) bool
	// Members gives those who meet a condition as of now, for Spec.Who.
	Members func(ctx context.Context, who *expr.Node) (func(core.CustomerID) bool, error)
	// Stays gives the history of the stage model or segment called name.
	Stays func(ctx context.Context, by, name string) (Stays, error)
	// Moves gives the moves in and out of segments and stages as events of kind
	// signal with these names, of the segments and stage models in keys; nil: of
	// all.
	Moves func(ctx context.Context, names, keys []string) (timeline.Also, error)
	// Customers, when set, are the only customers read, sorted.
	Customers []core.CustomerID
	// Progress is told now and then how many rows were passed, by any worker.
	Progress func(doneRows, totalRows int64)
}

// Result is the answer to a Spec: the part of its kind is set.
type Result struct {
	Kind        Kind               `json:"kind"`
	From        core.Micros        `json:"from"`
	To          core.Micros        `json:"to"`
	ComputedAt  core.Micros        `json:"computed_at"`
	Trend       *TrendResult       `json:"trend,omitempty"`
	Funnel      *FunnelResult      `json:"funnel,omitempty"`
	Retention   *RetentionResult   `json:"retention,omitempty"`
	Growth      *GrowthResult      `json:"growth,omitempty"`
	Stickiness  *StickinessResult  `json:"stickiness,omitempty"`
	Paths       *PathsResult       `json:"paths,omitempty"`
	Composition *CompositionResult `json:"composition,omitempty"`
	Table       *TableResult       `json:"table,omitempty"`
	Attribution *AttributionResult `json:"attribution,omitempty"`
	Journey     *JourneyResult     `json:"journey,omitempty"`
	Meta        Meta               `json:"meta"`
}

// Meta says what a query read and what its reader should know.
type Meta struct {
	Rows      int64  `json:"rows"`      // matching rows that were folded
	Passed    int64  `json:"passed"`    // rows of the files and the tail in range, skipped pages included
	Customers int64  `json:"customers"` // with matching rows
	Passes    int    `json:"passes"`    // times the timeline was read
	Values    int    `json:"values,omitempty"`
	Truncated bool   `json:"truncated,omitempty"` // values beyond the top N are in the rest
	Hints     []Hint `json:"hints,omitempty"`
}

// Hint tells of something that is probably not meant so.
type Hint struct {
	Code string `json:"code"` // unknown_event, no_events, unknown_property, other_currency, sum_too_large, rest_counts_twice
	Name string `json:"name,omitempty"`
	Text string `json:"text"`
}

// query is one run.
type query struct {
	src      Source
	env      Env
	spec     *Spec
	cal      calendar
	from, to core.Micros
	picker   *picker
	split    *dimension // of the breakdown
	memory   budget
	workers  []*worker
	meta     Meta
	roster   *roster // of People and Explain: who is in one number
	trace    *trace  // of Explain: what decided
	also     timeline.Also
	loose    bool // the fold needs no order of rows
	mixed    bool // nor to know whose they are
}

// Run answers spec from src.
func Run(ctx context.Context, src Source, spec Spec, env Env) (*Result, error) {
	q, err := newQuery(ctx, src, spec, env)
	if err != nil {
		return nil, err
	}
	return q.run(ctx)
}

// newQuery checks spec and makes it ready to run.
func newQuery(ctx context.Context, src Source, spec Spec, env Env) (*query, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if env.Zone == nil {
		env.Zone = time.UTC
	}
	if env.Workers <= 0 {
		env.Workers = runtime.GOMAXPROCS(0)
	}
	if env.Budget <= 0 {
		env.Budget = DefaultBudget
	}
	q := &query{src: src, env: env, spec: &spec, cal: calendar{env.Zone, env.Week}}
	q.memory.all = env.Budget
	var err error
	if q.from, q.to, err = spec.Range.Resolve(env.Zone, env.Now); err != nil {
		return nil, err
	}
	if q.picker, err = newPicker(&spec, expr.Calendar{Zone: env.Zone, Week: env.Week}); err != nil {
		return nil, err
	}
	if err := q.who(ctx); err != nil {
		return nil, err
	}
	if err := q.moves(ctx); err != nil {
		return nil, err
	}
	for range env.Workers {
		q.workers = append(q.workers, q.worker())
	}
	return q, nil
}

func (q *query) run(ctx context.Context) (*Result, error) {
	res := &Result{Kind: q.spec.Kind, From: q.from, To: q.to, ComputedAt: q.env.Now}
	if err := q.answer(ctx, res); err != nil {
		return nil, err
	}
	q.hints(ctx)
	res.Meta = q.meta
	return res, nil
}

func (q *query) answer(ctx context.Context, res *Result) (err error) {
	switch q.spec.Kind {
	case KindTrend:
		res.Trend, err = q.trend(ctx)
	case KindFunnel:
		res.Funnel, err = q.funnel(ctx)
	case KindRetention:
		res.Retention, err = q.retention(ctx)
	case KindGrowth:
		res.Growth, err = q.growth(ctx)
	case KindStickiness:
		res.Stickiness, err = q.stickiness(ctx)
	case KindPaths:
		res.Paths, err = q.paths(ctx)
	case KindComposition:
		res.Composition, err = q.composition(ctx)
	case KindTable:
		res.Table, err = q.table(ctx)
	case KindAttribution:
		res.Attribution, err = q.attribution(ctx)
	case KindJourney:
		res.Journey, err = q.journey(ctx)
	}
	return err
}

// scan reads the rows that the picker wants in [from, to) and calls fn for each
// customer that has some; from 0 is the beginning. others keeps rows of every
// event, for queries in which any event counts.
func (q *query) scan(ctx context.Context, from, to core.Micros, others bool, fn func(n int, w *worker, r *timeline.Rows) error) error {
	to = min(to, q.env.Now)
	q.meta.Passes++
	if to <= from {
		return nil
	}
	req := timeline.Request{Workspace: q.env.Workspace, From: bound(from, -1), To: bound(to, 1), Match: q.picker.match(others), Columns: q.picker.columns(),
		Customers: q.env.Customers, Workers: q.env.Workers, Also: q.also}
	req.AnyOrder = q.loose && len(q.picker.traits) == 0 && q.trace == nil
	req.Mixed = req.AnyOrder && q.mixed && q.env.Customer == nil && q.env.Staff == nil && !q.picker.personal()
	if q.trace != nil {
		req.Columns = append(req.Columns, evidenceColumns()...)
	}
	if q.spec.AsKnown != nil {
		req.AsReceived = core.FromTime(*q.spec.AsKnown)
	}
	var total atomic.Int64
	req.Progress = func(done, all int64) {
		total.Store(all)
		if q.env.Progress != nil {
			q.env.Progress(done, all)
		}
	}
	if len(q.picker.traits) > 0 {
		// Traits are of any age; rows outside the range are left out in pick.
		req.From = 0
		if q.picker.ahead {
			req.To = q.env.Now
		}
	}
	for _, w := range q.workers {
		w.begin(others, from, to)
	}
	err := q.src.Scan(ctx, req, func(n int, c core.CustomerID, r *timeline.Rows) error {
		if q.env.Staff != nil && q.env.Staff(c) || q.env.Customer != nil && !q.env.Customer(c) {
			return nil
		}
		w := q.workers[n]
		w.pick(c, r)
		if len(w.rows) == 0 {
			return nil
		}
		return fn(n, w, r)
	})
	if err != nil {
		return fmt.Errorf("run %s: %w", q.spec.Kind, err)
	}
	q.meta.Passed += total.Load()
	for _, w := range q.workers {
		q.meta.Rows += w.count
		q.meta.Customers += w.customers
	}
	return nil
}

// beginning is where the whole history begins.
const beginning core.Micros = math.MinInt64

// bound is an end of a range as the timeline takes it: there 0 is open. The start
// of 1970 moves by one microsecond, and pick leaves out what that brings.
func bound(at, step core.Micros) core.Micros {
	switch at {
	case beginning:
		return 0
	case 0:
		return step
	}
	return at
}

// budget bounds the memory of one query.
type budget struct {
	used atomic.Int64
	all  int64
}

// take reserves n bytes.
func (b *budget) take(n int) error {
	if b.used.Add(int64(n)) <= b.all {
		return nil
	}
	return errs.New(errs.TooLarge, "query_too_large", "the query needs more than its %d MB of memory: choose a shorter range, a longer interval or fewer values", max(b.all>>20, 1))
}

// give returns n bytes.
func (b *budget) give(n int) { b.used.Add(-int64(n)) }
