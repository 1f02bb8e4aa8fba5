package insight_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// rate is one of a day before the day of now.
func (s *shop) rate(daysAgo int64, currency, text string) insight.Rate {
	s.t.Helper()
	n, err := insight.ParseRate("rate", text)
	if err != nil {
		s.t.Fatal(err)
	}
	return insight.Rate{Currency: currency, Day: s.now/core.Day - daysAgo, Rate: n}
}

func (s *shop) giveRates(rows ...insight.Rate) insight.CostChange {
	s.t.Helper()
	c, err := s.SetRates(context.Background(), ws, "EUR", rows)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestRatesAreKept(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		if c := s.giveRates(s.rate(3, "RON", "0.2009"), s.rate(2, " ron ", "0,2011"), s.rate(3, "JPY", "0.0061")); c != (insight.CostChange{Rows: 3, Added: 3}) {
			t.Errorf("%+v", c)
		}
		if c := s.giveRates(s.rate(3, "RON", "0.2009"), s.rate(2, "RON", "0.3"), s.rate(1, "RON", "0.4")); c != (insight.CostChange{Rows: 3, Added: 1, Changed: 1, Same: 1}) {
			t.Errorf("%+v", c)
		}
		if _, err := s.SetRates(ctx, ws, "RON", []insight.Rate{s.rate(3, "EUR", "4.97")}); err != nil {
			t.Fatal(err)
		}
		all := insight.RateFilter{To: 1 << 30}
		list := func(base string, f insight.RateFilter, after *insight.RateCursor, limit int) string {
			rows, err := s.Rates(ctx, ws, base, f, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, r := range rows {
				out = append(out, fmt.Sprint(r.Currency, s.now/core.Day-r.Day, "=", core.FormatRate(r.Rate)))
			}
			return strings.Join(out, " ")
		}
		for got, want := range map[string]string{
			list("EUR", all, nil, 10): "JPY3=0.0061 RON1=0.4 RON2=0.3 RON3=0.2009",
			list("EUR", all, nil, 2):  "JPY3=0.0061 RON1=0.4",
			list("EUR", all, &insight.RateCursor{Currency: "RON", Day: s.now/core.Day - 1}, 9):        "RON2=0.3 RON3=0.2009",
			list("EUR", insight.RateFilter{To: 1 << 30, Currency: "JPY"}, nil, 8):                     "JPY3=0.0061",
			list("EUR", insight.RateFilter{From: s.now/core.Day - 2, To: s.now/core.Day - 1}, nil, 7): "RON2=0.3",
			list("RON", all, nil, 10): "EUR3=4.97",
			list("EUR", insight.RateFilter{To: 1 << 30, Currency: "RON"}, &insight.RateCursor{Currency: "RON", Day: 1 << 20}, 1): "RON1=0.4",
		} {
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		other, err := s.Rates(ctx, ws+1, "EUR", all, nil, 10)
		if err != nil || len(other) != 0 {
			t.Errorf("another workspace sees %v, %v", other, err)
		}
		if n, err := s.DeleteRates(ctx, ws, "EUR", insight.RateFilter{From: s.now/core.Day - 2, To: s.now / core.Day, Currency: "RON"}); n != 2 || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		if n, err := s.DeleteRates(ctx, ws, "EUR", all); n != 2 || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		if got := list("RON", all, nil, 10); got != "EUR3=4.97" {
			t.Errorf("rates into another currency: %q", got)
		}
	})
}

func TestRatesAreChecked(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newShop(t, dbtest.SQLite(t))
	good := s.rate(1, "RON", "0.2")
	for _, c := range []struct {
		row         insight.Rate
		code, field string
	}{
		{insight.Rate{Currency: "lei", Day: 1, Rate: 0}, "bad_rate", "rates[1].rate"},
		{insight.Rate{Currency: "LE", Day: 1, Rate: 1}, "bad_currency", "rates[1].currency"},
		{insight.Rate{Currency: "EUR", Day: 1, Rate: 1}, "own_currency", "rates[1].currency"},
		{insight.Rate{Currency: "USD", Day: 1, Rate: -1}, "bad_rate", "rates[1].rate"},
		{insight.Rate{Currency: "USD", Day: 1, Rate: core.MaxRate + 1}, "bad_rate", "rates[1].rate"},
		{good, "duplicate", "rates[1]"},
	} {
		_, err := s.SetRates(ctx, ws, "EUR", []insight.Rate{good, c.row})
		refused(t, text(c.row), err, c.code, c.field)
	}
	_, err := s.SetRates(ctx, ws, "EUR", make([]insight.Rate, insight.MaxRateRows+1))
	refused(t, "many rows", err, "too_many", "rates")
	_, err = insight.ParseRate("rate", "1e5")
	refused(t, "a rate", err, "bad_rate", "rate")
	for day := range int64(4) { // 200,000 fit, one more does not
		rows := make([]insight.Rate, insight.MaxRateRows)
		for i := range rows {
			rows[i] = insight.Rate{Currency: "RON", Day: day*insight.MaxRateRows + int64(i), Rate: 1}
		}
		s.giveRates(rows...)
	}
	_, err = s.SetRates(ctx, ws, "EUR", []insight.Rate{{Currency: "USD", Day: 1, Rate: 1}})
	refused(t, "a full table", err, "too_many", "")
	if c := s.giveRates(insight.Rate{Currency: "RON", Day: 1, Rate: 2}); c.Changed != 1 {
		t.Errorf("a full table cannot be changed: %+v", c)
	}
}

func TestRateFiles(t *testing.T) {
	t.Parallel()
	show := func(rows []insight.Rate) string {
		var out []string
		for _, r := range rows {
			out = append(out, insight.FormatDay(r.Day)+" "+r.Currency+" "+core.FormatRate(r.Rate))
		}
		return strings.Join(out, "; ")
	}
	for _, c := range []struct {
		file string
		opt  insight.RateFile
		want string
	}{
		{"date,currency,rate\n2026-01-31,RON,0.2009\n2026-02-01,usd,0.91\n", insight.RateFile{}, "2026-01-31 RON 0.2009; 2026-02-01 USD 0.91"},
		{"\ufeffData;Moneda;Curs\n31.01.2026;RON;0,2009\n\n", insight.RateFile{}, "2026-01-31 RON 0.2009"},
		{"giorno;valuta;tasso di cambio\n31/01/2026;RON;0,2009\n01/02/2026;RON;4,976\n", insight.RateFile{}, "2026-01-31 RON 0.2009; 2026-02-01 RON 4.976"},
		{"zi\tcurs valutar\n2026-01-31\t4,976\n", insight.RateFile{Currency: "usd", Decimal: "comma"}, "2026-01-31 USD 4.976"},
	} {
		rows, err := insight.ReadRates([]byte(c.file), "EUR", c.opt)
		if got := show(rows); err != nil || got != c.want {
			t.Errorf("%q: got %q, %v, want %q", c.file, got, err, c.want)
		}
	}
	for file, want := range map[string]string{
		"date,currency,rate\n2026-13-31,RON,0.2\n":                       "2 day",
		"date,currency,rate\n2026-01-31,RON,0\n":                         "2 rate",
		"date,currency,rate\n2026-01-31,RON,-1.5\n":                      "2 rate",
		"date,currency,rate\n2026-01-31,RON,\n":                          "2 rate",
		"date,currency,rate\n2026-01-31,RON,\"4,976\"\n":                 "2 rate", // point or comma
		"date,currency,rate\n2026-01-31,EUR,1.5\n":                       "2 currency",
		"date,currency,rate\n2026-01-31,R,1.5\n2026-01-31,RON,x\n":       "2 currency 3 rate",
		"date,currency,rate\n2026-01-31,RON,1.5\n2026-01-31,ron,1.6\n":   "3 day",
		"date,currency,rate\n2026-01-31,RON,0.12345678901\n":             "2 rate",
		"date,currency,rate\n2026-01-31,RON,\"1.5\n":                     "2 ",
		"date,currency,rate\n2026-01-31,RON,99999999999999999999999.5\n": "2 rate",
	} {
		rows, err := insight.ReadRates([]byte(file), "EUR", insight.RateFile{})
		var lines *insight.LinesError
		if !errors.As(err, &lines) || rows != nil {
			t.Errorf("%q: %v, %v", file, rows, err)
			continue
		}
		var got []string
		for _, l := range lines.Lines {
			got = append(got, fmt.Sprint(l.Line, " ", l.Column))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: at fault %q, want %q", file, strings.Join(got, " "), want)
		}
	}
	for file, code := range map[string]string{"": "no_header", "date,rate\n": "missing_column", "date,data,rate,currency\n": "duplicate_column", "\xff": "bad_text"} {
		_, err := insight.ReadRates([]byte(file), "EUR", insight.RateFile{})
		refused(t, file, err, code, "file")
	}
	_, err := insight.ReadRates(nil, "EUR", insight.RateFile{Decimal: "dot"})
	refused(t, "a decimal sign", err, "bad_decimal", "decimal")
	_, err = insight.ReadRates(nil, "EUR", insight.RateFile{Currency: "LEI1"})
	refused(t, "a currency", err, "bad_currency", "currency")
}

// TestRateChangesTheNextAnswer: reports and charts that are kept do not outlive a
// change of rates, made here or by another process.
func TestRateChangesTheNextAnswer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.append(s.order(1, 5, obj{"order_id": "a", "revenue": 100}), s.order(2, 5, obj{"order_id": "b", "revenue": 100, "currency": "RON"}),
			s.order(3, 9, obj{"order_id": "c", "revenue": 100, "currency": "ron"}), s.order(4, 5, obj{"order_id": "d", "revenue": 100, "currency": "USD"}))
		spec := insight.Ask{Workspace: ws, Settings: s.spec(30).Settings}
		spec.Spec = query.Spec{Kind: query.KindTrend, Range: query.Range{Last: "30d"}, Trend: &query.Trend{Interval: query.Day, Series: []query.Series{{
			Event: query.Event{Event: core.EventOrderCompleted}, Measure: query.Sum, Property: "revenue", Money: true}}}}
		check := func(want float64, note string) {
			t.Helper()
			k := s.kpis(s.spec(30))
			s.want(k, "revenue", want*100)
			if !strings.Contains(k["revenue"].Note, note) || text(k["revenue"].Unrated) != text(strings.Split(strings.TrimSuffix(strings.TrimPrefix(note, "No exchange rate for: "), "."), ", ")) {
				t.Errorf("note %q, unrated %v, want %q", k["revenue"].Note, k["revenue"].Unrated, note)
			}
			a, err := s.Run(ctx, spec)
			if err != nil {
				t.Fatal(err)
			}
			res, err := a.Result()
			if err != nil || *res.Trend.Lines[0].Total.Value != want {
				t.Errorf("the trend sums to %g, %v, want %g", *res.Trend.Lines[0].Total.Value, err, want)
			}
			own, err := s.Query(ctx, ws, spec.Spec, spec.Settings, 0)
			if err != nil || *own.Trend.Lines[0].Total.Value != want {
				t.Errorf("asked at once, the trend sums to %v, %v, want %g", own, err, want)
			}
		}
		check(100, "No exchange rate for: RON, USD.")
		s.giveRates(s.rate(7, "RON", "0.2"))
		check(120, "No exchange rate for: RON, USD.")
		s.giveRates(s.rate(9, "RON", "0.3"))
		check(150, "No exchange rate for: USD.")
		twin := *s // another process
		twin.with(insight.Deps{})
		twin.giveRates(s.rate(5, "RON", "0.25"))
		check(155, "No exchange rate for: USD.")
		if _, err := twin.DeleteRates(ctx, ws, "EUR", insight.RateFilter{To: s.now/core.Day - 7}); err != nil {
			t.Fatal(err)
		}
		check(125, "No exchange rate for: RON, USD.")
		// Rates into another currency are not used.
		inUSD := s.spec(30)
		inUSD.Settings.Currency = "USD"
		s.want(s.kpis(inUSD), "revenue", 10000*2) // one order in dollars, one without a currency
	})
}

