package insight_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// cost is an amount on a day before the day of now.
func (s *shop) cost(daysAgo, minor int64, kind string) insight.Cost {
	return insight.Cost{Day: s.now/core.Day - daysAgo, Channel: "search", Campaign: fmt.Sprint(kind, daysAgo), Kind: kind, Amount: minor, Currency: "EUR"}
}

func (s *shop) enter(rows ...insight.Cost) insight.CostChange {
	s.t.Helper()
	c, err := s.SetCosts(context.Background(), ws, rows)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// paidOrder is an order that a paid touch came before.
func (s *shop) paidOrder(c core.CustomerID, daysAgo float64, props obj) []core.Event {
	visit := s.event(c, core.KindPage, "Home", daysAgo+0.001, nil)
	visit.ID += "v"
	visit.Context = core.Context{UTMSource: "google", UTMMedium: "cpc"}
	return []core.Event{visit, s.order(c, daysAgo, props)}
}

// none wants a KPI without a value whose note holds a text.
func (s *shop) none(k map[string]insight.KPI, key, note string) {
	s.t.Helper()
	if k[key].Value != nil || !strings.Contains(k[key].Note, note) {
		s.t.Errorf("%s is %s with note %q, want none and %q", key, show(k[key].Value), k[key].Note, note)
	}
}

// TestCostVectors are those of the catalogue of KPIs: CAC 50.00, ROAS 5, break
// even at 2.5 for a margin of 40 %, ROI 0.5.
func TestCostVectors(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		var list []core.Event
		for i := range core.CustomerID(2000) {
			list = append(list, s.order(i+1, 5, obj{"order_id": "x", "revenue": 1}))
		}
		s.append(list...)
		s.enter(s.cost(4, 10_000_000, insight.CostAds))
		k := s.kpis(s.spec(10))
		s.want(k, "cac", 5000)
		if c := k["cac"]; *c.Numerator != 10_000_000 || *c.Denominator != 2000 || c.Currency != "EUR" {
			t.Errorf("CAC %s / %s %s", show(c.Numerator), show(c.Denominator), c.Currency)
		}
		s.want(k, "roas", 0)
		s.none(k, "paid_cac", "denominator is 0")

		s = newShop(t, dbtest.SQLite(t))
		s.append(s.paidOrder(1, 5, obj{"order_id": "a", "revenue": 3000, "cost": 1800})...)
		s.append(s.paidOrder(2, 5, obj{"order_id": "b", "revenue": 2000, "cost": 1200})...)
		s.enter(s.cost(4, 100_000, insight.CostAds), s.cost(3, 50_000, insight.CostSalaries))
		k = s.kpis(s.spec(10))
		s.want(k, "roas", 5)
		s.want(k, "roas_break_even", 2.5)
		s.want(k, "paid_cac", 50_000)
		s.want(k, "cac", 75_000)
		s.want(k, "roi", 1) // a margin of 2,000 for 1,000
		s.want(k, "net_margin", (2000-1500)/5000.0)

		s = newShop(t, dbtest.SQLite(t))
		s.append(s.paidOrder(1, 5, obj{"order_id": "a", "revenue": 3750, "cost": 2250})...)
		s.enter(s.cost(4, 100_000, insight.CostAds))
		s.want(s.kpis(s.spec(10)), "roi", 0.5)
	})
}

