package db_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/db"
)

// TestFilesArePrivate wants mode 0600 of all files of a database: new ones, and
// those that an earlier version left open to others.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "ciclo.db")
	for _, before := range []os.FileMode{0, 0o644} {
		if before != 0 {
			if err := os.Chmod(path, before); err != nil {
				t.Fatal(err)
			}
		}
		d, err := db.Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO sequences (workspace_id, name, next) VALUES ($1, 'x', 1)", int64(before))
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if err := d.Snapshot(ctx, filepath.Join(dir, before.String()+".copy")); err != nil {
			t.Error(err)
		}
		list, err := os.ReadDir(dir)
		if err != nil || len(list) < 4 {
			t.Errorf("%d files, %v: want a database, its log with index, and a copy", len(list), err)
		}
		for _, e := range list {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