// TestMovingRateIsNoMovement: a subscription keeps the rate with which it began.
func TestMovingRateIsNoMovement(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.giveRates(s.rate(60, "USD", "0.9"), s.rate(20, "USD", "0.5"), s.rate(10, "USD", "0.7"), s.rate(15, "GBP", "1.2"))
	s.append(s.subscription(1, "Started", 50, obj{"subscription_id": "a", "amount": 100, "currency": "USD"}),
		s.subscription(1, "Updated", 12, obj{"subscription_id": "a", "amount": 100, "currency": "usd"}),
		s.subscription(2, "Started", 50, obj{"subscription_id": "b", "amount": 10, "currency": "USD"}),
		s.subscription(2, "Updated", 12, obj{"subscription_id": "b", "amount": 30, "currency": "USD"}), // 20 more, at 0.9
		s.subscription(3, "Started", 12, obj{"subscription_id": "c", "amount": 10, "currency": "USD"}),
		s.subscription(4, "Started", 50, obj{"subscription_id": "d", "amount": 10, "currency": "GBP"})) // too early
	k := s.kpis(s.spec(30))
	s.want(k, "mrr", 9000+2700+500)
	s.want(k, "mrr_expansion", 1800)
	s.want(k, "mrr_contraction", 0)
	s.want(k, "mrr_new", 500)
	s.want(k, "mrr_churned", 0)
	if n := k["mrr"].Note; !strings.Contains(n, "left out: 1") || !strings.Contains(n, "GBP") || text(k["mrr"].Unrated) != `["GBP"]` {
		t.Errorf("note %q, unrated %v", n, k["mrr"].Unrated)
	}
}

