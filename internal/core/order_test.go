package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
)

func TestReadOrder(t *testing.T) {
	t.Parallel()
	const products = `"products":[{"price":10,"quantity":2},{"price":"5.50"}]`
	for _, x := range []struct {
		props string
		net   int64
		flags core.Flags
	}{
		// The first that is there wins.
		{`{"subtotal":1,"revenue":2,"total":3,` + products + `}`, 100, 0},
		{`{"revenue":2,"total":3,` + products + `}`, 200, 0},
		{`{"total":30,"tax":5,"shipping":4.5,` + products + `}`, 2050, 0},
		{`{` + products + `}`, 2550, 0},
		{`{"subtotal":null,"revenue":2}`, 200, 0},
		{`{"subtotal":0,"revenue":2}`, 0, 0},
		{`{"subtotal":-3}`, -300, 0},
		{`{"total":30}`, 3000, 0},
		{`{"total":30,"tax":null,"shipping":"x"}`, 3000, core.FlagBadMoney},
		// What is no money is passed over and flagged.
		{`{"subtotal":"$25","revenue":"24.90"}`, 2490, core.FlagBadMoney},
		{`{"revenue":"1,50","total":2}`, 200, core.FlagBadMoney},
		{`{"revenue":true,"total":2}`, 200, core.FlagBadMoney},
		{`{"revenue":{"amount":1},"total":2}`, 200, core.FlagBadMoney},
		{`{"revenue":"","total":2}`, 200, core.FlagBadMoney},
		{`{"revenue":1e40,"total":2}`, 200, core.FlagBadMoney},
		{`{"revenue":1e2}`, 10000, 0},
		{`{"revenue":10.005}`, 1001, 0},
		{`{"revenue":0.1}`, 10, 0},
		// Lines.
		{`{"products":[{"price":10,"quantity":3,"discount":4.5},{"price":1,"quantity":null}],"discount":"2"}`, 2450, 0},
		{`{"products":[{"price":1.99,"quantity":"3"}]}`, 597, 0},
		{`{"products":[{"price":1.99,"quantity":1.5}]}`, 299, 0}, // 2.985
		{`{"products":[{"price":-1.99,"quantity":1.5}]}`, -299, 0},
		{`{"products":[{"price":2,"quantity":0},{"price":2,"quantity":-1}]}`, -200, 0},
		{`{"products":[{"price":2,"quantity":"many"},{"price":3}]}`, 300, core.FlagBadMoney},
		{`{"products":[{"price":"$2"},{"price":3}]}`, 300, core.FlagBadMoney},
		{`{"products":[{"price":92233720368547758.07,"quantity":2},{"price":3}]}`, 300, core.FlagBadMoney},
		{`{"products":[{"price":92233720368547758.07},{"price":3}]}`, 9223372036854775807, core.FlagBadMoney},
		{`{"total":-92233720368547758.08,"tax":1}`, -9223372036854775808, core.FlagBadMoney},
	} {
		o := core.ReadOrder([]byte(strings.Replace(x.props, "{", `{"order_id":"o","currency":"eur",`, 1)), "RON")
		if !o.HasValue || o.Net != x.net || o.Flags != x.flags || o.Currency != "EUR" || o.ID != "o" {
			t.Errorf("%s: %+v, want %d, flags %b", x.props, o, x.net, x.flags)
		}
	}
}

