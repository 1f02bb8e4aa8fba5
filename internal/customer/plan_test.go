package customer_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// TestCustomersAreFoundByIndex: a file of members asks for each of its rows, so
// that one question must not walk all customers.
func TestCustomersAreFoundByIndex(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("queries.sql")
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	err = dbtest.SQLite(t).Read(context.Background(), func(tx *db.Tx) error {
		return tx.Query(context.Background(), "EXPLAIN QUERY PLAN "+db.MustQueries(string(text)).Get("customer_of"), func(row db.Row) error {
			var id, parent, unused int64
			var detail string
			err := row.Scan(&id, &parent, &unused, &detail)
			plan.WriteString(detail + "\n")
			return err
		}, 1, "u", "user_id")
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"actors_value (workspace_id=? AND value=?)", "PRIMARY KEY (workspace_id=? AND actor=?)"} {
		if !strings.Contains(plan.String(), want) {
			t.Errorf("the plan does without %s:\n%s", want, plan.String())
		}
	}
}
