package app_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/app"
	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/clock"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/tidwall/gjson"
)

// shop is an installation that works as a server does, without HTTP.
type shop struct {
	*app.App
	t    testing.TB
	stop func()
}

// openShop opens an installation in dir and runs its pipeline.
func openShop(t testing.TB, dir, database, zone, currency string) *shop {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a, err := app.Open(ctx, app.Config{Data: dir, Database: database}, slog.New(slog.DiscardHandler), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	if spaces, err := a.Access.Workspaces(ctx); err != nil {
		t.Fatal(err)
	} else if len(spaces) == 0 {
		ws, err := a.Access.Setup(ctx, access.Workspace{Name: "Shop", TimeZone: zone, Currency: currency}, access.NewUser{Email: "a@b.c", Password: "a long password"})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.LoadWorkspace(ctx, ws); err != nil {
			t.Fatal(err)
		}
		def, err := lifecycle.FromTemplate("sterne_cutler")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Lifecycle.Create(ctx, ws, def, "sterne_cutler", "test"); err != nil {
			t.Fatal(err)
		}
		a.Lifecycle.Wait()
	}
	var running sync.WaitGroup
	running.Go(func() { _ = a.Pipeline.Run(ctx) })
	s := &shop{App: a, t: t}
	s.stop = sync.OnceFunc(func() {
		a.Imports.Stop()
		cancel()
		running.Wait()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// upload stores a file as name.
func (s *shop) upload(name string, r io.Reader) *connect.Upload {
	s.t.Helper()
	u, err := s.Imports.Upload(context.Background(), 1, name, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

func suggested(u *connect.Upload) connect.Plan {
	return connect.Plan{Kind: u.Suggested.Kind, Map: u.Suggested.Map, Options: u.Suggested.Options}
}

// run imports an upload to the end.
func (s *shop) run(u *connect.Upload, p connect.Plan) connect.Run {
	s.t.Helper()
	ctx := context.Background()
	id, err := s.Imports.Start(ctx, 1, u.ID, p, "test")
	if err != nil {
		s.t.Fatal(err)
	}
	s.Imports.Wait()
	return s.result(id)
}

// measured runs an import as suggested and logs its speed from upload to stages.
// The processor time is that of the process: it tells something only when no
// other test runs.
func (s *shop) measured(u *connect.Upload) connect.Run {
	s.t.Helper()
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before) // cannot fail for one's own process
	start := time.Now()
	r := s.run(u, suggested(u))
	wall := time.Since(start).Seconds()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()).Seconds()
	s.t.Logf("%s: %d rows, %d events to stages: %.1f s, %.0f rows/s; %.1f s of processor time, %.0f rows/s", u.Name, r.Rows, r.Events,
		wall, float64(r.Rows)/wall, cpu, float64(r.Rows)/cpu)
	return r
}

func (s *shop) result(id int64) connect.Run {
	s.t.Helper()
	r, err := s.Imports.Get(context.Background(), 1, id)
	if err != nil {
		s.t.Fatal(err)
	}
	if r.Status != connect.Done {
		s.t.Fatalf("import ended as %s: %s", r.Status, r.Error)
	}
	return r
}

// books are the figures of an installation.
type books struct {
	Customers, Buyers, Orders, Revenue, Events, Spells int64
}

func (s *shop) books() books {
	s.t.Helper()
	ctx := context.Background()
	s.quiet()
	var b books
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM stage_spells WHERE workspace_id = 1`, nil, &b.Spells); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT COUNT(*), COUNT(CASE WHEN user_id <> '' THEN 1 END), CAST(SUM(orders) AS BIGINT), CAST(SUM(revenue) AS BIGINT), CAST(SUM(events) AS BIGINT)
FROM customers WHERE workspace_id = 1 AND absorbed_into = 0`, nil, &b.Customers, &b.Buyers, &b.Orders, &b.Revenue, &b.Events)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// quiet waits until the timers of the past have fired.
func (s *shop) quiet() {
	s.t.Helper()
	ctx := context.Background()
	for {
		var due int64
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, `SELECT COUNT(*) FROM fold_states WHERE due <= $1`, []any{core.FromTime(s.Clock.Now())}, &due)
		})
		if err != nil {
			s.t.Fatal(err)
		}
		if due == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// data opens a file of the shared data beside the repository.
func data(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the data file %s is not beside the repository", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".gz") {
		zr, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = io.ReadAll(zr); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

// firstLines cuts a file.
func firstLines(raw []byte, n int) []byte {
	end := 0
	for range n {
		i := bytes.IndexByte(raw[end:], '\n')
		if i < 0 {
			return raw
		}
		end += i + 1
	}
	return raw[:end]
}

// TestImportCDNOW imports the purchases of 23,570 customers and compares with
// sums made here without the importer.
func TestImportCDNOW(t *testing.T) {
	t.Parallel()
	raw := data(t, "cdnow/CDNOW_master.txt")
	if testing.Short() {
		raw = firstLines(raw, 5001)
	}
	customers, days, cents := map[string]bool{}, map[string]bool{}, int64(0)
	sc := bufio.NewScanner(bytes.NewReader(raw))
	for sc.Scan() {
		f := strings.Fields(sc.Text())
		if len(f) != 4 || f[0] == "customer_id" {
			continue
		}
		v, ok := core.ParseMoney(f[3], 2)
		if !ok {
			t.Fatalf("line %q", sc.Text())
		}
		customers[f[0]], days[f[0]+f[1]], cents = true, true, cents+v
	}
	s := openShop(t, t.TempDir(), "", "America/New_York", "USD")
	u := s.upload("CDNOW_master.txt", bytes.NewReader(raw))
	if u.Delimiter != " " || !u.Header || u.Suggested.Preset != "CDNOW" {
		t.Fatalf("upload %+v", u)
	}
	r := s.measured(u)
	b := s.books()
	want := books{Customers: int64(len(customers)), Buyers: int64(len(customers)), Orders: int64(len(days)), Revenue: cents, Events: int64(len(days)), Spells: b.Spells}
	if b != want || b.Spells < b.Customers || r.Rejected != 0 {
		t.Fatalf("books %+v, want %+v; import %+v", b, want, r)
	}
	if !testing.Short() && (b.Customers != 23_570 || b.Orders != 69_659-2_068) {
		t.Fatalf("%d customers and %d orders, want 23,570 and 67,591", b.Customers, b.Orders)
	}
}

// retail are the figures of the Online Retail file, counted independently.
type retail struct {
	Lines, Invoices, Customers, CancelLines, NoCustomer, Net int64
}

func countRetail(t testing.TB, raw []byte) retail {
	t.Helper()
	fees := map[string]bool{}
	for _, c := range connect.RetailFees() {
		fees[c] = true
	}
	r := csv.NewReader(bytes.NewReader(raw))
	var out retail
	net := new(big.Int)
	invoices, customers := map[string]bool{}, map[string]bool{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if row[0] == "InvoiceNo" {
			continue
		}
		out.Lines++
		invoices[row[0]] = true
		if row[0][0] == 'C' {
			out.CancelLines++
		}
		if row[6] == "" {
			out.NoCustomer++
		} else {
			customers[row[6]] = true
		}
		price, _ := new(big.Rat).SetString(row[5])
		qty, _ := new(big.Rat).SetString(row[3])
		if fees[strings.ToUpper(strings.TrimSpace(row[1]))] || price.Sign() <= 0 {
			continue
		}
		pence, _ := new(big.Rat).SetString(price.Mul(price, qty).FloatString(2)) // rounds half away from zero
		net.Add(net, pence.Mul(pence, big.NewRat(100, 1)).Num())
	}
	out.Invoices, out.Customers, out.Net = int64(len(invoices)), int64(len(customers)), net.Int64()
	return out
}

// TestImportOnlineRetail imports 541,909 order lines, twice.
func TestImportOnlineRetail(t *testing.T) {
	t.Parallel()
	raw := data(t, "online-retail/online_retail.csv.gz")
	want := countRetail(t, raw)
	if (want != retail{541_909, 25_900, 4_372, 9_288, 135_080, want.Net}) {
		t.Fatalf("the file has other counts than its description: %+v", want)
	}
	if testing.Short() {
		raw = firstLines(raw, 60_001)
		want = countRetail(t, raw)
	}
	s := openShop(t, t.TempDir(), "", "Europe/London", "GBP")
	u := s.upload("online_retail.csv", bytes.NewReader(raw))
	r := s.measured(u)
	got := s.retail(r.ID)
	if got != want {
		t.Fatalf("imported %+v, want %+v", got, want)
	}
	b := s.books()
	if b.Buyers != want.Customers || b.Revenue != want.Net {
		t.Fatalf("books %+v, want %+v", b, want)
	}
	checkRetailCharts(t, s, raw)
	again := s.upload("again.csv", bytes.NewReader(raw))
	dry, err := s.Imports.DryRun(context.Background(), 1, again.ID, suggested(again))
	if err != nil {
		t.Fatal(err)
	}
	if dry.Counts != (connect.Counts{Unchanged: r.Events, Refused: r.Rejected}) {
		t.Fatalf("dry run of the same file: %+v, want %d unchanged", dry.Counts, r.Events)
	}
	if r2 := s.run(again, suggested(again)); r2.Events != r.Events {
		t.Fatalf("second run made %d events, first %d", r2.Events, r.Events)
	}
	if now := s.books(); now != b {
		t.Fatalf("the second import changed %+v to %+v", b, now)
	}
}

// retail counts what was imported from the timeline and the refused rows.
func (s *shop) retail(id int64) retail {
	s.t.Helper()
	ctx := context.Background()
	var out retail
	invoices, customers := map[string]bool{}, map[core.CustomerID]bool{}
	err := s.Timeline.Scan(ctx, timeline.Request{Workspace: 1, Match: []timeline.EventKey{{Kind: core.KindTrack, Name: core.EventOrderCompleted},
		{Kind: core.KindTrack, Name: core.EventOrderRefunded}}, Columns: []string{timeline.ColProps}, Workers: 1},
		func(_ int, c core.CustomerID, rows *timeline.Rows) error {
			for i := range rows.Time {
				f := gjson.GetManyBytes(rows.Props[i], "lines", "guest", "refund_id", "order_id", "revenue")
				out.Lines += f[0].Int()
				money, ok := core.ParseMoney(f[4].Raw, 2)
				if !ok {
					s.t.Errorf("revenue %s", f[4].Raw)
				}
				if f[1].Bool() {
					out.NoCustomer += f[0].Int()
				} else {
					customers[c] = true
				}
				if f[2].Str != "" {
					out.CancelLines += f[0].Int()
					out.Net -= money
					invoices[f[2].Str] = true
				} else {
					out.Net += money
					invoices[f[3].Str] = true
				}
			}
			return nil
		})
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.Imports.Rejects(ctx, 1, id, func(e connect.RowError) error {
		if e.Reason != connect.ReasonAdjustment {
			s.t.Errorf("refused row: %+v", e)
		}
		out.Lines++
		out.NoCustomer++
		invoice, _, _ := strings.Cut(e.Row, ",")
		invoices[invoice] = true
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	out.Invoices, out.Customers = int64(len(invoices)), int64(len(customers))
	return out
}

// TestImportResumes stops an import in the middle, opens the installation anew,
// and finds the same end as without the break, on both engines.
func TestImportResumes(t *testing.T) {
	t.Parallel()
	raw := firstLines(data(t, "cdnow/CDNOW_master.txt"), 20_001)
	plain := openShop(t, t.TempDir(), "", "America/New_York", "USD")
	u := plain.upload("CDNOW.txt", bytes.NewReader(raw))
	plain.run(u, suggested(u))
	want := plain.books()
	test := func(t *testing.T, database string) {
		t.Parallel()
		dir := t.TempDir()
		s := openShop(t, dir, database, "America/New_York", "USD")
		u := s.upload("CDNOW.txt", bytes.NewReader(raw))
		id, err := s.Imports.Start(context.Background(), 1, u.ID, suggested(u), "test")
		if err != nil {
			t.Fatal(err)
		}
		breaks := 0
		for at := int64(4000); at <= 16_000; at += 4000 {
			for {
				r, err := s.Imports.Get(context.Background(), 1, id)
				if err != nil {
					t.Fatal(err)
				}
				if r.Sent >= at || r.Status != connect.Running {
					break
				}
				time.Sleep(time.Millisecond)
			}
			s.stop()
			s = openShop(t, dir, database, "America/New_York", "USD")
			if r, err := s.Imports.Get(context.Background(), 1, id); err != nil {
				t.Fatal(err)
			} else if r.Status == connect.Running {
				breaks++
			}
			if err := s.Imports.Resume(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		s.Imports.Wait()
		s.result(id)
		if got := s.books(); got != want {
			t.Fatalf("after %d breaks %+v, want %+v", breaks, got, want)
		}
		if breaks == 0 {
			t.Fatal("the import was never stopped in the middle")
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, "") })
	t.Run("postgres", func(t *testing.T) { test(t, dbtest.PostgresDSN(t)) })
}

// TestImportCommand runs the command on a data folder, twice, and as dry run.
func TestImportCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openShop(t, dir, "", "Europe/Rome", "EUR").stop()
	file := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(file, []byte("Order;Who;When;Worth\n1;u1;31/01/2024;1.000,50\n2;u2;01/02/2024;5\nbroken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(dry bool) string {
		t.Helper()
		var out, progress bytes.Buffer
		cmd := app.ImportCmd{Where: app.Where{Data: dir}, Kind: "orders", File: file, DecimalComma: true, DryRun: dry, Workspace: 1,
			Map: map[string]string{"order_id": "Order", "user_id": "Who", "time": "When", "amount": "Worth"}}
		env := &app.Env{Streams: app.Streams{Out: &out, Err: &progress}, Ctx: context.Background(), Log: slog.New(slog.DiscardHandler), Clock: clock.System{}}
		if err := cmd.Run(env); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := run(true); !strings.HasPrefix(got, "rows: 3\nnew: 2\nchanged: 0\nunchanged: 0\nrefused: 1\norders: 2\n") || !strings.Contains(got, `"timestamp": "2024-01-30T23:00:00Z"`) {
		t.Errorf("dry run: %s", got)
	}
	for i := range 2 {
		if got := run(false); !strings.Contains(got, ": 3 rows, 2 events, 1 rows refused") {
			t.Errorf("run %d: %s", i, got)
		}
	}
	if got := run(true); !strings.Contains(got, "new: 0\nchanged: 0\nunchanged: 2\n") {
		t.Errorf("dry run after the import: %s", got)
	}
	s := openShop(t, dir, "", "", "")
	if b := s.books(); b.Buyers != 2 || b.Orders != 2 || b.Revenue != 100_550 || b.Events != 2 {
		t.Errorf("books %+v", b)
	}
}

// TestImportCommandThroughServer runs the command against a server.
func TestImportCommandThroughServer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	openShop(t, dir, "", "Europe/Rome", "EUR").stop()
	a, err := app.Open(ctx, app.Config{Data: dir, Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := a.Access.CreateKey(ctx, 1, "import", access.Developer, "test")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := a.Serve(ctx)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte("Record ID,First Name,Last Name,Email,Create Date\n7.0,Ada,Bell,a@x.io,2024-01-02 10:00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(c app.ImportCmd) (string, error) {
		var out bytes.Buffer
		c.Kind, c.File, c.URL = "customers", file, srv.URL()
		err := c.Run(&app.Env{Streams: app.Streams{Out: &out, Err: io.Discard}, Ctx: ctx, Log: slog.New(slog.DiscardHandler), Clock: clock.System{}})
		return out.String(), err
	}
	if got, err := run(app.ImportCmd{APIKey: key, Preset: "hubspot", DryRun: true}); err != nil || !strings.Contains(got, "new: 1\n") {
		t.Errorf("dry run: %s %v", got, err)
	}
	if got, err := run(app.ImportCmd{APIKey: key, Preset: "hubspot"}); err != nil || !strings.Contains(got, ": 1 rows, 1 events, 0 rows refused") {
		t.Errorf("run: %s %v", got, err)
	}
	if _, err := run(app.ImportCmd{APIKey: key, Map: map[string]string{"user_id": "nowhere"}}); err == nil || !strings.Contains(err.Error(), "map.user_id") {
		t.Errorf("an unknown column gave %v", err)
	}
	if _, err := run(app.ImportCmd{APIKey: "wrong"}); err == nil {
		t.Error("a wrong key was let in")
	}
	if err := srv.Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	s := openShop(t, dir, "", "", "")
	if c, err := s.Customers.Get(ctx, 1, 1); err != nil || c.Name != "Ada Bell" || c.Email != "a@x.io" || c.UserID != "7" {
		t.Errorf("customer %+v %v", c, err)
	}
}
