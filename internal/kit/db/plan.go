package db

import (
	"context"
	"fmt"
	"strings"
)

// stablePlans tells SQLite's planner what it cannot see in an empty database:
// that the first column of every key, the workspace, hardly narrows anything,
// and that each further one does. Without it the planner walks a whole table by
// its primary key instead of using an index; with it plans do not change as the
// data grows.
func (d *DB) stablePlans(ctx context.Context) error {
	type index struct {
		table, name, origin string
		columns             int
		unique              bool
	}
	var list []index
	err := d.Read(ctx, func(tx *Tx) error {
		return tx.Query(ctx, `SELECT m.name, l.name, l.origin, l."unique", (SELECT COUNT(*) FROM pragma_index_info(l.name)) FROM sqlite_schema m, pragma_index_list(m.name) l WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`,
			func(row Row) error {
				var i index
				if err := row.Scan(&i.table, &i.name, &i.origin, &i.unique, &i.columns); err != nil {
					return err
				}
				list = append(list, i)
				return nil
			})
	})
	if err != nil {
		return fmt.Errorf("list indexes: %w", err)
	}
	return d.Write(ctx, func(tx *Tx) error {
		for _, q := range []string{"ANALYZE sqlite_schema", "CREATE TABLE IF NOT EXISTS plan_marker (n INTEGER)", "ANALYZE plan_marker", "DELETE FROM sqlite_stat1"} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		for _, i := range list {
			stat := estimate(i.columns, i.unique)
			names := []string{i.name}
			if i.origin == "pk" {
				names = append(names, i.table) // how tables without rowid are named there
			}
			for _, n := range names {
				if _, err := tx.Exec(ctx, "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)", i.table, n, stat); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec(ctx, "ANALYZE sqlite_schema")
		return err
	})
}

// estimate writes how many rows of a million share the first column, the first
// two, and so on.
func estimate(columns int, unique bool) string {
	var b strings.Builder
	b.WriteString("1000000")
	rows := 1_000_000
	for i := range columns {
		if i > 0 {
			rows /= 50
		}
		if unique && i == columns-1 {
			rows = 1
		}
		fmt.Fprintf(&b, " %d", max(rows, 1))
	}
	return b.String()
}
