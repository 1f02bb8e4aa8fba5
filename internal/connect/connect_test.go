package connect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/tidwall/gjson"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// door is an inbox that drops events whose id it knows.
type door struct {
	mu      sync.Mutex
	sources int64
	ids     map[string]bool
	events  []string
	sent    int
	busy    int           // refusals still to come
	block   int           // events after which Send waits for the context
	blocked chan struct{} // closed when it does
}

func newDoor() *door { return &door{ids: map[string]bool{}, blocked: make(chan struct{})} }

func (d *door) NewSource(context.Context, core.WorkspaceID) (core.SourceID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sources++
	return core.SourceID(d.sources), nil
}

func (d *door) HasSource(_ context.Context, _ core.WorkspaceID, id core.SourceID) (bool, error) {
	return id > 0, nil
}

func (d *door) Send(ctx context.Context, _ core.WorkspaceID, _ core.SourceID, body []byte, _ bool) ([]connect.Refused, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy > 0 {
		d.busy--
		return nil, errs.New(errs.Busy, "queue_full", "full")
	}
	if d.block > 0 && d.sent >= d.block {
		d.block = 0
		close(d.blocked)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if !json.Valid(body) {
		return nil, errors.New("batch is not JSON")
	}
	for _, e := range gjson.GetBytes(body, "batch").Array() {
		d.sent++
		if id := e.Get("messageId").Str; !d.ids[id] {
			d.ids[id] = true
			d.events = append(d.events, e.Raw)
		}
	}
	return nil, nil
}

func (d *door) Waiting(context.Context, core.WorkspaceID) (int64, core.Micros, error) {
	return 0, 0, nil
}

// directory knows customers by "type:value".
type directory map[string]string

func (d directory) Traits(_ context.Context, _ core.WorkspaceID, ids []core.Identifier) ([]string, error) {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = d[id.Type+":"+id.Value]
	}
	return out, nil
}

type noBoard struct{}

func (noBoard) Start(core.WorkspaceID, string, string) (func(done, total int64), func()) {
	return func(int64, int64) {}, func() {}
}

