package app_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/db"
)

// theft is a call of one workspace about things of the other that are named in
// the query or the body.
type theft struct {
	method, path string
	body         func(a *tenant, ids []any) any // ids: those of the scenario, of the other workspace
	count        string                         // member of a good answer that must be 0, "" when 404 is wanted
}

func thefts() []theft {
	of := func(name string) func(*tenant, []any) any {
		return func(_ *tenant, ids []any) any { return obj{name: ids} }
	}
	return []theft{
		{"POST", "/customers/merge", func(a *tenant, ids []any) any { return obj{"into": a.customer(), "from": ids[0], "reason": "mine"} }, ""},
		{"POST", "/customers/merge", func(a *tenant, ids []any) any { return obj{"into": ids[0], "from": a.customer(), "reason": "mine"} }, ""},
		{"POST", "/erasures", func(_ *tenant, ids []any) any { return obj{"action": "delete", "customers": ids, "reason": "mine"} }, "customers"},
		{"POST", "/erasures", func(_ *tenant, ids []any) any {
			return obj{"action": "delete", "scope": obj{"kind": "properties", "properties": []string{"email"}}, "customers": ids}
		}, "customers"},
		{"POST", "/insights/explain", func(_ *tenant, ids []any) any {
			return obj{"spec": trendOfOrders(), "customer": ids[0]}
		}, ""},
		{"POST", "/quarantine/replay", of("ids"), "count"},
		{"POST", "/quarantine/delete", of("ids"), "count"},
		{"POST", "/imports", func(_ *tenant, ids []any) any { return importPlan(ids[0].(string)) }, ""},
		{"POST", "/imports/dry-run", func(_ *tenant, ids []any) any { return importPlan(ids[0].(string)) }, ""},
	}
}

// TestAPIForeignWorkspace calls every operation of one workspace with the ids
// of another. It finds nothing, changes nothing, and no answer, good or bad,
// holds the mark of the other (tenant.do looks).
func TestAPIForeignWorkspace(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world) {
		a, b := w.a, w.b
		byName := map[string]op{}
		for _, o := range w.ops() {
			byName[o.String()] = o
			if o.fresh {
				continue
			}
			if o.theirs != nil {
				o.ids = o.theirs
			}
			ids := o.own(b)
			b.settle()
			before := w.dump(b)
			if strings.Contains(o.template, "{id}") {
				r := o.right(a, ids)
				if rec := a.do(r); rec.Code != 404 {
					w.t.Errorf("%s of the other workspace: %d %.300s", &o, rec.Code, rec.Body)
				}
			} else if o.ids == nil {
				a.do(o.right(a, nil)) // a list, or a change of its own
			}
			a.settle()
			w.same(o.String(), before, w.dump(b))
		}
		for _, th := range thefts() {
			o := byName[th.method+" "+th.path]
			ids := o.own(b)
			if len(ids) == 0 {
				ids = []any{b.customer()}
			}
			b.settle()
			before := w.dump(b)
			rec := a.do(request{method: th.method, path: th.path, body: th.body(a, ids)})
			if th.count == "" && rec.Code != 404 || th.count != "" && (rec.Code/100 != 2 || !strings.Contains(rec.Body.String(), `"`+th.count+`":0`)) {
				w.t.Errorf("%s with ids of the other workspace: %d %.300s", &o, rec.Code, rec.Body)
			}
			a.settle()
			w.same(o.String(), before, w.dump(b))
		}
		w.foreignQueries()
		w.sessionsStayApart()
		w.unknownKeysStayApart()
	})
}

// foreignQueries names things of the other workspace in parameters.
func (w *world) foreignQueries() {
	w.t.Helper()
	a, b := w.a, w.b
	model := itoa(b.model())
	own := itoa(mainModel(a))
	customer := itoa(a.customer())
	for _, path := range []string{"/customers?model=" + model, "/customers.csv?model=" + model, "/kpis?model=" + model, "/customers/" + customer + "/stage?model=" + model} {
		if rec := a.do(request{method: "GET", path: path}); rec.Code != 404 {
			w.t.Errorf("GET %s: %d %.300s", path, rec.Code, rec.Body)
		}
	}
	// Cursors of the other workspace's lists continue nothing but one's own.
	for path, foreign := range map[string]string{
		"/customers?sort=id&limit=1": "/customers?sort=id&limit=1", "/customers?sort=-name&limit=1": "/customers?sort=-name&limit=1",
		"/audit?limit=1": "/audit?limit=1", "/stage-models/" + own + "/moves?limit=1": "/stage-models/" + itoa(mainModel(b)) + "/moves?limit=1",
		"/customers/" + customer + "/timeline?limit=1": "/customers/" + itoa(b.customer()) + "/timeline?limit=1",
	} {
		cursor := b.want("GET", foreign, nil).Get("next_cursor").Str
		if cursor == "" {
			w.t.Errorf("GET %s gives no cursor", foreign)
		}
		if rec := a.do(request{method: "GET", path: path + "&cursor=" + cursor}); rec.Code != 200 {
			w.t.Errorf("GET %s with a cursor of the other workspace: %d %.300s", path, rec.Code, rec.Body)
		}
	}
	for _, q := range []string{"q=" + b.mark, "trait=" + b.mark + "_trait:is:" + b.mark, "trait=" + b.mark + "_trait:set"} {
		if n := a.want("GET", "/customers?"+q, nil).Get("customers.#").Int(); n != 0 {
			w.t.Errorf("GET /customers?%s finds %d", q, n)
		}
	}
}

