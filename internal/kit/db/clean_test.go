package db_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

// TestClean looks for deleted content in the bytes of the database file.
func TestClean(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		do := func(query string, args ...any) {
			t.Helper()
			if err := d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, query, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		do(`CREATE TABLE held (id BIGINT PRIMARY KEY, body TEXT NOT NULL)`)
		for i := range 50 {
			do(`INSERT INTO held (id, body) VALUES ($1, $2)`, i, strings.Repeat("deleted-secret ", 1+i*40))
		}
		do(`INSERT INTO held (id, body) VALUES ($1, $2)`, 100, "what stays")
		do(`DELETE FROM held WHERE id < 50`)
		if err := d.Clean(ctx); err != nil {
			t.Fatal(err)
		}
		var body string
		if err := d.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, `SELECT body FROM held`, nil, &body) }); err != nil || body != "what stays" {
			t.Fatalf("%q %v", body, err)
		}
		do(`INSERT INTO held (id, body) VALUES (1, 'goes on')`)
		if d.Path() == "" {
			return
		}
		for _, path := range []string{d.Path(), d.Path() + "-wal"} {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(raw, []byte("deleted-secret")) {
				t.Errorf("%s still holds deleted content", path)
			}
		}
	})
}
