// Package dbtest runs a test on every SQL engine: a SQLite file in the test's
// own folder, and a schema of its own in a private PostgreSQL started from
// Debian's binaries in a temporary folder, reached by a socket.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ciclo/ciclo/internal/kit/db"
)

// EnvPostgres names the variable that points tests at a running private
// PostgreSQL ("postgres://…" with a host parameter for its socket). Without it
// the first test that needs one starts its own.
const EnvPostgres = "CICLO_TEST_POSTGRES"

var (
	serverOnce sync.Once
	server     *Server
	serverErr  error
	schemas    atomic.Int64
)

// Each runs fn as a subtest on SQLite and on PostgreSQL, each time with an
// empty, migrated database.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, Postgres(t))
	})
}

// SQLite opens an empty database in the test's folder.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "ciclo.db"))
}

// Postgres opens an empty schema of the private PostgreSQL.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, PostgresDSN(t))
}

// PostgresDSN makes an empty schema of the private PostgreSQL, dropped when the
// test ends, and gives its address.
func PostgresDSN(t testing.TB) string {
	t.Helper()
	base := os.Getenv(EnvPostgres)
	if base == "" {
		serverOnce.Do(func() { server, serverErr = Start() })
		if serverErr != nil {
			t.Fatalf("start private postgres: %v", serverErr)
		}
		base = server.DSN()
	}
	schema := fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))
	admin(t, base, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { admin(t, base, "DROP SCHEMA "+schema+" CASCADE") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func admin(t testing.TB, dsn, statement string) {
	t.Helper()
	ctx := context.Background()
	d, err := db.OpenBare(ctx, dsn)
	if err != nil {
		t.Fatalf("reach private postgres: %v", err)
	}
	defer d.Close()
	err = d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	})
	if err != nil && !strings.Contains(err.Error(), "does not exist") {
		t.Fatalf("%s: %v", statement, err)
	}
}

func open(t testing.TB, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), dsn)
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return d
}

// Main runs the tests of a package and stops the private PostgreSQL that they
// started, if any. Use it as: func TestMain(m *testing.M) { dbtest.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if server != nil {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop private postgres:", err)
		}
	}
	os.Exit(code)
}