// TestCostsAtTheRateOfTheirDay: CAC and ROAS with costs of several currencies.
func TestCostsAtTheRateOfTheirDay(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	s.append(s.paidOrder(1, 5, obj{"order_id": "a", "revenue": 1000, "currency": "RON"})...)
	in := func(currency string, c insight.Cost) insight.Cost { c.Currency = currency; return c }
	s.enter(s.cost(8, 1000, "ads"), in("RON", s.cost(7, 10_000, "ads")), in("JPY", s.cost(6, 5000, "other")), in("USD", s.cost(5, 700, "ads")))
	s.giveRates(s.rate(9, "RON", "0.2"), s.rate(6, "RON", "0.25"), s.rate(6, "JPY", "0.0061"))
	k := s.kpis(s.spec(10))
	s.want(k, "cac", 1000+2000+3050)
	s.want(k, "paid_cac", 3000)
	s.want(k, "roas", 25_000/3000.0)
	if n := k["cac"].Note; !strings.Contains(n, "7.00 USD") || strings.Contains(n, "RON") || text(k["cac"].Unrated) != `["USD"]` {
		t.Errorf("note %q", n)
	}
}

func TestMissingRates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		set := s.spec(1).Settings
		missing := func() string {
			t.Helper()
			list, err := s.MissingRates(context.Background(), ws, set)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, m := range list {
				out = append(out, fmt.Sprint(m.Currency, " ", s.now/core.Day-m.First, "-", s.now/core.Day-m.Last, " ", m.Events, "+", m.Costs))
			}
			return strings.Join(out, "; ")
		}
		if got := missing(); got != "" {
			t.Errorf("of nothing: %q", got)
		}
		bot := s.order(9, 2, obj{"order_id": "x", "revenue": 1, "currency": "CHF"})
		bot.Flags = core.FlagBot
		s.append(s.order(1, 9, obj{"order_id": "a", "revenue": 1, "currency": "RON"}), s.order(2, 4, obj{"order_id": "b", "revenue": 1, "currency": " ron"}),
			s.order(3, 4, obj{"order_id": "c", "revenue": 1, "currency": "EUR"}), s.order(4, 4, obj{"order_id": "d", "revenue": 1, "currency": "€"}), bot,
			s.subscription(5, "Started", 6, obj{"subscription_id": "s", "amount": 1, "currency": "USD"}), s.event(6, core.KindTrack, "Product Viewed", 1, obj{"currency": "SEK"}))
		cost := s.cost(12, 5, "ads")
		cost.Currency = "RON"
		s.enter(cost, s.cost(3, 5, "ads"))
		if got, want := missing(), "RON 12-4 2+1; USD 6-6 1+0"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		s.giveRates(s.rate(9, "RON", "0.2"), s.rate(30, "USD", "0.9"))
		if got, want := missing(), "RON 12-12 0+1"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
