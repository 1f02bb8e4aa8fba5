package insight

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// Ask is one question of a workspace, with its zone, currency and first day of
// the week.
type Ask struct {
	Workspace core.WorkspaceID
	Spec      query.Spec
	Settings  Settings
	Week      time.Weekday
	// Progress is a name under which the caller asks how far it is; "" for none.
	Progress string
	rates    int64 // version of the exchange rates in Settings
}

// Answer is an answered question. Raw is the JSON of a query.Result; it is
// shared and must not be changed.
type Answer struct {
	Raw      json.RawMessage
	Computed core.Micros
	Cached   bool
	// Identity is the version of the map of identifiers that it rests on.
	Identity int64
}

// Result decodes the answer.
func (a *Answer) Result() (*query.Result, error) {
	var r query.Result
	if err := json.Unmarshal(a.Raw, &r); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return &r, nil
}

// Query answers one question to the timeline at once: nothing is kept, nobody
// waits in line.
func (s *Service) Query(ctx context.Context, ws core.WorkspaceID, spec query.Spec, set Settings, week time.Weekday) (*query.Result, error) {
	a := Ask{Workspace: ws, Spec: spec, Settings: set, Week: week}
	env, err := s.rated(ctx, &a)
	if err != nil {
		return nil, err
	}
	return s.query(ctx, spec, env)
}

func (s *Service) query(ctx context.Context, spec query.Spec, env query.Env) (*query.Result, error) {
	res, err := query.Run(ctx, s.source(), spec, env)
	if err != nil {
		return nil, fmt.Errorf("answer %s: %w", spec.Kind, err)
	}
	return res, nil
}

// source is where charts read; the timeline unless something stands between.
func (s *Service) source() query.Source {
	if s.Source != nil {
		return s.Source
	}
	return s.Timeline
}

func (s *Service) places() int {
	if s.Scans > 0 {
		return s.Scans
	}
	return runtime.GOMAXPROCS(0)
}

// Run answers a question from what is kept, or computes it in its turn. Equal
// questions asked at once are computed once; a computation that nobody waits
// for any longer is stopped.
func (s *Service) Run(ctx context.Context, ask Ask) (*Answer, error) {
	if err := ask.Spec.Check(); err != nil {
		return nil, err
	}
	if err := checkWatch(ask.Progress); err != nil {
		return nil, err
	}
	if err := s.rate(ctx, &ask); err != nil {
		return nil, err
	}
	q, err := s.question(&ask)
	if err != nil {
		return nil, err
	}
	now := core.FromTime(s.Clock.Now())
	if k := s.results.get(q, now, dayOf(now, ask.zone())); k != nil {
		s.flights.mu.Lock()
		s.flights.watch(q.ws, ask.Progress, ended(k))
		s.flights.mu.Unlock()
		return k.answer(true), nil
	}
	f := s.flights.join(ctx, q, ask.Progress, func(ctx context.Context, f *flight) (*held, error) { return s.answer(ctx, q, &ask, f) })
	k, err := s.flights.wait(ctx, q, ask.Progress, f)
	if err != nil {
		return nil, err
	}
	return k.answer(false), nil
}

func (k *held) answer(cached bool) *Answer {
	return &Answer{k.raw, k.computed, cached, k.q.change[1]}
}

// Progress tells how far the chart is that a client named in its Ask.
func (s *Service) Progress(ws core.WorkspaceID, id string) Progress {
	return s.flights.progress(ws, id)
}

// answer computes a question in its turn and keeps the answer.
func (s *Service) answer(ctx context.Context, q question, ask *Ask, f *flight) (*held, error) {
	epoch := s.results.era(q.ws)
	if err := s.queue.enter(ctx, q.ws); err != nil {
		return nil, err
	}
	defer s.queue.leave()
	f.running.Store(true)
	now := core.FromTime(s.Clock.Now())
	env, err := s.asking(ctx, ask)
	if err != nil {
		return nil, err
	}
	env.Now, env.Progress = now, func(done, total int64) { f.passed.Store(done); f.outOf.Store(total) }
	res, err := s.query(ctx, ask.Spec, env)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(res)
	if err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	k := &held{q: q, raw: raw, computed: now, moves: moves(&q, &ask.Spec, res.To, now), day: dayOf(now, ask.zone())}
	s.results.put(k, epoch)
	return k, nil
}

func (a *Ask) zone() *time.Location { return a.Settings.zone() }

// rate gives a question about money the exchange rates of its workspace.
func (s *Service) rate(ctx context.Context, a *Ask) (err error) {
	if aboutMoney(&a.Spec) {
		a.Settings, a.rates, err = s.withRates(ctx, a.Workspace, a.Settings)
	}
	return err
}

// aboutMoney says whether an answer may rest on exchange rates.
func aboutMoney(spec *query.Spec) bool {
	money := func(s query.Series) bool { return s.Money }
	return spec.Attribution != nil || spec.Trend != nil && slices.ContainsFunc(spec.Trend.Series, money) ||
		spec.Table != nil && slices.ContainsFunc(spec.Table.Columns, money)
}

// question is the key of an ask. The state of the timeline is read before the
// answer is computed, so that an answer is never taken for newer than it is.
func (s *Service) question(ask *Ask) (question, error) {
	spec, err := json.Marshal(ask.Spec)
	if err != nil {
		return question{}, fmt.Errorf("write question: %w", err)
	}
	q := question{ws: ask.Workspace, spec: string(spec), zone: ask.zone().String(), currency: ask.Settings.Currency, staff: strings.Join(ask.Settings.Staff, " "), week: int(ask.Week), change: s.change(ask.Workspace), rates: ask.rates}
	if s.Places != nil && aboutCustomers(q.spec) {
		q.definitions = s.Places(ask.Workspace)
	}
	return q, nil
}

// aboutCustomers says whether a question may rest on stages and segments.
func aboutCustomers(spec string) bool {
	return strings.Contains(spec, `"kind":"signal"`) || strings.Contains(spec, `"who":`) || strings.Contains(spec, `"where_customer":`) || strings.Contains(spec, `"by":`)
}

// moves says whether an answer may become another one because time passes: its
// range is relative or still runs, conditions may depend on time, or what began
// in the range may still end.
func moves(q *question, spec *query.Spec, to, now core.Micros) bool {
	if spec.Range.Last != "" || to > now || strings.Contains(q.spec, `"where":`) || aboutCustomers(q.spec) {
		return true
	}
	switch spec.Kind {
	case query.KindTrend, query.KindGrowth, query.KindStickiness:
		return false
	}
	return true
}
