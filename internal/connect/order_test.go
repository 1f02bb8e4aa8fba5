package connect_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
	"github.com/tidwall/gjson"
)

// lines writes the events of a dry run as "event who revenue products".
func lines(d *connect.DryRun) string {
	var out []string
	for _, s := range d.Sample {
		f := gjson.GetManyBytes(s.Event, "event", "userId", "anonymousId", "properties.order_id", "properties.refund_id", "properties.revenue", "properties.products.#.product_id",
			"properties.fees.#.amount")
		out = append(out, fmt.Sprintf("%s %s%s order=%s refund=%s %s %s fees=%s", strings.TrimPrefix(f[0].Str, "Order "), f[1].Str, f[2].Str, f[3].Str, f[4].Str, f[5].Raw, f[6].Raw, f[7].Raw))
	}
	return strings.Join(out, "\n")
}

const retailHead = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

func retailPlan() connect.Plan {
	p := connect.Ready()[1]
	return connect.Plan{Kind: p.Kind, Map: p.Map, Options: p.Options}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := func(name, text, want, refused string) {
		t.Helper()
		d := b.dry(retailHead+text, retailPlan())
		if got := lines(d); got != want || refusals(d) != refused {
			t.Errorf("%s:\n%s\nwant\n%s\nrefused %q, want %q", name, got, want, refusals(d), refused)
		}
	}
	f("lines apart are one order, in order of time",
		"2,a,A,1,2011-01-02 10:00:00,1.005,7.0,UK\n1,bb,B,2,2011-01-01 10:00:00,2.50,8.0,UK\n2,c,C,3,2011-01-02 10:01:00,0.335,7.0,UK\n",
		"Completed 8 order=1 refund= 5.00 [\"bb\"] fees=\nCompleted 7 order=2 refund= 2.02 [\"a\",\"c\"] fees=", "")
	f("a cancellation finds its order by customer, product and quantity",
		"1,a,A,5,2011-01-01 10:00:00,2,7.0,UK\n2,a,A,1,2011-01-02 10:00:00,2,7.0,UK\nC3,a,A,-4,2011-01-03 10:00:00,2,7.0,UK\nC4,a,A,-4,2011-01-04 10:00:00,2,7.0,UK\nC5,a,A,-1,2011-01-05 10:00:00,2,9.0,UK\n",
		"Completed 7 order=1 refund= 10.00 [\"a\"] fees=\nCompleted 7 order=2 refund= 2.00 [\"a\"] fees=\nRefunded 7 order=1 refund=C3 8.00 [\"a\"] fees=\n"+
			"Refunded 7 order= refund=C4 8.00 [\"a\"] fees=\nRefunded 9 order= refund=C5 2.00 [\"a\"] fees=", "")
	f("fees are no goods", "1,a,A,1,2011-01-01 10:00:00,2,7.0,UK\n1,POST,Postage,1,2011-01-01 10:00:00,18,7.0,UK\nC2,D,Discount,-1,2011-01-02 10:00:00,27.50,7.0,UK\n",
		"Completed 7 order=1 refund= 2.00 [\"a\"] fees=[18.00]\nRefunded 7 order= refund=C2 0.00 [] fees=[27.50]", "")
	f("no customer: a guest of its own; neither customer nor price: no order", "1,a,A,1,2011-01-01 10:00:00,2,,UK\n2,b,damaged,-9,2011-01-02 10:00:00,0.0,,UK\n3,B,Adjust bad debt,1,2011-01-02 10:00:00,-11062.06,,UK\n",
		"Completed import:guest:1 order=1 refund= 2.00 [\"a\"] fees=", "3 no_value_no_customer CustomerID; 4 no_value_no_customer CustomerID")
	f("a price of zero earns nothing, a bad number costs its row only", "1,a,A,1,2011-01-01 10:00:00,0,7.0,UK\n1,bb,B,1,2011-01-01 10:00:00,3,7.0,UK\n1,cc,C,x,2011-01-01 10:00:00,3,7.0,UK\n1,dd,D,1,2011-01-01 10:00:00,$3,7.0,UK\n",
		"Completed 7 order=1 refund= 3.00 [\"a\",\"bb\"] fees=", "4 bad_number Quantity; 5 bad_number UnitPrice")
}

