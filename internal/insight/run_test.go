package insight_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// gate stands before the timeline: a scan reports itself and waits to be let on.
type gate struct {
	query.Source
	entered chan core.WorkspaceID
	let     chan struct{}
	stopped chan struct{}
	scans   atomic.Int64
}

func (g *gate) Scan(ctx context.Context, req timeline.Request, fn func(int, core.CustomerID, *timeline.Rows) error) error {
	g.scans.Add(1)
	if req.Progress != nil {
		req.Progress(5, 40)
	}
	g.entered <- req.Workspace
	select {
	case <-g.let:
	case <-ctx.Done():
		g.stopped <- struct{}{}
		return ctx.Err()
	}
	return g.Source.Scan(ctx, req, fn)
}

// gated is a shop whose scans wait.
func gated(t *testing.T, scans int) (*shop, *gate) {
	s := newShop(t, dbtest.SQLite(t))
	g := &gate{Source: s.store, entered: make(chan core.WorkspaceID, 100), let: make(chan struct{}, 100), stopped: make(chan struct{}, 100)}
	s.with(insight.Deps{Source: g, Scans: scans})
	return s, g
}

// ask counts an event over a number of days.
func ask(ws core.WorkspaceID, event string, rng query.Range) insight.Ask {
	return insight.Ask{Workspace: ws, Week: time.Monday, Settings: insight.Settings{Currency: "EUR", Zone: time.UTC},
		Spec: query.Spec{Kind: query.KindTrend, Range: rng, Trend: &query.Trend{Interval: query.Day, Series: []query.Series{{Event: query.Event{Event: event}}}}}}
}

func last(span string) query.Range { return query.Range{Last: span} }

// outcome is what Run gave to one who asked.
type outcome struct {
	answer *insight.Answer
	err    error
}

// begin asks in the background, and returns once the question is known.
func (s *shop) begin(ctx context.Context, a insight.Ask, name string) chan outcome {
	s.t.Helper()
	a.Progress = name
	out := make(chan outcome, 1)
	go func() {
		r, err := s.Run(ctx, a)
		out <- outcome{r, err}
	}()
	until(func() bool { return s.Progress(a.Workspace, name).State != insight.Unknown })
	return out
}

// until gives way to others until something holds.
func until(holds func() bool) {
	for !holds() {
		runtime.Gosched()
	}
}

func (s *shop) run(a insight.Ask) *insight.Answer {
	s.t.Helper()
	r, err := s.Run(context.Background(), a)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// total is the number of the first line.
func (s *shop) total(a *insight.Answer) float64 {
	s.t.Helper()
	r, err := a.Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return *r.Trend.Lines[0].Total.Value
}

// TestAnswersAreKept while nothing changes; a relative range a minute and never
// beyond midnight, a past one as long as there is room.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.order(1, 1, nil), s.order(1, 20, nil))
	relative, past := ask(ws, core.EventOrderCompleted, last("30d")), ask(ws, core.EventOrderCompleted, query.Range{From: "2026-02-01", To: "2026-02-20"})
	want := func(what string, a insight.Ask, cached bool, n float64) {
		t.Helper()
		if r := s.run(a); r.Cached != cached || s.total(r) != n {
			t.Errorf("%s: cached %v with %v, want %v with %v", what, r.Cached, s.total(r), cached, n)
		}
	}
	want("first", relative, false, 2)
	want("second", relative, true, 2)
	want("past, first", past, false, 1)
	s.clock.Advance(59 * time.Second)
	want("after 59 s", relative, true, 2)
	s.clock.Advance(time.Second)
	want("after 60 s", relative, false, 2)
	want("past, after 60 s", past, true, 1)
	s.append(s.order(1, 10, nil))
	want("after a change", relative, false, 3)
	want("past, after a change", past, false, 2)
	s.clock.Set(time.Date(2026, 3, 1, 23, 59, 50, 0, time.UTC))
	want("before midnight", relative, false, 3)
	s.clock.Advance(20 * time.Second)
	want("after midnight", relative, false, 3)
	s.clock.Set(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
	want("a year later", relative, false, 0)
	want("past, a year later", past, true, 2)
	funnel := ask(ws, "", past.Spec.Range)
	funnel.Spec.Kind, funnel.Spec.Trend = query.KindFunnel, nil
	funnel.Spec.Funnel = &query.Funnel{Steps: []query.Step{{Event: query.Event{Event: "A"}}, {Event: query.Event{Event: "B"}}}}
	s.run(funnel)
	s.clock.Advance(time.Hour)
	if s.run(funnel).Cached {
		t.Error("a funnel whose windows may still end is kept for an hour")
	}
}

// TestSettingsTellAnswersApart: zone, currency, week and workspace are part of a
// question; how it is written is not.
func TestSettingsTellAnswersApart(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.order(1, 1, nil))
	base := ask(ws, core.EventOrderCompleted, last("30d"))
	s.run(base)
	if !s.run(base).Cached {
		t.Error("the same question is not kept")
	}
	other := []func(a *insight.Ask){
		func(a *insight.Ask) { a.Settings.Zone = time.FixedZone("X", 3600) }, func(a *insight.Ask) { a.Settings.Currency = "USD" },
		func(a *insight.Ask) { a.Week = time.Sunday }, func(a *insight.Ask) { a.Workspace++ }, func(a *insight.Ask) { a.Spec.Range.Last = "31d" },
	}
	for i, change := range other {
		a := base
		change(&a)
		if s.run(a).Cached {
			t.Errorf("change %d finds the answer of another question", i)
		}
	}
	if n := s.Forget(ws); n != int64(len(other)) { // all but that of the other workspace
		t.Errorf("%d answers forgotten, want %d", n, len(other))
	}
	if s.run(base).Cached {
		t.Error("a forgotten answer is still there")
	}
}

