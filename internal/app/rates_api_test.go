package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/tidwall/gjson"
)

// TestRatesOverTheAPI: an order in another currency is missed, a rate makes it
// count at once, and rates into a currency that is the workspace's no more do not.
func TestRatesOverTheAPI(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return dbtest.PostgresDSN(t) }} {
		t.Run(name, func(t *testing.T) { t.Parallel(); ratesOverTheAPI(t, newWorld(t, database())) })
	}
}

func ratesOverTheAPI(t *testing.T, w *world) {
	x := w.a
	revenue := func() gjson.Result { return x.want("GET", "/kpis", nil).Get(`kpis.#(key=="revenue")`) }
	ago := time.Now().Add(-2 * time.Hour)
	x.ingest(obj{"type": "track", "event": "Order Completed", "userId": "r1", "timestamp": ago.Format(time.RFC3339), "properties": obj{"order_id": "r1", "revenue": 100, "currency": "RON"}})
	before := revenue().Get("value").Float()
	if r := revenue(); r.Get("unrated").Raw != `["RON"]` || !strings.Contains(r.Get("note").Str, "RON") {
		t.Errorf("without a rate: %s", r)
	}
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	day := ago.In(zone).Format("2006-01-02")
	if m := x.want("GET", "/rates/missing", nil); m.Get("base").Str != "EUR" || m.Get("currencies.0").Raw != `{"currency":"RON","first":"`+day+`","last":"`+day+`","events":1,"costs":0}` {
		t.Errorf("missing: %s", m)
	}
	rates := func(rows ...obj) obj { return obj{"rates": rows} }
	if c := x.want("PUT", "/rates", rates(obj{"day": day, "currency": "ron", "rate": "0.2009"}, obj{"day": "2026-01-02", "currency": "RON", "rate": "0,19"})); c.Get("added").Int() != 2 {
		t.Errorf("written: %s", c)
	}
	if r := revenue(); r.Get("value").Float() != before+2009 || r.Get("unrated").Exists() {
		t.Errorf("with a rate: %s, before %g", r, before)
	}
	if m := x.want("GET", "/rates/missing", nil); m.Get("currencies.#").Int() != 0 {
		t.Errorf("still missing: %s", m)
	}
	rec := x.do(request{method: "POST", path: "/rates/import", body: "Zi;Moneda;Curs\n" + day + ";RON;0,5\n2026-01-03;HUF;0,0026\n", kind: "text/csv"})
	if r := gjson.Parse(rec.Body.String()); r.Get("added").Int() != 1 || r.Get("changed").Int() != 1 {
		t.Errorf("import: %s", r)
	}
	if v := revenue().Get("value").Float(); v != before+5000 {
		t.Errorf("after the import: %g, before %g", v, before)
	}
	first := x.want("GET", "/rates?limit=2", nil)
	if first.Get("rates").Raw != `[{"currency":"HUF","day":"2026-01-03","rate":"0.0026"},{"currency":"RON","day":"`+day+`","rate":"0.5"}]` {
		t.Errorf("rates: %s", first)
	}
	if rest := x.want("GET", "/rates?limit=2&cursor="+first.Get("next_cursor").Str, nil); rest.Get("rates").Raw != `[{"currency":"RON","day":"2026-01-02","rate":"0.19"}]` || rest.Get("next_cursor").Exists() {
		t.Errorf("the rest: %s", rest)
	}
	for body, want := range map[string]string{`{"rates":[{"day":"2026-01-02","currency":"EUR","rate":"1"}]}`: "own_currency", `{"rates":[{"day":"2026-01-02","currency":"USD","rate":"-1"}]}`: "bad_rate",
		`{"rates":[{"day":"2026-02-31","currency":"USD","rate":"1"}]}`: ""} {
		rec := x.do(request{method: "PUT", path: "/rates", body: body, kind: "application/json"})
		if rec.Code/100 != 4 || want != "" && !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d %s", body, rec.Code, rec.Body)
		}
	}
	if d := x.want("DELETE", "/rates?currency=RON&from="+day+"&to="+day, nil); d.Get("deleted").Int() != 1 {
		t.Errorf("deleted: %s", d)
	}
	if v := revenue().Get("value").Float(); v != before+1900 {
		t.Errorf("after the deletion: %g, before %g", v, before)
	}
	x.want("PATCH", "/workspace", obj{"currency": "USD"})
	if list := x.want("GET", "/rates", nil); list.Get("base").Str != "USD" || list.Get("rates.#").Int() != 0 {
		t.Errorf("rates into another currency: %s", list)
	}
	if r := revenue(); !strings.Contains(r.Get("note").Str, "RON") {
		t.Errorf("in dollars: %s", r)
	}
	for _, action := range []string{"rates.write", "rates.import", "rates.delete"} {
		if x.want("GET", "/audit?action="+action, nil).Get("entries.#").Int() == 0 {
			t.Errorf("%s is not in the audit log", action)
		}
	}
}
