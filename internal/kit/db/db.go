package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"       // driver "pgx"
	_ "github.com/ncruces/go-sqlite3/driver" // driver "sqlite3"
)

// Dialect names the engine behind a DB.
type Dialect uint8

// The two engines.
const (
	SQLite Dialect = iota + 1
	Postgres
)

func (d Dialect) String() string {
	if d == Postgres {
		return "postgres"
	}
	return "sqlite"
}

// DB is an open database. Make one with Open and end it with Close.
type DB struct {
	dialect Dialect
	pool    *sql.DB // readers on SQLite, everything on PostgreSQL
	writer  *writer // SQLite only
	rewrite *rewriter
	path    string
}

// Open opens dsn: a "postgres://" address or the path of a SQLite file, which
// is made when absent. The schema is brought up to date.
func Open(ctx context.Context, dsn string) (*DB, error) {
	d, err := OpenBare(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("migrate database: %w", joinClose(err, d))
	}
	return d, nil
}

func joinClose(err error, d *DB) error {
	if cerr := d.Close(); cerr != nil {
		return fmt.Errorf("%w (and close: %w)", err, cerr)
	}
	return err
}

// OpenBare opens dsn as Open does but leaves the schema alone.
func OpenBare(ctx context.Context, dsn string) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	return openSQLite(ctx, dsn)
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(8)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("reach postgres: %w", err)
	}
	return &DB{dialect: Postgres, pool: pool, rewrite: newRewriter(Postgres)}, nil
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("resolve database path: %w", err)
	}
	if err := keepPrivate(abs); err != nil {
		return nil, fmt.Errorf("open sqlite %s: %w", filepath.Base(abs), err)
	}
	base := "file:" + (&url.URL{Path: abs}).EscapedPath()
	pragmas := "?modeof=" + url.QueryEscape(abs) + "&_pragma=busy_timeout(10000)&_pragma=foreign_keys(0)&_pragma=temp_store(memory)&_pragma=cache_size(-32000)"
	w, err := newWriter(ctx, base+pragmas+"&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(4000)&_pragma=journal_size_limit(67108864)")
	if err != nil {
		return nil, fmt.Errorf("open sqlite %s: %w", filepath.Base(abs), err)
	}
	pool, err := sql.Open("sqlite3", base+pragmas+"&_pragma=query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open sqlite readers: %w", err)
	}
	pool.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)*2))
	pool.SetMaxIdleConns(max(4, runtime.GOMAXPROCS(0)))
	d := &DB{dialect: SQLite, pool: pool, writer: w, rewrite: newRewriter(SQLite), path: abs}
	w.db = d
	go w.loop()
	return d, nil
}

// keepPrivate makes the file of a database readable by its owner alone: it holds
// personal data. The log takes its mode (modeof); the index of the log is made
// here, since the engine would leave it open to others.
func keepPrivate(path string) error {
	for _, name := range []string{path, path + "-shm"} {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Dialect tells which engine this is.
func (d *DB) Dialect() Dialect { return d.dialect }

// Path is the absolute path of the SQLite file, "" on PostgreSQL.
func (d *DB) Path() string { return d.path }

// Close waits for the writer's last commit and closes all connections.
func (d *DB) Close() error {
	var err error
	if d.writer != nil {
		err = d.writer.close()
	}
	if cerr := d.pool.Close(); err == nil {
		err = cerr
	}
	return err
}

// Read runs fn in a read-only snapshot.
func (d *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.dialect == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	stx, err := d.pool.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin read: %w", err)
	}
	defer stx.Rollback() //nolint:errcheck // a read has nothing to lose
	return fn(&Tx{db: d, q: stx})
}

// Write runs fn in a transaction and returns once it is durable. fn may run
// again on PostgreSQL after a serialization failure or deadlock, so it must not
// have effects of its own; use Tx.AfterCommit for those.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	if d.writer != nil {
		return d.writer.do(ctx, fn)
	}
	for attempt := 0; ; attempt++ {
		err := d.writePostgres(ctx, fn)
		if err == nil || attempt >= 5 || !isRetryable(err) {
			return err
		}
	}
}

func (d *DB) writePostgres(ctx context.Context, fn func(tx *Tx) error) error {
	stx, err := d.pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin write: %w", err)
	}
	defer stx.Rollback() //nolint:errcheck // no effect after commit
	tx := &Tx{db: d, q: stx}
	if err := fn(tx); err != nil {
		return err
	}
	if err := stx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	tx.committed()
	return nil
}

// Checkpoint folds SQLite's write-ahead log into the file; nothing on
// PostgreSQL.
func (d *DB) Checkpoint(ctx context.Context) error {
	if d.writer == nil {
		return nil
	}
	return d.writer.checkpoint(ctx)
}
