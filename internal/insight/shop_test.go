package insight_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const ws = core.WorkspaceID(3)

// shop is a timeline made by hand, with the service over it.
type shop struct {
	*insight.Service
	t     testing.TB
	db    *db.DB
	store *timeline.Store
	clock *clock.Manual
	now   core.Micros
	all   []core.Event
	costs []insight.Cost
	given []insight.Rate // the later ones count

	people, ids int // of random events
}

func newShop(t testing.TB, d *db.DB) *shop {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	store, err := timeline.Open(context.Background(), timeline.Options{DB: d, Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &shop{t: t, db: d, store: store, clock: c, now: core.FromTime(c.Now()), people: 30, ids: 60}
	s.with(insight.Deps{Members: meeting(store, func() core.Micros { return core.FromTime(c.Now()) })})
	return s
}

// with makes the service anew, with more than it stands on.
func (s *shop) with(d insight.Deps) {
	s.t.Helper()
	d.Timeline, d.Clock, d.DB = s.store, s.clock, s.db
	var err error
	if s.Service, err = insight.New(d); err != nil {
		s.t.Fatal(err)
	}
}

// event makes an event of a customer, days before now.
func (s *shop) event(c core.CustomerID, kind core.Kind, name string, daysAgo float64, props map[string]any) core.Event {
	e := core.Event{Customer: c, Actor: core.ActorID(c), Kind: kind, Name: name, Time: s.now - core.Micros(daysAgo*float64(core.Day)),
		ID: fmt.Sprint("e", len(s.all)), Source: 1}
	e.Received = e.Time
	if props != nil {
		raw, err := json.Marshal(props)
		if err != nil {
			s.t.Fatal(err)
		}
		e.Props = raw
	}
	return e
}

// append stores events.
func (s *shop) append(events ...core.Event) {
	s.t.Helper()
	ctx := context.Background()
	err := s.db.Write(ctx, func(tx *db.Tx) error { return s.store.Append(ctx, tx, ws, events) })
	if err != nil {
		s.t.Fatal(err)
	}
	s.all = append(s.all, events...)
}

func (s *shop) spec(days float64) insight.Spec {
	return insight.Spec{Workspace: ws, From: s.now - core.Micros(days*float64(core.Day)), To: s.now,
		Settings: insight.Settings{Currency: "EUR", Zone: time.UTC, LapseDays: 90}}
}

func (s *shop) kpis(spec insight.Spec) map[string]insight.KPI {
	s.t.Helper()
	r, err := s.Report(context.Background(), spec)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]insight.KPI{}
	for _, k := range s.KPIs(r, "en", spec.Settings.Targets) {
		out[k.Key] = k
	}
	return out
}

type obj = map[string]any

func (s *shop) order(c core.CustomerID, daysAgo float64, props obj) core.Event {
	return s.event(c, core.KindTrack, core.EventOrderCompleted, daysAgo, props)
}

func show(v *float64) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprintf("%.12g", *v)
}