func TestOrdersWithoutValue(t *testing.T) {
	t.Parallel()
	for _, props := range []string{`{}`, `{"order_id":7}`, `{"order_id":"7","products":[]}`, `{"products":[{"sku":"a"}]}`, `{"products":{"price":1}}`, `{"tax":1,"shipping":2}`, `{"revenue":"$25"}`, ``, `null`, `[]`} {
		if o := core.ReadOrder([]byte(props), "EUR"); o.HasValue || o.Net != 0 {
			t.Errorf("%s: %+v", props, o)
		}
	}
	if o := core.ReadOrder([]byte(`{"order_id":7}`), "EUR"); o.ID != "7" {
		t.Errorf("a numeric id: %q", o.ID)
	}
	if o := core.ReadOrder([]byte(`{"order_id":12345678901234567890}`), "EUR"); o.ID != "12345678901234567890" {
		t.Errorf("a long numeric id: %q", o.ID)
	}
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct {
		currency string
		net      int64
		flags    core.Flags
	}{
		`"JPY"`: {"JPY", 13, 0}, `"kwd "`: {"KWD", 12500, 0}, `"EUR"`: {"EUR", 1250, 0},
		`""`: {"BHD", 12500, core.FlagNoCurrency}, `null`: {"BHD", 12500, core.FlagNoCurrency}, `"€"`: {"BHD", 12500, core.FlagNoCurrency},
		`"EURO"`: {"BHD", 12500, core.FlagNoCurrency}, `978`: {"BHD", 12500, core.FlagNoCurrency}, `"E R"`: {"BHD", 12500, core.FlagNoCurrency},
	} {
		o := core.ReadOrder([]byte(`{"revenue":12.5,"currency":`+raw+`}`), "BHD")
		if o.Currency != want.currency || o.Net != want.net || o.Flags != want.flags {
			t.Errorf("currency %s: %+v, want %+v", raw, o, want)
		}
	}
	if o := core.ReadOrder([]byte(`{"revenue":12.5}`), "EUR"); o.Currency != "EUR" || o.Flags != core.FlagNoCurrency {
		t.Errorf("no currency: %+v", o)
	}
}

func TestCostOfGoods(t *testing.T) {
	t.Parallel()
	for props, want := range map[string]string{
		`{"revenue":5,"cost":2}`: "200 true",
		`{"products":[{"price":5,"cost":2,"quantity":3},{"price":1,"cost":"0.5"}]}`: "650 true",
		`{"products":[{"price":5,"cost":2},{"price":1}]}`:                           "0 false",
		`{"products":[{"price":5,"cost":2}],"cost":1}`:                              "100 true",
		`{"revenue":5}`:                                                  "0 false",
		`{"revenue":5,"cost":"$1"}`:                                      "0 false",
		`{"products":[]}`:                                                "0 false",
		`{"revenue":9,"products":[{"cost":2}]}`:                          "0 false",
		`{"products":[{"price":5,"cost":"$1"}]}`:                         "0 false",
		`{"products":[{"price":5,"cost":0}]}`:                            "0 true",
		`{"revenue":9,"products":[{"price":1,"cost":2,"quantity":2.5}]}`: "500 true",
	} {
		o := core.ReadOrder([]byte(props), "EUR")
		if got := fmt.Sprint(o.Cost, o.HasCost); got != want {
			t.Errorf("%s: cost %s, want %s", props, got, want)
		}
	}
}

// TestRefunds checks what tells a full refund from a partial one: an order
// alone has no value of its own.
func TestRefunds(t *testing.T) {
	t.Parallel()
	if o := core.ReadOrder([]byte(`{"order_id":"o","currency":"EUR"}`), "RON"); o.HasValue || o.ID != "o" {
		t.Errorf("full: %+v", o)
	}
	if o := core.ReadOrder([]byte(`{"order_id":"o","currency":"EUR","products":[{"product_id":"p","price":9.99,"quantity":2}]}`), "RON"); !o.HasValue || o.Net != 1998 {
		t.Errorf("by products: %+v", o)
	}
	if o := core.ReadOrder([]byte(`{"order_id":"o","currency":"EUR","total":3}`), "RON"); !o.HasValue || o.Net != 300 {
		t.Errorf("by amount: %+v", o)
	}
}

func TestCanonicalNames(t *testing.T) {
	t.Parallel()
	for alias, want := range map[string]string{
		"Completed Order": "Order Completed", "Viewed Product": "Product Viewed", "Added Product": "Product Added", "Removed Product": "Product Removed",
		"Viewed Product Category": "Product List Viewed", "Order Completed": "Order Completed", "completed order": "completed order", "": "", "Anything": "Anything",
	} {
		if got := core.CanonicalEvent(alias); got != want {
			t.Errorf("%q: %q, want %q", alias, got, want)
		}
		if !slices.Contains(core.EventNames(want), alias) {
			t.Errorf("the names of %q lack %q", want, alias)
		}
	}
}
