package customer_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/customer"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// house is the customer room among the rooms that its promises reach: events
// come through the pipeline, stay in the timeline, and move customers through
// the stages of a model.
type house struct {
	t      testing.TB
	db     *db.DB
	clock  *clock.Manual
	s      *customer.Service
	life   *lifecycle.Service
	store  *timeline.Store
	pipe   *pipeline.Pipeline
	waits  []core.Message // the inbox
	held   map[string]string
	model  lifecycle.Model
	author int
}

func newHouse(t testing.TB, d *db.DB, set customer.Settings) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{t: t, db: d, clock: clock.NewManual(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)), held: map[string]string{}}
	log := slog.New(slog.DiscardHandler)
	h.s = customer.New(customer.Deps{DB: d, Clock: h.clock, Log: log, Secret: []byte("0123456789abcdef"),
		Settings: func(context.Context, core.WorkspaceID) (customer.Settings, error) { return set, nil }})
	var err error
	if h.store, err = timeline.Open(ctx, timeline.Options{DB: d, Dir: t.TempDir(), Clock: h.clock, Homes: h.s}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.life = lifecycle.New(lifecycle.Deps{DB: d, Clock: h.clock, Log: log, Timeline: h.store, Work: silent{}, LastCustomer: h.s.Last,
		Calendar: func(context.Context, core.WorkspaceID) (expr.Calendar, error) { return expr.UTC(), nil }})
	h.pipe = pipeline.New(pipeline.Deps{DB: d, Clock: h.clock, Log: log, Inbox: h, Identity: sessions{h.s}, Timeline: h.store,
		Sources: []pipeline.MachineSource{h, h.life}, Reactors: []pipeline.Reactor{h}})
	h.life.SetBackfiller(h.pipe)
	if err := h.s.Load(ctx, ws); err != nil {
		t.Fatal(err)
	}
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		t.Fatal(err)
	}
	if h.model, err = h.life.Create(ctx, ws, def, "sterne_cutler", "test"); err != nil {
		t.Fatal(err)
	}
	h.life.Wait()
	if h.model, err = h.life.Model(ws, h.model.ID); err != nil {
		t.Fatal(err)
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

// The house is the pipeline's inbox …

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

func (w *taken) List() []core.Message         { return w.list }
func (w *taken) Reject(i int, code, _ string) { w.h.held[w.list[i].ID] = code }
func (w *taken) Drop(i int, counter string)   { w.h.held[w.list[i].ID] = counter }
func (w *taken) Commit(_ context.Context, tx *db.Tx) error {
	n := len(w.list)
	tx.AfterCommit(func() { w.h.waits = w.h.waits[n:] })
	return nil
}

// … and reacts for both rooms.

func (h *house) Machines(core.WorkspaceID) []fold.Machine {
	return []fold.Machine{customer.Machine("EUR")}
}

func (h *house) React(ctx context.Context, tx *db.Tx, b *pipeline.Batch) error {
	last := map[core.CustomerID]customer.SummaryChanged{}
	var moves []core.StageMoved
	for _, sig := range b.Signals {
		switch x := sig.(type) {
		case customer.SummaryChanged:
			if what, again := b.Reset[x.Customer]; again && what.Machine == 0 {
				*x.Traits = true
			}
			last[x.Customer] = x
		case core.StageMoved:
			moves = append(moves, x)
		}
	}
	for c, what := range b.Reset { // nothing is left of somebody whose events moved away
		if _, told := last[c]; !told && what.Machine == 0 && b.Absorbed[c] == 0 {
			last[c] = customer.Nothing(c)
		}
	}
	var list []customer.SummaryChanged
	for _, x := range last {
		list = append(list, x)
	}
	if err := h.s.Write(ctx, tx, b.Workspace, list); err != nil {
		return err
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

// send processes messages, batch of them at a time.
func (h *house) send(batch int, msgs ...msg) {
	h.t.Helper()
	for part := range slices.Chunk(msgs, batch) {
		h.waits = append(h.waits, part...)
		h.settle()
	}
}

// settle steps until nothing waits and no timer is due.
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

func (h *house) do(fn func(x *customer.Session) error) error {
	h.t.Helper()
	defer h.settle()
	return h.pipe.Do(context.Background(), ws, func(_ *db.Tx, s pipeline.Session) ([]core.CustomerID, error) { return nil, fn(s.(*customer.Session)) })
}

// consent writes a customer's choices.
func (h *house) consent(c core.CustomerID, list []customer.Consent) error {
	h.t.Helper()
	defer h.settle()
	return h.pipe.Signal(context.Background(), ws, func(_ *db.Tx, s pipeline.Session) ([]core.Event, error) {
		return s.(*customer.Session).SetConsent(context.Background(), c, list)
	})
}

// merge joins two customers on a user's word and gives the entry of the log.
func (h *house) merge(into, from core.CustomerID) int64 {
	h.t.Helper()
	err := h.do(func(x *customer.Session) error {
		return x.Merge(context.Background(), into, from, "tester", "same person")
	})
	if err != nil {
		h.t.Fatalf("merge %d into %d: %v", from, into, err)
	}
	list, err := h.s.History(context.Background(), ws, into)
	if err != nil || len(list) == 0 || list[0].Rule != "merged" {
		h.t.Fatalf("log after a merge: %+v, %v", list, err)
	}
	return list[0].ID
}

func (h *house) unmerge(entry int64) {
	h.t.Helper()
	err := h.do(func(x *customer.Session) error {
		return x.Unmerge(context.Background(), entry, "tester", "not the same")
	})
	if err != nil {
		h.t.Fatalf("un-merge %d: %v", entry, err)
	}
}

func (h *house) apply(set customer.Settings) {
	h.t.Helper()
	if err := h.do(func(x *customer.Session) error { return x.ApplySettings(context.Background(), set) }); err != nil {
		h.t.Fatal(err)
	}
}

// alive lists the customers that exist.
func (h *house) alive() []core.CustomerID {
	h.t.Helper()
	ctx := context.Background()
	var last core.CustomerID
	err := h.db.Read(ctx, func(tx *db.Tx) (err error) {
		last, err = h.s.Last(ctx, tx, ws)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var out []core.CustomerID
	for c := core.CustomerID(1); c <= last; c++ {
		if row, err := h.s.Get(ctx, ws, c); err != nil {
			h.t.Fatal(err)
		} else if row.ID == c {
			out = append(out, c)
		}
	}
	return out
}

// portrait writes all that is known of a customer: the row with its counts,
// identifiers with their spans, traits, consent, events and stays in stages.
func (h *house) portrait(c core.CustomerID) string {
	h.t.Helper()
	ctx := context.Background()
	row, err := h.s.Get(ctx, ws, c)
	if err != nil {
		h.t.Fatal(err)
	}
	ids, err := h.s.Identifiers(ctx, ws, c)
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", *row)
	for _, k := range ids {
		from := "always"
		if k.ValidFrom != customer.Beginning {
			from = fmt.Sprint(k.ValidFrom)
		}
		fmt.Fprintf(&b, "  %s %s from %s\n", k.Type, k.Value, from)
	}
	consents, err := h.s.Consents(ctx, ws, c)
	if err != nil {
		h.t.Fatal(err)
	}
	events, err := h.store.Customer(ctx, ws, c, timeline.CustomerQuery{})
	if err != nil {
		h.t.Fatal(err)
	}
	fmt.Fprintf(&b, "  consent %+v\n  events", consents)
	for i := range events {
		fmt.Fprintf(&b, " %s@%d", events[i].ID, events[i].Time)
	}
	state, err := h.pipe.State(ctx, ws, c, customer.SummaryMachine)
	if err != nil {
		h.t.Fatal(err)
	}
	var traits []customer.Trait
	if state != nil { // nobody has events of this number
		if traits, err = customer.Traits(state); err != nil {
			h.t.Fatal(err)
		}
	}
	stays, err := h.life.History(ctx, ws, h.model, c)
	if err != nil {
		h.t.Fatal(err)
	}
	fmt.Fprintf(&b, "\n  traits %+v\n  stages %+v\n", traits, stays)
	return b.String()
}

// snapshot is the portrait of everybody.
func (h *house) snapshot() string {
	h.t.Helper()
	var b strings.Builder
	for _, c := range h.alive() {
		b.WriteString(h.portrait(c))
	}
	return b.String()
}

// differ names the lines in which two snapshots differ.
func differ(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	var out strings.Builder
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			fmt.Fprintf(&out, "\n got %s\nwant %s", x, y)
		}
	}
	return out.String()
}

// of gives the customer an identifier belongs to now.
func (h *house) of(value string) core.CustomerID {
	h.t.Helper()
	for _, c := range h.alive() {
		ids, err := h.s.Identifiers(context.Background(), ws, c)
		if err != nil {
			h.t.Fatal(err)
		}
		if slices.ContainsFunc(ids, func(k customer.Known) bool { return k.Value == value }) {
			return c
		}
	}
	h.t.Fatalf("nobody has the identifier %s", value)
	return 0
}

// together writes which of the identifiers share a customer.
func (h *house) together(values ...string) string {
	h.t.Helper()
	by := map[core.CustomerID][]string{}
	for _, v := range values {
		c := h.of(v)
		by[c] = append(by[c], v)
	}
	var groups []string
	for _, g := range by {
		slices.Sort(g)
		groups = append(groups, strings.Join(g, "+"))
	}
	slices.Sort(groups)
	return strings.Join(groups, " | ")
}
