package timeline_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const ws = core.WorkspaceID(7)

var start = core.FromTime(time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC))

// model is a store beside a sorted slice that says what it must answer.
type model struct {
	t     testing.TB
	rnd   *rand.Rand
	db    *db.DB
	dir   string
	clock *clock.Manual
	homes *fakeHomes
	store *timeline.Store
	fault func(string)
	all   []core.Event
	n     int
}

const actors = 40

func newModel(t testing.TB, d *db.DB, seed uint64) *model {
	m := &model{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), db: d, dir: t.TempDir(), clock: clock.NewManual(core.ToTime(start)), homes: newFakeHomes(actors)}
	m.open()
	t.Cleanup(func() { _ = m.store.Close() })
	return m
}

func (m *model) open() {
	m.t.Helper()
	s, err := timeline.Open(context.Background(), timeline.Options{DB: m.db, Dir: m.dir, Clock: m.clock, Homes: m.homes, Fault: func(p string) {
		if m.fault != nil {
			m.fault(p)
		}
	}})
	if err != nil {
		m.t.Fatalf("open: %v", err)
	}
	m.store = s
}

func (m *model) reopen() {
	m.t.Helper()
	if err := m.store.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.open()
}

var (
	eventNames = []string{"Order Completed", "Product Viewed", "Cart Viewed", "Signed Up", ""}
	propNames  = []string{"revenue", "plan", "ok", "a.b", "deep", "odd", "x~text"}
)

// props makes a random object, with every kind of value that needs care.
func (m *model) props() []byte {
	r := m.rnd
	if r.IntN(6) == 0 {
		return nil
	}
	values := []string{`1`, `-0`, `19.90`, `0.1`, `12345678901234567890`, `1e400`, `1E+2`, `9007199254740993`, `1700000000000000`, `"gold"`, `"si\u0041lver"`, `"über\"q"`, `"日本"`, `""`,
		`true`, `false`, `null`, `[1,2,{"x":1}]`, `{"b":7,"c":{"d":"e"}}`, `123.4567890123456789`}
	var b strings.Builder
	b.WriteString("{")
	for i, k := range r.Perm(len(propNames))[:r.IntN(len(propNames)+1)] {
		if i > 0 {
			b.WriteString(", ")
		}
		v := values[r.IntN(len(values))]
		if propNames[k] == "plan" && r.IntN(3) > 0 {
			v = `"gold"`
		}
		if propNames[k] == "revenue" && r.IntN(3) > 0 {
			v = fmt.Sprintf("%d.%02d", r.IntN(50), r.IntN(100))
		}
		fmt.Fprintf(&b, "%q : %s", propNames[k], v)
	}
	switch r.IntN(25) {
	case 0:
		return []byte(`{"plan":"a","revenue":1,"plan":"b"}`)
	case 1:
		return []byte(`{"plan":[1],"revenue":1,"plan":"b"}`)
	case 2:
		return []byte(`{"pl\u0061n":"a","revenue":1}`)
	}
	b.WriteString("}")
	return []byte(b.String())
}

func (m *model) event() core.Event {
	r := m.rnd
	m.n++
	at := start + r.Int64N(70*24)*core.Hour
	if r.IntN(30) == 0 {
		at -= (1 + r.Int64N(3)) * 400 * core.Day // long ago, in a few months
	}
	a := core.ActorID(1 + r.IntN(actors))
	e := core.Event{Actor: a, Customer: m.homes.Home(ws, a, at), Time: at, Received: at + r.Int64N(int64(core.Day)), ID: fmt.Sprint("id-", m.n),
		Kind: core.Kind(1 + r.IntN(7)), Name: eventNames[r.IntN(len(eventNames))], Source: core.SourceID(r.IntN(3)), Flags: core.Flags(r.IntN(9)), Props: m.props()}
	if r.IntN(2) == 0 {
		e.Original, e.Sent = at-5, at+5
	}
	if r.IntN(2) == 0 {
		e.Context = core.Context{PageURL: fmt.Sprint("https://x/", r.IntN(9)), Country: "IT", Group: "g"}
		e.Rest = []byte(`{"screen":{"w":1}}`)
	}
	return e
}

// append adds n events and gives the error of the write.
func (m *model) append(n int) error {
	events := make([]core.Event, n)
	for i := range events {
		events[i] = m.event()
	}
	err := m.db.Write(context.Background(), func(tx *db.Tx) error {
		return m.store.Append(context.Background(), tx, ws, events)
	})
	if err == nil {
		m.all = append(m.all, events...)
	}
	return err
}

