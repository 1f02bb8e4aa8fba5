package db

import (
	"context"
	"fmt"
	"time"

	"github.com/ciclo/ciclo/internal/kit/clock"
)

// Bounds of the time between two looks of Tend.
const (
	tendSoon = 5 * time.Second
	tendLate = 10 * time.Minute
)

// Tend keeps PostgreSQL's statistics fresh while tables grow fast. The server
// does so itself, but looks once a minute: until then a table that was empty a
// moment ago is read by plans made for an empty one. It returns when ctx ends;
// on SQLite, whose statistics are fixed, at once.
func (d *DB) Tend(ctx context.Context, c clock.Clock) error {
	if d.dialect != Postgres {
		return nil
	}
	wait := tendSoon
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.After(wait):
		}
		n, err := d.Refresh(ctx)
		if err != nil {
			return err
		}
		if wait = min(2*wait, tendLate); n > 0 {
			wait = tendSoon
		}
	}
}

// Refresh analyses the tables of PostgreSQL of which a fifth has changed since
// that was done last, and tells how many.
func (d *DB) Refresh(ctx context.Context) (int, error) {
	var tables []string
	err := d.Read(ctx, func(tx *Tx) error {
		return tx.Query(ctx, `SELECT quote_ident(schemaname) || '.' || quote_ident(relname) FROM pg_stat_user_tables
WHERE schemaname = current_schema() AND n_mod_since_analyze > 500 + n_live_tup / 5`, func(row Row) error {
			var name string
			err := row.Scan(&name)
			tables = append(tables, name)
			return err
		})
	})
	if err != nil {
		return 0, fmt.Errorf("list changed tables: %w", err)
	}
	for _, name := range tables {
		if err := d.Write(ctx, func(tx *Tx) error { _, err := tx.Exec(ctx, "ANALYZE "+name); return err }); err != nil {
			return 0, fmt.Errorf("analyse table %s: %w", name, err)
		}
	}
	return len(tables), nil
}