// TestKeptAnswersAreBounded in number and in bytes, the least recently used goes
// first.
func TestKeptAnswersAreBounded(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.order(1, 1, nil))
	q := func(n int) insight.Ask { return ask(ws, fmt.Sprint("Event ", n), last("10d")) }
	s.with(insight.Deps{Limits: insight.Limits{Entries: 3}})
	for i := range 3 {
		s.run(q(i))
	}
	s.run(q(0))
	s.run(q(3))
	if !s.run(q(0)).Cached || s.run(q(1)).Cached {
		t.Error("not the least recently used answer was dropped")
	}
	one := int64(len(s.run(q(0)).Raw))
	s.with(insight.Deps{Limits: insight.Limits{Bytes: 3 * one}})
	for i := range 9 {
		s.run(q(i))
	}
	if n := s.Forget(ws); n < 1 || n > 2 {
		t.Errorf("%d answers of %d bytes kept in %d bytes", n, one, 3*one)
	}
	s.with(insight.Deps{Limits: insight.Limits{Bytes: one}})
	if s.run(q(1)); s.Forget(ws) != 0 {
		t.Error("an answer larger than the bound is kept")
	}
}

// TestEqualQuestionsFlyOnce: ten ask, one scan answers all of them.
func TestEqualQuestionsFlyOnce(t *testing.T) {
	t.Parallel()
	s, g := gated(t, 2)
	s.append(s.order(1, 1, nil))
	a := ask(ws, core.EventOrderCompleted, last("30d"))
	var all []chan outcome
	for i := range 10 {
		all = append(all, s.begin(context.Background(), a, fmt.Sprint("watcher-", i)))
	}
	<-g.entered
	if p := s.Progress(ws, "watcher-7"); p != (insight.Progress{State: insight.Running, Done: 5, Total: 40}) {
		t.Errorf("progress is %+v", p)
	}
	if p := s.Progress(ws+1, "watcher-7"); p.State != insight.Unknown {
		t.Errorf("another workspace sees progress %+v", p)
	}
	g.let <- struct{}{}
	for i, c := range all {
		if o := <-c; o.err != nil || s.total(o.answer) != 1 {
			t.Errorf("asker %d got %v", i, o.err)
		}
	}
	if p := s.Progress(ws, "watcher-7"); p.State != insight.Done || p.Done != p.Total {
		t.Errorf("in the end progress is %+v", p)
	}
	if n := g.scans.Load(); n != 1 {
		t.Errorf("%d scans for one question", n)
	}
}