func (m *model) identity() {
	r := m.rnd
	a, b := core.CustomerID(1+r.IntN(actors)), core.CustomerID(1+r.IntN(actors))
	switch r.IntN(4) {
	case 0, 1:
		if a != b {
			m.homes.merge(a, b)
		}
	case 2:
		m.homes.unmerge(core.ActorID(a))
	case 3:
		m.homes.hand(core.ActorID(a), b, start+r.Int64N(60)*core.Day)
	}
}

// want gives the reference answer: events by current customer, in order.
func (m *model) want(keep func(e *core.Event) bool) map[core.CustomerID][]core.Event {
	out := map[core.CustomerID][]core.Event{}
	for _, e := range m.all {
		e.Customer = m.homes.Home(ws, e.Actor, e.Time)
		if keep(&e) {
			out[e.Customer] = append(out[e.Customer], e)
		}
	}
	for _, l := range out {
		slices.SortFunc(l, func(a, b core.Event) int {
			if a.Time != b.Time {
				return cmp.Compare(a.Time, b.Time)
			}
			return cmp.Compare(a.Seq, b.Seq)
		})
	}
	return out
}

// sameJSON compares as JSON values: numbers by their decimal value.
func sameJSON(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	if bytes.Equal(a, b) {
		return true
	}
	return reflect.DeepEqual(canonical(a), canonical(b))
}

func canonical(b []byte) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return string(b)
	}
	return numbers(v)
}

func numbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		return decimal(x.String())
	case []any:
		for i := range x {
			x[i] = numbers(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = numbers(x[k])
		}
	}
	return v
}

func (m *model) same(got, want *core.Event, what string) {
	m.t.Helper()
	g, w := *got, *want
	if !sameJSON(g.Props, w.Props) || !sameJSON(g.Rest, w.Rest) {
		m.t.Fatalf("%s: props %s rest %s, want %s %s", what, g.Props, g.Rest, w.Props, w.Rest)
	}
	g.Props, g.Rest, w.Props, w.Rest = nil, nil, nil, nil
	if !reflect.DeepEqual(g, w) {
		m.t.Fatalf("%s:\n got %+v\nwant %+v", what, g, w)
	}
}

// check compares a random scan and random customers with the reference.
func (m *model) check() {
	m.t.Helper()
	m.checkScan(m.request())
	m.checkScan(timeline.Request{Workspace: ws, Workers: 2})
	any := m.request()
	any.AnyOrder = true
	m.checkScan(any)
	m.checkMixed(m.request())
	for range 4 {
		m.checkCustomer()
	}
	if st := m.store.Stats(ws); st.Events != int64(len(m.all)) {
		m.t.Fatalf("stats say %d events, want %d", st.Events, len(m.all))
	}
}

func (m *model) request() timeline.Request {
	r := m.rnd
	q := timeline.Request{Workspace: ws, Workers: 1 + r.IntN(3)}
	if r.IntN(2) == 0 {
		q.From = start + r.Int64N(40)*core.Day
	}
	if r.IntN(2) == 0 {
		q.To = start + (20+r.Int64N(50))*core.Day
	}
	if r.IntN(3) == 0 {
		q.AsReceived = start + r.Int64N(70)*core.Day
	}
	if r.IntN(2) == 0 {
		q.Match = []timeline.EventKey{}
		for range r.IntN(4) {
			q.Match = append(q.Match, timeline.EventKey{Kind: core.Kind(1 + r.IntN(7)), Name: eventNames[r.IntN(len(eventNames))]})
		}
	}
	if r.IntN(3) == 0 {
		q.Customers = []core.CustomerID{}
		for c := range core.CustomerID(actors) {
			if r.IntN(3) == 0 {
				q.Customers = append(q.Customers, c+1)
			}
		}
	}
	return q
}

func matches(q *timeline.Request, e *core.Event) bool {
	if q.From != 0 && e.Time < q.From || q.To != 0 && e.Time >= q.To || q.AsReceived != 0 && e.Received > q.AsReceived {
		return false
	}
	if q.Customers != nil && !slices.Contains(q.Customers, e.Customer) {
		return false
	}
	return q.Match == nil || slices.ContainsFunc(q.Match, func(k timeline.EventKey) bool {
		return k.Kind == e.Kind && (k.Name == "" || k.Name == e.Name)
	})
}

