package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// A table that grew is analysed once, and then left alone.
func TestRefresh(t *testing.T) {
	t.Parallel()
	d, err := db.Open(context.Background(), dbtest.PostgresDSN(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx := context.Background()
	rows := make([][]any, 3000)
	for i := range rows {
		rows[i] = []any{1, int64(i), nil, []byte{1}}
	}
	err = d.Write(ctx, func(tx *db.Tx) error {
		return tx.Bulk(ctx, db.Insert{Table: "fold_states", Columns: []string{"workspace_id", "customer", "due", "states"}, Rows: rows})
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for range 100 { // the server's counters follow a moment later
		n, err := d.Refresh(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if found += n; found > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if found == 0 {
		t.Fatal("a table that grew was not analysed")
	}
	pages := 0.0
	err = d.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `SELECT reltuples FROM pg_class WHERE oid = 'fold_states'::regclass`, nil, &pages)
	})
	if err != nil || pages != 3000 {
		t.Errorf("the planner takes the table for %v rows: %v", pages, err)
	}
}
