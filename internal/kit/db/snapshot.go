package db

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// Snapshot writes a consistent copy of the database as a SQLite file at path,
// which must not exist. Writers go on meanwhile.
func (d *DB) Snapshot(ctx context.Context, path string) error {
	if d.dialect == Postgres {
		to, err := Open(ctx, path)
		if err != nil {
			return err
		}
		if err := CopyTables(ctx, d, to); err != nil {
			return joinClose(err, to)
		}
		return to.Close()
	}
	// An empty file of ours, which the statement fills: its own would be open to
	// others.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make copy of database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("make copy of database: %w", err)
	}
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open snapshot: %w", err)
	}
	defer conn.Close()
	// The statement writes another file, which query_only would refuse.
	if _, err := conn.ExecContext(ctx, "PRAGMA query_only(0)"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO '"+strings.ReplaceAll(path, "'", "''")+"'")
	if _, perr := conn.ExecContext(ctx, "PRAGMA query_only(1)"); err == nil {
		err = perr
	}
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}

type column struct {
	name    string
	boolean bool
}

// CopyTables copies all rows of all tables from one database to another that
// has the same schema and no rows; engines may differ.
func CopyTables(ctx context.Context, from, to *DB) error {
	tables, err := to.tables(ctx)
	if err != nil {
		return err
	}
	return from.Read(ctx, func(src *Tx) error {
		for table, cols := range tables {
			if err := copyTable(ctx, src, to, table, cols); err != nil {
				return fmt.Errorf("copy table %s: %w", table, err)
			}
		}
		return nil
	})
}

// tables lists the tables with their columns, migrations left out.
func (d *DB) tables(ctx context.Context) (map[string][]column, error) {
	out := map[string][]column{}
	q := `SELECT m.name, p.name, p.type FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'plan_marker' ORDER BY m.name, p.cid`
	if d.dialect == Postgres {
		q = `SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`
	}
	err := d.Read(ctx, func(tx *Tx) error {
		return tx.Query(ctx, q, func(row Row) error {
			var table, name, typ string
			if err := row.Scan(&table, &name, &typ); err != nil {
				return err
			}
			if table != "schema_migrations" {
				out[table] = append(out[table], column{name, strings.EqualFold(typ, "boolean")})
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return out, nil
}

func copyTable(ctx context.Context, src *Tx, to *DB, table string, cols []column) error {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
	}
	in := Insert{Table: table, Columns: names}
	flush := func() error {
		if len(in.Rows) == 0 {
			return nil
		}
		err := to.Write(ctx, func(tx *Tx) error { return tx.Bulk(ctx, in) })
		in.Rows = in.Rows[:0]
		return err
	}
	size := 0
	err := src.Query(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+table, func(row Row) error {
		vals := make([]any, len(cols))
		ptrs := make([]any, len(cols))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := row.Scan(ptrs...); err != nil {
			return err
		}
		for i, c := range cols {
			switch v := vals[i].(type) {
			case int64:
				if c.boolean {
					vals[i] = v != 0
				}
			case []byte:
				size += len(v)
				vals[i] = append([]byte(nil), v...)
			}
		}
		in.Rows = append(in.Rows, vals)
		if len(in.Rows) >= 2000 || size > 8<<20 {
			size = 0
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}
