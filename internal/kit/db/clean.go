package db

import (
	"context"
	"errors"
	"fmt"
)

// Clean makes the database forget the content of deleted rows, which stays in
// free space until it is overwritten. On SQLite the file is written anew and the
// write-ahead log emptied; writers wait meanwhile, readers do not. On PostgreSQL
// dead rows are removed from the tables; write-ahead log and archives keep what
// their own retention says.
func (d *DB) Clean(ctx context.Context) error {
	if d.dialect == Postgres {
		if _, err := d.pool.ExecContext(ctx, "VACUUM"); err != nil {
			return fmt.Errorf("clean database: %w", err)
		}
		return nil
	}
	err := d.writer.submit(&job{ctx: ctx, solo: true, out: make(chan error, 1), fn: func(*Tx) error { return d.writer.clean(ctx) }})
	if err != nil {
		return fmt.Errorf("clean database: %w", err)
	}
	return nil
}

// errReaders says that a reader kept the log from being emptied.
var errReaders = errors.New("readers hold the write-ahead log; it is emptied later")

func (w *writer) clean(ctx context.Context) (err error) {
	for q, s := range w.stmts {
		_ = s.Close()
		delete(w.stmts, q)
	}
	// The copy is as large as the database: not in memory.
	if _, err := w.conn.ExecContext(ctx, "PRAGMA temp_store = file"); err != nil {
		return err
	}
	defer func() {
		if _, terr := w.conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA temp_store = memory"); err == nil {
			err = terr
		}
	}()
	if _, err := w.conn.ExecContext(ctx, "VACUUM"); err != nil {
		return err
	}
	var busy, frames, moved int64
	if err := w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errReaders
	}
	return nil
}
