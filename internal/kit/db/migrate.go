package db

import (
	"context"
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate applies the embedded migrations that this database has not seen, each
// in one transaction. They only go forward; a database that is newer than the
// program is refused.
func (d *DB) Migrate(ctx context.Context) error {
	names, err := migrationNames(migrations)
	if err != nil {
		return err
	}
	slices.Sort(names)
	err = d.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL)")
		return err
	})
	if err != nil {
		return err
	}
	known := map[int64]bool{}
	for _, name := range names {
		n, err := d.apply(ctx, name)
		if err != nil {
			return fmt.Errorf("apply migration %s: %w", path.Base(name), err)
		}
		known[n] = true
	}
	if d.dialect == SQLite {
		if err := d.stablePlans(ctx); err != nil {
			return fmt.Errorf("prepare query plans: %w", err)
		}
	}
	return d.Read(ctx, func(tx *Tx) error {
		return tx.Query(ctx, "SELECT number, name FROM schema_migrations", func(row Row) error {
			var n int64
			var name string
			if err := row.Scan(&n, &name); err != nil {
				return err
			}
			if !known[n] {
				return fmt.Errorf("database has migration %s, which this program does not know: run the newer version", name)
			}
			return nil
		})
	})
}

func (d *DB) apply(ctx context.Context, name string) (int64, error) {
	number, err := strconv.ParseInt(strings.SplitN(path.Base(name), "_", 2)[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read number: %w", err)
	}
	text, err := migrations.ReadFile(name)
	if err != nil {
		return 0, err
	}
	return number, d.Write(ctx, func(tx *Tx) error {
		if d.dialect == Postgres {
			// Two processes may start at once on one database.
			if _, err := tx.Exec(ctx, "LOCK TABLE schema_migrations IN EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
		added, err := tx.Exec(ctx, "INSERT INTO schema_migrations (number, name) VALUES ($1, $2) ON CONFLICT (number) DO NOTHING", number, path.Base(name))
		if err != nil || added == 0 {
			return err
		}
		for _, s := range statements(string(text)) {
			if _, err := tx.Exec(ctx, s); err != nil {
				return fmt.Errorf("%w in: %s", err, s)
			}
		}
		return nil
	})
}