// TestVectorsOfFile compares with the vectors as they are written down.
func TestVectorsOfFile(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/kpi_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		CAC struct {
			Spend     float64 `json:"spend"`
			Customers int     `json:"new_customers"`
			CAC       float64
		} `json:"cac"`
		ROAS struct {
			Revenue float64 `json:"revenue"`
			Spend   float64 `json:"ad_spend"`
			ROAS    float64
			Even    float64 `json:"breakeven_roas_at_margin_40"`
		} `json:"roas"`
		ROI struct {
			Gain float64 `json:"gain"`
			Cost float64 `json:"cost"`
			ROI  float64
		} `json:"roi"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, dbtest.SQLite(t))
	var list []core.Event
	for i := range v.CAC.Customers {
		list = append(list, s.order(core.CustomerID(i+1), 5, obj{"revenue": 1}))
	}
	s.append(list...)
	s.enter(s.cost(4, int64(v.CAC.Spend*100), insight.CostAds))
	s.want(s.kpis(s.spec(10)), "cac", v.CAC.CAC*100)
	s = newShop(t, dbtest.SQLite(t))
	s.append(s.paidOrder(1, 5, obj{"order_id": "a", "revenue": v.ROAS.Revenue, "cost": v.ROAS.Revenue * 0.6})...)
	s.enter(s.cost(4, int64(v.ROAS.Spend*100), insight.CostAds))
	k := s.kpis(s.spec(10))
	s.want(k, "roas", v.ROAS.ROAS)
	s.want(k, "roas_break_even", v.ROAS.Even)
	s = newShop(t, dbtest.SQLite(t))
	s.append(s.paidOrder(1, 5, obj{"order_id": "a", "revenue": v.ROI.Gain + 10, "cost": 10})...)
	s.enter(s.cost(4, int64(v.ROI.Cost*100), insight.CostAds))
	s.want(s.kpis(s.spec(10)), "roi", v.ROI.ROI)
}

// TestCostEdges: no costs, no margin, no cost of goods, another currency, a lag,
// and what the notes say.
func TestCostEdges(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.order(1, 5, obj{"order_id": "a", "revenue": 100, "cost": 120}))
	k := s.kpis(s.spec(10))
	for _, key := range []string{"cac", "paid_cac", "roas", "roi", "cac_payback", "net_margin"} {
		s.none(k, key, "no costs are entered")
	}
	s.none(k, "roas_break_even", "margin is not above 0")
	if c := s.enter(s.cost(5, 1000, insight.CostAds), s.cost(20, 7000, insight.CostOther)); c != (insight.CostChange{Rows: 2, Added: 2}) {
		t.Errorf("entered %+v", c)
	}
	k = s.kpis(s.spec(10)) // the report from before is not kept
	s.want(k, "cac", 1000)
	s.none(k, "cac_payback", "margin is not above 0")
	s.want(k, "net_margin", (-2000.0-1000)/10_000)
	if n := k["cac"].Note; !strings.Contains(n, "1 of 11 days") || !strings.Contains(n, "Salaries are not inside") {
		t.Errorf("note of CAC: %q", n)
	}
	spec := s.spec(10)
	spec.CostLag = 14 * core.Day
	k = s.kpis(spec)
	s.want(k, "cac", 7000)
	s.want(k, "roas", 0) // not lagged
	if n := k["cac"].Note; !strings.Contains(n, "Costs of 14 days earlier") {
		t.Errorf("note of a lagged CAC: %q", n)
	}
	dollars := s.cost(5, 12_345, insight.CostSalaries)
	dollars.Currency = "usd "
	wages := s.cost(6, 500, insight.CostSalaries)
	s.enter(dollars, wages)
	k = s.kpis(s.spec(10))
	s.want(k, "cac", 1500)
	if n := k["cac"].Note; !strings.Contains(n, "123.45 USD") || !strings.Contains(n, "Salaries are inside") {
		t.Errorf("note about another currency: %q", n)
	}
	s.append(s.order(2, 4, obj{"order_id": "b", "revenue": 400, "cost": 20}))
	k = s.kpis(s.spec(365.25 / 12)) // one month
	s.want(k, "cac_payback", 8500/2.0/((50_000-14_000)/2.0))
	// Without cost of goods nothing is made up.
	s = newShop(t, dbtest.SQLite(t))
	s.append(s.paidOrder(1, 5, obj{"order_id": "a", "revenue": 100})...)
	s.enter(s.cost(5, 1000, insight.CostAds))
	k = s.kpis(s.spec(10))
	for _, key := range []string{"roi", "cac_payback", "net_margin", "roas_break_even"} {
		s.none(k, key, "cost of goods is not known")
	}
	s.want(k, "roas", 10)
}

// TestCostsOfSlicesAddUp, days that windows cut and days of 23 and 25 hours
// included.
func TestCostsOfSlicesAddUp(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.clock.Set(time.Date(2026, 11, 2, 9, 13, 7, 0, time.UTC))
	s.now = core.FromTime(s.clock.Now())
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		s.randomCosts(rnd, 15)
		spec := s.spec(float64(rnd.IntN(200)) + 0.37)
		spec.Settings.Zone, _ = time.LoadLocation("Europe/Rome")
		r, err := s.Report(context.Background(), spec)
		if err != nil {
			t.Fatal(err)
		}
		k := kpiOf(s.KPIs(r, "en", nil), "cac")
		if k.Numerator == nil {
			continue
		}
		ref := newReference(nil, s.costs, spec, s.now+1)
		if want := ref.between(anyCost, spec.From, s.now); *k.Numerator != want {
			t.Errorf("spent %s, reference %v", show(k.Numerator), want)
		}
	}
}

func kpiOf(list []insight.KPI, key string) insight.KPI {
	for _, k := range list {
		if k.Key == key {
			return k
		}
	}
	return insight.KPI{}
}

// TestCreditOfTouches: direct visits take no credit from an advertisement before,
// other ways do, and so does time.
func TestCreditOfTouches(t *testing.T) {
	t.Parallel()
	type visit struct {
		daysAgo float64
		c       core.Context
	}
	ad, mail, direct := core.Context{UTMMedium: "cpc"}, core.Context{UTMMedium: "email"}, core.Context{PageURL: "https://s.test/"}
	for what, c := range map[string]struct {
		visits []visit
		paid   bool
	}{
		"nothing before":            {nil, false},
		"an ad":                     {[]visit{{2, ad}}, true},
		"an ad, then direct":        {[]visit{{2, ad}, {1.5, direct}}, true},
		"an ad, then mail":          {[]visit{{2, ad}, {1.5, mail}}, false},
		"mail, then an ad":          {[]visit{{3, mail}, {2, ad}}, true},
		"an ad 31 days before":      {[]visit{{32, ad}}, false},
		"an ad after the order":     {[]visit{{0.5, ad}}, false},
		"a click id":                {[]visit{{2, core.Context{PageURL: "https://s.test/?x=1&msclkid=9"}}}, true},
		"a name that ends like one": {[]visit{{2, core.Context{PageURL: "https://s.test/?notgclid=9"}}}, false},
		"a link of a site":          {[]visit{{3, ad}, {2, core.Context{PageURL: "https://s.test/", Referrer: "https://other.test/"}}}, false},
		"a link of its own site":    {[]visit{{3, ad}, {2, core.Context{PageURL: "https://s.test/", Referrer: "https://www.s.test/a"}}}, true},
		"affiliates":                {[]visit{{2, core.Context{UTMMedium: "Affiliates"}}}, true},
	} {
		s := newShop(t, dbtest.SQLite(t))
		s.append(s.order(1, 1, obj{"order_id": "a", "revenue": 10}))
		for _, v := range c.visits {
			e := s.event(1, core.KindPage, "P", v.daysAgo, nil)
			e.Context = v.c
			s.append(e)
		}
		s.enter(s.cost(1, 1000, insight.CostAds))
		s.want(s.kpis(s.spec(40)), "roas", map[bool]float64{true: 1, false: 0}[c.paid])
		if t.Failed() {
			t.Fatal(what)
		}
	}
}

// TestCostsAreWritten: a row is known by day, channel and campaign; the same rows
// twice change nothing; all or none.
func TestCostsAreWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		rows := []insight.Cost{s.cost(1, 100, ""), s.cost(2, 200, insight.CostOther), {Day: 20_000, Channel: " '; DROP TABLE costs; -- ", Amount: 3, Currency: "eur"}}
		want := func(what string, got, want insight.CostChange) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
		}
		want("first", s.enter(rows...), insight.CostChange{Rows: 3, Added: 3})
		want("again", s.enter(rows...), insight.CostChange{Rows: 3, Same: 3})
		rows[0].Amount, rows[1].Currency = 101, "USD"
		want("changed", s.enter(rows...), insight.CostChange{Rows: 3, Changed: 2, Same: 1})
		list, err := s.Costs(ctx, ws, insight.CostFilter{From: 0, To: 1 << 30})
		if err != nil || len(list) != 3 || list[0].Channel != "'; DROP TABLE costs; --" || list[0].Currency != "EUR" || list[0].Kind != insight.CostAds || list[2].Amount != 101 {
			t.Errorf("costs %s %v", text(list), err)
		}
		bad := append(rows, insight.Cost{Day: 1, Channel: "x", Amount: -1, Currency: "EUR"})
		_, err = s.SetCosts(ctx, ws, bad)
		refused(t, "a negative amount", err, "bad_amount", "costs[3].amount")
		for what, c := range map[string]struct {
			change      func(c *insight.Cost)
			code, field string
		}{
			"no channel": {func(c *insight.Cost) { c.Channel = " " }, "missing_channel", "costs[0].channel"},
			"currency":   {func(c *insight.Cost) { c.Currency = "Euro" }, "bad_currency", "costs[0].currency"},
			"kind":       {func(c *insight.Cost) { c.Kind = "gifts" }, "bad_kind", "costs[0].kind"},
			"too much":   {func(c *insight.Cost) { c.Amount = 1 << 60 }, "bad_amount", "costs[0].amount"},
			"long":       {func(c *insight.Cost) { c.Campaign = strings.Repeat("x", 201) }, "too_long", "costs[0].campaign"},
		} {
			x := rows[0]
			c.change(&x)
			_, err := s.SetCosts(ctx, ws, []insight.Cost{x})
			refused(t, what, err, c.code, c.field)
		}
		_, err = s.SetCosts(ctx, ws, []insight.Cost{rows[0], rows[1], rows[0]})
		refused(t, "a row twice", err, "duplicate", "costs[2]")
		if other, err := s.Costs(ctx, ws+1, insight.CostFilter{To: 1 << 30}); err != nil || len(other) != 0 {
			t.Errorf("another workspace sees %v %v", other, err)
		}
		search := "search"
		for i, f := range []struct {
			f insight.CostFilter
			n int64
		}{{insight.CostFilter{From: 0, To: 20_000}, 0}, {insight.CostFilter{To: 1 << 30, Channel: ptr("mail")}, 0}, {insight.CostFilter{To: 1 << 30, Channel: &search, Campaign: ptr("other2")}, 1},
			{insight.CostFilter{To: 1 << 30, Channel: &search}, 1}, {insight.CostFilter{To: 1 << 30}, 1}} {
			if n, err := s.DeleteCosts(ctx, ws+1, f.f); err != nil || n != 0 {
				t.Errorf("another workspace deletes %d %v", n, err)
			}
			if n, err := s.DeleteCosts(ctx, ws, f.f); err != nil || n != f.n {
				t.Errorf("deletion %d takes %d %v, want %d", i, n, err, f.n)
			}
		}
	})
}

// TestCostFiles reads what people have.
func TestCostFiles(t *testing.T) {
	t.Parallel()
	day, _ := insight.ParseDay("", "2026-01-31")
	row := func(d int64, channel, campaign string, amount int64) insight.Cost {
		return insight.Cost{Day: d, Channel: channel, Campaign: campaign, Kind: "ads", Amount: amount, Currency: "EUR"}
	}
	for what, c := range map[string]struct {
		file string
		opt  insight.CostFile
		want []insight.Cost
	}{
		"plain":              {"day,channel,campaign,amount,currency\n2026-01-31,search,brand,12.50,EUR\n", insight.CostFile{}, []insight.Cost{row(day, "search", "brand", 1250)}},
		"Italian":            {"\ufeffData;Canale;Campagna;Importo;Valuta\r\n31/01/2026;Ricerca;;1.234,56;eur\r\n30/01/2026;Ricerca;x;1.000;EUR\r\n", insight.CostFile{}, []insight.Cost{row(day, "Ricerca", "", 123_456), row(day-1, "Ricerca", "x", 100_000)}},
		"Romanian":           {"Ziua\tCanal\tSumă\n31.01.2026\tCăutare\t1 234,5\n", insight.CostFile{Currency: "EUR"}, []insight.Cost{row(day, "Căutare", "", 123_450)}},
		"American":           {"Date,Channel,Cost,Currency\n1/31/2026,a,\"1,234.5\",EUR\n2/1/2026,a,\"2,000\",EUR\n", insight.CostFile{}, []insight.Cost{row(day, "a", "", 123_450), row(day+1, "a", "", 200_000)}},
		"as said":            {"day,channel,amount\n01/02/2026,a,\"1,234\"\n", insight.CostFile{Currency: "EUR", Dates: "dmy", Decimal: "point"}, []insight.Cost{row(day+1, "a", "", 123_400)}},
		"other columns":      {"day,clicks,channel,amount\n\n2026-01-31,5,a,7\n,,,\n", insight.CostFile{Currency: "eur"}, []insight.Cost{row(day, "a", "", 700)}},
		"yen and dinars":     {"day,channel,amount,currency\n2026-01-31,a,700,JPY\n2026-01-31,b,1.234,KWD\n2026-01-31,c,1.5,KWD\n", insight.CostFile{}, []insight.Cost{{Day: day, Channel: "a", Kind: "ads", Amount: 700, Currency: "JPY"}, {Day: day, Channel: "b", Kind: "ads", Amount: 1234, Currency: "KWD"}, {Day: day, Channel: "c", Kind: "ads", Amount: 1500, Currency: "KWD"}}},
		"quoted line breaks": {"day,channel,amount\n2026-01-31,\"a\nb\",7\n", insight.CostFile{Currency: "EUR"}, []insight.Cost{row(day, "a\nb", "", 700)}},
		"header only":        {"day,channel,amount,currency\n", insight.CostFile{}, []insight.Cost{}},
	} {
		got, err := insight.ReadCosts([]byte(c.file), c.opt)
		if err != nil || text(got) != text(c.want) {
			t.Errorf("%s: %s %v, want %s", what, text(got), err, text(c.want))
		}
	}
}

// TestCostFilesRefuse: every line at fault is named, with its column.
func TestCostFilesRefuse(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ file, want string }{
		"lines": {"day,channel,amount,currency\n2026-02-30,a,1,EUR\n2026-01-01,,1,EUR\n2026-01-01,a,x,EUR\n2026-01-01,b,-1,EUR\n2026-01-01,c,1,\n2026-01-01,d,1,EUR\n2026-01-01,d,2,EUR\n",
			"2 day,3 channel,4 amount,5 amount,6 currency,8 day"},
		"ambiguous date":   {"day,channel,amount\n01/02/2026,a,1\n", "2 day"},
		"ambiguous amount": {"day,channel,amount\n2026-01-01,a,\"1,234\"\n", "2 amount"},
		"two ways":         {"day,channel,amount\n2026-01-01,a,\"1.5\"\n2026-01-01,b,\"1,55\"\n", "3 amount"},
		"kind":             {"day,channel,amount,kind\n2026-01-01,a,1,gifts\n", "2 kind"},
		"nothing there":    {"day,channel,amount\n,,7\n", "2 day,2 channel"},
		"huge":             {"day,channel,amount\n2026-01-01,a,99999999999999999999999999\n", "2 amount"},
		"quotes":           {"day,channel,amount\n2026-01-01,\"a,1\n", "2 "},
		"far":              {"day,channel,amount\n9999-01-01,a,1\n", "2 day"},
	} {
		_, err := insight.ReadCosts([]byte(c.file), insight.CostFile{Currency: map[bool]string{true: "", false: "EUR"}[what == "lines"]})
		var lines *insight.LinesError
		if !errors.As(err, &lines) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		var got []string
		for _, l := range lines.Lines {
			got = append(got, fmt.Sprint(l.Line, " ", l.Column))
			if l.What.Error() == "" {
				t.Errorf("%s: line %d says nothing", what, l.Line)
			}
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %v, want %s", what, lines.Lines, c.want)
		}
	}
	for what, c := range map[string]struct {
		file string
		opt  insight.CostFile
		code string
	}{
		"empty":        {"", insight.CostFile{}, "no_header"},
		"no column":    {"day,amount,currency\n", insight.CostFile{}, "missing_column"},
		"no currency":  {"day,channel,amount\n", insight.CostFile{}, "missing_column"},
		"column twice": {"day,date,channel,amount\n", insight.CostFile{Currency: "EUR"}, "duplicate_column"},
		"binary":       {"PK\x03\x04\x00", insight.CostFile{}, "bad_text"},
		"Latin 1":      {"day,channel\n\xe9", insight.CostFile{}, "bad_text"},
		"bad option":   {"day,channel,amount\n", insight.CostFile{Dates: "ydm"}, "bad_dates"},
		"bad kind":     {"day,channel,amount\n", insight.CostFile{Kind: "gifts"}, "bad_kind"},
		"bad decimal":  {"day,channel,amount\n", insight.CostFile{Decimal: "."}, "bad_decimal"},
		"bad currency": {"day,channel,amount\n", insight.CostFile{Currency: "€"}, "bad_currency"},
		"too many":     {"day,channel,amount\n" + strings.Repeat("2026-01-01,a,1\n", insight.MaxCostRows+1), insight.CostFile{Currency: "EUR"}, "too_many"},
	} {
		if _, err := insight.ReadCosts([]byte(c.file), c.opt); errs.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", what, err, c.code)
		}
	}
}

// TestImportCosts writes a file once, and nothing of one with a fault.
func TestImportCosts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		var b strings.Builder
		b.WriteString("day,channel,amount,currency\n")
		for i := range 3000 {
			fmt.Fprintf(&b, "2026-01-%02d,c%d,%d.5,EUR\n", 1+i%31, i, i)
		}
		for i, want := range []insight.CostChange{{Rows: 3000, Added: 3000}, {Rows: 3000, Same: 3000}} {
			if got, err := s.ImportCosts(ctx, ws, []byte(b.String()), insight.CostFile{}); err != nil || got != want {
				t.Errorf("import %d: %+v %v", i, got, err)
			}
		}
		_, err := s.ImportCosts(ctx, ws, []byte("day,channel,amount,currency\n2026-02-01,new,1,EUR\n2026-02-01,new2,x,EUR\n"), insight.CostFile{})
		if list, rerr := s.Costs(ctx, ws, insight.CostFilter{To: 1 << 30}); err == nil || rerr != nil || len(list) != 3000 {
			t.Errorf("%d rows after a file with a fault (%v)", len(list), err)
		}
	})
}