// TestWorkspacesTakeTurns: one with many questions does not hold up another, and
// no more run than there are places.
func TestWorkspacesTakeTurns(t *testing.T) {
	t.Parallel()
	s, g := gated(t, 1)
	ctx := context.Background()
	var all []chan outcome
	add := func(w core.WorkspaceID, n int) {
		for range n {
			waiting := s.Waiting()
			all = append(all, s.begin(ctx, ask(w, fmt.Sprint("Event ", len(all)), last("3d")), fmt.Sprint("watcher-", len(all))))
			until(func() bool { return len(all) == 1 || s.Waiting() > waiting })
		}
	}
	add(1, 4)
	add(2, 1)
	add(3, 2)
	if p := s.Progress(2, "watcher-4"); p.State != insight.Queued {
		t.Errorf("behind others it is %s", p.State)
	}
	var order []core.WorkspaceID
	for range all {
		order = append(order, <-g.entered)
		if n := len(g.entered); n != 0 {
			t.Fatalf("%d more scans than places", n)
		}
		g.let <- struct{}{}
	}
	if got := fmt.Sprint(order); got != "[1 1 2 3 1 3 1]" {
		t.Errorf("turns %s", got)
	}
	for _, c := range all {
		if o := <-c; o.err != nil {
			t.Error(o.err)
		}
	}
}

// TestAbandonedChartsStop: a scan goes on while anybody waits, is stopped when
// the last one goes, and its place is free again. One that waits is dropped.
func TestAbandonedChartsStop(t *testing.T) {
	t.Parallel()
	s, g := gated(t, 1)
	a := ask(ws, "A", last("30d"))
	first, leave := context.WithCancel(context.Background())
	second, leaveToo := context.WithCancel(context.Background())
	one, two := s.begin(first, a, "watcher-1"), s.begin(second, a, "watcher-2")
	<-g.entered
	third, leaveQueue := context.WithCancel(context.Background())
	waiting := s.begin(third, ask(ws, "B", last("30d")), "watcher-3")
	until(func() bool { return s.Waiting() == 1 })
	leaveQueue()
	if o := <-waiting; !errors.Is(o.err, context.Canceled) {
		t.Errorf("who left the queue got %v", o.err)
	}
	until(func() bool { return s.Waiting() == 0 })
	leave()
	if o := <-one; !errors.Is(o.err, context.Canceled) {
		t.Errorf("who left got %v", o.err)
	}
	if len(g.stopped) != 0 || s.Progress(ws, "watcher-2").State != insight.Running {
		t.Error("the scan stopped although somebody waits for it")
	}
	leaveToo()
	<-g.stopped
	<-two
	if p := s.Progress(ws, "watcher-2"); p.State != insight.Unknown {
		t.Errorf("a stopped chart is %s", p.State)
	}
	again := s.begin(context.Background(), a, "watcher-4")
	<-g.entered // the place was given back, and nothing of the stopped one remains
	g.let <- struct{}{}
	if o := <-again; o.err != nil || o.answer.Cached {
		t.Errorf("asked again: %+v %v", o.answer, o.err)
	}
}

// TestForgottenWhileComputed: the answer is given and not kept.
func TestForgottenWhileComputed(t *testing.T) {
	t.Parallel()
	s, g := gated(t, 1)
	a := ask(ws, "A", last("30d"))
	out := s.begin(context.Background(), a, "watcher-1")
	<-g.entered
	s.Forget(ws)
	g.let <- struct{}{}
	if o := <-out; o.err != nil {
		t.Error(o.err)
	}
	g.let <- struct{}{}
	if s.run(a).Cached {
		t.Error("an answer from before is kept")
	}
}

// TestRunRefuses what is wrong before anything is read, and too long a queue.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	s, g := gated(t, 1)
	bad := ask(ws, "", last("30d"))
	if _, err := s.Run(context.Background(), bad); errs.KindOf(err) != errs.Invalid || query.FieldOf(err) != "trend.series[0].event" {
		t.Errorf("an event without a name: %v", err)
	}
	for _, id := range []string{"short", "with space and", "../../../../etc", string(make([]byte, 65))} {
		a := ask(ws, "A", last("30d"))
		a.Progress = id
		if _, err := s.Run(context.Background(), a); errs.CodeOf(err) != "bad_progress" {
			t.Errorf("progress id %.20q: %v", id, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range 201 {
		s.begin(ctx, ask(ws, fmt.Sprint("E", i), last("30d")), fmt.Sprint("watcher-", i))
	}
	until(func() bool { return s.Waiting() == 200 })
	if _, err := s.Run(ctx, ask(ws, "one more", last("30d"))); errs.KindOf(err) != errs.Busy {
		t.Errorf("the chart after the last place to wait: %v", err)
	}
	<-g.entered
	if n := g.scans.Load(); n != 1 {
		t.Errorf("%d scans", n)
	}
}