// sessionsStayApart uses a cookie of one workspace with the token of the other.
func (w *world) sessionsStayApart() {
	w.t.Helper()
	cookie, _ := w.a.session()
	_, csrf := w.b.session()
	rec := w.send(request{method: "PATCH", path: "/me", body: obj{"name": "x"}, cookie: cookie, csrf: csrf})
	if p := problemOf(w.t, "PATCH /me", rec); rec.Code != 403 || p.Get("code").Str != "csrf_token" {
		w.t.Errorf("a cookie with the token of another session: %d %s", rec.Code, rec.Body)
	}
}

// unknownKeysStayApart uses a write key that opens nothing: it belongs to no
// workspace, and only the one that runs the installation hears of it.
func (w *world) unknownKeysStayApart() {
	w.t.Helper()
	req, err := http.NewRequest("POST", w.srv.URL()+"/v1/track", strings.NewReader(`{"event":"x","userId":"y"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth("nobodys-key", "")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = res.Body.Close()
	first, other := w.a.want("GET", "/unknown-keys", nil).Get("keys.#").Int(), w.b.want("GET", "/unknown-keys", nil).Get("keys.#").Int()
	if res.StatusCode != 401 || first != 1 || other != 0 {
		w.t.Errorf("an unknown key answers %d; the first workspace sees %d, the other %d", res.StatusCode, first, other)
	}
}

// dump gives all rows of a workspace, by table.
func (w *world) dump(x *tenant) map[string][]string {
	w.t.Helper()
	ctx := context.Background()
	out := map[string][]string{}
	err := w.srv.DB.Read(ctx, func(tx *db.Tx) error {
		for _, table := range tables(w.t, tx) {
			if strings.HasPrefix(table, "dedupe_") {
				continue // the inbox puts its blocks together when it likes
			}
			err := tx.Query(ctx, rowsOf(tx, table), func(row db.Row) error {
				var line string
				err := row.Scan(&line)
				out[table] = append(out[table], line)
				return err
			}, int64(x.ws))
			if err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			slices.Sort(out[table])
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// tables lists the tables that have workspace_id.
func tables(t testing.TB, tx *db.Tx) []string {
	t.Helper()
	query := `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'workspace_id'`
	if tx.Dialect() == db.Postgres {
		query = `SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'workspace_id'`
	}
	var out []string
	err := tx.Query(context.Background(), query, func(row db.Row) error {
		var name string
		err := row.Scan(&name)
		out = append(out, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d tables: %v", len(out), out)
	}
	return out
}

// rowsOf reads each row of a workspace as one text.
func rowsOf(tx *db.Tx, table string) string {
	if tx.Dialect() == db.Postgres {
		return "SELECT x::text FROM " + table + " x WHERE workspace_id = $1"
	}
	var columns []string
	_ = tx.Query(context.Background(), "SELECT name FROM pragma_table_info('"+table+"')", func(row db.Row) error {
		var name string
		err := row.Scan(&name)
		columns = append(columns, `quote("`+name+`")`)
		return err
	})
	return "SELECT " + strings.Join(columns, " || ',' || ") + " FROM " + table + " WHERE workspace_id = $1"
}

// same compares two dumps.
func (w *world) same(what string, before, after map[string][]string) {
	w.t.Helper()
	names := map[string]bool{}
	for _, m := range []map[string][]string{before, after} {
		for name := range m {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if slices.Equal(before[name], after[name]) {
			continue
		}
		for _, line := range after[name] {
			if !slices.Contains(before[name], line) {
				w.t.Errorf("%s of one workspace changes table %s of the other: %.300s", what, name, line)
			}
		}
		w.t.Errorf("%s: table %s of the other workspace had %d rows, has %d", what, name, len(before[name]), len(after[name]))
	}
}