func TestOrdersByDay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.dry("who;at;qty;worth\nu;2010-06-01 23:30;2;1.000,10\nu;2010-06-01 01:00;1;-3,00\nu;2010-06-02 00:10;1;5\nu;2010-06-01 10:00;3;1,00\n", connect.Plan{Kind: connect.Orders,
		Map: map[string]string{"user_id": "who", "time": "at", "quantity": "qty", "amount": "worth"}, Options: connect.Options{DecimalComma: true}})
	want := "Refunded u order= refund= 3.00 [] fees=\nCompleted u order= refund= 1001.10 [] fees=\nCompleted u order= refund= 5.00 [] fees="
	if got := lines(d); got != want {
		t.Errorf("%s\nwant\n%s\n%s", got, want, refusals(d))
	}
	e := d.Sample[1].Event
	if got := gjson.GetBytes(e, "timestamp").Str + gjson.GetBytes(e, "properties.products").Raw; got != `2010-06-01T08:00:00Z[{"price":500.05,"quantity":2,"amount":1000.10,"line":2},{"quantity":3,"amount":1.00,"line":5}]` {
		t.Errorf("first line's time and products: %s", got)
	}
	if got := gjson.GetBytes(e, "properties.currency").Str; got != "EUR" {
		t.Errorf("currency of the workspace: %s", got)
	}
}

// TestLargeOrder checks that an order too large for one event loses nothing.
func TestLargeOrder(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString(retailHead)
	const n = 1200
	for i := range n {
		fmt.Fprintf(&text, "1,p%d,A product with a name of some length,1,2011-01-01 10:00:00,1.01,7.0,UK\n", i)
	}
	d := newBench(t).dry(text.String(), retailPlan())
	seen := map[string]bool{}
	for i, s := range d.Sample {
		if len(s.Event) > 32_768 {
			t.Errorf("event of %d bytes", len(s.Event))
		}
		name := gjson.GetBytes(s.Event, "event").Str
		if i == 0 != (name == core.EventOrderCompleted) || gjson.GetBytes(s.Event, "properties.order_id").Str != "1" {
			t.Errorf("event %d is %s", i, name)
		}
		for _, p := range gjson.GetBytes(s.Event, "properties.products.#.product_id").Array() {
			seen[p.Str] = true
		}
	}
	if len(seen) != n || d.Orders != 1 || gjson.GetBytes(d.Sample[0].Event, "properties.revenue").Raw != "1212.00" {
		t.Fatalf("%d products in %d events, %d orders", len(seen), len(d.Sample), d.Orders)
	}
}

// manyOrders makes a file of n orders in an order other than time's, with a bad
// row after each hundred.
func manyOrders(n int) string {
	var text strings.Builder
	text.WriteString("id,who,at,worth\n")
	for i := range n {
		k := (i * 7919) % n
		fmt.Fprintf(&text, "o%d,u%d,2012-01-01T%02d:%02d:%02dZ,%d.50\n", k, k%97, k/3600, k/60%60, k%60, k%100)
		if i%100 == 99 {
			text.WriteString("bad row\n")
		}
	}
	return text.String()
}

func ordersPlan() connect.Plan {
	return connect.Plan{Kind: connect.Orders, Map: map[string]string{"order_id": "id", "user_id": "who", "time": "at", "amount": "worth"}}
}

