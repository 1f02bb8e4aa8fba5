package lifecycle_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const ws core.WorkspaceID = 5

// house is the lifecycle room with what it stands on: real identity, timeline
// and pipeline, fed by hand.
type house struct {
	t     testing.TB
	db    *db.DB
	clock *clock.Manual
	life  *lifecycle.Service
	pipe  *pipeline.Pipeline
	store *timeline.Store
	ids   *customer.Service
	waits []core.Message
	zone  *time.Location
}

func newHouse(t testing.TB, d *db.DB) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{t: t, db: d, clock: clock.NewManual(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)), zone: time.UTC}
	log := slog.New(slog.DiscardHandler)
	h.ids = customer.New(customer.Deps{DB: d, Clock: h.clock, Log: log, Secret: []byte("0123456789abcdef"),
		Settings: func(context.Context, core.WorkspaceID) (customer.Settings, error) {
			return customer.DefaultSettings(), nil
		}})
	var err error
	if h.store, err = timeline.Open(ctx, timeline.Options{DB: d, Dir: t.TempDir(), Clock: h.clock, Homes: h.ids}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.life.Wait()
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.life = lifecycle.New(lifecycle.Deps{DB: d, Clock: h.clock, Log: log, Timeline: h.store, Work: silent{}, LastCustomer: h.ids.Last,
		Calendar: func(context.Context, core.WorkspaceID) (expr.Calendar, error) {
			return expr.Calendar{Zone: h.zone, Week: time.Monday}, nil
		}})
	h.pipe = pipeline.New(pipeline.Deps{DB: d, Clock: h.clock, Log: log, Inbox: h, Identity: sessions{h.ids}, Timeline: h.store,
		Sources: []pipeline.MachineSource{h.life}, Reactors: []pipeline.Reactor{h}})
	h.life.SetBackfiller(h.pipe)
	for _, load := range []func(context.Context, core.WorkspaceID) error{h.ids.Load, h.life.Load} {
		if err := load(ctx, ws); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

type silent struct{}

func (silent) Start(core.WorkspaceID, string, string) (func(done, total int64), func()) {
	return func(int64, int64) {}, func() {}
}

type sessions struct{ *customer.Service }

func (s sessions) Begin(w core.WorkspaceID, tx *db.Tx) pipeline.Session {
	return s.Service.Begin(w, tx)
}

func (h *house) Workspaces(context.Context) ([]core.WorkspaceID, error) {
	return []core.WorkspaceID{ws}, nil
}
func (h *house) Wake() <-chan struct{} { return nil }
func (h *house) Take(_ context.Context, _ core.WorkspaceID, most int) (pipeline.Work, error) {
	if len(h.waits) == 0 {
		return nil, nil
	}
	return &taken{h, h.waits[:min(most, len(h.waits))]}, nil
}

type taken struct {
	h    *house
	list []core.Message
}

func (w *taken) List() []core.Message { return w.list }
func (w *taken) Reject(i int, code, text string) {
	w.h.t.Errorf("%s rejected: %s %s", w.list[i].ID, code, text)
}
func (w *taken) Drop(i int, counter string) { w.h.t.Errorf("%s dropped: %s", w.list[i].ID, counter) }
func (w *taken) Commit(_ context.Context, tx *db.Tx) error {
	n := len(w.list)
	tx.AfterCommit(func() { w.h.waits = w.h.waits[n:] })
	return nil
}

func (h *house) React(ctx context.Context, tx *db.Tx, b *pipeline.Batch) error {
	var moves []core.StageMoved
	for _, sig := range b.Signals {
		if m, ok := sig.(core.StageMoved); ok {
			moves = append(moves, m)
		}
	}
	var reset, gone []core.CustomerID
	for c, what := range b.Reset {
		if what.Machine == 0 {
			reset = append(reset, c)
		}
	}
	for c, into := range b.Absorbed {
		if into != 0 {
			gone = append(gone, c)
		}
	}
	return h.life.Record(ctx, tx, b.Workspace, moves, reset, gone)
}

// send processes messages, batch of them at a time, and the timers then due.
func (h *house) send(batch int, msgs ...core.Message) {
	h.t.Helper()
	for part := range slices.Chunk(msgs, batch) {
		h.waits = append(h.waits, part...)
		h.settle()
	}
}

func (h *house) settle() {
	h.t.Helper()
	for {
		n, err := h.pipe.Step(context.Background(), ws)
		if err != nil {
			h.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (h *house) now() core.Micros { return core.FromTime(h.clock.Now()) }

// create makes a model, waits until it is computed and gives it.
func (h *house) create(d lifecycle.Definition) lifecycle.Model {
	h.t.Helper()
	m, err := h.life.Create(context.Background(), ws, d, "", "tester")
	if err != nil {
		h.t.Fatal(err)
	}
	return h.built(m.ID)
}

// built waits for what is being computed and gives the model.
func (h *house) built(id int64) lifecycle.Model {
	h.t.Helper()
	h.life.Wait()
	h.settle()
	m, err := h.life.Model(ws, id)
	if err != nil || m.Building {
		h.t.Fatalf("model %+v, %v", m, err)
	}
	return m
}

// days is an instant so many days after 1 January 2026.
func days(n float64) core.Micros {
	return core.FromTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) + core.Micros(n*float64(core.Day))
}

// event is a tracked event of a user.
func event(user, name string, at core.Micros) core.Message {
	return core.Message{ID: fmt.Sprint(user, name, at), Kind: core.KindTrack, Name: name, UserID: user, Time: at, Received: at}
}

// numbers gives the customer of each user.
func (h *house) numbers() map[string]core.CustomerID {
	h.t.Helper()
	ctx := context.Background()
	var last core.CustomerID
	err := h.db.Read(ctx, func(tx *db.Tx) (err error) {
		last, err = h.ids.Last(ctx, tx, ws)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]core.CustomerID{}
	for c := core.CustomerID(1); c <= last; c++ {
		list, err := h.ids.Identifiers(ctx, ws, c)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, k := range list {
			out[k.Value] = c
		}
	}
	return out
}
