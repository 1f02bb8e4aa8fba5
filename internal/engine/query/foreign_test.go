package query_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
)

// slowRates are rates as the reference sees them: decimals by day.
type slowRates map[string]map[int]string

func (s slowRates) rates() *core.Rates {
	var list []core.DayRate
	for code, days := range s {
		for d, text := range days {
			rate, ok := core.ParseRate(text)
			if !ok {
				panic(text)
			}
			list = append(list, core.DayRate{Currency: code, From: day(d), Rate: rate})
		}
	}
	return core.NewRates("EUR", list)
}

// worth multiplies and rounds half away from zero; ok is false without a rate.
func (s slowRates) worth(amount, code string, at core.Micros, decimals int) (int64, bool) {
	x, _ := new(big.Rat).SetString(amount)
	if code != "EUR" && code != "" {
		best := ""
		for d := 1; d < 40; d++ {
			if text, ok := s[code][d]; ok && day(d) <= at {
				best = text
			}
		}
		if best == "" {
			return 0, false
		}
		rate, _ := new(big.Rat).SetString(best)
		x.Mul(x, rate)
	}
	for range decimals {
		x.Mul(x, big.NewRat(10, 1))
	}
	half := big.NewRat(1, 2)
	if x.Sign() < 0 {
		half.Neg(half)
	}
	x.Add(x, half)
	return new(big.Int).Quo(x.Num(), x.Denom()).Int64(), true
}

// TestMoneyAtTheRateOfTheDay compares trends, tables and attribution of several
// currencies with a computation in rational numbers.
func TestMoneyAtTheRateOfTheDay(t *testing.T) {
	t.Parallel()
	given := slowRates{"RON": {3: "0.201", 5: "0.1987", 9: "0.2033333"}, "JPY": {1: "0.0061", 6: "0.00613"}, "KWD": {1: "3.01"}, "USD": {20: "0.9"}}
	rnd := rand.New(rand.NewPCG(8, 8))
	codes := []string{"EUR", "", "RON", "ron", "JPY", "KWD", "USD", "XXX"}
	var events []core.Event
	var sum, orders, back int64
	by := map[string]int64{}
	left, names := int64(0), map[string]bool{}
	for i := range 400 {
		at := day(1+rnd.IntN(12)) + rnd.Int64N(core.Day)
		code := codes[rnd.IntN(len(codes))]
		amount := fmt.Sprintf("%d.%02d", rnd.IntN(5000), rnd.IntN(100))
		if code == "JPY" {
			amount = fmt.Sprint(rnd.IntN(900_000))
		}
		events = append(events, event(core.CustomerID(1+rnd.IntN(20)), at, "Order Completed", fmt.Sprintf(`{"order_id":"o%d","total":%s,"currency":%q,"shop":"s%d"}`, i, amount, code, i%3)))
		up := strings.ToUpper(code)
		fine, ok := given.worth(amount, up, at, 6)
		if !ok {
			left++
			names[up] = true
			continue
		}
		sum += fine
		by[fmt.Sprint("s", i%3)] += fine
		minor, _ := given.worth(amount, up, at, 2)
		orders += minor
		switch i % 4 {
		case 0: // in the currency of the order, which it need not name
			e := event(events[len(events)-1].Customer, at+5*core.Day, "Order Refunded", fmt.Sprintf(`{"order_id":"o%d","total":%s}`, i, amount))
			events, back = append(events, e), back+minor
		case 1:
			e := event(events[len(events)-1].Customer, at+1, "Order Refunded", fmt.Sprintf(`{"order_id":"o%d","total":"1","currency":"KWD"}`, i))
			part, _ := given.worth("1", "KWD", at, 2)
			events, back = append(events, e), back+part
		}
	}
	s, e := load(t, events), env()
	e.Rates = given.rates()
	res := ask(t, s, e, `{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-31"},"trend":{"interval":"day","series":[{"event":"Order Completed","measure":"sum","property":"total","money":true}]}}`)
	if got := *res.Trend.Lines[0].Total.Value; got != float64(sum)/1e6 {
		t.Errorf("trend: %.6f, want %d millionths", got, sum)
	}
	missing(t, res, left, names)
	res = ask(t, s, e, `{"kind":"table","range":{"from":"2020-01-01","to":"2020-01-31"},"table":{"breakdown":{"property":"shop"},"columns":[{"event":"Order Completed","measure":"sum","property":"total","money":true}]}}`)
	for _, row := range res.Table.Rows {
		if got := *row.Points[0].Value; got != float64(by[row.Value.Text])/1e6 {
			t.Errorf("table: %s has %.6f, want %d millionths", row.Value.Text, got, by[row.Value.Text])
		}
	}
	missing(t, res, left, names)
	res = ask(t, s, e, `{"kind":"attribution","range":{"from":"2020-01-01","to":"2020-01-31"},"attribution":{"conversion":{"event":"Order Completed"},"value":"total"}}`)
	if a := res.Attribution; *a.Value != orders-back || *a.Refunded != back || a.Conversions != 400 {
		t.Errorf("attribution: %d less %d of %d, want %d less %d", *a.Value, *a.Refunded, a.Conversions, orders-back, back)
	}
	missing(t, res, left, names)

	e.Rates = nil
	res = ask(t, s, e, `{"kind":"trend","range":{"from":"2020-01-01","to":"2020-01-31"},"trend":{"interval":"day","series":[{"event":"Order Completed","measure":"sum","property":"total","money":true}]}}`)
	if !hinted(res, "other_currency") || *res.Trend.Lines[0].Total.Value == float64(sum)/1e6 {
		t.Error("without rates other currencies must be left out")
	}
}

// missing wants the hint to say how many events were left out, and of which
// currencies.
func missing(t *testing.T, res *query.Result, n int64, names map[string]bool) {
	t.Helper()
	for _, h := range res.Meta.Hints {
		if h.Code != "other_currency" {
			continue
		}
		list := strings.Split(h.Name, ", ")
		for _, code := range list {
			if !names[code] {
				t.Errorf("%s: %s has a rate", res.Kind, code)
			}
		}
		if len(list) != len(names) || !strings.HasPrefix(h.Text, fmt.Sprint(n, " ")) {
			t.Errorf("%s: %s, want %d of %v", res.Kind, h.Text, n, names)
		}
		return
	}
	t.Errorf("%s: nothing says what was left out", res.Kind)
}
