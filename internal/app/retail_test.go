package app_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/connect"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
)

// ledgerOfRetail is the file's history, computed from its lines alone.
type ledgerOfRetail struct {
	orders, refunds map[string]int64           // invoices by month
	net             map[string]int64           // pence by month: orders less refunds
	months          map[string]map[string]bool // known customer to months with an order
	days            map[string]map[string]bool // known customer to days with an order
	first           map[string]string          // known customer to the month of the first order
}

func month(at string) string { return at[:7] }

// readLedger groups the lines of the file by invoice: one that begins with C is
// a refund, any other an order of the moment of its first line; one without a
// customer and without any price is an adjustment of stock.
func readLedger(t testing.TB, raw []byte) *ledgerOfRetail {
	t.Helper()
	fees := map[string]bool{}
	for _, c := range connect.RetailFees() {
		fees[c] = true
	}
	l := &ledgerOfRetail{map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]string{}}
	type invoice struct {
		at, customer string
		pence        *big.Int
		priced       bool
	}
	all := map[string]*invoice{}
	r := csv.NewReader(bytes.NewReader(raw))
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
		in := all[row[0]]
		if in == nil {
			in = &invoice{at: row[4], customer: row[6], pence: new(big.Int)}
			all[row[0]] = in
		}
		if row[4] < in.at {
			in.at = row[4]
		}
		price, _ := new(big.Rat).SetString(row[5])
		in.priced = in.priced || price.Sign() > 0
		qty, _ := new(big.Rat).SetString(row[3])
		if fees[strings.ToUpper(strings.TrimSpace(row[1]))] || price.Sign() <= 0 {
			continue
		}
		pence, _ := new(big.Rat).SetString(price.Mul(price, qty).FloatString(2))
		in.pence.Add(in.pence, pence.Mul(pence, big.NewRat(100, 1)).Num())
	}
	for number, in := range all {
		if in.customer == "" && !in.priced {
			continue // a stock adjustment, which imports refuse
		}
		m := month(in.at)
		l.net[m] += in.pence.Int64()
		if number[0] == 'C' {
			l.refunds[m]++
			continue
		}
		l.orders[m]++
		if in.customer == "" {
			continue
		}
		if l.months[in.customer] == nil {
			l.months[in.customer], l.days[in.customer] = map[string]bool{}, map[string]bool{}
		}
		l.months[in.customer][m], l.days[in.customer][in.at[:10]] = true, true
		if f := l.first[in.customer]; f == "" || m < f {
			l.first[in.customer] = m
		}
	}
	return l
}

// ask answers a chart of the shop.
func (s *shop) ask(spec string) *query.Result {
	s.t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		s.t.Fatal(err)
	}
	a := insight.Ask{Workspace: 1, Settings: insight.Settings{Zone: zone, Currency: "GBP"}, Week: time.Monday}
	if err := json.Unmarshal([]byte(spec), &a.Spec); err != nil {
		s.t.Fatal(err)
	}
	ans, err := s.Insight.Run(context.Background(), a)
	if err != nil {
		s.t.Fatalf("%s: %v", spec, err)
	}
	res, err := ans.Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

const retailRange = `"range":{"from":"2010-12-01","to":"2012-01-01"}`

// checkRetailCharts compares charts of the imported shop with the file.
func checkRetailCharts(t *testing.T, s *shop, raw []byte) {
	t.Helper()
	l := readLedger(t, raw)
	res := s.ask(`{"kind":"trend",` + retailRange + `,"trend":{"interval":"month","series":[{"event":"Order Completed"},{"event":"Order Refunded"},
		{"event":"Order Completed","measure":"sum","property":"revenue"},{"event":"Order Refunded","measure":"sum","property":"revenue"}],"formulas":[{"formula":"C - D"}]}}`).Trend
	zone, _ := time.LoadLocation("Europe/London")
	for i, b := range res.Buckets {
		m := core.ToTime(b.Start).In(zone).Format("2006-01")
		orders, refunds, net := *res.Lines[0].Points[i].Value, *res.Lines[1].Points[i].Value, *res.Lines[4].Points[i].Value
		if int64(orders) != l.orders[m] || int64(refunds) != l.refunds[m] || int64(math.Round(net*100)) != l.net[m] {
			t.Errorf("%s: %g orders, %g refunds, net %.2f; the file has %d, %d, %.2f", m, orders, refunds, net, l.orders[m], l.refunds[m], float64(l.net[m])/100)
		}
	}
	// Repeat rate: on two or more days, of all who bought.
	again := 0
	for _, days := range l.days {
		if len(days) >= 2 {
			again++
		}
	}
	known := `{"did":{"event":"Order Completed","where":[{"name":"guest","op":"not_set"}]`
	buyers, err := s.Segments.Evaluate(context.Background(), 1, node(t, known+`}}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	repeat, err := s.Segments.Evaluate(context.Background(), 1, node(t, known+`,"measure":"distinct_days","op":"gte","value":2}}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(buyers) != len(l.days) || len(repeat) != again || again == 0 {
		t.Errorf("%d buyers, %d of them again; the file has %d and %d", len(buyers), len(repeat), len(l.days), again)
	}
	checkRetailRetention(t, s, l)
}

// checkRetailRetention compares retention by month of the first purchase.
func checkRetailRetention(t *testing.T, s *shop, l *ledgerOfRetail) {
	t.Helper()
	res := s.ask(`{"kind":"retention",` + retailRange + `,"where":[{"name":"guest","op":"not_set"}],
		"retention":{"start":{"event":"Order Completed"},"return":{"event":"Order Completed"},"entry":"first_time","unit":"month","mode":"calendar"}}`).Retention
	zone, _ := time.LoadLocation("Europe/London")
	name := func(i int) string { return core.ToTime(res.Buckets[i].Start).In(zone).Format("2006-01") }
	cells := 0
	for i, row := range res.Groups[0].Rows {
		size := int64(0)
		for _, f := range l.first {
			if f == name(i) {
				size++
			}
		}
		for k, cell := range row {
			if i+k >= len(res.Buckets) {
				break
			}
			want := int64(0)
			for c, f := range l.first {
				if f == name(i) && l.months[c][name(i+k)] {
					want++
				}
			}
			cells++
			if cell.Size != size || cell.Returned != want {
				t.Errorf("first bought %s, in %s: %d of %d; the file has %d of %d", name(i), name(i+k), cell.Returned, cell.Size, want, size)
			}
		}
	}
	if cells < 50 && !testing.Short() {
		t.Error(fmt.Sprint("only ", cells, " cells were compared"))
	}
}
