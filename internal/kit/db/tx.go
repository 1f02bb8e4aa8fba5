package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
)

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is a transaction given to the function of Read or Write. It must not be
// kept beyond that function, nor used by two goroutines at once.
type Tx struct {
	db    *DB
	q     querier
	w     *writer
	after []func()
}

// Dialect tells which engine this is.
func (t *Tx) Dialect() Dialect { return t.db.dialect }

// AfterCommit runs fn once the transaction is durable, never if it fails.
func (t *Tx) AfterCommit(fn func()) { t.after = append(t.after, fn) }

func (t *Tx) committed() {
	for _, fn := range t.after {
		fn()
	}
}

// Exec runs a statement and tells how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	query = t.db.rewrite.text(query)
	var res sql.Result
	var err error
	if t.w != nil {
		s, perr := t.w.stmt(ctx, query)
		if perr != nil {
			return 0, translate(perr)
		}
		res, err = s.ExecContext(ctx, args...)
	} else {
		res, err = t.q.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, translate(err)
	}
	return res.RowsAffected()
}

// Query runs a query and calls scan for each row.
func (t *Tx) Query(ctx context.Context, query string, scan func(row Row) error, args ...any) error {
	query = t.db.rewrite.text(query)
	var rows *sql.Rows
	var err error
	if t.w != nil {
		s, perr := t.w.stmt(ctx, query)
		if perr != nil {
			return translate(perr)
		}
		rows, err = s.QueryContext(ctx, args...)
	} else {
		rows, err = t.q.QueryContext(ctx, query, args...)
	}
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// Row is one result row.
type Row interface{ Scan(dest ...any) error }

// ErrNoRows is what QueryRow gives when there is no row.
var ErrNoRows = sql.ErrNoRows

// QueryRow scans the first row into dest, or gives ErrNoRows.
func (t *Tx) QueryRow(ctx context.Context, query string, args []any, dest ...any) error {
	found := false
	err := t.Query(ctx, query, func(row Row) error {
		if found {
			return nil
		}
		found = true
		return row.Scan(dest...)
	}, args...)
	if err == nil && !found {
		return ErrNoRows
	}
	return err
}

// Insert describes rows for Bulk. Rows must have distinct keys. Conflict is the
// text from "ON CONFLICT" on, or "".
type Insert struct {
	Table    string
	Columns  []string
	Conflict string
	Rows     [][]any
}

// Bulk inserts many rows in the way that is fastest on the engine: a prepared
// statement per row on SQLite, multi-row VALUES on PostgreSQL.
func (t *Tx) Bulk(ctx context.Context, in Insert) error {
	step := 1
	if t.db.dialect == Postgres {
		step = 1
		for step*2*len(in.Columns) <= 8192 {
			step *= 2
		}
	}
	for rows := in.Rows; len(rows) > 0; {
		for step > len(rows) {
			step /= 2
		}
		args := make([]any, 0, step*len(in.Columns))
		for _, r := range rows[:step] {
			if len(r) != len(in.Columns) {
				return fmt.Errorf("bulk insert into %s: row has %d values, want %d", in.Table, len(r), len(in.Columns))
			}
			args = append(args, r...)
		}
		if _, err := t.Exec(ctx, in.text(step), args...); err != nil {
			return fmt.Errorf("bulk insert into %s: %w", in.Table, err)
		}
		rows = rows[step:]
	}
	return nil
}

func (in *Insert) text(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + in.Table + " (" + strings.Join(in.Columns, ", ") + ") VALUES ")
	p := 1
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for c := range in.Columns {
			if c > 0 {
				b.WriteByte(',')
			}
			b.WriteString("$" + strconv.Itoa(p))
			p++
		}
		b.WriteByte(')')
	}
	if in.Conflict != "" {
		b.WriteString(" " + in.Conflict)
	}
	return b.String()
}

// List writes "$a,$a+1,…" for n values starting at placeholder first: the
// inside of an IN (…).
func List(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}

// Anys turns a slice into arguments.
func Anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// ErrUnique is wrapped by errors of a broken unique key.
var ErrUnique = errors.New("already exists")

// ErrFull is wrapped when the disk is full.
var ErrFull = errors.New("no space left for the database")

func translate(err error) error {
	if err == nil {
		return nil
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch pe.Code {
		case "23505":
			return fmt.Errorf("%w: %w", ErrUnique, err)
		case "53100":
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
		return err
	}
	var se *sqlite3.Error
	if errors.As(err, &se) {
		switch {
		case se.ExtendedCode() == sqlite3.CONSTRAINT_UNIQUE, se.ExtendedCode() == sqlite3.CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("%w: %w", ErrUnique, err)
		case se.Code() == sqlite3.FULL:
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	return err
}

// isRetryable says whether a transaction may succeed when it runs again: after a
// serialization failure, a deadlock, or when another took the number that it had
// read as the next free one. A key that really exists fails again.
func isRetryable(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01" || pe.Code == "23505")
}