// service makes a service in dir; it is stopped with the test.
func service(t testing.TB, d *db.DB, dir string, to *door, known directory) *connect.Service {
	t.Helper()
	s, err := connect.New(connect.Deps{DB: d, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Dir: dir, Door: to, Directory: known, Work: noBoard{},
		Defaults: func(context.Context, core.WorkspaceID) (string, string, error) { return "Europe/Rome", "EUR", nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// bench is a service on SQLite for tests of what becomes of a file.
type bench struct {
	*connect.Service
	t testing.TB
}

func newBench(t testing.TB) *bench {
	return &bench{service(t, dbtest.SQLite(t), t.TempDir(), newDoor(), directory{"user_id:u1": `{"name":"Una","plan":"pro"}`, "email:b@x.io": `{"email":"b@x.io"}`}), t}
}

func (b *bench) upload(text string) *connect.Upload {
	b.t.Helper()
	u, err := b.Upload(context.Background(), 1, "f.csv", strings.NewReader(text))
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func (b *bench) dry(text string, p connect.Plan) *connect.DryRun {
	b.t.Helper()
	d, err := b.DryRun(context.Background(), 1, b.upload(text).ID, p)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// refusals writes refused rows as "line reason column".
func refusals(d *connect.DryRun) string {
	var out []string
	for _, g := range d.Refused {
		for _, s := range g.Samples {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s", s.Line, g.Reason, s.Column)))
		}
	}
	return strings.Join(out, "; ")
}

func people(m map[string]string) connect.Plan { return connect.Plan{Kind: connect.Customers, Map: m} }

func TestText(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	_, _ = zw.Write([]byte("id,name\n1,Zoë\n"))
	_ = zw.Close()
	wide := func(s string, hi, lo int) string {
		var out []byte
		for _, u := range append([]uint16{0xFEFF}, utf16.Encode([]rune(s))...) {
			pair := [2]byte{byte(u >> 8), byte(u)}
			out = append(out, pair[hi], pair[lo])
		}
		return string(out)
	}
	for name, c := range map[string]struct{ text, encoding, delimiter string }{
		"utf-8":         {"id,name\n1,Zoë\n", "utf-8", ","},
		"bom":           {"\ufeffid;name\r\n1;Zoë\r\n", "utf-8", ";"},
		"no line end":   {"id|name\n1|Zoë", "utf-8", "|"},
		"utf-16 le":     {wide("id\tname\n1\tZoë\n", 1, 0), "utf-16le", "\t"},
		"utf-16 be":     {wide("id,name\n1,Zoë\n", 0, 1), "utf-16be", ","},
		"windows":       {"id,name\n1,Zo\xeb\n", "windows-1252", ","},
		"gzip":          {zipped.String(), "utf-8", ","},
		"blanks":        {" id  name\n  1    Zoë \n", "utf-8", " "},
		"quoted header": {"\"id\",\"name\"\n\"1\",\"Zoë\"\n", "utf-8", ","},
	} {
		u := b.upload(c.text)
		if u.Encoding != c.encoding || u.Delimiter != c.delimiter || u.EncodingAsked != (c.encoding == "windows-1252") || !u.Header || u.RowsEstimate != 1 {
			t.Errorf("%s: %+v", name, u.Inspection)
			continue
		}
		d, err := b.DryRun(context.Background(), 1, u.ID, people(map[string]string{"user_id": "id", "name": "name"}))
		if err != nil || len(d.Sample) != 1 || gjson.GetBytes(d.Sample[0].Event, "traits.name").Str != "Zoë" {
			t.Errorf("%s: %+v %v", name, d, err)
		}
	}
	for name, text := range map[string]string{"empty": "", "blank": " \n\n", "cut gzip": zipped.String()[:20]} {
		if _, err := b.Upload(context.Background(), 1, "f", strings.NewReader(text)); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadRows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	plan := people(map[string]string{"user_id": "id", "name": "name"})
	f := func(name, text, refused string, names ...string) {
		t.Helper()
		d := b.dry("id,name\n"+text, plan)
		var got []string
		for _, s := range d.Sample {
			got = append(got, gjson.GetBytes(s.Event, "traits.name").Str)
		}
		if refusals(d) != refused || strings.Join(got, "/") != strings.Join(names, "/") {
			t.Errorf("%s: refused %q, want %q; names %q, want %q", name, refusals(d), refused, got, names)
		}
	}
	f("line break in quotes", "1,\"a\r\nb\"\n2,c\n", "", "a\nb", "c")
	f("doubled quotes", "1,\"a\"\"b\"\n", "", `a"b`)
	f("quote in the middle", "1,5\" nail\n2,c\n", "", `5" nail`, "c")
	f("ragged", "1\n2,b\n3,c,d\n4,e,\n", "2 ragged_row; 4 ragged_row", "b", "e")
	f("unclosed", "1,\"a\n2,b\n3,c\n", "2 unclosed_quote", "b", "c")
	f("text after quote", "1,\"a\"x\n2,b\n", "2 bad_quotes", "b")
	f("text after quote, later line", "1,\"a\nb\"x\n2,b\n", "2 bad_quotes; 3 ragged_row", "b")
	f("nobody", ",a\nnull,b\n3,c\n", "2 no_identity id; 3 no_identity id", "c")
	f("long row", "1,"+strings.Repeat("x", 1<<20)+"\n2,b\n", "2 row_too_large", "b")
	f("large event", "1,"+strings.Repeat("x", 40_000)+"\n2,b\n", "2 event_too_large", "b")
	f("hostile text", "1,<script>alert(1)</script>'; DROP TABLE imports;--\n", "", "<script>alert(1)</script>'; DROP TABLE imports;--")
	f("binary", "1,\x01\x02\x00\n2,b\n", "", "\x01\x02\x00", "b")
}

func TestTimes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := func(zone, order, cell, want string) {
		t.Helper()
		d := b.dry("who,what,at\nu,e,\""+cell+"\"\n", connect.Plan{Kind: connect.Events, Map: map[string]string{"user_id": "who", "event": "what", "time": "at"},
			Options: connect.Options{TimeZone: zone, DateOrder: order}})
		got := refusals(d)
		if len(d.Sample) > 0 {
			got = gjson.GetBytes(d.Sample[0].Event, "timestamp").Str
		}
		if got != want {
			t.Errorf("%s in %s (%s): %s, want %s", cell, zone, order, got, want)
		}
	}
	f("UTC", "", "2010-12-01 08:26:00", "2010-12-01T08:26:00Z")
	f("Europe/Rome", "", "20100601", "2010-05-31T22:00:00Z")
	f("Europe/Rome", "", "2010-06-01T08:26:00.25+01:00", "2010-06-01T07:26:00.25Z")
	f("Europe/Rome", "dmy", "1.6.10 8:26", "2010-06-01T06:26:00Z")
	f("America/New_York", "mdy", "6/1/2010 8:26 PM", "2010-06-02T00:26:00Z")
	f("America/New_York", "", "6/13/2010 12:05 am", "2010-06-13T04:05:00Z")
	f("UTC", "", "1291191960", "2010-12-01T08:26:00Z")
	f("UTC", "", "1291191960123", "2010-12-01T08:26:00.123Z")
	f("UTC", "", "1 Dec 2010 08:26", "2010-12-01T08:26:00Z")
	// Clocks went back at 03:00 on 2010-10-31: the earlier of two. They went
	// forward at 02:00 on 2010-03-28: the missing hour moves forward.
	f("Europe/Rome", "", "2010-10-31 02:30:00", "2010-10-31T00:30:00Z")
	f("Europe/Rome", "", "2010-10-31 03:00:00", "2010-10-31T02:00:00Z")
	f("Europe/Rome", "", "2010-03-28 02:30:00", "2010-03-28T01:30:00Z")
	f("Europe/Rome", "", "2010-03-28 03:00:00", "2010-03-28T01:00:00Z")
	f("UTC", "", "03/04/2010", "2 ambiguous_date at")
	f("UTC", "dmy", "31/02/2010", "2 bad_time at")
	f("UTC", "", "soon", "2 bad_time at")
	f("UTC", "", "2010-12-01 25:00", "2 bad_time at")
	f("UTC", "", "9999-12-31", "2 bad_time at")
	// One date that can be read in one way only tells for the whole file.
	d := b.dry("who,what,at\nu,e,03/04/2010\nu,e,30/04/2010\n", connect.Plan{Kind: connect.Events, Map: map[string]string{"user_id": "who", "event": "what", "time": "at"}})
	if got := gjson.GetBytes(d.Sample[0].Event, "timestamp").Str; got != "2010-04-02T22:00:00Z" {
		t.Errorf("order of dates not found out: %s %s", got, refusals(d))
	}
}

func TestPlanErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := b.upload("id,at,v\n1,2010-01-01,5\n")
	f := func(want string, p connect.Plan) {
		t.Helper()
		_, err := b.DryRun(context.Background(), 1, u.ID, p)
		var e *errs.Error
		if !errors.As(err, &e) || e.Field != want {
			t.Errorf("%+v: %v, want field %s", p, err, want)
		}
	}
	ok := map[string]string{"user_id": "id", "time": "at", "amount": "v"}
	f("kind", connect.Plan{Kind: "cats", Map: ok})
	f("map.time", connect.Plan{Kind: connect.Orders, Map: map[string]string{"user_id": "id", "amount": "v"}})
	f("map.amount", connect.Plan{Kind: connect.Orders, Map: map[string]string{"user_id": "id", "time": "at"}})
	f("map.user_id", connect.Plan{Kind: connect.Events, Map: map[string]string{"event": "id", "time": "at"}})
	f("map.colour", connect.Plan{Kind: connect.Orders, Map: map[string]string{"colour": "id"}})
	f("map.time", connect.Plan{Kind: connect.Orders, Map: map[string]string{"user_id": "id", "time": "no such", "amount": "v"}})
	f("options.time_zone", connect.Plan{Kind: connect.Orders, Map: ok, Options: connect.Options{TimeZone: "Mars/Olympus"}})
	f("options.currency", connect.Plan{Kind: connect.Orders, Map: ok, Options: connect.Options{Currency: "euro"}})
	f("options.group", connect.Plan{Kind: connect.Orders, Map: ok, Options: connect.Options{Group: "moon"}})
	f("options.encoding", connect.Plan{Kind: connect.Orders, Map: ok, Options: connect.Options{Encoding: "ebcdic"}})
	if _, err := b.DryRun(context.Background(), 2, u.ID, connect.Plan{Kind: connect.Orders, Map: ok}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("upload of another workspace: %v", err)
	}
}

func TestCustomers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.dry("id,mail,name,plan,zip,n,ok\nu1,,Una,pro,,,\nu1,,Una,free,,,\n17850.0,a@x.io,,,00123,\"1,234.5\",true\n,B@x.io,,,,,\n",
		people(map[string]string{"user_id": "id", "email": "mail", "name": "name"}))
	if d.Counts != (connect.Counts{New: 2, Changed: 1, Unchanged: 1}) {
		t.Fatalf("counts %+v: %s", d.Counts, refusals(d))
	}
	want := `"userId":"17850","traits":{"email":"a@x.io","zip":"00123","n":1234.5,"ok":true}}`
	if got := string(d.Sample[2].Event); !strings.HasSuffix(got, want) {
		t.Errorf("event %s, want … %s", got, want)
	}
	if got := gjson.GetBytes(d.Sample[3].Event, "anonymousId").Str; got != "import:email:b@x.io" {
		t.Errorf("anonymous id of a customer known by e-mail: %s", got)
	}
}

func TestReadyMappings(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for head, want := range map[string]string{
		"uuid,email,name,attributes,status,created_at,updated_at": "listmonk subscribers",
		"Email Address,First Name,Last Name,OPTIN_TIME,TAGS":      "Mailchimp audience",
		"Record ID,First Name,Last Name,Email,Create Date":        "HubSpot contacts",
		"Email,First Name,Last Name,Phone Number":                 "Klaviyo profiles",
	} {
		cells := strings.Repeat(",", strings.Count(head, ","))
		if u := b.upload(head + "\nx" + cells + "\n"); u.Suggested.Preset != want || u.Suggested.Kind != connect.Customers {
			t.Errorf("%s: suggested %+v, want %s", head, u.Suggested, want)
		}
	}
	d := b.dry("uuid,email,name,attributes,status,created_at,updated_at\nabc,z@x.io,Zoë,\"{\"\"city\"\":\"\"Roma\"\",\"\"n\"\":3}\",enabled,2024-01-02T03:04:05Z,\n",
		connect.Plan{Kind: connect.Customers, Map: map[string]string{"email": "email", "name": "name", "created_at": "created_at", "traits_json": "attributes"}})
	if got := gjson.GetBytes(d.Sample[0].Event, "traits").Raw; got != `{"email":"z@x.io","name":"Zoë","created_at":"2024-01-02T03:04:05Z","city":"Roma","n":3,"uuid":"abc","status":"enabled"}` {
		t.Errorf("traits %s", got)
	}
}

// FuzzImport feeds any bytes as a file: no panic, every row is counted once,
// and every event is JSON of allowed size.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{"id,name\n1,a\n", "a;b\n\"1;2\n", "\xff\xfei\x00d\x00", "\x1f\x8b\x08\x00", " 1  2 \n 3 4\n", "id,date,amount\nu,03/04/2010,\"1.234,5\"\n",
		"\"\"\"\n\"\"\n,,\n", "id\n\"a\"b\n\"c\nd\"e\n", "order_id,user_id,time,price,quantity\nC1,u,2010-01-01,5,-1\n", "\x00\n\x00", "id,id,\n1,2,3"} {
		f.Add([]byte(seed))
	}
	d, err := db.Open(context.Background(), filepath.Join(f.TempDir(), "ciclo.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = d.Close() })
	s := service(f, d, f.TempDir(), newDoor(), directory{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		ctx := context.Background()
		u, err := s.Upload(ctx, 1, "f", bytes.NewReader(raw))
		if err != nil {
			if errs.KindOf(err) == errs.Internal {
				t.Fatal(err)
			}
			return
		}
		for _, k := range []connect.Kind{connect.Customers, connect.Orders} {
			p := connect.Plan{Kind: k, Map: map[string]string{"user_id": u.Columns[0].Name}, Options: connect.Options{CancelPrefix: "C"}}
			if k == connect.Orders {
				p.Map["time"], p.Map["amount"] = u.Columns[len(u.Columns)/2].Name, u.Columns[len(u.Columns)-1].Name
			}
			out, err := s.DryRun(ctx, 1, u.ID, p)
			if err != nil {
				if errs.KindOf(err) == errs.Internal {
					t.Fatal(err)
				}
				continue
			}
			if c := out.Counts; k == connect.Customers && c.New+c.Changed+c.Unchanged+c.Refused != out.Rows {
				t.Fatalf("%d rows, counted %+v", out.Rows, c)
			}
			for _, e := range out.Sample {
				if !json.Valid(e.Event) || len(e.Event) > 32_768 {
					t.Fatalf("event %s", e.Event)
				}
			}
		}
	})
}
