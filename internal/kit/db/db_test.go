package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestWriteIsAtomicAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				err := d.Write(ctx, func(tx *db.Tx) error {
					if _, err := tx.Exec(ctx, "INSERT INTO sequences (workspace_id, name, next) VALUES ($1, $2, $3)", 1, fmt.Sprint("k", i), i); err != nil {
						return err
					}
					if i%2 == 1 {
						return boom
					}
					return nil
				})
				if i%2 == 0 && err != nil || i%2 == 1 && !errors.Is(err, boom) {
					t.Errorf("write %d: %v", i, err)
				}
			}()
		}
		wg.Wait()
		var n, sum int64
		err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*), CAST(sum(next) AS BIGINT) FROM sequences", nil, &n, &sum)
		})
		if err != nil || n != 32 || sum != 992 {
			t.Fatalf("got %d rows, sum %d, err %v; want 32, 992", n, sum, err)
		}
	})
}

func TestBulkAndUnique(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		rows := make([][]any, 5000)
		for i := range rows {
			rows[i] = []any{int64(1), fmt.Sprint("n", i), int64(i)}
		}
		in := db.Insert{Table: "sequences", Columns: []string{"workspace_id", "name", "next"}, Rows: rows}
		if err := d.Write(ctx, func(tx *db.Tx) error { return tx.Bulk(ctx, in) }); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, func(tx *db.Tx) error { return tx.Bulk(ctx, in) }); !errors.Is(err, db.ErrUnique) {
			t.Fatalf("second insert: %v, want ErrUnique", err)
		}
		in.Conflict = "ON CONFLICT (workspace_id, name) DO UPDATE SET next = excluded.next + 1"
		if err := d.Write(ctx, func(tx *db.Tx) error { return tx.Bulk(ctx, in) }); err != nil {
			t.Fatal(err)
		}
		var sum int64
		err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT CAST(sum(next) AS BIGINT) FROM sequences WHERE workspace_id = $1", []any{1}, &sum)
		})
		if want := int64(4999*5000/2 + 5000); err != nil || sum != want {
			t.Fatalf("sum %d, err %v; want %d", sum, err, want)
		}
	})
}

func TestAfterCommitOnlyWhenDurable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		ran := 0
		_ = d.Write(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { ran += 10 })
			return errors.New("no")
		})
		if err := d.Write(ctx, func(tx *db.Tx) error { tx.AfterCommit(func() { ran++ }); return nil }); err != nil {
			t.Fatal(err)
		}
		if ran != 1 {
			t.Fatalf("after-commit ran %d, want 1", ran)
		}
	})
}

func TestCheckNumbering(t *testing.T) {
	t.Parallel()
	if err := db.CheckNumbering("SELECT $1, $2, $1, $3"); err != nil {
		t.Error(err)
	}
	if err := db.CheckNumbering("SELECT $2, $1"); err == nil {
		t.Error("$2 before $1 was accepted")
	}
}
