package pipeline_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/inbox"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const ws core.WorkspaceID = 2

// rig is a pipeline between the real inbox, identity and timeline, with a
// machine and a reactor of the test's own.
type rig struct {
	t        testing.TB
	db       *db.DB
	clock    *clock.Manual
	inbox    *inbox.Service
	source   *inbox.Source
	ids      *customer.Service
	store    *timeline.Store
	pipe     *pipeline.Pipeline
	machines []fold.Machine
	fail     error // what the reactor answers
	batches  []pipeline.Batch
	sent     int
}

func newRig(t testing.TB, d *db.DB, blocked ...string) *rig {
	t.Helper()
	ctx := context.Background()
	g := &rig{t: t, db: d, clock: clock.NewManual(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)), machines: []fold.Machine{recorder{1}}}
	log := slog.New(slog.DiscardHandler)
	var err error
	if g.inbox, err = inbox.New(inbox.Deps{DB: d, Clock: g.clock, Secret: []byte("0123456789abcdef")}); err != nil {
		t.Fatal(err)
	}
	if g.source, _, err = g.inbox.CreateSource(ctx, ws, inbox.NewSource{Name: "site", Kind: inbox.Server}); err != nil {
		t.Fatal(err)
	}
	g.ids = customer.New(customer.Deps{DB: d, Clock: g.clock, Log: log, Secret: []byte("0123456789abcdef"),
		Settings: func(context.Context, core.WorkspaceID) (customer.Settings, error) {
			set := customer.DefaultSettings()
			set.BlockedValues = blocked
			return set, nil
		}})
	if err := g.ids.Load(ctx, ws); err != nil {
		t.Fatal(err)
	}
	if g.store, err = timeline.Open(ctx, timeline.Options{DB: d, Dir: t.TempDir(), Clock: g.clock, Homes: g.ids}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.store.Close(); err != nil {
			t.Error(err)
		}
	})
	g.pipe = pipeline.New(pipeline.Deps{DB: d, Clock: g.clock, Log: log, Inbox: door{g.inbox}, Identity: sessions{g.ids}, Timeline: g.store,
		Sources: []pipeline.MachineSource{g}, Reactors: []pipeline.Reactor{g}, MaxEvents: 50})
	return g
}

type door struct{ *inbox.Service }

func (d door) Take(ctx context.Context, w core.WorkspaceID, most int) (pipeline.Work, error) {
	work, err := d.Service.Take(ctx, w, most)
	if err != nil || work == nil {
		return nil, err
	}
	return taken{work}, nil
}

type taken struct{ *inbox.Work }

func (t taken) List() []core.Message { return t.Messages }

type sessions struct{ *customer.Service }

func (s sessions) Begin(w core.WorkspaceID, tx *db.Tx) pipeline.Session {
	return s.Service.Begin(w, tx)
}

func (g *rig) Machines(core.WorkspaceID) []fold.Machine { return g.machines }

// React writes a row of its own, then fails when it is told to.
func (g *rig) React(ctx context.Context, tx *db.Tx, b *pipeline.Batch) error {
	if _, err := tx.Exec(ctx, "INSERT INTO unknown_keys (workspace_id, key_hash, shown, n, first_seen, last_seen, address) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		ws, fmt.Sprint("reactor", g.sent, len(g.batches)), "x", len(b.Events), 0, 0, ""); err != nil {
		return err
	}
	if g.fail != nil {
		return g.fail
	}
	copied := *b
	tx.AfterCommit(func() { g.batches = append(g.batches, copied) })
	return nil
}

// recorder is a machine that remembers the names of events in order, and rings
// an hour after the last.
type recorder struct{ id int64 }

func (m recorder) ID() int64 { return m.id }
func (m recorder) Open(c core.CustomerID, state []byte) (fold.Instance, error) {
	in := &recording{m: m, c: c}
	if state == nil {
		return in, nil
	}
	at, n := binary.Varint(state)
	if n <= 0 {
		return nil, errors.New("damaged")
	}
	in.at, in.text = at, string(state[n:])
	return in, nil
}

type recording struct {
	m    recorder
	c    core.CustomerID
	at   core.Micros
	text string
}

// heard is the signal of a recorder.
type heard struct {
	Machine  int64
	Customer core.CustomerID
	What     string
}

func (in *recording) Clock() core.Micros { return in.at }
func (in *recording) Due() (core.Micros, bool) {
	return in.at + core.Hour, in.text != "" && !strings.HasSuffix(in.text, "!")
}
func (in *recording) Advance(to core.Micros, emit func(core.Signal)) {
	if at, ok := in.Due(); ok && at <= to {
		in.at, in.text = at, in.text+"!"
		emit(heard{in.m.id, in.c, "!"})
	}
}
func (in *recording) Apply(e *fold.Input, emit func(core.Signal)) {
	in.Advance(e.Time, emit)
	in.at = max(in.at, e.Time)
	in.text += " " + e.Name
	emit(heard{in.m.id, in.c, e.Name})
}
func (in *recording) Append(buf []byte) []byte {
	return append(binary.AppendVarint(buf, in.at), in.text...)
}

// send accepts one batch of user@minute:name.
func (g *rig) send(events ...string) {
	g.t.Helper()
	var list []string
	for _, e := range events {
		user, rest, _ := strings.Cut(e, "@")
		var minute int
		var name string
		if _, err := fmt.Sscanf(rest, "%d:%s", &minute, &name); err != nil {
			g.t.Fatalf("%s: %v", e, err)
		}
		g.sent++
		list = append(list, fmt.Sprintf(`{"type":"track","event":%q,"userId":%q,"messageId":"m%d","timestamp":%q}`, name, user, g.sent, minutes(minute).Format(time.RFC3339)))
	}
	_, err := g.inbox.Accept(context.Background(), inbox.Door{Source: g.source, Meta: inbox.Meta{Shape: inbox.ShapeBatch}, Received: core.FromTime(g.clock.Now()),
		Body: []byte(`{"batch":[` + strings.Join(list, ",") + `]}`)})
	if err != nil {
		g.t.Fatal(err)
	}
}

func minutes(n int) time.Time {
	return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
}

func (g *rig) drain() {
	g.t.Helper()
	for {
		n, err := g.pipe.Step(context.Background(), ws)
		if err != nil {
			g.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// state gives what the recorder with that id heard of a customer.
func (g *rig) state(c core.CustomerID, machine int64) string {
	g.t.Helper()
	raw, err := g.pipe.State(context.Background(), ws, c, machine)
	if err != nil {
		g.t.Fatal(err)
	}
	if raw == nil {
		return ""
	}
	in, err := recorder{machine}.Open(c, raw)
	if err != nil {
		g.t.Fatal(err)
	}
	return strings.TrimSpace(in.(*recording).text)
}

func (g *rig) timeline(c core.CustomerID) string {
	g.t.Helper()
	events, err := g.store.Customer(context.Background(), ws, c, timeline.CustomerQuery{})
	if err != nil {
		g.t.Fatal(err)
	}
	var names []string
	for i := range events {
		names = append(names, events[i].Name)
	}
	return strings.Join(names, " ")
}

// rows counts the rows of a table.
func (g *rig) rows(table string) (n int64) {
	g.t.Helper()
	ctx := context.Background()
	err := g.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE workspace_id = $1", []any{ws}, &n)
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}
