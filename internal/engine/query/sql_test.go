package query_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/tidwall/gjson"
)

// mirror writes events into a table of a database, one row an event. A number is
// what a JSON number or a numeric text says, in millionths.
func mirror(t *testing.T, d *db.DB, events []core.Event) {
	t.Helper()
	ctx := context.Background()
	err := d.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TABLE mirror (n BIGINT, customer BIGINT, at BIGINT, name TEXT, plan TEXT, price BIGINT)`); err != nil {
			return err
		}
		rows := make([][]any, len(events))
		for i, e := range events {
			var plan, price any
			if v := gjson.GetBytes(e.Props, "plan"); v.Exists() {
				plan = v.Str
			}
			if v := gjson.GetBytes(e.Props, "price"); v.Type == gjson.Number || v.Type == gjson.String {
				m, ok := core.ParseMoney(v.String(), 6)
				if !ok {
					t.Fatalf("price %s", v.Raw)
				}
				price = m
			}
			rows[i] = []any{i, e.Customer, e.Time, e.Name, plan, price}
		}
		return tx.Bulk(ctx, db.Insert{Table: "mirror", Columns: []string{"n", "customer", "at", "name", "plan", "price"}, Rows: rows})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// selected runs a statement that gives a key, a bucket and a number.
func selected(t *testing.T, d *db.DB, text string, args ...any) map[string]map[int64]float64 {
	t.Helper()
	ctx := context.Background()
	out := map[string]map[int64]float64{}
	err := d.Read(ctx, func(tx *db.Tx) error {
		return tx.Query(ctx, text, func(row db.Row) error {
			var key string
			var bucket int64
			var v float64
			if err := row.Scan(&key, &bucket, &v); err != nil {
				return err
			}
			if out[key] == nil {
				out[key] = map[int64]float64{}
			}
			out[key][bucket] = v
			return nil
		}, args...)
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// measures of a trend and what they are in SQL.
func measuresInSQL() map[string]string {
	return map[string]string{
		`"measure":"count"`:                          `COUNT(*) * 1.0`,
		`"measure":"customers"`:                      `COUNT(DISTINCT customer) * 1.0`,
		`"measure":"per_customer"`:                   `COUNT(*) * 1.0 / COUNT(DISTINCT customer)`,
		`"measure":"sum","property":"price"`:         `COALESCE(SUM(price), 0) / 1000000.0`,
		`"measure":"mean","property":"price"`:        `AVG(price) / 1000000.0`,
		`"measure":"min","property":"price"`:         `MIN(price) / 1000000.0`,
		`"measure":"max","property":"price"`:         `MAX(price) / 1000000.0`,
		`"measure":"count","event":"B","kind":"any"`: `COUNT(*) * 1.0`,
	}
}

// TestTrendsEqualSQL loads the same events into tables of SQLite and PostgreSQL
// and compares every number of trends, in all and by value.
func TestTrendsEqualSQL(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := rand.New(rand.NewPCG(77, 1))
		events := crowd(r, 200, 20, day(1), 60*core.Day, core.Hour)
		s := load(t, events)
		mirror(t, d, events)
		const rg = `"range":{"from":"2020-01-05","to":"2020-02-20"}`
		from, to := day(5), day(51)
		compared := 0
		for measure, text := range measuresInSQL() {
			name := "B"
			for _, by := range []string{"", `,"breakdown":{"property":"plan","top":50}`} {
				key := `'all'`
				if by != "" {
					key = `COALESCE(plan, '(none)')`
				}
				have := ""
				if gjson.Get("{"+measure+"}", "property").Exists() {
					have = " AND price IS NOT NULL"
				}
				want := selected(t, d, fmt.Sprintf(`SELECT %s, (at - $1) / 86400000000, %s FROM mirror WHERE at >= $1 AND at < $2 AND name = $3%s GROUP BY 1, 2`, key, text, have), from, to, name)
				res := ask(t, s, env(), `{"kind":"trend",%s,"trend":{"interval":"day","series":[{"event":"B",%s}]%s}}`, rg, measure, by).Trend
				for _, line := range res.Lines {
					label := line.Value.Text
					if line.Value.All {
						label = "all"
					}
					for i, p := range line.Points {
						v, there := want[label][int64(i)]
						got := 0.0
						if p.Value != nil {
							got = *p.Value
						}
						if math.Abs(got-v) > 1e-6 || there && p.Value == nil {
							t.Fatalf("%s%s, %q on day %d: %v, SQL says %v (%v)", measure, by, label, i, p.Value, v, there)
						}
						compared++
					}
				}
			}
		}
		if compared < 2000 {
			t.Errorf("only %d numbers were compared", compared)
		}
	})
}

// TestCompositionsEqualSQL compares compositions of events and of customers, by
// value and as numbers.
func TestCompositionsEqualSQL(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := rand.New(rand.NewPCG(78, 1))
		events := crowd(r, 300, 15, day(1), 60*core.Day, core.Second)
		s := load(t, events)
		mirror(t, d, events)
		const rg = `"range":{"from":"2020-01-05","to":"2020-02-20"}`
		from, to := day(5), day(51)
		// The value of a customer is that of its newest event.
		const newest = `SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY at DESC, n DESC) AS k FROM mirror WHERE at >= $1 AND at < $2 AND name = $3) x WHERE k = 1`
		for of, table := range map[string]string{
			query.OfEvents:    `SELECT * FROM mirror WHERE at >= $1 AND at < $2 AND name = $3`,
			query.OfCustomers: newest,
		} {
			want := selected(t, d, `SELECT COALESCE(plan, '(none)'), 0, COUNT(*) * 1.0 FROM (`+table+`) y GROUP BY 1`, from, to, "C")
			res := ask(t, s, env(), `{"kind":"composition",%s,"composition":{"event":"C","of":%q,"breakdown":{"property":"plan","top":50}}}`, rg, of).Composition
			total := 0.0
			for _, p := range res.Parts {
				if float64(p.Count) != want[p.Value.Text][0] {
					t.Errorf("%s, %q: %d, SQL says %g", of, p.Value.Text, p.Count, want[p.Value.Text][0])
				}
				total += want[p.Value.Text][0]
				delete(want, p.Value.Text)
			}
			if len(want) > 0 || float64(res.Total) != total || total < 100 {
				t.Errorf("%s: %d in all, %g in SQL, left %v", of, res.Total, total, want)
			}
			numbers := selected(t, d, `SELECT 'n', 0, COUNT(price) * 1.0 FROM (`+table+`) y UNION ALL SELECT 'mean', 0, AVG(price) / 1000000.0 FROM (`+table+`) y
UNION ALL SELECT 'min', 0, MIN(price) / 1000000.0 FROM (`+table+`) y UNION ALL SELECT 'max', 0, MAX(price) / 1000000.0 FROM (`+table+`) y`, from, to, "C")
			shape := ask(t, s, env(), `{"kind":"composition",%s,"composition":{"event":"C","of":%q,"numbers":{"property":"price"}}}`, rg, of).Composition.Numbers
			got := map[string]float64{"n": float64(shape.N), "mean": shape.Mean, "min": shape.Min, "max": shape.Max}
			for k, v := range got {
				if math.Abs(v-numbers[k][0]) > 1e-6 {
					t.Errorf("%s, %s of price: %g, SQL says %g", of, k, v, numbers[k][0])
				}
			}
		}
	})
}
