package timeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// appendVaried adds n events whose texts and numbers hardly repeat, so that
// columns do without dictionaries and customers span several pages.
func (m *model) appendVaried(n int) {
	m.t.Helper()
	events := make([]core.Event, n)
	for i := range events {
		e := m.event()
		if i%5 > 0 {
			e.Props = fmt.Appendf(nil, `{"sku":"unique-%d","amount":%d.%03d,"plan":"gold","n":%d}`, m.n, m.n, i%1000, i%7)
			e.Context.PageURL = fmt.Sprint("https://shop.example/", m.n)
		}
		events[i] = e
	}
	err := m.db.Write(context.Background(), func(tx *db.Tx) error {
		return m.store.Append(context.Background(), tx, ws, events)
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.all = append(m.all, events...)
}

func TestManyPagesEqualReference(t *testing.T) {
	t.Parallel()
	m := newModel(t, dbtest.SQLite(t), 21)
	ctx := context.Background()
	for range 2 {
		m.appendVaried(25_000)
		m.identity()
		m.check()
		if _, err := m.store.Seal(ctx, ws); err != nil {
			t.Fatal(err)
		}
		m.check()
	}
	for range 3 {
		m.appendVaried(500)
		if _, err := m.store.Seal(ctx, ws); err != nil {
			t.Fatal(err)
		}
	}
	m.check()
	if err := m.store.Compact(ctx, ws); err != nil {
		t.Fatal(err)
	}
	m.check()
	m.erase()
	m.check()
	m.reopen()
	m.check()
	m.verify()
}

func TestMaintainSealsByAgeAndSize(t *testing.T) {
	t.Parallel()
	m := newModel(t, dbtest.SQLite(t), 22)
	ctx, cancel := context.WithCancel(context.Background())
	if err := m.append(20); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.store.Maintain(ctx) }()
	// The manual clock is moved until the loop has seen it.
	for m.store.Stats(ws).TailEvents > 0 {
		m.clock.Advance(10 * time.Minute)
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Fatal("Maintain ended without saying why")
	}
	m.check()
	m.verify()
}

func TestNamesMonthsProgress(t *testing.T) {
	t.Parallel()
	m := newModel(t, dbtest.SQLite(t), 23)
	ctx := context.Background()
	for range 3 {
		if err := m.append(100); err != nil {
			t.Fatal(err)
		}
		if _, err := m.store.Seal(ctx, ws); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.append(50); err != nil {
		t.Fatal(err)
	}
	want := map[timeline.EventKey]timeline.NameStat{}
	for _, e := range m.all {
		k := timeline.EventKey{Kind: e.Kind, Name: e.Name}
		st := want[k]
		if st.Events == 0 || e.Time > st.LastSeen {
			st.LastSeen = e.Time
		}
		want[k] = timeline.NameStat{Kind: e.Kind, Name: e.Name, Events: st.Events + 1, LastSeen: st.LastSeen}
	}
	names, err := m.store.Names(ctx, ws)
	if err != nil || len(names) != len(want) {
		t.Fatalf("%d names, want %d, %v", len(names), len(want), err)
	}
	for _, n := range names {
		if want[timeline.EventKey{Kind: n.Kind, Name: n.Name}] != n {
			t.Fatalf("got %+v, want %+v", n, want[timeline.EventKey{Kind: n.Kind, Name: n.Name}])
		}
	}
	months, err := m.store.Months(ctx, ws)
	if err != nil {
		t.Fatal(err)
	}
	var sealed int64
	for _, mo := range months {
		sealed += mo.Events
	}
	if sealed != 300 {
		t.Fatalf("months hold %d events, want 300", sealed)
	}
	var last, total atomic.Int64
	err = m.store.Scan(ctx, timeline.Request{Workspace: ws, Progress: func(done, of int64) { last.Store(done); total.Store(of) }}, func(int, core.CustomerID, *timeline.Rows) error { return nil })
	if err != nil || last.Load() != total.Load() || total.Load() != 300 {
		t.Fatalf("progress ended at %d of %d, %v", last.Load(), total.Load(), err)
	}
}

// TestNullsAreSealed: a null takes a trait away, so a scan of a file tells of it
// also where nothing else of that name is left in JSON.
func TestNullsAreSealed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	m := newModel(t, dbtest.SQLite(t), 32)
	for i, props := range []string{`{"plan":"pro","a.b":"x"}`, `{"plan":"free","a.b":"x"}`, `{"plan":null,"a.b":null}`, `{}`} {
		e := m.event()
		e.Customer, e.Actor, e.Kind, e.Name, e.Time, e.Props = 1, 1, core.KindIdentify, "", core.Micros(i+1)*core.Hour, []byte(props)
		if err := m.db.Write(ctx, func(tx *db.Tx) error { return m.store.Append(ctx, tx, ws, []core.Event{e}) }); err != nil {
			t.Fatal(err)
		}
	}
	look := func(where string) {
		t.Helper()
		err := m.store.Scan(ctx, timeline.Request{Workspace: ws, Columns: []string{timeline.Prop("plan"), timeline.Prop("a.b")}}, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
			for i := range r.Time {
				for k := range 2 {
					if got := r.NullAt(i, k); got != (i == 2) {
						t.Errorf("%s: row %d, property %d is null: %v", where, i, k, got)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look("in memory")
	if _, err := m.store.Seal(ctx, ws); err != nil {
		t.Fatal(err)
	}
	look("in a file")
}

// TestScanOutlivesItsReader: what goes wrong in one scan is its error.
func TestScanOutlivesItsReader(t *testing.T) {
	t.Parallel()
	m := newModel(t, dbtest.SQLite(t), 34)
	if err := m.append(20); err != nil {
		t.Fatal(err)
	}
	err := m.store.Scan(context.Background(), timeline.Request{Workspace: ws, Workers: 2}, func(_ int, _ core.CustomerID, r *timeline.Rows) error {
		return errors.New(r.ID[len(r.Time)])
	})
	if err == nil || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("the scan ends with %v", err)
	}
	m.check()
}

// FuzzPropsRoundTrip checks that any JSON object comes back equal from a file.
func FuzzPropsRoundTrip(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":"x","a":2}`, `{"a":1e3,"b":[1,{"c":null}],"d":"\u00e9"}`, `{"":0.1,"x~text":true}`, `[1]`, ` {"a" : -0.0 } `, `{"a":123456789012345678901234567890}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, props []byte) {
		if len(props) > 1<<16 || !json.Valid(props) || !utf8.Valid(props) {
			t.Skip("not JSON")
		}
		m := newModel(t, dbtest.SQLite(t), 31)
		ctx := context.Background()
		for range 3 {
			e := m.event()
			e.Props = props
			err := m.db.Write(ctx, func(tx *db.Tx) error { return m.store.Append(ctx, tx, ws, []core.Event{e}) })
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.store.Seal(ctx, ws); err != nil {
				t.Fatal(err)
			}
			got, err := m.store.Customer(ctx, ws, e.Customer, timeline.CustomerQuery{})
			if err != nil || len(got) == 0 {
				t.Fatalf("%d events, %v", len(got), err)
			}
			for i := range got {
				if !sameJSON(got[i].Props, props) {
					t.Fatalf("%s came back as %s", props, got[i].Props)
				}
			}
		}
	})
}