func (m *model) checkScan(q timeline.Request) {
	m.t.Helper()
	want := m.want(func(e *core.Event) bool { return matches(&q, e) })
	whole := q.AnyOrder || m.rnd.IntN(2) == 0
	paths := []string{"revenue", "plan", "a.b", "deep.c.d", "odd", "deep.b", "missing", "x~text", "ok"}
	if whole {
		q.Columns = []string{timeline.ColActor, timeline.ColReceived, timeline.ColOriginal, timeline.ColSent, timeline.ColSource, timeline.ColID, timeline.ColFlags, timeline.ColContext, timeline.ColProps, timeline.ColRest}
	}
	for _, p := range paths[:m.rnd.IntN(len(paths)+1)] {
		q.Columns = append(q.Columns, timeline.Prop(p))
	}
	url, ip := timeline.ContextPath("page_url"), timeline.ContextPath("ip") // nobody has an ip
	q.Columns = append(q.Columns, timeline.Prop(url), timeline.Prop(ip))
	var mu sync.Mutex
	seen := map[core.CustomerID]bool{}
	err := m.store.Scan(context.Background(), q, func(_ int, c core.CustomerID, r *timeline.Rows) error {
		mu.Lock()
		defer mu.Unlock()
		if seen[c] {
			return fmt.Errorf("customer %d came twice", c)
		}
		seen[c] = true
		list := want[c]
		if r.Len() != len(list) {
			return fmt.Errorf("customer %d has %d rows, want %d (%+v)", c, r.Len(), len(list), q)
		}
		if q.AnyOrder {
			list = unordered(r, list)
		}
		for i := range list {
			if v, ok := r.Prop(i, url); v.Text != list[i].Context.PageURL || ok != (v.Text != "") {
				return fmt.Errorf("customer %d: page address is %q, want %q", c, v.Text, list[i].Context.PageURL)
			}
			if _, ok := r.Prop(i, ip); ok {
				return fmt.Errorf("customer %d has an ip", c)
			}
			m.checkRow(r, i, &list[i], whole, q.Columns)
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	if len(seen) != len(want) {
		m.t.Fatalf("scan gave %d customers, want %d (%+v)", len(seen), len(want), q)
	}
}

// checkMixed compares a scan that does not part customers with the reference.
func (m *model) checkMixed(q timeline.Request) {
	m.t.Helper()
	q.Mixed, q.Columns = true, []string{timeline.ColFlags, timeline.Prop("plan")}
	line := func(c core.CustomerID, at core.Micros, kind core.Kind, name string, flags core.Flags, plan core.Value) string {
		return fmt.Sprint(c, " ", at, " ", kind, " ", name, " ", flags, " ", plan.Kind, plan.Num, plan.Kind == core.ValueText && plan.Text != "", plan.Bool)
	}
	var want, got []string
	for c, list := range m.want(func(e *core.Event) bool { return matches(&q, e) }) {
		for _, e := range list {
			plan, _ := core.Lookup(e.Props, "plan")
			want = append(want, line(c, e.Time, e.Kind, e.Name, e.Flags, plan))
		}
	}
	var mu sync.Mutex
	err := m.store.Scan(context.Background(), q, func(_ int, c core.CustomerID, r *timeline.Rows) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range r.Time {
			of := c
			if r.Customers != nil {
				of = core.CustomerID(r.Customers[i])
			}
			if of < r.Low {
				return fmt.Errorf("customer %d lies below %d", of, r.Low)
			}
			plan, _ := r.PropAt(i, 0)
			got = append(got, line(of, r.Time[i], core.Kind(r.Kind[i]), r.NameOf(r.Name[i]), core.Flags(r.Flags[i]), plan))
		}
		return nil
	})
	slices.Sort(want)
	slices.Sort(got)
	if err != nil || len(got) != len(want) {
		m.t.Fatalf("mixed scan gave %d rows, want %d (%+v): %v", len(got), len(want), q, err)
	}
	for i := range got {
		if got[i] != want[i] {
			m.t.Fatalf("mixed scan gave %s, want %s (%+v)", got[i], want[i], q)
		}
	}
}

// unordered brings the events that are wanted into the order of the rows, and
// takes their positions away, as a scan in any order does.
func unordered(r *timeline.Rows, list []core.Event) []core.Event {
	left := slices.Clone(list)
	out := make([]core.Event, 0, len(list))
	for i := range r.Time {
		j := slices.IndexFunc(left, func(e core.Event) bool { return e.ID == r.ID[i] && e.Time == r.Time[i] })
		if j < 0 {
			return list // the comparison tells
		}
		e := left[j]
		e.Seq = 0
		out, left = append(out, e), slices.Delete(left, j, j+1)
	}
	return out
}

func (m *model) checkRow(r *timeline.Rows, i int, w *core.Event, whole bool, columns []string) {
	m.t.Helper()
	if r.Time[i] != w.Time || len(r.Seq) > 0 && r.Seq[i] != w.Seq || r.Kind[i] != uint8(w.Kind) || r.NameOf(r.Name[i]) != w.Name {
		m.t.Fatalf("row %d of customer %d is %d/%v/%d/%q, want %+v", i, w.Customer, r.Time[i], r.Seq, r.Kind[i], r.NameOf(r.Name[i]), w)
	}
	if whole {
		var e core.Event
		r.Event(i, &e)
		m.same(&e, w, "scan")
	}
	for _, c := range columns {
		path, ok := strings.CutPrefix(c, "p.")
		if _, context := timeline.ContextOf(path); !ok || context {
			continue
		}
		got, gok := r.Prop(i, path)
		want, wok := core.Lookup(w.Props, path)
		if gok != wok || !sameValue(got, want) {
			m.t.Fatalf("%s of %s is %+v %v, want %+v %v", path, w.Props, got, gok, want, wok)
		}
		if null := r.NullAt(i, r.PropIndex(path)); null != (!wok && core.IsNull(w.Props, path)) {
			m.t.Fatalf("%s of %s is null: %v", path, w.Props, null)
		}
	}
}

func sameValue(a, b core.Value) bool {
	if a.Kind == core.ValueNumber && b.Kind == core.ValueNumber {
		return decimal(a.Text) == decimal(b.Text) && a.Num == b.Num
	}
	return reflect.DeepEqual(a, b)
}

func (m *model) checkCustomer() {
	m.t.Helper()
	r := m.rnd
	c := core.CustomerID(1 + r.IntN(actors))
	q := timeline.CustomerQuery{Desc: r.IntN(2) == 0, Limit: r.IntN(12)}
	if r.IntN(3) == 0 {
		q.After = start + r.Int64N(40)*core.Day
	}
	if r.IntN(3) == 0 {
		q.Before = start + (20+r.Int64N(50))*core.Day
	}
	if r.IntN(3) == 0 {
		q.Kinds = []core.Kind{1, 2, 3, 4}
	}
	if r.IntN(3) == 0 {
		q.Names = []string{eventNames[r.IntN(len(eventNames))], ""}
	}
	if r.IntN(3) == 0 {
		q.AsReceived = start + r.Int64N(70)*core.Day
	}
	list := m.want(func(e *core.Event) bool { return e.Customer == c })[c]
	if r.IntN(3) == 0 && len(list) > 0 {
		e := list[r.IntN(len(list))]
		q.AfterPos = &timeline.Pos{Time: e.Time, Seq: e.Seq}
	}
	if q.Desc {
		slices.Reverse(list)
	}
	want := slices.DeleteFunc(list, func(e core.Event) bool { return !picked(&q, &e) })
	if q.Limit > 0 {
		want = want[:min(q.Limit, len(want))]
	}
	got, err := m.store.Customer(context.Background(), ws, c, q)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(got) != len(want) {
		m.t.Fatalf("customer %d: %d events, want %d (%+v)", c, len(got), len(want), q)
	}
	for i := range want {
		m.same(&got[i], &want[i], "customer")
	}
}

func picked(q *timeline.CustomerQuery, e *core.Event) bool {
	if q.After != 0 && e.Time < q.After || q.Before != 0 && e.Time >= q.Before || q.AsReceived != 0 && e.Received > q.AsReceived {
		return false
	}
	if q.Kinds != nil && !slices.Contains(q.Kinds, e.Kind) || q.Names != nil && !slices.Contains(q.Names, e.Name) {
		return false
	}
	if p := q.AfterPos; p != nil {
		before := e.Time < p.Time || e.Time == p.Time && e.Seq < p.Seq
		same := e.Time == p.Time && e.Seq == p.Seq
		return !same && before == q.Desc
	}
	return true
}

// files lists the files on disk.
func (m *model) files() []string {
	list, err := filepath.Glob(filepath.Join(m.dir, "timeline", "*", "*"))
	if err != nil {
		m.t.Fatal(err)
	}
	return list
}

func (m *model) verify() {
	m.t.Helper()
	problems, err := m.store.Verify(context.Background())
	if err != nil || len(problems) > 0 {
		m.t.Fatalf("verify: %v %v", problems, err)
	}
}
