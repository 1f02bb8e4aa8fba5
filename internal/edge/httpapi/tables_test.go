package httpapi_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// formulas are cells that spreadsheets would run.
var formulas = []string{`=HYPERLINK("http://evil.test","x")`, "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "＝1"}

// TestRefusedRowsAreNoFormulas downloads rows that were refused.
func TestRefusedRowsAreNoFormulas(t *testing.T) {
	t.Parallel()
	s := startImportServer(t)
	text := "id,=mail\n"
	for _, f := range formulas {
		text += `"` + strings.ReplaceAll(f, `"`, `""`) + `",b,c` + "\n" // a cell too many
	}
	up := gjson.Get(s.upload("admin", "file", text, 201), "upload_id").Str
	id := gjson.Get(s.post("admin", "/imports", map[string]any{"upload_id": up, "kind": "customers", "map": map[string]string{"user_id": "id", "email": "=mail"}}, 201), "id").Str
	for range 2000 {
		if gjson.Get(s.do("admin", "GET", "/imports/"+id, "", "", 200), "status").Str != "running" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	noFormulas(t, s.do("admin", "GET", "/imports/"+id+"/rejected.csv", "", "", 200), 5) // two keep their quotes, which lead the row
}

// TestExportedCustomersAreNoFormulas exports customers with such names.
func TestExportedCustomersAreNoFormulas(t *testing.T) {
	t.Parallel()
	s := startImportServer(t)
	rows := [][]string{{"id", "name"}}
	for _, f := range formulas {
		rows = append(rows, []string{f + "id", f + "name"})
	}
	var b strings.Builder
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	up := gjson.Get(s.upload("admin", "file", b.String(), 201), "upload_id").Str
	s.post("admin", "/imports", map[string]any{"upload_id": up, "kind": "customers", "map": map[string]string{"user_id": "id", "name": "name"}}, 201)
	want := len(formulas) - 1 // space around an id is cut off, which makes two the same
	for range 2000 {
		if gjson.Get(s.do("admin", "GET", "/customers", "", "", 200), "total").Int() >= int64(want) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	noFormulas(t, s.do("admin", "GET", "/customers.csv", "", "", 200), want)
}

// noFormulas reads a table of at least n rows and looks at each cell.
func noFormulas(t *testing.T, text string, n int) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) <= n {
		t.Fatalf("%d rows, %v: %s", len(rows), err, text)
	}
	guarded := 0
	for _, row := range rows {
		for _, cell := range row {
			if strings.IndexAny(cell, "=+-@\t\r＝") == 0 {
				t.Errorf("the cell %q is a formula", cell)
			}
			if strings.HasPrefix(cell, "'") {
				guarded++
			}
		}
	}
	if guarded < n {
		t.Errorf("only %d cells are guarded: %s", guarded, text)
	}
}

// TestExportRefusesWhatItCannotRead keeps a filter from being dropped in
// silence: that would export everybody.
func TestExportRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	h := openHouse(t, false)
	for query, field := range map[string]string{"from=yesterday": "from", "to=1": "to", "model=x": "model", "has=money": "has", "sort=luck": "sort", "trait=x": "trait", "q=%zz": "query"} {
		w := h.call("GET", "/customers.csv?"+query, "", bearer(h.admin))
		if got := gjson.Get(w.Body.String(), "errors.0.location").Str; w.Code != 400 || got != field {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	w := h.call("GET", "/customers.csv", "", bearer(h.admin))
	log := h.call("GET", "/audit?limit=1", "", bearer(h.admin)).Body.String()
	if w.Code != 200 || gjson.Get(log, "entries.0.action").Str != "customers.export" {
		t.Errorf("%d, audit %s", w.Code, log)
	}
}