func finished(t *testing.T, s *connect.Service, id int64) connect.Run {
	t.Helper()
	s.Wait()
	r, err := s.Get(context.Background(), 1, id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		to := newDoor()
		to.busy = 2
		s := service(t, d, t.TempDir(), to, directory{})
		const n = 3000
		u, err := s.Upload(ctx, 1, "C:\\data\\orders.csv", strings.NewReader(manyOrders(n)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SavePreset(ctx, 1, "mine", ordersPlan()); err != nil {
			t.Fatal(err)
		}
		id, err := s.Start(ctx, 1, u.ID, ordersPlan(), "tester")
		if err != nil {
			t.Fatal(err)
		}
		r := finished(t, s, id)
		if r.Status != connect.Done || r.Rows != n+n/100 || r.TotalRows != r.Rows || r.Events != n || r.Rejected != n/100 || r.File != "orders.csv" || r.Finished == 0 {
			t.Fatalf("run %+v", r)
		}
		last := ""
		for _, e := range to.events {
			if at := gjson.Get(e, "timestamp").Str; at < last {
				t.Fatalf("event at %s after one at %s", at, last)
			} else {
				last = at
			}
		}
		var refused []connect.RowError
		if err := s.Rejects(ctx, 1, id, func(e connect.RowError) error { refused = append(refused, e); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(refused) != n/100 || refused[0].Line != 102 || refused[0].Reason != connect.ReasonRagged || refused[0].Row != "bad row" {
			t.Fatalf("%d refused rows, first %+v", len(refused), refused[0])
		}
		if _, err := s.Get(ctx, 2, id); errs.KindOf(err) != errs.NotFound {
			t.Errorf("import of another workspace: %v", err)
		}
		if _, err := s.DryRun(ctx, 1, u.ID, ordersPlan()); errs.KindOf(err) != errs.NotFound {
			t.Errorf("the upload is kept after the import: %v", err)
		}
		again, err := s.Upload(ctx, 1, "orders.csv", strings.NewReader(manyOrders(n)))
		if err != nil {
			t.Fatal(err)
		}
		if again.Suggested.Preset != "mine" || again.Suggested.Kind != connect.Orders {
			t.Errorf("saved preset not suggested: %+v", again.Suggested)
		}
		id, err = s.Start(ctx, 1, again.ID, ordersPlan(), "tester")
		if err != nil {
			t.Fatal(err)
		}
		if r = finished(t, s, id); r.Status != connect.Done || len(to.ids) != n || to.sources != 1 {
			t.Fatalf("after the second run %d events from %d sources: %+v", len(to.ids), to.sources, r)
		}
	})
}

// TestResume stops runs while a batch is under way and takes them up with a
// new service.
func TestResume(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		dir, to := t.TempDir(), newDoor()
		const n = 12_000
		s := service(t, d, dir, to, directory{})
		u, err := s.Upload(ctx, 1, "orders.csv", strings.NewReader(manyOrders(n)))
		if err != nil {
			t.Fatal(err)
		}
		to.block = 7000
		id, err := s.Start(ctx, 1, u.ID, ordersPlan(), "tester")
		if err != nil {
			t.Fatal(err)
		}
		<-to.blocked
		s.Stop()
		r, err := s.Get(ctx, 1, id)
		if err != nil || r.Status != connect.Running || r.Sent < 5000 || r.Sent > 7000 {
			t.Fatalf("stopped run %+v %v", r, err)
		}
		s = service(t, d, dir, to, directory{})
		if err := s.Resume(ctx); err != nil {
			t.Fatal(err)
		}
		if r = finished(t, s, id); r.Status != connect.Done || r.Events != n || r.Rejected != n/100 || r.Rows != n+n/100 {
			t.Fatalf("resumed run %+v", r)
		}
		if len(to.ids) != n || to.sent >= n+3000 {
			t.Fatalf("%d events stored, %d sent: the checkpoint was not used", len(to.ids), to.sent)
		}
		count := 0
		if err := s.Rejects(ctx, 1, id, func(connect.RowError) error { count++; return nil }); err != nil || count != n/100 {
			t.Fatalf("%d refused rows %v", count, err)
		}
	})
}

// TestFailure checks that an import whose file is damaged says so.
func TestFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var text strings.Builder
	text.WriteString("id,who,at,worth\n")
	text.WriteString(strings.Repeat("o,u,2012-01-01,1\n", 20_001)) // past what a start looks at
	for range 1200 {
		text.WriteString("o,\"u\nx\"y,2012-01-01,1\n")
	}
	u := b.upload(text.String())
	_, err := b.DryRun(context.Background(), 1, u.ID, ordersPlan())
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != "not_delimited_text" {
		t.Fatalf("dry run of a file of open quotes: %v", err)
	}
	id, err := b.Start(context.Background(), 1, u.ID, ordersPlan(), "tester")
	if err != nil {
		t.Fatal(err)
	}
	if r := finished(b.t.(*testing.T), b.Service, id); r.Status != connect.Failed || !strings.Contains(r.Error, "quote") {
		t.Fatalf("run %+v", r)
	}
}
